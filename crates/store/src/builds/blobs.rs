//! The blobs of the cache, a file each, and what becomes of them when there is too much of all.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::PathBuf,
};

use base::BlobHash;
use rusqlite::{Connection, TransactionBehavior};

use super::Builds;
use crate::StoreError;

impl Builds {
    /// A blob. One whose bytes are not what its name says is removed.
    pub fn blob(&self, hash: BlobHash) -> Option<Vec<u8>> {
        let path = self.blob_path(hash);
        let bytes = fs::read(&path).ok()?;
        if BlobHash::of(&bytes) == hash {
            return Some(bytes);
        }
        let _ = fs::remove_file(&path);
        None
    }

    /// Keeps a blob.
    ///
    /// # Errors
    /// It cannot be written; a part of it that is left behind counts as not there.
    pub fn put_blob(&mut self, hash: BlobHash, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.blob_path(hash);
        let length = bytes.len() as u64;
        self.new_blobs.push((hash, length));
        if fs::metadata(&path).is_ok_and(|file| file.len() == length) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(StoreError::io(folder))?;
        }
        // In place: whoever reads it checks its hash, and a killed process leaves no file of another name behind.
        let mut file = fs::File::create(&path).map_err(StoreError::io(&path))?;
        file.write_all(bytes).map_err(StoreError::io(&path))
    }

    fn blob_path(&self, hash: BlobHash) -> PathBuf {
        let name = hash.to_string();
        self.blobs.join(&name[..2]).join(&name[2..])
    }

    /// Removes what was not used for longest, once all together is larger than this, in bytes, until it is a fifth smaller.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn trim(&mut self, most: u64) -> Result<(), StoreError> {
        self.commit()?;
        let total = "SELECT (SELECT coalesce(sum(bytes), 0) FROM steps) + (SELECT coalesce(sum(bytes), 0) FROM blobs)";
        let size = |connection: &Connection| connection.query_row(total, [], |row| row.get::<_, u64>(0));
        if size(&self.connection)? <= most {
            return Ok(());
        }
        let mut gone = Vec::new();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        while size(&transaction)? > most / 5 * 4 {
            let removed = transaction.execute(
                "DELETE FROM steps WHERE id IN (SELECT id FROM steps ORDER BY used, id LIMIT
                 (SELECT max(1, count(*) / 20) FROM steps))",
                [],
            )?;
            let mut orphans = transaction.prepare_cached(
                "DELETE FROM blobs WHERE NOT EXISTS (SELECT 1 FROM step_blobs WHERE step_blobs.hash = blobs.hash)
                 RETURNING hash",
            )?;
            let orphans: Vec<BlobHash> =
                orphans.query_map([], |row| row.get(0).map(BlobHash))?.collect::<rusqlite::Result<_>>()?;
            if removed == 0 && orphans.is_empty() {
                break;
            }
            gone.extend(orphans);
        }
        transaction.execute("DELETE FROM held WHERE version NOT IN (SELECT version FROM steps)", [])?;
        transaction.commit()?;
        for hash in gone {
            let path = self.blob_path(hash);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(StoreError::io(&path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_blob_counts_as_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Builds::open(folder.path()).unwrap();
        let hash = BlobHash::of(b"whole");
        cache.put_blob(hash, b"whole").unwrap();
        fs::write(cache.blob_path(hash), b"whale").unwrap();
        assert_eq!(cache.blob(hash), None);
        cache.put_blob(hash, b"whole").unwrap();
        assert_eq!(cache.blob(hash).as_deref(), Some(&b"whole"[..]));
    }
}
