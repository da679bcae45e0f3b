//! The store: one mutable owner, which appends; readers of it see what was appended, durable or not.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    ops::RangeInclusive,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use base::{BlobHash, DocumentId, EventHash, ReplicaId};
use bytes::Bytes;
use document::event::{FORMAT, Header, PayloadHash};
use rusqlite::Connection;

use crate::{
    Appended, DocumentEntry, Failure, NewEvent, StoreError,
    graph::{Graph, SAVED_EVERY},
    jobs::{Counters, EventRow, Group, Inserts, Job},
    lock::WriterLock,
    lookup::Recent,
    query::Queries,
    schema::check_size,
    writer::Writer,
};

/// What becomes of events after [`Store::append`] has returned.
#[derive(Clone, Debug)]
pub enum Notice {
    /// Everything up to this event is durable.
    Durable {
        /// The newest durable event, in local order.
        ord: u64,
    },
    /// A commit failed: the store takes no more writes, and the events in [`Failure::lost`] did not happen.
    Failed(Arc<Failure>),
}

/// Hears of every [`Notice`] on the writer's thread, before those who wait for it: it should pass it on and return.
pub type Listener = Box<dyn Fn(Notice) + Send>;

/// How a store is opened for writing.
pub struct Options {
    /// The replica id of a workspace that does not exist yet; drawn at random when none is given.
    pub replica: Option<ReplicaId>,
    /// The name that other writers are told; by default that of the executable.
    pub program: Option<String>,
    /// How long the first event of a group waits for others, when nobody waits for it.
    pub linger: Duration,
    /// Hears what becomes durable and what fails.
    pub listener: Option<Listener>,
}

impl Default for Options {
    fn default() -> Self {
        Options { replica: None, program: None, linger: Duration::from_millis(2), listener: None }
    }
}

/// An open workspace database. Reads see every event that was appended before them.
pub struct Store {
    // Connections that read close before the one that writes, which then tidies up the write-ahead log.
    pub(crate) queries: RefCell<Queries>,
    pub(crate) reader: Connection,
    pub(crate) backend: Backend,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) workspace: [u8; 16],
    pub(crate) replica: ReplicaId,
    pub(crate) graph: Graph,
    pub(crate) graph_saved: u64,
    pub(crate) recent: RefCell<Recent>,
    /// Blobs that were put in this session, so that an event may name them before they are committed.
    pub(crate) new_blobs: HashSet<BlobHash>,
    pub(crate) next_blob: u64,
    pub(crate) next_run: u64,
    pub(crate) _lock: Option<WriterLock>,
}

/// Who writes.
pub(crate) enum Backend {
    /// A thread, to a file.
    Thread(Writer),
    /// The caller, to memory.
    Memory(Memory),
    /// Nobody.
    ReadOnly,
}

/// The state of a writer to memory.
pub(crate) struct Memory {
    pub(crate) counters: Counters,
    pub(crate) listener: Option<Listener>,
    pub(crate) failure: Option<Arc<Failure>>,
    /// Blobs stay out of the database: reading one is no copy.
    pub(crate) blobs: HashMap<BlobHash, Bytes>,
}

impl Store {
    /// Appends an event of this replica on top of the current heads. It is *pending* when this returns.
    ///
    /// # Errors
    /// A read-only or poisoned store, a document named twice, a blob that is not here. Nothing has changed then.
    pub fn append(&mut self, event: NewEvent) -> Result<Appended, StoreError> {
        check_documents(&event.documents)?;
        check_size("the payload", event.payload.len())?;
        for blob in &event.blobs {
            if !self.has_blob(*blob)? {
                return Err(StoreError::UnknownBlob(*blob));
            }
        }
        let header = Header {
            format: FORMAT,
            tenant: event.tenant,
            actor: event.actor,
            replica: self.replica,
            sequence: self.graph.next_sequence(self.replica),
            parents: self.graph.heads.iter().copied().collect(),
            command: event.command,
            time: event.time,
            payload: PayloadHash::of(&event.payload),
            signature: None,
        };
        let encoded = header.encode();
        let hash = EventHash::of(&encoded);
        self.enqueue(&header, hash, encoded, event.payload, event.documents, event.blobs)
    }

