//! Forgetting: payloads of old events, and blobs that nothing names any more. Headers stay, so the chain still verifies.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use base::{BlobHash, DocumentId, EventHash};
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    DocumentEntry, Store, StoreError, StoredEvent,
    blobs::{CHUNK_BITS, delete_chunks},
    model::{decode_documents, encode_documents, role_at},
    read::{event_place, hash_at},
    store::Backend,
};

/// What [`Store::prune`] dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// Events that lost their payload.
    pub events: u64,
    /// The size of those payloads in bytes.
    pub bytes: u64,
    /// BLAKE3 over the records of these events, in local order: for the event that says who pruned.
    pub digest: [u8; 32],
}

/// What [`Store::collect_blobs`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Blobs.
    pub blobs: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

impl Store {
    /// Drops the payloads of the events before `before` (in local order) that change only these documents; of all documents when none are given. Each event leaves its header and a
    /// record of which documents it changed. Everything is durable when this returns.
    ///
    /// # Errors
    /// A document whose newest such event is in no undamaged saved state: nothing is dropped then. A read-only or poisoned store.
    pub fn prune(&mut self, before: u64, documents: Option<&[DocumentId]>) -> Result<Pruned, StoreError> {
        self.check_writable()?;
        self.settle()?;
        let mut events = unpruned_entries(&self.reader, before.min(i64::MAX as u64))?;
        if let Some(chosen) = documents {
            events.retain(|_, entries| entries.iter().all(|entry| chosen.contains(&entry.document)));
        }
        self.check_saved(&events)?;

        let mut records = Vec::with_capacity(events.len());
        let mut pruned = Pruned { events: events.len() as u64, bytes: 0, digest: [0; 32] };
        let mut hasher = blake3::Hasher::new();
        for (ord, entries) in &events {
            let (hash, bytes): (EventHash, u64) = self
                .reader
                .prepare_cached(
                    "SELECT hash, length(bytes) FROM events JOIN payloads USING (ord) WHERE ord = ?1",
                )?
                .query_row([ord], |row| Ok((hash_at(row, 0)?, row.get(1)?)))?;
            let documents = encode_documents(entries);
            let digest = record_digest(*ord, hash, &documents);
            hasher.update(&digest);
            pruned.bytes += bytes;
            records.push((*ord, documents, digest));
        }
        pruned.digest = *hasher.finalize().as_bytes();
        self.write(64 * records.len(), move |connection| drop_payloads(connection, &records))?;
        self.sync()?;
        Ok(pruned)
    }

    /// Removes the blobs that no payload and no saved state names, unless `keep` says so (for open handles), and what unfinished copies left behind. Everything is durable when this returns.
    ///
    /// # Errors
    /// A read-only or poisoned store, or the database cannot be read.
    pub fn collect_blobs(&mut self, keep: &dyn Fn(BlobHash) -> bool) -> Result<Collected, StoreError> {
        self.check_writable()?;
        self.settle()?;
        let named: HashSet<BlobHash> = self
            .reader
            .prepare_cached("SELECT blob FROM event_blobs UNION SELECT blob FROM state_blobs")?
            .query_map([], |row| row.get(0).map(BlobHash))?
            .collect::<Result<_, _>>()?;
        let mut collected = Collected::default();
        if let Backend::Memory(memory) = &mut self.backend {
            memory.blobs.retain(|hash, bytes| {
                let stays = named.contains(hash) || keep(*hash);
                collected.blobs += u64::from(!stays);
                collected.bytes += if stays { 0 } else { bytes.len() as u64 };
                stays
            });
            return Ok(collected);
        }
        let mut keys: Vec<u64> = self
            .reader
            .prepare_cached(
                "SELECT DISTINCT id >> ?1 FROM blob_chunks WHERE id >> ?1 NOT IN (SELECT key FROM blobs)",
            )?
            .query_map([CHUNK_BITS], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut statement = self.reader.prepare_cached("SELECT key, hash, length FROM blobs ORDER BY key")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let hash = BlobHash(row.get(1)?);
            if !named.contains(&hash) && !keep(hash) {
                keys.push(row.get(0)?);
                collected.blobs += 1;
                collected.bytes += row.get::<_, u64>(2)?;
            }
        }
        drop(rows);
        drop(statement);
        // From here the database alone says which blobs there are.
        self.new_blobs.clear();
        if !keys.is_empty() {
            self.write(64 * keys.len(), move |connection| {
                for key in keys {
                    connection.prepare_cached("DELETE FROM blobs WHERE key = ?1")?.execute([key])?;
                    delete_chunks(connection, key)?;
                }
                Ok(())
            })?;
            self.sync()?;
        }
        Ok(collected)
    }

