//! The database file: its tables, its version, and how connections to it are set up.
//!
//! Every row is covered by a hash, so that damage shows: an event by its own, its payload, documents and blobs through the payload hash, the rest by a digest beside it. Two tables are
//! derived and may lag behind: `event_hashes` and the meta row `graph`.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, config::DbConfig, params};

use crate::StoreError;

/// "MBld" in the header of the file.
const APPLICATION_ID: i32 = 0x4d42_6c64;

/// The script that brings a database from version `index` to `index + 1`.
const MIGRATIONS: [&str; 2] = ["
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    digest BLOB NOT NULL
) WITHOUT ROWID;

-- The log in local order. What a header says is not repeated in columns.
CREATE TABLE events (
    ord INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    header BLOB NOT NULL
);
-- The tables of the hot path have no foreign keys: they would cost a fifth of the rate, and their rows are written together with the event.
-- From the first eight bytes of an event's hash, as an integer, to its place; filled in batches, in the order of the key.
CREATE TABLE event_hashes (
    prefix INTEGER NOT NULL,
    ord INTEGER NOT NULL,
    PRIMARY KEY (prefix, ord)
) WITHOUT ROWID;
CREATE TABLE payloads (
    ord INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
);
CREATE TABLE event_documents (
    document BLOB NOT NULL,
    ord INTEGER NOT NULL,
    role INTEGER NOT NULL,
    target BLOB,
    PRIMARY KEY (document, ord)
) WITHOUT ROWID;
CREATE TABLE event_blobs (
    ord INTEGER NOT NULL REFERENCES events (ord),
    blob BLOB NOT NULL,
    PRIMARY KEY (ord, blob)
) WITHOUT ROWID;
-- Events whose payload was dropped, and what it said about their documents.
CREATE TABLE pruned (
    ord INTEGER PRIMARY KEY REFERENCES events (ord),
    documents BLOB NOT NULL,
    digest BLOB NOT NULL
);

CREATE TABLE blobs (
    key INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    length INTEGER NOT NULL
);
-- The id is the key of the blob times 2^20 plus the number of the chunk.
CREATE TABLE blob_chunks (
    id INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
);

CREATE TABLE states (
    id INTEGER PRIMARY KEY,
    document BLOB NOT NULL,
    ord INTEGER NOT NULL REFERENCES events (ord),
    event BLOB NOT NULL,
    digest BLOB NOT NULL,
    state BLOB NOT NULL,
    crdt BLOB NOT NULL,
    UNIQUE (document, ord)
);
CREATE TABLE state_blobs (
    state INTEGER NOT NULL REFERENCES states (id) ON DELETE CASCADE,
    blob BLOB NOT NULL,
    PRIMARY KEY (state, blob)
) WITHOUT ROWID;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started INTEGER NOT NULL,
    ended INTEGER,
    command TEXT NOT NULL,
    arguments TEXT NOT NULL,
    outcome TEXT,
    error TEXT,
    outputs TEXT,
    digest BLOB NOT NULL
);
", "
-- What others keep beside the log.
CREATE TABLE notes (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    digest BLOB NOT NULL
) WITHOUT ROWID;
"];

/// The largest value that one row holds, in bytes: SQLite's own limit, less some room for the other columns.
pub(crate) const MOST_BYTES: usize = 1_000_000_000 - 4096;

/// The version of the tables above.
pub(crate) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Whether a value fits into a row.
pub(crate) fn check_size(what: &'static str, bytes: usize) -> Result<(), StoreError> {
    if bytes > MOST_BYTES {
        return Err(StoreError::TooLarge { what, bytes: bytes as u64, limit: MOST_BYTES as u64 });
    }
    Ok(())
}

/// How a connection gets at the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Write,
    Read,
}

