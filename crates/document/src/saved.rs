//! The saved state: a content as bytes, from which a document opens without replay.
//!
//! Deterministic CBOR. Names stand in tables; nodes stand in the order of a walk, each with the index of its parent.

use std::collections::HashMap;

use base::NodeId;
use minicbor::{Decoder, Encoder, decode::Error};
use ropey::Rope;

use crate::{Content, Key, Node, Properties, Property, Tree};

const FORMAT: u32 = 1;
const TREE: u8 = 0;
const TEXT: u8 = 1;

/// Why bytes are no saved state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// They are damaged or of another format.
    #[error("the saved state is damaged: {0}")]
    Damaged(#[from] Error),
    /// A later version of the program wrote them.
    #[error("the saved state has format {0}, this version reads up to {FORMAT}: use a newer version")]
    Newer(u32),
}

/// The content as bytes.
pub fn encode(content: &Content) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    // Writing to memory cannot fail, so that the results need no look.
    let _ = match content {
        Content::Text(rope) => encode_text(&mut e, rope),
        Content::Tree(tree) => encode_tree(&mut e, tree),
    };
    e.into_writer()
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn encode_text(e: &mut Encoder<Vec<u8>>, rope: &Rope) -> Written {
    e.array(3)?.u32(FORMAT)?.u8(TEXT)?.str(&rope.to_string())?;
    Ok(())
}

fn encode_tree(e: &mut Encoder<Vec<u8>>, tree: &Tree) -> Written {
    let mut names = Names::default();
    let mut order: Vec<(NodeId, Option<usize>)> = Vec::new();
    let mut stack = vec![(NodeId::TRASH, None), (NodeId::ROOT, None)];
    while let Some((id, parent)) = stack.pop() {
        let Some(node) = tree.node(id) else { continue };
        let at = order.len();
        order.push((id, parent));
        names.add(&node.kind);
        node.properties.iter().for_each(|(key, _)| names.add(key));
        stack.extend(node.children.iter().rev().map(|child| (*child, Some(at))));
    }
    e.array(4)?.u32(FORMAT)?.u8(TREE)?.array(names.list.len() as u64)?;
    for name in &names.list {
        e.str(name.as_str())?;
    }
    e.array(order.len() as u64)?;
    for (id, parent) in order {
        let Some(node) = tree.node(id) else { continue };
        e.array(3 + 2 * node.properties.iter().len() as u64)?;
        e.bytes(&id.value().to_be_bytes())?;
        // Parents count from one; zero is none.
        e.u64(parent.map_or(0, |at| at as u64 + 1))?;
        e.u64(names.at(&node.kind))?;
        for (key, property) in node.properties.iter() {
            e.u64(names.at(key))?.encode(property)?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Names {
    list: Vec<Key>,
    index: HashMap<Key, u64>,
}

impl Names {
    fn add(&mut self, name: &Key) {
        if !self.index.contains_key(name) {
            self.index.insert(name.clone(), self.list.len() as u64);
            self.list.push(name.clone());
        }
    }

    fn at(&self, name: &Key) -> u64 {
        self.index.get(name).copied().unwrap_or_default()
    }
}

/// The content that [`encode`] wrote.
///
/// # Errors
/// [`StateError`] for anything else; never a panic.
pub fn decode(bytes: &[u8]) -> Result<Content, StateError> {
    let mut d = Decoder::new(bytes);
    d.array()?;
    let format = d.u32()?;
    if format > FORMAT {
        return Err(StateError::Newer(format));
    }
    match d.u8()? {
        TEXT => Ok(Content::Text(Rope::from_str(d.str()?))),
        TREE => Ok(Content::Tree(decode_tree(&mut d)?)),
        _ => Err(StateError::Damaged(Error::message("neither tree nor text"))),
    }
}

fn decode_tree(d: &mut Decoder<'_>) -> Result<Tree, Error> {
    let damaged = |what: &'static str, d: &Decoder<'_>| Error::message(what).at(d.position());
    let names: Vec<Key> = d.array_iter::<Key>()?.collect::<Result<_, _>>()?;
    let name = |d: &mut Decoder<'_>| -> Result<Key, Error> {
        let at = d.u64()? as usize;
        names.get(at).cloned().ok_or_else(|| damaged("a name that is not in the table", d))
    };
    let count = d.array()?.unwrap_or(0) as usize;
    let mut nodes: Vec<(NodeId, Node)> = Vec::with_capacity(count.min(1 << 20));
    for at in 0..count {
        let fields = d.array()?.unwrap_or(0);
        let id: [u8; 16] = d.bytes()?.try_into().map_err(|_| damaged("an id has 16 bytes", d))?;
        let id = NodeId::new(u128::from_be_bytes(id));
        let parent = match d.u64()? as usize {
            0 => None,
            index if index <= at => Some(index - 1),
            _ => return Err(damaged("a node stands before its parent", d)),
        };
        let kind = name(d)?;
        let properties = (0..fields.saturating_sub(3) / 2)
            .map(|_| Ok((name(d)?, d.decode::<Property>()?)))
            .collect::<Result<Properties, Error>>()?;
        if let Some(parent) = parent {
            nodes[parent].1.children.push_back(id);
        }
        let parent = parent.map(|index| nodes[index].0);
        nodes.push((id, Node { kind, parent, children: imbl::Vector::new(), properties }));
    }
    let roots: Vec<NodeId> =
        nodes.iter().filter(|(_, node)| node.parent.is_none()).map(|(id, _)| *id).collect();
    if roots != [NodeId::ROOT, NodeId::TRASH] {
        return Err(damaged("the root and the trash are not where they should be", d));
    }
    let mut tree = Tree::new("".into());
    for (id, node) in nodes {
        tree.put(id, node);
    }
    Ok(tree)
}
