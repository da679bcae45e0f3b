//! What is told of a run: what it would do, what it did, and what went wrong.

use batch::{Outcome, Plan, Preview, Way};
use kernel::CommandError;
use serde_json::{Map, Value as Json, json};

use crate::{
    cli::Common,
    commands::files,
    report::{Failure, print},
    signals::Signals,
};

/// Prints what would become of each step.
pub fn dry_run(plan: &Plan, previews: &[Preview], common: &Common) -> Result<(), Failure> {
    let of = |preview: &Preview| &plan.script.steps[preview.step];
    if common.json {
        let steps: Vec<Json> = previews
            .iter()
            .map(|preview| {
                let step = of(preview);
                json!({
                    "id": step.id, "command": step.command, "needs": step.needs,
                    "way": preview.way, "reason": preview.reason,
                })
            })
            .collect();
        return print(json!({ "steps": steps }));
    }
    for preview in previews {
        let way = match preview.way {
            Way::Ran => "runs",
            Way::Known => "known",
            Way::Skipped => "skipped",
        };
        print(format_args!("{way}\t{}\t{}\t{}", of(preview).id, of(preview).command, preview.reason))?;
    }
    Ok(())
}

/// Why a run failed, with the place in the script.
pub fn failure(plan: &Plan, step: &batch::Step, error: &CommandError, signals: &Signals) -> Failure {
    let argument = match error {
        CommandError::Argument { argument, .. } if !argument.is_empty() => Some(argument.clone()),
        _ => None,
    };
    let message = match error {
        CommandError::Argument { message, .. } => message.clone(),
        other => other.to_string(),
    };
    let code = match error {
        CommandError::Cancelled => signals.exit_code().unwrap_or(error.exit_code()),
        other => other.exit_code(),
    };
    Failure::new(code, plan.script.error_at(step, argument, message))
}

/// How a run ended, in one word.
pub fn in_a_word(outcome: &Outcome) -> &'static str {
    match &outcome.failure {
        None => "done",
        Some((_, CommandError::Cancelled)) => "cancelled",
        Some(_) => "failed",
    }
}

/// The result of a run as one object.
pub fn result(outcome: &Outcome, statements: &[String]) -> Json {
    let written = outcome.steps.iter().map(|step| &step.result).filter(|r| r.get("sha256").is_some());
    let outputs: Vec<Json> = written.flat_map(files).collect();
    let timings: Map<String, Json> =
        outcome.steps.iter().map(|step| (step.id.clone(), step.ms.into())).collect();
    let results: Map<String, Json> =
        outcome.steps.iter().map(|step| (step.id.clone(), step.result.clone())).collect();
    let reasons: Map<String, Json> = outcome
        .steps
        .iter()
        .filter_map(|step| Some((step.id.clone(), step.reason.clone()?.into())))
        .collect();
    let ids = |way: Way| -> Vec<&String> {
        outcome.steps.iter().filter(|step| step.way == way).map(|step| &step.id).collect()
    };
    json!({
        "outputs": outputs,
        "statements": statements,
        "ran": ids(Way::Ran),
        "reasons": reasons,
        "cacheHits": ids(Way::Known),
        "skipped": ids(Way::Skipped),
        "timings": timings,
        "results": results,
        "events": outcome.steps.iter().flat_map(|step| &step.events).collect::<Vec<_>>(),
        "warnings": outcome.diagnostics,
    })
}
