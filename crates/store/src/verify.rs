//! Verification: every row against the hash that covers it, the graph against its rules, the log against its checkpoints.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use base::{BlobHash, DocumentId, EventHash, ReplicaId};
use document::event::PayloadHash;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

use crate::{
    Checkpoint, DocumentEntry, EventContents, RunId, Store, StoreError, StoredEvent,
    blobs::BlobReader,
    checkpoint,
    graph::{self, Graph},
    lookup,
    model::role_at,
    open::Paths,
    prune::pruned_documents,
    read::stored_event,
    schema::{self, Meta},
    states::stored_state,
};

/// Findings after which a report ends.
const MOST_FINDINGS: usize = 1000;

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// An event: its header, payload, or the rows that say which documents and blobs it names.
    Event {
        /// Its place in local order.
        ord: u64,
        /// Its name, as far as it can be read.
        hash: Option<EventHash>,
    },
    /// A checkpoint that names an event which the log lacks.
    Checkpoint {
        /// The replica.
        replica: ReplicaId,
        /// The number of the event.
        sequence: u64,
    },
    /// A saved state.
    State {
        /// The document.
        document: DocumentId,
        /// The newest event that it includes.
        ord: u64,
    },
    /// A blob.
    Blob(BlobHash),
    /// A run.
    Run(RunId),
    /// The database as a whole, an index, or the file of checkpoints.
    Storage,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Event { ord, hash: Some(hash) } => write!(f, "event {ord} ({})", hash.short()),
            Subject::Event { ord, hash: None } => write!(f, "event {ord}"),
            Subject::Checkpoint { replica, sequence } => {
                write!(f, "checkpoint of event {sequence} of replica {replica}")
            }
            Subject::State { document, ord } => {
                write!(f, "saved state of document {document} at event {ord}")
            }
            Subject::Blob(hash) => write!(f, "blob {hash}"),
            Subject::Run(RunId(id)) => write!(f, "run {id}"),
            Subject::Storage => f.write_str("storage"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Where.
    pub subject: Subject,
    /// What, as a sentence without a full stop.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.what)
    }
}

/// What [`Store::verify`] looked at and found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifyReport {
    /// Events.
    pub events: u64,
    /// Payloads.
    pub payloads: u64,
    /// Events whose payload was dropped on purpose.
    pub pruned: u64,
    /// Blobs.
    pub blobs: u64,
    /// Saved states.
    pub states: u64,
    /// Runs.
    pub runs: u64,
    /// Checkpoints, from the file and from outside.
    pub checkpoints: u64,
    /// Everything that is wrong, events first and in local order; at most 1,000.
    pub findings: Vec<Finding>,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty()
    }

    /// The first bad event in local order, and what is wrong with it.
    pub fn first_bad_event(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| matches!(finding.subject, Subject::Event { .. }))
    }

    fn add(&mut self, subject: Subject, what: impl Into<String>) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(Finding { subject, what: what.into() });
        }
    }

    /// Turns an error of one part into a finding, so that the rest is still looked at.
    fn part(&mut self, subject: Subject, result: Result<(), StoreError>) {
        if let Err(error) = result {
            self.add(subject, error.to_string());
        }
    }
}

/// Reads out of a payload what the rows beside it must say.
pub(crate) type ReadContents<'f> = &'f dyn Fn(&[u8]) -> Result<EventContents, String>;

