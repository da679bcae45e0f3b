//! Reading the log: events, payloads, the history of a document.
//!
//! What is read is checked against its hash, so that damage is reported and never used.

use std::{
    collections::VecDeque,
    io::Write,
    ops::{Bound, RangeBounds},
};

use base::{DocumentId, EventHash};
use document::event::{Header, PayloadHash};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    Checkpoint, HistoryRow, Payload, Store, StoreError, StoredEvent,
    checkpoint::{INTERVAL, write_lines},
    graph::Graph,
    model::role_at,
    prune::pruned_documents,
    store::Backend,
};

/// Events that [`Events`] reads at a time.
const PAGE: usize = 256;

impl Store {
    /// The heads: the newest events of the graph, ascending by hash.
    ///
    /// # Errors
    /// Damage, or the database cannot be read.
    pub fn heads(&self) -> Result<Vec<EventHash>, StoreError> {
        Ok(self.current_graph()?.heads.into_iter().collect())
    }

    /// How many events there are; also the place of the newest one.
    ///
    /// # Errors
    /// Damage, or the database cannot be read.
    pub fn event_count(&self) -> Result<u64, StoreError> {
        Ok(self.current_graph()?.last)
    }

    /// Whether an event is here.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn contains(&self, hash: EventHash) -> Result<bool, StoreError> {
        Ok(self.locate(hash)?.is_some())
    }

    /// The event with this hash; `None` when it is not here.
    ///
    /// # Errors
    /// The event is damaged, or the database cannot be read.
    pub fn event(&self, hash: EventHash) -> Result<Option<StoredEvent>, StoreError> {
        let Some(ord) = self.locate(hash)? else { return Ok(None) };
        self.events(ord..=ord, None).next().transpose()
    }

    /// The events in a range of local order, oldest first; only those of one document, if one is given.
    ///
    /// They are read in pages. An error ends the iteration.
    pub fn events(&self, range: impl RangeBounds<u64>, document: Option<DocumentId>) -> Events<'_> {
        let next = match range.start_bound() {
            Bound::Included(ord) => *ord,
            Bound::Excluded(ord) => ord.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let last = match range.end_bound() {
            Bound::Included(ord) => *ord,
            Bound::Excluded(ord) => ord.saturating_sub(1),
            Bound::Unbounded => u64::MAX,
        };
        Events { store: self, document, next, last, page: VecDeque::new(), is_done: false }
    }

    /// The payload of an event.
    ///
    /// # Errors
    /// No such event, a payload that is damaged or missing, or the database cannot be read.
    pub fn payload(&self, hash: EventHash) -> Result<Payload, StoreError> {
        let event = self.event(hash)?.ok_or(StoreError::UnknownEvent(hash))?;
        self.payload_of(&event)
    }

    /// The payload of an event that was read.
    ///
    /// # Errors
    /// A payload that is damaged or missing, or the database cannot be read.
    pub fn payload_of(&self, event: &StoredEvent) -> Result<Payload, StoreError> {
        let bytes: Option<Vec<u8>> = self
            .reader
            .prepare_cached("SELECT bytes FROM payloads WHERE ord = ?1")?
            .query_row([event.ord], |row| row.get(0))
            .optional()?;
        let damaged = |what: &str| StoreError::damaged(event_place(event.ord, event.hash), what);
        match bytes {
            Some(bytes) if PayloadHash::of(&bytes) == event.header.payload => Ok(Payload::Bytes(bytes)),
            Some(_) => Err(damaged("its payload is not the one that its header names")),
            None => match pruned_documents(&self.reader, event)? {
                Some(documents) => Ok(Payload::Pruned(documents)),
                None => Err(damaged("its payload is missing")),
            },
        }
    }

    /// The history of a document, oldest first.
    ///
    /// # Errors
    /// A damaged event, or the database cannot be read.
    pub fn history(&self, document: DocumentId) -> Result<Vec<HistoryRow>, StoreError> {
        self.settle()?;
        let mut statement = self.reader.prepare_cached(
            "SELECT ord, hash, header, role, target FROM event_documents JOIN events USING (ord)
             WHERE document = ?1 AND ord <= ?2 ORDER BY ord",
        )?;
        let mut rows = statement.query(params![document.value().to_be_bytes(), self.limit()])?;
        let mut history = Vec::new();
        while let Some(row) = rows.next()? {
            let StoredEvent { ord, hash, header } = stored_event(row)?;
            let role = role_at(row, 3)?
                .ok_or_else(|| StoreError::damaged(event_place(ord, hash), "its role is unknown"))?;
            history.push(HistoryRow {
                ord,
                hash,
                actor: header.actor,
                replica: header.replica,
                role,
                command: header.command,
                time: header.time,
            });
        }
        Ok(history)
    }

    /// The documents that any event has changed, ascending by id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn documents(&self) -> Result<Vec<DocumentId>, StoreError> {
        self.settle()?;
        // Each step seeks to the next document, which skips its events.
        let mut statement = self.reader.prepare_cached(
            "WITH RECURSIVE found (document) AS (
                SELECT min(document) FROM event_documents
                UNION ALL
                SELECT (SELECT min(document) FROM event_documents WHERE document > found.document)
                FROM found WHERE found.document IS NOT NULL)
             SELECT document FROM found WHERE document IS NOT NULL",
        )?;
        let ids = statement.query_map([], |row| row.get(0).map(u128::from_be_bytes).map(DocumentId::new))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    /// Writes one checkpoint per 1,000 events and the newest, per replica, as lines of JSON: `{"replica":"00…","sequence":1000,"hash":"…"}`. Kept elsewhere, they let
    /// [`Store::verify`] find even a log that was rewritten as a whole.
    ///
    /// # Errors
    /// A damaged event, a database that cannot be read, or a writer that fails.
    pub fn export_checkpoints(&self, writer: &mut dyn Write) -> Result<(), StoreError> {
        self.settle()?;
        let checkpoints = checkpoints(&self.reader, self.limit())?;
        write_lines(&checkpoints, writer).map_err(StoreError::Stream)
    }

    fn current_graph(&self) -> Result<Graph, StoreError> {
        match (&self.backend, self.failure()) {
            (Backend::ReadOnly, _) | (_, Some(_)) => Graph::load(&self.reader, self.limit()),
            _ => Ok(self.graph.clone()),
        }
    }
}

