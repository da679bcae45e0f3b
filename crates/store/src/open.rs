//! Opening a store: create or recover, and find out whether anything acknowledged is gone.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use base::ReplicaId;
use rusqlite::Connection;

use crate::{
    Checkpoint, Options, Store, StoreError,
    checkpoint::{self, CheckpointLog, Contents},
    graph::Graph,
    jobs::Counters,
    lock::WriterLock,
    lookup::{self, Recent},
    query::Queries,
    read::checkpoints,
    schema::{Access, Meta, connect, connect_in_memory},
    store::{Backend, Memory},
    writer::Writer,
};

impl Store {
    /// Opens the workspace in `dir` (the `.metabuilder` folder) for writing, and creates it if there is none.
    ///
    /// # Errors
    /// Another process writes to it; the database is not one, is newer, or lost acknowledged events; the file system refuses.
    pub fn open(dir: &Path, options: Options) -> Result<Self, StoreError> {
        std::fs::create_dir_all(dir).map_err(StoreError::io(dir))?;
        let program = options.program.unwrap_or_else(executable);
        let lock = WriterLock::acquire(dir, &program)?;
        let paths = Paths::new(dir);
        let contents = checkpoint::read(&paths.checkpoints)?;
        if !paths.database.exists() {
            check_witnesses(contents.as_ref(), &Graph::default(), 0)?;
        }
        let connection = connect(&paths.database, Access::Write)?;
        let graph = Graph::load(&connection, u64::MAX)?;
        let identity = match identity(&connection)? {
            None if graph.last == 0 => create_identity(&connection, options.replica)?,
            found => found.ok_or_else(no_identity)?,
        };
        let counters = counters(&connection)?;
        check_witnesses(contents.as_ref(), &graph, counters.writes)?;
        check_newest(contents.as_ref(), identity.0, &graph, &connection)?;
        let log = match contents {
            Some(contents) => CheckpointLog::open(&paths.checkpoints, contents)?,
            None => {
                let known = checkpoints(&connection, u64::MAX)?;
                CheckpointLog::create(&paths.checkpoints, identity.0, &known, counters.writes)?
            }
        };
        let reader = connect(&paths.database, Access::Read)?;
        let writer = Writer::start(connection, log, counters, graph.last, options.linger, options.listener)?;
        Self::assemble(reader, Backend::Thread(writer), Some(dir), identity, graph, Some(lock))
    }

    /// Opens the workspace in `dir` for reading, also while another process writes to it. Nothing is changed; later events are seen as they become durable there.
    ///
    /// # Errors
    /// There is none; the database is not one, has another version, or lost acknowledged events.
    pub fn open_read_only(dir: &Path) -> Result<Self, StoreError> {
        let paths = Paths::new(dir);
        if !paths.database.exists() {
            return Err(StoreError::Missing(dir.to_owned()));
        }
        // In this order: a checkpoint is written after its event.
        let contents = checkpoint::read(&paths.checkpoints)?;
        let reader = connect(&paths.database, Access::Read)?;
        let graph = Graph::load(&reader, u64::MAX)?;
        let identity = identity(&reader)?.ok_or_else(no_identity)?;
        check_witnesses(contents.as_ref(), &graph, counters(&reader)?.writes)?;
        check_newest(contents.as_ref(), identity.0, &graph, &reader)?;
        Self::assemble(reader, Backend::ReadOnly, Some(dir), identity, graph, None)
    }

    /// Opens whatever of a damaged workspace can be read, so that [`Store::verify`] can say what is wrong with it. Nothing is checked and nothing is changed; other reads report damage where they meet it.
    ///
    /// # Errors
    /// There is no workspace, or its database cannot be opened at all.
    pub fn open_unchecked(dir: &Path) -> Result<Self, StoreError> {
        let paths = Paths::new(dir);
        if !paths.database.exists() {
            return Err(StoreError::Missing(dir.to_owned()));
        }
        let reader = connect(&paths.database, Access::Read)?;
        let identity = identity(&reader).ok().flatten().unwrap_or(([0; 16], ReplicaId(0)));
        Self::assemble(reader, Backend::ReadOnly, Some(dir), identity, Graph::default(), None)
    }

    /// A store in memory, for runs without a workspace. What is appended is durable at once, until the store is dropped.
    ///
    /// # Errors
    /// The memory or the random number generator is exhausted.
    pub fn in_memory(options: Options) -> Result<Self, StoreError> {
        let mut connection = connect_in_memory()?;
        let queries = Queries::default();
        queries.prepare(&mut connection)?;
        let identity = create_identity(&connection, options.replica)?;
        let counters = counters(&connection)?;
        let backend = Backend::Memory(Memory {
            counters,
            listener: options.listener,
            failure: None,
            blobs: HashMap::new(),
        });
        let mut store = Self::assemble(connection, backend, None, identity, Graph::default(), None)?;
        store.queries = RefCell::new(queries);
        Ok(store)
    }

