//! What an edit did, in steps that each have an exact inverse.

use base::NodeId;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::{Key, Value, text::ChangeSet};

/// One step of an edit. Positions are named by the sibling before (`after`), so that they survive edits by others.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Delta {
    /// A node comes to be as the sibling after `after` (`None`: first), with exactly these `lww` properties. A node
    /// of this id in the trash comes back, as one of this kind.
    #[n(0)]
    Insert {
        /// The node.
        #[cbor(n(0), with = "node_id")]
        node: NodeId,
        /// Its kind.
        #[n(1)]
        kind: Key,
        /// The node above.
        #[cbor(n(2), with = "node_id")]
        parent: NodeId,
        /// The sibling before; the first place when absent.
        #[cbor(n(3), with = "optional_node_id")]
        after: Option<NodeId>,
        /// Its properties, sorted by name.
        #[n(4)]
        properties: Vec<(Key, Value)>,
    },
    /// A node goes elsewhere; out of the trash, too.
    #[n(1)]
    Move {
        /// The node.
        #[cbor(n(0), with = "node_id")]
        node: NodeId,
        /// The node above, from now on.
        #[cbor(n(1), with = "node_id")]
        parent: NodeId,
        /// The sibling before; the first place when absent.
        #[cbor(n(2), with = "optional_node_id")]
        after: Option<NodeId>,
    },
    /// A node and what is below it go to the trash.
    #[n(2)]
    Remove {
        /// The node.
        #[cbor(n(0), with = "node_id")]
        node: NodeId,
    },
    /// A property of merge rule `lww` is set or unset.
    #[n(3)]
    Set {
        /// The node.
        #[cbor(n(0), with = "node_id")]
        node: NodeId,
        /// The property.
        #[n(1)]
        key: Key,
        /// Its value from now on; unset when absent.
        #[n(2)]
        value: Option<Value>,
    },
    /// An entry of a property of merge rule `map` is put or deleted.
    #[n(4)]
    Put {
        /// The node.
        #[cbor(n(0), with = "node_id")]
        node: NodeId,
        /// The property.
        #[n(1)]
        key: Key,
        /// The entry.
        #[n(2)]
        entry: Key,
        /// Its value from now on; deleted when absent.
        #[n(3)]
        value: Option<Value>,
    },
    /// A property of merge rule `text` is edited.
    #[n(5)]
    Splice {
        /// The node.
        #[cbor(n(0), with = "node_id")]
        node: NodeId,
        /// The property.
        #[n(1)]
        key: Key,
        /// The edits, in Unicode scalar values.
        #[n(2)]
        change: ChangeSet,
    },
    /// Items of a property of merge rule `list` are replaced.
    #[n(6)]
    Items {
        /// The node.
        #[cbor(n(0), with = "node_id")]
        node: NodeId,
        /// The property.
        #[n(1)]
        key: Key,
        /// The first item concerned.
        #[n(2)]
        at: u32,
        /// How many items go.
        #[n(3)]
        delete: u32,
        /// What comes in their place.
        #[n(4)]
        insert: Vec<Value>,
    },
    /// A property of merge rule `counter` is added to.
    #[n(7)]
    Add {
        /// The node.
        #[cbor(n(0), with = "node_id")]
        node: NodeId,
        /// The property.
        #[n(1)]
        key: Key,
        /// What is added.
        #[n(2)]
        amount: i64,
    },
    /// The text of a text document is edited.
    #[n(8)]
    Text {
        /// The edits, in Unicode scalar values.
        #[n(0)]
        change: ChangeSet,
    },
}

impl Delta {
    /// The node that the step is about; none for a text document's.
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Delta::Insert { node, .. }
            | Delta::Move { node, .. }
            | Delta::Remove { node }
            | Delta::Set { node, .. }
            | Delta::Put { node, .. }
            | Delta::Splice { node, .. }
            | Delta::Items { node, .. }
            | Delta::Add { node, .. } => Some(*node),
            Delta::Text { .. } => None,
        }
    }
}

/// A step that does not fit the document.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DeltaError {
    /// The node is not there.
    #[error("node {0} is not in the document")]
    UnknownNode(NodeId),
    /// A node of this id is there already.
    #[error("node {0} is in the document already")]
    NodeExists(NodeId),
    /// The node named as the sibling before is not a child of the parent.
    #[error("node {sibling} is not a child of node {parent}")]
    NotAChild {
        /// The node named as the sibling before.
        sibling: NodeId,
        /// The node that should be its parent.
        parent: NodeId,
    },
    /// The move would put a node below itself.
    #[error("node {node} cannot go below itself")]
    Cycle {
        /// The node that was to move.
        node: NodeId,
    },
    /// The root and the trash stay where they are.
    #[error("the root of a document can be neither moved nor removed")]
    Root,
    /// The property is stored by another merge rule than the step assumes.
    #[error("property '{key}' of node {node} merges by '{found}', not by '{expected}'")]
    Rule {
        /// The node.
        node: NodeId,
        /// The property.
        key: Key,
        /// The rule that the step assumes.
        expected: &'static str,
        /// The rule that the property is stored by.
        found: &'static str,
    },
    /// The step edits text, or items, that are not there.
    #[error("the edit does not fit the text or list it is meant for: {0}")]
    Range(String),
    /// The step is meant for the other type of document.
    #[error("a {0} document cannot be edited this way")]
    ContentType(&'static str),
    /// The CRDT refused the step: the document is damaged.
    #[error("the document's merge data refused the edit: {0}")]
    Crdt(String),
}

mod node_id {
    use super::*;

    pub fn encode<C, W: encode::Write>(
        id: &NodeId,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        // The root and the trash are frequent and short.
        match id.value() {
            small @ (0 | 1) => e.u8(small as u8)?,
            value => e.bytes(&value.to_be_bytes())?,
        };
        Ok(())
    }

    pub fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<NodeId, decode::Error> {
        if d.datatype()? == minicbor::data::Type::U8 {
            return Ok(NodeId::new(d.u8()?.into()));
        }
        let at = d.position();
        let bytes = d.bytes()?.try_into().map_err(|_| decode::Error::message("an id has 16 bytes").at(at))?;
        Ok(NodeId::new(u128::from_be_bytes(bytes)))
    }
}

mod optional_node_id {
    use super::*;

    pub fn encode<C, W: encode::Write>(
        id: &Option<NodeId>,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        match id {
            Some(id) => node_id::encode(id, e, ctx),
            None => e.null().map(|_| ()),
        }
    }

    pub fn decode<C>(d: &mut Decoder<'_>, ctx: &mut C) -> Result<Option<NodeId>, decode::Error> {
        if d.datatype()? == minicbor::data::Type::Null {
            d.null()?;
            return Ok(None);
        }
        node_id::decode(d, ctx).map(Some)
    }
}
