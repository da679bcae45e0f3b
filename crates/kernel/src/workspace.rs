//! The workspace: a document of its own that lists all others, and those that are open.

use std::collections::HashMap;

use base::{BlobHash, DocumentId, NodeId, ReplicaId};
use document::{Content, Delta, Document, Key, Payload, Value};
use serde::Serialize;

use crate::{
    CommandError,
    history::History,
    ports::{EventLog, LogError, SavedState},
};

/// The document that lists all documents: their creation, names and paths have a history like everything else.
pub const WORKSPACE: DocumentId = DocumentId::new(0);

/// The kind of the workspace document's root.
pub const WORKSPACE_KIND: &str = "workspace.root";
/// The kind of the node that stands for a document. Its id has the same bits as the document's.
pub const RECORD_KIND: &str = "workspace.document";

/// How many events a document gains at least before its state is saved again.
const EVENTS_BETWEEN_SAVES: usize = 1_000;
/// For how many bytes of the saved state it gains one more: saving costs an event the same, however large the document.
const BYTES_PER_EVENT: usize = 1_000;

/// What the workspace knows of a document.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentRecord {
    /// The document.
    pub id: DocumentId,
    /// Its kind: `graphics.canvas`, `code.text`.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// The file that it was opened from or saved to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Everything that is set on its record.
    #[serde(skip)]
    pub properties: Vec<(Key, Value)>,
}

impl DocumentRecord {
    /// What is set on the record.
    pub fn property(&self, name: &str) -> Option<&Value> {
        self.properties.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value)
    }
}

/// A document to be made.
#[derive(Clone, Debug)]
pub struct NewDocument {
    /// Its kind.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// The file that it comes from.
    pub path: Option<String>,
    /// Of a text: what it starts with, and the blob that holds the same. None: a node tree.
    pub base: Option<(String, BlobHash)>,
    /// What else is kept with its record.
    pub record: Vec<(Key, Value)>,
}

impl NewDocument {
    /// An empty node tree of a kind.
    pub fn tree(kind: &str, name: &str) -> Self {
        NewDocument { kind: kind.into(), name: name.into(), path: None, base: None, record: Vec::new() }
    }

    pub(crate) fn make(
        self,
        id: DocumentId,
        replica: ReplicaId,
        workspace: &Content,
    ) -> Result<(Document, Delta), CommandError> {
        let document = match &self.base {
            Some((text, _)) => Document::new_text(replica, text)?,
            None => Document::new_tree(replica, &self.kind.as_str().into())?,
        };
        let mut properties = self.record;
        properties.push(("kind".into(), self.kind.into()));
        properties.push(("name".into(), self.name.into()));
        properties.extend(self.path.map(|path| ("path".into(), path.into())));
        properties.extend(self.base.map(|(_, blob)| ("base".into(), blob.into())));
        properties.sort_by(|a, b| a.0.cmp(&b.0));
        let after = workspace.tree().and_then(|tree| tree.root().node().children.last().copied());
        let node = record_node(id);
        let insert =
            Delta::Insert { node, kind: RECORD_KIND.into(), parent: NodeId::ROOT, after, properties };
        Ok((document, insert))
    }
}

/// The node of the workspace document that stands for a document.
pub fn record_node(document: DocumentId) -> NodeId {
    NodeId::new(document.value())
}

/// A document that is in memory.
#[derive(Debug)]
pub(crate) struct Open {
    pub document: Document,
    pub history: History,
    /// The last event that the saved state includes.
    saved_ord: u64,
    saved_rows: usize,
    saved_bytes: usize,
}

/// The documents that are in memory.
#[derive(Debug, Default)]
pub struct Workspace {
    open: HashMap<DocumentId, Open>,
}

impl Workspace {
    /// A document, opened when it is not yet: from its saved state and the events since.
    pub(crate) fn open(&mut self, log: &dyn EventLog, id: DocumentId) -> Result<&mut Open, CommandError> {
        if !self.open.contains_key(&id) {
            let opened = self.load(log, id)?;
            self.open.insert(id, opened);
        }
        self.open.get_mut(&id).ok_or_else(|| CommandError::no_document(id))
    }

