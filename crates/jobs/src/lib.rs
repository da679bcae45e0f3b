//! The DAG engine: jobs that wait for each other, run side by side on a number of lanes.
//!
//! Owns order, readiness, lanes, retries, cancelling and what becomes of a job that panics. Knows nothing of what a job
//! does, and touches no clock but to wait before it tries again.

mod engine;
mod graph;

pub use engine::{Ending, Failure, Work, run, run_rest};
pub use graph::{Cycle, Graph};
