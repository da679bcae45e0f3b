//! Reading nodes: typed looks at properties at a point in time, and walks.

use std::{borrow::Cow, sync::Arc};

use base::NodeId;

use crate::{Key, Node, Property, Tree, Value, keyframe};

/// A node in a tree, seen at a point in time.
#[derive(Clone, Copy, Debug)]
pub struct NodeRef<'a> {
    tree: &'a Tree,
    id: NodeId,
    node: &'a Arc<Node>,
    time: f64,
}

impl<'a> NodeRef<'a> {
    pub(crate) fn new(tree: &'a Tree, id: NodeId, node: &'a Arc<Node>) -> Self {
        NodeRef { tree, id, node, time: 0.0 }
    }

    /// The same node, and all nodes reached from it, at `seconds`.
    pub fn at_time(self, seconds: f64) -> Self {
        NodeRef { time: seconds, ..self }
    }

    /// The node's id.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The node as stored.
    pub fn node(self) -> &'a Node {
        self.node
    }

    /// The tree that the node is in.
    pub fn tree(self) -> &'a Tree {
        self.tree
    }

    /// The node's kind.
    pub fn kind(self) -> &'a str {
        self.node.kind.as_str()
    }

    /// The node above.
    pub fn parent(self) -> Option<NodeRef<'a>> {
        self.reach(self.node.parent?)
    }

    /// The nodes below, in order.
    pub fn children(self) -> impl DoubleEndedIterator<Item = NodeRef<'a>> {
        self.node.children.iter().filter_map(move |id| self.reach(*id))
    }

    /// All nodes below, each before its own children.
    pub fn descendants(self) -> impl Iterator<Item = NodeRef<'a>> {
        let mut stack: Vec<NodeRef<'a>> = self.children().rev().collect();
        std::iter::from_fn(move || {
            let next = stack.pop()?;
            stack.extend(next.children().rev());
            Some(next)
        })
    }

    /// Another visible node of the same tree, at the same time.
    pub fn find(self, id: NodeId) -> Option<NodeRef<'a>> {
        self.tree.get(id).map(|found| found.at_time(self.time))
    }

    fn reach(self, id: NodeId) -> Option<NodeRef<'a>> {
        Some(NodeRef { tree: self.tree, id, node: self.tree.node(id)?, time: self.time })
    }

    /// The property as stored, keyframes left aside.
    pub fn property(self, key: &str) -> Option<&'a Property> {
        self.node.properties.get(key)
    }

    /// The value of a property at this time, if it is set or has keyframes.
    pub fn value(self, key: &str) -> Option<Cow<'a, Value>> {
        if let Some(Property::Map(frames)) = self.node.properties.get(keyframe::PROPERTY)
            && let Some(value) = keyframe::sample(frames, key, self.time)
        {
            return Some(Cow::Owned(value));
        }
        match self.node.properties.get(key)? {
            Property::Register(value) => Some(Cow::Borrowed(value)),
            other => Some(Cow::Owned(other.to_value())),
        }
    }

    /// The time at which it is read, in seconds.
    pub fn time(self) -> f64 {
        self.time
    }

    /// When the last keyframe of this node is, in seconds; 0 when it has none.
    pub fn end(self) -> f64 {
        match self.node.properties.get(keyframe::PROPERTY) {
            Some(Property::Map(frames)) => keyframe::end(frames),
            _ => 0.0,
        }
    }

    /// A number at this time.
    pub fn number(self, key: &str) -> Option<f64> {
        self.value(key)?.as_number()
    }

    /// A text at this time.
    pub fn string(self, key: &str) -> Option<Arc<str>> {
        match self.value(key)?.as_ref() {
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// A list of exactly `N` numbers at this time.
    pub fn numbers<const N: usize>(self, key: &str) -> Option<[f64; N]> {
        let value = self.value(key)?;
        let Value::List(items) = value.as_ref() else { return None };
        let numbers: Vec<f64> = items.iter().map(Value::as_number).collect::<Option<_>>()?;
        numbers.try_into().ok()
    }

    /// All properties as stored, in the order of their names.
    pub fn properties(self) -> impl ExactSizeIterator<Item = (&'a Key, &'a Property)> {
        self.node.properties.iter()
    }
}
