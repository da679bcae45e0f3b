//! `--batch`: runs a script.

mod told;
mod watch;

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use base::BlobHash;
use batch::{Options, Plan, Script, World};
use kernel::{Kernel, ports::Clock};
use serde_json::json;

use super::{current_folder, progress::Teller};
use crate::{
    assembly::{self, Home},
    builds::{Memory, Noted, RunRecord, attest, keep_whole, recall, signing_key, whole, whole_key},
    cli::{Batch, Common, ProgressMode},
    memory,
    ports::SystemClock,
    report::{BAD_INPUT, Failure, print, tell},
    signals::Signals,
};

/// Runs a script; `-` reads it from stdin.
pub fn run(path: &Path, batch: &Batch, common: &Common) -> Result<(), Failure> {
    memory::keep_freed();
    let signals = Signals::listen()?;
    let wish = Wish { path, name: path.display().to_string(), folders: folders(path, batch)?, batch, common };
    match batch.watch {
        true => watch::run(&wish, &signals),
        false => wish.fulfil(&signals, false).1,
    }
}

/// A script that is to be run, and how.
struct Wish<'w> {
    path: &'w Path,
    name: String,
    folders: Vec<PathBuf>,
    batch: &'w Batch,
    common: &'w Common,
}

/// What a run came upon.
#[derive(Default)]
struct Seen {
    /// The script, what it includes, and the files that its steps read.
    files: BTreeSet<PathBuf>,
    /// The folders in which its loops look for files.
    folders: BTreeSet<PathBuf>,
}

