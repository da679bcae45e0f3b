//! Checks of sets of states: what may be entered together, and from where.

use crate::{
    chart::{Chart, Kind, StateId},
    error::Fault,
    set::StateSet,
};

/// Whether some states can be active together, so that entering all of them gives a legal configuration.
pub(crate) fn compatible(chart: &Chart, targets: &[StateId]) -> Result<(), Fault> {
    for (at, one) in targets.iter().enumerate() {
        for other in &targets[..at] {
            if !pair_is_compatible(chart, *other, *one) {
                let name = |state: StateId| chart.state(state).id.clone();
                return Err(Fault::Incompatible(name(*other), name(*one)));
            }
        }
    }
    Ok(())
}

fn pair_is_compatible(chart: &Chart, one: StateId, other: StateId) -> bool {
    let within = |state, ancestor| state == ancestor || chart.is_descendant(state, ancestor);
    // A history may stand for anything within its parent.
    let extent = |state| match chart.kind(state).is_history() {
        true => chart.state(state).parent.unwrap_or(state),
        false => state,
    };
    let (one, other) = (extent(one), extent(other));
    if within(one, other) || within(other, one) {
        return false;
    }
    let nearest = chart.ancestors(one).find(|ancestor| chart.is_descendant(other, *ancestor));
    nearest.is_some_and(|ancestor| chart.kind(ancestor) == Kind::Parallel)
}

/// Whether all states lie within another.
pub(crate) fn all_within(
    chart: &Chart,
    states: &[StateId],
    ancestor: StateId,
    role: &'static str,
) -> Result<(), Fault> {
    match states.iter().find(|state| !chart.is_descendant(**state, ancestor)) {
        Some(state) => Err(Fault::NotADescendant { role, name: chart.state(*state).id.clone() }),
        None => Ok(()),
    }
}

/// Whether states are a configuration that the chart allows; else a state, how many active states are in it, and how many
/// there would have to be.
pub(crate) fn legal(chart: &Chart, active: &StateSet) -> Result<(), (String, usize, usize)> {
    for (at, state) in chart.states.iter().enumerate() {
        let id = StateId(at as u32);
        let is_active = id == StateId::ROOT || active.contains(id);
        let inside = state.children.iter().filter(|child| active.contains(**child)).count();
        let expected = match state.kind {
            _ if !is_active => 0,
            Kind::Compound => 1,
            Kind::Parallel => state.children.len(),
            Kind::Atomic | Kind::Final => 0,
            Kind::ShallowHistory | Kind::DeepHistory => return Err((state.id.clone(), 1, 0)),
        };
        if inside != expected {
            return Err((state.id.clone(), inside, expected));
        }
    }
    Ok(())
}

/// Whether a history can stand for these states.
pub(crate) fn history(chart: &Chart, history: StateId, states: &[StateId]) -> bool {
    let real = |state: &StateId| !chart.kind(*state).is_history();
    let within = |parent| all_within(chart, states, parent, "").is_ok();
    chart.kind(history).is_history()
        && states.iter().all(real)
        && chart.state(history).parent.is_some_and(within)
        && compatible(chart, states).is_ok()
}
