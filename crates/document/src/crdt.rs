//! The merge data behind a document: the same content as a loro document, from which replicas get their updates.
//!
//! Nodes are loro tree nodes that carry our id and kind in their map; the root of the document is loro's root, with its
//! properties in the map `root`. A removed node goes below the trash node, since loro cannot bring deleted nodes back.

use std::sync::{Arc, Mutex};

use base::{NodeId, ReplicaId};
use loro::{
    ContainerID, ExportMode, LoroDoc, LoroMap, LoroText, LoroTree, LoroValue, TreeID, TreeParentId,
    ValueOrContainer, VersionVector,
    event::{Diff, DiffEvent},
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    Delta, DeltaError, Key, Value,
    text::{ChangeSet, ChangeSetBuilder, TextEdit},
};

mod convert;
mod plant;
mod saved;

use convert::{read_node, to_loro};
use saved::SavedMerge;

const ID: &str = "#id";
const KIND: &str = "#kind";

/// The peer in whose name every replica writes the same first operations of a document.
const SEED: u64 = 1;

/// After how many operations a transaction is ended within an edit.
const OPERATIONS_AT_ONCE: usize = 10_000;

/// Merge data of one document.
#[derive(Debug)]
pub(crate) struct Crdt {
    doc: LoroDoc,
    trees: FxHashMap<NodeId, TreeID>,
    ids: FxHashMap<TreeID, NodeId>,
    exported: VersionVector,
    /// The last children of parents that were appended to since anything moved.
    tails: FxHashMap<TreeParentId, TreeID>,
}

/// What an import changed.
#[derive(Default)]
pub(crate) struct Touched {
    nodes: FxHashSet<TreeID>,
    identified: Vec<(TreeID, NodeId)>,
    parents: FxHashSet<TreeParentId>,
    root: bool,
    text: Vec<Vec<loro::TextDelta>>,
}

impl Crdt {
    /// Merge data of an empty tree. Every replica that starts so holds the same operations.
    pub fn new_tree(replica: ReplicaId, kind: &Key) -> Result<Self, DeltaError> {
        let doc = LoroDoc::new();
        doc.set_peer_id(SEED).map_err(refused)?;
        let trash = doc.get_tree("tree").create(TreeParentId::Root).map_err(refused)?;
        doc.get_map("root").insert(KIND, kind.as_str()).map_err(refused)?;
        let mut crdt = Self::adopt(doc, replica)?;
        crdt.remember(NodeId::TRASH, trash);
        Ok(crdt)
    }

    /// Merge data of a text document that starts with `base`. Every replica that starts so holds the same operations.
    pub fn new_text(replica: ReplicaId, base: &str) -> Result<Self, DeltaError> {
        let doc = LoroDoc::new();
        doc.set_peer_id(SEED).map_err(refused)?;
        // From the back to the front, so that loro keeps the pieces apart: an edit looks through the piece that it is in.
        let text = doc.get_text("text");
        pieces(base).rev().try_for_each(|piece| text.insert(0, piece)).map_err(refused)?;
        Self::adopt(doc, replica)
    }

    /// Merge data as [`Crdt::snapshot`] wrote it. Reads the map of every node.
    pub fn from_snapshot(replica: ReplicaId, snapshot: &[u8]) -> Result<Self, DeltaError> {
        let mut crdt = Self::adopt(LoroDoc::from_snapshot(snapshot).map_err(refused)?, replica)?;
        let tree = crdt.doc.get_tree("tree");
        let trash = TreeID::new(SEED, 0);
        if tree.contains(trash) {
            crdt.remember(NodeId::TRASH, trash);
        }
        for node in tree.nodes() {
            crdt.identify(&tree, node);
        }
        Ok(crdt)
    }

    /// Merge data as [`Crdt::save`] wrote it. Reads nothing of the content before it is needed.
    pub fn open(replica: ReplicaId, saved: &[u8]) -> Result<Self, DeltaError> {
        let saved = SavedMerge::decode(saved).map_err(refused)?;
        let Some(nodes) = saved.nodes else { return Self::from_snapshot(replica, saved.snapshot) };
        let mut crdt = Self::adopt(LoroDoc::from_snapshot(saved.snapshot).map_err(refused)?, replica)?;
        crdt.trees.reserve(nodes.len());
        crdt.ids.reserve(nodes.len());
        nodes.into_iter().for_each(|(id, tree)| crdt.remember(id, tree));
        Ok(crdt)
    }

