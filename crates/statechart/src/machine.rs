//! A running chart: its queues and its clock.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use serde_json::{Map, Value as Json};

use crate::{
    chart::{Chart, Kind, StateId},
    history::Histories,
    set::StateSet,
};

/// The most microsteps that one event may lead to.
const MAX_MICROSTEPS: usize = 10_000;
/// The most events that may wait.
const MAX_WAITING: usize = 100_000;

/// The event for what the host could not do or decide.
const EXECUTION_ERROR: &str = "error.execution";

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its name: parts with dots between, `pointer.down`.
    pub name: Arc<str>,
    /// What it carries.
    pub data: Json,
}

impl Event {
    /// An event that carries nothing.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Event { name: name.into(), data: Json::Null }
    }
}

impl From<&str> for Event {
    fn from(name: &str) -> Self {
        Event::new(name)
    }
}

/// What can be read while a chart answers an event.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The event that is being answered; none at the start and where a transition needs none.
    pub event: Option<&'a Event>,
    /// The data of the machine.
    pub data: &'a Map<String, Json>,
}

/// What a chart asks of the program around it.
pub trait Host {
    /// Whether a test holds, by its text in the chart. An error raises `error.execution`, and the test counts as false.
    fn holds(&self, test: &str, scope: Scope<'_>) -> Result<bool, String>;

    /// Does a command and gives its result; the arguments are filled in. An error raises `error.execution` and skips the
    /// actions behind it.
    fn emit(&mut self, command: &str, args: Map<String, Json>, event: Option<&Event>)
    -> Result<Json, String>;

    /// Takes a message.
    fn log(&mut self, message: &str);
}

/// A host that knows no tests and no commands.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn holds(&self, test: &str, _: Scope<'_>) -> Result<bool, String> {
        Err(format!("nothing here can decide '{test}'"))
    }

    fn emit(&mut self, command: &str, _: Map<String, Json>, _: Option<&Event>) -> Result<Json, String> {
        Err(format!("nothing here can do '{command}'"))
    }

    fn log(&mut self, _: &str) {}
}

/// A machine that went on and on. It stays in the configuration that it had reached, and what waited is forgotten.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Transitions that lead to each other without end.
    #[error(
        "{MAX_MICROSTEPS} transitions in a row without an event from outside, the last out of '{state}': \
         break the circle by a condition or an event"
    )]
    Endless {
        /// The source of the last transition.
        state: String,
    },
    /// More and more events.
    #[error("{MAX_WAITING} events wait: '{event}' is sent or raised without end")]
    Flood {
        /// The event that was one too many.
        event: String,
    },
}

/// A running chart.
#[derive(Clone, Debug)]
pub struct Machine {
    pub(crate) chart: Arc<Chart>,
    /// The active states; the chart itself is not among them.
    pub(crate) active: StateSet,
    pub(crate) histories: Histories,
    pub(crate) data: Map<String, Json>,
    pub(crate) internal: VecDeque<Event>,
    pub(crate) external: VecDeque<Event>,
    /// Events to come by when they are due and, of those due at once, in the order in which they were sent.
    pub(crate) delayed: BTreeMap<(u64, u64), Delayed>,
    /// How many delayed events there were so far.
    pub(crate) sent: u64,
    pub(crate) now: u64,
    pub(crate) running: bool,
    /// The event that was one too many.
    pub(crate) flooded: Option<Arc<str>>,
}

/// An event to come.
#[derive(Clone, Debug)]
pub(crate) struct Delayed {
    pub id: Option<String>,
    pub event: Event,
}

impl Machine {
    /// Starts a chart: enters its initial states and goes on until it waits for an event. Its clock stands at zero.
    ///
    /// # Errors
    /// [`RunError`] if it never waits.
    pub fn start(chart: Arc<Chart>, host: &mut dyn Host) -> Result<Self, RunError> {
        let mut machine = Machine {
            active: StateSet::new(chart.states.len()),
            histories: Histories::default(),
            data: chart.data.clone(),
            internal: VecDeque::new(),
            external: VecDeque::new(),
            delayed: BTreeMap::new(),
            sent: 0,
            now: 0,
            running: true,
            flooded: None,
            chart,
        };
        machine.enter_initial(host);
        machine.settle(host)?;
        Ok(machine)
    }

    /// Handles an event and all that follows from it at once. A machine that has ended ignores it.
    ///
    /// # Errors
    /// [`RunError`] if what follows has no end.
    pub fn send(&mut self, event: impl Into<Event>, host: &mut dyn Host) -> Result<(), RunError> {
        self.external.push_back(event.into());
        self.settle(host)
    }