    /// Takes in an event that another replica wrote; `None` when it is here already.
    ///
    /// # Errors
    /// A header that cannot be read, a payload that it does not name, parents that are not here, a number that is not the next one of its replica. Nothing has changed then.
    pub fn integrate(
        &mut self,
        header: &[u8],
        payload: Vec<u8>,
        documents: Vec<DocumentEntry>,
        blobs: Vec<BlobHash>,
    ) -> Result<Option<Appended>, StoreError> {
        self.check_writable()?;
        check_documents(&documents)?;
        check_size("the payload", payload.len())?;
        let decoded = Header::decode(header)?;
        let hash = EventHash::of(header);
        if PayloadHash::of(&payload) != decoded.payload {
            return Err(StoreError::PayloadMismatch(hash));
        }
        let (replica, found) = (decoded.replica, decoded.sequence);
        let expected = self.graph.next_sequence(replica);
        if found < expected {
            return match self.locate(hash)? {
                Some(_) => Ok(None),
                None => Err(StoreError::Forked { replica, sequence: found }),
            };
        }
        let mut missing = Vec::new();
        for parent in &decoded.parents {
            if !self.graph.is_tip(*parent) && self.locate(*parent)?.is_none() {
                missing.push(*parent);
            }
        }
        if !missing.is_empty() {
            return Err(StoreError::MissingParents { event: hash, parents: missing });
        }
        if found > expected {
            return Err(StoreError::SequenceGap { replica, expected, found });
        }
        self.enqueue(&decoded, hash, header.to_vec(), payload, documents, blobs).map(Some)
    }

    /// The newest event, in local order; 0 when there is none.
    pub fn last_ord(&self) -> u64 {
        self.graph.last
    }

