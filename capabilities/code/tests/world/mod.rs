//! A workspace in memory: a kernel whose ports are maps.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use base::{BlobHash, DocumentId, EventHash, Limits, ReplicaId};
use document::Role;
use kernel::{
    CommandError, Context, Kernel, Ports, Registry, Request, Response, Settings,
    ports::{
        Appended, Clock, EventLog, FileError, FileFault, Files, FontBytes, FontSource, HistoryRow, LogError,
        NewEvent, Run, SavedState,
    },
};
use serde_json::Value as Json;

/// The kernel and its files.
pub struct World {
    pub kernel: Kernel,
    pub files: Arc<MemoryFiles>,
}

impl World {
    /// An empty workspace with the capability in it, beside these files.
    pub fn new(files: &[(&str, &[u8])]) -> World {
        let mut registry = Registry::default();
        registry.add(kernel::core()).unwrap();
        registry.add(code::capability()).unwrap();
        let files = files.iter().map(|(path, bytes)| (path.to_string(), bytes.to_vec())).collect();
        let files = Arc::new(MemoryFiles(Mutex::new(files)));
        let settings = Settings::new(&registry);
        let ports = Ports {
            files: files.clone(),
            fonts: Arc::new(Nothing),
            clock: Arc::new(Nothing),
            limits: Limits::default(),
            settings: settings.into(),
        };
        World { kernel: Kernel::new(registry, Box::new(MemoryLog::default()), ports, None), files }
    }

    /// Runs a command.
    pub fn run(&mut self, command: &str, arguments: Json) -> Result<Response, CommandError> {
        let command = command.to_owned();
        self.kernel.execute(Request {
            command,
            arguments,
            context: Context::default(),
            timeout_s: None,
            traced: false,
        })
    }

    /// Runs a command that must succeed and hands back its result.
    pub fn result(&mut self, command: &str, arguments: Json) -> Json {
        self.run(command, arguments).unwrap().result
    }
}

/// A row of the log, the documents that it changes, and its payload.
type Event = (HistoryRow, Vec<(DocumentId, Role)>, Vec<u8>);

#[derive(Default)]
struct MemoryLog {
    events: Vec<Event>,
    blobs: HashMap<BlobHash, Vec<u8>>,
}

impl EventLog for MemoryLog {
    fn replica(&self) -> ReplicaId {
        ReplicaId(7)
    }

    fn heads(&self) -> Result<Vec<EventHash>, LogError> {
        Ok(self.events.last().map(|(row, ..)| row.event).into_iter().collect())
    }

    fn append(&mut self, event: NewEvent) -> Result<Appended, LogError> {
        let ord = self.events.len() as u64 + 1;
        let hash = EventHash::of(&ord.to_le_bytes());
        let row = HistoryRow {
            ord,
            event: hash,
            actor: event.actor,
            replica: self.replica(),
            role: Role::Edit,
            command: event.command,
            time: event.time,
        };
        self.events.push((row, event.documents, event.payload));
        Ok(Appended { hash, ord })
    }

    fn sync(&mut self) -> Result<(), LogError> {
        Ok(())
    }

    fn history(&self, document: DocumentId, after: u64) -> Result<Vec<HistoryRow>, LogError> {
        let rows =
            self.events.iter().filter(|(row, ..)| row.ord > after).filter_map(|(row, documents, _)| {
                let (_, role) = documents.iter().find(|(changed, _)| *changed == document)?;
                Some(HistoryRow { role: *role, ..row.clone() })
            });
        Ok(rows.collect())
    }

    fn payload(&self, event: EventHash) -> Result<Option<Vec<u8>>, LogError> {
        Ok(self.events.iter().find(|(row, ..)| row.event == event).map(|(.., payload)| payload.clone()))
    }

    fn saved_state(&self, _: DocumentId, _: u64) -> Result<Option<SavedState>, LogError> {
        Ok(None)
    }

    fn put_saved_state(&mut self, _: DocumentId, _: SavedState) -> Result<(), LogError> {
        Ok(())
    }

    fn put_blob(&mut self, bytes: &[u8]) -> Result<BlobHash, LogError> {
        let hash = BlobHash::of(bytes);
        self.blobs.insert(hash, bytes.to_vec());
        Ok(hash)
    }

    fn has_blob(&self, hash: BlobHash) -> Result<bool, LogError> {
        Ok(self.blobs.contains_key(&hash))
    }

    fn blob(&self, hash: BlobHash) -> Result<Option<Vec<u8>>, LogError> {
        Ok(self.blobs.get(&hash).cloned())
    }

    fn record_run(&mut self, _: Run) -> Result<(), LogError> {
        Ok(())
    }

    fn prune(&mut self, _: u64) -> Result<u64, LogError> {
        Ok(0)
    }
}

/// Files by path.
pub struct MemoryFiles(Mutex<HashMap<String, Vec<u8>>>);

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let missing = || FileError {
            path: path.to_owned(),
            fault: FileFault::Unreadable,
            message: "no such file".to_owned(),
        };
        self.0.lock().unwrap().get(path).cloned().ok_or_else(missing)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<String, FileError> {
        self.0.lock().unwrap().insert(path.to_owned(), bytes.to_vec());
        Ok(path.to_owned())
    }

    fn beside(&self, _: &str, relative: &str) -> Result<String, FileError> {
        Ok(relative.to_owned())
    }
}

struct Nothing;

impl FontSource for Nothing {
    fn files(&self) -> Vec<FontBytes> {
        Vec::new()
    }

    fn generic_family(&self, _: &str) -> Option<String> {
        None
    }
}

impl Clock for Nothing {
    fn now(&self) -> i64 {
        0
    }
}
