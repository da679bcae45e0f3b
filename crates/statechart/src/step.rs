//! One microstep: which transitions are taken, what is left and entered, and what is done on the way. The procedures are
//! those of appendix D of SCXML 1.0; their names there are given.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::{
    chart::{Action, Chart, Kind, StateId},
    history::Histories,
    machine::{Event, Host, Machine, Scope},
    set::StateSet,
    template::{fill, fill_all},
};

/// The place of a transition in [`Chart::transitions`].
type TransitionAt = usize;

/// What is about to be entered.
struct Entry<'a> {
    chart: &'a Chart,
    histories: &'a Histories,
    states: StateSet,
    /// Compound states that are entered by their initial transition.
    by_default: StateSet,
    /// Histories that were entered by their default.
    default_histories: Vec<StateId>,
}

impl Machine {
    /// The transitions that an event enables, or those that need none (`selectTransitions`,
    /// `selectEventlessTransitions`).
    ///
    /// Conditions that could not be decided are `errors`.
    pub(crate) fn enabled(
        &self,
        event: Option<&Event>,
        host: &dyn Host,
        errors: &mut Vec<String>,
    ) -> Vec<TransitionAt> {
        let chart = &self.chart;
        let mut enabled = Vec::new();
        for leaf in self.active.iter().filter(|state| chart.is_leaf(*state)) {
            let mut line = std::iter::once(leaf).chain(chart.ancestors(leaf));
            let first = line.find_map(|state| {
                let mut candidates = chart.state(state).transitions.clone();
                candidates.find(|at| self.is_enabled(*at, event, host, errors))
            });
            if let Some(first) = first
                && !enabled.contains(&first)
            {
                enabled.push(first);
            }
        }
        if enabled.len() > 1 { self.without_conflicts(&enabled) } else { enabled }
    }

    fn is_enabled(
        &self,
        at: TransitionAt,
        event: Option<&Event>,
        host: &dyn Host,
        errors: &mut Vec<String>,
    ) -> bool {
        let transition = &self.chart.transitions()[at];
        let answers = match event {
            Some(event) => transition.answers(&event.name),
            None => transition.events.is_empty(),
        };
        answers
            && transition.guard.as_ref().is_none_or(|guard| {
                let outcome = guard.holds(&|state| self.is_active(state), &|test| {
                    host.holds(test, Scope { event, data: &self.data })
                });
                outcome.unwrap_or_else(|message| {
                    errors.push(message);
                    false
                })
            })
    }

    /// Of transitions that would leave the same states, those deeper in the chart, else the first
    /// (`removeConflictingTransitions`).
    fn without_conflicts(&self, enabled: &[TransitionAt]) -> Vec<TransitionAt> {
        let source = |at: TransitionAt| self.chart.transitions()[at].source;
        let mut kept: Vec<TransitionAt> = Vec::new();
        for &candidate in enabled {
            let exits = self.exits(candidate);
            let conflicting = |other: TransitionAt| {
                let (first, end) = exits;
                let (other_first, other_end) = self.exits(other);
                let (first, end) = (first.max(other_first), end.min(other_end));
                first < end && self.active.any_between(first, end)
            };
            let preempted = |other: TransitionAt| {
                conflicting(other) && !self.chart.is_descendant(source(candidate), source(other))
            };
            if !kept.iter().any(|other| preempted(*other)) {
                kept.retain(|other| !conflicting(*other));
                kept.push(candidate);
            }
        }
        kept
    }

    /// The numbers of the states that a transition may leave: a first one and one behind the last (`computeExitSet`).
    fn exits(&self, at: TransitionAt) -> (u32, u32) {
        match self.domain(at) {
            Some(domain) => (domain.0 + 1, self.chart.state(domain).end),
            None => (0, 0),
        }
    }

    /// The state within which all of a transition happens; none when it has no targets (`getTransitionDomain`).
    fn domain(&self, at: TransitionAt) -> Option<StateId> {
        let (chart, transition) = (&self.chart, &self.chart.transitions()[at]);
        let is_history = |state: &StateId| chart.kind(*state).is_history();
        let effective;
        let targets = match transition.targets.iter().any(is_history) {
            true => {
                effective = effective_targets(chart, &self.histories, &transition.targets);
                &effective
            }
            false => &transition.targets,
        };
        let source = transition.source;
        if targets.is_empty() {
            None
        } else if transition.internal
            && chart.kind(source) == Kind::Compound
            && targets.iter().all(|target| chart.is_descendant(*target, source))
        {
            Some(source)
        } else {
            Some(chart.least_common_compound(source, targets))
        }
    }

