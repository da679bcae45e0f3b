//! What is handed to the writer, and how it becomes rows.

use base::{BlobHash, EventHash, ReplicaId};
use rusqlite::{CachedStatement, Connection, params};

use crate::{
    checkpoint::{Checkpoint, INTERVAL, Record},
    model::{DocumentEntry, role_columns},
    schema::Meta,
};

/// How many events may be missing from `event_hashes`. Large, so that a batch in the order of the key puts several entries on each page.
const INDEX_BATCH: u64 = 32_768;

/// An event, encoded and hashed.
#[derive(Debug)]
pub(crate) struct EventRow {
    pub(crate) ord: u64,
    pub(crate) hash: EventHash,
    pub(crate) replica: ReplicaId,
    pub(crate) sequence: u64,
    pub(crate) header: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) documents: Vec<DocumentEntry>,
    pub(crate) blobs: Vec<BlobHash>,
}

type Action = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;

/// One thing to write.
pub(crate) enum Job {
    Event(EventRow),
    /// Something that no event names: its loss shows in the count of such writes.
    Write {
        bytes: usize,
        action: Action,
    },
    /// The newest events, encoded: derived, so that its loss does not matter.
    Graph(Vec<u8>),
}

impl Job {
    /// About how much memory it holds, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Job::Event(event) => event.header.len() + event.payload.len() + 128,
            Job::Write { bytes, .. } => *bytes,
            Job::Graph(bytes) => bytes.len(),
        }
    }
}

/// The statements of the hot path.
pub(crate) struct Inserts<'c> {
    event: CachedStatement<'c>,
    payload: CachedStatement<'c>,
    document: CachedStatement<'c>,
    blob: CachedStatement<'c>,
}

impl<'c> Inserts<'c> {
    pub(crate) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Inserts {
            event: connection.prepare_cached("INSERT INTO events (ord, hash, header) VALUES (?1, ?2, ?3)")?,
            payload: connection.prepare_cached("INSERT INTO payloads (ord, bytes) VALUES (?1, ?2)")?,
            document: connection.prepare_cached(
                "INSERT INTO event_documents (document, ord, role, target) VALUES (?1, ?2, ?3, ?4)",
            )?,
            blob: connection
                .prepare_cached("INSERT OR IGNORE INTO event_blobs (ord, blob) VALUES (?1, ?2)")?,
        })
    }

    fn insert(&mut self, event: &EventRow) -> rusqlite::Result<()> {
        self.event.execute(params![event.ord, event.hash.0, event.header])?;
        self.payload.execute(params![event.ord, event.payload])?;
        for entry in &event.documents {
            let document = entry.document.value().to_be_bytes();
            let (role, target) = role_columns(entry.role);
            self.document.execute(params![document, event.ord, role, target])?;
        }
        for blob in &event.blobs {
            self.blob.execute(params![event.ord, blob.0])?;
        }
        Ok(())
    }
}

/// One transaction: rows go in through [`Group::apply`], and [`Group::finish`] says what it did.
#[derive(Debug, Default)]
pub(crate) struct Group {
    last: u64,
    bytes: usize,
    writes: bool,
    records: Vec<Checkpoint>,
}

impl Group {
    /// About how much it has written, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The newest event in it; 0 when it holds none.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    pub(crate) fn apply(
        &mut self,
        connection: &Connection,
        inserts: &mut Inserts<'_>,
        job: Job,
    ) -> rusqlite::Result<()> {
        self.bytes += job.bytes();
        match job {
            Job::Event(event) => {
                inserts.insert(&event)?;
                self.last = event.ord;
                self.witness(Checkpoint {
                    replica: event.replica,
                    sequence: event.sequence,
                    hash: event.hash,
                });
                Ok(())
            }
            Job::Write { action, .. } => {
                self.writes = true;
                action(connection)
            }
            Job::Graph(bytes) => Meta::Graph.write(connection, &bytes),
        }
    }

    /// Remembers the newest event of every replica, and those at the interval.
    fn witness(&mut self, checkpoint: Checkpoint) {
        let newest = self.records.iter_mut().rfind(|known| known.replica == checkpoint.replica);
        match newest {
            Some(known) if !known.sequence.is_multiple_of(INTERVAL) => *known = checkpoint,
            _ => self.records.push(checkpoint),
        }
    }

    /// Writes the counters that belong to the transaction, and returns the records for the file of checkpoints once it is committed.
    pub(crate) fn finish(
        self,
        connection: &Connection,
        counters: &mut Counters,
    ) -> rusqlite::Result<Vec<Record>> {
        let mut records: Vec<Record> = self.records.into_iter().map(Record::Event).collect();
        if self.writes {
            counters.writes += 1;
            Meta::Writes.write(connection, &counters.writes.to_le_bytes())?;
            records.push(Record::Writes(counters.writes));
        }
        if self.last >= counters.indexed + INDEX_BATCH {
            index_hashes(connection, counters.indexed, self.last)?;
            counters.indexed = self.last;
        }
        Ok(records)
    }
}

/// Counters that live as long as the writer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counters {
    /// Groups of writes other than events.
    pub(crate) writes: u64,
    /// The newest event in `event_hashes`.
    pub(crate) indexed: u64,
}

/// Adds the events in `after + 1 ..= last` to the index, in the order of its key.
fn index_hashes(connection: &Connection, after: u64, last: u64) -> rusqlite::Result<()> {
    let mut entries: Vec<(i64, u64)> = connection
        .prepare_cached("SELECT hash, ord FROM events WHERE ord > ?1 AND ord <= ?2")?
        .query_map([after, last], |row| Ok((prefix(EventHash(row.get(0)?)), row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    entries.sort_unstable();
    let mut insert =
        connection.prepare_cached("INSERT OR IGNORE INTO event_hashes (prefix, ord) VALUES (?1, ?2)")?;
    for (prefix, ord) in entries {
        insert.execute(params![prefix, ord])?;
    }
    Meta::Indexed.write(connection, &last.to_le_bytes())
}

/// The key of an event in the index: the first eight bytes of its hash.
pub(crate) fn prefix(hash: EventHash) -> i64 {
    i64::from_be_bytes(std::array::from_fn(|i| hash.0[i]))
}
