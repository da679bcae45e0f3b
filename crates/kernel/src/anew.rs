//! Making again what is there already. A run of a script makes the same documents and nodes as the run before it, while
//! their histories go on: what it makes is committed as the difference from what is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base::{DocumentId, EventHash, NodeId};
use document::{Change, Content, Delta, Document, Key, Role, Value};

use crate::{
    CommandError, Context, Kernel, WORKSPACE,
    repeat::Deed,
    workspace::{base_text, record_node},
};

impl Kernel {
    /// Commits changes. Documents in `contents` have kept what the changes make: they come to hold these contents.
    pub(crate) fn commit_anew(
        &mut self,
        context: &Context,
        command: Arc<str>,
        arguments: Arc<str>,
        changes: Vec<(DocumentId, Vec<Delta>)>,
        contents: BTreeMap<DocumentId, Content>,
    ) -> Result<Option<EventHash>, CommandError> {
        let made: BTreeSet<DocumentId> = records(&changes).map(|(document, _)| document).collect();
        let with_roles = |changes: Vec<(DocumentId, Vec<Delta>)>| {
            let role = |document| if made.contains(&document) { Role::Start } else { Role::Edit };
            changes.into_iter().map(|(document, deltas)| (document, role(document), deltas)).collect()
        };
        if contents.is_empty() {
            return self.commit(context, command, arguments, with_roles(changes));
        }
        let noted = self.deeds.as_ref().map(Vec::len);
        let mut fitted = changes.clone();
        for (document, wanted) in &contents {
            let now = self.workspace.open(&**self.log.lock(), *document)?.document.content().clone();
            let difference = now.diff(wanted)?;
            match fitted.iter_mut().find(|(changed, _)| changed == document) {
                Some((_, deltas)) => *deltas = difference,
                None => fitted.push((*document, difference)),
            }
        }
        for (_, deltas) in fitted.iter_mut().filter(|(document, _)| *document == WORKSPACE) {
            self.keep_bases(deltas)?;
        }
        let event = self.commit(context, command.clone(), arguments.clone(), with_roles(fitted))?;
        // Elsewhere, what it did is done to what is new there.
        if let Some(noted) = noted {
            let blobs = self.blobs_of(changes.iter().flat_map(|(_, deltas)| deltas))?;
            let deeds = self.deeds.get_or_insert_default();
            deeds.truncate(noted);
            let about = changes.iter().map(|(document, _)| *document).chain(contents.keys().copied());
            let about: Vec<_> = about.filter(|document| !self.changed.contains(document)).collect();
            self.changed.extend(about);
            deeds.push(Deed { command, arguments, changes, blobs });
        }
        Ok(event)
    }

    /// What documents are to hold that have kept what these changes make.
    pub(crate) fn made_anew(
        &mut self,
        changes: &[(DocumentId, Vec<Delta>)],
    ) -> Result<BTreeMap<DocumentId, Content>, CommandError> {
        let workspace = self.content(WORKSPACE)?;
        let listed = |node: NodeId| workspace.tree().is_some_and(|tree| tree.node(node).is_some());
        let mut contents = BTreeMap::new();
        for (id, properties) in records(changes).filter(|(id, _)| listed(record_node(*id))) {
            contents.insert(id, self.new_content(properties)?);
        }
        for (document, deltas) in changes {
            let content = match contents.get_mut(document) {
                Some(content) => content,
                None if *document == WORKSPACE || listed(record_node(*document)) => {
                    let content = self.workspace.open(&**self.log.lock(), *document)?.document.content();
                    match deltas.iter().any(|delta| is_kept(content, delta)) {
                        true => contents.entry(*document).or_insert(content.clone()),
                        false => continue,
                    }
                }
                None => continue,
            };
            content.apply_as_new(deltas)?;
        }
        Ok(contents)
    }

    /// What a document of these properties holds when it is new.
    fn new_content(&self, properties: &[(Key, Value)]) -> Result<Content, CommandError> {
        let text = |name: &str| {
            properties.iter().find(|(key, _)| key.as_str() == name).and_then(|(_, value)| value.as_str())
        };
        let log = self.log.lock();
        let document = match text("base") {
            Some(hash) => Document::new_text(log.replica(), &base_text(&**log, hash)?)?,
            None => Document::new_tree(log.replica(), &text("kind").unwrap_or_default().into())?,
        };
        Ok(document.content().clone())
    }

    /// What a text started from stays: its history starts there.
    fn keep_bases(&mut self, deltas: &mut Vec<Delta>) -> Result<(), CommandError> {
        let content = self.content(WORKSPACE)?;
        let Some(tree) = content.tree() else { return Ok(()) };
        let base = |node: &NodeId| Some(tree.node(*node)?.properties.get("base")?.to_value());
        deltas.retain_mut(|delta| match delta {
            Delta::Set { node, key, .. } => key.as_str() != "base" || base(node).is_none(),
            Delta::Insert { node, properties, .. } => {
                if let Some(kept) = base(node) {
                    let given = properties.iter_mut().filter(|(key, _)| key.as_str() == "base");
                    given.for_each(|(_, value)| *value = kept.clone());
                }
                true
            }
            _ => true,
        });
        Ok(())
    }

    /// Takes note of what an event does, if that was asked.
    pub(crate) fn note_deed(
        &mut self,
        command: &Arc<str>,
        arguments: &Arc<str>,
        changes: &[Change],
    ) -> Result<(), CommandError> {
        if self.deeds.is_none() {
            return Ok(());
        }
        let blobs = self.blobs_of(changes.iter().flat_map(|change| &change.deltas))?;
        let changes = changes.iter().map(|change| (change.document, change.deltas.clone())).collect();
        let deed = Deed { command: command.clone(), arguments: arguments.clone(), changes, blobs };
        self.deeds.get_or_insert_default().push(deed);
        Ok(())
    }
}

/// The documents that changes make, with the properties of their records.
fn records(changes: &[(DocumentId, Vec<Delta>)]) -> impl Iterator<Item = (DocumentId, &[(Key, Value)])> {
    let of_list = changes.iter().filter(|(document, _)| *document == WORKSPACE);
    of_list.flat_map(|(_, deltas)| deltas).filter_map(|delta| match delta {
        Delta::Insert { node, properties, .. } => {
            Some((DocumentId::new(node.value()), properties.as_slice()))
        }
        _ => None,
    })
}

/// Whether a content has kept, in the trash, what a delta makes.
fn is_kept(content: &Content, delta: &Delta) -> bool {
    let Delta::Insert { node, .. } = delta else { return false };
    content.tree().is_some_and(|tree| tree.node(*node).is_some())
}
