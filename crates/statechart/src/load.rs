//! From the form of a chart to the chart: states are numbered in document order, names resolved, and the whole checked.

use std::{collections::HashMap, sync::Arc};

use base::{LimitExceeded, Limits, nearest};
use serde_json::Value as Json;

use crate::{
    chart::{Action, Chart, Kind, State, StateId, Transition},
    check,
    error::{ChartError, Fault, Place},
    form::{ActionForm, ChartForm, Names, StateForm, StateType, TransitionForm},
    guard::Guard,
};

/// The deepest nesting that is read, whatever the limits say: reading and entering are recursive.
pub(crate) const MAX_NESTING: u64 = 1_000;

/// The most states that may be entered at once by name: each is compared with each.
const MAX_TARGETS: usize = 1_000;

pub(crate) fn load(form: &ChartForm, limits: &Limits) -> Result<Chart, ChartError> {
    let nowhere = Place::default();
    if form.version != 1 {
        return Err(nowhere.fault(Fault::Version(form.version)));
    }
    let mut loader = Loader {
        chart: Chart {
            name: form.name.clone(),
            states: Vec::new(),
            transitions: Vec::new(),
            by_id: HashMap::new(),
            data: form.data.clone(),
        },
        forms: Vec::new(),
        limits,
    };
    loader.chart.states.push(blank(String::new(), Kind::Compound, None));
    for state in &form.states {
        loader.add(state, StateId::ROOT, 1)?;
    }
    let root = &mut loader.chart.states[0];
    root.end = loader.forms.len() as u32 + 1;
    if root.children.is_empty() {
        return Err(nowhere.fault(Fault::Misplaced("the chart has no state (give it one at least)".into())));
    }
    let initial = loader.initial(StateId::ROOT, &form.initial);
    loader.chart.states[0].initial = initial.map_err(|fault| nowhere.fault(fault))?;
    for at in 0..loader.forms.len() {
        let (form, state) = (loader.forms[at], StateId(at as u32 + 1));
        loader.resolve(state, form)?;
    }
    loader.histories();
    Ok(loader.chart)
}

struct Loader<'a> {
    chart: Chart,
    /// The forms of all states but the chart itself, in document order.
    forms: Vec<&'a StateForm>,
    limits: &'a Limits,
}

fn blank(id: String, kind: Kind, parent: Option<StateId>) -> State {
    State {
        id,
        kind,
        parent,
        end: 0,
        children: Vec::new(),
        histories: Vec::new(),
        initial: Vec::new(),
        initial_actions: Vec::new(),
        on_entry: Vec::new(),
        on_exit: Vec::new(),
        done_data: Json::Null,
        transitions: 0..0,
    }
}

fn place(form: &StateForm) -> Place {
    Place { line: form.line, state: Some(form.id.clone()) }
}

fn misplaced(text: &str) -> Fault {
    Fault::Misplaced(text.to_owned())
}

impl<'a> Loader<'a> {
    /// Numbers a state and those in it.
    fn add(&mut self, form: &'a StateForm, parent: StateId, depth: u64) -> Result<(), ChartError> {
        let kind = match form.kind {
            StateType::State if form.states.iter().all(|child| is_history(child.kind)) => Kind::Atomic,
            StateType::State => Kind::Compound,
            StateType::Parallel => Kind::Parallel,
            StateType::Final => Kind::Final,
            StateType::ShallowHistory => Kind::ShallowHistory,
            StateType::DeepHistory => Kind::DeepHistory,
        };
        let id = StateId(self.chart.states.len() as u32);
        self.check_state(form, kind, parent, depth).map_err(|fault| place(form).fault(fault))?;
        self.chart.by_id.insert(form.id.clone(), id);
        self.forms.push(form);
        self.chart.states.push(blank(form.id.clone(), kind, Some(parent)));
        let siblings = &mut self.chart.states[parent.at()];
        match kind.is_history() {
            true => siblings.histories.push(id),
            false => siblings.children.push(id),
        }
        for child in &form.states {
            self.add(child, id, depth + 1)?;
        }
        self.chart.states[id.at()].end = self.chart.states.len() as u32;
        Ok(())
    }

