//! The mount table: from a [`Uri`] to the provider that holds the file.

use std::{
    collections::BTreeMap,
    io::{self, Seek, SeekFrom, Write},
    sync::Arc,
};

use base::Limits;

use crate::{
    AtomicWrite, ChangeKind, Fault, Listing, Metadata, MountName, OpenFile, Provider, Uri, VfsError, VfsPath,
    WatchGuard,
};

/// Whether a mount takes changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Every change is refused with [`Fault::ReadOnly`].
    ReadOnly,
    /// Changes go to the provider.
    ReadWrite,
}

/// One change beneath a watched file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What changed.
    pub uri: Uri,
    /// How.
    pub kind: ChangeKind,
}

/// A table of mounts. A value: adding a mount gives a new table, and clones are cheap and independent.
#[derive(Clone)]
pub struct Vfs(Arc<Table>);

#[derive(Clone)]
struct Table {
    mounts: BTreeMap<MountName, Mount>,
    default: MountName,
    limits: Limits,
}

#[derive(Clone)]
struct Mount {
    provider: Arc<dyn Provider>,
    access: Access,
}

impl Vfs {
    /// A table without mounts in which relative paths are of the mount `default`.
    pub fn new(default: MountName, limits: Limits) -> Self {
        Vfs(Arc::new(Table { mounts: BTreeMap::new(), default, limits }))
    }

    /// This table with one more mount, or another one of that name.
    pub fn with_mount(mut self, name: MountName, provider: Arc<dyn Provider>, access: Access) -> Self {
        Arc::make_mut(&mut self.0).mounts.insert(name, Mount { provider, access });
        self
    }

    /// The names of the mounts, sorted.
    pub fn mounts(&self) -> impl Iterator<Item = &MountName> {
        self.0.mounts.keys()
    }

    /// What a person's text names, see [`Uri::from_user`]; the mount is one of this table.
    pub fn resolve(&self, text: &str) -> Result<Uri, VfsError> {
        let uri = Uri::from_user(text, &self.0.default)?;
        self.mount(&uri)?;
        Ok(uri)
    }

    /// Whether the file's mount and provider take changes.
    pub fn is_writable(&self, uri: &Uri) -> Result<bool, VfsError> {
        let mount = self.mount(uri)?;
        Ok(mount.access == Access::ReadWrite && mount.provider.capabilities().write)
    }

    /// Reads a whole file of at most [`Limits::file_bytes`].
    pub fn read(&self, uri: &Uri) -> Result<Vec<u8>, VfsError> {
        self.reading(uri, |provider, path| provider.read(path, self.0.limits.file_bytes))
    }

    /// Reads a whole file of at most `most` bytes, and of at most [`Limits::file_bytes`].
    pub fn read_at_most(&self, uri: &Uri, most: u64) -> Result<Vec<u8>, VfsError> {
        self.reading(uri, |provider, path| provider.read(path, most.min(self.0.limits.file_bytes)))
    }

    /// Opens a file of any size for reading piece by piece.
    pub fn open(&self, uri: &Uri) -> Result<OpenFile, VfsError> {
        self.reading(uri, |provider, path| provider.open(path))
    }

    /// What is known of a file or folder.
    pub fn metadata(&self, uri: &Uri) -> Result<Metadata, VfsError> {
        self.reading(uri, |provider, path| provider.metadata(path))
    }

    /// What changes with the content of a file, see [`Provider::state`].
    pub fn state(&self, uri: &Uri) -> Result<Option<String>, VfsError> {
        self.reading(uri, |provider, path| provider.state(path))
    }

    /// The content of a folder.
    pub fn list(&self, uri: &Uri) -> Result<Listing, VfsError> {
        self.reading(uri, |provider, path| provider.list(path))
    }

    /// Begins a file that appears only when it is committed; see [`AtomicWrite`].
    pub fn write_atomic(&self, uri: &Uri) -> Result<Writer, VfsError> {
        let inner = self.writing(uri, |provider, path| provider.write_atomic(path))?;
        Ok(Writer { uri: uri.clone(), inner, failed: false })
    }

