//! New nodes: where they go among their siblings.
//!
//! loro orders siblings by keys between those of their neighbours (Evan Wallace, "Realtime editing of ordered sequences").
//! A key after the last one grows by a byte with every 127 siblings, so that 100,000 appended one by one would have keys of
//! 400 bytes on average. Siblings that come together are therefore made from the middle outwards: their keys grow with
//! the logarithm of their number.

use base::NodeId;
use loro::{LoroError, LoroTree, TreeID, TreeParentId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Crdt;
use crate::{Delta, Key, Value};

/// From how many siblings on they are made from the middle outwards.
const TOGETHER: usize = 32;

/// New siblings that stand side by side.
struct Row {
    parent: NodeId,
    /// What they stand after; none at the front.
    after: Option<NodeId>,
    nodes: Vec<NodeId>,
}

/// An insertion of a node that is new.
struct Seed<'a> {
    node: NodeId,
    kind: &'a Key,
    parent: NodeId,
    after: Option<NodeId>,
    properties: &'a [(Key, Value)],
}

impl Crdt {
    /// Makes the nodes of the insertions that the deltas start with, where it pays to make them together, and says how
    /// many deltas that were.
    pub(super) fn plant(&mut self, tree: &LoroTree, deltas: &[Delta]) -> Result<usize, LoroError> {
        let seeds = self.seeds(deltas);
        if seeds.len() < TOGETHER {
            return Ok(0);
        }
        for row in rows(&seeds) {
            self.plant_row(tree, &row)?;
            self.commit_when_large();
        }
        for seed in &seeds {
            self.describe(tree, seed.node, seed.kind, seed.properties)?;
            self.commit_when_large();
        }
        Ok(seeds.len())
    }

    /// The insertions of new nodes at the start of the deltas.
    fn seeds<'a>(&self, deltas: &'a [Delta]) -> Vec<Seed<'a>> {
        let mut seen = FxHashSet::default();
        let new = deltas.iter().map_while(|delta| match delta {
            Delta::Insert { node, kind, parent, after, properties }
                if !self.trees.contains_key(node) && seen.insert(*node) =>
            {
                Some(Seed { node: *node, kind, parent: *parent, after: *after, properties })
            }
            _ => None,
        });
        new.collect()
    }

    fn plant_row(&mut self, tree: &LoroTree, row: &Row) -> Result<(), LoroError> {
        if row.nodes.len() < TOGETHER {
            let mut after = row.after;
            for node in &row.nodes {
                let target = self.create(tree, row.parent, after)?;
                self.remember(*node, target);
                after = Some(*node);
            }
            return Ok(());
        }
        let parent = self.parent_of(row.parent);
        let before = self.node_before(row.parent, row.after);
        let tail = self.tail(tree, parent);
        let first = match before {
            None => 0,
            Some(_) if before == tail => tree.children_num(parent).unwrap_or(0),
            Some(before) => {
                let siblings = tree.children(parent).unwrap_or_default();
                let place = siblings.iter().position(|sibling| *sibling == before);
                place.ok_or(LoroError::NotFoundError(before.to_string().into()))? + 1
            }
        };
        self.plant_outwards(tree, parent, first, &row.nodes)?;
        let last = row.nodes.last().and_then(|node| self.trees.get(node)).copied();
        let tail = if before == tail { last } else { tail };
        self.tails.extend(tail.map(|tail| (parent, tail)));
        Ok(())
    }

    /// Makes siblings that start at a place among the children.
    fn plant_outwards(
        &mut self,
        tree: &LoroTree,
        parent: TreeParentId,
        first: usize,
        nodes: &[NodeId],
    ) -> Result<(), LoroError> {
        let (left, [middle, right @ ..]) = nodes.split_at(nodes.len() / 2) else { return Ok(()) };
        let target = tree.create_at(parent, first)?;
        self.remember(*middle, target);
        self.plant_outwards(tree, parent, first, left)?;
        self.plant_outwards(tree, parent, first + left.len() + 1, right)
    }

    /// Makes a node after a sibling, or as the first child.
    pub(super) fn create(
        &mut self,
        tree: &LoroTree,
        parent: NodeId,
        after: Option<NodeId>,
    ) -> Result<TreeID, LoroError> {
        let before = self.node_before(parent, after);
        let parent = self.parent_of(parent);
        let Some(after) = before else { return tree.create_at(parent, 0) };
        let tail = self.tail(tree, parent);
        let target = tree.create(parent)?;
        if tail == Some(after) {
            self.tails.insert(parent, target);
        } else {
            tree.mov_after(target, after)?;
            self.tails.extend(tail.map(|tail| (parent, tail)));
        }
        Ok(target)
    }

    /// The last child of a parent.
    fn tail(&self, tree: &LoroTree, parent: TreeParentId) -> Option<TreeID> {
        match self.tails.get(&parent) {
            Some(tail) => Some(*tail),
            None => tree.children(parent).and_then(|children| children.last().copied()),
        }
    }
}

/// The same insertions by rows. A row comes after those that its parent and the sibling before it are in.
fn rows(seeds: &[Seed<'_>]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    // The rows that end with these nodes.
    let mut ends: FxHashMap<NodeId, usize> = FxHashMap::default();
    for seed in seeds {
        let row = match seed.after.and_then(|after| ends.remove(&after)) {
            Some(row) => row,
            None => {
                rows.push(Row { parent: seed.parent, after: seed.after, nodes: Vec::new() });
                rows.len() - 1
            }
        };
        rows[row].nodes.push(seed.node);
        ends.insert(seed.node, row);
    }
    rows
}
