//! What is drawn as an arrow, and through which states it leads.

use crate::chart::{Chart, Kind, StateId, Transition};

use super::words;

/// Where a part of an arrow begins or ends within a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At a state in it.
    Child(StateId),
    /// At the dot that stands for its start.
    Start,
    /// At its upper border.
    Top,
    /// At its lower border.
    Bottom,
}

/// An arrow from one state to another.
#[derive(Clone, Debug)]
pub(super) struct Arrow {
    /// The state that it leaves; none for the start of `around`.
    pub source: Option<StateId>,
    pub target: StateId,
    /// The innermost state that all of it lies in.
    pub around: StateId,
    /// Lines of text.
    pub label: Vec<String>,
}

/// The part of an arrow within one state. It leads downward if `from` is above `to`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub arrow: usize,
    pub from: End,
    pub to: End,
    /// Whether it is the part that carries the label.
    pub labelled: bool,
}

/// The arrows of a chart. Transitions without targets, and those from a state to itself, are none.
pub(super) fn arrows(chart: &Chart) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    for at in 0..chart.states.len() as u32 {
        let id = StateId(at);
        if chart.kind(id) == Kind::Compound {
            for target in &chart.state(id).initial {
                arrows.push(Arrow { source: None, target: *target, around: id, label: Vec::new() });
            }
        }
    }
    // The history of a parallel state stands for all of its regions at first: no arrow says more.
    let says_little = |source: StateId| {
        let parent = chart.state(source).parent;
        chart.kind(source).is_history() && parent.is_some_and(|parent| chart.kind(parent) == Kind::Parallel)
    };
    for transition in chart.transitions().iter().filter(|transition| !says_little(transition.source)) {
        let mut label = words::label(transition);
        for target in &transition.targets {
            if *target != transition.source {
                let around = around(chart, transition.source, *target);
                let label = std::mem::take(&mut label);
                arrows.push(Arrow { source: Some(transition.source), target: *target, around, label });
            }
        }
    }
    arrows
}

/// The transitions from a state to itself.
pub(super) fn loops(chart: &Chart, state: StateId) -> impl Iterator<Item = &Transition> {
    let own = chart.transitions_of(state).iter();
    own.filter(move |transition| transition.targets == [state] && !chart.kind(state).is_history())
}

fn around(chart: &Chart, source: StateId, target: StateId) -> StateId {
    let holds = |state: StateId, other: StateId| state == other || chart.is_descendant(other, state);
    if holds(source, target) {
        return source;
    }
    std::iter::once(target)
        .chain(chart.ancestors(target))
        .find(|state| holds(*state, source))
        .unwrap_or(StateId::ROOT)
}

/// The child of `around` that a state within it lies in, or is.
pub(super) fn child_towards(chart: &Chart, around: StateId, state: StateId) -> Option<StateId> {
    std::iter::once(state).chain(chart.ancestors(state)).find(|id| chart.state(*id).parent == Some(around))
}

/// The part of an arrow in the state that it lies in as a whole.
pub(super) fn main_part(chart: &Chart, at: usize, arrow: &Arrow) -> Part {
    let child = |state: StateId| child_towards(chart, arrow.around, state).map(End::Child);
    let from = arrow.source.map_or(End::Start, |source| child(source).unwrap_or(End::Top));
    let to = child(arrow.target).unwrap_or(End::Bottom);
    Part { arrow: at, from, to, labelled: !arrow.label.is_empty() }
}

/// The parts of an arrow in the states that it leaves and enters on its way, each with its state. `down` says which way it
/// goes in the state that it lies in as a whole.
pub(super) fn side_parts(chart: &Chart, at: usize, arrow: &Arrow, down: bool) -> Vec<(StateId, Part)> {
    let (out, into) = if down { (End::Bottom, End::Top) } else { (End::Top, End::Bottom) };
    let mut parts = Vec::new();
    let mut walk = |state: StateId, leaves: bool| {
        let mut inner = state;
        for id in chart.ancestors(state) {
            if id == arrow.around || !chart.is_descendant(id, arrow.around) {
                break;
            }
            let (from, to) = if leaves { (End::Child(inner), out) } else { (into, End::Child(inner)) };
            parts.push((id, Part { arrow: at, from, to, labelled: false }));
            inner = id;
        }
    };
    if let Some(source) = arrow.source {
        walk(source, true);
    }
    walk(arrow.target, false);
    parts
}
