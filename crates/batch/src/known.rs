//! Whether a step must run: what it follows from, what has changed in that, and what it gave when nothing has.

use std::{collections::BTreeMap, sync::Arc};

use base::{BlobHash, StepKey, VersionKey};
use kernel::{Deed, Trace, ports::Files};
use serde_json::Value as Json;

use crate::{
    Past, Step,
    versions::{Version, Versions},
};

/// What is known from earlier runs, and how it is used.
pub struct Known<'v> {
    /// Where versions are kept.
    pub versions: &'v mut dyn Versions,
    /// The files that steps read and write.
    pub files: Arc<dyn Files>,
    /// What results follow from beside script and files: the program, the settings, the folders that paths are seen from.
    pub environment: String,
    /// A name of the script that others do not have.
    pub script: String,
    /// Whether every step runs, also those whose result is known.
    pub force: bool,
}

/// What a step follows from, as far as it is known before it runs.
pub(crate) struct Origin<'s> {
    pub step: &'s Step,
    pub arguments: &'s Json,
    pub needs: BTreeMap<String, VersionKey>,
}

impl Known<'_> {
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
        StepKey(*hasher.finalize().as_bytes())
    }

    /// What a step gives, when it is known and still right. Outputs that are gone or were changed are put back.
    pub(crate) fn find(&mut self, step: StepKey) -> Option<Version> {
        if self.force {
            return None;
        }
        let candidates = self.versions.find(step);
        candidates.into_iter().find(|version| self.is_current(version) && self.restore(version))
    }

    /// As [`Known::find`], but changes nothing.
    pub(crate) fn peek(&mut self, step: StepKey) -> Option<Version> {
        if self.force {
            return None;
        }
        let candidates = self.versions.find(step);
        candidates.into_iter().find(|version| self.is_current(version))
    }

    fn is_current(&mut self, version: &Version) -> bool {
        version.reads.iter().all(|(path, hash)| self.hash(path) == *hash)
            && version.fonts.is_none_or(|fonts| fonts == self.versions.fonts())
    }

    fn restore(&mut self, version: &Version) -> bool {
        version.writes.iter().all(|(path, hash)| {
            self.hash(path) == Some(*hash)
                || self.versions.blob(*hash).is_some_and(|bytes| self.files.write(path, &bytes).is_ok())
        })
    }

    /// The hash of a file as it is now; none when it cannot be read.
    fn hash(&mut self, path: &str) -> Option<BlobHash> {
        let stamp = self.files.stamp(path);
        if let Some(hash) = stamp.as_ref().and_then(|stamp| self.versions.hash(stamp)) {
            return Some(hash);
        }
        let hash = BlobHash::of(&self.files.read(path).ok()?);
        if let Some(stamp) = stamp.filter(|stamp| self.files.stamp(path).as_ref() == Some(stamp)) {
            self.versions.note_hash(stamp, hash);
        }
        Some(hash)
    }

    /// Why a step must run.
    pub(crate) fn reason(&mut self, origin: &Origin<'_>) -> String {
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
        let changed = |(id, version): (&String, &VersionKey)| {
            (past.needs.get(id) != Some(version)).then(|| format!("step '{id}' gave something else"))
        };
        reasons.extend(origin.needs.iter().filter_map(changed));
        let gone = past.needs.keys().filter(|id| !origin.needs.contains_key(*id));
        reasons.extend(gone.map(|id| format!("it no longer needs step '{id}'")));
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
        if past.fonts.is_some_and(|fonts| fonts != self.versions.fonts()) {
            reasons.push("the fonts changed".to_owned());
        }
        if past.environment != self.environment {
            reasons.push("the program, its settings or its folders changed".to_owned());
        }
        match reasons.is_empty() {
            true => "what it gave is no longer known".to_owned(),
            false => reasons.join(", "),
        }
    }

    /// What a step came to, in the form in which the next run compares it.
    pub(crate) fn past(&mut self, origin: Origin<'_>, trace: &Trace) -> Past {
        Past {
            environment: self.environment.clone(),
            command: origin.step.command.clone(),
            arguments: origin.arguments.clone(),
            needs: origin.needs,
            reads: trace.reads.clone(),
            fonts: trace.fonts.then(|| self.versions.fonts()),
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

/// Names what a step gave.
pub(crate) fn version_key(step: StepKey, past: &Past, deeds: &[Deed]) -> VersionKey {
    let mut hasher = blake3::Hasher::new_derive_key("metabuilder 2026-11 version");
    hasher.update(&step.0);
    for (path, hash) in &past.reads {
        hasher.update(&(path.len() as u64).to_le_bytes()).update(path.as_bytes());
        hasher.update(&hash.map_or([0; 32], |hash| hash.0));
    }
    hasher.update(&past.fonts.map_or([0; 32], |hash| hash.0));
    // What does not follow from all that stands for itself. Results need not: they are in the arguments of later steps.
    for deed in deeds.iter().filter(|_| past.volatile) {
        hasher.update(&deed.encode());
    }
    VersionKey(*hasher.finalize().as_bytes())
}
