//! A chart that has been checked: states in document order, names resolved.

use std::{collections::HashMap, sync::Arc};

use base::Limits;
use serde_json::{Map, Value as Json};

use crate::{
    error::{ChartError, Fault, Place},
    form::ChartForm,
    guard::Guard,
    load, scxml,
};

/// A state of one chart: its place in document order. The chart itself is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateId(pub(crate) u32);

impl StateId {
    /// The chart itself, which is always active.
    pub(crate) const ROOT: StateId = StateId(0);

    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

/// A chart that can be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub(crate) name: String,
    pub(crate) states: Vec<State>,
    pub(crate) transitions: Vec<Transition>,
    pub(crate) by_id: HashMap<String, StateId>,
    /// What a machine's data is at its start.
    pub(crate) data: Map<String, Json>,
}

/// What a state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is in it.
    Atomic,
    /// Exactly one of its children is active.
    Compound,
    /// All of its children are active.
    Parallel,
    /// Its parent has done its work.
    Final,
    /// Stands for children of its parent that were active before.
    ShallowHistory,
    /// Stands for descendants of its parent that were active before.
    DeepHistory,
}

impl Kind {
    /// Whether it stands for other states and is itself never active.
    pub fn is_history(self) -> bool {
        matches!(self, Kind::ShallowHistory | Kind::DeepHistory)
    }
}

/// A state with its names resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) parent: Option<StateId>,
    /// The first number behind those of its descendants.
    pub(crate) end: u32,
    /// The children that can be active, in document order.
    pub(crate) children: Vec<StateId>,
    pub(crate) histories: Vec<StateId>,
    pub(crate) initial: Vec<StateId>,
    pub(crate) initial_actions: Vec<Action>,
    pub(crate) on_entry: Vec<Action>,
    pub(crate) on_exit: Vec<Action>,
    pub(crate) done_data: Json,
    /// Places in [`Chart::transitions`]. Those of a history are its default.
    pub(crate) transitions: std::ops::Range<usize>,
}

/// A transition with its names resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    pub(crate) source: StateId,
    /// Names and beginnings of names without `.*`; `*` is the empty beginning.
    pub(crate) events: Vec<String>,
    pub(crate) guard: Option<Guard>,
    /// The condition as it is written.
    pub(crate) when: String,
    pub(crate) targets: Vec<StateId>,
    pub(crate) internal: bool,
    pub(crate) actions: Vec<Action>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Raise(Arc<str>),
    Send { event: Arc<str>, data: Json, delay: u64, id: Option<String> },
    Cancel(String),
    Log(String),
    Emit { command: String, args: Map<String, Json>, result: Option<String> },
    Assign(Map<String, Json>),
    Append(Map<String, Json>),
    If(Vec<(Guard, Vec<Action>)>),
}

impl Chart {
    /// The chart in a JSON text. JSON within JSON, and so states in states, may be some 60 deep.
    ///
    /// # Errors
    /// [`ChartError`], which names the state or line.
    pub fn from_json(text: &str, limits: &Limits) -> Result<Self, ChartError> {
        let form = serde_json::from_str(text)
            .map_err(|error| Place::default().fault(Fault::Json(error.to_string())))?;
        Chart::build(&form, limits)
    }

    /// The chart in an SCXML text. Data, scripts and invoked services are refused; states without an id get one.
    ///
    /// # Errors
    /// [`ChartError`], which names the line.
    pub fn from_scxml(text: &str, limits: &Limits) -> Result<Self, ChartError> {
        Chart::build(&scxml::read(text, limits)?, limits)
    }

    /// Checks a chart as a whole and resolves its names.
    ///
    /// # Errors
    /// [`ChartError`], which names the state.
    pub fn build(form: &ChartForm, limits: &Limits) -> Result<Self, ChartError> {
        load::load(form, limits)
    }

    /// What the chart is called; empty when it has no name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The state with this id.
    pub fn find(&self, id: &str) -> Option<StateId> {
        self.by_id.get(id).copied()
    }

    /// A state.
    pub fn state(&self, id: StateId) -> &State {
        &self.states[id.at()]
    }

