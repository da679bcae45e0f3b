//! What is kept of scripts from run to run: the versions that their steps gave, and the records of the runs. A database of
//! its own and a folder of blobs, apart from every workspace. It is a cache: a process that is killed loses nothing that
//! it committed, a machine that loses power may, and whatever is damaged counts as not there.

mod blobs;
mod held;
mod runs;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use base::{BlobHash, StepKey, VersionKey};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, config::DbConfig, params};

use crate::StoreError;

pub use runs::{BuildRun, BuildRunEnd};

const SCHEMA: &str = "
CREATE TABLE steps (
    id INTEGER PRIMARY KEY,
    step BLOB NOT NULL,
    version BLOB NOT NULL,
    used INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    head TEXT NOT NULL
);
CREATE INDEX steps_by_key ON steps (step);
CREATE TABLE deeds (
    id INTEGER PRIMARY KEY REFERENCES steps (id) ON DELETE CASCADE,
    version BLOB NOT NULL,
    bytes BLOB NOT NULL
);
CREATE INDEX deeds_by_version ON deeds (version);
CREATE TABLE step_blobs (
    id INTEGER NOT NULL REFERENCES steps (id) ON DELETE CASCADE,
    hash BLOB NOT NULL,
    PRIMARY KEY (id, hash)
) WITHOUT ROWID;
CREATE INDEX step_blobs_by_hash ON step_blobs (hash);
CREATE TABLE blobs (
    hash BLOB PRIMARY KEY,
    bytes INTEGER NOT NULL
) WITHOUT ROWID;
-- How each step of each script came about the last time that it ran.
CREATE TABLE pasts (
    script TEXT NOT NULL,
    step TEXT NOT NULL,
    past TEXT NOT NULL,
    PRIMARY KEY (script, step)
) WITHOUT ROWID;
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    script TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER,
    outcome TEXT,
    summary TEXT,
    record TEXT
);
CREATE TABLE outputs (
    hash BLOB NOT NULL,
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    step TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (hash, run, path)
) WITHOUT ROWID;
CREATE INDEX outputs_by_run ON outputs (run);
-- Runs of which nothing was left to be done: what all of it follows from, and what was told.
CREATE TABLE wholes (
    key BLOB PRIMARY KEY,
    used INTEGER NOT NULL,
    origins BLOB NOT NULL,
    result TEXT NOT NULL
);
-- Where in their histories documents of workspaces are at versions; no event is before the first one.
CREATE TABLE held (
    workspace TEXT NOT NULL,
    version BLOB NOT NULL,
    document BLOB NOT NULL,
    event BLOB,
    PRIMARY KEY (version, document, workspace)
) WITHOUT ROWID;
-- The hashes of files as they were when they were read last.
CREATE TABLE files (
    place TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    hash BLOB NOT NULL
) WITHOUT ROWID;
";
/// The version of the tables. A cache of another version is begun anew.
const VERSION: i64 = 4;
/// How old a note of use may become before it is renewed, in seconds.
const STALE_USE: i64 = 86_400;

/// A step that is to be kept.
#[derive(Clone, Debug)]
pub struct CachedStep {
    /// Names the step.
    pub step: StepKey,
    /// Names what it gave.
    pub version: VersionKey,
    /// What is told of it when it is looked for.
    pub head: String,
    /// What is told of it when it is asked for.
    pub deeds: Vec<u8>,
    /// The blobs that belong to it, which are kept as long as it is.
    pub blobs: Vec<BlobHash>,
}

/// The cache; for one thread at a time, beside any number of other processes.
pub struct Builds {
    connection: Connection,
    blobs: PathBuf,
    steps: Vec<CachedStep>,
    pasts: Vec<(String, String, String)>,
    files: Vec<(String, String, BlobHash)>,
    new_blobs: Vec<(BlobHash, u64)>,
    used: Vec<i64>,
    held: Vec<held::Held>,
    now: i64,
}