    /// Waits until everything handed in so far is durable.
    ///
    /// # Errors
    /// A commit failed, now or earlier.
    pub fn sync(&self) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Thread(writer) => writer.sync(),
            Backend::Memory(memory) => memory.check(),
            Backend::ReadOnly => Ok(()),
        }
    }

    /// Lets what is handed in from now on become durable together, or not at all, until nothing is held any more. Waiting for
    /// it, as reading may, makes durable what has come so far.
    pub fn hold(&mut self, held: bool) {
        if let Backend::Thread(writer) = &self.backend {
            writer.hold(held);
        }
    }

    /// Waits until the event at this place is durable.
    ///
    /// # Errors
    /// A commit failed before it was.
    pub fn wait_durable(&self, ord: u64) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Thread(writer) => writer.wait_durable(ord),
            Backend::Memory(_) | Backend::ReadOnly if ord <= self.graph.last => Ok(()),
            Backend::Memory(memory) => memory.check(),
            Backend::ReadOnly => Err(StoreError::ReadOnly),
        }
    }

    /// The newest durable event, in local order; 0 when there is none. For a store that was opened for reading, as of its opening.
    pub fn durable_ord(&self) -> u64 {
        match &self.backend {
            Backend::Thread(writer) => writer.durable_ord(),
            Backend::Memory(_) | Backend::ReadOnly => self.graph.last,
        }
    }

    /// Why the store takes no more writes, once a commit has failed. The events in [`Failure::lost`] are no longer seen by readers.
    pub fn failure(&self) -> Option<Arc<Failure>> {
        match &self.backend {
            Backend::Thread(writer) => writer.failure(),
            Backend::Memory(memory) => memory.failure.clone(),
            Backend::ReadOnly => None,
        }
    }

    /// The id of the workspace; replicas of one workspace share it.
    pub fn workspace(&self) -> [u8; 16] {
        self.workspace
    }

    /// The replica that this copy of the workspace writes as.
    pub fn replica(&self) -> ReplicaId {
        self.replica
    }

    /// Whether appending is out of the question: opened for reading, or a commit has failed.
    pub fn is_read_only(&self) -> bool {
        self.check_writable().is_err()
    }

    /// Makes everything durable and closes the store. Dropping it does the same, without telling whether it worked.
    ///
    /// # Errors
    /// A commit failed.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.save_graph(1);
        self.sync()
    }

    pub(crate) fn check_writable(&self) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Thread(writer) => match writer.failure() {
                Some(failure) => Err(StoreError::Poisoned(failure)),
                None => Ok(()),
            },
            Backend::Memory(memory) => memory.check(),
            Backend::ReadOnly => Err(StoreError::ReadOnly),
        }
    }

    /// Waits for what is pending, so that a connection that reads can see it. What was lost in a failure stays unseen.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        match self.sync() {
            Err(StoreError::Poisoned(_)) => Ok(()),
            result => result,
        }
    }

    /// The last event that readers may see.
    pub(crate) fn limit(&self) -> u64 {
        match self.failure() {
            Some(_) => self.durable_ord(),
            None => i64::MAX as u64,
        }
    }

    /// Hands in something that is not an event.
    pub(crate) fn write(
        &mut self,
        bytes: usize,
        action: impl FnOnce(&Connection) -> rusqlite::Result<()> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.submit(Job::Write { bytes, action: Box::new(action) })
    }

    fn enqueue(
        &mut self,
        header: &Header,
        hash: EventHash,
        encoded: Vec<u8>,
        payload: Vec<u8>,
        documents: Vec<DocumentEntry>,
        blobs: Vec<BlobHash>,
    ) -> Result<Appended, StoreError> {
        let ord = self.graph.last + 1;
        let sequence = header.sequence;
        let row = EventRow {
            ord,
            hash,
            replica: header.replica,
            sequence,
            header: encoded,
            payload,
            documents,
            blobs,
        };
        self.submit(Job::Event(row))?;
        self.graph.add(hash, header);
        self.save_graph(SAVED_EVERY);
        Ok(Appended { hash, ord, sequence })
    }

    /// Saves the newest events if at least this many have come since they were saved last.
    fn save_graph(&mut self, after: u64) {
        if self.graph.last < self.graph_saved + after || self.check_writable().is_err() {
            return;
        }
        // A failure here shows at the next append.
        if self.submit(Job::Graph(self.graph.encode())).is_ok() {
            self.graph_saved = self.graph.last;
        }
    }

    fn submit(&mut self, job: Job) -> Result<(), StoreError> {
        match &mut self.backend {
            Backend::Thread(writer) => writer.submit(job),
            Backend::Memory(memory) => memory.write(&self.reader, self.graph.last, job),
            Backend::ReadOnly => Err(StoreError::ReadOnly),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.save_graph(64);
    }
}

impl Memory {
    fn check(&self) -> Result<(), StoreError> {
        match &self.failure {
            Some(failure) => Err(StoreError::Poisoned(Arc::clone(failure))),
            None => Ok(()),
        }
    }

    fn write(&mut self, connection: &Connection, last: u64, job: Job) -> Result<(), StoreError> {
        self.check()?;
        let mut group = Group::default();
        let write = || {
            connection.prepare_cached("BEGIN")?.execute([])?;
            group.apply(connection, &mut Inserts::prepare(connection)?, job)?;
            let ord = group.last();
            std::mem::take(&mut group).finish(connection, &mut self.counters)?;
            connection.prepare_cached("COMMIT")?.execute([])?;
            Ok::<u64, rusqlite::Error>(ord)
        };
        let notice = match write() {
            Ok(0) => return Ok(()),
            Ok(ord) => Notice::Durable { ord },
            Err(error) => {
                // The transaction is gone either way; its loss is what the error reports.
                let _ = connection.execute_batch("ROLLBACK");
                let lost: RangeInclusive<u64> = last + 1..=last;
                let failure = Arc::new(Failure { cause: error.to_string(), lost });
                self.failure = Some(Arc::clone(&failure));
                Notice::Failed(failure)
            }
        };
        if let Some(listener) = &self.listener {
            listener(notice);
        }
        self.check()
    }
}

fn check_documents(documents: &[DocumentEntry]) -> Result<(), StoreError> {
    let mut ids: Vec<DocumentId> = documents.iter().map(|entry| entry.document).collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(StoreError::DuplicateDocument(pair[0])),
        None => Ok(()),
    }
}