    /// Moves the clock on to a time since the start, in whole milliseconds, and handles the delayed events that are due
    /// until then, each at its time. The clock never goes back.
    ///
    /// # Errors
    /// [`RunError`] if what follows from one of them has no end; those behind it are forgotten.
    pub fn advance(&mut self, to: Duration, host: &mut dyn Host) -> Result<(), RunError> {
        let to = u64::try_from(to.as_millis()).unwrap_or(u64::MAX);
        while let Some(next) = self.delayed.first_entry().filter(|next| next.key().0 <= to) {
            let ((due, _), delayed) = next.remove_entry();
            self.now = self.now.max(due);
            self.external.push_back(delayed.event);
            self.settle(host)?;
        }
        self.now = self.now.max(to);
        Ok(())
    }

    /// When the next delayed event is due, since the start.
    pub fn next_due(&self) -> Option<Duration> {
        self.delayed.keys().next().map(|(due, _)| Duration::from_millis(*due))
    }

    /// How far the clock has been moved on since the start.
    pub fn now(&self) -> Duration {
        Duration::from_millis(self.now)
    }

    /// The data, by name.
    pub fn data(&self) -> &Map<String, Json> {
        &self.data
    }

    /// Whether the chart has not reached an outermost final state.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Whether a state is active; false for an unknown one.
    pub fn is_in(&self, id: &str) -> bool {
        self.chart.find(id).is_some_and(|state| self.is_active(state))
    }

    pub(crate) fn is_active(&self, state: StateId) -> bool {
        state == StateId::ROOT || self.active.contains(state)
    }

    /// The ids of the active states, in document order. They stay when the chart has ended.
    pub fn configuration(&self) -> impl Iterator<Item = &str> {
        self.active.iter().map(|state| self.chart.state(state).id())
    }

    /// The ids of the active states that have none in them, in document order.
    pub fn leaves(&self) -> impl Iterator<Item = &str> {
        self.active
            .iter()
            .filter(|state| self.chart.is_leaf(*state))
            .map(|state| self.chart.state(state).id())
    }

    /// The chart.
    pub fn chart(&self) -> &Arc<Chart> {
        &self.chart
    }

    /// Takes microsteps until the machine waits or has ended.
    fn settle(&mut self, host: &mut dyn Host) -> Result<(), RunError> {
        let mut steps = 0;
        // A transition without an event whose condition cannot be decided is asked again and again. It is told once for
        // each event, but for the one that tells it: else the errors would follow each other without end.
        let mut told = !self.external.is_empty();
        while self.running {
            if let Some(event) = self.flooded.take() {
                self.forget();
                return Err(RunError::Flood { event: event.to_string() });
            }
            let mut errors = Vec::new();
            let mut event = None;
            let mut enabled = self.enabled(None, host, &mut errors);
            if told {
                errors.clear();
            }
            told |= !errors.is_empty();
            if enabled.is_empty() && errors.is_empty() {
                event = self.internal.pop_front();
                if event.is_none() {
                    event = self.external.pop_front();
                }
                let Some(event) = &event else { return Ok(()) };
                enabled = self.enabled(Some(event), host, &mut errors);
                match &*event.name {
                    EXECUTION_ERROR => errors.clear(),
                    _ => told = false,
                }
            }
            errors.into_iter().for_each(|message| self.raise_error(message));
            if enabled.is_empty() {
                continue;
            }
            self.microstep(&enabled, event.as_ref(), host);
            steps += 1;
            if steps > MAX_MICROSTEPS {
                let source = self.chart.transitions()[enabled[0]].source;
                let state = self.chart.state(source).id.clone();
                self.forget();
                return Err(RunError::Endless { state });
            }
        }
        self.forget();
        Ok(())
    }

    /// Drops all that waits.
    fn forget(&mut self) {
        self.internal.clear();
        self.external.clear();
        self.delayed.clear();
        self.flooded = None;
    }

    pub(crate) fn raise(&mut self, event: Event) {
        if self.internal.len() >= MAX_WAITING {
            self.flooded = Some(event.name);
        } else {
            self.internal.push_back(event);
        }
    }

    pub(crate) fn raise_error(&mut self, message: String) {
        self.raise(Event { name: EXECUTION_ERROR.into(), data: Json::String(message) });
    }

    pub(crate) fn send_later(&mut self, event: Event, delay: u64, id: Option<String>) {
        if self.external.len() + self.delayed.len() >= MAX_WAITING {
            self.flooded = Some(event.name);
        } else if delay == 0 {
            self.external.push_back(event);
        } else {
            let due = self.now.saturating_add(delay);
            self.delayed.insert((due, self.sent), Delayed { id, event });
            self.sent += 1;
        }
    }
}

impl Chart {
    /// Whether a state has no states in it that could be active.
    pub(crate) fn is_leaf(&self, state: StateId) -> bool {
        self.kind(state) != Kind::Compound && self.state(state).children.is_empty()
    }
}
