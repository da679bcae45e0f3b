//! What runs of scripts know of each other: the user's cache, opened for one run.

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use base::{BlobHash, Diagnostic, ReplicaId};
use batch::Known;
use kernel::{Settings, ports::Files};
use serde_json::{Value as Json, json};
use store::{BuildRunEnd, Builds, StoreError};

use super::RunRecord;
use crate::{assembly, ports::StepVersions};

/// The user's cache of builds; none when there is no place for it.
pub fn cache() -> Option<Result<Builds, StoreError>> {
    let folder = assembly::user_folder("XDG_CACHE_HOME", ".cache")?;
    Some(Builds::open(&folder.join("metabuilder")))
}

/// A path from the root, without links.
pub fn whole(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// What is kept from run to run.
pub struct Memory {
    /// The versions that steps gave.
    pub versions: StepVersions,
    /// What results follow from beside the script and files, as one hash.
    pub environment: String,
    /// The script, by a name that others do not have.
    pub script: String,
    most: u64,
    run: Option<u64>,
}

impl Memory {
    /// The user's cache, for a run of this script on the adapter of this name; none when nothing is to be kept.
    pub fn open(
        settings: &Settings,
        script: String,
        folders: &[PathBuf],
        adapter: &str,
        gpu: gpu::Shared,
    ) -> Result<Option<Self>, Diagnostic> {
        let most = settings.get("batch.cacheBytes").as_u64().unwrap_or_default();
        let Some(builds) = (most > 0).then(cache).flatten() else { return Ok(None) };
        let builds = builds.map_err(|error| Diagnostic::warning("the cache of steps", error.to_string()))?;
        let program = env::current_exe().and_then(|path| path.metadata());
        let program = program.map(|file| (file.len(), file.mtime(), file.mtime_nsec())).unwrap_or_default();
        let given = settings.given();
        // What is kept and signed says nothing of how it came about.
        let matters = |(key, _): &(&String, &Json)| !key.starts_with("batch.") && !key.starts_with("attest.");
        let given: Vec<_> = given.as_object().into_iter().flatten().filter(matters).collect();
        let environment = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "program": program,
            "settings": given,
            "folders": folders,
            "adapter": adapter,
        });
        let environment = BlobHash::of(environment.to_string().as_bytes()).to_string();
        let versions = StepVersions::new(builds, settings, gpu);
        Ok(Some(Memory { versions, environment, script, most, run: None }))
    }

    /// What is known of the steps of the script, in the workspace of this folder or in none.
    pub fn known(
        &mut self,
        workspace: Option<(&Path, ReplicaId)>,
        files: Arc<dyn Files>,
        force: bool,
    ) -> Known<'_> {
        if let Some((folder, replica)) = workspace {
            self.versions.enter(&whole(folder), replica);
        }
        // What steps make has other ids in every copy of a workspace.
        let environment = match workspace {
            Some((_, replica)) => format!("{} {:016x}", self.environment, replica.0),
            None => self.environment.clone(),
        };
        let script = self.script.clone();
        Known::new(&mut self.versions, files, environment, script).forced(force)
    }

    /// Records that the run begins.
    pub fn begin(&mut self, started: i64) {
        let script = self.script.clone();
        let begun = self.versions.builds().begin_run(&script, started);
        self.run = self.versions.heard(begun);
    }

    /// Records how the run ended, in one word.
    pub fn end(&mut self, outcome: &str, record: &RunRecord) {
        let Some(run) = self.run else { return };
        let outputs = record.outputs();
        let nothing_ran = outputs.is_empty() && record.steps.iter().all(|step| step.reason.is_none());
        let whole = || serde_json::to_string(record).unwrap_or_default();
        let end = BuildRunEnd {
            ended: record.ended,
            outcome: outcome.to_owned(),
            summary: record.summary().to_string(),
            record: if nothing_ran && record.error.is_none() { String::new() } else { whole() },
            outputs,
        };
        let ended = self.versions.builds().end_run(run, end);
        self.versions.heard(ended);
    }

    /// Records a run of which nothing was left to be done.
    pub fn end_idle(&mut self, started: i64, ended: i64, steps: usize) {
        self.begin(started);
        let Some(run) = self.run else { return };
        let end = BuildRunEnd {
            ended,
            outcome: "done".to_owned(),
            summary: json!({ "ran": 0, "known": steps, "skipped": 0, "error": null }).to_string(),
            record: String::new(),
            outputs: Vec::new(),
        };
        let ended = self.versions.builds().end_run(run, end);
        self.versions.heard(ended);
    }

    /// The number of the run.
    pub fn run(&self) -> Option<u64> {
        self.run
    }

    /// Brings the cache down to its size, and says what went wrong with it.
    pub fn close(self) -> Option<Diagnostic> {
        self.versions.close(self.most)
    }
}
