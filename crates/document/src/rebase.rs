//! Fitting an undo to what others have done since.

use base::NodeId;

use crate::{Content, Delta, Tree, text::Side};

/// Fits `deltas`, meant for the state before `since`, to the state `now` after it.
///
/// `since` holds what was done in between, in order, each with whether another actor did it. A property, an entry or a
/// place that another actor has set since is left as it is, and so is a node in which another actor has worked since;
/// text edits move with the text.
pub fn rebase(deltas: &[Delta], since: &[(&Delta, bool)], now: &Content) -> Vec<Delta> {
    match now {
        Content::Text(_) => deltas.iter().filter_map(|delta| rebase_text(delta, since)).collect(),
        Content::Tree(tree) => {
            let mut then = tree.clone();
            let mut kept = Vec::new();
            for delta in deltas {
                let fitted = rebase_step(delta, since, &then);
                if let Some(fitted) = fitted
                    && then.apply(&fitted).is_ok()
                {
                    kept.push(fitted);
                }
            }
            kept
        }
    }
}

fn rebase_text(delta: &Delta, since: &[(&Delta, bool)]) -> Option<Delta> {
    let Delta::Text { change } = delta else { return None };
    let mut change = change.clone();
    for (other, _) in since {
        if let Delta::Text { change: other } = other {
            change = change.rebase(other, Side::Right).ok()?;
        }
    }
    Some(Delta::Text { change })
}

fn rebase_step(delta: &Delta, since: &[(&Delta, bool)], now: &Tree) -> Option<Delta> {
    let foreign =
        |is_same: &dyn Fn(&Delta) -> bool| since.iter().any(|(other, foreign)| *foreign && is_same(other));
    match delta {
        Delta::Set { node, key, .. } => {
            let set = |d: &Delta| matches!(d, Delta::Set { node: n, key: k, .. } if (n, k) == (node, key));
            (!foreign(&set)).then(|| delta.clone())
        }
        Delta::Put { node, key, entry, .. } => {
            let put = |d: &Delta| matches!(d, Delta::Put { node: n, key: k, entry: e, .. } if (n, k, e) == (node, key, entry));
            (!foreign(&put)).then(|| delta.clone())
        }
        Delta::Items { node, key, .. } => {
            let items =
                |d: &Delta| matches!(d, Delta::Items { node: n, key: k, .. } if (n, k) == (node, key));
            (!foreign(&items)).then(|| delta.clone())
        }
        Delta::Splice { node, key, change } => {
            let mut change = change.clone();
            for (other, _) in since {
                if let Delta::Splice { node: n, key: k, change: other } = other
                    && (n, k) == (node, key)
                {
                    change = change.rebase(other, Side::Right).ok()?;
                }
            }
            Some(Delta::Splice { node: *node, key: key.clone(), change })
        }
        Delta::Add { .. } => Some(delta.clone()),
        Delta::Remove { node } => {
            let inside = |d: &Delta| d.node().is_some_and(|touched| now.is_at_or_above(*node, touched));
            (!foreign(&inside)).then(|| delta.clone())
        }
        Delta::Move { node, parent, after } => {
            let moved = |d: &Delta| matches!(d, Delta::Move { node: n, .. } | Delta::Remove { node: n } | Delta::Insert { node: n, .. } if n == node);
            if foreign(&moved) || !is_home(now, *parent) {
                return None;
            }
            Some(Delta::Move { node: *node, parent: *parent, after: sibling(now, *node, *parent, *after) })
        }
        Delta::Insert { node, kind, parent, after, properties } => {
            is_home(now, *parent).then(|| Delta::Insert {
                node: *node,
                kind: kind.clone(),
                parent: *parent,
                after: sibling(now, *node, *parent, *after),
                properties: properties.clone(),
            })
        }
        Delta::Text { .. } => None,
    }
}

fn is_home(now: &Tree, parent: NodeId) -> bool {
    parent == NodeId::TRASH || now.is_visible(parent)
}

/// The sibling meant, or the last one there when it has gone elsewhere.
fn sibling(now: &Tree, node: NodeId, parent: NodeId, after: Option<NodeId>) -> Option<NodeId> {
    let after = after?;
    let home = now.node(parent)?;
    if now.node(after).is_some_and(|sibling| sibling.parent == Some(parent)) {
        return Some(after);
    }
    home.children.iter().rev().find(|id| **id != node).copied()
}
