//! Undo, redo and checking out a revision: events like all others, with inverse deltas.

use std::sync::Arc;

use base::{DocumentId, EventHash};
use document::{Delta, Role, rebase};

use crate::{
    CommandError, Context, Kernel,
    history::{History, Step},
    workspace::{WORKSPACE, decoded, payload},
};

/// Back or forth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Undo,
    Redo,
}

impl Direction {
    fn step(self, history: &History, context: &Context) -> Option<Step> {
        match self {
            Direction::Undo => history.undo(&context.actor),
            Direction::Redo => history.redo(&context.actor),
        }
    }

    fn role(self, event: EventHash) -> Role {
        match self {
            Direction::Undo => Role::Undo(event),
            Direction::Redo => Role::Redo(event),
        }
    }

    /// The id of the command.
    pub fn command(self) -> &'static str {
        match self {
            Direction::Undo => "history.undo",
            Direction::Redo => "history.redo",
        }
    }
}

impl Kernel {
    /// Takes back, or brings back, the actor's last change: of one document, or of the whole workspace. The event is
    /// none when there was nothing to do.
    pub(crate) fn step_history(
        &mut self,
        context: &Context,
        arguments: Arc<str>,
        document: Option<DocumentId>,
        direction: Direction,
    ) -> Result<Option<EventHash>, CommandError> {
        self.volatile = true;
        let steps = match document {
            Some(document) => {
                self.record(document)?;
                let open = self.workspace.open(&**self.log.lock(), document)?;
                direction.step(&open.history, context).map(|step| (document, step)).into_iter().collect()
            }
            None => self.workspace_steps(context, direction)?,
        };
        let mut changes = Vec::new();
        for (document, step) in steps {
            let deltas = self.fitted(document, &step)?;
            changes.push((document, direction.role(step.event), deltas));
        }
        self.commit(context, direction.command().into(), arguments, changes)
    }

    /// The steps that belong to the newest event that can be taken back, or forth, in any document.
    fn workspace_steps(
        &mut self,
        context: &Context,
        direction: Direction,
    ) -> Result<Vec<(DocumentId, Step)>, CommandError> {
        let mut steps = Vec::new();
        let mut last_edit = 0;
        for document in self.all_documents()? {
            let open = self.workspace.open(&**self.log.lock(), document)?;
            last_edit = last_edit.max(open.history.last_edit_ord(&context.actor));
            let step = direction.step(&open.history, context);
            let step = step.filter(|step| step.ord > context.bounds.floor);
            steps.extend(step.map(|step| (document, step)));
        }
        let newest = steps.iter().map(|(_, step)| step.ord).max().unwrap_or(0);
        if direction == Direction::Redo && last_edit > newest {
            return Ok(Vec::new());
        }
        steps.retain(|(_, step)| step.ord == newest);
        Ok(steps)
    }

    /// All documents that ever were, the workspace's own first: an undone creation can be redone.
    pub(crate) fn all_documents(&mut self) -> Result<Vec<DocumentId>, CommandError> {
        let open = self.workspace.open(&**self.log.lock(), WORKSPACE)?;
        let mut documents = vec![WORKSPACE];
        if let Some(tree) = open.document.content().tree() {
            for top in [base::NodeId::ROOT, base::NodeId::TRASH] {
                let children = tree.node(top).map(|node| node.children.clone()).unwrap_or_default();
                documents.extend(children.iter().map(|node| DocumentId::new(node.value())));
            }
        }
        Ok(documents)
    }

    /// The deltas of a step, fitted to what has come since.
    fn fitted(&mut self, document: DocumentId, step: &Step) -> Result<Vec<Delta>, CommandError> {
        let log = self.log.lock();
        let of_document = |event: EventHash| -> Result<(Vec<Delta>, Vec<Delta>), CommandError> {
            let changes = match self.recent.get(event) {
                Some(bytes) => decoded(event, bytes)?,
                None => payload(&**log, event)?,
            }
            .changes;
            let change = changes.into_iter().find(|change| change.document == document);
            Ok(change.map(|change| (change.deltas, change.inverses)).unwrap_or_default())
        };
        let inverses = of_document(step.event)?.1;
        if step.since.is_empty() {
            return Ok(inverses);
        }
        let mut since: Vec<(Vec<Delta>, bool)> = Vec::new();
        for (event, foreign) in &step.since {
            since.push((of_document(*event)?.0, *foreign));
        }
        let since: Vec<(&Delta, bool)> =
            since.iter().flat_map(|(deltas, foreign)| deltas.iter().map(|delta| (delta, *foreign))).collect();
        let content = self.workspace.open(&**log, document)?.document.content();
        Ok(rebase(&inverses, &since, content))
    }

    /// Brings a document to its state after one of its events, or before the first one.
    pub(crate) fn check_out(
        &mut self,
        context: &Context,
        arguments: Arc<str>,
        document: DocumentId,
        revision: Option<EventHash>,
    ) -> Result<Option<EventHash>, CommandError> {
        self.volatile = true;
        if document != WORKSPACE {
            self.record(document)?;
        }
        let start = self.workspace.open(&**self.log.lock(), document)?.history.start();
        self.go_to(context, arguments, document, revision.or(start))
    }

    /// The same of a document that may have been removed.
    pub(crate) fn go_to(
        &mut self,
        context: &Context,
        arguments: Arc<str>,
        document: DocumentId,
        revision: Option<EventHash>,
    ) -> Result<Option<EventHash>, CommandError> {
        let log = self.log.lock();
        let ord = self.workspace.open(&**log, document)?.history.place(revision)?;
        let target = self.workspace.content_at(&**log, document, ord)?;
        let deltas = self.workspace.open(&**log, document)?.document.content().diff(&target)?;
        drop(log);
        let changes = vec![(document, Role::Checkout(revision), deltas)];
        self.commit(context, "history.checkout".into(), arguments, changes)
    }
}
