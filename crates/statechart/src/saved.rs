//! Running machines as JSON, so that they go on after a restart, or somewhere else, as if nothing had happened.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::{
    chart::{Chart, StateId},
    check,
    history::Histories,
    machine::{Delayed, Event, Machine},
    set::StateSet,
};

/// A machine that waits for an event: what is active, what its histories remember, its data and the events to come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedMachine {
    /// The version of this form: 1.
    pub version: u32,
    /// The ids of the active states, in document order.
    pub active: Vec<String>,
    /// Whether the chart has not reached an outermost final state.
    pub running: bool,
    /// What histories stand for, by their ids.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub histories: Map<String, Json>,
    /// The data, by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Json>,
    /// How far the clock has been moved on since the start, in milliseconds.
    pub now: u64,
    /// The events to come, in the order in which they will.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delayed: Vec<SavedEvent>,
}

/// An event to come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedEvent {
    /// When it is due, in milliseconds since the start.
    pub due: u64,
    /// Its name.
    pub event: String,
    /// What it carries.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub data: Json,
    /// The name to cancel it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A saved machine that does not fit the chart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The form is newer than this program.
    #[error("the machine is saved in version {0}; this program reads version 1")]
    Version(u32),
    /// A state that the chart does not have.
    #[error("the chart has no state '{0}'")]
    UnknownState(String),
    /// States that the chart does not allow together.
    #[error("the chart does not allow these active states: '{0}' has {1} active states in it instead of {2}")]
    Illegal(String, usize, usize),
    /// A history that cannot stand for what it is said to.
    #[error("the history '{0}' cannot stand for the states that are saved for it")]
    History(String),
}

impl Machine {
    /// The machine as it waits. What was sent to it has been handled, so that nothing else is to be kept.
    pub fn save(&self) -> SavedMachine {
        let ids =
            |states: &[StateId]| states.iter().map(|state| self.chart.state(*state).id.clone()).collect();
        let histories = self.histories.iter().map(|(history, states)| {
            let states: Vec<String> = ids(states);
            (self.chart.state(history).id.clone(), states.into())
        });
        let event = |((due, _), delayed): (&(u64, u64), &Delayed)| SavedEvent {
            due: *due,
            event: delayed.event.name.to_string(),
            data: delayed.event.data.clone(),
            id: delayed.id.clone(),
        };
        SavedMachine {
            version: 1,
            active: self.configuration().map(str::to_owned).collect(),
            running: self.running,
            histories: histories.collect(),
            data: self.data.clone(),
            now: self.now,
            delayed: self.delayed.iter().map(event).collect(),
        }
    }

    /// A machine that goes on from where another one on the same chart was saved. No action is done.
    ///
    /// # Errors
    /// [`RestoreError`]: the chart has changed so that the machine does not fit it any more.
    pub fn restore(chart: Arc<Chart>, saved: &SavedMachine) -> Result<Self, RestoreError> {
        if saved.version != 1 {
            return Err(RestoreError::Version(saved.version));
        }
        let find = |id: &str| chart.find(id).ok_or_else(|| RestoreError::UnknownState(id.to_owned()));
        let mut active = StateSet::new(chart.states.len());
        for id in &saved.active {
            active.insert(find(id)?);
        }
        check::legal(&chart, &active)
            .map_err(|(state, found, expected)| RestoreError::Illegal(state, found, expected))?;
        let mut histories = Histories::default();
        for (id, states) in &saved.histories {
            let history = find(id)?;
            let names = states.as_array().into_iter().flatten().filter_map(Json::as_str);
            let states = names.map(find).collect::<Result<Vec<StateId>, _>>()?;
            if !check::history(&chart, history, &states) {
                return Err(RestoreError::History(id.clone()));
            }
            histories.put(history, states);
        }
        let delayed: BTreeMap<_, _> = saved
            .delayed
            .iter()
            .zip(0..)
            .map(|(saved, order)| {
                let event = Event { name: saved.event.as_str().into(), data: saved.data.clone() };
                ((saved.due, order), Delayed { id: saved.id.clone(), event })
            })
            .collect();
        Ok(Machine {
            active,
            histories,
            data: saved.data.clone(),
            internal: VecDeque::new(),
            external: VecDeque::new(),
            sent: delayed.len() as u64,
            delayed,
            now: saved.now,
            running: saved.running,
            flooded: None,
            chart,
        })
    }
}