impl Builds {
    /// Opens the cache in a folder, which is made when it is not there.
    ///
    /// # Errors
    /// The folder or the database cannot be made or read.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let blobs = dir.join("blobs");
        fs::create_dir_all(&blobs).map_err(StoreError::io(&blobs))?;
        let path = dir.join("steps.db");
        let mut connection = Connection::open(&path)?;
        connection.execute_batch(
            "PRAGMA busy_timeout = 10000;
             PRAGMA foreign_keys = ON;
             PRAGMA cache_size = -16384;
             PRAGMA synchronous = OFF;",
        )?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        // Without this, SQLite prepares some statements anew for every value that is bound.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_prepared_statement_cache_capacity(32);
        let version = |connection: &Connection| {
            connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
        };
        if version(&connection)? != VERSION {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            // Another process may have been faster.
            if version(&transaction)? != VERSION {
                begin_anew(&transaction)?;
            }
            transaction.commit()?;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        Ok(Builds {
            connection,
            blobs,
            steps: Vec::new(),
            pasts: Vec::new(),
            files: Vec::new(),
            new_blobs: Vec::new(),
            used: Vec::new(),
            held: Vec::new(),
            now,
        })
    }

    /// Reads from one state of the database up to the next commit: many questions are answered faster from it.
    fn read_on(&self) -> rusqlite::Result<()> {
        if self.connection.is_autocommit() {
            self.connection.prepare_cached("BEGIN")?.execute([])?;
        }
        Ok(())
    }

    /// The heads of what a step is known to have given, the newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn find(&mut self, step: StepKey) -> Result<Vec<String>, StoreError> {
        self.read_on()?;
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, used, head FROM steps WHERE step = ?1 ORDER BY id DESC LIMIT 16")?;
        let mut rows = statement.query([step.0])?;
        let mut heads = Vec::new();
        while let Some(row) = rows.next()? {
            if self.now - row.get::<_, i64>(1)? > STALE_USE {
                self.used.push(row.get(0)?);
            }
            heads.push(row.get(2)?);
        }
        Ok(heads)
    }

    /// The deeds of a version.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn deeds(&self, version: VersionKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_on()?;
        let mut statement =
            self.connection.prepare_cached("SELECT bytes FROM deeds WHERE version = ?1 LIMIT 1")?;
        Ok(statement.query_row([version.0], |row| row.get(0)).optional()?)
    }

    /// Keeps a step, from the next [`Builds::commit`] on.
    pub fn keep(&mut self, step: CachedStep) {
        self.steps.push(step);
    }

    /// Keeps how a step of a script came about, from the next commit on.
    pub fn keep_past(&mut self, script: String, step: String, past: String) {
        self.pasts.push((script, step, past));
    }

    /// How a step of a script came about the last time that it ran.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn past(&self, script: &str, step: &str) -> Result<Option<String>, StoreError> {
        self.read_on()?;
        let mut statement =
            self.connection.prepare_cached("SELECT past FROM pasts WHERE script = ?1 AND step = ?2")?;
        Ok(statement.query_row([script, step], |row| row.get(0)).optional()?)
    }

    /// The hash of a file that is in the state that it was in when the hash was taken.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn file_hash(&self, place: &str, state: &str) -> Result<Option<BlobHash>, StoreError> {
        self.read_on()?;
        let mut statement =
            self.connection.prepare_cached("SELECT hash FROM files WHERE place = ?1 AND state = ?2")?;
        Ok(statement.query_row([place, state], |row| row.get(0).map(BlobHash)).optional()?)
    }

    /// Keeps the hash of a file, from the next commit on.
    pub fn keep_file_hash(&mut self, place: String, state: String, hash: BlobHash) {
        self.files.push((place, state, hash));
    }

    /// Writes what is to be kept.
    ///
    /// # Errors
    /// The database cannot be written; nothing of it is kept then.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        if !self.connection.is_autocommit() {
            self.connection.prepare_cached("COMMIT")?.execute([])?;
        }
        let of_steps = self.steps.is_empty() && self.pasts.is_empty() && self.used.is_empty();
        if of_steps && self.files.is_empty() && self.held.is_empty() {
            return Ok(());
        }
        let (steps, pasts) = (std::mem::take(&mut self.steps), std::mem::take(&mut self.pasts));
        let (files, used) = (std::mem::take(&mut self.files), std::mem::take(&mut self.used));
        let held = std::mem::take(&mut self.held);
        let blobs = std::mem::take(&mut self.new_blobs);
        let now = self.now;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (hash, bytes) in blobs {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO blobs (hash, bytes) VALUES (?1, ?2)")?
                .execute(params![hash.0, bytes])?;
        }
        for step in steps {
            insert(&transaction, &step, now)?;
        }
        for (script, step, past) in pasts {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO pasts (script, step, past) VALUES (?1, ?2, ?3)")?
                .execute([script, step, past])?;
        }
        for (place, state, hash) in files {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO files (place, state, hash) VALUES (?1, ?2, ?3)")?
                .execute(params![place, state, hash.0])?;
        }
        for id in used {
            transaction
                .prepare_cached("UPDATE steps SET used = ?1 WHERE id = ?2")?
                .execute(params![now, id])?;
        }
        held::write(&transaction, &held)?;
        Ok(transaction.commit()?)
    }
}

