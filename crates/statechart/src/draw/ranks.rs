//! Which child of a state is drawn above which.

use crate::chart::{Chart, StateId};

use super::arrows::{End, Part};

/// The rank of each child (and history) of a state: even numbers from 0, so that a label fits between any two.
pub(super) fn ranks(chart: &Chart, around: StateId, parts: &[Part]) -> Vec<(StateId, i32)> {
    let state = chart.state(around);
    let mut nodes: Vec<StateId> = state.histories.iter().chain(&state.children).copied().collect();
    // Arrows that lead to what was there before point back: the start comes first, then the order of the file.
    nodes.sort();
    let at = |id: StateId| nodes.iter().position(|node| *node == id);
    let start = parts.iter().find_map(|part| match (part.from, part.to) {
        (End::Start, End::Child(child)) => at(child),
        _ => None,
    });
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for part in parts {
        if let (End::Child(from), End::Child(to)) = (part.from, part.to)
            && let (Some(from), Some(to)) = (at(from), at(to))
            && from != to
        {
            next[from].push(to);
        }
    }
    let mut search = Search {
        next: &next,
        state: vec![Visit::New; nodes.len()],
        finished: Vec::new(),
        forward: Vec::new(),
    };
    start.into_iter().chain(0..nodes.len()).for_each(|node| search.visit(node));
    if let Some(start) = start {
        // The start stays above all that leads back to it.
        search
            .forward
            .iter_mut()
            .filter(|(_, to)| *to == start)
            .for_each(|(from, to)| std::mem::swap(from, to));
    }
    let mut rank = vec![0; nodes.len()];
    let others = search.finished.iter().rev().filter(|node| Some(**node) != start);
    for from in start.iter().chain(others) {
        for (_, to) in search.forward.iter().filter(|(source, _)| source == from) {
            rank[*to] = rank[*to].max(rank[*from] + 2);
        }
    }
    fold_unlinked(&mut rank, &next);
    nodes.into_iter().zip(rank).collect()
}

/// Children without arrows among them fill a block instead of a long row.
fn fold_unlinked(rank: &mut [i32], next: &[Vec<usize>]) {
    let linked = |node: usize| !next[node].is_empty() || next.iter().any(|targets| targets.contains(&node));
    let alone: Vec<usize> = (0..rank.len()).filter(|node| !linked(*node)).collect();
    if alone.len() > 4 {
        let columns = (alone.len() as f64 * 1.6).sqrt().ceil() as usize;
        for (place, node) in alone.into_iter().enumerate() {
            rank[node] = 2 * (place / columns) as i32;
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Visit {
    New,
    Open,
    Done,
}

/// A search in depth that sorts out the arrows which close circles.
struct Search<'a> {
    next: &'a [Vec<usize>],
    state: Vec<Visit>,
    finished: Vec<usize>,
    forward: Vec<(usize, usize)>,
}

impl Search<'_> {
    fn visit(&mut self, node: usize) {
        if self.state[node] != Visit::New {
            return;
        }
        self.state[node] = Visit::Open;
        // A stack of our own: a chain may be as long as the chart.
        let mut stack = vec![(node, 0)];
        while let Some((node, step)) = stack.last_mut() {
            let node = *node;
            let Some(&target) = self.next[node].get(*step) else {
                self.state[node] = Visit::Done;
                self.finished.push(node);
                stack.pop();
                continue;
            };
            *step += 1;
            if self.state[target] != Visit::Open {
                self.forward.push((node, target));
            }
            if self.state[target] == Visit::New {
                self.state[target] = Visit::Open;
                stack.push((target, 0));
            }
        }
    }
}