    /// All states in document order, without the chart itself.
    pub fn states(&self) -> impl Iterator<Item = &State> {
        self.states.iter().skip(1)
    }

    /// Whether any transition answers to an event.
    pub fn answers(&self, event: &str) -> bool {
        self.transitions.iter().any(|transition| transition.answers(event))
    }

    /// The commands that may be asked of the host, each with its arguments as they are written.
    pub fn commands(&self) -> Vec<(&str, &Map<String, Json>)> {
        fn collect<'a>(actions: &'a [Action], found: &mut Vec<(&'a str, &'a Map<String, Json>)>) {
            for action in actions {
                match action {
                    Action::Emit { command, args, .. } => found.push((command, args)),
                    Action::If(branches) => branches.iter().for_each(|(_, actions)| collect(actions, found)),
                    _ => {}
                }
            }
        }
        let mut found = Vec::new();
        for state in &self.states {
            [&state.initial_actions, &state.on_entry, &state.on_exit]
                .into_iter()
                .for_each(|actions| collect(actions, &mut found));
        }
        self.transitions.iter().for_each(|transition| collect(&transition.actions, &mut found));
        found
    }

    /// The tests that only the host can decide, as they are written.
    pub fn tests(&self) -> Vec<&str> {
        fn collect<'a>(actions: &'a [Action], found: &mut Vec<&'a str>) {
            for action in actions {
                if let Action::If(branches) = action {
                    for (guard, actions) in branches {
                        guard.host_tests(found);
                        collect(actions, found);
                    }
                }
            }
        }
        let mut found = Vec::new();
        for state in &self.states {
            [&state.initial_actions, &state.on_entry, &state.on_exit]
                .into_iter()
                .for_each(|actions| collect(actions, &mut found));
        }
        for transition in &self.transitions {
            transition.guard.iter().for_each(|guard| guard.host_tests(&mut found));
            collect(&transition.actions, &mut found);
        }
        found
    }

    /// All transitions in the document order of their sources.
    pub fn transitions(&self) -> &[Transition] {
        &self.transitions
    }

    pub(crate) fn transitions_of(&self, state: StateId) -> &[Transition] {
        &self.transitions[self.state(state).transitions.clone()]
    }

    pub(crate) fn kind(&self, state: StateId) -> Kind {
        self.state(state).kind
    }

    /// Whether the first state lies within the second, at whatever depth.
    pub(crate) fn is_descendant(&self, state: StateId, ancestor: StateId) -> bool {
        ancestor.0 < state.0 && state.0 < self.state(ancestor).end
    }

    /// The states around a state, the nearest first.
    pub(crate) fn ancestors(&self, state: StateId) -> impl Iterator<Item = StateId> + '_ {
        std::iter::successors(self.state(state).parent, |state| self.state(*state).parent)
    }

    /// The innermost compound state around `first` that all the others lie in, too.
    pub(crate) fn least_common_compound(&self, first: StateId, others: &[StateId]) -> StateId {
        let holds_all = |ancestor: &StateId| {
            self.kind(*ancestor) == Kind::Compound
                && others.iter().all(|other| self.is_descendant(*other, *ancestor))
        };
        self.ancestors(first).find(holds_all).unwrap_or(StateId::ROOT)
    }
}

impl State {
    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The state that it is in; the chart itself has none.
    pub fn parent(&self) -> Option<StateId> {
        self.parent
    }

    /// The states in it that can be active, in document order.
    pub fn children(&self) -> &[StateId] {
        &self.children
    }
}

impl Transition {
    /// The state that it leads away from.
    pub fn source(&self) -> StateId {
        self.source
    }

    /// The states that it leads to.
    pub fn targets(&self) -> &[StateId] {
        &self.targets
    }

    /// Whether it answers to an event.
    pub(crate) fn answers(&self, event: &str) -> bool {
        self.events.iter().any(|beginning| match event.strip_prefix(beginning.as_str()) {
            Some(rest) => beginning.is_empty() || rest.is_empty() || rest.starts_with('.'),
            None => false,
        })
    }
}
