//! Commands that are known already: what they did, apart from the log, and doing it again without running them.

use std::{collections::BTreeSet, sync::Arc};

use base::{BlobHash, DocumentId, EventHash, NodeId};
use bytes::Bytes;
use document::{Change, Delta, Payload, Role};

use crate::{CommandError, Context, Kernel, WORKSPACE};

/// What a command did to documents, as one event.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// The id of the command.
    pub command: Arc<str>,
    /// Its arguments, as JSON.
    pub arguments: Arc<str>,
    /// What it did to each document.
    pub changes: Vec<(DocumentId, Vec<Delta>)>,
    /// The blobs that the changes name.
    pub blobs: Vec<BlobHash>,
}

impl Deed {
    /// The deed as bytes, without the id of the command.
    pub fn encode(&self) -> Vec<u8> {
        let change = |(document, deltas): &(DocumentId, Vec<Delta>)| Change {
            document: *document,
            role: Role::Edit,
            deltas: deltas.clone(),
            inverses: Vec::new(),
            update: Vec::new(),
        };
        let changes = self.changes.iter().map(change).collect();
        Payload { arguments: self.arguments.clone(), changes, blobs: self.blobs.clone() }.encode()
    }

    /// The deed that [`Deed::encode`] wrote.
    ///
    /// # Errors
    /// What is damaged, and where.
    pub fn decode(command: &str, bytes: &[u8]) -> Result<Self, String> {
        let Payload { arguments, changes, blobs } =
            Payload::decode(bytes).map_err(|error| error.to_string())?;
        let changes = changes.into_iter().map(|change| (change.document, change.deltas)).collect();
        Ok(Deed { command: command.into(), arguments, changes, blobs })
    }
}

impl Kernel {
    /// Does again what a command did: the documents are as they were before it then, or are made by it. The blobs that it
    /// names are put into the log first.
    ///
    /// # Errors
    /// The changes do not fit the documents, or the log fails; nothing has changed then.
    pub fn repeat(&mut self, context: &Context, deed: Deed) -> Result<Option<EventHash>, CommandError> {
        self.check_writable(context)?;
        let Deed { command, arguments, mut changes, .. } = deed;
        for (_, deltas) in changes.iter_mut().filter(|(document, _)| *document == WORKSPACE) {
            self.list_last(deltas)?;
        }
        let contents = self.made_anew(&changes)?;
        self.commit_anew(context, command, arguments, changes, contents)
    }

    /// Does again what a command did to these in the list of documents. What it did to the documents themselves is done
    /// already.
    ///
    /// # Errors
    /// As for [`Kernel::repeat`].
    pub fn repeat_records(
        &mut self,
        context: &Context,
        deed: Deed,
        documents: &BTreeSet<DocumentId>,
    ) -> Result<Option<EventHash>, CommandError> {
        self.check_writable(context)?;
        let is_of_these = |delta: &Delta| {
            delta.node().is_some_and(|node| documents.contains(&DocumentId::new(node.value())))
        };
        let of_list = deed.changes.into_iter().filter(|(document, _)| *document == WORKSPACE);
        let mut deltas: Vec<Delta> = of_list.flat_map(|(_, deltas)| deltas).filter(is_of_these).collect();
        self.list_last(&mut deltas)?;
        let mut wanted = self.content(WORKSPACE)?;
        for delta in deltas {
            let is_there = |node: NodeId| wanted.tree().is_some_and(|tree| tree.is_visible(node));
            if !matches!(&delta, Delta::Remove { node } if !is_there(*node)) {
                wanted.apply_as_new(&[delta])?;
            }
        }
        self.commit_anew(context, deed.command, deed.arguments, Vec::new(), [(WORKSPACE, wanted)].into())
    }

    /// Lets the records of new documents follow those that there are now: which there were then is chance.
    fn list_last(&mut self, deltas: &mut [Delta]) -> Result<(), CommandError> {
        let content = self.content(WORKSPACE)?;
        let mut last = content.tree().and_then(|tree| tree.root().node().children.last().copied());
        for delta in deltas {
            if let Delta::Insert { node, parent, after, .. } = delta
                && *parent == NodeId::ROOT
            {
                *after = last;
                last = Some(*node);
            }
        }
        Ok(())
    }

    /// A blob of the log.
    ///
    /// # Errors
    /// It is not there, or the log cannot be read.
    pub fn blob(&self, hash: BlobHash) -> Result<Bytes, CommandError> {
        crate::Blobs::blob(&self.assets(), hash)
    }

    /// Keeps a blob, for [`Kernel::repeat`].
    ///
    /// # Errors
    /// The log fails.
    pub fn put_blob(&mut self, bytes: impl Into<Bytes>) -> Result<BlobHash, CommandError> {
        Ok(self.log.lock().put_blob(bytes.into())?)
    }
}