    /// The snapshot inside of what [`Crdt::save`] wrote.
    pub fn saved_snapshot(saved: &[u8]) -> Result<&[u8], DeltaError> {
        Ok(SavedMerge::decode(saved).map_err(refused)?.snapshot)
    }

    /// Everything with what stands for which node, for [`Crdt::open`].
    pub fn save(&self) -> Result<Vec<u8>, DeltaError> {
        let nodes = self.trees.iter().map(|(id, tree)| (*id, *tree)).collect();
        Ok(SavedMerge { nodes: Some(nodes), snapshot: &self.snapshot()? }.encode())
    }

    /// Nodes that stand for others than the root are to be remembered.
    fn adopt(doc: LoroDoc, replica: ReplicaId) -> Result<Self, DeltaError> {
        doc.commit();
        doc.set_peer_id(replica.0).map_err(refused)?;
        let exported = doc.oplog_vv();
        Ok(Crdt {
            doc,
            trees: FxHashMap::default(),
            ids: FxHashMap::default(),
            exported,
            tails: FxHashMap::default(),
        })
    }

    /// Everything, for [`Crdt::from_snapshot`] and for other replicas.
    pub fn snapshot(&self) -> Result<Vec<u8>, DeltaError> {
        self.doc.export(ExportMode::Snapshot).map_err(refused)
    }

    /// The version, for [`Crdt::updates_since`].
    pub fn version(&self) -> VersionVector {
        self.doc.oplog_vv()
    }

    /// Whether a snapshot ends at the version of these merge data.
    pub fn is_of_version(&self, snapshot: &[u8]) -> bool {
        LoroDoc::decode_import_blob_meta(snapshot, true)
            .is_ok_and(|meta| meta.partial_end_vv == self.doc.oplog_vv())
    }

    /// What came after a version.
    pub fn updates_since(&self, version: &VersionVector) -> Result<Vec<u8>, DeltaError> {
        self.doc.export(ExportMode::updates(version)).map_err(refused)
    }

    /// Writes an edit that the content has taken already, and hands back the update for other replicas.
    pub fn write(&mut self, deltas: &[Delta]) -> Result<Vec<u8>, DeltaError> {
        let tree = self.doc.get_tree("tree");
        let mut rest = deltas;
        while let [first, others @ ..] = rest {
            let planted = self.plant(&tree, rest).map_err(refused)?;
            if planted == 0 {
                self.write_one(&tree, first).map_err(refused)?;
                rest = others;
            } else {
                rest = &rest[planted..];
            }
            self.commit_when_large();
        }
        self.doc.commit();
        let update = self.doc.export(ExportMode::updates(&self.exported)).map_err(refused)?;
        self.exported = self.doc.oplog_vv();
        Ok(update)
    }

    /// Ends loro's transaction once it holds much: it keeps several hundred bytes of each operation until then, for
    /// events that nobody waits for. What replicas get is cut by [`Crdt::write`], not by transactions.
    fn commit_when_large(&self) {
        if self.doc.get_pending_txn_len() >= OPERATIONS_AT_ONCE {
            self.doc.commit();
        }
    }

