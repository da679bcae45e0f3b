//! The content of a node tree as an immutable value: cloning is O(1), changing copies what changes.

use std::{collections::BTreeMap, sync::Arc};

use base::NodeId;
use rustc_hash::FxBuildHasher;

use crate::{Delta, DeltaError, Key, Node, NodeRef, Properties, Property, Value};

/// Every node of a document, the root and the trash included.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: imbl::GenericHashMap<NodeId, Arc<Node>, FxBuildHasher, imbl::shared_ptr::DefaultSharedPtr>,
}

impl Tree {
    /// A tree whose root is of this kind, with an empty trash.
    pub fn new(kind: Key) -> Self {
        let mut tree = Tree { nodes: imbl::GenericHashMap::with_hasher(FxBuildHasher) };
        tree.put(
            NodeId::ROOT,
            Node { kind, parent: None, children: imbl::Vector::new(), properties: Properties::default() },
        );
        let trash = Node {
            kind: "trash".into(),
            parent: None,
            children: imbl::Vector::new(),
            properties: Properties::default(),
        };
        tree.put(NodeId::TRASH, trash);
        tree
    }

    /// The node of this id, also in the trash.
    pub fn node(&self, id: NodeId) -> Option<&Arc<Node>> {
        self.nodes.get(&id)
    }

