//! What the kernel asks of the world: a log, files, fonts and a clock.

#[cfg(feature = "memory")]
pub mod memory;

use std::{fmt, sync::Arc};

use base::{ActorId, BlobHash, DocumentId, EventHash, LimitExceeded, ReplicaId, TenantId};
use bytes::Bytes;
use document::Role;

/// Why the log did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct LogError {
    /// What happened, and what to do.
    pub message: String,
}

/// An event to be written.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// On whose behalf.
    pub tenant: TenantId,
    /// Who acted.
    pub actor: ActorId,
    /// The id of the command.
    pub command: Arc<str>,
    /// Milliseconds since the Unix epoch.
    pub time: i64,
    /// The encoded payload.
    pub payload: Vec<u8>,
    /// The documents that it changes, and what it is to the history of each.
    pub documents: Vec<(DocumentId, Role)>,
    /// The blobs that it names: kept for as long as the payload is.
    pub blobs: Vec<BlobHash>,
}

/// An event that the log has taken and will make durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its name.
    pub hash: EventHash,
    /// Its place in the local order.
    pub ord: u64,
}

/// What an event is to the history of a document.
#[derive(Clone, Debug)]
pub struct HistoryRow {
    /// Its place in the local order.
    pub ord: u64,
    /// Its name.
    pub event: EventHash,
    /// Who acted.
    pub actor: ActorId,
    /// The copy of the workspace that wrote it.
    pub replica: ReplicaId,
    /// What it is to the history.
    pub role: Role,
    /// The id of the command.
    pub command: Arc<str>,
    /// Milliseconds since the Unix epoch.
    pub time: i64,
}

/// A document as it was saved.
#[derive(Clone, Debug)]
pub struct SavedState {
    /// The last event that it includes.
    pub ord: u64,
    /// The content.
    pub state: Vec<u8>,
    /// The merge data.
    pub snapshot: Vec<u8>,
    /// The blobs that it names: kept for as long as it is.
    pub blobs: Vec<BlobHash>,
}

/// The record of a task command that ended without changing a document.
#[derive(Clone, Debug)]
pub struct Run {
    /// The id of the command.
    pub command: String,
    /// Its arguments, as JSON.
    pub arguments: String,
    /// Who acted.
    pub actor: ActorId,
    /// When it started, in milliseconds since the Unix epoch.
    pub started: i64,
    /// When it ended.
    pub ended: i64,
    /// Its result as JSON, or what went wrong.
    pub outcome: Result<String, String>,
}

/// The durable log of a workspace with its saved states and blobs.
pub trait EventLog: Send {
    /// The copy of the workspace that this is.
    fn replica(&self) -> ReplicaId;
    /// The newest events of the graph.
    fn heads(&self) -> Result<Vec<EventHash>, LogError>;
    /// The place of the newest event in the local order; 0 before the first.
    fn last_ord(&self) -> u64;
    /// Takes an event: it is pending from now on.
    fn append(&mut self, event: NewEvent) -> Result<Appended, LogError>;
    /// Waits until all that was appended is durable.
    fn sync(&mut self) -> Result<(), LogError>;
    /// Lets what comes from now on become durable together, until nothing is held any more or somebody waits for it.
    fn hold(&mut self, held: bool);
    /// The events of a document after a place in the local order, in that order.
    fn history(&self, document: DocumentId, after: u64) -> Result<Vec<HistoryRow>, LogError>;
    /// The payload of an event; none when it was pruned.
    fn payload(&self, event: EventHash) -> Result<Option<Vec<u8>>, LogError>;
    /// The newest saved state of a document up to a place in the local order.
    fn saved_state(&self, document: DocumentId, up_to: u64) -> Result<Option<SavedState>, LogError>;
    /// Keeps a saved state.
    fn put_saved_state(&mut self, document: DocumentId, saved: SavedState) -> Result<(), LogError>;
    /// Keeps a blob.
    fn put_blob(&mut self, bytes: Bytes) -> Result<BlobHash, LogError>;
    /// Whether a blob is there.
    fn has_blob(&self, hash: BlobHash) -> Result<bool, LogError>;
    /// A blob.
    fn blob(&self, hash: BlobHash) -> Result<Option<Bytes>, LogError>;
    /// Records a task command.
    fn record_run(&mut self, run: Run) -> Result<(), LogError>;
    /// What was noted under keys that begin like this.
    fn notes(&self, prefix: &str) -> Result<Vec<(String, String)>, LogError>;
    /// Notes something beside the log, in order with the events, or forgets it.
    fn put_note(&mut self, key: &str, value: Option<&str>) -> Result<(), LogError>;
    /// Forgets the payloads of events up to a place in the local order; the chain stays. Says how many.
    fn prune(&mut self, up_to: u64) -> Result<u64, LogError>;
}

