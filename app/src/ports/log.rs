//! The kernel's log over the store.

use base::{BlobHash, DocumentId, EventHash, ReplicaId};
use document::{Payload, Role};
use kernel::Bytes;
use kernel::ports::{Appended, EventLog, HistoryRow, LogError, NewEvent, Run, SavedState};
use store::{DocumentEntry, EventContents, NewRun, RunEnd, Store, StoreError};

/// A store as the kernel's log.
pub struct Log(pub Store);

fn failed(error: StoreError) -> LogError {
    LogError { message: error.to_string() }
}

fn entry((document, role): (DocumentId, Role)) -> DocumentEntry {
    DocumentEntry { document, role }
}

/// What a payload says about the rows beside it, for the check of the log.
pub fn contents(payload: &[u8]) -> Result<EventContents, String> {
    let payload = Payload::decode(payload).map_err(|error| error.to_string())?;
    let documents = payload.changes.iter().map(|change| entry((change.document, change.role))).collect();
    Ok(EventContents { documents, blobs: payload.blobs })
}

impl EventLog for Log {
    fn replica(&self) -> ReplicaId {
        self.0.replica()
    }

    fn heads(&self) -> Result<Vec<EventHash>, LogError> {
        self.0.heads().map_err(failed)
    }

    fn last_ord(&self) -> u64 {
        self.0.last_ord()
    }

    fn append(&mut self, event: NewEvent) -> Result<Appended, LogError> {
        let appended = self.0.append(store::NewEvent {
            tenant: event.tenant,
            actor: event.actor,
            command: event.command,
            time: event.time,
            payload: event.payload,
            documents: event.documents.into_iter().map(entry).collect(),
            blobs: event.blobs,
        });
        let appended = appended.map_err(failed)?;
        Ok(Appended { hash: appended.hash, ord: appended.ord })
    }

    fn sync(&mut self) -> Result<(), LogError> {
        self.0.sync().map_err(failed)
    }

    fn hold(&mut self, held: bool) {
        self.0.hold(held);
    }

    fn history(&self, document: DocumentId, after: u64) -> Result<Vec<HistoryRow>, LogError> {
        let rows = self.0.history(document).map_err(failed)?;
        let rows = rows.into_iter().filter(|row| row.ord > after).map(|row| HistoryRow {
            ord: row.ord,
            event: row.hash,
            actor: row.actor,
            replica: row.replica,
            role: row.role,
            command: row.command,
            time: row.time,
        });
        Ok(rows.collect())
    }

    fn payload(&self, event: EventHash) -> Result<Option<Vec<u8>>, LogError> {
        match self.0.payload(event).map_err(failed)? {
            store::Payload::Bytes(bytes) => Ok(Some(bytes)),
            store::Payload::Pruned(_) => Ok(None),
        }
    }

    fn saved_state(&self, document: DocumentId, up_to: u64) -> Result<Option<SavedState>, LogError> {
        let saved = self.0.state_at_or_before(document, up_to).map_err(failed)?;
        Ok(saved.map(|saved| SavedState {
            ord: saved.ord,
            state: saved.state,
            snapshot: saved.crdt,
            blobs: saved.blobs,
        }))
    }

    fn put_saved_state(&mut self, document: DocumentId, saved: SavedState) -> Result<(), LogError> {
        let event = self.0.events(saved.ord..=saved.ord, None).next();
        let event = event.transpose().map_err(failed)?.ok_or_else(|| LogError {
            message: format!("there is no event {} to save a state of", saved.ord),
        })?;
        let state = store::SavedState {
            document,
            ord: saved.ord,
            event: event.hash,
            state: saved.state,
            crdt: saved.snapshot,
            blobs: saved.blobs,
        };
        self.0.put_state(state).map_err(failed)
    }

    fn put_blob(&mut self, bytes: Bytes) -> Result<BlobHash, LogError> {
        self.0.put_blob(bytes).map_err(failed)
    }

    fn has_blob(&self, hash: BlobHash) -> Result<bool, LogError> {
        self.0.has_blob(hash).map_err(failed)
    }

    fn blob(&self, hash: BlobHash) -> Result<Option<Bytes>, LogError> {
        match self.0.read_blob(hash) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(StoreError::UnknownBlob(_)) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    fn record_run(&mut self, run: Run) -> Result<(), LogError> {
        let json = |text: &str| serde_json::from_str(text).unwrap_or(serde_json::Value::Null);
        let new = NewRun { started: run.started, command: run.command, arguments: json(&run.arguments) };
        let id = self.0.begin_run(new).map_err(failed)?;
        let (outcome, error, outputs) = match run.outcome {
            Ok(result) => ("done", None, json(&result)),
            Err(error) => ("failed", Some(error), serde_json::Value::Null),
        };
        let end = RunEnd { ended: run.ended, outcome: outcome.to_owned(), error, outputs };
        self.0.end_run(id, end).map_err(failed)
    }

    fn notes(&self, prefix: &str) -> Result<Vec<(String, String)>, LogError> {
        self.0.notes(prefix).map_err(failed)
    }

    fn put_note(&mut self, key: &str, value: Option<&str>) -> Result<(), LogError> {
        self.0.put_note(key, value).map_err(failed)
    }

    fn prune(&mut self, up_to: u64) -> Result<u64, LogError> {
        self.0.prune(up_to + 1, None).map(|pruned| pruned.events).map_err(failed)
    }
}