impl Store {
    /// Looks at every byte that the store answers for. `external` are checkpoints that were kept elsewhere; `contents` reads a payload.
    ///
    /// # Errors
    /// The database cannot be read at all. Damage is not an error but a finding.
    pub fn verify(
        &self,
        external: Option<&[Checkpoint]>,
        contents: &dyn Fn(&[u8]) -> Result<EventContents, String>,
    ) -> Result<VerifyReport, StoreError> {
        self.settle()?;
        let mut report = VerifyReport::default();
        let mut expected: Vec<Checkpoint> = external.unwrap_or_default().to_vec();
        if let Some(dir) = &self.dir {
            // Read before the log: a checkpoint is written after its event.
            match checkpoint::read(&Paths::new(dir).checkpoints) {
                Ok(Some(file)) => {
                    expected.extend(&file.checkpoints);
                    if file.workspace != self.workspace {
                        report.add(Subject::Storage, "the file checkpoints belongs to another workspace");
                    }
                    if file.writes > Meta::Writes.read_number(&self.reader).unwrap_or(u64::MAX) {
                        report.add(Subject::Storage, "the database lost acknowledged writes");
                    }
                }
                Ok(None) => report.add(Subject::Storage, "the file checkpoints is missing"),
                Err(error) => report.add(Subject::Storage, error.to_string()),
            }
        }
        report.checkpoints = expected.len() as u64;
        let transaction = self.reader.unchecked_transaction()?;
        let log = Log { connection: &transaction, contents, limit: self.limit() };
        let result = log.check(&expected, &mut report);
        report.part(Subject::Storage, result);
        let result = check_blobs(&transaction, &mut report);
        report.part(Subject::Storage, result);
        let result = check_states(&transaction, &mut report);
        report.part(Subject::Storage, result);
        self.check_runs(&mut report);
        let result = check_database(&transaction, &mut report);
        report.part(Subject::Storage, result);
        report.findings.sort_by(|a, b| a.subject.cmp(&b.subject));
        Ok(report)
    }

    fn check_runs(&self, report: &mut VerifyReport) {
        let next = self.reader.query_row("SELECT coalesce(max(id), 0) FROM runs", [], |row| row.get(0));
        for id in 1..=next.unwrap_or(0u64) {
            match self.run(RunId(id)) {
                Ok(Some(_)) => report.runs += 1,
                Ok(None) => report.add(Subject::Run(RunId(id)), "it is missing"),
                Err(error) => report.add(Subject::Run(RunId(id)), error.to_string()),
            }
        }
    }
}

/// The log as it is checked.
struct Log<'l> {
    connection: &'l Connection,
    contents: ReadContents<'l>,
    limit: u64,
}

/// Rows beside the events that were found where they belong.
#[derive(Default)]
struct Matched {
    payloads: u64,
    documents: u64,
    blobs: u64,
    pruned: u64,
}

