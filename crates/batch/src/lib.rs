//! Scripts: steps in JSON, checked as a whole, then run through the kernel.
//!
//! Owns the script format, the resolving of variables and step results, and the order of steps. Never touches a file
//! or a clock by itself, and knows no command: everything of that is the kernel's.

mod branches;
mod expand;
mod formula;
mod known;
mod lane;
mod plan;
mod preview;
mod read;
mod run;
mod schema;
mod script;
mod settle;
mod template;
mod values;
mod versions;

pub use known::{Known, Origins};
pub use plan::Plan;
pub use preview::{Preview, preview};
pub use read::World;
pub use run::{Interrupt, Options, Outcome, Progress, StepReport, Way, run};
pub use schema::schema;
pub use script::{Item, Place, Script, ScriptError, Step};
pub use versions::{Blobs, Kept, Past, Point, Version, Versions};
