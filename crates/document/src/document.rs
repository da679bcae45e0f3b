//! The funnel: the one place where a document changes, by its own edits and by those of other replicas.

use base::{ReplicaId, StateHash};
use ropey::Rope;

use crate::{Content, Delta, DeltaError, Key, Tree, crdt::Crdt, saved};

/// A document's content with the merge data behind it.
#[derive(Debug)]
pub struct Document {
    replica: ReplicaId,
    content: Content,
    merge: Merge,
}

/// The merge data, decoded at the first edit: opening a document for reading does not need it.
#[derive(Debug)]
enum Merge {
    /// The merge data as they were saved and the updates since.
    Encoded(Vec<u8>, Vec<Vec<u8>>),
    Decoded(Box<Crdt>),
}

/// What an edit gave rise to.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The deltas that take the edit back, in the order in which they are to be applied.
    pub inverses: Vec<Delta>,
    /// What other replicas, and replay, take in.
    pub update: Vec<u8>,
}

impl Document {
    /// An empty node tree whose root is of this kind.
    pub fn new_tree(replica: ReplicaId, kind: &Key) -> Result<Self, DeltaError> {
        let merge = Merge::Decoded(Box::new(Crdt::new_tree(replica, kind)?));
        Ok(Document { replica, content: Content::Tree(Tree::new(kind.clone())), merge })
    }

    /// A text document that starts with `base`.
    pub fn new_text(replica: ReplicaId, base: &str) -> Result<Self, DeltaError> {
        let merge = Merge::Decoded(Box::new(Crdt::new_text(replica, base)?));
        Ok(Document { replica, content: Content::Text(Rope::from_str(base)), merge })
    }

    /// A document from its saved state and its merge data, both as [`Document::save`] wrote them. Earlier versions wrote
    /// the merge data as a CRDT snapshot, which will do, too.
    pub fn from_saved(replica: ReplicaId, state: &[u8], merge: Vec<u8>) -> Result<Self, saved::StateError> {
        Ok(Document { replica, content: saved::decode(state)?, merge: Merge::Encoded(merge, Vec::new()) })
    }

    /// A document from its CRDT snapshot alone, as [`Document::snapshot`] gives it.
    pub fn from_snapshot(replica: ReplicaId, snapshot: &[u8]) -> Result<Self, DeltaError> {
        let crdt = Crdt::from_snapshot(replica, snapshot)?;
        let content = match crdt.is_text() {
            true => Content::Text(Rope::from_str(&crdt.read_text())),
            false => Content::Tree(crdt.read_tree()?),
        };
        Ok(Document { replica, content, merge: Merge::Decoded(Box::new(crdt)) })
    }

    /// The saved state and the merge data, for [`Document::from_saved`].
    pub fn save(&mut self) -> Result<(Vec<u8>, Vec<u8>), DeltaError> {
        let merge = match &self.merge {
            Merge::Encoded(saved, updates) if updates.is_empty() => saved.clone(),
            _ => self.crdt()?.save()?,
        };
        Ok((saved::encode(&self.content), merge))
    }

    /// The CRDT snapshot: all that another copy of the document needs to take this one in.
    pub fn snapshot(&mut self) -> Result<Vec<u8>, DeltaError> {
        match &self.merge {
            Merge::Encoded(saved, updates) if updates.is_empty() => Ok(Crdt::saved_snapshot(saved)?.to_vec()),
            _ => self.crdt()?.snapshot(),
        }
    }

    /// Whether the CRDT snapshot of another copy holds just the operations that this one holds, and reads as this content.
    /// loro's bytes alone do not tell: they differ by the order in which a copy came to its operations.
    pub fn is_equal_to(&mut self, snapshot: &[u8]) -> bool {
        let (replica, hash) = (self.replica, self.hash());
        self.crdt().is_ok_and(|crdt| crdt.is_of_version(snapshot))
            && Document::from_snapshot(replica, snapshot).is_ok_and(|copy| copy.hash() == hash)
    }

    /// The content: what is on screen. Clone it for a read snapshot.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The hash of the content.
    pub fn hash(&self) -> StateHash {
        self.content.hash()
    }

    /// Applies an edit as a whole. On an error nothing has changed, unless it is [`DeltaError::Crdt`], after which the
    /// document is to be opened anew.
    pub fn apply(&mut self, deltas: &[Delta]) -> Result<Applied, DeltaError> {
        let mut next = self.content.clone();
        let inverses = next.apply(deltas)?;
        let update = self.crdt()?.write(deltas)?;
        self.content = next;
        Ok(Applied { inverses, update })
    }

    /// Repeats an edit of this replica from its log. The merge data follows when it is needed.
    pub fn replay(&mut self, deltas: &[Delta], update: Vec<u8>) -> Result<(), DeltaError> {
        self.content.apply(deltas)?;
        match &mut self.merge {
            Merge::Encoded(_, updates) => updates.push(update),
            Merge::Decoded(crdt) => crdt.import(&update).map(|_| ())?,
        }
        Ok(())
    }

    /// Takes in all that another copy of the document holds. The update carries it on to further replicas; it is empty
    /// where the copy holds nothing new, and may be there where nothing new is seen.
    pub fn merge(&mut self, snapshot: &[u8]) -> Result<(Vec<Delta>, Applied), DeltaError> {
        let mut before = self.content.clone();
        let mark = self.crdt()?.version();
        let deltas = self.integrate(snapshot)?;
        let inverses = before.apply(&deltas)?;
        let crdt = self.crdt()?;
        let update = if crdt.version() == mark { Vec::new() } else { crdt.updates_since(&mark)? };
        Ok((deltas, Applied { inverses, update }))
    }

    /// Takes in an update of another replica and says what it did here.
    pub fn integrate(&mut self, update: &[u8]) -> Result<Vec<Delta>, DeltaError> {
        let before = self.content.clone();
        let touched = self.crdt()?.import(update)?;
        match &mut self.content {
            Content::Text(rope) => {
                let changes = touched.text_changes(rope.len_chars())?;
                for change in &changes {
                    change.apply(rope).map_err(|e| DeltaError::Crdt(e.to_string()))?;
                }
                Ok(changes.into_iter().map(|change| Delta::Text { change }).collect())
            }
            Content::Tree(tree) => {
                let Merge::Decoded(crdt) = &mut self.merge else { return Ok(Vec::new()) };
                crdt.refresh_tree(tree, &touched)?;
                before.diff(&self.content)
            }
        }
    }

    /// Decodes the merge data if that has not been done yet.
    fn crdt(&mut self) -> Result<&mut Crdt, DeltaError> {
        if let Merge::Encoded(saved, updates) = &self.merge {
            let mut crdt = Crdt::open(self.replica, saved)?;
            updates.iter().try_for_each(|update| crdt.import(update).map(|_| ()))?;
            self.merge = Merge::Decoded(Box::new(crdt));
        }
        match &mut self.merge {
            Merge::Decoded(crdt) => Ok(crdt),
            Merge::Encoded(..) => Err(DeltaError::Crdt("the merge data is not decoded".into())),
        }
    }
}