impl Wish<'_> {
    /// Runs the script once. `again` says that what it comes upon is known; else it is told also of a run of which nothing
    /// was left to be done.
    fn fulfil(&self, signals: &Signals, again: bool) -> (Seen, Result<(), Failure>) {
        let mut seen = Seen::default();
        let ended = self.run(signals, again, &mut seen);
        (seen, ended)
    }

    fn text(&self) -> Result<String, Failure> {
        let read = match self.path.as_os_str() == "-" {
            true => io::read_to_string(io::stdin()),
            false => fs::read_to_string(self.path),
        };
        read.map_err(|error: io::Error| Failure::new(BAD_INPUT, format!("{}: {error}", self.name)))
    }

    fn run(&self, signals: &Signals, again: bool, seen: &mut Seen) -> Result<(), Failure> {
        let Wish { path, name, folders, batch, common } = self;
        seen.files.insert(folders.last().map_or_else(|| path.to_path_buf(), |folder| folder.join(path)));
        let text = self.text()?;
        let gpu = assembly::gpu(common);
        let registry = assembly::registry_on(gpu.clone())?;
        let settings = assembly::settings(&registry, common, batch.workspace.as_deref())?;
        let files = Arc::new(assembly::local_files(folders.clone(), &settings)?);
        let names = Names::new(path, batch.workspace.as_deref(), &text);
        let memory = Memory::open(&settings, names.script.clone(), folders, &common.adapter, gpu);
        let mut memory = memory.unwrap_or_else(|trouble| {
            tell(&[trouble]);
            None
        });
        let world = Beside(folders);
        let noted = Noted::new(&world);
        let started = SystemClock.now();
        let whole = memory
            .as_ref()
            .filter(|_| batch.workspace.is_none())
            .map(|memory| whole_key(&memory.environment, &memory.script, &text, &batch.set));
        if let (Some(key), Some(memory)) = (whole.filter(|_| self.may_be_whole(again)), &mut memory)
            && let Some(whole) = recall(&mut memory.versions, key, &world, &*files)
            && let Some(result) = result_of(memory, key, common)
        {
            memory.end_idle(started, SystemClock.now(), whole.steps);
            tell(&whole.told);
            return result.map_or(Ok(()), print);
        }
        let script = Script::read(name, &text, &batch.set, &noted);
        seen.files.extend(noted.includes().map(|file| self.place(Path::new(&file))));
        seen.folders.extend(noted.patterns().flat_map(|pattern| self.bases(&pattern)));
        let plan = Plan::new(script?, &registry)?;
        if batch.dry_run {
            let mut kernel = match batch.workspace.as_deref().filter(|folder| assembly::is_workspace(folder))
            {
                Some(folder) => {
                    Some(assembly::kernel_with(registry, settings, &Home::Reading { folder }, files.clone())?)
                }
                None => None,
            };
            let place = batch.workspace.as_deref().zip(kernel.as_ref().map(Kernel::replica));
            let known = memory.as_mut().map(|memory| memory.known(place, files, batch.force));
            let workspace = kernel.as_mut().map(|kernel| (kernel, names.local.as_str()));
            return told::dry_run(&plan, &batch::preview(&plan, known, workspace)?, common);
        }
        // Before the work, so that a wrong key does not cost it.
        let key = if batch.attest { signing_key(&settings)? } else { None };
        let seed = names.local.as_bytes();
        let home = match &batch.workspace {
            Some(folder) => Home::Workspace { folder },
            None => Home::Memory { seed },
        };
        let given = settings.given();
        let mut kernel = assembly::kernel_with(registry, settings, &home, files.clone())?;
        let context = assembly::context(kernel.settings());
        let mut teller = Teller::new(batch.progress, plan.script.steps.len());
        if let Some(memory) = &mut memory {
            memory.begin(started);
        }
        let place = batch.workspace.as_deref().map(|folder| (folder, kernel.replica()));
        let known = memory.as_mut().map(|memory| memory.known(place, files.clone(), batch.force));
        let workspace = batch.workspace.as_ref().map(|_| names.local.as_str());
        // What others make by scripts of the same name in their copies of the workspace is something else.
        let seed = match workspace {
            Some(_) => [seed, &kernel.replica().0.to_le_bytes()].concat(),
            None => seed.to_vec(),
        };
        let options = Options { lanes: lanes(batch), context: &context, seed: &seed, workspace, known };
        let mut outcome = batch::run(&mut kernel, &plan, options, &mut teller, signals);
        teller.finish();
        let closed = kernel.close();
        let failure =
            outcome.failure.as_ref().map(|(step, error)| told::failure(&plan, step, error, signals));
        let record = RunRecord {
            script: name.clone(),
            script_hash: BlobHash::of(text.as_bytes()),
            variables: batch
                .set
                .iter()
                .map(|(name, _)| (name.clone(), plan.script.vars[name].clone()))
                .collect(),
            settings: given.as_object().cloned().unwrap_or_default(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            environment: memory.as_ref().map(|memory| memory.environment.clone()).unwrap_or_default(),
            folders: folders.iter().map(|folder| folder.display().to_string()).collect(),
            started,
            ended: SystemClock.now(),
            error: failure.as_ref().map(Failure::to_string),
            steps: RunRecord::steps(&plan, &outcome),
        };
        let steps: Vec<_> = record.steps.iter().collect();
        seen.files.extend(RunRecord::outside(&steps).into_iter().flat_map(|path| files.host_places(path)));
        let mut statements = Vec::new();
        if batch.attest && failure.is_none() {
            let run = memory.as_ref().and_then(Memory::run).unwrap_or_default();
            statements = attest(&record, &text, run, key.as_ref(), &*files)?;
        }
        if let Some(memory) = &mut memory {
            memory.end(told::in_a_word(&outcome), &record);
            if let (Some(key), Some(origins)) = (whole, outcome.origins.take()) {
                let told = plan.script.warnings.iter().chain(&outcome.diagnostics).cloned().collect();
                let result = told::result(&outcome, &[]).to_string();
                let run = (outcome.steps.len(), result.as_str());
                keep_whole(&mut memory.versions, key, noted, &origins, told, run);
            }
        }
        outcome.diagnostics.extend(memory.and_then(Memory::close));
        tell(&plan.script.warnings);
        tell(&outcome.diagnostics);
        if common.json {
            let mut result = told::result(&outcome, &statements);
            if let Some(failure) = &failure {
                result["error"] = json!({ "code": failure.code, "message": failure.to_string() });
            }
            print(result)?;
        }
        failure.map_or(Ok(()), Err)?;
        Ok(closed?)
    }

    /// Whether it is enough to see that nothing is left to be done.
    fn may_be_whole(&self, again: bool) -> bool {
        let batch = self.batch;
        let to_be_told = batch.dry_run || batch.attest || batch.progress == ProgressMode::Json;
        !to_be_told && !batch.force && (again || !batch.watch)
    }

    /// A path of the command line.
    fn place(&self, path: &Path) -> PathBuf {
        self.folders.last().map_or_else(|| path.to_owned(), |folder| folder.join(path))
    }

    /// The folders in which a pattern may find files.
    fn bases(&self, pattern: &str) -> Vec<PathBuf> {
        let is_wild = |part: &&str| part.contains(['*', '?', '[']);
        let fixed: PathBuf = pattern.split('/').take_while(|part| !is_wild(part)).collect();
        self.folders.iter().map(|folder| folder.join(&fixed)).collect()
    }
}

/// What tells a script from others.
struct Names {
    /// Among all scripts of the machine.
    script: String,
    /// Among those whose documents may meet. What a step makes has the same ids in every run, whatever else the script
    /// comes to say.
    local: String,
}

impl Names {
    fn new(path: &Path, workspace: Option<&Path>, text: &str) -> Self {
        if path.as_os_str() == "-" {
            let name = match workspace {
                Some(_) => format!("-{}", BlobHash::of(text.as_bytes())),
                None => "-".to_owned(),
            };
            return Names { script: name.clone(), local: name };
        }
        let script = whole(path);
        let local = match workspace {
            Some(folder) => script.strip_prefix(whole(folder)).unwrap_or(&script).to_string_lossy(),
            None => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy(),
        };
        Names { local: local.into_owned(), script: script.display().to_string() }
    }
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