    fn load(&mut self, log: &dyn EventLog, id: DocumentId) -> Result<Open, CommandError> {
        let replica = log.replica();
        let saved = log.saved_state(id, u64::MAX)?;
        let saved_ord = saved.as_ref().map_or(0, |saved| saved.ord);
        let saved_bytes = saved.as_ref().map_or(0, |saved| saved.state.len());
        let rows = log.history(id, 0)?;
        let mut document = match saved {
            Some(saved) => Document::from_saved(replica, &saved.state, saved.snapshot).map_err(damaged)?,
            None => self.start(log, id)?,
        };
        let mut history = History::default();
        // What this copy wrote applies as it is; once others' events are in between, only merging gives the same.
        let own = rows.iter().all(|row| row.replica == replica);
        for row in rows {
            if row.ord > saved_ord {
                for change in
                    payload(log, row.event)?.changes.into_iter().filter(|change| change.document == id)
                {
                    match own {
                        // Taking in a copy that holds nothing new says nothing.
                        _ if change.update.is_empty() => {}
                        true => document.replay(&change.deltas, change.update)?,
                        false => document.integrate(&change.update).map(|_| ())?,
                    }
                }
            }
            history.push(row);
        }
        let saved_rows = history.rows().filter(|row| row.ord <= saved_ord).count();
        Ok(Open { document, history, saved_ord, saved_rows, saved_bytes })
    }

    /// A document as it was before its first event.
    fn start(&mut self, log: &dyn EventLog, id: DocumentId) -> Result<Document, CommandError> {
        let replica = log.replica();
        if id == WORKSPACE {
            return Ok(Document::new_tree(replica, &WORKSPACE_KIND.into())?);
        }
        let record = self.any_record(log, id)?;
        match record.property("base").and_then(Value::as_str) {
            None => Ok(Document::new_tree(replica, &record.kind.as_str().into())?),
            Some(hash) => Ok(Document::new_text(replica, &base_text(log, hash)?)?),
        }
    }

    /// The content of a document as it was after an event, or before its first one.
    pub(crate) fn content_at(
        &mut self,
        log: &dyn EventLog,
        id: DocumentId,
        up_to: u64,
    ) -> Result<Content, CommandError> {
        let mut rows = log.history(id, 0)?;
        rows.retain(|row| row.ord <= up_to);
        let saved = log.saved_state(id, up_to)?;
        let saved_ord = saved.as_ref().map_or(0, |saved| saved.ord);
        let mut document = match saved {
            Some(saved) => {
                Document::from_saved(log.replica(), &saved.state, saved.snapshot).map_err(damaged)?
            }
            None => self.start(log, id)?,
        };
        let own = rows.iter().all(|row| row.replica == log.replica());
        for row in rows.iter().filter(|row| row.ord > saved_ord) {
            for change in payload(log, row.event)?.changes.into_iter().filter(|change| change.document == id)
            {
                match own {
                    _ if change.update.is_empty() => {}
                    true => document.replay(&change.deltas, change.update)?,
                    false => document.integrate(&change.update).map(|_| ())?,
                }
            }
        }
        Ok(document.content().clone())
    }

    /// The record of a document that is in the workspace.
    pub(crate) fn record(
        &mut self,
        log: &dyn EventLog,
        id: DocumentId,
    ) -> Result<DocumentRecord, CommandError> {
        let workspace = self.open(log, WORKSPACE)?;
        let visible =
            workspace.document.content().tree().is_some_and(|tree| tree.is_visible(record_node(id)));
        match visible {
            true => self.any_record(log, id),
            false => Err(CommandError::no_document(id)),
        }
    }