    fn write_one(&mut self, tree: &LoroTree, delta: &Delta) -> Result<(), loro::LoroError> {
        match delta {
            Delta::Insert { node, kind, parent, after, properties } => {
                if let Some(target) = self.trees.get(node).copied() {
                    return self.restore(tree, target, kind, (*parent, *after), properties);
                }
                let target = self.create(tree, *parent, *after)?;
                self.remember(*node, target);
                self.describe(tree, *node, kind, properties)
            }
            Delta::Move { node, parent, after } => self.relocate(tree, self.tree_of(*node)?, *parent, *after),
            Delta::Remove { node } => self.relocate(tree, self.tree_of(*node)?, NodeId::TRASH, None),
            Delta::Set { node, key, value } => {
                let meta = self.meta(tree, *node)?;
                match value {
                    Some(value) => meta.insert(key.as_str(), to_loro(value)),
                    None => meta.delete(key.as_str()),
                }
            }
            Delta::Put { node, key, entry, value } => {
                let map = self.meta(tree, *node)?.ensure_mergeable_map(key.as_str())?;
                match value {
                    Some(value) => map.insert(entry.as_str(), to_loro(value)),
                    None => map.delete(entry.as_str()),
                }
            }
            Delta::Splice { node, key, change } => {
                write_text(&self.meta(tree, *node)?.ensure_mergeable_text(key.as_str())?, change)
            }
            Delta::Items { node, key, at, delete, insert } => {
                let list = self.meta(tree, *node)?.ensure_mergeable_list(key.as_str())?;
                list.delete(*at as usize, *delete as usize)?;
                for (offset, value) in insert.iter().enumerate() {
                    list.insert(*at as usize + offset, to_loro(value))?;
                }
                Ok(())
            }
            Delta::Add { node, key, amount } => {
                self.meta(tree, *node)?.ensure_mergeable_counter(key.as_str())?.increment(*amount as f64)
            }
            Delta::Text { change } => write_text(&self.doc.get_text("text"), change),
        }
    }

    /// Writes the map of a new node.
    fn describe(
        &self,
        tree: &LoroTree,
        node: NodeId,
        kind: &Key,
        properties: &[(Key, Value)],
    ) -> Result<(), loro::LoroError> {
        let meta = tree.get_meta(self.tree_of(node)?)?;
        meta.insert(ID, node.value().to_be_bytes().to_vec())?;
        meta.insert(KIND, kind.as_str())?;
        properties.iter().try_for_each(|(key, value)| meta.insert(key.as_str(), to_loro(value)))
    }

    fn restore(
        &mut self,
        tree: &LoroTree,
        target: TreeID,
        kind: &Key,
        (parent, after): (NodeId, Option<NodeId>),
        properties: &[(Key, Value)],
    ) -> Result<(), loro::LoroError> {
        if tree.parent(target) != Some(self.parent_of(parent)) {
            self.relocate(tree, target, parent, after)?;
        }
        let meta = tree.get_meta(target)?;
        let mut stale: Vec<String> = Vec::new();
        meta.for_each(|key, value| {
            let register = matches!(value, ValueOrContainer::Value(_)) && !key.starts_with('#');
            if register && properties.iter().all(|(wanted, _)| wanted.as_str() != key) {
                stale.push(key.to_owned());
            }
        });
        stale.sort();
        for key in stale {
            meta.delete(&key)?;
        }
        let kind = (KIND, LoroValue::from(kind.as_str()));
        let given = properties.iter().map(|(key, value)| (key.as_str(), to_loro(value)));
        for (key, value) in given.chain([kind]) {
            let same = matches!(meta.get(key), Some(ValueOrContainer::Value(old)) if old == value);
            if !same {
                meta.insert(key, value)?;
            }
        }
        Ok(())
    }

    fn relocate(
        &mut self,
        tree: &LoroTree,
        target: TreeID,
        parent: NodeId,
        after: Option<NodeId>,
    ) -> Result<(), loro::LoroError> {
        self.tails.clear();
        match self.node_before(parent, after) {
            _ if parent == NodeId::TRASH => tree.mov(target, self.parent_of(parent)),
            Some(before) => tree.mov_after(target, before),
            None => tree.mov_to(target, self.parent_of(parent), 0),
        }
    }

    /// The loro node before a place. That of the first place below the root is the trash, which stays in front of all.
    fn node_before(&self, parent: NodeId, after: Option<NodeId>) -> Option<TreeID> {
        let first = (parent == NodeId::ROOT).then_some(NodeId::TRASH);
        after.or(first).and_then(|node| self.trees.get(&node).copied())
    }

    fn remember(&mut self, id: NodeId, tree: TreeID) {
        self.trees.insert(id, tree);
        self.ids.insert(tree, id);
    }

    fn tree_of(&self, id: NodeId) -> Result<TreeID, loro::LoroError> {
        self.trees.get(&id).copied().ok_or_else(|| loro::LoroError::NotFoundError(id.to_string().into()))
    }

