//! What tests share: pictures made at run time, comparison of pictures and JSON, and the runner for test cases that
//! are data.
//!
//! Owns the format of `case.json` (see [`Case`]) and the measure by which two pictures count as equal. Never part of
//! what ships, and never depends on the code under test: it drives finished programs and reads their files.

// Tests prepare folders and start programs; there is no port to go through.
#![allow(clippy::disallowed_methods)]

mod case;
mod check;
mod fixture;
mod image;
mod json;
pub mod photo;
mod process;
mod runner;

pub use case::{Case, CaseError, Like, Output, Probe, Run, Text};
pub use fixture::Fixture;
pub use image::{Difference, Format, Image, ImageError, Scans};
pub use json::subset;
pub use process::{Finished, run};
pub use runner::{Bench, Failure};
