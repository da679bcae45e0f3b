//! Whether a step must run: what it follows from, what has changed in that, and what it gave when nothing has.

use std::{collections::BTreeMap, sync::Arc};

use base::{BlobHash, DocumentId, StepKey, VersionKey};
use kernel::{
    Deed, Trace,
    ports::{Files, Stamp},
};
use serde_json::Value as Json;

use crate::{
    Past, Step,
    versions::{Version, Versions},
};

/// What is known from earlier runs, and how it is used.
pub struct Known<'v> {
    pub(crate) versions: &'v mut dyn Versions,
    files: Arc<dyn Files>,
    environment: String,
    pub(crate) script: String,
    force: bool,
    origins: Option<Origins>,
    /// Where inputs are, by their hashes.
    inputs: BTreeMap<BlobHash, String>,
}

/// The files that something follows from, by the paths that were asked for, with their stamps; none where there was nothing.
pub type Origins = BTreeMap<String, Option<Stamp>>;

/// What the steps before a step come to in a document.
pub(crate) type Seen<'s> = dyn FnMut(DocumentId) -> VersionKey + 's;

/// Names what steps of these versions come to in a document that was in this state before them.
pub(crate) fn seen(steps: Vec<Option<VersionKey>>, before: Option<BlobHash>) -> VersionKey {
    let mut hasher = blake3::Hasher::new_derive_key("metabuilder 2026-11 linked document");
    hasher.update(&before.map_or([0; 32], |hash| hash.0));
    for version in steps {
        hasher.update(&version.map_or([0; 32], |version| version.0));
    }
    VersionKey(*hasher.finalize().as_bytes())
}

/// What a step follows from, as far as it is known before it runs.
pub(crate) struct Origin<'s> {
    pub step: &'s Step,
    pub arguments: &'s Json,
    pub needs: BTreeMap<String, VersionKey>,
    /// The documents that it is about and that were there before the script, as they were.
    pub documents: BTreeMap<DocumentId, BlobHash>,
}

impl<'v> Known<'v> {
    /// What `versions` keeps, for the script of this name (which no other has), whose steps read and write `files`. Results
    /// follow from the `environment`, too: the program, its settings, the folders that paths are seen from.
    pub fn new(
        versions: &'v mut dyn Versions,
        files: Arc<dyn Files>,
        environment: String,
        script: String,
    ) -> Self {
        Known {
            versions,
            files,
            environment,
            script,
            force: false,
            origins: Some(Origins::new()),
            inputs: BTreeMap::new(),
        }
    }

    /// The same, with every step to be run, also those whose result is known.
    pub fn forced(self, force: bool) -> Self {
        Known { force, ..self }
    }

    /// The files that were looked at, if their stamps tell whether they have changed.
    pub(crate) fn into_origins(self) -> Option<Origins> {
        self.origins
    }

