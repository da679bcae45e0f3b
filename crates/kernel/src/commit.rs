//! From an edit to a durable event: the funnel through which every change of a document goes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base::{BlobHash, DocumentId, EventHash, IdSource, NodeId};
use document::{Change, Delta, Payload, Role};

use crate::{
    CommandError, Context, Kernel, Notice, WORKSPACE,
    ports::{HistoryRow, LogError, NewEvent},
    scope::EditScope,
    workspace::known_blobs,
};

impl Kernel {
    /// Runs an edit and commits what it did as one event.
    pub(crate) fn run_edit<T>(
        &mut self,
        context: &Context,
        ids: &mut IdSource,
        command: Arc<str>,
        arguments: Arc<str>,
        edit: impl FnOnce(&mut EditScope<'_>) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        self.check_writable(context)?;
        let mut scope = EditScope {
            workspace: &mut self.workspace,
            log: &self.log,
            registry: &self.registry,
            session: &self.session,
            ids,
            context,
            changes: Vec::new(),
            working: BTreeMap::new(),
            created: Vec::new(),
            anew: BTreeSet::new(),
        };
        let result = edit(&mut scope)?;
        let EditScope { changes, created, mut working, anew, .. } = scope;
        working.retain(|document, _| anew.contains(document));
        let new: Vec<DocumentId> = created.iter().map(|(id, _)| *id).collect();
        for (id, document) in created {
            self.workspace.adopt(id, document);
        }
        if let Err(error) = self.commit_anew(context, command, arguments, changes, working) {
            new.into_iter().for_each(|id| self.workspace.forget(id));
            return Err(error);
        }
        Ok(result)
    }

    /// Applies changes through each document's funnel and appends the event. All or nothing.
    pub(crate) fn commit(
        &mut self,
        context: &Context,
        command: Arc<str>,
        arguments: Arc<str>,
        changes: Vec<(DocumentId, Role, Vec<Delta>)>,
    ) -> Result<Option<EventHash>, CommandError> {
        let mut done: Vec<Change> = Vec::new();
        for (document, role, deltas) in changes {
            let worth_recording = !deltas.is_empty() || role != Role::Edit;
            if !worth_recording {
                continue;
            }
            let applied = match self.workspace.open(&**self.log.lock(), document) {
                Ok(open) => open.document.apply(&deltas).map_err(CommandError::from),
                Err(error) => Err(error),
            };
            match applied {
                Ok(applied) => {
                    let (inverses, update) = (applied.inverses, applied.update);
                    done.push(Change { document, role, deltas, inverses, update });
                }
                Err(error) => {
                    done.iter().for_each(|change| self.workspace.forget(change.document));
                    self.workspace.forget(document);
                    return Err(error);
                }
            }
        }
        self.append(context, command, arguments, done)
    }

    /// Appends an event whose changes the documents have taken already.
    pub(crate) fn append(
        &mut self,
        context: &Context,
        command: Arc<str>,
        arguments: Arc<str>,
        changes: Vec<Change>,
    ) -> Result<Option<EventHash>, CommandError> {
        if changes.is_empty() {
            return Ok(None);
        }
        self.note_deed(&command, &arguments, &changes)?;
        let documents: Vec<(DocumentId, Role)> = changes.iter().map(|c| (c.document, c.role)).collect();
        let listed: Vec<DocumentId> = changes.iter().flat_map(listed).collect();
        let time = self.ports.clock.now();
        let blobs = self.named_blobs(&changes)?;
        let payload = Payload { arguments, changes, blobs: blobs.clone() }.encode();
        let recent = self.recent.fits(&payload).then(|| payload.clone());
        let event = NewEvent {
            tenant: context.tenant.clone(),
            actor: context.actor.clone(),
            command: command.clone(),
            time,
            payload,
            documents: documents.clone(),
            blobs,
        };
        let appended = self.log.lock().append(event);
        let appended = appended.map_err(|error| self.fail(error))?;
        if let Some(payload) = recent {
            self.recent.keep(appended.hash, payload);
        }
        let replica = self.log.lock().replica();
        for document in documents.iter().map(|(document, _)| *document).chain(listed) {
            if !self.changed.contains(&document) {
                self.changed.push(document);
            }
        }
        for (document, role) in documents {
            let row = HistoryRow {
                ord: appended.ord,
                event: appended.hash,
                actor: context.actor.clone(),
                replica,
                role,
                command: command.clone(),
                time,
            };
            self.workspace.open(&**self.log.lock(), document)?.history.push(row);
            self.stream.publish(Notice::Changed { document, event: appended.hash, ord: appended.ord });
        }
        self.last_ord = appended.ord;
        self.events.push(appended.hash);
        Ok(Some(appended.hash))
    }

    /// The blobs that changes name, in both directions.
    fn named_blobs(&self, changes: &[Change]) -> Result<Vec<BlobHash>, CommandError> {
        self.blobs_of(changes.iter().flat_map(|change| change.deltas.iter().chain(&change.inverses)))
    }

    /// The blobs that deltas name.
    pub(crate) fn blobs_of<'d>(
        &self,
        deltas: impl Iterator<Item = &'d Delta>,
    ) -> Result<Vec<BlobHash>, CommandError> {
        let mut hashes = Vec::new();
        deltas.for_each(|delta| delta.hashes(&mut hashes));
        known_blobs(&**self.log.lock(), hashes)
    }

    /// The place of the newest event in the local order.
    pub fn last_ord(&self) -> u64 {
        self.log.lock().last_ord()
    }

    /// Waits until everything is durable.
    ///
    /// # Errors
    /// When the log fails: what was pending is taken back, and the workspace is read-only from then on.
    pub fn sync(&mut self) -> Result<(), CommandError> {
        let synced = self.log.lock().sync();
        synced.map_err(|error| self.fail(error))?;
        let ord = self.last_ord;
        self.stream.publish(Notice::Durable { ord });
        Ok(())
    }

    /// Lets events and notes from now on become durable together, until nothing is held any more. Opening a document on the
    /// way makes durable what has come so far.
    pub fn hold(&mut self, held: bool) {
        self.log.lock().hold(held);
    }

    fn fail(&mut self, error: LogError) -> CommandError {
        self.workspace.forget_all();
        self.recent.clear();
        self.read_only = Some(error.message.clone());
        self.stream.publish(Notice::ReadOnly { reason: error.message.clone() });
        CommandError::Storage(error)
    }
}

/// The documents whose records a change is about: a text that holds what it started from has no change of its own.
fn listed(change: &Change) -> impl Iterator<Item = DocumentId> {
    let record = |delta: &Delta| delta.node().filter(|node| *node != NodeId::ROOT && *node != NodeId::TRASH);
    let records = change.deltas.iter().filter(|_| change.document == WORKSPACE).filter_map(record);
    records.map(|node| DocumentId::new(node.value()))
}
