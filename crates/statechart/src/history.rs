//! What histories remember.

use crate::{
    chart::{Chart, Kind, StateId},
    set::StateSet,
};

/// What was active when the parents of histories were left last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histories(Vec<(StateId, Vec<StateId>)>);

impl Histories {
    /// What a history stands for, if its parent has been left before.
    pub fn get(&self, history: StateId) -> Option<&[StateId]> {
        let found = self.0.iter().find(|(state, _)| *state == history);
        found.map(|(_, states)| states.as_slice())
    }

    /// What all histories stand for whose parents have been left before.
    pub fn iter(&self) -> impl Iterator<Item = (StateId, &[StateId])> {
        self.0.iter().map(|(history, states)| (*history, states.as_slice()))
    }

    /// Lets a history stand for states.
    pub fn put(&mut self, history: StateId, states: Vec<StateId>) {
        match self.0.iter_mut().find(|(state, _)| *state == history) {
            Some((_, before)) => *before = states,
            None => self.0.push((history, states)),
        }
    }

    /// Remembers what is active for all histories of a state that is about to be left.
    pub fn record(&mut self, chart: &Chart, left: StateId, active: &StateSet) {
        for history in &chart.state(left).histories {
            let states = match chart.kind(*history) {
                Kind::DeepHistory => active
                    .iter()
                    .filter(|state| chart.is_leaf(*state) && chart.is_descendant(*state, left))
                    .collect(),
                _ => chart
                    .state(left)
                    .children
                    .iter()
                    .copied()
                    .filter(|child| active.contains(*child))
                    .collect(),
            };
            self.put(*history, states);
        }
    }
}
