//! `--batch`: runs a script.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use base::BlobHash;
use batch::{Options, Outcome, Plan, Preview, Script, Way, World};
use kernel::{CommandError, ports::Clock};
use serde_json::{Map, Value as Json, json};

use super::{current_folder, progress::Teller};
use crate::{
    assembly::{self, Home},
    builds::{Memory, Noted, RunRecord, attest, keep_whole, recall, whole_key},
    cli::{Batch, Common, ProgressMode},
    ports::SystemClock,
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
    let registry = assembly::registry()?;
    let settings = assembly::settings(&registry, common, batch.workspace.as_deref())?;
    let files = Arc::new(assembly::local_files(folders.clone(), &assembly::limits(&settings))?);
    let mut memory = Memory::open(&settings, path, &folders).unwrap_or_else(|trouble| {
        tell(&[trouble]);
        None
    });
    let world = Beside(&folders);
    let noted = Noted::new(&world);
    let started = SystemClock.now();
    let whole = memory
        .as_ref()
        .filter(|_| batch.workspace.is_none())
        .map(|memory| whole_key(&memory.environment, &memory.script, &text, &batch.set));
    let may_be_whole =
        !batch.dry_run && !batch.force && !batch.attest && batch.progress != ProgressMode::Json;
    if let (Some(key), Some(memory)) = (whole.filter(|_| may_be_whole), &mut memory)
        && let Some(whole) = recall(&mut memory.versions, key, &world, &*files)
        && let Some(result) = result_of(memory, key, common)
    {
        memory.end_idle(started, SystemClock.now(), whole.steps);
        tell(&whole.told);
        return result.map_or(Ok(()), print);
    }
    let script = Script::read(&name, &text, &batch.set, &noted)?;
    let plan = Plan::new(script, &registry)?;
    if batch.dry_run {
        let known = remembered(&mut memory, batch).map(|memory| memory.known(files, batch.force));
        return dry_run(&plan, &batch::preview(&plan, known), common);
    }
    let signals = Signals::listen()?;
    // What a step makes has the same ids in every run, whatever else the script comes to say.
    let seed = path.file_name().unwrap_or(path.as_os_str()).as_encoded_bytes().to_vec();
    let home = match &batch.workspace {
        Some(folder) => Home::Workspace { folder },
        None => Home::Memory { seed: &seed },
    };
    let given = settings.given();
    let mut kernel = assembly::kernel_with(registry, settings, &home, files.clone())?;
    let seed = match &batch.workspace {
        Some(_) => [kernel.run_seed()?.as_slice(), &plan.script.hash].concat(),
        None => seed,
    };
    let context = assembly::context(kernel.settings());
    let mut teller = Teller::new(batch.progress, plan.script.steps.len());
    if let Some(memory) = &mut memory {
        memory.begin(started);
    }
    let known = remembered(&mut memory, batch).map(|memory| memory.known(files.clone(), batch.force));
    let options = Options { lanes: lanes(batch), context: &context, seed: &seed, known };
    let mut outcome = batch::run(&mut kernel, &plan, options, &mut teller, &signals);
    teller.finish();
    let closed = kernel.close();
    let failure = outcome.failure.as_ref().map(|(step, error)| failure(&plan, step, error, &signals));
    let record = RunRecord {
        script: name,
        script_hash: BlobHash::of(text.as_bytes()),
        variables: batch.set.iter().map(|(name, _)| (name.clone(), plan.script.vars[name].clone())).collect(),
        settings: given.as_object().cloned().unwrap_or_default(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        environment: memory.as_ref().map(|memory| memory.environment.clone()).unwrap_or_default(),
        folders: folders.iter().map(|folder| folder.display().to_string()).collect(),
        started,
        ended: SystemClock.now(),
        error: failure.as_ref().map(Failure::to_string),
        steps: RunRecord::steps(&plan, &outcome),
    };
    let run = memory.as_ref().and_then(Memory::run).unwrap_or_default();
    let mut statements = Vec::new();
    if batch.attest && failure.is_none() {
        let key = kernel.settings().text("attest.key").unwrap_or_default();
        statements = attest(&record, &text, run, key, &*files)?;
    }
    if let Some(memory) = &mut memory {
        let in_a_word = match &outcome.failure {
            None => "done",
            Some((_, CommandError::Cancelled)) => "cancelled",
            Some(_) => "failed",
        };
        memory.end(in_a_word, &record);
        if let (Some(key), Some(origins)) = (whole, outcome.origins.take()) {
            let told = plan.script.warnings.iter().chain(&outcome.diagnostics).cloned().collect();
            let result = result(&outcome, &[]).to_string();
            keep_whole(&mut memory.versions, key, noted, &origins, told, (outcome.steps.len(), &result));
        }
    }
    outcome.diagnostics.extend(memory.and_then(Memory::close));
    tell(&plan.script.warnings);
    tell(&outcome.diagnostics);
    if common.json {
        let mut result = result(&outcome, &statements);
        if let Some(failure) = &failure {
            result["error"] = json!({ "code": failure.code, "message": failure.to_string() });
        }
        print(result)?;
    }
    failure.map_or(Ok(()), Err)?;
    Ok(closed?)
}

/// What is kept from run to run, for runs whose documents are not to stay.
fn remembered<'m>(memory: &'m mut Option<Memory>, batch: &Batch) -> Option<&'m mut Memory> {
    memory.as_mut().filter(|_| batch.workspace.is_none())
}

/// What a run told of which nothing was left to be done: its result, if it is to be printed. None when it is forgotten.
fn result_of(memory: &mut Memory, key: [u8; 32], common: &Common) -> Option<Option<String>> {
    match common.json {
        false => Some(None),
        true => memory.versions.builds().whole_result(key).ok()?.map(Some),
    }
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

fn dry_run(plan: &Plan, previews: &[Preview], common: &Common) -> Result<(), Failure> {
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
fn result(outcome: &Outcome, statements: &[String]) -> Json {
    let outputs: Vec<&Json> =
        outcome.steps.iter().map(|step| &step.result).filter(|r| r.get("sha256").is_some()).collect();
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