/// Opens the database file, which is created for a writer.
///
/// # Errors
/// A file of another program, of a newer version, or (for a reader) of an older one.
pub(crate) fn connect(path: &Path, access: Access) -> Result<Connection, StoreError> {
    let flags = match access {
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
    };
    let (mut connection, application, version) = match identified(path, flags) {
        Err(error) if is_unwritable(&error, path) => {
            // Nobody can change it, so it is read without the files that readers share.
            let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
            let uri = format!("file:{name}?immutable=1");
            identified(Path::new(&uri), flags | OpenFlags::SQLITE_OPEN_URI)?
        }
        result => result?,
    };
    let is_new = access == Access::Write && application == 0 && version == 0 && is_empty(&connection)?;
    if !is_new && application != APPLICATION_ID {
        return Err(StoreError::NotAWorkspace { path: path.to_owned(), found: application });
    }
    if version > VERSION {
        let path = path.to_owned();
        return Err(StoreError::NewerSchema { path, found: version, supported: VERSION });
    }
    if access == Access::Read && version < VERSION {
        return Err(StoreError::OlderSchema { path: path.to_owned(), found: version, needed: VERSION });
    }
    if access == Access::Write {
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        migrate(&mut connection, version)?;
    }
    Ok(connection)
}

/// Whether a reader was refused because SQLite may not create the files that readers share, in a folder where nobody can write and no write-ahead log waits.
fn is_unwritable(error: &rusqlite::Error, path: &Path) -> bool {
    let log = path.with_extension("db-wal");
    error.sqlite_error_code() == Some(ErrorCode::CannotOpen)
        && log.metadata().map_or(true, |log| log.len() == 0)
}

/// Opens a database and reads its application id and version.
fn identified(path: &Path, flags: OpenFlags) -> rusqlite::Result<(Connection, i32, i64)> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    set_up(&connection)?;
    let application = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((connection, application, version))
}

/// Opens a database in memory, which nobody else sees.
pub(crate) fn connect_in_memory() -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    set_up(&connection)?;
    migrate(&mut connection, 0)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA busy_timeout = 2000;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -32768;",
    )?;
    // Without this, SQLite prepares some statements anew for every value that is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))
}

fn migrate(connection: &mut Connection, from: i64) -> rusqlite::Result<()> {
    if from == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for script in MIGRATIONS.iter().skip(from.max(0) as usize) {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// The statements that made the tables, as SQLite keeps them; they are the same in every database of this version.
pub(crate) fn statements(connection: &Connection) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    connection
        .prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// What a meta row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meta {
    /// The id of the workspace, 16 bytes.
    Workspace,
    /// The replica that this copy writes as, 8 bytes.
    Replica,
    /// How many groups of writes other than events there were, 8 bytes.
    Writes,
    /// The newest events as of some event: see `graph`.
    Graph,
    /// Up to which event `event_hashes` is filled, 8 bytes.
    Indexed,
}

impl Meta {
    pub(crate) const ALL: [Meta; 5] =
        [Meta::Workspace, Meta::Replica, Meta::Writes, Meta::Graph, Meta::Indexed];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Meta::Workspace => "workspace",
            Meta::Replica => "replica",
            Meta::Writes => "writes",
            Meta::Graph => "graph",
            Meta::Indexed => "indexed",
        }
    }

    fn digest(self, value: &[u8]) -> [u8; 32] {
        *blake3::Hasher::new().update(self.key().as_bytes()).update(&[0]).update(value).finalize().as_bytes()
    }

    pub(crate) fn write(self, connection: &Connection, value: &[u8]) -> rusqlite::Result<()> {
        connection
            .prepare_cached("INSERT OR REPLACE INTO meta (key, value, digest) VALUES (?1, ?2, ?3)")?
            .execute(params![self.key(), value, self.digest(value)])
            .map(|_| ())
    }

    /// The value; `None` when there is none.
    pub(crate) fn read(self, connection: &Connection) -> Result<Option<Vec<u8>>, StoreError> {
        let row: Option<(Vec<u8>, Vec<u8>)> = connection
            .prepare_cached("SELECT value, digest FROM meta WHERE key = ?1")?
            .query_row([self.key()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match row {
            Some((value, digest)) if digest == self.digest(&value) => Ok(Some(value)),
            Some(_) => Err(StoreError::damaged(
                format!("the meta row {}", self.key()),
                "it does not match its digest",
            )),
            None => Ok(None),
        }
    }

    /// The value as a number; 0 when there is none.
    pub(crate) fn read_number(self, connection: &Connection) -> Result<u64, StoreError> {
        let Some(value) = self.read(connection)? else { return Ok(0) };
        let length = |_| StoreError::damaged(format!("the meta row {}", self.key()), "it is not a number");
        Ok(u64::from_le_bytes(value.try_into().map_err(length)?))
    }
}
