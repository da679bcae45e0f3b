//! Blobs: immutable bytes named by their BLAKE3 hash, in chunks, so that their size has no bound but the disk's.

use base::BlobHash;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{Store, StoreError, store::Backend};

/// Bytes in every chunk but the last.
pub(crate) const CHUNK: usize = 4 << 20;
/// A chunk's id is its blob's key shifted by this, plus its number.
pub(crate) const CHUNK_BITS: u32 = 20;

impl Store {
    /// Stores bytes under their hash. They become durable with or before the next event.
    ///
    /// # Errors
    /// A read-only or poisoned store.
    pub fn put_blob(&mut self, bytes: impl Into<Bytes>) -> Result<BlobHash, StoreError> {
        self.check_writable()?;
        let bytes = bytes.into();
        let hash = BlobHash::of(&bytes);
        if self.has_blob(hash)? {
            return Ok(hash);
        }
        if let Backend::Memory(memory) = &mut self.backend {
            memory.blobs.insert(hash, bytes);
            return Ok(hash);
        }
        let key = self.take_key();
        for (number, chunk) in bytes.chunks(CHUNK).enumerate() {
            self.put_chunk(key, number as u64, chunk.to_vec())?;
        }
        self.name_blob(key, hash, bytes.len() as u64)?;
        Ok(hash)
    }

    /// Whether a blob is here.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn has_blob(&self, hash: BlobHash) -> Result<bool, StoreError> {
        Ok(self.held_blob(hash).is_some()
            || self.new_blobs.contains(&hash)
            || find(&self.reader, hash)?.is_some())
    }

    /// All bytes of a blob.
    ///
    /// # Errors
    /// No such blob, a damaged one, or the database cannot be read.
    pub fn read_blob(&self, hash: BlobHash) -> Result<Bytes, StoreError> {
        if let Some(held) = self.held_blob(hash) {
            return Ok(held.clone());
        }
        let (key, length) = self.settled_blob(hash)?.ok_or(StoreError::UnknownBlob(hash))?;
        let mut reader = BlobReader::new(&self.reader, hash, key, length);
        let mut bytes = Vec::new();
        while let Some(chunk) = reader.next_chunk()? {
            if bytes.is_empty() {
                bytes.reserve_exact(length.min(usize::MAX as u64) as usize);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.into())
    }

    /// A blob of a store in memory.
    fn held_blob(&self, hash: BlobHash) -> Option<&Bytes> {
        match &self.backend {
            Backend::Memory(memory) => memory.blobs.get(&hash),
            Backend::Thread(_) | Backend::ReadOnly => None,
        }
    }

    fn settled_blob(&self, hash: BlobHash) -> Result<Option<(u64, u64)>, StoreError> {
        if let Some(found) = find(&self.reader, hash)? {
            return Ok(Some(found));
        }
        self.settle()?;
        Ok(find(&self.reader, hash)?)
    }

    fn take_key(&mut self) -> u64 {
        self.next_blob += 1;
        self.next_blob - 1
    }

    fn put_chunk(&mut self, key: u64, number: u64, chunk: Vec<u8>) -> Result<(), StoreError> {
        self.write(chunk.len(), move |connection| {
            connection
                .prepare_cached("INSERT INTO blob_chunks (id, bytes) VALUES (?1, ?2)")?
                .execute(params![(key << CHUNK_BITS) + number, chunk])
                .map(|_| ())
        })
    }

    fn name_blob(&mut self, key: u64, hash: BlobHash, length: u64) -> Result<(), StoreError> {
        self.write(64, move |connection| {
            connection
                .prepare_cached("INSERT INTO blobs (key, hash, length) VALUES (?1, ?2, ?3)")?
                .execute(params![key, hash.0, length])
                .map(|_| ())
        })?;
        self.new_blobs.insert(hash);
        Ok(())
    }
}

pub(crate) fn delete_chunks(connection: &Connection, key: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM blob_chunks WHERE id >= ?1 AND id < ?2")?
        .execute(params![key << CHUNK_BITS, (key + 1) << CHUNK_BITS])
        .map(|_| ())
}

/// The key and the length of a blob.
fn find(connection: &Connection, hash: BlobHash) -> rusqlite::Result<Option<(u64, u64)>> {
    connection
        .prepare_cached("SELECT key, length FROM blobs WHERE hash = ?1")?
        .query_row([hash.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Reads one blob a chunk at a time, from its beginning.
pub(crate) struct BlobReader<'s> {
    connection: &'s Connection,
    hash: BlobHash,
    key: u64,
    length: u64,
    /// The number of the next chunk, and the bytes read so far.
    number: u64,
    read: u64,
    hasher: blake3::Hasher,
}

impl<'s> BlobReader<'s> {
    pub(crate) fn new(connection: &'s Connection, hash: BlobHash, key: u64, length: u64) -> Self {
        BlobReader { connection, hash, key, length, number: 0, read: 0, hasher: blake3::Hasher::new() }
    }

    /// The next chunk; `None` after the last one, once the whole has turned out undamaged.
    ///
    /// # Errors
    /// The blob is damaged, or the database cannot be read.
    pub(crate) fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let damaged = |what: &str| StoreError::damaged(format!("the blob {}", self.hash), what);
        if self.read == self.length {
            let is_whole = *self.hasher.finalize().as_bytes() == self.hash.0;
            return if is_whole { Ok(None) } else { Err(damaged("its bytes do not match its hash")) };
        }
        let chunk: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT bytes FROM blob_chunks WHERE id = ?1")?
            .query_row([(self.key << CHUNK_BITS) + self.number], |row| row.get(0))
            .optional()?;
        let expected = (self.length - self.read).min(CHUNK as u64);
        let chunk = chunk.ok_or_else(|| damaged("a chunk of it is missing"))?;
        if chunk.len() as u64 != expected {
            return Err(damaged("a chunk of it has another length"));
        }
        self.hasher.update(&chunk);
        self.number += 1;
        self.read += expected;
        Ok(Some(chunk))
    }
}
