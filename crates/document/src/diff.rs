//! The difference of two trees, as the deltas that turn one into the other.

use std::sync::Arc;

use base::NodeId;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{Delta, Key, Node, Properties, Property, Tree, Value, text, tree::registers};

/// The deltas that turn `old` into `new`: what both hold of the trash included, its order excepted.
///
/// Nodes that `new` does not know go to the trash. Unchanged nodes are found by address, so that trees that share
/// their past compare quickly.
pub(crate) fn trees(old: &Tree, new: &Tree) -> Vec<Delta> {
    let mut out = Vec::new();
    let mut now = old.clone();
    for top in [NodeId::ROOT, NodeId::TRASH] {
        visit(&mut now, new, top, &mut out);
    }
    let gone: Vec<NodeId> = old.ids().filter(|id| new.node(*id).is_none() && now.is_visible(*id)).collect();
    let gone_set: FxHashSet<NodeId> = gone.iter().copied().collect();
    let mut tops: Vec<NodeId> = gone
        .into_iter()
        .filter(|id| now.node(*id).and_then(|n| n.parent).is_none_or(|parent| !gone_set.contains(&parent)))
        .collect();
    tops.sort();
    out.extend(tops.into_iter().map(|node| Delta::Remove { node }));
    out
}

/// Makes everything below `top` in `now` as it is in `new`, from above to below: what a node goes under is in its
/// final place by then, so that no move can make a cycle.
fn visit(now: &mut Tree, new: &Tree, top: NodeId, out: &mut Vec<Delta>) {
    let mut stack = vec![top];
    while let Some(id) = stack.pop() {
        let (Some(before), Some(after)) = (now.node(id).cloned(), new.node(id)) else { continue };
        if !Arc::ptr_eq(&before, after) {
            if before.kind != after.kind
                && let Some(parent) = before.parent
            {
                // It is there, so that this gives it its kind and leaves it in its place.
                let place = now.sibling_before(id).flatten();
                insert(now, id, after, parent, place, out);
            }
            let Some(before) = now.node(id).cloned() else { continue };
            properties(id, &before.properties, &after.properties, &mut |delta| step(now, delta, out));
            children(now, new, id, after, out);
        }
        stack.extend(after.children.iter().rev());
    }
}

fn step(now: &mut Tree, delta: Delta, out: &mut Vec<Delta>) {
    if now.apply(&delta).is_ok_and(|inverses| !inverses.is_empty()) {
        out.push(delta);
    }
}

fn children(now: &mut Tree, new: &Tree, parent: NodeId, after: &Node, out: &mut Vec<Delta>) {
    let current: FxHashMap<NodeId, usize> = match now.node(parent) {
        Some(node) if node.children == after.children => return,
        Some(node) => node.children.iter().enumerate().map(|(at, id)| (*id, at)).collect(),
        None => return,
    };
    let unmoved = if parent == NodeId::TRASH {
        after.children.iter().copied().filter(|id| current.contains_key(id)).collect()
    } else {
        longest_increasing(after.children.iter().filter_map(|id| Some((*id, *current.get(id)?))))
    };
    let mut before = None;
    for id in &after.children {
        if !unmoved.contains(id) {
            match (now.node(*id), new.node(*id)) {
                (Some(_), _) => step(now, Delta::Move { node: *id, parent, after: before }, out),
                (None, Some(node)) => insert(now, *id, node, parent, before, out),
                (None, None) => continue,
            }
        }
        before = Some(*id);
    }
}

fn insert(
    now: &mut Tree,
    id: NodeId,
    node: &Node,
    parent: NodeId,
    after: Option<NodeId>,
    out: &mut Vec<Delta>,
) {
    let properties = registers(&node.properties);
    step(now, Delta::Insert { node: id, kind: node.kind.clone(), parent, after, properties }, out);
    // What merges by other rules, and the children, follow when the walk comes to the node.
}

