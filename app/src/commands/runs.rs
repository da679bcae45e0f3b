//! `runs`: the runs of scripts, and what became of each step of one.

use serde_json::{Value as Json, json};
use store::{BuildRun, Builds};

use super::log::timestamp;
use crate::{
    builds::{RunRecord, StepRecord, cache},
    cli::{Common, Runs, RunsAction},
    report::{Failure, print},
};

/// Does what the arguments say.
pub fn run(runs: &Runs, common: &Common) -> Result<(), Failure> {
    let builds =
        cache().ok_or_else(|| Failure::new(1, "there is no cache folder: set HOME or XDG_CACHE_HOME"))??;
    match &runs.action {
        Some(RunsAction::Show { id }) => show(&builds, *id, common),
        None => list(&builds, runs.limit, common),
    }
}

fn list(builds: &Builds, limit: usize, common: &Common) -> Result<(), Failure> {
    let runs = builds.runs(limit)?;
    if common.json {
        return print(json!({ "runs": runs.iter().map(head).collect::<Vec<_>>() }));
    }
    for run in runs {
        let head = head(&run);
        let count = |name: &str| head[name].as_u64().unwrap_or_default();
        print(format_args!(
            "{:>5}  {}  {:<9}  {:>5} ran  {:>5} known  {:>8}  {}",
            run.id,
            timestamp(run.started),
            run.outcome.as_deref().unwrap_or("cut short"),
            count("ran"),
            count("known"),
            run.ended.map_or_else(|| "-".to_owned(), |ended| format!("{} ms", ended - run.started)),
            run.script
        ))?;
    }
    Ok(())
}

/// What is told of a run in a list.
fn head(run: &BuildRun) -> Json {
    let mut head = json!({
        "id": run.id, "script": run.script, "started": run.started, "ended": run.ended,
        "outcome": run.outcome.as_deref().unwrap_or("cut short"),
    });
    let summary = run.summary.as_deref().and_then(|text| serde_json::from_str::<Json>(text).ok());
    if let (Some(head), Some(Json::Object(summary))) = (head.as_object_mut(), summary) {
        head.extend(summary);
    }
    head
}

fn show(builds: &Builds, id: u64, common: &Common) -> Result<(), Failure> {
    let found = builds.run(id)?;
    let (run, record) =
        found.ok_or_else(|| Failure::new(1, format!("there is no run {id}: metabuilder runs lists them")))?;
    let record: Option<RunRecord> = record.and_then(|text| serde_json::from_str(&text).ok());
    if common.json {
        let mut head = head(&run);
        head["record"] = json!(record);
        return print(head);
    }
    let took =
        run.ended.map_or_else(|| "cut short".to_owned(), |ended| format!("{} ms", ended - run.started));
    let outcome = run.outcome.as_deref().unwrap_or("cut short");
    print(format_args!("run {id}: {}, {}, {outcome}, {took}", run.script, timestamp(run.started)))?;
    let Some(record) = record else { return print("nothing ran, or what ran is no longer remembered") };
    if let Some(error) = &record.error {
        print(format_args!("error: {error}"))?;
    }
    record.steps.iter().try_for_each(print_step)
}

/// Prints a step as people read it.
pub fn print_step(step: &StepRecord) -> Result<(), Failure> {
    let way = match step.way {
        batch::Way::Ran => "ran",
        batch::Way::Known => "known",
        batch::Way::Skipped => "skipped",
    };
    let reason = step.reason.as_deref().map(|reason| format!("  {reason}")).unwrap_or_default();
    print(format_args!("{way:<7}  {:>6} ms  {:<20}  {}{reason}", step.ms, step.id, step.command))?;
    step.writes.iter().try_for_each(|(path, hash)| print(format_args!("{:>20}{path}  {}", "", hash.short())))
}