    /// Writes a whole file; it is there in full or, after an error, as it was before.
    pub fn write(&self, uri: &Uri, bytes: &[u8]) -> Result<(), VfsError> {
        let mut writer = self.write_atomic(uri)?;
        writer.inner.write_all(bytes).map_err(|error| at(uri)(error.into()))?;
        writer.commit()
    }

    /// Removes a file, an empty folder or a symbolic link.
    pub fn remove(&self, uri: &Uri) -> Result<(), VfsError> {
        self.writing(uri, |provider, path| provider.remove(path))
    }

    /// Makes a folder and those on the way to it, unless they are there.
    pub fn create_dir_all(&self, uri: &Uri) -> Result<(), VfsError> {
        self.writing(uri, |provider, path| provider.create_dir_all(path))
    }

    /// Calls `report` with every batch of changes to a file, or to a folder and all beneath it, until the guard is dropped;
    /// see [`Provider::watch`]. It is called from any thread.
    pub fn watch(
        &self,
        uri: &Uri,
        report: impl Fn(Vec<Change>) + Send + Sync + 'static,
    ) -> Result<WatchGuard, VfsError> {
        let mount = uri.mount().clone();
        self.reading(uri, |provider, path| {
            if !provider.capabilities().watch {
                return Err(Fault::Watch("this kind of mount reports no changes".to_owned()));
            }
            let named = move |changes: Vec<crate::PathChange>| {
                let named = changes.into_iter();
                let named = named.map(|c| Change { uri: Uri::new(mount.clone(), c.path), kind: c.kind });
                report(named.collect());
            };
            provider.watch(path, Arc::new(named))
        })
    }

    fn mount(&self, uri: &Uri) -> Result<&Mount, VfsError> {
        self.0.mounts.get(uri.mount()).ok_or_else(|| {
            let names = || self.mounts().map(MountName::as_str);
            let help = match base::nearest(uri.mount().as_str(), names()) {
                Some(name) => format!("did you mean '{name}'?"),
                None => format!("there are: {}", names().collect::<Vec<_>>().join(", ")),
            };
            VfsError::UnknownMount { uri: uri.clone(), help }
        })
    }

    fn reading<T>(
        &self,
        uri: &Uri,
        operation: impl FnOnce(&dyn Provider, &VfsPath) -> Result<T, Fault>,
    ) -> Result<T, VfsError> {
        operation(&*self.mount(uri)?.provider, uri.path()).map_err(at(uri))
    }

    fn writing<T>(
        &self,
        uri: &Uri,
        operation: impl FnOnce(&dyn Provider, &VfsPath) -> Result<T, Fault>,
    ) -> Result<T, VfsError> {
        if !self.is_writable(uri)? {
            return Err(at(uri)(Fault::ReadOnly));
        }
        self.reading(uri, operation)
    }
}

fn at(uri: &Uri) -> impl FnOnce(Fault) -> VfsError {
    move |fault| VfsError::File { uri: uri.clone(), fault }
}

/// A file being written. It appears under its name only by [`commit`](Writer::commit); dropped before, it leaves nothing behind.
/// Errors name the file.
pub struct Writer {
    uri: Uri,
    inner: Box<dyn AtomicWrite>,
    /// Whether a write has failed, so that the content has a hole.
    failed: bool,
}

impl Writer {
    /// The file that is written.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Makes the content durable and puts it in place. Refused if any write before has failed.
    pub fn commit(self) -> Result<(), VfsError> {
        if self.failed {
            return Err(at(&self.uri)(Fault::Incomplete));
        }
        self.inner.commit().map_err(at(&self.uri))
    }

    fn watch_over<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            self.failed |= kind != io::ErrorKind::Interrupted;
            io::Error::new(kind, at(&self.uri)(error.into()))
        })
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.inner.write(bytes);
        self.watch_over(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.inner.flush();
        self.watch_over(result)
    }
}

impl Seek for Writer {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let result = self.inner.seek(position);
        self.watch_over(result)
    }
}