fn insert(transaction: &Transaction<'_>, step: &CachedStep, now: i64) -> rusqlite::Result<()> {
    let bytes = step.head.len() + step.deeds.len();
    transaction
        .prepare_cached("DELETE FROM steps WHERE step = ?1 AND version = ?2")?
        .execute([step.step.0, step.version.0])?;
    transaction
        .prepare_cached("INSERT INTO steps (step, version, used, bytes, head) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![step.step.0, step.version.0, now, bytes, step.head])?;
    let id = transaction.last_insert_rowid();
    if !step.deeds.is_empty() {
        transaction
            .prepare_cached("INSERT INTO deeds (id, version, bytes) VALUES (?1, ?2, ?3)")?
            .execute(params![id, step.version.0, step.deeds])?;
    }
    for hash in &step.blobs {
        transaction
            .prepare_cached("INSERT OR IGNORE INTO step_blobs (id, hash) VALUES (?1, ?2)")?
            .execute(params![id, hash.0])?;
    }
    Ok(())
}

/// Drops the tables of another version.
fn begin_anew(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let tables: Vec<String> = transaction
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    transaction.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    for table in tables {
        transaction.execute_batch(&format!("DROP TABLE \"{}\"", table.replace('"', "\"\"")))?;
    }
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "user_version", VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(n: u8, blob: BlobHash) -> CachedStep {
        CachedStep {
            step: StepKey([n; 32]),
            version: VersionKey([n; 32]),
            head: format!("head {n}"),
            deeds: vec![n; 100],
            blobs: vec![blob],
        }
    }

    #[test]
    fn what_was_committed_is_found_by_another_process_and_the_oldest_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Builds::open(folder.path()).unwrap();
        let blob = |n: u8| vec![n; 10_000];
        for n in 1..=10 {
            let hash = BlobHash::of(&blob(n));
            cache.put_blob(hash, &blob(n)).unwrap();
            cache.keep(step(n, hash));
        }
        cache.keep_past("a.json".into(), "x".into(), "past".into());
        cache.keep_file_hash("/a".into(), "1".into(), BlobHash([7; 32]));
        let mut other = Builds::open(folder.path()).unwrap();
        assert!(other.find(StepKey([3; 32])).unwrap().is_empty());
        cache.commit().unwrap();
        other.commit().unwrap();
        assert_eq!(other.find(StepKey([3; 32])).unwrap(), ["head 3"]);
        assert_eq!(other.deeds(VersionKey([3; 32])).unwrap(), Some(vec![3; 100]));
        assert_eq!(other.past("a.json", "x").unwrap().as_deref(), Some("past"));
        assert_eq!(other.file_hash("/a", "1").unwrap(), Some(BlobHash([7; 32])));
        assert_eq!(other.file_hash("/a", "2").unwrap(), None);

        other.trim(60_000).unwrap();
        let found: Vec<u8> =
            (1..=10).filter(|n| !other.find(StepKey([*n; 32])).unwrap().is_empty()).collect();
        assert_eq!(found, [7, 8, 9, 10]);
        assert_eq!(other.blob(BlobHash::of(&blob(1))), None);
        assert_eq!(other.blob(BlobHash::of(&blob(9))), Some(blob(9)));
    }

    #[test]
    fn a_cache_of_another_version_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let mut cache = Builds::open(folder.path()).unwrap();
        cache.keep(step(1, BlobHash([1; 32])));
        cache.commit().unwrap();
        cache.connection.pragma_update(None, "user_version", 99).unwrap();
        drop(cache);
        let mut cache = Builds::open(folder.path()).unwrap();
        assert!(cache.find(StepKey([1; 32])).unwrap().is_empty());
        cache.keep(step(1, BlobHash([1; 32])));
        cache.commit().unwrap();
        assert_eq!(cache.find(StepKey([1; 32])).unwrap(), ["head 1"]);
    }
}
