//! Sets of states, read in document order.

use crate::chart::StateId;

/// A set of states of one chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StateSet(Vec<u64>);

impl StateSet {
    /// No state of a chart with `count` states.
    pub fn new(count: usize) -> Self {
        StateSet(vec![0; count.div_ceil(64)])
    }

    pub fn contains(&self, state: StateId) -> bool {
        self.0[state.at() / 64] & bit(state) != 0
    }

    pub fn insert(&mut self, state: StateId) {
        self.0[state.at() / 64] |= bit(state);
    }

    pub fn remove(&mut self, state: StateId) {
        self.0[state.at() / 64] &= !bit(state);
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = StateId> + '_ {
        self.0
            .iter()
            .enumerate()
            .flat_map(|(word, bits)| Bits(*bits).map(move |bit| StateId((word * 64) as u32 + bit)))
    }

    /// Whether a state from `first` up to, and without, `end` is in the set.
    pub fn any_between(&self, first: u32, end: u32) -> bool {
        (first / 64..=end.saturating_sub(1) / 64).any(|word| {
            let low = first.max(word * 64) - word * 64;
            let high = end.min(word * 64 + 64).saturating_sub(word * 64);
            low < high && (self.0[word as usize] >> low) << low << (64 - high) != 0
        })
    }
}

fn bit(state: StateId) -> u64 {
    1 << (state.at() % 64)
}

/// The places of the ones in a word, the lowest first.
struct Bits(u64);

impl Iterator for Bits {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        (self.0 != 0).then(|| {
            let low = self.0.trailing_zeros();
            self.0 &= self.0 - 1;
            low
        })
    }
}

impl DoubleEndedIterator for Bits {
    fn next_back(&mut self) -> Option<u32> {
        (self.0 != 0).then(|| {
            let high = 63 - self.0.leading_zeros();
            self.0 &= !(1 << high);
            high
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_orders_agree_with_a_plain_list() {
        let members = [0, 1, 63, 64, 70, 127, 128, 199];
        let mut set = StateSet::new(200);
        members.iter().for_each(|state| set.insert(StateId(*state)));
        assert_eq!(set.iter().map(|state| state.0).collect::<Vec<_>>(), members);
        assert!(set.iter().rev().map(|state| state.0).eq(members.into_iter().rev()));
        for first in 0..200 {
            for end in first..=200 {
                let any = members.iter().any(|member| (first..end).contains(member));
                assert_eq!(set.any_between(first, end), any, "{first}..{end}");
            }
        }
    }
}
