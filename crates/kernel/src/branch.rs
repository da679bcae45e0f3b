//! Where documents are in their histories, and bringing them elsewhere.

use std::collections::BTreeSet;

use base::{DocumentId, EventHash, NodeId, StateHash};
use document::{Delta, Key, Value};
use serde::{Deserialize, Serialize};

use crate::{
    CommandError, Context, Kernel, WORKSPACE,
    workspace::{Open, record_node},
};

/// What the list of documents says of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// Whether it is in the workspace: a removed one can come back.
    pub is_there: bool,
    /// Its kind, name and path, and what else is kept with it, sorted by name.
    pub properties: Vec<(Key, Value)>,
}

impl Kernel {
    /// The newest event of a document that is none of these; none before its first.
    ///
    /// # Errors
    /// There is no such document, or the log cannot be read.
    pub fn head(
        &mut self,
        document: DocumentId,
        but: &BTreeSet<EventHash>,
    ) -> Result<Option<EventHash>, CommandError> {
        let rows = self.whereabouts(document)?.history.rows();
        Ok(rows.rev().map(|row| row.event).find(|event| !but.contains(event)))
    }

    /// Whether an event is one of a document's that is, or was, in the workspace; all that are have the point before their
    /// first event.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn has_point(
        &mut self,
        document: DocumentId,
        event: Option<EventHash>,
    ) -> Result<bool, CommandError> {
        let workspace = self.content(WORKSPACE)?;
        let is_listed = workspace.tree().is_some_and(|tree| tree.node(record_node(document)).is_some());
        if document != WORKSPACE && !is_listed {
            return Ok(false);
        }
        let history = &self.whereabouts(document)?.history;
        Ok(event.is_none_or(|event| history.row(event).is_some()))
    }

    /// Whether the content of a document at a point of its history can be had: after an event, or before the first one. What
    /// was pruned is lost.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn has_content(
        &mut self,
        document: DocumentId,
        event: Option<EventHash>,
    ) -> Result<bool, CommandError> {
        if !self.has_point(document, event)? {
            return Ok(false);
        }
        let first = self.whereabouts(document)?.history.rows().next().map(|row| row.event);
        let Some(near) = event.or(first) else { return Ok(true) };
        Ok(self.log.lock().payload(near)?.is_some() || self.state_after(document, event).is_ok())
    }

    /// Whether others' copies of a document were taken in after a point of its history. Going back before that and taking
    /// them in again gives nothing: merging knows them already.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn has_merged_since(
        &mut self,
        document: DocumentId,
        event: Option<EventHash>,
    ) -> Result<bool, CommandError> {
        let own = self.replica();
        let rows = self.whereabouts(document)?.history.rows().rev();
        let mut since = rows.take_while(|row| Some(row.event) != event);
        Ok(since.any(|row| &*row.command == "document.merge" || row.replica != own))
    }

    /// What the list of documents says of one; none when it never was in the workspace.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn listed(&mut self, document: DocumentId) -> Result<Option<Listed>, CommandError> {
        let workspace = self.content(WORKSPACE)?;
        let node = record_node(document);
        let Some(tree) = workspace.tree() else { return Ok(None) };
        let listed = tree.node(node).map(|record| Listed {
            is_there: tree.is_visible(node),
            properties: record
                .properties
                .iter()
                .map(|(key, value)| (key.clone(), value.to_value()))
                .collect(),
        });
        Ok(listed)
    }

    /// Lets the list of documents say this of one, by an event of its own; none when it does.
    ///
    /// # Errors
    /// There is no such document, or the log fails.
    pub fn list_again(
        &mut self,
        context: &Context,
        document: DocumentId,
        wanted: &Listed,
    ) -> Result<Option<EventHash>, CommandError> {
        let now = self.listed(document)?.ok_or_else(|| CommandError::no_document(document))?;
        if now == *wanted {
            return Ok(None);
        }
        self.check_writable(context)?;
        let node = record_node(document);
        let mut content = self.content(WORKSPACE)?;
        let after = content.tree().and_then(|tree| tree.root().node().children.last().copied());
        if now.is_there != wanted.is_there {
            content.apply(&[match wanted.is_there {
                true => Delta::Move { node, parent: NodeId::ROOT, after },
                false => Delta::Remove { node },
            }])?;
        }
        let of = |listed: &Listed, key: &Key| {
            listed.properties.iter().find(|(other, _)| other == key).map(|(_, value)| value.clone())
        };
        let keys: BTreeSet<&Key> =
            now.properties.iter().chain(&wanted.properties).map(|(key, _)| key).collect();
        for key in keys.into_iter().filter(|key| of(&now, key) != of(wanted, key)) {
            content.apply(&[Delta::Set { node, key: key.clone(), value: of(wanted, key) }])?;
        }
        let arguments = serde_json::json!({ "document": document }).to_string();
        self.commit_anew(
            context,
            "history.checkout".into(),
            arguments.as_str().into(),
            Vec::new(),
            [(WORKSPACE, content)].into(),
        )
    }

    /// What was noted beside the log under keys that begin like this.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn notes(&self, prefix: &str) -> Result<Vec<(String, String)>, CommandError> {
        Ok(self.log.lock().notes(prefix)?)
    }

    /// Notes something beside the log, or forgets it. It is as durable as the events before it.
    ///
    /// # Errors
    /// The log fails, or is only read.
    pub fn put_note(&mut self, key: &str, value: Option<&str>) -> Result<(), CommandError> {
        Ok(self.log.lock().put_note(key, value)?)
    }

    /// The hash of a document's content after one of its events, or before the first one.
    ///
    /// # Errors
    /// It is none of its events, the log cannot be read, or the content of events on the way was pruned.
    pub fn state_after(
        &mut self,
        document: DocumentId,
        event: Option<EventHash>,
    ) -> Result<StateHash, CommandError> {
        let open = self.whereabouts(document)?;
        if open.history.rows().next_back().map(|row| row.event) == event {
            return Ok(open.document.hash());
        }
        let ord = open.history.place(event)?;
        let log = self.log.lock();
        Ok(self.workspace.content_at(&**log, document, ord)?.hash())
    }

    /// Brings a document to its state after one of its events, or before the first one, by an event of its own, which is
    /// handed back; none when it is there.
    ///
    /// # Errors
    /// It is none of its events, the log fails, or the content of events on the way was pruned.
    pub fn bring(
        &mut self,
        context: &Context,
        document: DocumentId,
        event: Option<EventHash>,
    ) -> Result<Option<EventHash>, CommandError> {
        if self.head(document, &BTreeSet::new())? == event {
            return Ok(None);
        }
        self.check_writable(context)?;
        let arguments = serde_json::json!({ "document": document, "revision": event }).to_string();
        self.go_to(context, arguments.into(), document, event)
    }

    fn whereabouts(&mut self, document: DocumentId) -> Result<&mut Open, CommandError> {
        let log = self.log.lock();
        self.workspace.open(&**log, document)
    }
}
