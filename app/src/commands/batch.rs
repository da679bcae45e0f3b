//! `--batch`: runs a script.

use std::{
    env, fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use base::{BlobHash, Diagnostic};
use batch::{Known, Options, Outcome, Plan, Preview, Script, Way, World};
use kernel::{CommandError, Settings};
use serde_json::{Map, Value as Json, json};
use store::StepCache;

use super::{current_folder, progress::Teller};
use crate::{
    assembly::{self, Home},
    cli::{Batch, Common},
    ports::StepVersions,
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
    let plan = Plan::new(script, &assembly::registry()?)?;
    if batch.dry_run {
        let registry = assembly::registry()?;
        let settings = assembly::settings(&registry, common, batch.workspace.as_deref())?;
        let mut memory = Memory::open(&settings, batch);
        let files = Arc::new(assembly::local_files(folders.clone(), &assembly::limits(&settings))?);
        let known = memory.as_mut().map(|memory| memory.known(path, &folders, &settings, files, batch));
        return dry_run(&plan, &batch::preview(&plan, known), common);
    }
    let signals = Signals::listen()?;
    // What a step makes has the same ids in every run, whatever else the script comes to say.
    let seed = path.file_name().unwrap_or(path.as_os_str()).as_encoded_bytes().to_vec();
    let home = match &batch.workspace {
        Some(folder) => Home::Workspace { folder },
        None => Home::Memory { seed: &seed },
    };
    let mut kernel = assembly::kernel(common, &home, folders.clone())?;
    let settings = kernel.settings().clone();
    let mut memory = Memory::open(&settings, batch);
    let seed = match &batch.workspace {
        Some(_) => [kernel.run_seed()?.as_slice(), &plan.script.hash].concat(),
        None => seed,
    };
    let context = assembly::context(&settings);
    let mut teller = Teller::new(batch.progress, plan.script.steps.len());
    let known =
        memory.as_mut().map(|memory| memory.known(path, &folders, &settings, kernel.files().clone(), batch));
    let options = Options { lanes: lanes(batch), context: &context, seed: &seed, known };
    let mut outcome = batch::run(&mut kernel, &plan, options, &mut teller, &signals);
    teller.finish();
    outcome.diagnostics.extend(memory.and_then(Memory::close));
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

/// What is kept from run to run.
struct Memory {
    versions: StepVersions,
    most: u64,
}

impl Memory {
    /// The user's cache of steps; none when nothing is to be kept, or when the documents of the run are to stay.
    fn open(settings: &Settings, batch: &Batch) -> Option<Self> {
        let most = settings.get("batch.cacheBytes").as_u64().unwrap_or_default();
        let folder = assembly::user_folder("XDG_CACHE_HOME", ".cache").filter(|_| most > 0)?;
        if batch.workspace.is_some() {
            return None;
        }
        match StepCache::open(&folder.join("metabuilder")) {
            Ok(cache) => Some(Memory { versions: StepVersions::new(cache, settings), most }),
            Err(error) => {
                tell(&[Diagnostic::warning("the cache of steps", error.to_string())]);
                None
            }
        }
    }

    fn known(
        &mut self,
        script: &Path,
        folders: &[PathBuf],
        settings: &Settings,
        files: Arc<dyn kernel::ports::Files>,
        batch: &Batch,
    ) -> Known<'_> {
        let program = env::current_exe().and_then(|path| path.metadata());
        let program = program.map(|file| (file.len(), file.mtime(), file.mtime_nsec())).unwrap_or_default();
        let environment = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "program": program,
            "settings": settings.given(),
            "folders": folders,
        });
        let script = match script.as_os_str() == "-" {
            true => "-".to_owned(),
            false => fs::canonicalize(script).unwrap_or_else(|_| script.to_owned()).display().to_string(),
        };
        Known {
            versions: &mut self.versions,
            files,
            environment: BlobHash::of(environment.to_string().as_bytes()).to_string(),
            script,
            force: batch.force,
        }
    }

    fn close(self) -> Option<Diagnostic> {
        self.versions.close(self.most)
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
