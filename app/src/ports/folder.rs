//! One folder. One of this machine is a mount of its own, so that nothing in it leads out of it; what is in one of another mount
//! leads at most elsewhere in that mount.

use std::{path::Path, sync::Arc};

use base::Limits;
use kernel::ports::{FileError, FileFault, Folder};
use vfs::{Access, Fault, LocalProvider, MountName, Uri, Vfs, VfsError, VfsPath};

use super::files::file_error;

/// The name of the mount; it is seen by nobody, since errors are told with the path that the user wrote.
const MOUNT: &str = "folder";

/// A folder that is there.
pub struct LocalFolder {
    vfs: Vfs,
    /// Where in the table it is.
    folder: Uri,
    path: String,
    place: String,
}

impl LocalFolder {
    /// The folder `host`, which the user calls `path` and which is at `place`.
    pub fn open(host: &Path, path: &str, place: &str, limits: Limits) -> Result<Self, VfsError> {
        let mount: MountName = MOUNT.parse()?;
        let provider = Arc::new(LocalProvider::new(host)?);
        let vfs = Vfs::new(mount.clone(), limits).with_mount(mount.clone(), provider, Access::ReadWrite);
        Ok(Self::within(vfs, Uri::new(mount, VfsPath::root()), path, place))
    }

    /// The folder `folder` of a table, which the user calls `path` and which is at `place`.
    pub fn within(vfs: Vfs, folder: Uri, path: &str, place: &str) -> Self {
        let shown = |path: &str| path.trim_end_matches('/').to_owned();
        LocalFolder { vfs, folder, path: shown(path), place: shown(place) }
    }

    fn uri(&self, name: &str) -> Result<Uri, VfsError> {
        // Read by itself first, so that it cannot climb out of the folder.
        Ok(self.folder.join(VfsPath::parse(name)?.as_str())?)
    }

    fn error(&self, name: &str, error: &VfsError, usual: FileFault) -> FileError {
        let path = format!("{}/{name}", self.path);
        match error.fault() {
            // A folder comes from others, by git: a link out of it is bad input, no forbidden wish of the user's.
            Some(Fault::OutsideRoot) => FileError {
                path,
                fault: FileFault::Unreadable,
                message: "a symbolic link leads out of the folder: put the file itself in its place".into(),
            },
            _ => file_error(&path, error, usual),
        }
    }
}

impl Folder for LocalFolder {
    fn place(&self) -> &str {
        &self.place
    }

    fn list(&self, name: &str) -> Result<Vec<String>, FileError> {
        match self.uri(name).and_then(|uri| self.vfs.list(&uri)) {
            Ok(listing) => Ok(listing.entries.into_iter().map(|entry| entry.name).collect()),
            Err(error) if matches!(error.fault(), Some(Fault::NotFound)) => Ok(Vec::new()),
            Err(error) => Err(self.error(name, &error, FileFault::Unreadable)),
        }
    }

    fn read(&self, name: &str, most: u64) -> Result<Vec<u8>, FileError> {
        let read = self.uri(name).and_then(|uri| self.vfs.read_at_most(&uri, most));
        read.map_err(|error| self.error(name, &error, FileFault::Unreadable))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        let write = || {
            let uri = self.uri(name)?;
            if let Some(parent) = uri.parent() {
                self.vfs.create_dir_all(&parent)?;
            }
            self.vfs.write(&uri, bytes)
        };
        write().map_err(|error| self.error(name, &error, FileFault::Unwritable))
    }

    fn remove(&self, name: &str) -> Result<(), FileError> {
        let removed = self.uri(name).and_then(|uri| self.vfs.remove(&uri));
        removed.map_err(|error| self.error(name, &error, FileFault::Unwritable))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[test]
    fn nothing_outside_of_the_folder_is_reached() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(outer.path().join("secret"), "secret").unwrap();
        fs::create_dir(outer.path().join("blobs")).unwrap();
        fs::write(outer.path().join("blobs/kept"), "kept").unwrap();
        symlink("../secret", inner.join("file")).unwrap();
        symlink(outer.path().join("blobs"), inner.join("blobs")).unwrap();
        let folder = LocalFolder::open(&inner, "inner/", "/inner/", Limits::default()).unwrap();
        let refused = [
            folder.read("file", 100).map(drop),
            folder.write("file", b"x"),
            folder.list("blobs").map(drop),
            folder.write("blobs/new", b"x"),
            folder.remove("blobs/kept"),
        ];
        for (at, refused) in refused.into_iter().enumerate() {
            let error = refused.unwrap_err();
            assert_eq!(error.fault, FileFault::Unreadable, "{at}");
            let named = error.path.starts_with("inner/") && error.message.contains("leads out of the folder");
            assert!(named, "{at}: {error}");
        }
        assert!(folder.read("../secret", 100).is_err());
        assert_eq!(fs::read_to_string(outer.path().join("secret")).unwrap(), "secret");
        assert!(outer.path().join("blobs/kept").exists() && !outer.path().join("blobs/new").exists());
    }

    #[test]
    fn files_are_listed_replaced_and_removed() {
        let outer = tempfile::tempdir().unwrap();
        let folder = LocalFolder::open(outer.path(), "x", "x", Limits::default()).unwrap();
        assert!(folder.list("blobs").unwrap().is_empty());
        folder.write("blobs/b", b"12345").unwrap();
        folder.write("blobs/a", b"1").unwrap();
        assert_eq!(folder.list("blobs").unwrap(), ["a", "b"]);
        assert_eq!(folder.read("blobs/b", 5).unwrap(), b"12345");
        assert!(matches!(folder.read("blobs/b", 4).unwrap_err().fault, FileFault::TooLarge(_)));
        assert!(folder.remove("blobs").is_err());
        folder.remove("blobs/a").unwrap();
        folder.remove("blobs/b").unwrap();
        folder.remove("blobs").unwrap();
        assert!(folder.list("").unwrap().is_empty());
    }
}
