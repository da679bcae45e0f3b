//! The JSON form of a chart.
//!
//! ```json
//! { "version": 1, "name": "Door", "initial": "closed",
//!   "states": [
//!     { "id": "closed", "transitions": [{ "event": "push", "when": "!locked", "target": "open" }] },
//!     { "id": "open", "onEntry": [{ "send": { "event": "close", "delay": "5s", "id": "closing" } }],
//!       "transitions": [{ "event": "close", "target": "closed" }] } ] }
//! ```

use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};
use serde_json::{Map, Value as Json};

/// A chart as it is written. [`crate::Chart::build`] checks it as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChartForm {
    /// The version of this form: 1.
    pub version: u32,
    /// What the chart is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The states to be in at the start; the first state when left out.
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    pub initial: Names,
    /// The data that a machine starts with, by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Json>,
    /// The outermost states. Exactly one of them is active.
    pub states: Vec<StateForm>,
}

/// A state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StateForm {
    /// Its name, unique in the chart, without spaces.
    pub id: String,
    /// What it is.
    #[serde(default, rename = "type", skip_serializing_if = "StateType::is_plain")]
    pub kind: StateType,
    /// The descendants to enter with it; its first child when left out.
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    pub initial: Names,
    /// What is done between entering it and entering `initial`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub initial_actions: Vec<ActionForm>,
    /// What is done when it is entered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_entry: Vec<ActionForm>,
    /// What is done when it is left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_exit: Vec<ActionForm>,
    /// The ways out of it, the first that applies is taken. A history has one at most: where to go when the state that it
    /// is in has not been left before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<TransitionForm>,
    /// What the event carries that tells that its parent has done its work; for final states.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub done_data: Json,
    /// The states in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<StateForm>,
    /// The line of the file that it starts in, where that is known.
    #[serde(skip)]
    pub line: Option<u32>,
}

/// What a state is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StateType {
    /// Atomic, or, with states in it, compound: exactly one of them is active.
    #[default]
    State,
    /// All states in it are active.
    Parallel,
    /// The state that it is in has done its work.
    Final,
    /// Stands for the child of its parent that was active when that was left last.
    ShallowHistory,
    /// Stands for all descendants of its parent that were active when that was left last.
    DeepHistory,
}

impl StateType {
    fn is_plain(&self) -> bool {
        *self == StateType::State
    }
}

/// A way from a state to others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransitionForm {
    /// The events that it answers to: names, beginnings of names (`error` and `error.*` stand for `error.execution`, too), or
    /// `*`. Without any it is taken as soon as its condition holds.
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    pub event: Names,
    /// The condition: `true`, `false`, `In(state)`, conditions of the host, `!`, `&&`, `||` and parentheses.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub when: String,
    /// The states to enter; several where they are in different regions. Without any, only the actions are done.
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    pub target: Names,
    /// Whether a compound state stays active when the targets lie within it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub internal: bool,
    /// What is done between leaving and entering.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<ActionForm>,
    /// The line of the file that it starts in, where that is known.
    #[serde(skip)]
    pub line: Option<u32>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Something done on the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ActionForm {
    /// Puts an event before all that come from outside.
    Raise(String),
    /// Puts an event behind all that wait, at once or later.
    Send(SendForm),
    /// Forgets a delayed event by the id that it was sent with.
    Cancel(String),
    /// Tells the host something worth knowing.
    Log(String),
    /// Asks the host for a command.
    Emit(EmitForm),
    /// Gives data other values, by name.
    Assign(Map<String, Json>),
    /// Puts values at the ends of lists in the data, by name. What is no list yet becomes one.
    Append(Map<String, Json>),
    /// Does the actions of the first branch whose condition holds.
    If(Vec<BranchForm>),
}

/// An event to be sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendForm {
    /// Its name.
    pub event: String,
    /// How long from now: `250ms`, `1.5s`.
    #[serde(default, skip_serializing_if = "Delay::is_none")]
    pub delay: Delay,
    /// The name to cancel it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it carries.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub data: Json,
}

/// A command of the host.
///
/// In its arguments, as in what an event carries and in what is assigned or appended, a text `$name` stands for a value of
/// the data and `$event` for what the event carries; dots lead into it: `$event.point.0`. `$$` begins a text with a dollar.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmitForm {
    /// Its id.
    pub command: String,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub args: Map<String, Json>,
    /// The name of the data that takes its result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

/// A branch of a choice between actions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BranchForm {
    /// Its condition; none in the last branch, for what is done otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub when: String,
    /// What is done.
    pub actions: Vec<ActionForm>,
}

/// Names: in JSON a text with spaces between, or a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl Names {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Names {
    fn from(text: &str) -> Self {
        Names(text.split_whitespace().map(str::to_owned).collect())
    }
}

impl Serialize for Names {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.join(" "))
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name, names with spaces between, or a list of names")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Names, E> {
                Ok(text.into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = items.next_element()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A time span in whole milliseconds: in JSON and SCXML a CSS2 time, a number with `s` or `ms` behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delay(pub u64);

/// A text that is no time span.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no time span: write a number with ms or s behind it, such as 250ms or 1.5s")]
pub struct ParseDelayError(pub String);

impl Delay {
    fn is_none(&self) -> bool {
        self.0 == 0
    }

    /// The span as the standard library has it.
    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl std::str::FromStr for Delay {
    type Err = ParseDelayError;

    fn from_str(text: &str) -> Result<Self, ParseDelayError> {
        let trimmed = text.trim();
        let (number, factor) = match (trimmed.strip_suffix("ms"), trimmed.strip_suffix('s')) {
            (Some(number), _) => (number, 1.0),
            (None, Some(number)) => (number, 1000.0),
            (None, None) => return Err(ParseDelayError(text.to_owned())),
        };
        match number.trim().parse::<f64>() {
            // A year bounds what a sum of spans may come to.
            Ok(number) if (0.0..=31_536_000_000.0).contains(&(number * factor)) => {
                Ok(Delay((number * factor).ceil() as u64))
            }
            _ => Err(ParseDelayError(text.to_owned())),
        }
    }
}

impl Serialize for Delay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}ms", self.0))
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
