//! Blobs: immutable bytes named by their BLAKE3 hash, in chunks, so that their size has no bound but the disk's.

use std::io::{self, Read};

use base::BlobHash;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{Store, StoreError};

/// Bytes in every chunk but the last.
pub(crate) const CHUNK: usize = 4 << 20;
/// A chunk's id is its blob's key shifted by this, plus its number.
pub(crate) const CHUNK_BITS: u32 = 20;

impl Store {
    /// Stores bytes under their hash. They become durable with or before the next event.
    ///
    /// # Errors
    /// A read-only or poisoned store.
    pub fn put_blob(&mut self, bytes: &[u8]) -> Result<BlobHash, StoreError> {
        self.check_writable()?;
        let hash = BlobHash::of(bytes);
        if self.has_blob(hash)? {
            return Ok(hash);
        }
        let key = self.take_key();
        for (number, chunk) in bytes.chunks(CHUNK).enumerate() {
            self.put_chunk(key, number as u64, chunk.to_vec())?;
        }
        self.name_blob(key, hash, bytes.len() as u64)?;
        Ok(hash)
    }

    /// Stores what a reader yields, a chunk at a time; returns the hash and the length in bytes.
    ///
    /// # Errors
    /// The reader fails, or the store is read-only or poisoned; no blob is stored then.
    pub fn put_blob_from(&mut self, reader: &mut dyn Read) -> Result<(BlobHash, u64), StoreError> {
        self.check_writable()?;
        let key = self.take_key();
        let mut hasher = blake3::Hasher::new();
        let (mut length, mut number) = (0, 0);
        loop {
            let mut chunk = Vec::new();
            if let Err(error) = reader.take(CHUNK as u64).read_to_end(&mut chunk) {
                self.drop_chunks(key)?;
                return Err(StoreError::Stream(error));
            }
            if chunk.is_empty() {
                break;
            }
            hasher.update(&chunk);
            length += chunk.len() as u64;
            self.put_chunk(key, number, chunk)?;
            number += 1;
        }
        let hash = BlobHash(*hasher.finalize().as_bytes());
        if self.has_blob(hash)? {
            self.drop_chunks(key)?;
        } else {
            self.name_blob(key, hash, length)?;
        }
        Ok((hash, length))
    }

    /// Whether a blob is here.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn has_blob(&self, hash: BlobHash) -> Result<bool, StoreError> {
        Ok(self.new_blobs.contains(&hash) || find(&self.reader, hash)?.is_some())
    }

    /// The length of a blob in bytes; `None` when it is not here.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn blob_len(&self, hash: BlobHash) -> Result<Option<u64>, StoreError> {
        Ok(self.settled_blob(hash)?.map(|(_, length)| length))
    }

    /// All bytes of a blob.
    ///
    /// # Errors
    /// No such blob, a damaged one, or the database cannot be read.
    pub fn read_blob(&self, hash: BlobHash) -> Result<Vec<u8>, StoreError> {
        let mut reader = self.blob_reader(hash)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = reader.next_chunk()? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Reads a blob a chunk at a time. The last read fails if what was read does not have the hash.
    ///
    /// # Errors
    /// No such blob, or the database cannot be read.
    pub fn blob_reader(&self, hash: BlobHash) -> Result<BlobReader<'_>, StoreError> {
        let (key, length) = self.settled_blob(hash)?.ok_or(StoreError::UnknownBlob(hash))?;
        Ok(BlobReader::new(&self.reader, hash, key, length))
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

    fn drop_chunks(&mut self, key: u64) -> Result<(), StoreError> {
        self.write(64, move |connection| delete_chunks(connection, key))
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

/// Reads one blob from its beginning; see [`Store::blob_reader`].
pub struct BlobReader<'s> {
    connection: &'s Connection,
    hash: BlobHash,
    key: u64,
    length: u64,
    /// The number of the next chunk, and the bytes read so far.
    number: u64,
    read: u64,
    hasher: blake3::Hasher,
    chunk: io::Cursor<Vec<u8>>,
}

impl<'s> BlobReader<'s> {
    pub(crate) fn new(connection: &'s Connection, hash: BlobHash, key: u64, length: u64) -> Self {
        BlobReader {
            connection,
            hash,
            key,
            length,
            number: 0,
            read: 0,
            hasher: blake3::Hasher::new(),
            chunk: io::Cursor::default(),
        }
    }

    /// The length of the blob in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The next chunk; `None` after the last one, once the whole has turned out undamaged.
    ///
    /// # Errors
    /// The blob is damaged, or the database cannot be read.
    pub fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
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

impl Read for BlobReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.chunk.position() == self.chunk.get_ref().len() as u64 {
            match self.next_chunk().map_err(io::Error::other)? {
                Some(chunk) => self.chunk = io::Cursor::new(chunk),
                None => return Ok(0),
            }
        }
        self.chunk.read(buffer)
    }
}
