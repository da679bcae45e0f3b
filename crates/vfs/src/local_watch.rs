//! Watching a local folder.
//!
//! The operating system's events only say where to look. What is reported is the difference between what was known of those
//! paths and what is there now, so that bursts, renames, replaced files, moved folders and lost events all come out right.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::{fd::AsRawFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher, event::ModifyKind};
use rustix::fs::{AtFlags, FileType, OFlags, statat};

use crate::{
    ChangeKind, Fault, FileKind, PathChange, Report, VfsPath, WatchGuard,
    confine::{FOLDER, REFER, Root, identity, kind_of, names_in, type_of},
    local::host,
    provider::is_unwatched,
};

/// A batch ends when nothing has happened for so long,
const QUIET: Duration = Duration::from_millis(40);
/// and at the latest after this.
const LONGEST: Duration = Duration::from_millis(400);
/// How often everything is looked at once the operating system has refused to watch a folder.
const POLL: Duration = Duration::from_secs(1);

/// Watches a folder and all beneath it, or one file by way of its folder.
pub(crate) fn watch(root: Arc<Root>, path: &VfsPath, report: Report) -> Result<WatchGuard, Fault> {
    let is_folder = root.at(host(path), REFER)?.metadata()?.is_dir();
    if is_folder && path.is_root() && root.is_whole() {
        return Err(Fault::Watch("the whole file system is too much; name a folder".to_owned()));
    }
    let base = if is_folder { path.clone() } else { path.parent().unwrap_or_else(VfsPath::root) };
    let host_base = host_path(&root, &base)?;

    let (sender, events) = mpsc::channel();
    let failed = |error: notify::Error| Fault::Watch(error.to_string());
    // Links are not followed: they may lead out.
    let config = Config::default().with_follow_symlinks(false);
    let handler = move |event| {
        // Nobody listens any more once the watch has stopped.
        let _ = sender.send(event);
    };
    let mut watcher = RecommendedWatcher::new(handler, config).map_err(failed)?;
    let mode = if is_folder { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
    watcher.watch(&host_base, mode).map_err(failed)?;

    let mut index = Index { root, watched: path.clone(), known: BTreeMap::new() };
    index.refresh(path, true, false);
    let stopped = Arc::new(AtomicBool::new(false));
    let batches = Batches { events, host_base, base, report, stopped: stopped.clone() };
    thread::Builder::new().name("vfs-watch".to_owned()).spawn(move || batches.run(index))?;
    Ok(WatchGuard::new(LocalWatch { _watcher: watcher, stopped }))
}

struct LocalWatch {
    _watcher: RecommendedWatcher,
    stopped: Arc<AtomicBool>,
}

impl Drop for LocalWatch {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
    }
}

/// Where a folder beneath the root lies on this machine right now.
fn host_path(root: &Root, folder: &VfsPath) -> Result<PathBuf, Fault> {
    let folder = root.at(host(folder), REFER | FOLDER)?;
    let path = fs::read_link(format!("/proc/self/fd/{}", folder.as_raw_fd()))?;
    let there = fs::metadata(&path)?;
    if identity(&folder)? == (there.dev(), there.ino()) { Ok(path) } else { Err(Fault::Moved) }
}

/// Turns the operating system's events into batches of changes.
struct Batches {
    events: Receiver<notify::Result<Event>>,
    host_base: PathBuf,
    base: VfsPath,
    report: Report,
    stopped: Arc<AtomicBool>,
}

impl Batches {
    fn run(self, mut index: Index) {
        let mut blind = false;
        loop {
            let mut touched = Touched::default();
            let event = if blind {
                self.events.recv_timeout(POLL)
            } else {
                self.events.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match event {
                Ok(event) => {
                    blind |= event.is_err();
                    self.note(event, &mut touched);
                }
                Err(RecvTimeoutError::Timeout) => touched.everything = true,
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if touched.is_empty() {
                continue;
            }
            let end = Instant::now() + LONGEST;
            while Instant::now() < end {
                match self.events.recv_timeout(QUIET) {
                    Ok(event) => {
                        blind |= event.is_err();
                        self.note(event, &mut touched);
                    }
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            let changes = index.update(touched);
            if !changes.is_empty() && !self.stopped.load(Ordering::Acquire) {
                (self.report)(changes);
            }
        }
    }

    fn note(&self, event: notify::Result<Event>, touched: &mut Touched) {
        let Ok(event) = event else {
            touched.everything = true;
            return;
        };
        touched.everything |= event.need_rescan();
        let written = match event.kind {
            EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => return,
            EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any) => true,
            _ => false,
        };
        for path in event.paths.iter().filter_map(|path| self.inside(path)) {
            *touched.paths.entry(path).or_default() |= written;
        }
    }

    /// The path within the mount; none for what is not watched and for names that are not UTF-8.
    fn inside(&self, path: &Path) -> Option<VfsPath> {
        let mut inside = self.base.clone();
        for name in path.strip_prefix(&self.host_base).ok()? {
            inside = inside.child(name.to_str().filter(|name| !is_unwatched(name))?);
        }
        Some(inside)
    }
}

/// What to look at: paths, each with whether it was written to.
#[derive(Default)]
struct Touched {
    paths: BTreeMap<VfsPath, bool>,
    everything: bool,
}

impl Touched {
    fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.everything
    }
}

/// What tells whether a file is still the same.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    kind: FileKind,
    inode: u64,
    /// Length and time of change, for anything but a folder.
    content: (i64, i64, i64),
}

/// What is known beneath the watched path.
struct Index {
    root: Arc<Root>,
    watched: VfsPath,
    known: BTreeMap<VfsPath, Stamp>,
}

impl Index {
    fn update(&mut self, touched: Touched) -> Vec<PathChange> {
        let mut found = Vec::new();
        if touched.everything {
            found.extend(self.refresh(&self.watched.clone(), true, false));
        }
        for (path, written) in touched.paths {
            if path.starts_with(&self.watched) {
                found.extend(self.refresh(&path, false, written));
            }
        }
        let mut changes = BTreeMap::new();
        for (path, kind) in found {
            match (changes.get(&path), kind) {
                (Some(ChangeKind::Created), ChangeKind::Removed) => changes.remove(&path),
                (Some(ChangeKind::Created), _) => None,
                (Some(ChangeKind::Removed), _) => changes.insert(path, ChangeKind::Modified),
                _ => changes.insert(path, kind),
            };
        }
        changes.into_iter().map(|(path, kind)| PathChange { path, kind }).collect()
    }

