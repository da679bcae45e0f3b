//! Ports over maps, which end with the process: for tests.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use base::{BlobHash, DocumentId, EventHash, Limits, ReplicaId};
use bytes::Bytes;
use document::Role;

use super::{
    Appended, Clock, EventLog, FileError, FileFault, Files, FontBytes, FontSource, HistoryRow, LogError,
    NewEvent, Run, SavedState,
};
use crate::{Kernel, Ports, Registry, Settings};

/// A kernel over an empty workspace, beside these files.
pub fn kernel(registry: Registry, files: &[(&str, &[u8])]) -> (Kernel, Arc<MemoryFiles>) {
    kernel_at(registry, files, Arc::new(Ticks::default()))
}

/// A kernel over an empty workspace, beside these files and with this clock.
pub fn kernel_at(
    registry: Registry,
    files: &[(&str, &[u8])],
    clock: Arc<dyn Clock>,
) -> (Kernel, Arc<MemoryFiles>) {
    let files = files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
    let files = Arc::new(MemoryFiles(Mutex::new(files)));
    let ports = Ports {
        files: files.clone(),
        fonts: Arc::new(Nothing),
        clock,
        limits: Limits::default(),
        settings: Settings::new(&registry).into(),
    };
    (Kernel::new(registry, Box::new(MemoryLog::default()), ports, None), files)
}

/// A row of the log, the documents that it changes, and its payload.
type Event = (HistoryRow, Vec<(DocumentId, Role)>, Vec<u8>);

/// A log that ends with the process.
#[derive(Default)]
pub struct MemoryLog {
    events: Vec<Event>,
    blobs: HashMap<BlobHash, Bytes>,
    notes: BTreeMap<String, String>,
}

impl EventLog for MemoryLog {
    fn replica(&self) -> ReplicaId {
        ReplicaId(7)
    }

    fn heads(&self) -> Result<Vec<EventHash>, LogError> {
        Ok(self.events.last().map(|(row, ..)| row.event).into_iter().collect())
    }

    fn last_ord(&self) -> u64 {
        self.events.len() as u64
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

    fn hold(&mut self, _: bool) {}

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

    fn put_blob(&mut self, bytes: Bytes) -> Result<BlobHash, LogError> {
        let hash = BlobHash::of(&bytes);
        self.blobs.insert(hash, bytes);
        Ok(hash)
    }

    fn has_blob(&self, hash: BlobHash) -> Result<bool, LogError> {
        Ok(self.blobs.contains_key(&hash))
    }

    fn blob(&self, hash: BlobHash) -> Result<Option<Bytes>, LogError> {
        Ok(self.blobs.get(&hash).cloned())
    }

    fn record_run(&mut self, _: Run) -> Result<(), LogError> {
        Ok(())
    }

    fn notes(&self, prefix: &str) -> Result<Vec<(String, String)>, LogError> {
        let found = self.notes.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(found.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn put_note(&mut self, key: &str, value: Option<&str>) -> Result<(), LogError> {
        match value {
            Some(value) => drop(self.notes.insert(key.to_owned(), value.to_owned())),
            None => drop(self.notes.remove(key)),
        }
        Ok(())
    }

    fn prune(&mut self, _: u64) -> Result<u64, LogError> {
        Ok(0)
    }
}

/// Files by path.
#[derive(Default)]
pub struct MemoryFiles(Mutex<HashMap<String, Vec<u8>>>);

impl MemoryFiles {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let missing = || FileError {
            path: path.to_owned(),
            fault: FileFault::Unreadable,
            message: "no such file".to_owned(),
        };
        self.lock().get(path).cloned().ok_or_else(missing)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<String, FileError> {
        self.lock().insert(path.to_owned(), bytes.to_vec());
        Ok(path.to_owned())
    }

    fn beside(&self, _: &str, relative: &str) -> Result<String, FileError> {
        Ok(relative.to_owned())
    }
}

/// No fonts.
struct Nothing;

/// A clock that is ten milliseconds later each time that it is asked.
#[derive(Default)]
struct Ticks(AtomicI64);

impl Clock for Ticks {
    fn now(&self) -> i64 {
        self.0.fetch_add(10, Ordering::Relaxed)
    }
}

impl FontSource for Nothing {
    fn files(&self) -> Vec<FontBytes> {
        Vec::new()
    }

    fn generic_family(&self, _: &str) -> Option<String> {
        None
    }
}
