//! Hierarchical state machines with the semantics of SCXML 1.0 (W3C Recommendation, 1 September 2015; the algorithm is
//! that of its appendix D), from JSON or SCXML.
//!
//! Owns the model of a chart, its checks, its interpreter, its picture, and the JSON of a machine that is to go on later.
//! Starts no thread and reads no clock: events and the time come from the caller, and what a chart asks of the world goes
//! through [`Host`]. Never does IO, and never leaves a machine in a configuration that the chart does not allow.

mod chart;
mod check;
pub mod draw;
mod error;
pub mod form;
mod guard;
mod history;
mod load;
mod machine;
mod saved;
mod scxml;
mod set;
mod step;
mod template;
#[cfg(test)]
mod tests;

pub use chart::{Chart, Kind, State, StateId, Transition};
pub use error::{ChartError, Fault, Place};
pub use machine::{Event, Host, Machine, NoHost, RunError, Scope};
pub use saved::{RestoreError, SavedEvent, SavedMachine};