/// Events in local order; see [`Store::events`].
pub struct Events<'s> {
    store: &'s Store,
    document: Option<DocumentId>,
    next: u64,
    last: u64,
    page: VecDeque<Result<StoredEvent, StoreError>>,
    is_done: bool,
}

impl Events<'_> {
    fn read_page(&mut self) -> Result<(), StoreError> {
        self.store.settle()?;
        let sql = match self.document {
            Some(_) => {
                "SELECT ord, hash, header FROM event_documents JOIN events USING (ord)
                 WHERE ord >= ?1 AND ord <= ?2 AND document = ?4 ORDER BY ord LIMIT ?3"
            }
            None => {
                "SELECT ord, hash, header FROM events
                 WHERE ord >= ?1 AND ord <= ?2 AND ?4 IS NULL ORDER BY ord LIMIT ?3"
            }
        };
        let last = self.last.min(self.store.limit());
        let document = self.document.map(|document| document.value().to_be_bytes());
        let mut statement = self.store.reader.prepare_cached(sql)?;
        let mut rows = statement.query(params![self.next.min(i64::MAX as u64), last, PAGE, document])?;
        while let Some(row) = rows.next()? {
            let event = stored_event(row)?;
            self.next = event.ord + 1;
            self.page.push_back(Ok(event));
        }
        self.is_done = self.page.len() < PAGE;
        Ok(())
    }
}

impl Iterator for Events<'_> {
    type Item = Result<StoredEvent, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty()
            && !self.is_done
            && let Err(error) = self.read_page()
        {
            self.is_done = true;
            self.page.push_back(Err(error));
        }
        self.page.pop_front()
    }
}

/// Reads the columns `ord, hash, header` and checks them against each other.
pub(crate) fn stored_event(row: &Row<'_>) -> Result<StoredEvent, StoreError> {
    let (ord, hash) = (row.get(0)?, hash_at(row, 1)?);
    let bytes = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
    if EventHash::of(bytes) != hash {
        return Err(StoreError::damaged(event_place(ord, hash), "its header does not match its hash"));
    }
    let header =
        Header::decode(bytes).map_err(|e| StoreError::damaged(event_place(ord, hash), e.to_string()))?;
    Ok(StoredEvent { ord, hash, header })
}

/// The hash in a column.
pub(crate) fn hash_at(row: &Row<'_>, column: usize) -> rusqlite::Result<EventHash> {
    row.get(column).map(EventHash)
}

pub(crate) fn event_place(ord: u64, hash: EventHash) -> String {
    format!("event {ord} ({})", hash.short())
}

/// One checkpoint per [`INTERVAL`] events and the newest, per replica, from the log itself.
pub(crate) fn checkpoints(connection: &Connection, limit: u64) -> Result<Vec<Checkpoint>, StoreError> {
    let mut graph = Graph::default();
    let mut kept = Vec::new();
    let mut statement =
        connection.prepare_cached("SELECT ord, hash, header FROM events WHERE ord <= ?1 ORDER BY ord")?;
    let mut rows = statement.query([limit.min(i64::MAX as u64)])?;
    while let Some(row) = rows.next()? {
        let StoredEvent { hash, header, .. } = stored_event(row)?;
        graph.add(hash, &header);
        if header.sequence.is_multiple_of(INTERVAL) {
            kept.push(Checkpoint { replica: header.replica, sequence: header.sequence, hash });
        }
    }
    kept.extend(graph.tips());
    kept.sort();
    kept.dedup();
    Ok(kept)
}