    fn assemble(
        reader: Connection,
        backend: Backend,
        dir: Option<&Path>,
        (workspace, replica): ([u8; 16], ReplicaId),
        graph: Graph,
        lock: Option<WriterLock>,
    ) -> Result<Self, StoreError> {
        let next_blob = reader.query_row(
            "SELECT 1 + max((SELECT coalesce(max(key), 0) FROM blobs), (SELECT coalesce(max(id), 0) >> 20 FROM blob_chunks))",
            [],
            |row| row.get(0),
        )?;
        let next_run = reader.query_row("SELECT 1 + coalesce(max(id), 0) FROM runs", [], |row| row.get(0))?;
        Ok(Store {
            queries: RefCell::new(Queries::default()),
            backend,
            dir: dir.map(Path::to_owned),
            workspace,
            replica,
            graph_saved: crate::graph::saved(&reader)?.map_or(0, |saved| saved.last),
            graph,
            reader,
            recent: RefCell::new(Recent::default()),
            new_blobs: HashSet::new(),
            next_blob,
            next_run,
            _lock: lock,
        })
    }
}

/// The files of a workspace.
pub(crate) struct Paths {
    pub(crate) database: PathBuf,
    pub(crate) checkpoints: PathBuf,
}

impl Paths {
    pub(crate) fn new(dir: &Path) -> Self {
        Paths { database: dir.join("workspace.db"), checkpoints: dir.join("checkpoints") }
    }
}

/// Whether the database holds as much as was acknowledged.
fn check_witnesses(contents: Option<&Contents>, graph: &Graph, writes: u64) -> Result<(), StoreError> {
    let Some(contents) = contents else { return Ok(()) };
    for (replica, Checkpoint { sequence, .. }) in contents.newest() {
        let first = graph.next_sequence(replica);
        if first <= sequence {
            return Err(StoreError::Lost { replica, first, sequence });
        }
    }
    if writes < contents.writes {
        return Err(StoreError::LostWrites { found: writes, expected: contents.writes });
    }
    Ok(())
}

/// Whether the checkpoints are of this workspace, and whether the events that they name last are those of the log.
fn check_newest(
    contents: Option<&Contents>,
    workspace: [u8; 16],
    graph: &Graph,
    connection: &Connection,
) -> Result<(), StoreError> {
    let Some(contents) = contents else { return Ok(()) };
    if contents.workspace != workspace {
        return Err(StoreError::damaged("the file checkpoints", "it belongs to another workspace"));
    }
    for (replica, Checkpoint { sequence, hash, .. }) in contents.newest() {
        let is_tip = graph.replicas.get(&replica) == Some(&(sequence, hash));
        if !is_tip && lookup::find(connection, hash)?.is_none() && !is_recent(connection, hash)? {
            let place = format!("event {sequence} of replica {replica}");
            return Err(StoreError::damaged(place, "a checkpoint names another event here"));
        }
    }
    Ok(())
}

fn is_recent(connection: &Connection, hash: base::EventHash) -> Result<bool, StoreError> {
    let after = lookup::indexed(connection)?;
    let mut statement = connection.prepare_cached("SELECT 1 FROM events WHERE ord > ?1 AND hash = ?2")?;
    Ok(statement.exists(rusqlite::params![after, hash.0])?)
}

fn identity(connection: &Connection) -> Result<Option<([u8; 16], ReplicaId)>, StoreError> {
    let Some(workspace) = Meta::Workspace.read(connection)? else { return Ok(None) };
    let workspace = workspace.try_into().map_err(|_| no_identity())?;
    Ok(Some((workspace, ReplicaId(Meta::Replica.read_number(connection)?))))
}

fn no_identity() -> StoreError {
    StoreError::damaged("the database", "it does not say which workspace it is")
}

/// Draws the ids of a new workspace. With a replica given, everything follows from it.
fn create_identity(
    connection: &Connection,
    replica: Option<ReplicaId>,
) -> Result<([u8; 16], ReplicaId), StoreError> {
    let seed: [u8; 32] = match replica {
        Some(replica) => *blake3::hash(&replica.0.to_le_bytes()).as_bytes(),
        None => random()?,
    };
    let workspace = std::array::from_fn(|i| seed[i]);
    let replica = replica.unwrap_or(ReplicaId(u64::from_le_bytes(std::array::from_fn(|i| seed[16 + i]))));
    let transaction = connection.unchecked_transaction()?;
    Meta::Workspace.write(&transaction, &workspace)?;
    Meta::Replica.write(&transaction, &replica.0.to_le_bytes())?;
    transaction.commit()?;
    Ok((workspace, replica))
}

fn random() -> Result<[u8; 32], StoreError> {
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; 32];
    File::open(path).and_then(|mut file| file.read_exact(&mut bytes)).map_err(StoreError::io(path))?;
    Ok(bytes)
}

fn counters(connection: &Connection) -> Result<Counters, StoreError> {
    Ok(Counters { writes: Meta::Writes.read_number(connection)?, indexed: lookup::indexed(connection)? })
}

fn executable() -> String {
    let name =
        std::env::current_exe().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    name.unwrap_or_else(|| "an unnamed program".to_owned())
}
