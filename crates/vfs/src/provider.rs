//! What stands behind a mount.

use std::{
    any::Any,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
    time::SystemTime,
};

use base::Limits;

use crate::{Fault, VfsPath};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Bytes.
    File,
    /// A folder.
    Directory,
    /// A symbolic link that leads nowhere or out of the mount. Links that stay inside are seen as what they lead to.
    Link,
    /// A named pipe, a device or a socket; it can be seen, never opened.
    Special,
}

/// What is known of a file without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: FileKind,
    /// Its length in bytes; 0 for anything but a file.
    pub len: u64,
    /// When its content last changed, as far as the provider knows. A memory provider counts its changes from 1970 on, one
    /// nanosecond each, so that runs repeat.
    pub modified: SystemTime,
}

/// One name of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The last component of its path.
    pub name: String,
    /// What it is, symbolic links followed.
    pub kind: FileKind,
}

/// The content of a folder, without unfinished outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Sorted by the bytes of the name.
    pub entries: Vec<Entry>,
    /// Names that are not UTF-8 and so cannot be opened, with `U+FFFD` for what cannot be shown; sorted.
    pub undecodable: Vec<String>,
}

/// What a provider can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether files and folders can be written, made and removed.
    pub write: bool,
    /// Whether [`Provider::watch`] works.
    pub watch: bool,
}

/// A readable, seekable source of bytes.
pub trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// A file open for reading. A file that is replaced meanwhile stays readable in its old state.
pub struct OpenFile {
    metadata: Metadata,
    reader: Box<dyn ReadSeek>,
}

impl OpenFile {
    /// A file with this metadata, read from `reader`.
    pub fn new(metadata: Metadata, reader: impl ReadSeek + 'static) -> Self {
        OpenFile { metadata, reader: Box::new(reader) }
    }

    /// What was known of the file when it was opened; its kind is [`FileKind::File`].
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }
}

impl Read for OpenFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}
impl Seek for OpenFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.reader.seek(position)
    }
}

/// A file that takes its place only as a whole: dropped without [`commit`](AtomicWrite::commit), it leaves nothing behind and
/// whatever had its name untouched.
pub trait AtomicWrite: Write + Seek + Send {
    /// Makes the content durable and puts it in place, replacing a file of that name. After an error the name is as it was;
    /// only if the last step fails, syncing the folder, is the new file there without being known to outlast a power cut.
    fn commit(self: Box<Self>) -> Result<(), Fault>;
}

/// How a file or folder changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was not there before.
    Created,
    /// A file has another content. Folders are never reported so.
    Modified,
    /// It is no longer there.
    Removed,
}

/// One change beneath a watched path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathChange {
    /// What changed.
    pub path: VfsPath,
    /// How.
    pub kind: ChangeKind,
}

/// Takes batches of changes, sorted by path, each path once; called from any thread.
pub type Report = Arc<dyn Fn(Vec<PathChange>) + Send + Sync>;

/// Keeps a watch going. When it is dropped, the watch stops; a report already under way may still finish.
pub struct WatchGuard {
    _keeps: Box<dyn Any + Send + Sync>,
}

impl WatchGuard {
    /// A guard that stops its watch by dropping `keeps`.
    pub fn new(keeps: impl Any + Send + Sync) -> Self {
        WatchGuard { _keeps: Box::new(keeps) }
    }
}

/// A tree of files behind a mount. Paths are relative to its root. One that takes no changes leaves those calls as they are.
pub trait Provider: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Opens a file for reading.
    fn open(&self, path: &VfsPath) -> Result<OpenFile, Fault>;

    /// Reads a whole file of at most `limit` bytes ([`Limits::file_bytes`]).
    fn read(&self, path: &VfsPath, limit: u64) -> Result<Vec<u8>, Fault> {
        let check = |len| Limits::check("the file's size in bytes", len, limit, "fileBytes");
        let mut file = self.open(path)?;
        let len = check(file.metadata().len)?;
        let mut bytes = Vec::new();
        let room = usize::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        bytes.try_reserve_exact(room).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        file.by_ref().take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        check(bytes.len() as u64)?;
        Ok(bytes)
    }

    /// What is known of a file or folder, symbolic links followed.
    fn metadata(&self, path: &VfsPath) -> Result<Metadata, Fault>;

    /// What changes with the content of a file and is known without reading it: equal states mean equal content. None when
    /// only reading tells.
    fn state(&self, path: &VfsPath) -> Result<Option<String>, Fault> {
        let _ = path;
        Ok(None)
    }

    /// The content of a folder.
    fn list(&self, path: &VfsPath) -> Result<Listing, Fault>;

    /// Begins to write a file whose folder exists. The last of several commits wins.
    fn write_atomic(&self, path: &VfsPath) -> Result<Box<dyn AtomicWrite>, Fault> {
        let _ = path;
        Err(Fault::ReadOnly)
    }

    /// Removes a file, an empty folder or a symbolic link (not what it leads to).
    fn remove(&self, path: &VfsPath) -> Result<(), Fault> {
        let _ = path;
        Err(Fault::ReadOnly)
    }

    /// Makes a folder and those on the way to it; one that is there already is fine.
    fn create_dir_all(&self, path: &VfsPath) -> Result<(), Fault> {
        let _ = path;
        Err(Fault::ReadOnly)
    }

    /// Reports changes to a file, or to a folder and all beneath it, made after this returns. Several changes of one file
    /// within a short time may be reported as one. Whatever is called `.metabuilder`, and unfinished outputs, are not reported;
    /// nor are, under the name of a symbolic link, changes of what it leads to. Reports come when the change can be read.
    fn watch(&self, path: &VfsPath, report: Report) -> Result<WatchGuard, Fault>;
}

/// The folder of the workspace's own state, whose changes are nobody's news.
const STATE_FOLDER: &str = ".metabuilder";

/// Whether watches pass over this name and all beneath it.
pub(crate) fn is_unwatched(name: &str) -> bool {
    name == STATE_FOLDER || name.starts_with(crate::TEMPORARY_PREFIX)
}