    /// Whether every document of these events has a saved state that includes them all.
    fn check_saved(&self, events: &BTreeMap<u64, Vec<DocumentEntry>>) -> Result<(), StoreError> {
        let mut newest: BTreeMap<DocumentId, u64> = BTreeMap::new();
        for (ord, entries) in events {
            newest.extend(entries.iter().map(|entry| (entry.document, *ord)));
        }
        for (document, ord) in newest {
            let saved = self.latest_state(document)?;
            if saved.is_none_or(|state| state.ord < ord) {
                return Err(StoreError::NothingSaved { document, ord });
            }
        }
        Ok(())
    }
}

/// The entries of every event before `before` that still has its payload.
fn unpruned_entries(
    connection: &Connection,
    before: u64,
) -> Result<BTreeMap<u64, Vec<DocumentEntry>>, StoreError> {
    let pruned: BTreeSet<u64> = connection
        .prepare_cached("SELECT ord FROM pruned")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut statement = connection.prepare_cached(
        "SELECT ord, document, role, target FROM event_documents WHERE ord < ?1 ORDER BY document, ord",
    )?;
    let mut rows = statement.query([before])?;
    let mut events: BTreeMap<u64, Vec<DocumentEntry>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let ord = row.get(0)?;
        if pruned.contains(&ord) {
            continue;
        }
        let document = DocumentId::new(u128::from_be_bytes(row.get(1)?));
        let role = role_at(row, 2)?
            .ok_or_else(|| StoreError::damaged(format!("event {ord}"), "its role is unknown"))?;
        events.entry(ord).or_default().push(DocumentEntry { document, role });
    }
    Ok(events)
}

fn drop_payloads(connection: &Connection, records: &[(u64, Vec<u8>, [u8; 32])]) -> rusqlite::Result<()> {
    for (ord, documents, digest) in records {
        connection
            .prepare_cached("INSERT INTO pruned (ord, documents, digest) VALUES (?1, ?2, ?3)")?
            .execute(params![ord, documents, digest])?;
        connection.prepare_cached("DELETE FROM payloads WHERE ord = ?1")?.execute([ord])?;
        connection.prepare_cached("DELETE FROM event_blobs WHERE ord = ?1")?.execute([ord])?;
    }
    Ok(())
}

/// The documents of an event whose payload was dropped; `None` when it was not.
pub(crate) fn pruned_documents(
    connection: &Connection,
    event: &StoredEvent,
) -> Result<Option<Vec<DocumentEntry>>, StoreError> {
    let record: Option<(Vec<u8>, Vec<u8>)> = connection
        .prepare_cached("SELECT documents, digest FROM pruned WHERE ord = ?1")?
        .query_row([event.ord], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((documents, digest)) = record else { return Ok(None) };
    let damaged = |what: &str| StoreError::damaged(event_place(event.ord, event.hash), what);
    if record_digest(event.ord, event.hash, &documents)[..] != digest[..] {
        return Err(damaged("the record that its payload was dropped does not match its digest"));
    }
    decode_documents(&documents).map(Some).map_err(|e| damaged(&e.to_string()))
}

/// What protects the record that a payload was dropped.
fn record_digest(ord: u64, hash: EventHash, documents: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(event_place(ord, hash).as_bytes()).update(&hash.0).update(documents);
    *hasher.finalize().as_bytes()
}