impl Log<'_> {
    fn check(&self, expected: &[Checkpoint], report: &mut VerifyReport) -> Result<(), StoreError> {
        let mut awaited: BTreeMap<(ReplicaId, u64), Vec<EventHash>> = BTreeMap::new();
        for Checkpoint { replica, sequence, hash } in expected {
            awaited.entry((*replica, *sequence)).or_default().push(*hash);
        }
        let indexed = lookup::indexed(self.connection)?;
        let saved = graph::saved(self.connection)?;
        let mut graph = Graph::default();
        // Where events are that the index does not know yet.
        let mut places: HashMap<EventHash, u64> = HashMap::new();
        let mut matched = Matched::default();

        let mut statement =
            self.connection.prepare("SELECT ord, hash, header FROM events WHERE ord <= ?1 ORDER BY ord")?;
        let mut rows = statement.query([self.limit])?;
        loop {
            let at = graph.last + 1;
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => break,
                Err(error) => {
                    report.add(Subject::Event { ord: at, hash: None }, format!("it cannot be read: {error}"));
                    break;
                }
            };
            report.events += 1;
            let hash: Option<EventHash> = row.get(1).ok().map(EventHash);
            let ord = row.get(0).unwrap_or(at);
            let subject = Subject::Event { ord, hash };
            if ord != at {
                report.add(Subject::Event { ord: at, hash: None }, "it is missing");
                graph.last = ord.saturating_sub(1);
            }
            let event = match stored_event(row) {
                Ok(event) => event,
                Err(error) => {
                    report.add(subject, error.to_string());
                    graph.last = ord;
                    continue;
                }
            };
            self.check_number(&event, &graph, report);
            for parent in &event.header.parents {
                let place = match graph.is_tip(*parent) {
                    true => Some(0),
                    false => places.get(parent).copied().or(lookup::find(self.connection, *parent)?),
                };
                if place.is_none_or(|place| place >= ord) {
                    report.add(subject.clone(), format!("its parent {parent} does not come before it"));
                }
            }
            if let Some(hashes) = awaited.remove(&(event.header.replica, event.header.sequence))
                && let Some(other) = hashes.iter().find(|hash| **hash != event.hash)
            {
                report.add(subject.clone(), format!("a checkpoint names event {other} here"));
            }
            if ord <= indexed && lookup::find(self.connection, event.hash)? != Some(ord) {
                report.add(subject.clone(), "the index over events does not lead to it");
            }
            self.check_rows(&event, &mut matched, report)?;
            graph.add(event.hash, &event.header);
            if ord > indexed {
                places.insert(event.hash, ord);
            }
            if saved.as_ref().is_some_and(|saved| saved.last == ord && *saved != graph) {
                report.add(Subject::Storage, "the saved heads are not those of the log");
            }
        }
        for ((replica, sequence), _) in awaited {
            report.add(Subject::Checkpoint { replica, sequence }, "the log lacks the event that it names");
        }
        report.payloads = matched.payloads;
        report.pruned = matched.pruned;
        self.check_counts(&matched, indexed, report)
    }

    /// The event's number among those of its replica.
    fn check_number(&self, event: &StoredEvent, graph: &Graph, report: &mut VerifyReport) {
        let expected = graph.next_sequence(event.header.replica);
        if event.header.sequence != expected {
            let subject = Subject::Event { ord: event.ord, hash: Some(event.hash) };
            let what = format!("it is number {} of its replica, {expected} was next", event.header.sequence);
            report.add(subject, what);
        }
    }

    /// The payload, and the rows that repeat what it says.
    fn check_rows(
        &self,
        event: &StoredEvent,
        matched: &mut Matched,
        report: &mut VerifyReport,
    ) -> Result<(), StoreError> {
        let subject = || Subject::Event { ord: event.ord, hash: Some(event.hash) };
        let payload: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT bytes FROM payloads WHERE ord = ?1")?
            .query_row([event.ord], |row| row.get(0))
            .optional()?;
        let record = match pruned_documents(self.connection, event) {
            Err(error @ StoreError::Damaged { .. }) => {
                matched.pruned += 1;
                report.add(subject(), error.to_string());
                return Ok(());
            }
            result => result?,
        };
        let contents = match (payload, record) {
            (Some(bytes), None) => {
                matched.payloads += 1;
                if PayloadHash::of(&bytes) != event.header.payload {
                    report.add(subject(), "its payload is not the one that its header names");
                    return Ok(());
                }
                (self.contents)(&bytes)
            }
            (None, Some(documents)) => {
                matched.pruned += 1;
                Ok(EventContents { documents, blobs: Vec::new() })
            }
            (None, None) => {
                report.add(subject(), "its payload is missing");
                return Ok(());
            }
            (Some(_), Some(_)) => {
                report.add(subject(), "its payload is there, and so is a record that it was dropped");
                return Ok(());
            }
        };
        match contents {
            Ok(contents) => self.check_contents(event, contents, matched, report),
            Err(what) => {
                report.add(subject(), format!("its payload cannot be read: {what}"));
                Ok(())
            }
        }
    }

    fn check_contents(
        &self,
        event: &StoredEvent,
        mut contents: EventContents,
        matched: &mut Matched,
        report: &mut VerifyReport,
    ) -> Result<(), StoreError> {
        let subject = || Subject::Event { ord: event.ord, hash: Some(event.hash) };
        for entry in &contents.documents {
            let row = self
                .connection
                .prepare_cached("SELECT role, target FROM event_documents WHERE document = ?1 AND ord = ?2")?
                .query_row(params![entry.document.value().to_be_bytes(), event.ord], |row| role_at(row, 0))
                .optional()?;
            matched.documents += u64::from(row.is_some());
            if row != Some(Some(entry.role)) {
                let DocumentEntry { document, .. } = entry;
                report
                    .add(subject(), format!("the history of document {document} does not show it as it is"));
            }
        }
        contents.blobs.sort();
        contents.blobs.dedup();
        for blob in &contents.blobs {
            let mut named =
                self.connection.prepare_cached("SELECT 1 FROM event_blobs WHERE ord = ?1 AND blob = ?2")?;
            let mut there = self.connection.prepare_cached("SELECT 1 FROM blobs WHERE hash = ?1")?;
            if named.exists(params![event.ord, blob.0])? {
                matched.blobs += 1;
            } else {
                report.add(subject(), format!("the blob {blob} is not recorded as named by it"));
            }
            if !there.exists([blob.0])? {
                report.add(subject(), format!("the blob {blob} that it names is missing"));
            }
        }
        Ok(())
    }

    /// Whether there are rows that belong to no event.
    fn check_counts(
        &self,
        matched: &Matched,
        indexed: u64,
        report: &mut VerifyReport,
    ) -> Result<(), StoreError> {
        let tables = [
            ("payloads", matched.payloads),
            ("pruned", matched.pruned),
            ("event_documents", matched.documents),
            ("event_blobs", matched.blobs),
            ("event_hashes", indexed),
        ];
        for (table, expected) in tables {
            let sql = format!("SELECT count(*), min(ord) FROM {table} WHERE ord <= ?1");
            let (found, first): (u64, Option<u64>) =
                self.connection.query_row(&sql, [self.limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if found != expected {
                let first = first.map_or(String::new(), |ord| format!(", the first at event {ord}"));
                let what = format!("{table} has {found} rows{first}, the events name {expected}");
                report.add(Subject::Storage, what);
            }
        }
        Ok(())
    }
}

fn check_blobs(connection: &Connection, report: &mut VerifyReport) -> Result<(), StoreError> {
    let mut statement = connection.prepare("SELECT key, hash, length FROM blobs ORDER BY key")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (key, hash, length) = (row.get(0)?, BlobHash(row.get(1)?), row.get(2)?);
        report.blobs += 1;
        let mut reader = BlobReader::new(connection, hash, key, length);
        loop {
            match reader.next_chunk() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    report.add(Subject::Blob(hash), error.to_string());
                    break;
                }
            }
        }
    }
    Ok(())
}