/// What kind of trouble a file gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileFault {
    /// It cannot be read: missing, unreadable, no regular file.
    Unreadable,
    /// It cannot be written.
    Unwritable,
    /// It is outside what may be reached.
    Denied,
    /// It is larger than allowed.
    TooLarge(LimitExceeded),
}

/// A file that could not be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{path}: {message}")]
pub struct FileError {
    /// The path as the user wrote it.
    pub path: String,
    /// What kind of trouble it is.
    pub fault: FileFault,
    /// What happened, and what to do.
    pub message: String,
}

/// What tells the versions of a file apart without reading it: equal stamps mean equal content.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Where the file is.
    pub place: String,
    /// Its state: length, times, or whatever else changes with the content.
    pub state: String,
}

/// Files by path or URI.
pub trait Files: Send + Sync {
    /// The whole file.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;
    /// Replaces a file as a whole, making the folders above it. Says where it is.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<String, FileError>;
    /// The stamp of a file; none when nothing can be read there, or when only reading it would tell.
    fn stamp(&self, path: &str) -> Option<Stamp> {
        let _ = path;
        None
    }
    /// A path seen from the folder of another file.
    fn beside(&self, path: &str, relative: &str) -> Result<String, FileError>;

    /// The folder at a path, looked for where `purpose` looks for a file. None when something else or nothing is there.
    fn folder(&self, path: &str, purpose: Purpose) -> Result<Option<Box<dyn Folder>>, FileError> {
        let _ = (path, purpose);
        Ok(None)
    }

    /// The folder at the path where [`Files::write`] would put a file, made unless it is there.
    fn make_folder(&self, path: &str) -> Result<Box<dyn Folder>, FileError> {
        let message = "files cannot be put into folders of their own here".to_owned();
        Err(FileError { path: path.to_owned(), fault: FileFault::Unwritable, message })
    }
}

/// What a folder is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To read from it: it is looked for where [`Files::read`] looks.
    Read,
    /// To write to it: it is where [`Files::write`] writes.
    Write,
}

/// A folder, by the names of files beneath it: `blobs/0a1b`. Nothing outside of it is reached, by no symbolic link either;
/// an error names the file as it is seen from where the folder was asked for.
pub trait Folder {
    /// Where it is.
    fn place(&self) -> &str;
    /// What lies directly in this folder beneath it (empty: in itself), sorted; nothing when there is no such folder.
    fn list(&self, name: &str) -> Result<Vec<String>, FileError>;
    /// A whole file of at most `most` bytes.
    fn read(&self, name: &str, most: u64) -> Result<Vec<u8>, FileError>;
    /// Replaces a file as a whole, making the folders above it.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FileError>;
    /// Removes a file or an empty folder.
    fn remove(&self, name: &str) -> Result<(), FileError>;
}

/// The bytes of a font file.
pub type FontBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Font files and the families that stand for the generic ones.
pub trait FontSource: Send + Sync {
    /// All font files, always in the same order.
    fn files(&self) -> Vec<FontBytes>;
    /// The family meant by `serif`, `sans-serif`, `cursive`, `fantasy` or `monospace`.
    fn generic_family(&self, generic: &str) -> Option<String>;
}

/// The time.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn now(&self) -> i64;
}

impl fmt::Debug for dyn Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
