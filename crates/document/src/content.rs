//! What a document holds, a node tree or a text, as an immutable value with one way to change it.

use base::{NodeId, StateHash};
use ropey::Rope;

use crate::{Delta, DeltaError, Key, NodeRef, Property, Tree, diff};

/// The content of a document. Cloning is O(1) and gives a read snapshot.
#[derive(Clone, Debug)]
pub enum Content {
    /// A node tree.
    Tree(Tree),
    /// A text, without byte order mark and with its line endings as they are.
    Text(Rope),
}

impl Content {
    /// The tree, of a document that is one.
    pub fn tree(&self) -> Option<&Tree> {
        if let Content::Tree(tree) = self { Some(tree) } else { None }
    }

    /// The text, of a document that is one.
    pub fn text(&self) -> Option<&Rope> {
        if let Content::Text(rope) = self { Some(rope) } else { None }
    }

    /// Applies an edit as a whole: on an error nothing has changed. Hands back the deltas that undo it, in the order
    /// in which they are to be applied.
    pub fn apply(&mut self, deltas: &[Delta]) -> Result<Vec<Delta>, DeltaError> {
        let mut next = self.clone();
        let mut inverses = Vec::with_capacity(deltas.len());
        for delta in deltas {
            match (&mut next, delta) {
                (Content::Tree(tree), delta) => inverses.extend(tree.apply(delta)?.into_iter().rev()),
                (Content::Text(rope), Delta::Text { change }) => {
                    let inverse =
                        change.apply_invertibly(rope).map_err(|e| DeltaError::Range(e.to_string()))?;
                    inverses.push(Delta::Text { change: inverse });
                }
                (Content::Text(_), _) => return Err(DeltaError::ContentType("text")),
            }
        }
        inverses.reverse();
        forget_nested_removals(&mut inverses, &next);
        *self = next;
        Ok(inverses)
    }

    /// Applies an edit as [`Content::apply`] does, but takes what it makes for new: a node of the same id in the trash is of
    /// another branch of history, and is forgotten. Hands back whether there was one.
    pub fn apply_as_new(&mut self, deltas: &[Delta]) -> Result<bool, DeltaError> {
        let mut next = self.clone();
        let mut met = false;
        for delta in deltas {
            if let (Content::Tree(tree), Delta::Insert { node, .. }) = (&mut next, delta)
                && tree.node(*node).is_some()
                && !tree.is_visible(*node)
            {
                tree.forget(*node);
                met = true;
            }
            next.apply(std::slice::from_ref(delta))?;
        }
        *self = next;
        Ok(met)
    }

    /// The deltas that turn this content into `target`.
    pub fn diff(&self, target: &Content) -> Result<Vec<Delta>, DeltaError> {
        match (self, target) {
            (Content::Tree(old), Content::Tree(new)) => Ok(diff::trees(old, new)),
            (Content::Text(old), Content::Text(new)) => {
                let change = crate::text::diff(old, new);
                Ok(if change.is_identity() { Vec::new() } else { vec![Delta::Text { change }] })
            }
            (Content::Tree(_), Content::Text(_)) => Err(DeltaError::ContentType("node tree")),
            (Content::Text(_), Content::Tree(_)) => Err(DeltaError::ContentType("text")),
        }
    }

    /// The hash of what is visible: kinds, properties and order of all nodes below the root, or the text.
    ///
    /// Neither the trash nor anything of how the content came about enters, so equal content hashes equal.
    pub fn hash(&self) -> StateHash {
        let mut hasher = blake3::Hasher::new();
        match self {
            Content::Tree(tree) => hash_node(&mut hasher, tree.root()),
            Content::Text(rope) => {
                hasher.update(b"text");
                rope.chunks().for_each(|chunk| {
                    hasher.update(chunk.as_bytes());
                });
            }
        }
        StateHash(*hasher.finalize().as_bytes())
    }
}

/// An undone insertion takes what is below the node along, so that only the topmost removal is needed.
fn forget_nested_removals(inverses: &mut Vec<Delta>, after: &Content) {
    let Content::Tree(tree) = after else { return };
    let removed: rustc_hash::FxHashSet<NodeId> = inverses.iter().filter_map(removal).collect();
    if removed.len() < 2 {
        return;
    }
    let parent = |id| tree.node(id).and_then(|node| node.parent);
    inverses.retain(|inverse| {
        let nested = removal(inverse).and_then(parent).is_some_and(|parent| removed.contains(&parent));
        !nested
    });
}

fn removal(delta: &Delta) -> Option<NodeId> {
    if let Delta::Remove { node } = delta { Some(*node) } else { None }
}

fn hash_node(hasher: &mut blake3::Hasher, root: NodeRef<'_>) {
    let mut buffer = Vec::new();
    let mut hash_one = |node: NodeRef<'_>, depth: u64| {
        buffer.clear();
        buffer.extend(node.id().value().to_be_bytes());
        buffer.extend(depth.to_be_bytes());
        push_text(&mut buffer, node.kind());
        buffer.extend((node.properties().len() as u64).to_be_bytes());
        for (key, property) in node.properties() {
            push_property(&mut buffer, key, property);
        }
        hasher.update(&buffer);
    };
    let mut stack = vec![(root, 0)];
    while let Some((node, depth)) = stack.pop() {
        hash_one(node, depth);
        stack.extend(node.children().rev().map(|child| (child, depth + 1)));
    }
}

fn push_text(buffer: &mut Vec<u8>, text: &str) {
    buffer.extend((text.len() as u64).to_be_bytes());
    buffer.extend(text.as_bytes());
}

fn push_property(buffer: &mut Vec<u8>, key: &Key, property: &Property) {
    push_text(buffer, key.as_str());
    // Writing to memory cannot fail.
    let _ = minicbor::encode(property, buffer);
}
