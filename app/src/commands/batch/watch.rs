//! `--watch`: runs a script again whenever a file changes that it follows from.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    time::{Duration, SystemTime},
};

use batch::Interrupt;
use vfs::WatchGuard;

use super::{Seen, Wish};
use crate::{
    ports::LocalFiles,
    report::{Failure, WRONG_USAGE},
    signals::Signals,
};

/// How often it is looked whether the process is to end.
const LOOK: Duration = Duration::from_millis(100);
/// In how many files of one folder each is watched by itself; above, the folder is watched.
const FEW: usize = 4;

/// Runs the script, and again after each change, until the process is asked to stop. What goes wrong with it is told, and
/// put right by the next change.
pub fn run(wish: &Wish<'_>, signals: &Signals) -> Result<(), Failure> {
    if wish.path.as_os_str() == "-" {
        return Err(Failure::new(WRONG_USAGE, "--watch needs a script in a file: stdin does not change"));
    }
    let files = LocalFiles::new(wish.folders.clone(), base::Limits::default(), Vec::new())
        .map_err(|error| Failure::new(1, error))?;
    let mut watched = Watched::default();
    let (sender, changes) = mpsc::channel();
    for again in std::iter::once(false).chain(std::iter::repeat(true)) {
        let started = SystemTime::now();
        let (seen, ended) = wish.fulfil(signals, again);
        if let Some(code) = signals.exit_code() {
            return Err(Failure::new(code, "stopped"));
        }
        if let Err(failure) = ended {
            eprintln!("metabuilder: {failure}");
        }
        let is_more = watched.extend(seen, &files, &sender);
        if !(is_more && watched.has_changed_since(started)) {
            wait(&changes, signals)?;
        }
        while changes.try_recv().is_ok() {}
    }
    Ok(())
}

fn wait(changes: &mpsc::Receiver<()>, signals: &Signals) -> Result<(), Failure> {
    loop {
        match changes.recv_timeout(LOOK) {
            Ok(()) => return Ok(()),
            Err(RecvTimeoutError::Timeout) if signals.requested() => {
                return Err(Failure::new(signals.exit_code().unwrap_or(1), "stopped"));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Failure::new(1, "watching came to an end")),
        }
    }
}

/// What is watched so far.
#[derive(Default)]
struct Watched {
    files: BTreeSet<PathBuf>,
    guards: BTreeMap<PathBuf, WatchGuard>,
}

impl Watched {
    /// Whether a file has changed while it may not have been watched yet.
    fn has_changed_since(&self, start: SystemTime) -> bool {
        let changed = |file: &PathBuf| file.metadata().and_then(|file| file.modified());
        self.files.iter().filter_map(|file| changed(file).ok()).any(|time| time >= start)
    }

    /// Watches what a run came upon, too, and says whether that is more than before.
    fn extend(&mut self, seen: Seen, files: &LocalFiles, changed: &Sender<()>) -> bool {
        let before = self.guards.len();
        self.files.extend(seen.files);
        let mut by_folder: BTreeMap<&Path, Vec<&PathBuf>> = BTreeMap::new();
        for file in &self.files {
            by_folder.entry(file.parent().unwrap_or(Path::new("/"))).or_default().push(file);
        }
        let mut places: BTreeSet<PathBuf> = seen.folders;
        for (folder, files) in by_folder {
            match files.len() <= FEW {
                true => places.extend(files.into_iter().cloned()),
                false => drop(places.insert(folder.to_owned())),
            }
        }
        for place in places {
            let watches = |guard: &&PathBuf| place.starts_with(guard) && guard.is_dir();
            if self.guards.contains_key(&place) || self.guards.keys().any(|guard| watches(&guard)) {
                continue;
            }
            let changed = changed.clone();
            // A place where there is nothing yet is watched by a run that finds something there.
            let report = move || {
                // Nobody listens any more when the process ends.
                let _ = changed.send(());
            };
            if let Ok(guard) = files.watch(&place, report) {
                self.guards.insert(place, guard);
            }
        }
        self.guards.len() > before
    }
}