    fn check_state(&self, form: &StateForm, kind: Kind, parent: StateId, depth: u64) -> Result<(), Fault> {
        let limits = self.limits;
        let count = self.chart.states.len() as u64;
        Limits::check("the number of states", count, limits.nodes.min(1 << 31), "nodes")?;
        if depth > MAX_NESTING.min(limits.nesting) {
            let limit = MAX_NESTING.min(limits.nesting);
            let what = "the nesting of states".to_owned();
            return Err(LimitExceeded { what, found: depth, limit, setting: "nesting" }.into());
        }
        if form.id.is_empty() || form.id.contains(char::is_whitespace) {
            return Err(Fault::BadId(form.id.clone()));
        }
        if self.chart.by_id.contains_key(&form.id) {
            return Err(Fault::DuplicateId);
        }
        let nesting = |child, parent, help| Fault::Nesting { child, parent, help };
        if kind == Kind::Final && self.chart.kind(parent) == Kind::Parallel {
            let help = " (put it into one of the regions, or make the parent a plain state)";
            return Err(nesting("a final state", "a parallel state", help));
        }
        if kind.is_history() && parent == StateId::ROOT {
            let help = " (put it into the state whose past it stands for)";
            return Err(nesting("a history", "the chart itself", help));
        }
        let closed = match kind {
            Kind::Final => Some("a final state"),
            kind if kind.is_history() => Some("a history"),
            _ => None,
        };
        if let Some(parent) = closed
            && !form.states.is_empty()
        {
            return Err(nesting("a state", parent, " (make the parent a plain state)"));
        }
        if kind == Kind::Atomic && !form.states.is_empty() {
            return Err(misplaced("it has a history but no states (add a state, or delete the history)"));
        }
        if kind != Kind::Compound && !(form.initial.is_empty() && form.initial_actions.is_empty()) {
            return Err(misplaced("'initial' is for states with states in them that are not parallel"));
        }
        if kind != Kind::Final && !form.done_data.is_null() {
            return Err(misplaced("'doneData' is for final states"));
        }
        if kind == Kind::Final && !form.transitions.is_empty() {
            return Err(misplaced("a final state has no transitions (put them on its parent)"));
        }
        if kind.is_history() && !(form.on_entry.is_empty() && form.on_exit.is_empty()) {
            return Err(misplaced("a history is never active, so it has no entry or exit actions"));
        }
        if kind.is_history()
            && let [first, more @ ..] = form.transitions.as_slice()
            && !(more.is_empty()
                && first.event.is_empty()
                && first.when.is_empty()
                && !first.target.is_empty())
        {
            return Err(misplaced(
                "a history has one transition at most, with targets, without event and condition",
            ));
        }
        Ok(())
    }

    /// Resolves what a state refers to.
    fn resolve(&mut self, id: StateId, form: &'a StateForm) -> Result<(), ChartError> {
        let place = place(form);
        let fault = |fault| place.fault(fault);
        let kind = self.chart.kind(id);
        if kind == Kind::Compound {
            self.chart.states[id.at()].initial = self.initial(id, &form.initial).map_err(fault)?;
        }
        let initial_actions = self.actions(&form.initial_actions).map_err(fault)?;
        let on_entry = self.actions(&form.on_entry).map_err(fault)?;
        let on_exit = self.actions(&form.on_exit).map_err(fault)?;
        let first = self.chart.transitions.len();
        for transition in &form.transitions {
            let place = Place { line: transition.line.or(place.line), ..place.clone() };
            let transition = self.transition(id, transition).map_err(|fault| place.fault(fault))?;
            self.chart.transitions.push(transition);
        }
        let transitions = first..self.chart.transitions.len();
        let state = &mut self.chart.states[id.at()];
        let done_data = form.done_data.clone();
        *state = State { initial_actions, on_entry, on_exit, done_data, transitions, ..state.clone() };
        Ok(())
    }

    fn transition(&self, source: StateId, form: &TransitionForm) -> Result<Transition, Fault> {
        let targets = self.targets(&form.target, "the target")?;
        if self.chart.kind(source).is_history()
            && let Some(parent) = self.chart.state(source).parent
        {
            check::all_within(&self.chart, &targets, parent, "the history's default")?;
            let is_sibling = |target: &&StateId| {
                self.chart.kind(**target).is_history() && self.chart.state(**target).parent == Some(parent)
            };
            if targets.iter().any(|target| is_sibling(&target)) {
                return Err(misplaced("a history's default cannot be a history of the same state"));
            }
        }
        let beginning = |event: &String| {
            let event = event.strip_suffix('*').unwrap_or(event);
            event.strip_suffix('.').unwrap_or(event).to_owned()
        };
        Ok(Transition {
            source,
            events: form.event.0.iter().map(beginning).collect(),
            guard: self.guard(&form.when)?,
            when: form.when.trim().to_owned(),
            targets,
            internal: form.internal,
            actions: self.actions(&form.actions)?,
        })
    }

