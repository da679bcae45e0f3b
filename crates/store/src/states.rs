//! Saved states: from which a document opens without replay.

use base::{BlobHash, DocumentId, EventHash};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{Store, StoreError, schema::check_size};

/// A materialised document as of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedState {
    /// The document.
    pub document: DocumentId,
    /// The newest event that it includes, in local order.
    pub ord: u64,
    /// That event's name.
    pub event: EventHash,
    /// The visible content.
    pub state: Vec<u8>,
    /// The merge data.
    pub crdt: Vec<u8>,
    /// The blobs that the state names: they are kept for as long as it is. Ascending, none twice.
    pub blobs: Vec<BlobHash>,
}

/// A saved state without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateInfo {
    /// The newest event that it includes, in local order.
    pub ord: u64,
    /// That event's name.
    pub event: EventHash,
    /// The size of the visible content and of the merge data, in bytes.
    pub bytes: u64,
}

impl SavedState {
    /// BLAKE3 over every field, each byte string after its length.
    fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(&self.document.value().to_be_bytes())
            .update(&self.ord.to_le_bytes())
            .update(&self.event.0);
        for bytes in [&self.state, &self.crdt] {
            hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        }
        for blob in &self.blobs {
            hasher.update(&blob.0);
        }
        *hasher.finalize().as_bytes()
    }
}

impl Store {
    /// Saves a state, and replaces the one of the same document and event. It becomes durable with or before the next event.
    ///
    /// # Errors
    /// A read-only or poisoned store, a state over 1 GB, a blob that is not here, or an event that is not at this place.
    pub fn put_state(&mut self, mut saved: SavedState) -> Result<(), StoreError> {
        self.check_writable()?;
        check_size("the saved state", saved.state.len() + saved.crdt.len())?;
        saved.blobs.sort();
        saved.blobs.dedup();
        for blob in &saved.blobs {
            if !self.has_blob(*blob)? {
                return Err(StoreError::UnknownBlob(*blob));
            }
        }
        let is_newest = saved.ord == self.graph.last && self.graph.is_tip(saved.event);
        if !is_newest && self.locate(saved.event)? != Some(saved.ord) {
            return Err(StoreError::UnknownEvent(saved.event));
        }
        let digest = saved.digest();
        self.write(saved.state.len() + saved.crdt.len(), move |connection| insert(connection, &saved, digest))
    }

    /// The newest saved state of a document; `None` when there is none.
    ///
    /// # Errors
    /// The state is damaged, or the database cannot be read.
    pub fn latest_state(&self, document: DocumentId) -> Result<Option<SavedState>, StoreError> {
        self.state_at_or_before(document, u64::MAX)
    }

    /// The newest saved state of a document that includes no event after `ord`; `None` when there is none.
    ///
    /// # Errors
    /// The state is damaged, or the database cannot be read.
    pub fn state_at_or_before(
        &self,
        document: DocumentId,
        ord: u64,
    ) -> Result<Option<SavedState>, StoreError> {
        self.settle()?;
        let found = self
            .reader
            .prepare_cached(
                "SELECT id, document, ord, event, digest, state, crdt FROM states
                 WHERE document = ?1 AND ord <= ?2 ORDER BY ord DESC LIMIT 1",
            )?
            .query_row(params![document.value().to_be_bytes(), ord.min(self.limit())], stored_state)
            .optional()?;
        found.map(|stored| stored.checked(&self.reader)).transpose()
    }

    /// The saved states of a document, oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn states(&self, document: DocumentId) -> Result<Vec<StateInfo>, StoreError> {
        self.settle()?;
        let mut statement = self.reader.prepare_cached(
            "SELECT ord, event, length(state) + length(crdt) FROM states WHERE document = ?1 AND ord <= ?2 ORDER BY ord",
        )?;
        let infos = statement.query_map(params![document.value().to_be_bytes(), self.limit()], |row| {
            Ok(StateInfo { ord: row.get(0)?, event: EventHash(row.get(1)?), bytes: row.get(2)? })
        })?;
        Ok(infos.collect::<Result<_, _>>()?)
    }

    /// Removes the saved states of a document that are older than `ord`.
    ///
    /// # Errors
    /// A read-only or poisoned store.
    pub fn remove_states_before(&mut self, document: DocumentId, ord: u64) -> Result<(), StoreError> {
        let ord = ord.min(i64::MAX as u64);
        self.write(64, move |connection| {
            connection
                .prepare_cached("DELETE FROM states WHERE document = ?1 AND ord < ?2")?
                .execute(params![document.value().to_be_bytes(), ord])
                .map(|_| ())
        })
    }
}

fn insert(connection: &Connection, saved: &SavedState, digest: [u8; 32]) -> rusqlite::Result<()> {
    let document = saved.document.value().to_be_bytes();
    connection
        .prepare_cached("DELETE FROM states WHERE document = ?1 AND ord = ?2")?
        .execute(params![document, saved.ord])?;
    let id = connection
        .prepare_cached(
            "INSERT INTO states (document, ord, event, digest, state, crdt) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .insert(params![document, saved.ord, saved.event.0, digest, saved.state, saved.crdt])?;
    let mut statement = connection.prepare_cached("INSERT INTO state_blobs (state, blob) VALUES (?1, ?2)")?;
    for blob in &saved.blobs {
        statement.execute(params![id, blob.0])?;
    }
    Ok(())
}

/// A state as it was read, with its key and digest.
pub(crate) struct StoredState {
    id: i64,
    digest: [u8; 32],
    pub(crate) saved: SavedState,
}

/// Reads the columns `id, document, ord, event, digest, state, crdt`.
pub(crate) fn stored_state(row: &Row<'_>) -> rusqlite::Result<StoredState> {
    Ok(StoredState {
        id: row.get(0)?,
        digest: row.get(4)?,
        saved: SavedState {
            document: DocumentId::new(u128::from_be_bytes(row.get(1)?)),
            ord: row.get(2)?,
            event: EventHash(row.get(3)?),
            state: row.get(5)?,
            crdt: row.get(6)?,
            blobs: Vec::new(),
        },
    })
}

impl StoredState {
    /// Adds the blobs and compares everything with the digest.
    pub(crate) fn checked(mut self, connection: &Connection) -> Result<SavedState, StoreError> {
        self.saved.blobs = connection
            .prepare_cached("SELECT blob FROM state_blobs WHERE state = ?1 ORDER BY blob")?
            .query_map([self.id], |row| row.get(0).map(BlobHash))?
            .collect::<Result<_, _>>()?;
        if self.saved.digest() == self.digest {
            return Ok(self.saved);
        }
        let place =
            format!("the saved state of document {} at event {}", self.saved.document, self.saved.ord);
        Err(StoreError::damaged(place, "it does not match its digest"))
    }
}
