//! What belongs to a session and is in no log: selection, clipboard, context keys, running machines and what they show.

use std::collections::{BTreeMap, HashMap};

use base::{DocumentId, NodeId};
use serde_json::Value as Json;
use statechart::Machine;

use crate::machines::{Machines, Preview};

/// The state of a session.
#[derive(Clone, Debug, Default)]
pub struct Session {
    selection: HashMap<DocumentId, Vec<NodeId>>,
    clipboard: Option<Json>,
    keys: BTreeMap<String, Json>,
    pub(crate) machines: Machines,
    preview: Option<Preview>,
}

impl Session {
    /// The selected nodes of a document, in the order in which they were selected.
    pub fn selection(&self, document: DocumentId) -> &[NodeId] {
        self.selection.get(&document).map_or(&[], Vec::as_slice)
    }

    /// Selects exactly these nodes.
    pub fn select(&mut self, document: DocumentId, nodes: Vec<NodeId>) {
        self.selection.insert(document, nodes);
    }

    /// What was copied or cut last.
    pub fn clipboard(&self) -> Option<&Json> {
        self.clipboard.as_ref()
    }

    /// Puts something on the clipboard.
    pub fn copy(&mut self, fragment: Json) {
        self.clipboard = Some(fragment);
    }

    /// The value of a context key, which when-clauses read.
    pub fn key(&self, name: &str) -> Option<&Json> {
        self.keys.get(name)
    }

    /// All context keys.
    pub fn keys(&self) -> &BTreeMap<String, Json> {
        &self.keys
    }

    /// A machine, by the id of its chart, once it has been started.
    pub fn machine(&self, chart: &str) -> Option<&Machine> {
        self.machines.get(chart)
    }

    /// What a tool shows of what it is about to do.
    pub fn preview(&self) -> Option<&Preview> {
        self.preview.as_ref()
    }

    /// Shows what a tool is about to do, or nothing any more.
    pub fn set_preview(&mut self, preview: Option<Preview>) {
        self.preview = preview;
    }

    /// Sets a context key.
    pub fn set_key(&mut self, name: &str, value: Json) {
        self.keys.insert(name.to_owned(), value);
    }
}
