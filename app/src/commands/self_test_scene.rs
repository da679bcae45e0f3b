//! The cases of 3D files: glTF with the report of the Khronos validator beside it, and meshes of several formats.

use std::{collections::HashMap, fs, path::Path, sync::Arc};

use base::{BlobHash, IdSource, Limits};
use document::{Content, Tree};
use kernel::{
    Blobs, Bytes, CommandError, Reading,
    ports::{FontBytes, FontSource},
};
use scene::{
    ReadError, export,
    frame::Topology,
    import,
    model::{Bounds, Model},
    world,
};
use serde::Deserialize;
use serde_json::json;

use super::self_test::unreadable;
use crate::report::{Failure, print};

#[derive(Deserialize)]
struct Report {
    issues: Issues,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issues {
    num_errors: u64,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    severity: u64,
    pointer: Option<String>,
    offset: Option<usize>,
}

/// Runs the case of one glTF file: it is read exactly when the report counts no errors, and otherwise our error names one
/// of the places of the report.
pub fn gltf(path: &Path) -> Result<(), Failure> {
    let mut report = path.as_os_str().to_owned();
    report.push(".report.json");
    let report = Path::new(&report);
    let text = fs::read_to_string(report).map_err(|error| unreadable(report, error))?;
    let Report { issues } = serde_json::from_str(&text).map_err(|error| unreadable(report, error))?;
    let outcome = match (issues.num_errors, read(path)?) {
        (0, outcome) => outcome.map(drop).map_err(|error| error.to_string()),
        (_, Ok(_)) => Err("it was read without an error".to_owned()),
        (_, Err(error)) if issues.messages.iter().any(|message| is_at(&error, message)) => Ok(()),
        (_, Err(error)) => Err(format!("the report names another place: {error}")),
    };
    finish(path, outcome)
}

fn is_at(error: &ReadError, message: &Message) -> bool {
    let whole = |pointer: &str| pointer.is_empty() || pointer == "/";
    message.severity == 0
        && match (error, &message.pointer, message.offset) {
            (ReadError::Json { pointer, .. }, Some(other), _) => {
                pointer == other || whole(pointer) && whole(other)
            }
            (ReadError::Byte { offset, .. }, _, Some(other)) => *offset == other,
            _ => false,
        }
}

/// The folders of files that break the specification of their format, or require an extension that is not understood.
const INVALID: [&str; 7] = [
    "invalid",
    "BoxTextured-glTF-techniqueWebGL",
    "IncorrectVertexArrays",
    "IndexOutOfRange",
    "SchemaFailures",
    "TestNoRootNode",
    "issue_3269",
];

/// Runs the case of one mesh: it has geometry that stays the same through our own form, and counts and bounds that stay the
/// same through a document and its export as GLB; or, in a folder of invalid ones, it is refused.
pub fn mesh(path: &Path) -> Result<(), Failure> {
    let invalid = path.components().any(|part| INVALID.iter().any(|folder| part.as_os_str() == *folder));
    let outcome = match (invalid, read(path)?) {
        (true, Ok(_)) => Err("it was read without an error".to_owned()),
        (true, Err(_)) => Ok(()),
        (false, outcome) => outcome.map_err(|error| error.to_string()).and_then(check),
    };
    finish(path, outcome)
}

fn check(model: Model) -> Result<(), String> {
    let mut count = 0;
    for primitive in model.meshes.iter().flat_map(|mesh| &mesh.primitives) {
        count += primitive.geometry.indices.len();
        let bytes = scene::geometry::encode(&primitive.geometry);
        let again = scene::geometry::decode(&bytes).map_err(|error| error.to_string())?;
        if again != *primitive.geometry {
            return Err("our form of a mesh reads otherwise than it was written".to_owned());
        }
    }
    if count == 0 {
        return Err("there is no geometry".to_owned());
    }
    let limits = Limits::default();
    let again = exported(&model, &limits)?;
    let (found, wanted) = (counts(&again), counts(&model));
    if found != wanted {
        return Err(format!("our export of it has {found:?} elements and vertices, not {wanted:?}"));
    }
    let (found, wanted) = (again.bounds(), model.bounds());
    match near(found, wanted) {
        true => Ok(()),
        false => Err(format!("our export of it is within {found:?}, not {wanted:?}")),
    }
}

/// How many triangles, lines and points are shown, and how many vertices they have.
fn counts(model: &Model) -> [usize; 4] {
    let mut counts = [0; 4];
    model.walk(|node, _| {
        for primitive in
            node.mesh.iter().filter_map(|mesh| model.meshes.get(*mesh)).flat_map(|it| &it.primitives)
        {
            let geometry = &primitive.geometry;
            let (slot, corners) = match geometry.topology {
                Topology::Triangles => (0, 3),
                Topology::Lines => (1, 2),
                Topology::Points => (2, 1),
            };
            counts[slot] += geometry.indices.len() / corners;
            counts[3] += geometry.positions.len();
        }
    });
    counts
}

/// Whether two boxes are the same but for rounding.
fn near(a: Bounds, b: Bounds) -> bool {
    let size = b.min.abs().max(b.max.abs()).max_element();
    a.is_empty() && b.is_empty()
        || a.min.abs_diff_eq(b.min, 1e-5 * size) && a.max.abs_diff_eq(b.max, 1e-5 * size)
}

/// The model that comes back from the GLB that a document of a model is written as.
fn exported(model: &Model, limits: &Limits) -> Result<Model, String> {
    let mut blobs = Kept::default();
    let mut ids = IdSource::new(b"self-test");
    let mut keep = |bytes: Bytes| {
        let hash = BlobHash::of(&bytes);
        blobs.0.insert(hash, bytes);
        Ok(hash)
    };
    let inserted =
        world::insert(model, "the model", limits, &mut ids, &mut keep).map_err(|error| error.to_string())?;
    let mut content = Content::Tree(Tree::new("scene.world".into()));
    content.apply_as_new(&inserted.deltas).map_err(|error| error.to_string())?;
    let fonts: Arc<dyn FontSource> = Arc::new(NoFonts);
    let links = kernel::Links::default();
    let reading = Reading { blobs: &blobs, fonts: &fonts, limits, links: &links };
    let model =
        world::model(&content, 0.0, world::Movement::Kept, "the model", &reading, &scene::Sources::default())
            .map_err(|error| error.to_string())?;
    let written = export::write("glb", &model, "model.glb", limits).map_err(|error| error.to_string())?;
    let again = import::read("glb", &written.bytes, &|_| None, limits);
    again.map(|(model, _)| model).map_err(|error| format!("our export of it: {error}"))
}

/// Blobs by their hashes.
#[derive(Default)]
struct Kept(HashMap<BlobHash, Bytes>);

impl Blobs for Kept {
    fn blob(&self, hash: BlobHash) -> Result<Bytes, CommandError> {
        self.0.get(&hash).cloned().ok_or_else(|| CommandError::Failed(format!("there is no blob {hash}")))
    }
}

/// Scenes have no texts.
struct NoFonts;

impl FontSource for NoFonts {
    fn files(&self) -> Vec<FontBytes> {
        Vec::new()
    }

    fn generic_family(&self, _: &str) -> Option<String> {
        None
    }
}

fn read(path: &Path) -> Result<Result<Model, ReadError>, Failure> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let resolve = |name: &str| fs::read(folder.join(name)).ok();
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    Ok(import::read(&extension, &bytes, &resolve, &Limits::default()).map(|(model, _)| model))
}

fn finish(path: &Path, outcome: Result<(), String>) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let message = outcome.as_ref().err().cloned().unwrap_or_default();
    print(json!({ "case": name, "passed": outcome.is_ok(), "message": message }))
}