    /// Takes transitions that do not conflict (`microstep`).
    pub(crate) fn microstep(&mut self, enabled: &[TransitionAt], event: Option<&Event>, host: &mut dyn Host) {
        let chart = Arc::clone(&self.chart);
        let domains: Vec<_> = enabled.iter().map(|at| self.domain(*at)).collect();
        let mut left = StateSet::new(chart.states.len());
        for domain in domains.iter().flatten() {
            self.active
                .iter()
                .filter(|state| chart.is_descendant(*state, *domain))
                .for_each(|s| left.insert(s));
        }
        // A transition into the history of a state that it leaves means what is active there now. The domains stay those of
        // before, or states that have been left would not be entered again.
        left.iter().for_each(|state| self.histories.record(&chart, state, &self.active));
        for state in left.iter().rev() {
            self.perform(&chart.state(state).on_exit, event, host);
            self.active.remove(state);
        }
        for at in enabled {
            self.perform(&chart.transitions()[*at].actions, event, host);
        }
        let mut entry = Entry::new(&chart, &self.histories);
        for (at, domain) in enabled.iter().zip(domains) {
            if let Some(domain) = domain {
                entry.add_all(&chart.transitions()[*at].targets, domain);
            }
        }
        let entered = entry.finish();
        self.enter(&chart, entered, event, host);
    }

    /// Enters the chart's initial states.
    pub(crate) fn enter_initial(&mut self, host: &mut dyn Host) {
        let chart = Arc::clone(&self.chart);
        let mut entry = Entry::new(&chart, &self.histories);
        entry.add_all(&chart.state(StateId::ROOT).initial, StateId::ROOT);
        let entered = entry.finish();
        self.enter(&chart, entered, None, host);
    }

    /// Enters states in document order (`enterStates`).
    fn enter(
        &mut self,
        chart: &Chart,
        (states, by_default, default_histories): (StateSet, StateSet, Vec<StateId>),
        event: Option<&Event>,
        host: &mut dyn Host,
    ) {
        for id in states.iter() {
            let state = chart.state(id);
            self.active.insert(id);
            self.perform(&state.on_entry, event, host);
            if by_default.contains(id) {
                self.perform(&state.initial_actions, event, host);
            }
            for history in
                default_histories.iter().filter(|history| chart.state(**history).parent == Some(id))
            {
                for transition in chart.transitions_of(*history) {
                    self.perform(&transition.actions, event, host);
                }
            }
            if state.kind == Kind::Final {
                self.done(chart, state.parent.unwrap_or(StateId::ROOT), &state.done_data);
            }
        }
        if !self.running {
            let left: Vec<_> = self.active.iter().collect();
            for state in left.into_iter().rev() {
                self.perform(&chart.state(state).on_exit, event, host);
            }
        }
    }

    /// Tells that a state has done its work, and the parallel state around it if that was the last of its regions.
    fn done(&mut self, chart: &Chart, state: StateId, data: &Json) {
        let Some(parent) = chart.state(state).parent else {
            self.running = false;
            return;
        };
        let name = |state: StateId| format!("done.state.{}", chart.state(state).id);
        self.raise(Event { name: name(state).into(), data: data.clone() });
        let regions = &chart.state(parent).children;
        if chart.kind(parent) == Kind::Parallel && regions.iter().all(|region| self.is_done(chart, *region)) {
            self.raise(Event::new(name(parent)));
        }
    }

    /// Whether a state has reached a final one (`isInFinalState`).
    fn is_done(&self, chart: &Chart, state: StateId) -> bool {
        let children = &chart.state(state).children;
        match chart.kind(state) {
            Kind::Compound => {
                children.iter().any(|child| chart.kind(*child) == Kind::Final && self.active.contains(*child))
            }
            Kind::Parallel if !children.is_empty() => {
                children.iter().all(|child| self.is_done(chart, *child))
            }
            _ => false,
        }
    }

    /// Does actions in order; one that fails ends them and raises `error.execution`.
    fn perform(&mut self, actions: &[Action], event: Option<&Event>, host: &mut dyn Host) {
        if let Err(message) = self.try_perform(actions, event, host) {
            self.raise_error(message);
        }
    }

