//! `cargo xtask suites`: outside test data against the release binary, with known failures kept as a list that only
//! shrinks.

mod known;
mod resvg;
mod self_test;

use crate::project::{Project, shown_time};
use crate::test::Tally;
use anyhow::{Context, Result, bail};
use known::{Known, Verdict};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The options of `cargo xtask suites`.
#[derive(clap::Args)]
pub struct Options {
    /// The folder of suites [default: ../shared/suites]
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Print one JSON array instead of lines
    #[arg(long)]
    json: bool,
    /// Print every case as well
    #[arg(long)]
    cases: bool,
    /// Write the lists of known failures anew from this run, keeping the reasons
    #[arg(long)]
    update: bool,
    /// Run these suites only
    names: Vec<String>,
}

/// What a suite needs to run.
struct Ground<'a> {
    /// The suite's own folder.
    folder: PathBuf,
    /// The program under test.
    binary: &'a Path,
}

/// One case of a suite.
#[derive(Debug)]
struct CaseResult {
    /// The path of the case inside the suite, the same on every machine.
    case: String,
    outcome: Outcome,
}

/// How a case went.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed(String),
    /// Out of the suite's scope, for the reason given.
    Skipped(String),
}

/// A folder of the suites and what runs it.
struct Suite {
    name: &'static str,
    run: fn(&Ground<'_>) -> Result<Vec<CaseResult>>,
}

/// The suites whose importer or feature exists. Other folders are reported as `not yet`.
const SUITES: &[Suite] = &[
    Suite { name: "editing-traces", run: self_test::editing_traces },
    Suite { name: "gltf-validator", run: self_test::gltf_validator },
    Suite { name: "meshes", run: self_test::meshes },
    Suite { name: "otio", run: self_test::otio },
    Suite { name: "resvg", run: resvg::run },
    Suite { name: "scxml", run: self_test::scxml },
    Suite { name: "when-clauses", run: self_test::when_clauses },
];

/// Runs the suites as asked; whether every list of known failures is true.
pub fn suites(project: &Project, options: &Options) -> Result<bool> {
    let folder = options.dir.clone().unwrap_or_else(|| default_folder(project));
    let mut good = true;
    let mut reports = Vec::new();
    for name in chosen(&folder, &options.names)? {
        let (report, verdict) = one(project, &folder, &name, options)?;
        good &= verdict.is_none_or(|verdict| verdict.is_good());
        reports.push(report);
    }
    if options.json {
        println!("{:#}", Value::Array(reports));
    }
    Ok(good)
}

/// Runs all suites of the default folder for `cargo xtask test`. Known failures count neither as passed nor as failed.
pub fn tally(project: &Project) -> Result<Tally> {
    let folder = default_folder(project);
    if !folder.is_dir() {
        println!("skipped: there is no folder {}", folder.display());
        return Ok(Tally::default());
    }
    let options = Options { dir: None, json: false, cases: false, update: false, names: Vec::new() };
    let mut tally = Tally::default();
    for name in chosen(&folder, &[])? {
        let (_, verdict) = one(project, &folder, &name, &options)?;
        if let Some(verdict) = verdict {
            let failed = verdict.unexpected.len() + verdict.fixed.len();
            tally = tally + Tally { passed: verdict.passed as u64, failed: failed as u64 };
        }
    }
    Ok(tally)
}

fn default_folder(project: &Project) -> PathBuf {
    project.root.join("../shared/suites")
}

/// The names of the suites to run: all folders, or those named.
fn chosen(folder: &Path, names: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found.sort();
    if let Some(name) = names.iter().find(|name| !found.contains(name)) {
        bail!("there is no suite {name:?} in {}; there are {}", folder.display(), found.join(", "));
    }
    found.retain(|name| names.is_empty() || names.contains(name));
    Ok(found)
}

/// Runs one suite and prints its lines. No verdict for a suite that nothing runs yet.
fn one(project: &Project, folder: &Path, name: &str, options: &Options) -> Result<(Value, Option<Verdict>)> {
    let Some(suite) = SUITES.iter().find(|suite| suite.name == name) else {
        if !options.json {
            println!("{name:<18} not yet");
        }
        return Ok((json!({ "suite": name, "status": "not yet" }), None));
    };
    let started = Instant::now();
    let folder = folder.join(name).canonicalize().with_context(|| name.to_owned())?;
    let binary = project.built_binary()?;
    let results =
        (suite.run)(&Ground { folder, binary: &binary }).with_context(|| format!("suite {name}"))?;
    let path = project.root.join("tests/conformance").join(format!("{name}.txt"));
    let mut known = Known::read(&path)?;
    if options.update {
        known.update(&results);
        known.write(&path)?;
    }
    let verdict = known.judge(&results);
    if !options.json {
        let place = project.shown(&path);
        println!("{}, {}", verdict.line(name), shown_time(started.elapsed()));
        verdict.unexpected.iter().for_each(|(case, why)| println!("  FAILED {case}: {why}"));
        verdict.fixed.iter().for_each(|case| println!("  {case} passes: delete its line in {place}"));
        if options.cases {
            results.iter().for_each(|result| println!("  {}", result.line()));
        }
    }
    let mut report = verdict.json(name);
    if options.cases {
        report["cases"] = results.iter().map(CaseResult::json).collect();
    }
    Ok((report, Some(verdict)))
}

impl CaseResult {
    fn line(&self) -> String {
        match &self.outcome {
            Outcome::Passed => format!("passed  {}", self.case),
            Outcome::Failed(why) => format!("failed  {}: {why}", self.case),
            Outcome::Skipped(why) => format!("skipped {}: {why}", self.case),
        }
    }

    fn json(&self) -> Value {
        match &self.outcome {
            Outcome::Passed => json!({ "case": self.case, "outcome": "passed" }),
            Outcome::Failed(why) => json!({ "case": self.case, "outcome": "failed", "message": why }),
            Outcome::Skipped(why) => json!({ "case": self.case, "outcome": "skipped", "message": why }),
        }
    }
}