fn check_states(connection: &Connection, report: &mut VerifyReport) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare("SELECT id, document, ord, event, digest, state, crdt, (SELECT hash FROM events WHERE ord = states.ord) FROM states ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        report.states += 1;
        let event: Option<[u8; 32]> = row.get(7)?;
        let stored = stored_state(row)?;
        let subject = Subject::State { document: stored.saved.document, ord: stored.saved.ord };
        if event.map(EventHash) != Some(stored.saved.event) {
            report.add(subject.clone(), "the event that it names is another one in the log");
        }
        let result = stored.checked(connection).map(|_| ());
        report.part(subject, result);
    }
    Ok(())
}

/// What SQLite itself can tell, and the rows about the database.
fn check_database(connection: &Connection, report: &mut VerifyReport) -> Result<(), StoreError> {
    for meta in Meta::ALL {
        match meta.read(connection) {
            Ok(None) if matches!(meta, Meta::Workspace | Meta::Replica) => {
                report.add(Subject::Storage, format!("the meta row {} is missing", meta.key()));
            }
            result => report.part(Subject::Storage, result.map(|_| ())),
        }
    }
    if schema::statements(connection)? != schema::statements(&schema::connect_in_memory()?)? {
        report.add(Subject::Storage, "the tables are not those of this version");
    }
    let messages: Vec<String> = connection
        .prepare("PRAGMA integrity_check(20)")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for message in messages.iter().filter(|message| *message != "ok") {
        report.add(Subject::Storage, message.trim().replace('\n', "; "));
    }
    Ok(())
}
