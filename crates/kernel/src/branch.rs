//! Where documents are in their histories, and bringing them elsewhere.

use std::collections::BTreeSet;

use base::{DocumentId, EventHash, StateHash};

use crate::{
    CommandError, Context, Kernel, WORKSPACE,
    workspace::{Open, record_node},
};

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
