//! What is kept of runs of scripts, and told of them.

mod attest;
mod memory;
mod record;
mod whole;

pub use attest::{attest, signing_key};
pub use memory::{Memory, cache, whole};
pub use record::{RunRecord, StepRecord};
pub use whole::{Noted, keep as keep_whole, key as whole_key, recall};