    /// The record of a document, also of a removed one.
    fn any_record(&mut self, log: &dyn EventLog, id: DocumentId) -> Result<DocumentRecord, CommandError> {
        let workspace = self.open(log, WORKSPACE)?;
        let node = workspace.document.content().tree().and_then(|tree| tree.node(record_node(id)));
        let node = node.ok_or_else(|| CommandError::no_document(id))?;
        let properties: Vec<(Key, Value)> =
            node.properties.iter().map(|(key, property)| (key.clone(), property.to_value())).collect();
        let text = |name: &str| {
            let found = properties.iter().find(|(key, _)| key.as_str() == name);
            found.and_then(|(_, value)| value.as_str()).map(str::to_owned)
        };
        Ok(DocumentRecord {
            id,
            kind: text("kind").unwrap_or_default(),
            name: text("name").unwrap_or_default(),
            path: text("path"),
            properties,
        })
    }

    pub(crate) fn adopt(&mut self, id: DocumentId, document: Document) {
        self.open.insert(
            id,
            Open { document, history: History::default(), saved_ord: 0, saved_rows: 0, saved_bytes: 0 },
        );
    }

    /// The newest event of any open document.
    pub(crate) fn last_ord(&self) -> u64 {
        self.open.values().map(|open| open.history.last_ord()).max().unwrap_or(0)
    }

    pub(crate) fn forget(&mut self, id: DocumentId) {
        self.open.remove(&id);
    }

    pub(crate) fn forget_all(&mut self) {
        self.open.clear();
    }

    /// Saves the states of documents that have gained events: all of them, or those that have gained many.
    pub(crate) fn save(&mut self, log: &mut dyn EventLog, all: bool) -> Result<(), CommandError> {
        for (id, open) in &mut self.open {
            let gained = open.history.rows().len() - open.saved_rows;
            let ord = open.history.last_ord();
            let due = gained >= EVENTS_BETWEEN_SAVES + open.saved_bytes / BYTES_PER_EVENT;
            if ord > open.saved_ord && (all || due) {
                let (state, snapshot) = open.document.save()?;
                open.saved_bytes = state.len();
                let blobs = known_blobs(log, open.document.content().hashes())?;
                log.put_saved_state(*id, SavedState { ord, state, snapshot, blobs })?;
                open.saved_ord = ord;
                open.saved_rows = open.history.rows().len();
            }
        }
        Ok(())
    }
}

/// The text that a text document starts from.
pub(crate) fn base_text(log: &dyn EventLog, hash: &str) -> Result<String, CommandError> {
    let hash: BlobHash = hash.parse().map_err(damaged)?;
    let base = log.blob(hash)?.ok_or_else(|| damaged(format!("blob {hash} is missing")))?;
    String::from_utf8(base.into()).map_err(damaged)
}

/// Those of the hashes that name blobs: ascending, none twice.
pub(crate) fn known_blobs(
    log: &dyn EventLog,
    mut hashes: Vec<BlobHash>,
) -> Result<Vec<BlobHash>, CommandError> {
    hashes.sort();
    hashes.dedup();
    let mut known = Vec::with_capacity(hashes.len());
    for hash in hashes {
        if log.has_blob(hash)? {
            known.push(hash);
        }
    }
    Ok(known)
}

/// The payload of an event, from the log.
pub(crate) fn payload(log: &dyn EventLog, event: base::EventHash) -> Result<Payload, CommandError> {
    let bytes = log.payload(event)?.ok_or_else(|| {
        CommandError::NotApplicable(format!(
            "the content of event {} was pruned from the history",
            event.short()
        ))
    })?;
    decoded(event, &bytes)
}

/// The payload of an event from its bytes.
pub(crate) fn decoded(event: base::EventHash, bytes: &[u8]) -> Result<Payload, CommandError> {
    Payload::decode(bytes).map_err(|error| damaged(format!("event {event}: {error}")))
}

fn damaged(error: impl ToString) -> CommandError {
    CommandError::Storage(LogError { message: format!("{}; run metabuilder log verify", error.to_string()) })
}
