//! Scripts: steps in JSON, checked as a whole, then run through the kernel.
//!
//! Owns the script format, the resolving of variables and step results, and the order of steps. Never touches a file
//! or a clock by itself, and knows no command: everything of that is the kernel's.

mod expand;
mod plan;
mod read;
mod run;
mod schema;
mod script;
mod template;

pub use plan::Plan;
pub use read::World;
pub use run::{Interrupt, Outcome, Progress, StepReport, run};
pub use schema::schema;
pub use script::{Item, Place, Script, ScriptError, Step};
