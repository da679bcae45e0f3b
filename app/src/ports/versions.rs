//! What scripts know from run to run, over the store's cache of steps.

use std::{path::Path, sync::OnceLock};

use base::{BlobHash, Diagnostic, DocumentId, ReplicaId, StepKey, VersionKey};
use batch::{Kept, Past, Point, Version, Versions};
use kernel::{Deed, Settings, ports::Stamp};
use serde::Serialize;
use store::{Builds, CachedStep, StoreError};

use super::Fonts;

/// A cache of steps as what scripts know. The first trouble is kept, to be told once.
pub struct StepVersions {
    cache: Builds,
    fonts: Fonts,
    fingerprint: OnceLock<BlobHash>,
    gpu: gpu::Shared,
    adapter: OnceLock<BlobHash>,
    /// The workspace of the run, if there is one.
    workspace: Option<String>,
    trouble: Option<String>,
}

impl StepVersions {
    /// What the cache holds, for steps that see the fonts that these settings ask for and draw on this GPU.
    pub fn new(cache: Builds, settings: &Settings, gpu: gpu::Shared) -> Self {
        let (fingerprint, adapter) = (OnceLock::new(), OnceLock::new());
        StepVersions {
            cache,
            fonts: Fonts::new(settings),
            fingerprint,
            gpu,
            adapter,
            workspace: None,
            trouble: None,
        }
    }

    /// Lets the steps work in the workspace of this folder, which another one may have been in before.
    pub fn enter(&mut self, folder: &Path, replica: ReplicaId) {
        self.workspace = Some(format!("{} {:016x}", folder.display(), replica.0));
    }

    /// Brings the cache down to this size, in bytes, and says what went wrong with it.
    pub fn close(mut self, most: u64) -> Option<Diagnostic> {
        let trimmed = self.cache.trim(most);
        self.heard(trimmed);
        let help = "steps run again whose results cannot be kept; remove the folder if this goes on";
        self.trouble.map(|trouble| Diagnostic::warning("the cache of steps", trouble).with_help(help))
    }

    /// The cache itself.
    pub fn builds(&mut self) -> &mut Builds {
        &mut self.cache
    }

    /// The fonts, if a step saw them.
    pub fn seen_fonts(&self) -> Option<BlobHash> {
        self.fingerprint.get().copied()
    }

    /// The adapter, if it was asked for.
    pub fn seen_gpu(&self) -> Option<BlobHash> {
        self.adapter.get().copied()
    }

    /// Takes note of trouble with the cache.
    pub fn heard<T>(&mut self, outcome: Result<T, StoreError>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                self.trouble.get_or_insert(error.to_string());
                None
            }
        }
    }
}

/// JSON of what cannot fail to become JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The deeds of a step as bytes: command and length before each.
fn encode(deeds: &[Deed]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for deed in deeds {
        for part in [deed.command.as_bytes(), &deed.encode()] {
            bytes.extend((part.len() as u64).to_le_bytes());
            bytes.extend(part);
        }
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Option<Vec<Deed>> {
    let mut part = move || {
        let (length, rest) = bytes.split_at_checked(8)?;
        let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (part, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        Some(part)
    };
    let mut deeds = Vec::new();
    while let Some(command) = part() {
        deeds.push(Deed::decode(std::str::from_utf8(command).ok()?, part()?).ok()?);
    }
    Some(deeds)
}

impl Versions for StepVersions {
    fn find(&mut self, step: StepKey) -> Vec<Version> {
        let heads = self.cache.find(step);
        let heads = self.heard(heads).unwrap_or_default();
        heads.iter().filter_map(|head| serde_json::from_str(head).ok()).collect()
    }

    fn deeds(&mut self, version: VersionKey) -> Option<Vec<Deed>> {
        let deeds = self.cache.deeds(version);
        decode(&self.heard(deeds)??)
    }

    fn blob(&mut self, hash: BlobHash) -> Option<Vec<u8>> {
        self.cache.blob(hash)
    }

    fn keep(&mut self, kept: Kept) {
        self.cache.keep_past(kept.script, kept.id, json(&kept.past));
        let Some(version) = kept.version else { return };
        for (hash, bytes) in &kept.blobs {
            let put = self.cache.put_blob(*hash, bytes);
            if self.heard(put).is_none() {
                return;
            }
        }
        self.cache.keep(CachedStep {
            step: kept.step,
            version: version.key,
            head: json(&version),
            deeds: encode(&kept.deeds),
            blobs: kept.blobs.into_keys().collect(),
        });
    }

    fn commit(&mut self) {
        let committed = self.cache.commit();
        self.heard(committed);
    }

    fn past(&mut self, script: &str, id: &str) -> Option<Past> {
        let past = self.cache.past(script, id);
        serde_json::from_str(&self.heard(past)??).ok()
    }

    fn hash(&mut self, stamp: &Stamp) -> Option<BlobHash> {
        let hash = self.cache.file_hash(&stamp.place, &stamp.state);
        self.heard(hash)?
    }

    fn note_hash(&mut self, stamp: Stamp, hash: BlobHash) {
        self.cache.keep_file_hash(stamp.place, stamp.state, hash);
    }

    fn fonts(&mut self) -> BlobHash {
        *self.fingerprint.get_or_init(|| self.fonts.fingerprint())
    }

    fn gpu(&mut self) -> BlobHash {
        let named = || {
            let adapter = self.gpu.adapter();
            adapter.map_or_else(|_| "none".to_owned(), |adapter| adapter.to_string())
        };
        *self.adapter.get_or_init(|| BlobHash::of(named().as_bytes()))
    }

    fn held(&mut self, version: VersionKey, document: DocumentId) -> Option<Point> {
        let held = self.cache.held(self.workspace.as_deref()?, version, document);
        self.heard(held)?.map(Point::new)
    }

    fn hold(&mut self, version: VersionKey, document: DocumentId, point: Point) {
        if let Some(workspace) = &self.workspace {
            self.cache.hold(workspace, version, document, point.event());
        }
    }
}