    /// Looks at `path` again, and at all beneath it if that is asked for or if it is not the file or folder that it was.
    fn refresh(&mut self, path: &VfsPath, deep: bool, written: bool) -> Vec<(VfsPath, ChangeKind)> {
        let found = self.stamp(path);
        let same = |old: &Stamp| found.is_some_and(|new| (old.kind, old.inode) == (new.kind, new.inode));
        let deep = deep || !self.known.get(path).is_some_and(same);
        let mut fresh: BTreeMap<VfsPath, Stamp> =
            found.map(|stamp| (path.clone(), stamp)).into_iter().collect();
        if deep && found.is_some_and(|stamp| stamp.kind == FileKind::Directory) {
            self.scan(path, &mut fresh);
        }
        let before: BTreeSet<VfsPath> = if deep {
            let from = self.known.range(path.clone()..).map(|(known, _)| known);
            // Names such as `a-b` sort between `a` and what is beneath it.
            from.take_while(|known| known.as_str().starts_with(path.as_str()))
                .filter(|known| known.starts_with(path))
                .cloned()
                .collect()
        } else {
            BTreeSet::from([path.clone()])
        };

        let mut changes = Vec::new();
        for gone in before.iter().filter(|known| !fresh.contains_key(*known)) {
            self.known.remove(gone);
            changes.push((gone.clone(), ChangeKind::Removed));
        }
        for (path, new) in fresh {
            match self.known.insert(path.clone(), new) {
                None => changes.push((path, ChangeKind::Created)),
                Some(old) if new.kind == FileKind::Directory && old.kind == new.kind => {}
                Some(old) if old != new || written => changes.push((path, ChangeKind::Modified)),
                Some(_) => {}
            }
        }
        changes
    }

    /// What is at `path` itself, links not followed.
    fn stamp(&self, path: &VfsPath) -> Option<Stamp> {
        let metadata = self.root.at(host(path), REFER | OFlags::NOFOLLOW).ok()?.metadata().ok()?;
        let content = (metadata.len().cast_signed(), metadata.mtime(), metadata.mtime_nsec());
        Some(Stamp::new(kind_of(type_of(&metadata)), metadata.ino(), content))
    }

    /// Adds everything beneath the folder; what vanishes meanwhile is left out, and its event follows.
    fn scan(&self, folder: &VfsPath, found: &mut BTreeMap<VfsPath, Stamp>) {
        let mut folders = vec![folder.clone()];
        while let Some(folder) = folders.pop() {
            let Ok(open) = self.root.at(host(&folder), FOLDER | OFlags::NOFOLLOW) else { continue };
            for (name, _) in names_in(&open).unwrap_or_default() {
                let Some(name) = name.to_str().filter(|name| !is_unwatched(name)) else { continue };
                let Ok(stat) = statat(&open, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
                let kind = kind_of(FileType::from_raw_mode(stat.st_mode));
                let path = folder.child(name);
                if kind == FileKind::Directory {
                    folders.push(path.clone());
                }
                let changed = (stat.st_size, stat.st_mtime, stat.st_mtime_nsec.cast_signed());
                found.insert(path, Stamp::new(kind, stat.st_ino, changed));
            }
        }
    }
}

impl Stamp {
    fn new(kind: FileKind, inode: u64, content: (i64, i64, i64)) -> Self {
        Stamp { kind, inode, content: if kind == FileKind::Directory { (0, 0, 0) } else { content } }
    }
}

#[cfg(test)]
mod tests {
    use notify::event::Flag;

    use super::*;

    #[test]
    fn lost_events_are_made_up_for_by_looking_at_everything() {
        let folder = tempfile::tempdir().unwrap();
        let root = Arc::new(Root::beneath(folder.path()).unwrap());
        let index = Index { root, watched: VfsPath::root(), known: BTreeMap::new() };
        let ((sender, events), (reports, reported)) = (mpsc::channel(), mpsc::channel());
        let batches = Batches {
            events,
            host_base: folder.path().to_owned(),
            base: VfsPath::root(),
            report: Arc::new(move |changes| reports.send(changes).unwrap()),
            stopped: Arc::default(),
        };
        let thread = thread::spawn(move || batches.run(index));
        let expect = |name: &str, kind| {
            let changes = reported.recv_timeout(Duration::from_secs(20)).unwrap();
            let change = PathChange { path: VfsPath::parse(name).unwrap(), kind };
            assert!(changes.contains(&change), "{changes:?}");
        };
        fs::write(folder.path().join("overflown"), "").unwrap();
        sender.send(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan))).unwrap();
        expect("overflown", ChangeKind::Created);
        fs::write(folder.path().join("overflown"), "longer").unwrap();
        sender.send(Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch))).unwrap();
        expect("overflown", ChangeKind::Modified);
        fs::remove_file(folder.path().join("overflown")).unwrap();
        expect("overflown", ChangeKind::Removed);
        drop(sender);
        thread.join().unwrap();
    }
}