    fn try_perform(
        &mut self,
        actions: &[Action],
        event: Option<&Event>,
        host: &mut dyn Host,
    ) -> Result<(), String> {
        for action in actions {
            match action {
                Action::Raise(name) => self.raise(Event::new(Arc::clone(name))),
                Action::Send { event: name, data, delay, id } => {
                    let data = fill(data, Scope { event, data: &self.data })?;
                    self.send_later(Event { name: Arc::clone(name), data }, *delay, id.clone());
                }
                Action::Cancel(id) => self.delayed.retain(|_, delayed| delayed.id.as_ref() != Some(id)),
                Action::Log(message) => host.log(message),
                Action::Emit { command, args, result } => {
                    let args = fill_all(args, Scope { event, data: &self.data })?;
                    let given = host.emit(command, args, event)?;
                    if let Some(name) = result {
                        self.data.insert(name.clone(), given);
                    }
                }
                Action::Assign(values) => {
                    let values = fill_all(values, Scope { event, data: &self.data })?;
                    self.data.extend(values);
                }
                Action::Append(values) => {
                    for (name, value) in fill_all(values, Scope { event, data: &self.data })? {
                        match self.data.get_mut(&name) {
                            Some(Json::Array(list)) => list.push(value),
                            _ => drop(self.data.insert(name, Json::Array(vec![value]))),
                        }
                    }
                }
                Action::If(branches) => {
                    for (guard, actions) in branches {
                        let holds = guard
                            .holds(&|state| self.is_active(state), &|test| {
                                host.holds(test, Scope { event, data: &self.data })
                            })
                            .unwrap_or_else(|message| {
                                self.raise_error(message);
                                false
                            });
                        if holds {
                            self.try_perform(actions, event, host)?;
                            break;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// The states that targets stand for (`getEffectiveTargetStates`).
fn effective_targets(chart: &Chart, histories: &Histories, targets: &[StateId]) -> Vec<StateId> {
    let mut effective = Vec::new();
    for target in targets {
        if !chart.kind(*target).is_history() {
            effective.push(*target);
        } else if let Some(states) = histories.get(*target) {
            effective.extend(states);
        } else {
            effective.extend(effective_targets(chart, histories, chart.default_of(*target)));
        }
    }
    effective
}

impl Chart {
    /// Where a history leads when its parent has not been left before.
    fn default_of(&self, history: StateId) -> &[StateId] {
        match self.transitions_of(history).first() {
            Some(transition) => &transition.targets,
            None => &self.state(history).initial,
        }
    }
}

impl<'a> Entry<'a> {
    fn new(chart: &'a Chart, histories: &'a Histories) -> Self {
        let none = StateSet::new(chart.states.len());
        Entry { chart, histories, states: none.clone(), by_default: none, default_histories: Vec::new() }
    }

    fn finish(self) -> (StateSet, StateSet, Vec<StateId>) {
        (self.states, self.by_default, self.default_histories)
    }

    /// Adds targets with all that is entered along with them below `ancestor` (`computeEntrySet`).
    fn add_all(&mut self, targets: &[StateId], ancestor: StateId) {
        targets.iter().for_each(|target| self.add(*target));
        for target in effective_targets(self.chart, self.histories, targets) {
            self.add_ancestors(target, ancestor);
        }
    }

    /// Adds a state and what is entered in it (`addDescendantStatesToEnter`).
    fn add(&mut self, id: StateId) {
        let chart = self.chart;
        let state = chart.state(id);
        match state.kind {
            Kind::ShallowHistory | Kind::DeepHistory => {
                let histories = self.histories;
                let states = histories.get(id).unwrap_or_else(|| {
                    self.default_histories.push(id);
                    chart.default_of(id)
                });
                if let Some(parent) = state.parent {
                    self.add_all(states, parent);
                }
            }
            Kind::Compound => {
                self.states.insert(id);
                self.by_default.insert(id);
                self.add_all(&state.initial, id);
            }
            Kind::Parallel => {
                self.states.insert(id);
                self.add_regions(id);
            }
            Kind::Atomic | Kind::Final => self.states.insert(id),
        }
    }

    /// Adds the states around a state, up to and without `ancestor`, with the other regions of parallel ones
    /// (`addAncestorStatesToEnter`).
    fn add_ancestors(&mut self, state: StateId, ancestor: StateId) {
        let chart = self.chart;
        for id in chart.ancestors(state).take_while(|id| *id != ancestor) {
            self.states.insert(id);
            if chart.kind(id) == Kind::Parallel {
                self.add_regions(id);
            }
        }
    }

    fn add_regions(&mut self, parallel: StateId) {
        let chart = self.chart;
        for region in &chart.state(parallel).children {
            if !self.states.any_between(region.0, chart.state(*region).end) {
                self.add(*region);
            }
        }
    }
}
