//! `--batch`: runs a script.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use batch::{Outcome, Plan, Script, World};
use kernel::CommandError;
use serde_json::{Map, Value as Json, json};

use super::{current_folder, progress::Teller};
use crate::{
    assembly::{self, Home},
    cli::{Batch, Common},
    report::{BAD_INPUT, Failure, print, tell},
    signals::Signals,
};

/// Runs a script; `-` reads it from stdin.
pub fn run(path: &Path, batch: &Batch, common: &Common) -> Result<(), Failure> {
    let name = path.display().to_string();
    let unreadable = |error: io::Error| Failure::new(BAD_INPUT, format!("{name}: {error}"));
    let text = match path.as_os_str() == "-" {
        true => io::read_to_string(io::stdin()).map_err(unreadable)?,
        false => fs::read_to_string(path).map_err(unreadable)?,
    };
    let folders = folders(path, batch)?;
    let script = Script::read(&name, &text, &batch.set, &Beside(&folders))?;
    if batch.dry_run {
        let plan = Plan::new(script, &assembly::registry()?)?;
        return dry_run(&plan, common);
    }
    let signals = Signals::listen()?;
    let plan = Plan::new(script, &assembly::registry()?)?;
    let home = match &batch.workspace {
        Some(folder) => Home::Workspace { folder },
        None => Home::Memory { seed: &plan.script.hash },
    };
    let mut kernel = assembly::kernel(common, &home, folders)?;
    let context = assembly::context(kernel.assets().settings());
    let mut teller = Teller::new(batch.progress, plan.script.steps.len());
    let outcome = batch::run(&mut kernel, &plan, lanes(batch), &context, &mut teller, &signals);
    teller.finish();
    let closed = kernel.close();
    finish(&plan, outcome, &signals, common)?;
    Ok(closed?)
}

/// What scripts include, and the files that loops run over.
struct Beside<'f>(&'f [PathBuf]);

impl World for Beside<'_> {
    fn include(&self, from: &str, path: &str) -> Result<(String, String), String> {
        let folder = Path::new(from).parent().unwrap_or(Path::new(""));
        let file = folder.join(path);
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok((file.to_string_lossy().into_owned(), text))
    }

    fn files(&self, pattern: &str) -> Result<Vec<String>, String> {
        // As for any other input: the first folder that has something.
        for folder in self.0 {
            let whole = format!("{}/{pattern}", glob::Pattern::escape(&folder.to_string_lossy()));
            let found = glob::glob(&whole).map_err(|error| error.to_string())?;
            let within = |path: PathBuf| Some(path.strip_prefix(folder).ok()?.to_string_lossy().into_owned());
            let mut files: Vec<String> =
                found.filter_map(Result::ok).filter(|path| path.is_file()).filter_map(within).collect();
            if !files.is_empty() {
                files.sort();
                return Ok(files);
            }
        }
        Ok(Vec::new())
    }
}

/// How many steps run side by side: as many as there are cores, if nothing is said.
fn lanes(batch: &Batch) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    batch.jobs.map_or_else(cores, usize::from)
}

/// Relative paths are seen from the workspace, or from the script's folder; a file that is not there is looked for in
/// the current folder, too, since that is what paths on the command line are seen from.
fn folders(script: &Path, batch: &Batch) -> Result<Vec<PathBuf>, Failure> {
    let current = current_folder()?;
    let beside = match script.parent() {
        Some(folder) if script.as_os_str() != "-" => current.join(folder),
        _ => current.clone(),
    };
    let mut folders: Vec<PathBuf> = batch.workspace.iter().map(|folder| current.join(folder)).collect();
    folders.extend([beside, current]);
    Ok(folders)
}

fn dry_run(plan: &Plan, common: &Common) -> Result<(), Failure> {
    let steps = plan.order().map(|at| &plan.script.steps[at]);
    if common.json {
        let steps: Vec<Json> = steps
            .map(|step| json!({ "id": step.id, "command": step.command, "needs": step.needs }))
            .collect();
        return print(json!({ "steps": steps }));
    }
    for step in steps {
        print(format_args!("{}\t{}", step.id, step.command))?;
    }
    Ok(())
}

fn finish(plan: &Plan, outcome: Outcome, signals: &Signals, common: &Common) -> Result<(), Failure> {
    tell(&plan.script.warnings);
    tell(&outcome.diagnostics);
    let failure = outcome.failure.as_ref().map(|(step, error)| failure(plan, step, error, signals));
    if common.json {
        let mut result = result(&outcome);
        if let Some(failure) = &failure {
            result["error"] = json!({ "code": failure.code, "message": failure.to_string() });
        }
        print(result)?;
    }
    failure.map_or(Ok(()), Err)
}

fn failure(plan: &Plan, step: &batch::Step, error: &CommandError, signals: &Signals) -> Failure {
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

/// The result of a run as one object.
fn result(outcome: &Outcome) -> Json {
    let outputs: Vec<&Json> =
        outcome.steps.iter().map(|step| &step.result).filter(|r| r.get("sha256").is_some()).collect();
    let timings: Map<String, Json> =
        outcome.steps.iter().map(|step| (step.id.clone(), step.ms.into())).collect();
    let results: Map<String, Json> =
        outcome.steps.iter().map(|step| (step.id.clone(), step.result.clone())).collect();
    let ids = |skipped: bool| -> Vec<&String> {
        outcome.steps.iter().filter(|step| step.skipped == skipped).map(|step| &step.id).collect()
    };
    json!({
        "outputs": outputs,
        "ran": ids(false),
        "skipped": ids(true),
        "cacheHits": [],
        "timings": timings,
        "results": results,
        "events": outcome.steps.iter().flat_map(|step| &step.events).collect::<Vec<_>>(),
        "warnings": outcome.diagnostics,
    })
}
