//! Files by path as people and scripts write them, through the vfs.

use std::{
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use base::Limits;
use kernel::ports::{FileError, FileFault, Files, Folder, Purpose, Stamp};
use vfs::{Access, Fault, FileKind, LocalProvider, RemoteFault, Uri, Vfs, VfsError};

use super::{
    folder::LocalFolder,
    mounts::{Mount, mounted},
};

/// The files of this machine and of further mounts. A relative path is looked for in each of some folders in turn, and written in the first.
pub struct LocalFiles {
    vfs: Vfs,
    folders: Vec<PathBuf>,
    limits: Limits,
}

impl LocalFiles {
    /// The file system with these folders for relative paths, which are absolute, and with further mounts.
    pub fn new(folders: Vec<PathBuf>, limits: Limits, mounts: Vec<Mount>) -> Result<Self, VfsError> {
        let file: vfs::MountName = vfs::MountName::FILE.parse()?;
        let whole = Arc::new(LocalProvider::whole_file_system()?);
        let vfs = Vfs::new(file.clone(), limits.clone()).with_mount(file, whole, Access::ReadWrite);
        Ok(LocalFiles { vfs: mounted(vfs, mounts), folders, limits })
    }

    /// The places that a path may mean, the first one first.
    fn places(&self, path: &str) -> Vec<String> {
        if path.contains(":/") || Path::new(path).is_absolute() {
            return vec![path.to_owned()];
        }
        self.folders.iter().map(|folder| normal(&folder.join(path)).to_string_lossy().into_owned()).collect()
    }

    /// The place at which a path is written.
    fn place_to_write(&self, path: &str) -> String {
        self.places(path).into_iter().next().unwrap_or_else(|| path.to_owned())
    }

    /// The places on this machine that a path may mean, the first one first.
    pub fn host_places(&self, path: &str) -> Vec<PathBuf> {
        let places = self.places(path).into_iter();
        places.filter(|place| !place.contains(":/")).map(PathBuf::from).collect()
    }

    /// Calls `report` after changes of a file, or of anything in a folder, until the guard is dropped.
    pub fn watch(
        &self,
        place: &Path,
        report: impl Fn() + Send + Sync + 'static,
    ) -> Result<vfs::WatchGuard, VfsError> {
        self.vfs.watch(&self.resolve(&place.to_string_lossy())?, move |_| report())
    }

    fn open_folder(&self, path: &str, place: &str, uri: &Uri) -> Result<Box<dyn Folder>, FileError> {
        if uri.mount().as_str() != vfs::MountName::FILE {
            return Ok(Box::new(LocalFolder::within(self.vfs.clone(), uri.clone(), path, place)));
        }
        let host = Path::new("/").join(uri.path().as_str());
        let folder = LocalFolder::open(&host, path, place, self.limits.clone());
        Ok(Box::new(folder.map_err(|error| file_error(path, &error, FileFault::Unreadable))?))
    }

    /// The URI of a path that names a mount.
    fn uri_in_mount(&self, path: &str) -> Option<Uri> {
        path.parse::<Uri>().ok().filter(|uri| self.vfs.mounts().any(|mount| mount == uri.mount()))
    }

    fn resolve(&self, place: &str) -> Result<Uri, VfsError> {
        match place.contains(":/") {
            true => self.vfs.resolve(place),
            false => self.vfs.resolve(&format!("{}:{place}", vfs::MountName::FILE)),
        }
    }
}

/// The file that a file of a mount refers to; never one outside of the mount.
fn beside_in_mount(path: &str, uri: &Uri, relative: &str) -> Result<String, FileError> {
    let folder = uri.parent().filter(|_| !relative.contains(":/"));
    let joined = folder.and_then(|folder| folder.join(relative).ok());
    joined.map(|uri| uri.to_string()).ok_or_else(|| refused(path, relative))
}

fn refused(path: &str, relative: &str) -> FileError {
    FileError {
        path: relative.to_owned(),
        fault: FileFault::Denied,
        message: format!("{path} may refer to other files by relative paths only"),
    }
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

impl Files for LocalFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let mut first = None;
        for place in self.places(path) {
            match self.resolve(&place).and_then(|uri| self.vfs.read(&uri)) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => {
                    first.get_or_insert(file_error(path, &error, FileFault::Unreadable));
                    if !is_missing(&error) {
                        return Err(file_error(path, &error, FileFault::Unreadable));
                    }
                }
            }
        }
        Err(first.unwrap_or_else(|| FileError {
            path: path.to_owned(),
            fault: FileFault::Unreadable,
            message: "there is no folder to look in".into(),
        }))
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<String, FileError> {
        let place = self.place_to_write(path);
        let write = || {
            let uri = self.resolve(&place)?;
            if let Some(parent) = uri.parent() {
                self.vfs.create_dir_all(&parent)?;
            }
            self.vfs.write(&uri, bytes)
        };
        write().map_err(|error| file_error(path, &error, FileFault::Unwritable))?;
        Ok(place)
    }

    fn stamp(&self, path: &str) -> Option<Stamp> {
        for place in self.places(path) {
            match self.resolve(&place).and_then(|uri| self.vfs.state(&uri)) {
                Ok(state) => return Some(Stamp { place, state: state? }),
                Err(error) if is_missing(&error) => {}
                Err(_) => return None,
            }
        }
        None
    }

    fn beside(&self, path: &str, relative: &str) -> Result<String, FileError> {
        if let Some(uri) = self.uri_in_mount(path) {
            return beside_in_mount(path, &uri, relative);
        }
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        let joined = normal(&folder.join(relative));
        if Path::new(relative).is_absolute() || relative.contains(":/") {
            return Err(refused(path, relative));
        }
        Ok(joined.to_string_lossy().into_owned())
    }

    fn folder(&self, path: &str, purpose: Purpose) -> Result<Option<Box<dyn Folder>>, FileError> {
        let places = match purpose {
            Purpose::Read => self.places(path),
            Purpose::Write => vec![self.place_to_write(path)],
        };
        for place in places {
            let found = self.resolve(&place).and_then(|uri| Ok((self.vfs.metadata(&uri)?.kind, uri)));
            match found {
                Ok((FileKind::Directory, uri)) => return self.open_folder(path, &place, &uri).map(Some),
                // What else is there, or why it cannot be seen, is told by reading or writing it.
                Ok(_) => return Ok(None),
                Err(error) if !is_missing(&error) => return Ok(None),
                Err(_) => {}
            }
        }
        Ok(None)
    }

    fn make_folder(&self, path: &str) -> Result<Box<dyn Folder>, FileError> {
        let place = self.place_to_write(path);
        let made = self.resolve(&place).and_then(|uri| {
            self.vfs.create_dir_all(&uri)?;
            Ok(uri)
        });
        let uri = made.map_err(|error| file_error(path, &error, FileFault::Unwritable))?;
        self.open_folder(path, &place, &uri)
    }
}

/// Whether a path may be looked for elsewhere.
fn is_missing(error: &VfsError) -> bool {
    matches!(error.fault(), Some(Fault::NotFound | Fault::NotADirectory))
}

pub(super) fn file_error(path: &str, error: &VfsError, usual: FileFault) -> FileError {
    let (fault, message) = match error.fault() {
        Some(Fault::TooLarge(limit)) => (FileFault::TooLarge(limit.clone()), limit.to_string()),
        Some(fault @ (Fault::OutsideRoot | Fault::Remote(RemoteFault::PrivateAddress { .. }))) => {
            (FileFault::Denied, fault.to_string())
        }
        Some(fault) => (usual, fault.to_string()),
        None => (usual, error.to_string()),
    };
    FileError { path: path.to_owned(), fault, message }
}
