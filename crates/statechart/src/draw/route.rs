//! The ways of arrows between the layers of a state.

use crate::chart::StateId;

use super::{
    arrows::{End, Part},
    frame::{END, Frame},
    layers::{Item, spread},
};

/// Takes bends out of what an arrow passes, from its label on, as far as nothing is in the way.
pub(super) fn straighten(items: &mut [Item], rows: &[Vec<usize>], chain: &[usize], label: Option<usize>) {
    /// The space that has to stay free at both sides.
    const SPACE: f64 = 9.0;
    let label = label.unwrap_or(1);
    let ahead = (label + 1..chain.len().saturating_sub(1)).map(|at| (at, at - 1));
    let behind = (1..label).rev().map(|at| (at, at + 1));
    for (at, towards) in ahead.chain(behind) {
        let (item, x) = (chain[at], items[chain[towards]].x);
        let row = &rows[items[item].layer];
        let place = row.iter().position(|other| *other == item).unwrap_or(0);
        let before = place.checked_sub(1).map(|place| &items[row[place]]);
        let behind = row.get(place + 1).map(|other| &items[*other]);
        let is_free = before.is_none_or(|other| other.x + other.right + SPACE <= x - items[item].left)
            && behind.is_none_or(|other| x + items[item].right + SPACE <= other.x - other.left);
        if is_free {
            items[item].x = x;
        }
    }
}

/// Where each part meets its upper and its lower end: on a plain side as straight as there is room, else at the port.
pub(super) fn attach(
    items: &[Item],
    chains: &[(Vec<usize>, Option<usize>)],
    spans: &[(End, End, bool)],
    parts: &[Part],
    frames: &[Frame],
) -> Vec<(f64, f64)> {
    let mut attached: Vec<(f64, f64)> = chains
        .iter()
        .map(|(chain, _)| match chain.as_slice() {
            [first, .., last] => (items[*first].x, items[*last].x),
            _ => (0.0, 0.0),
        })
        .collect();
    for lower_side in [true, false] {
        let mut sides: Vec<(StateId, Vec<(f64, usize)>)> = Vec::new();
        for (at, (upper, lower, _)) in spans.iter().enumerate() {
            let End::Child(child) = (if lower_side { *upper } else { *lower }) else { continue };
            let frame = &frames[child.at()];
            if let Some(port) = frame.port(parts[at].arrow) {
                let x = frame.place.0 + port;
                if lower_side {
                    attached[at].0 = x
                } else {
                    attached[at].1 = x
                }
                continue;
            }
            let chain = &chains[at].0;
            let neighbour = if lower_side { chain[1] } else { chain[chain.len() - 2] };
            match sides.iter_mut().find(|(id, _)| *id == child) {
                Some((_, wishes)) => wishes.push((items[neighbour].x, at)),
                None => sides.push((child, vec![(items[neighbour].x, at)])),
            }
        }
        for (child, mut wishes) in sides {
            let frame = &frames[child.at()];
            wishes.sort_by(|a, b| a.0.total_cmp(&b.0));
            let margin = END.min(frame.width / 2.0);
            let bounds = (frame.place.0 + margin, frame.place.0 + frame.width - margin);
            let places = spread(&wishes.iter().map(|(x, _)| *x).collect::<Vec<_>>(), END, bounds);
            for ((_, at), x) in wishes.into_iter().zip(places) {
                if lower_side { attached[at].0 = x } else { attached[at].1 = x }
            }
        }
    }
    attached
}