    /// Names a step.
    pub(crate) fn step_key(&self, origin: &Origin<'_>) -> StepKey {
        let mut hasher = blake3::Hasher::new_derive_key("metabuilder 2026-11 step");
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        };
        part(self.environment.as_bytes());
        part(origin.step.id.as_bytes());
        part(origin.step.command.as_bytes());
        part(origin.arguments.to_string().as_bytes());
        for (id, version) in &origin.needs {
            part(id.as_bytes());
            part(&version.0);
        }
        for (id, state) in &origin.documents {
            part(&id.value().to_be_bytes());
            part(&state.0);
        }
        StepKey(*hasher.finalize().as_bytes())
    }

    /// What a step gives, when it is known and still right. Outputs that are gone or were changed are put back.
    pub(crate) fn find(&mut self, step: StepKey, seen: &mut Seen<'_>) -> Option<Version> {
        if self.force {
            return None;
        }
        let candidates = self.versions.find(step);
        candidates.into_iter().find(|version| self.is_current(version, seen) && self.restore(version))
    }

    /// As [`Known::find`], but changes nothing.
    pub(crate) fn peek(&mut self, step: StepKey, seen: &mut Seen<'_>) -> Option<Version> {
        if self.force {
            return None;
        }
        let candidates = self.versions.find(step);
        candidates.into_iter().find(|version| self.is_current(version, seen))
    }

    fn is_current(&mut self, version: &Version, seen: &mut Seen<'_>) -> bool {
        version.linked.iter().all(|(document, then)| seen(*document) == *then)
            && version.reads.iter().all(|(path, hash)| self.hash(path) == *hash)
            && version.fonts.is_none_or(|fonts| fonts == self.versions.fonts())
            && version.gpu.is_none_or(|gpu| gpu == self.versions.gpu())
    }

    fn restore(&mut self, version: &Version) -> bool {
        version.writes.iter().all(|(path, hash)| {
            self.hash(path) == Some(*hash)
                || self.versions.blob(*hash).is_some_and(|bytes| self.files.write(path, &bytes).is_ok())
        })
    }

    /// A blob that a step's documents name: what was kept of it, else the input that it is.
    pub(crate) fn blob(&mut self, hash: BlobHash) -> Option<Vec<u8>> {
        self.versions.blob(hash).or_else(|| {
            let bytes = self.files.read(self.inputs.get(&hash)?).ok()?;
            (BlobHash::of(&bytes) == hash).then_some(bytes)
        })
    }

    /// The hash of a file as it is now; none when it cannot be read.
    fn hash(&mut self, path: &str) -> Option<BlobHash> {
        let hash = self.hash_now(path);
        if let Some(hash) = hash {
            self.inputs.insert(hash, path.to_owned());
        }
        hash
    }

    fn hash_now(&mut self, path: &str) -> Option<BlobHash> {
        let stamp = self.files.stamp(path);
        if let Some(stamp) = &stamp
            && let Some(hash) = self.versions.hash(stamp)
        {
            self.note_origin(path, Some(stamp.clone()));
            return Some(hash);
        }
        let Ok(bytes) = self.files.read(path) else {
            self.note_origin(path, None);
            return None;
        };
        let hash = BlobHash::of(&bytes);
        match stamp.filter(|stamp| self.files.stamp(path).as_ref() == Some(stamp)) {
            Some(stamp) => {
                self.versions.note_hash(stamp.clone(), hash);
                self.note_origin(path, Some(stamp));
            }
            None => self.origins = None,
        }
        Some(hash)
    }

    fn note_origin(&mut self, path: &str, stamp: Option<Stamp>) {
        if let Some(origins) = &mut self.origins
            && !origins.contains_key(path)
        {
            origins.insert(path.to_owned(), stamp);
        }
    }

    /// Why a step must run.
    pub(crate) fn reason(&mut self, origin: &Origin<'_>, seen: &mut Seen<'_>) -> String {
        if self.force {
            return "every step is to run".to_owned();
        }
        let Some(past) = self.versions.past(&self.script, &origin.step.id) else {
            return "it has not run before".to_owned();
        };
        if past.volatile {
            return "it runs every time".to_owned();
        }
        let mut reasons = Vec::new();
        if past.command != origin.step.command {
            reasons.push(format!("the command was {}", past.command));
        }
        reasons.extend(changed_arguments(&past.arguments, origin.arguments));
        for (path, before) in &past.reads {
            let now = self.hash(path);
            if now != *before {
                let what = match (before, now) {
                    (Some(_), Some(_)) => "changed",
                    (None, _) => "is there now",
                    (_, None) => "cannot be read",
                };
                reasons.push(format!("{path} {what}"));
            }
        }
        let changed = |(id, state): &(&DocumentId, &BlobHash)| past.documents.get(id) != Some(state);
        reasons
            .extend(origin.documents.iter().filter(changed).map(|(id, _)| format!("document {id} changed")));
        for (id, then) in &past.linked {
            if seen(*id) != *then {
                reasons.push(format!("linked document {id} changed"));
            }
        }
        if past.fonts.is_some_and(|fonts| fonts != self.versions.fonts()) {
            reasons.push("the fonts changed".to_owned());
        }
        if past.gpu.is_some_and(|gpu| gpu != self.versions.gpu()) {
            reasons.push("the GPU or its driver changed".to_owned());
        }
        if past.environment != self.environment {
            reasons.push("the program, its settings or its folders changed".to_owned());
        }
        // Steps before it matter only where nothing of its own has changed.
        if reasons.is_empty() {
            let changed = |(id, version): (&String, &VersionKey)| {
                (past.needs.get(id) != Some(version)).then(|| format!("step '{id}' gave something else"))
            };
            reasons.extend(origin.needs.iter().filter_map(changed));
            let gone = past.needs.keys().filter(|id| !origin.needs.contains_key(*id));
            reasons.extend(gone.map(|id| format!("it no longer needs step '{id}'")));
        }
        match reasons.is_empty() {
            true => "what it gave is no longer known".to_owned(),
            false => reasons.join(", "),
        }
    }

    /// What a step came to, in the form in which the next run compares it.
    pub(crate) fn past(&mut self, origin: Origin<'_>, trace: &Trace, seen: &mut Seen<'_>) -> Past {
        Past {
            environment: self.environment.clone(),
            command: origin.step.command.clone(),
            arguments: origin.arguments.clone(),
            needs: origin.needs,
            reads: trace.reads.clone(),
            fonts: trace.fonts.then(|| self.versions.fonts()),
            gpu: trace.gpu.then(|| self.versions.gpu()),
            documents: origin.documents,
            linked: trace.linked.iter().map(|document| (*document, seen(*document))).collect(),
            volatile: trace.volatile,
        }
    }
}

/// The arguments that differ.
fn changed_arguments(before: &Json, now: &Json) -> Vec<String> {
    let (Some(before), Some(now)) = (before.as_object(), now.as_object()) else { return Vec::new() };
    let names = now.keys().chain(before.keys().filter(|name| !now.contains_key(*name)));
    let changed = names.filter(|name| before.get(*name) != now.get(*name));
    changed.map(|name| format!("argument '{name}' changed")).collect()
}

/// Names what a step gave that did not run: what the steps before it gave.
pub(crate) fn skipped_key(needs: &BTreeMap<String, VersionKey>) -> VersionKey {
    let mut hasher = blake3::Hasher::new_derive_key("metabuilder 2026-11 skipped");
    for (id, version) in needs {
        hasher.update(&(id.len() as u64).to_le_bytes()).update(id.as_bytes()).update(&version.0);
    }
    VersionKey(*hasher.finalize().as_bytes())
}

/// Names what a step gave.
pub(crate) fn version_key(step: StepKey, past: &Past, deeds: &[Deed]) -> VersionKey {
    let mut hasher = blake3::Hasher::new_derive_key("metabuilder 2026-11 version");
    hasher.update(&step.0);
    for (path, hash) in &past.reads {
        hasher.update(&(path.len() as u64).to_le_bytes()).update(path.as_bytes());
        hasher.update(&hash.map_or([0; 32], |hash| hash.0));
    }
    for (id, version) in &past.linked {
        hasher.update(&id.value().to_be_bytes()).update(&version.0);
    }
    for facts in [past.fonts, past.gpu] {
        hasher.update(&facts.map_or([0; 32], |hash| hash.0));
    }
    // What does not follow from all that stands for itself. Results need not: they are in the arguments of later steps.
    for deed in deeds.iter().filter(|_| past.volatile) {
        hasher.update(&deed.encode());
    }
    VersionKey(*hasher.finalize().as_bytes())
}
