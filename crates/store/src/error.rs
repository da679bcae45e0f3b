//! What can go wrong, with the place and the way out.

use std::{ops::RangeInclusive, path::PathBuf, sync::Arc};

use base::{BlobHash, DocumentId, EventHash, ReplicaId};
use document::event::HeaderError;

/// Why the store stopped taking writes: a commit or its checkpoint failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What the database or the file system said.
    pub cause: String,
    /// The events that were appended and never acknowledged, by local order; empty when only other writes were lost.
    ///
    /// Whether one of them reached the disk shows when the workspace is opened again.
    pub lost: RangeInclusive<u64>,
}

/// An operation of the store that failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process writes to the workspace.
    #[error("{} is being written by {program} (process {pid}): close it or open the workspace read-only", dir.display())]
    Locked {
        /// The `.metabuilder` folder.
        dir: PathBuf,
        /// The process that holds the lock; 0 when it has not yet said.
        pid: u32,
        /// Its name.
        program: String,
    },
    /// A reader found no database.
    #[error("there is no workspace in {}: open it for writing once to create it", .0.display())]
    Missing(PathBuf),
    /// The database belongs to another program.
    #[error("{} is not the database of a workspace (application id {found:#010x})", path.display())]
    NotAWorkspace {
        /// The database.
        path: PathBuf,
        /// The application id in its header.
        found: i32,
    },
    /// The database was written by a newer program.
    #[error("{} has schema version {found}, this program knows {supported}: use a newer version of it", path.display())]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this program reads.
        supported: i64,
    },
    /// A reader met a database that only a writer may bring up to date.
    #[error("{} has schema version {found}, this program needs {needed}: open it for writing once", path.display())]
    OlderSchema {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The version that this program reads.
        needed: i64,
    },
    /// Acknowledged events are gone from the database.
    #[error(
        "the log lost acknowledged events: replica {replica} from {first} to {sequence} (a checkpoint names them); \
         restore `.metabuilder` from a copy, or remove its `checkpoints` file to go on without them"
    )]
    Lost {
        /// The copy of the workspace that wrote them.
        replica: ReplicaId,
        /// The first sequence number that is not there.
        first: u64,
        /// The sequence number of the newest checkpoint.
        sequence: u64,
    },
    /// Acknowledged writes other than events are gone: blobs, saved states or runs.
    #[error(
        "the database lost acknowledged writes: {found} of {expected} are there; \
         restore `.metabuilder` from a copy, or remove its `checkpoints` file to go on without them"
    )]
    LostWrites {
        /// Groups of such writes in the database.
        found: u64,
        /// Groups that were acknowledged.
        expected: u64,
    },
    /// Stored bytes are not what was written.
    #[error("{place} is damaged: {what}; `log verify` lists all damage")]
    Damaged {
        /// What is damaged: "event 12 (1a2b3c4d)", "the file checkpoints".
        place: String,
        /// How that shows.
        what: String,
    },
    /// The store was opened for reading.
    #[error("the workspace is open for reading only")]
    ReadOnly,
    /// An earlier commit failed; nothing is written any more.
    #[error("the workspace takes no more changes, because writing to it failed: {}", .0.cause)]
    Poisoned(Arc<Failure>),
    /// No event has this hash.
    #[error("there is no event {0}")]
    UnknownEvent(EventHash),
    /// No blob has this hash.
    #[error("there is no blob {0}")]
    UnknownBlob(BlobHash),
    /// No run has this number.
    #[error("there is no run {0}")]
    UnknownRun(u64),
    /// One event names a document twice.
    #[error("the event names the document {0} twice")]
    DuplicateDocument(DocumentId),
    /// A header from elsewhere cannot be read.
    #[error("an event from another replica was refused: {0}")]
    Header(#[from] HeaderError),
    /// A payload from elsewhere is not the one that the header names.
    #[error("the payload of event {0} is not the one that its header names")]
    PayloadMismatch(EventHash),
    /// An event from elsewhere came before its parents.
    #[error("event {event} builds on events that are not here: fetch {} of them first, beginning with {}", parents.len(), parents[0])]
    MissingParents {
        /// The event.
        event: EventHash,
        /// Those of its parents that are missing; at least one.
        parents: Vec<EventHash>,
    },
    /// An event from elsewhere leaves out some that came before it.
    #[error("replica {replica} sent event {found}, but {expected} is next: fetch the ones between first")]
    SequenceGap {
        /// The replica.
        replica: ReplicaId,
        /// The next sequence number.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// Two events have the same replica and sequence number.
    #[error(
        "replica {replica} wrote two events {sequence}: a copy of the workspace runs under the same replica id"
    )]
    Forked {
        /// The replica.
        replica: ReplicaId,
        /// The number that is taken.
        sequence: u64,
    },
    /// History may not be pruned: a document could no longer be opened.
    #[error("document {document} has no saved state at or after event {ord}: save one, then prune")]
    NothingSaved {
        /// The document.
        document: DocumentId,
        /// Its newest event that would lose its payload.
        ord: u64,
    },
    /// A value is larger than a row can hold.
    #[error("{what} has {bytes} bytes, over the limit of {limit}")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its size.
        bytes: u64,
        /// The largest possible size.
        limit: u64,
    },
    /// A line of a file of checkpoints cannot be read.
    #[error("line {line} of the checkpoints is not one: {what}")]
    CheckpointLine {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The stream that a blob comes from, or that checkpoints go to, failed.
    #[error("copying to or from the store failed: {0}")]
    Stream(std::io::Error),
    /// The writer's thread could not be started.
    #[error("the store cannot start its writer: {0}")]
    Thread(std::io::Error),
    /// SQLite refused.
    #[error("the workspace's database: {0}")]
    Database(#[from] rusqlite::Error),
}

impl StoreError {
    pub(crate) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> StoreError + use<> {
        let path = path.to_owned();
        move |source| StoreError::Io { path, source }
    }

    pub(crate) fn damaged(place: impl Into<String>, what: impl Into<String>) -> Self {
        StoreError::Damaged { place: place.into(), what: what.into() }
    }
}