    fn parent_of(&self, id: NodeId) -> TreeParentId {
        self.trees.get(&id).map_or(TreeParentId::Root, |tree| TreeParentId::Node(*tree))
    }

    fn meta(&self, tree: &LoroTree, id: NodeId) -> Result<LoroMap, loro::LoroError> {
        if id == NodeId::ROOT {
            return Ok(self.doc.get_map("root"));
        }
        tree.get_meta(self.tree_of(id)?)
    }

    /// Our id of a loro node, read from its map when it is new. None while its map has not arrived.
    fn identify(&mut self, tree: &LoroTree, node: TreeID) -> Option<NodeId> {
        if let Some(id) = self.ids.get(&node) {
            return Some(*id);
        }
        let ValueOrContainer::Value(LoroValue::Binary(bytes)) = tree.get_meta(node).ok()?.get(ID)? else {
            return None;
        };
        let id = NodeId::new(u128::from_be_bytes(bytes.as_slice().try_into().ok()?));
        if self.trees.contains_key(&id) {
            return None;
        }
        self.remember(id, node);
        Some(id)
    }

    /// Takes in an update of another replica and says what it changed here.
    pub fn import(&mut self, update: &[u8]) -> Result<Touched, DeltaError> {
        let touched = Arc::new(Mutex::new(Touched::default()));
        let sink = touched.clone();
        let subscription = self.doc.subscribe_root(Arc::new(move |event| {
            if let Ok(mut touched) = sink.lock() {
                touched.note(&event);
            }
        }));
        self.doc.import(update).map_err(refused)?;
        self.tails.clear();
        drop(subscription);
        self.exported = self.doc.oplog_vv();
        let tree = self.doc.get_tree("tree");
        let mut touched = std::mem::take(&mut *touched.lock().map_err(|e| DeltaError::Crdt(e.to_string()))?);
        touched.identified =
            touched.nodes.iter().filter_map(|node| Some((*node, self.identify(&tree, *node)?))).collect();
        Ok(touched)
    }

    /// Brings a tree that was equal before an import up to date with it.
    pub fn refresh_tree(&self, content: &mut crate::Tree, touched: &Touched) -> Result<(), DeltaError> {
        let tree = self.doc.get_tree("tree");
        let mut parents = touched.parents.clone();
        for (node, id) in &touched.identified {
            let (node, id) = (*node, *id);
            let place = tree.parent(node);
            let parent = place.and_then(|place| self.id_of_parent(place));
            let children = content.node(id).map(|old| old.children.clone()).unwrap_or_default();
            if content.node(id).is_none() {
                parents.insert(TreeParentId::Node(node));
            }
            parents.extend(place);
            let meta = tree.get_meta(node).map_err(refused)?;
            let parent = if id == NodeId::TRASH { None } else { parent };
            content.put(id, read_node(&meta, parent, children)?);
        }
        for parent in parents {
            let (Some(id), Some(children)) = (self.id_of_parent(parent), tree.children(parent)) else {
                continue;
            };
            let ids = children.iter().filter_map(|child| self.ids.get(child).copied());
            let ids = ids.filter(|id| *id != NodeId::TRASH).collect();
            if content.node(id).is_some() {
                content.edit(id)?.children = ids;
            }
        }
        if touched.root {
            let children = content.root().node().children.clone();
            content.put(NodeId::ROOT, read_node(&self.doc.get_map("root"), None, children)?);
        }
        Ok(())
    }

    fn id_of_parent(&self, parent: TreeParentId) -> Option<NodeId> {
        match parent {
            TreeParentId::Root => Some(NodeId::ROOT),
            TreeParentId::Node(node) => self.ids.get(&node).copied(),
            _ => None,
        }
    }

    /// The whole content, read anew.
    pub fn read_tree(&self) -> Result<crate::Tree, DeltaError> {
        let tree = self.doc.get_tree("tree");
        let mut content = crate::Tree::new("".into());
        let identified: Vec<_> =
            tree.nodes().into_iter().filter_map(|node| Some((node, *self.ids.get(&node)?))).collect();
        let parents = identified
            .iter()
            .map(|(node, _)| TreeParentId::Node(*node))
            .chain([TreeParentId::Root])
            .collect();
        self.refresh_tree(&mut content, &Touched { identified, parents, root: true, ..Touched::default() })?;
        Ok(content)
    }

