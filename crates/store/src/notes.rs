//! Notes: what others want to keep beside the log, by keys of their own. They are written in order with the events, and are
//! no part of the history: one that is damaged counts as not there.

use rusqlite::{Row, params};

use crate::{Store, StoreError};

impl Store {
    /// Keeps a note, or forgets it.
    ///
    /// # Errors
    /// A read-only or poisoned store.
    pub fn put_note(&mut self, key: &str, value: Option<&str>) -> Result<(), StoreError> {
        let (key, value) = (key.to_owned(), value.map(str::to_owned));
        self.write(key.len() + value.as_ref().map_or(0, String::len), move |connection| {
            match value {
                None => connection.prepare_cached("DELETE FROM notes WHERE key = ?1")?.execute([key])?,
                Some(value) => connection
                    .prepare_cached("INSERT OR REPLACE INTO notes (key, value, digest) VALUES (?1, ?2, ?3)")?
                    .execute(params![key, value, digest(&key, &value)])?,
            };
            Ok(())
        })
    }

    /// The notes whose keys begin like this, in their order.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn notes(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.settle()?;
        let mut statement = self.reader.prepare_cached(
            "SELECT key, value, digest FROM notes WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key",
        )?;
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        let rows: Vec<(String, String, [u8; 32])> =
            statement.query_map([prefix], read)?.collect::<Result<_, _>>()?;
        let sound = rows.into_iter().filter(|(key, value, found)| digest(key, value) == *found);
        Ok(sound.map(|(key, value, _)| (key, value)).collect())
    }
}

fn digest(key: &str, value: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("metabuilder 2026-11 note");
    hasher.update(&(key.len() as u64).to_le_bytes()).update(key.as_bytes()).update(value.as_bytes());
    *hasher.finalize().as_bytes()
}
