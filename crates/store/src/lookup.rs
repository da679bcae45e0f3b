//! From the hash of an event to its place.
//!
//! The index over hashes is filled in large batches, because the key is random and each event alone would dirty a page of its own. What it lacks is kept in a map, which is
//! read from the log when somebody first asks.

use std::collections::HashMap;

use base::EventHash;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{Store, StoreError, jobs::prefix, read::hash_at, schema::Meta};

/// More entries than this and the map begins anew after the index.
const MOST_ENTRIES: usize = 1 << 17;

/// The places of the events in `after + 1 ..= last`.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    last: u64,
    places: HashMap<EventHash, u64>,
}

impl Recent {
    /// Reads the events that came since the last call.
    fn update(&mut self, connection: &Connection, limit: u64) -> Result<(), StoreError> {
        if self.last == 0 || self.places.len() > MOST_ENTRIES {
            self.places.clear();
            self.last = indexed(connection)?;
        }
        let mut statement = connection
            .prepare_cached("SELECT ord, hash FROM events WHERE ord > ?1 AND ord <= ?2 ORDER BY ord")?;
        let mut rows = statement.query(params![self.last, limit])?;
        while let Some(row) = rows.next()? {
            self.last = row.get(0)?;
            self.places.insert(hash_at(row, 1)?, self.last);
        }
        Ok(())
    }
}

impl Store {
    /// The place of an event; `None` when it is not here.
    pub(crate) fn locate(&self, hash: EventHash) -> Result<Option<u64>, StoreError> {
        let limit = self.limit();
        let visible = |ord: &u64| *ord <= limit;
        let known = self.recent.borrow().places.get(&hash).copied();
        if let Some(ord) = known.filter(visible) {
            return Ok(Some(ord));
        }
        if let Some(ord) = find(&self.reader, hash)?.filter(visible) {
            return Ok(Some(ord));
        }
        self.settle()?;
        let limit = self.limit();
        let mut recent = self.recent.borrow_mut();
        recent.update(&self.reader, limit)?;
        Ok(recent.places.get(&hash).copied().filter(|ord| *ord <= limit))
    }
}

/// Up to which event the index is filled. It can always be filled again, so a damaged row counts as none.
pub(crate) fn indexed(connection: &Connection) -> Result<u64, StoreError> {
    match Meta::Indexed.read_number(connection) {
        Err(error @ StoreError::Damaged { .. }) => {
            tracing::warn!(%error, "the index over events counts as empty");
            Ok(0)
        }
        result => result,
    }
}

/// Looks into the index alone.
pub(crate) fn find(connection: &Connection, hash: EventHash) -> rusqlite::Result<Option<u64>> {
    connection
        .prepare_cached(
            "SELECT events.ord FROM event_hashes JOIN events USING (ord)
             WHERE event_hashes.prefix = ?1 AND events.hash = ?2",
        )?
        .query_row(params![prefix(hash), hash.0], |row| row.get(0))
        .optional()
}
