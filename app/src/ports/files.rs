//! Files by path as people and scripts write them, through the vfs.

use std::{
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use base::Limits;
use kernel::ports::{FileError, FileFault, Files};
use vfs::{Access, Fault, LocalProvider, Uri, Vfs, VfsError};

/// The files of this machine. A relative path is looked for in each of some folders in turn, and written in the first.
pub struct LocalFiles {
    vfs: Vfs,
    folders: Vec<PathBuf>,
}

impl LocalFiles {
    /// The file system with these folders for relative paths; they are absolute.
    pub fn new(folders: Vec<PathBuf>, limits: Limits) -> Result<Self, VfsError> {
        let file: vfs::MountName = vfs::MountName::FILE.parse()?;
        let whole = Arc::new(LocalProvider::whole_file_system()?);
        let vfs = Vfs::new(file.clone(), limits).with_mount(file, whole, Access::ReadWrite);
        Ok(LocalFiles { vfs, folders })
    }

    /// The places that a path may mean, the first one first.
    fn places(&self, path: &str) -> Vec<String> {
        if path.contains(":/") || Path::new(path).is_absolute() {
            return vec![path.to_owned()];
        }
        self.folders.iter().map(|folder| normal(&folder.join(path)).to_string_lossy().into_owned()).collect()
    }

    fn resolve(&self, place: &str) -> Result<Uri, VfsError> {
        match place.contains(":/") {
            true => self.vfs.resolve(place),
            false => self.vfs.resolve(&format!("{}:{place}", vfs::MountName::FILE)),
        }
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
                    let missing = matches!(error.fault(), Some(Fault::NotFound | Fault::NotADirectory));
                    first.get_or_insert(file_error(path, &error, FileFault::Unreadable));
                    if !missing {
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
        let place = self.places(path).into_iter().next().unwrap_or_else(|| path.to_owned());
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

    fn beside(&self, path: &str, relative: &str) -> Result<String, FileError> {
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        let joined = normal(&folder.join(relative));
        if Path::new(relative).is_absolute() || relative.contains(":/") {
            return Err(FileError {
                path: relative.to_owned(),
                fault: FileFault::Denied,
                message: format!("{path} may refer to other files by relative paths only"),
            });
        }
        Ok(joined.to_string_lossy().into_owned())
    }
}

fn file_error(path: &str, error: &VfsError, usual: FileFault) -> FileError {
    let (fault, message) = match error.fault() {
        Some(Fault::TooLarge(limit)) => (FileFault::TooLarge(limit.clone()), limit.to_string()),
        Some(fault @ Fault::OutsideRoot) => (FileFault::Denied, fault.to_string()),
        Some(fault) => (usual, fault.to_string()),
        None => (usual, error.to_string()),
    };
    FileError { path: path.to_owned(), fault, message }
}