/// The ids that may stay where they are: a longest increasing subsequence of the old positions (Fredman, 1975).
fn longest_increasing(items: impl Iterator<Item = (NodeId, usize)>) -> FxHashSet<NodeId> {
    let items: Vec<(NodeId, usize)> = items.collect();
    let mut tails: Vec<usize> = Vec::new();
    let mut previous = vec![usize::MAX; items.len()];
    for at in 0..items.len() {
        let len = tails.partition_point(|tail| items[*tail].1 < items[at].1);
        if len > 0 {
            previous[at] = tails[len - 1];
        }
        if len == tails.len() {
            tails.push(at);
        } else {
            tails[len] = at;
        }
    }
    let mut kept = FxHashSet::default();
    let mut at = tails.last().copied().unwrap_or(usize::MAX);
    while at != usize::MAX {
        kept.insert(items[at].0);
        at = previous[at];
    }
    kept
}

fn properties(node: NodeId, old: &Properties, new: &Properties, emit: &mut impl FnMut(Delta)) {
    let gone = old
        .iter()
        .filter(|(key, _)| new.get(key.as_str()).is_none())
        .map(|(key, was)| (key, Some(was), None));
    let kept = new.iter().map(|(key, is)| (key, old.get(key.as_str()), Some(is)));
    for (key, was, is) in gone.chain(kept) {
        if was == is {
            continue;
        }
        let same_rule = was.zip(is).is_none_or(|(was, is)| was.rule() == is.rule());
        if same_rule {
            property(node, key, was, is, emit);
        } else {
            property(node, key, was, None, emit);
            property(node, key, None, is, emit);
        }
    }
}

fn property(
    node: NodeId,
    key: &Key,
    was: Option<&Property>,
    is: Option<&Property>,
    emit: &mut impl FnMut(Delta),
) {
    let key = key.clone();
    match was.or(is) {
        None => {}
        Some(Property::Register(_)) => emit(Delta::Set { node, key, value: is.map(Property::to_value) }),
        Some(Property::Map(_)) => {
            let entries = |p: Option<&Property>| match p {
                Some(Property::Map(map)) => map.clone(),
                _ => Arc::default(),
            };
            let (was, is) = (entries(was), entries(is));
            for entry in was.keys().filter(|entry| !is.contains_key(*entry)) {
                emit(Delta::Put { node, key: key.clone(), entry: entry.clone(), value: None });
            }
            for (entry, value) in is.iter().filter(|(entry, value)| was.get(*entry) != Some(*value)) {
                emit(Delta::Put { node, key: key.clone(), entry: entry.clone(), value: Some(value.clone()) });
            }
        }
        Some(Property::Text(_)) => {
            let text = |p: Option<&Property>| match p {
                Some(Property::Text(text)) => ropey::Rope::from_str(text),
                _ => ropey::Rope::new(),
            };
            emit(Delta::Splice { node, key, change: text::diff(&text(was), &text(is)) });
        }
        Some(Property::List(_)) => {
            let items = |p: Option<&Property>| match p {
                Some(Property::List(items)) => items.clone(),
                _ => Vec::new().into(),
            };
            let (was, is): (Arc<[Value]>, Arc<[Value]>) = (items(was), items(is));
            let prefix = was.iter().zip(is.iter()).take_while(|(a, b)| a == b).count();
            let shorter = was.len().min(is.len()) - prefix;
            let suffix =
                was.iter().rev().zip(is.iter().rev()).take(shorter).take_while(|(a, b)| a == b).count();
            let delete = (was.len() - prefix - suffix) as u32;
            let insert = is[prefix..is.len() - suffix].to_vec();
            emit(Delta::Items { node, key, at: prefix as u32, delete, insert });
        }
        Some(Property::Counter(_)) => {
            let count = |p: Option<&Property>| if let Some(Property::Counter(n)) = p { *n } else { 0 };
            emit(Delta::Add { node, key, amount: count(is) - count(was) });
        }
    }
}