    fn guard(&self, text: &str) -> Result<Option<Guard>, Fault> {
        match text.trim() {
            "" => Ok(None),
            text => Guard::parse(text, &|name| self.state(name, "In")).map(Some),
        }
    }

    fn state(&self, name: &str, role: &'static str) -> Result<StateId, Fault> {
        self.chart.find(name).ok_or_else(|| {
            let known = self.chart.states.iter().skip(1).map(|state| state.id.as_str());
            Fault::UnknownState {
                role,
                name: name.to_owned(),
                nearest: nearest(name, known).map(str::to_owned),
            }
        })
    }

    fn targets(&self, names: &Names, role: &'static str) -> Result<Vec<StateId>, Fault> {
        if names.0.len() > MAX_TARGETS {
            return Err(Fault::Misplaced(format!("{role}: more than {MAX_TARGETS} names")));
        }
        let mut targets = Vec::new();
        for name in &names.0 {
            let target = self.state(name, role)?;
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        check::compatible(&self.chart, &targets)?;
        Ok(targets)
    }

    /// What is entered with a compound state: what it says, or its first child.
    fn initial(&self, state: StateId, names: &Names) -> Result<Vec<StateId>, Fault> {
        let targets = self.targets(names, "the initial state")?;
        check::all_within(&self.chart, &targets, state, "the initial state")?;
        Ok(match targets.is_empty() {
            true => self.chart.state(state).children.first().copied().into_iter().collect(),
            false => targets,
        })
    }

    fn actions(&self, forms: &[ActionForm]) -> Result<Vec<Action>, Fault> {
        forms.iter().map(|form| self.action(form)).collect()
    }

    fn action(&self, form: &ActionForm) -> Result<Action, Fault> {
        Ok(match form {
            ActionForm::Raise(event) => Action::Raise(name(event)?),
            ActionForm::Send(send) => Action::Send {
                event: name(&send.event)?,
                data: send.data.clone(),
                delay: send.delay.0,
                id: send.id.clone(),
            },
            ActionForm::Cancel(id) => Action::Cancel(id.clone()),
            ActionForm::Log(text) => Action::Log(text.clone()),
            ActionForm::Emit(emit) => Action::Emit {
                command: emit.command.clone(),
                args: emit.args.clone(),
                result: emit.result.clone(),
            },
            ActionForm::Assign(values) => Action::Assign(values.clone()),
            ActionForm::Append(values) => Action::Append(values.clone()),
            ActionForm::If(branches) => {
                let mut compiled = Vec::new();
                for (at, branch) in branches.iter().enumerate() {
                    let guard = match self.guard(&branch.when)? {
                        Some(guard) => guard,
                        None if at > 0 && at + 1 == branches.len() => Guard::Constant(true),
                        None => return Err(misplaced("only the last of several branches may lack 'when'")),
                    };
                    compiled.push((guard, self.actions(&branch.actions)?));
                }
                Action::If(compiled)
            }
        })
    }

    /// Gives a history without a default that of its parent.
    fn histories(&mut self) {
        for at in 0..self.chart.states.len() {
            let id = StateId(at as u32);
            if !self.chart.kind(id).is_history() || !self.chart.transitions_of(id).is_empty() {
                continue;
            }
            let Some(parent) = self.chart.state(id).parent.map(|parent| self.chart.state(parent)) else {
                continue;
            };
            let usual = match parent.kind {
                Kind::Parallel => &parent.children,
                _ => &parent.initial,
            };
            // The parent may start with this very history.
            let targets = match usual.iter().any(|state| self.chart.kind(*state).is_history()) {
                true => parent.children.first().copied().into_iter().collect(),
                false => usual.clone(),
            };
            self.chart.states[at].initial = targets;
        }
    }
}

fn is_history(kind: StateType) -> bool {
    matches!(kind, StateType::ShallowHistory | StateType::DeepHistory)
}

fn name(event: &str) -> Result<Arc<str>, Fault> {
    match event.is_empty() || event.contains(char::is_whitespace) {
        true => Err(misplaced("an event's name has at least one character and no spaces")),
        false => Ok(event.into()),
    }
}