    /// Whether this is the merge data of a text document.
    pub fn is_text(&self) -> bool {
        self.doc.get_map("root").get(KIND).is_none()
    }

    /// The whole text, read anew.
    pub fn read_text(&self) -> String {
        self.doc.get_text("text").to_string()
    }
}

impl Touched {
    fn note(&mut self, event: &DiffEvent<'_>) {
        for container in &event.events {
            match &container.diff {
                Diff::Tree(diff) => {
                    for item in &diff.diff {
                        self.nodes.insert(item.target);
                        use loro::TreeExternalDiff::{Create, Delete, Move};
                        match item.action {
                            Create { parent, .. } => self.parents.extend([parent]),
                            Move { parent, old_parent, .. } => self.parents.extend([parent, old_parent]),
                            Delete { old_parent, .. } => self.parents.extend([old_parent]),
                        }
                    }
                }
                Diff::Text(delta)
                    if *container.target == ContainerID::new_root("text", loro::ContainerType::Text) =>
                {
                    self.text.push(delta.clone());
                }
                _ => {
                    let node = container.path.iter().rev().find_map(|(_, index)| match index {
                        loro::Index::Node(node) => Some(*node),
                        _ => None,
                    });
                    match node {
                        Some(node) => {
                            self.nodes.insert(node);
                        }
                        None => self.root = true,
                    }
                }
            }
        }
    }

    /// The edits of the text of a text document of `len` characters, one after the other.
    pub fn text_changes(&self, mut len: usize) -> Result<Vec<ChangeSet>, DeltaError> {
        let mut changes = Vec::with_capacity(self.text.len());
        for delta in &self.text {
            let mut builder = ChangeSetBuilder::new();
            let mut seen = 0;
            for step in delta {
                match step {
                    loro::TextDelta::Retain { retain, .. } => {
                        seen += retain;
                        builder.retain(*retain)
                    }
                    loro::TextDelta::Insert { insert, .. } => builder.insert(insert.as_str()),
                    loro::TextDelta::Delete { delete } => {
                        seen += delete;
                        builder.delete(*delete)
                    }
                };
            }
            let change = builder.retain(len.saturating_sub(seen)).finish().map_err(refused)?;
            len = change.len_after();
            changes.push(change);
        }
        Ok(changes)
    }
}

fn write_text(text: &LoroText, change: &ChangeSet) -> Result<(), loro::LoroError> {
    let edits: Vec<_> = change.edits().collect();
    write_outwards(text, &edits, 0).map(|_| ())
}

/// Writes edits of a text that has grown by `grown` characters before them, and says how much it has grown after them.
///
/// loro reads a whole piece of text when it cuts it. The edit in the middle comes first, so that each half is half as long
/// when it is cut in turn; from one end to the other every edit would read what is left of its piece.
fn write_outwards(text: &LoroText, edits: &[TextEdit<'_>], grown: isize) -> Result<isize, loro::LoroError> {
    let (left, [middle, right @ ..]) = edits.split_at(edits.len() / 2) else { return Ok(grown) };
    let at = middle.range.start.saturating_add_signed(grown);
    if !middle.range.is_empty() {
        text.delete(at, middle.range.len())?;
    }
    if !middle.text.is_empty() {
        text.insert(at, middle.text)?;
    }
    let own = middle.text.chars().count() as isize - middle.range.len() as isize;
    let before = write_outwards(text, left, grown)?;
    write_outwards(text, right, before + own)
}

/// How many pieces a text starts in. With more, edits would be quicker and opening slower.
const PIECES: usize = 256;

/// A text in pieces of about equal length, cut between characters.
fn pieces(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let length = text.len().div_ceil(PIECES).max(1);
    let cut = move |at: usize| text.ceil_char_boundary((at * length).min(text.len()));
    (0..PIECES).map(move |at| &text[cut(at)..cut(at + 1)]).filter(|piece| !piece.is_empty())
}

fn refused(error: impl std::fmt::Display) -> DeltaError {
    DeltaError::Crdt(error.to_string())
}
