//! Runs of which nothing was left to be done, recognised as a whole before their script is read through.

use std::{cell::RefCell, path::Path, thread};

use base::{BlobHash, Diagnostic};
use batch::{Origins, World};
use kernel::ports::{Files, Stamp};
use serde::{Deserialize, Serialize};

use crate::ports::StepVersions;

/// Something that a script asked of the world while it was read, and the hash of the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Ask {
    Include { from: String, path: String, hash: BlobHash },
    Files { pattern: String, hash: BlobHash },
}

/// A world that takes note of what it is asked.
pub struct Noted<'w> {
    world: &'w dyn World,
    asks: RefCell<Vec<Ask>>,
}

impl<'w> Noted<'w> {
    /// The world, with nothing asked yet.
    pub fn new(world: &'w dyn World) -> Self {
        Noted { world, asks: RefCell::default() }
    }

    /// The scripts that were included, by the paths that they were looked for at.
    pub fn includes(&self) -> impl Iterator<Item = String> {
        let file = |ask: &Ask| match ask {
            Ask::Include { from, path, .. } => {
                let folder = Path::new(from).parent().unwrap_or(Path::new(""));
                Some(folder.join(path).to_string_lossy().into_owned())
            }
            Ask::Files { .. } => None,
        };
        self.asks.borrow().iter().filter_map(file).collect::<Vec<_>>().into_iter()
    }

    /// The patterns of files that were looked for.
    pub fn patterns(&self) -> impl Iterator<Item = String> {
        let pattern = |ask: &Ask| match ask {
            Ask::Files { pattern, .. } => Some(pattern.clone()),
            Ask::Include { .. } => None,
        };
        self.asks.borrow().iter().filter_map(pattern).collect::<Vec<_>>().into_iter()
    }
}

impl World for Noted<'_> {
    fn include(&self, from: &str, path: &str) -> Result<(String, String), String> {
        let answer = self.world.include(from, path);
        let (from, path) = (from.to_owned(), path.to_owned());
        self.asks.borrow_mut().push(Ask::Include { from, path, hash: hash(&answer) });
        answer
    }

    fn files(&self, pattern: &str) -> Result<Vec<String>, String> {
        let answer = self.world.files(pattern);
        self.asks.borrow_mut().push(Ask::Files { pattern: pattern.to_owned(), hash: hash(&answer) });
        answer
    }
}

fn hash(answer: &impl Serialize) -> BlobHash {
    BlobHash::of(&serde_json::to_vec(answer).unwrap_or_default())
}

/// Everything that a run follows from beside its key, and what it told.
#[derive(Serialize, Deserialize)]
struct Kept<'k> {
    asks: Vec<Ask>,
    fonts: Option<BlobHash>,
    gpu: Option<BlobHash>,
    told: Vec<Diagnostic>,
    steps: usize,
    #[serde(borrow)]
    files: Vec<(&'k str, Option<(&'k str, &'k str)>)>,
}

/// A run of which nothing was left to be done.
pub struct Whole {
    /// What the user is to be told again.
    pub told: Vec<Diagnostic>,
    /// How many steps it has.
    pub steps: usize,
}

/// Names a run by what is known before its script is read through.
pub fn key(environment: &str, script: &str, text: &str, set: &[(String, String)]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("metabuilder 2026-11 whole run");
    let set = set.iter().flat_map(|(name, value)| [name, value]).map(String::as_str);
    for part in [environment, script, text].into_iter().chain(set) {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// Whether nothing is left to be done in this run, either.
pub fn recall(
    versions: &mut StepVersions,
    key: [u8; 32],
    world: &dyn World,
    files: &dyn Files,
) -> Option<Whole> {
    let bytes = versions.builds().whole(key).ok()??;
    let kept: Kept<'_> = serde_json::from_slice(&bytes).ok()?;
    let same = |ask: &Ask| match ask {
        Ask::Include { from, path, hash: before } => hash(&world.include(from, path)) == *before,
        Ask::Files { pattern, hash: before } => hash(&world.files(pattern)) == *before,
    };
    let fonts = kept.fonts.is_none_or(|fonts| batch::Versions::fonts(versions) == fonts);
    let gpu = kept.gpu.is_none_or(|gpu| batch::Versions::gpu(versions) == gpu);
    if !(fonts && gpu && kept.asks.iter().all(same) && are_unchanged(&kept.files, files)) {
        return None;
    }
    Some(Whole { told: kept.told, steps: kept.steps })
}

fn parts(stamp: &Stamp) -> (&str, &str) {
    (&stamp.place, &stamp.state)
}

/// Looks at all files, on all cores.
fn are_unchanged(kept: &[(&str, Option<(&str, &str)>)], files: &dyn Files) -> bool {
    let same = |(path, before): &(&str, Option<(&str, &str)>)| {
        let now = files.stamp(path);
        now.as_ref().map(parts) == *before
    };
    let lanes = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let parts: Vec<_> = kept
            .chunks(kept.len().div_ceil(lanes).max(256))
            .map(|part| scope.spawn(move || part.iter().all(same)))
            .collect();
        parts.into_iter().all(|part| part.join().unwrap_or(false))
    })
}

/// Keeps a run of which nothing was left to be done.
pub fn keep(
    versions: &mut StepVersions,
    key: [u8; 32],
    noted: Noted<'_>,
    origins: &Origins,
    told: Vec<Diagnostic>,
    (steps, result): (usize, &str),
) {
    let files = origins.iter().map(|(path, stamp)| (path.as_str(), stamp.as_ref().map(parts))).collect();
    let (fonts, gpu) = (versions.seen_fonts(), versions.seen_gpu());
    let kept = Kept { asks: noted.asks.into_inner(), fonts, gpu, told, steps, files };
    let bytes = serde_json::to_vec(&kept).unwrap_or_default();
    let outcome = versions.builds().keep_whole(key, &bytes, result);
    versions.heard(outcome);
}
