//! The record of a run: what was run with what, and what became of each step.

use std::collections::{BTreeMap, BTreeSet};

use base::{BlobHash, VersionKey};
use batch::{Outcome, Plan, StepReport, Way};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

/// A run of a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRecord {
    /// The script's file as the user named it.
    pub script: String,
    /// The hash of its text.
    pub script_hash: BlobHash,
    /// The variables that were set from outside.
    pub variables: Map<String, Json>,
    /// The settings that were given.
    pub settings: Map<String, Json>,
    /// The version of the program.
    pub program: String,
    /// What else results follow from: program, settings and folders as one hash.
    pub environment: String,
    /// The folders that relative paths are seen from, the first one first.
    pub folders: Vec<String>,
    /// When it began, in milliseconds since the Unix epoch.
    pub started: i64,
    /// When it ended.
    pub ended: i64,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The steps that were done, in the order of the plan.
    pub steps: Vec<StepRecord>,
}

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Its id.
    pub id: String,
    /// The id of its command.
    pub command: String,
    /// How it came to its result.
    pub way: Way,
    /// Why it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long it took, in milliseconds.
    pub ms: i64,
    /// Its arguments.
    pub arguments: Json,
    /// The steps that it needed.
    pub needs: Vec<String>,
    /// Names what it gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionKey>,
    /// The files that it read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reads: BTreeMap<String, Option<BlobHash>>,
    /// The files that it wrote.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub writes: BTreeMap<String, BlobHash>,
}

impl RunRecord {
    /// The steps of an outcome.
    pub fn steps(plan: &Plan, outcome: &Outcome) -> Vec<StepRecord> {
        let needs: BTreeMap<&str, &Vec<String>> =
            plan.script.steps.iter().map(|step| (step.id.as_str(), &step.needs)).collect();
        let record = |step: &StepReport| StepRecord {
            id: step.id.clone(),
            command: step.command.clone(),
            way: step.way,
            reason: step.reason.clone(),
            ms: step.ms,
            arguments: step.arguments.clone(),
            needs: needs.get(step.id.as_str()).map(|needs| (*needs).clone()).unwrap_or_default(),
            version: step.version,
            reads: step.reads.clone(),
            writes: step.writes.clone(),
        };
        outcome.steps.iter().map(record).collect()
    }

    /// What is told of the run in a list.
    pub fn summary(&self) -> Json {
        let count = |way: Way| self.steps.iter().filter(|step| step.way == way).count();
        json!({
            "ran": count(Way::Ran), "known": count(Way::Known), "skipped": count(Way::Skipped),
            "error": self.error,
        })
    }

    /// The files that steps wrote that ran: content, step and path.
    pub fn outputs(&self) -> Vec<(BlobHash, String, String)> {
        let ran = self.steps.iter().filter(|step| step.way == Way::Ran);
        ran.flat_map(|step| step.writes.iter().map(|(path, hash)| (*hash, step.id.clone(), path.clone())))
            .collect()
    }

    /// A step and all that it followed from, in the order of the run.
    pub fn origin(&self, step: &str) -> Vec<&StepRecord> {
        let index: BTreeMap<&str, &StepRecord> =
            self.steps.iter().map(|step| (step.id.as_str(), step)).collect();
        let mut found = BTreeSet::new();
        let mut open = vec![step];
        while let Some(id) = open.pop() {
            if let Some(step) = index.get(id)
                && found.insert(id)
            {
                open.extend(step.needs.iter().map(String::as_str));
            }
        }
        let steps = self.steps.iter().filter(|step| found.contains(step.id.as_str()));
        steps.filter(|step| step.way != Way::Skipped).collect()
    }

    /// The files that steps looked for and that no step of them writes.
    pub fn outside<'r>(steps: &[&'r StepRecord]) -> BTreeSet<&'r str> {
        let written: BTreeSet<&str> =
            steps.iter().flat_map(|step| step.writes.keys()).map(String::as_str).collect();
        let reads = steps.iter().flat_map(|step| step.reads.keys()).map(String::as_str);
        reads.filter(|path| !written.contains(path)).collect()
    }

    /// The files that steps read and that no step of them writes, with what they held: what came from outside.
    pub fn inputs<'r>(steps: &[&'r StepRecord]) -> BTreeMap<&'r str, BlobHash> {
        let outside = Self::outside(steps);
        let reads = steps.iter().flat_map(|step| &step.reads);
        reads
            .filter(|(path, _)| outside.contains(path.as_str()))
            .filter_map(|(path, hash)| Some((path.as_str(), (*hash)?)))
            .collect()
    }
}