    /// A reader of the root.
    pub fn root(&self) -> NodeRef<'_> {
        // Every constructor puts the root in, and no delta takes it out.
        NodeRef::new(self, NodeId::ROOT, &self.nodes[&NodeId::ROOT])
    }

    /// A reader of a node that is visible: not in the trash.
    pub fn get(&self, id: NodeId) -> Option<NodeRef<'_>> {
        let node = self.nodes.get(&id)?;
        self.is_visible(id).then(|| NodeRef::new(self, id, node))
    }

    /// Whether a node is there and not in the trash.
    pub fn is_visible(&self, id: NodeId) -> bool {
        self.top_of(id) == Some(NodeId::ROOT)
    }

    /// How many nodes there are, without the root and what is in the trash; O(n).
    pub fn len(&self) -> usize {
        self.root().descendants().count()
    }

    /// Whether there is no node but the root.
    pub fn is_empty(&self) -> bool {
        self.root().node().children.is_empty()
    }

    /// All ids, also of the trash, in no particular order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.nodes.keys().copied()
    }

    /// Whether `ancestor` is `id` or above it.
    pub fn is_at_or_above(&self, ancestor: NodeId, id: NodeId) -> bool {
        let mut at = Some(id);
        while let Some(id) = at {
            if id == ancestor {
                return true;
            }
            at = self.nodes.get(&id).and_then(|node| node.parent);
        }
        false
    }

    fn top_of(&self, mut id: NodeId) -> Option<NodeId> {
        loop {
            match self.nodes.get(&id)?.parent {
                Some(parent) => id = parent,
                None => return Some(id),
            }
        }
    }

    pub(crate) fn put(&mut self, id: NodeId, node: Node) {
        self.nodes.insert(id, Arc::new(node));
    }

    pub(crate) fn edit(&mut self, id: NodeId) -> Result<&mut Node, DeltaError> {
        self.nodes.get_mut(&id).map(Arc::make_mut).ok_or(DeltaError::UnknownNode(id))
    }

    /// Applies one step and hands back the steps that undo it, in the order in which they are to be applied.
    ///
    /// On an error the tree may be half changed: apply to a clone, and drop it.
    pub fn apply(&mut self, delta: &Delta) -> Result<Vec<Delta>, DeltaError> {
        match delta {
            Delta::Insert { node, kind, parent, after, properties } => {
                self.insert(*node, kind, *parent, *after, properties)
            }
            Delta::Move { node, parent, after } => self.relocate(*node, *parent, *after).map(|d| vec![d]),
            Delta::Remove { node } => self.remove(*node).map(|d| vec![d]),
            Delta::Set { node, key, value } => {
                let old = self.register(*node, key)?;
                if old == *value {
                    return Ok(Vec::new());
                }
                self.edit(*node)?.properties.set(key, value.clone().map(Property::Register));
                Ok(vec![Delta::Set { node: *node, key: key.clone(), value: old }])
            }
            Delta::Put { node, key, entry, value } => {
                let old = self.put_entry(*node, key, entry, value.clone())?;
                Ok(vec![Delta::Put { node: *node, key: key.clone(), entry: entry.clone(), value: old }])
            }
            Delta::Splice { node, key, change } => {
                let text = match self.property(*node, key)? {
                    None => "",
                    Some(Property::Text(text)) => text,
                    Some(other) => return Err(rule_error(*node, key, "text", other)),
                };
                let mut rope = ropey::Rope::from_str(text);
                let inverse = change.apply_invertibly(&mut rope).map_err(out_of_range)?;
                let text = Property::Text(rope.to_string().into());
                self.edit(*node)?.properties.set(key, (rope.len_chars() > 0).then_some(text));
                Ok(vec![Delta::Splice { node: *node, key: key.clone(), change: inverse }])
            }
            Delta::Items { node, key, at, delete, insert } => {
                self.splice_items(*node, key, *at, *delete, insert).map(|d| vec![d])
            }
            Delta::Add { node, key, amount } => {
                let count = match self.property(*node, key)? {
                    None => 0,
                    Some(Property::Counter(count)) => *count,
                    Some(other) => return Err(rule_error(*node, key, "counter", other)),
                };
                let sum = count
                    .checked_add(*amount)
                    .ok_or_else(|| DeltaError::Range("the counter would overflow".into()))?;
                self.edit(*node)?.properties.set(key, (sum != 0).then_some(Property::Counter(sum)));
                Ok(vec![Delta::Add { node: *node, key: key.clone(), amount: -amount }])
            }
            Delta::Text { .. } => Err(DeltaError::ContentType("node tree")),
        }
    }

    fn insert(
        &mut self,
        id: NodeId,
        kind: &Key,
        parent: NodeId,
        after: Option<NodeId>,
        properties: &[(Key, Value)],
    ) -> Result<Vec<Delta>, DeltaError> {
        let given = || properties.iter().map(|(k, v)| (k.clone(), Property::Register(v.clone()))).collect();
        if self.nodes.contains_key(&id) {
            return self.restore(id, kind, parent, after, given());
        }
        self.place(id, parent, after)?;
        let node = Node {
            kind: kind.clone(),
            parent: Some(parent),
            children: imbl::Vector::new(),
            properties: given(),
        };
        self.put(id, node);
        Ok(vec![match self.is_visible(id) {
            true => Delta::Remove { node: id },
            // What it was made under may come back.
            false => Delta::Move { node: id, parent: NodeId::TRASH, after: None },
        }])
    }

    /// Brings a node back from the trash (or leaves it where it is, when it came back with its parent) as one of this kind
    /// with exactly these registers set.
    fn restore(
        &mut self,
        id: NodeId,
        kind: &Key,
        parent: NodeId,
        after: Option<NodeId>,
        wanted: Properties,
    ) -> Result<Vec<Delta>, DeltaError> {
        let node = self.nodes.get(&id).ok_or(DeltaError::UnknownNode(id))?.clone();
        let visible = self.is_visible(id);
        // It came back with its parent, and so in its place.
        let in_place = visible && node.parent == Some(parent);
        if visible && !in_place {
            return Err(DeltaError::NodeExists(id));
        }
        let mut inverses = Vec::new();
        if !in_place {
            inverses.push(self.relocate(id, parent, after)?);
        }
        let stale = node
            .properties
            .iter()
            .filter(|(k, p)| matches!(p, Property::Register(_)) && wanted.get(k.as_str()).is_none());
        let unset: Vec<_> = stale.map(|(k, _)| (k.clone(), None)).collect();
        let set = wanted.iter().map(|(k, p)| (k.clone(), Some(p.to_value())));
        for (key, value) in unset.into_iter().chain(set) {
            inverses.splice(0..0, self.apply(&Delta::Set { node: id, key, value })?);
        }
        if node.kind != *kind {
            self.edit(id)?.kind = kind.clone();
            let properties = registers(&node.properties);
            let back = Delta::Insert { node: id, kind: node.kind.clone(), parent, after: None, properties };
            inverses.insert(0, back);
        }
        Ok(inverses)
    }

    /// Forgets a node of the trash and what is below it.
    pub(crate) fn forget(&mut self, id: NodeId) {
        if let Some(parent) = self.nodes.get(&id).and_then(|node| node.parent)
            && let Ok(parent) = self.edit(parent)
            && let Some(at) = position_of(&parent.children, id)
        {
            parent.children.remove(at);
        }
        let mut open = vec![id];
        while let Some(node) = open.pop().and_then(|id| self.nodes.remove(&id)) {
            open.extend(node.children.iter());
        }
    }

    fn relocate(&mut self, id: NodeId, parent: NodeId, after: Option<NodeId>) -> Result<Delta, DeltaError> {
        if id == NodeId::ROOT || id == NodeId::TRASH {
            return Err(DeltaError::Root);
        }
        let old_parent =
            self.nodes.get(&id).ok_or(DeltaError::UnknownNode(id))?.parent.ok_or(DeltaError::Root)?;
        if self.is_at_or_above(id, parent) || after == Some(id) {
            return Err(DeltaError::Cycle { node: id });
        }
        if let Some(sibling) = after
            && parent != NodeId::TRASH
            && self.nodes.get(&sibling).is_none_or(|node| node.parent != Some(parent))
        {
            return Err(DeltaError::NotAChild { sibling, parent });
        }
        if !self.nodes.contains_key(&parent) {
            return Err(DeltaError::UnknownNode(parent));
        }
        let old_after = if old_parent == NodeId::TRASH { None } else { self.sibling_before(id).flatten() };
        let siblings = &mut self.edit(old_parent)?.children;
        if let Some(at) = position_of(siblings, id) {
            siblings.remove(at);
        }
        self.place(id, parent, after)?;
        self.edit(id)?.parent = Some(parent);
        Ok(Delta::Move { node: id, parent: old_parent, after: old_after })
    }

    fn remove(&mut self, id: NodeId) -> Result<Delta, DeltaError> {
        if !self.is_visible(id) {
            return Err(DeltaError::UnknownNode(id));
        }
        self.relocate(id, NodeId::TRASH, None)
    }

    /// Enters a node among its parent's children; the node itself is not touched.
    fn place(&mut self, id: NodeId, parent: NodeId, after: Option<NodeId>) -> Result<(), DeltaError> {
        let siblings = &mut self.edit(parent)?.children;
        match after {
            // The order within the trash means nothing.
            _ if parent == NodeId::TRASH => siblings.push_back(id),
            None => siblings.push_front(id),
            Some(sibling) if siblings.last() == Some(&sibling) => siblings.push_back(id),
            Some(sibling) => {
                let at = position_of(siblings, sibling).ok_or(DeltaError::NotAChild { sibling, parent })?;
                siblings.insert(at + 1, id);
            }
        }
        Ok(())
    }

    /// The sibling before a node (`Some(None)`: it is the first); none for nodes without a parent.
    pub(crate) fn sibling_before(&self, id: NodeId) -> Option<Option<NodeId>> {
        let siblings = &self.nodes.get(&self.nodes.get(&id)?.parent?)?.children;
        let at = position_of(siblings, id)?;
        Some(at.checked_sub(1).map(|before| siblings[before]))
    }

    fn property(&self, id: NodeId, key: &Key) -> Result<Option<&Property>, DeltaError> {
        Ok(self.nodes.get(&id).ok_or(DeltaError::UnknownNode(id))?.properties.get(key.as_str()))
    }

    fn register(&self, id: NodeId, key: &Key) -> Result<Option<Value>, DeltaError> {
        match self.property(id, key)? {
            None => Ok(None),
            Some(Property::Register(value)) => Ok(Some(value.clone())),
            Some(other) => Err(rule_error(id, key, "lww", other)),
        }
    }

    fn put_entry(
        &mut self,
        id: NodeId,
        key: &Key,
        entry: &Key,
        value: Option<Value>,
    ) -> Result<Option<Value>, DeltaError> {
        let mut map = match self.property(id, key)? {
            None => Arc::new(BTreeMap::new()),
            Some(Property::Map(map)) => map.clone(),
            Some(other) => return Err(rule_error(id, key, "map", other)),
        };
        let old = match value {
            Some(value) => Arc::make_mut(&mut map).insert(entry.clone(), value),
            None => Arc::make_mut(&mut map).remove(entry),
        };
        let property = (!map.is_empty()).then_some(Property::Map(map));
        self.edit(id)?.properties.set(key, property);
        Ok(old)
    }

    fn splice_items(
        &mut self,
        id: NodeId,
        key: &Key,
        at: u32,
        delete: u32,
        insert: &[Value],
    ) -> Result<Delta, DeltaError> {
        let mut items = match self.property(id, key)? {
            None => Vec::new(),
            Some(Property::List(items)) => items.to_vec(),
            Some(other) => return Err(rule_error(id, key, "list", other)),
        };
        let range = at as usize..at as usize + delete as usize;
        if range.end > items.len() {
            let message = format!("items {}..{} of {}", range.start, range.end, items.len());
            return Err(DeltaError::Range(message));
        }
        let removed: Vec<Value> = items.splice(range, insert.iter().cloned()).collect();
        let property = (!items.is_empty()).then(|| Property::List(items.into()));
        self.edit(id)?.properties.set(key, property);
        Ok(Delta::Items { node: id, key: key.clone(), at, delete: insert.len() as u32, insert: removed })
    }
}

/// The properties whose merge rule is `lww`, as they are given to a new node.
pub(crate) fn registers(properties: &Properties) -> Vec<(Key, Value)> {
    let register = |(key, property): (&Key, &Property)| match property {
        Property::Register(value) => Some((key.clone(), value.clone())),
        _ => None,
    };
    properties.iter().filter_map(register).collect()
}

/// Searched from the end, since most edits are near it.
fn position_of(siblings: &imbl::Vector<NodeId>, id: NodeId) -> Option<usize> {
    let from_end = siblings.iter().rev().position(|sibling| *sibling == id)?;
    Some(siblings.len() - 1 - from_end)
}

fn out_of_range(error: crate::text::ChangeSetError) -> DeltaError {
    DeltaError::Range(error.to_string())
}

fn rule_error(node: NodeId, key: &Key, expected: &'static str, found: &Property) -> DeltaError {
    DeltaError::Rule { node, key: key.clone(), expected, found: found.rule() }
}
