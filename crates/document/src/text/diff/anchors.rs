//! Lines to hold on to: what occurs once on both sides, in the order of both.

use std::hash::Hash;

use imara_diff::{InternedInput, Token};

/// The places, before and after, of the lines that occur exactly once on each side, as far as they are in the same order
/// on both: the longest such row, found by patience sorting (Aldous and Diaconis, 1999).
pub(super) fn anchors<T: Eq + Hash>(input: &InternedInput<T>) -> Vec<(u32, u32)> {
    let mut places = vec![Place::default(); input.interner.num_tokens() as usize];
    for (index, token) in (0..).zip(&input.before) {
        places[token.0 as usize].before.add(index);
    }
    for (index, token) in (0..).zip(&input.after) {
        places[token.0 as usize].after.add(index);
    }
    let once = |token: &Token| {
        let place = &places[token.0 as usize];
        Some((place.before.once()?, place.after.once()?))
    };
    longest_rising(&input.before.iter().filter_map(once).collect::<Vec<_>>())
}

/// Where a line occurs, and how often.
#[derive(Clone, Copy, Default)]
struct Place {
    before: Occurrence,
    after: Occurrence,
}

#[derive(Clone, Copy, Default)]
enum Occurrence {
    #[default]
    Never,
    Once(u32),
    Often,
}

impl Occurrence {
    fn add(&mut self, index: u32) {
        *self = if matches!(self, Occurrence::Never) { Occurrence::Once(index) } else { Occurrence::Often };
    }

    fn once(self) -> Option<u32> {
        if let Occurrence::Once(index) = self { Some(index) } else { None }
    }
}

/// The longest row of pairs whose second parts rise; the first ones rise already.
fn longest_rising(pairs: &[(u32, u32)]) -> Vec<(u32, u32)> {
    // `ends[n]` is the pair that ends a row of n + 1 pairs at the least place, `before[i]` the one before it in its row.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, (_, place)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *place);
        before.push(length.checked_sub(1).map(|length| ends[length]));
        if length == ends.len() {
            ends.push(index);
        } else {
            ends[length] = index;
        }
    }
    let mut row: Vec<_> = std::iter::successors(ends.last().copied(), |index| before[*index])
        .map(|index| pairs[index])
        .collect();
    row.reverse();
    row
}
