//! A folder of this machine as a mount.

use std::{
    collections::HashSet,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, fstat, fsync, mkdirat, statat, unlinkat},
    io::Errno,
};

use crate::{
    AtomicWrite, Capabilities, Entry, Fault, FileKind, Listing, Metadata, OpenFile, Provider, Report,
    TEMPORARY_PREFIX, VfsError, VfsPath, WatchGuard,
    confine::{FOLDER, REFER, Root, check_is_file, identity, kind_of, names_in, type_of},
    local_watch,
    local_write::{self, LocalWriter},
};

/// How far apart two changes of a file may be that have the same time; ticks of the kernel are 10 ms at most.
const STEP_OF_TIMES: Duration = Duration::from_millis(50);

/// Files beneath a folder of this machine. The folder is opened once; every path is resolved beneath that descriptor by the
/// kernel, so that neither symbolic links nor renames nor races lead out of it. Symbolic links that stay inside are followed.
pub struct LocalProvider {
    root: Arc<Root>,
    /// Folders in which this provider has looked for what dead processes left.
    swept: Mutex<HashSet<(u64, u64)>>,
}

impl LocalProvider {
    /// The folder `root`, itself reached in whatever way.
    pub fn new(root: impl Into<PathBuf>) -> Result<Self, VfsError> {
        let path = root.into();
        Root::beneath(&path).map(Self::with_root).map_err(|fault| VfsError::Host { path, fault })
    }

    /// Every file of this machine, for paths that the user names in full. Here absolute symbolic links are followed as well.
    pub fn whole_file_system() -> Result<Self, VfsError> {
        Root::whole().map(Self::with_root).map_err(|fault| VfsError::Host { path: "/".into(), fault })
    }

    fn with_root(root: Root) -> Self {
        LocalProvider { root: Arc::new(root), swept: Mutex::default() }
    }

    fn sweep_once(&self, folder: &std::fs::File) -> Result<(), Fault> {
        let first = self.swept.lock().unwrap_or_else(PoisonError::into_inner).insert(identity(folder)?);
        if first { local_write::sweep(folder) } else { Ok(()) }
    }

    /// Makes the one folder `path` unless it is there.
    fn create_dir(&self, path: &VfsPath) -> Result<(), Fault> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
        let parent = self.root.at(host(&parent), FOLDER)?;
        match mkdirat(&parent, name, Mode::from_raw_mode(0o777)) {
            Ok(()) => Ok(fsync(&parent)?),
            Err(Errno::EXIST) => self.root.at(host(path), REFER | FOLDER).map(drop),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// The path as seen from the root's descriptor.
pub(crate) fn host(path: &VfsPath) -> &Path {
    Path::new(path.as_str())
}

fn metadata_of(metadata: &std::fs::Metadata) -> Metadata {
    let kind = kind_of(type_of(metadata));
    Metadata {
        kind,
        len: if kind == FileKind::File { metadata.len() } else { 0 },
        modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
    }
}

impl Provider for LocalProvider {
    fn capabilities(&self) -> Capabilities {
        Capabilities { write: true, watch: true }
    }

    fn open(&self, path: &VfsPath) -> Result<OpenFile, Fault> {
        // Looked at before it is opened, because opening alone wakes the other end of a pipe or a device; and again after,
        // because it may have been replaced in between.
        check_is_file(type_of(&self.root.at(host(path), REFER)?.metadata()?))?;
        let file = self.root.at(host(path), OFlags::RDONLY)?;
        let metadata = file.metadata()?;
        check_is_file(type_of(&metadata))?;
        Ok(OpenFile::new(metadata_of(&metadata), file))
    }

    fn metadata(&self, path: &VfsPath) -> Result<Metadata, Fault> {
        Ok(metadata_of(&self.root.at(host(path), REFER)?.metadata()?))
    }

    fn state(&self, path: &VfsPath) -> Result<Option<String>, Fault> {
        let stat = match self.root.is_whole() {
            // Nothing is to be kept in, and a third of the time is enough.
            true if !path.is_root() => statat(self.root.folder(), host(path), AtFlags::empty())?,
            _ => fstat(self.root.at(host(path), REFER)?)?,
        };
        // Times move on in steps: what is changed right after may have the same ones.
        let changed = Duration::new(stat.st_ctime.max(0) as u64, stat.st_ctime_nsec as u32);
        let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().checked_sub(changed);
        let settled = age.is_some_and(|age| age > STEP_OF_TIMES);
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        Ok((is_file && settled).then(|| {
            format!(
                "{}:{}:{}:{}.{}:{}.{}",
                stat.st_dev,
                stat.st_ino,
                stat.st_size,
                stat.st_mtime,
                stat.st_mtime_nsec,
                stat.st_ctime,
                stat.st_ctime_nsec
            )
        }))
    }

    fn list(&self, path: &VfsPath) -> Result<Listing, Fault> {
        let mut listing = Listing::default();
        for (name, file_type) in names_in(&self.root.at(host(path), FOLDER)?)? {
            if name.as_bytes().starts_with(TEMPORARY_PREFIX.as_bytes()) {
                continue;
            }
            let Some(name) = name.to_str().map(str::to_owned) else {
                listing.undecodable.push(name.to_string_lossy().into_owned());
                continue;
            };
            let kind = match file_type {
                FileType::Symlink | FileType::Unknown => {
                    self.metadata(&path.child(&name)).map_or(FileKind::Link, |metadata| metadata.kind)
                }
                known => kind_of(known),
            };
            listing.entries.push(Entry { name, kind });
        }
        listing.entries.sort_by(|a, b| a.name.cmp(&b.name));
        listing.undecodable.sort();
        Ok(listing)
    }

    fn write_atomic(&self, path: &VfsPath) -> Result<Box<dyn AtomicWrite>, Fault> {
        let place = self.root.place_of(host(path))?;
        let replaced = place.replaced()?;
        self.sweep_once(&place.folder)?;
        Ok(Box::new(LocalWriter::begin(self.root.clone(), place, replaced)?))
    }

    fn remove(&self, path: &VfsPath) -> Result<(), Fault> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Fault::MountRoot);
        };
        let parent = self.root.at(host(&parent), FOLDER)?;
        let stat = statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let flags = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => AtFlags::REMOVEDIR,
            FileType::RegularFile | FileType::Symlink => AtFlags::empty(),
            special => return check_is_file(special),
        };
        Ok(unlinkat(&parent, name, flags)?)
    }

    fn create_dir_all(&self, path: &VfsPath) -> Result<(), Fault> {
        let mut folder = VfsPath::root();
        for name in path.components() {
            folder = folder.child(name);
            self.create_dir(&folder)?;
        }
        Ok(())
    }

    fn watch(&self, path: &VfsPath, report: Report) -> Result<WatchGuard, Fault> {
        local_watch::watch(self.root.clone(), path, report)
    }
}
