//! The kernel's ports over this machine: files through the vfs, fonts, the clock, and the log through the store.

mod files;
mod folder;
mod fonts;
mod log;
pub mod mounts;
mod pipelines;
mod versions;

use std::time::{SystemTime, UNIX_EPOCH};

pub use files::LocalFiles;
pub use fonts::Fonts;
pub use log::{Log, contents};
pub use pipelines::Pipelines;
pub use versions::StepVersions;

/// The clock of the machine.
pub struct SystemClock;

impl kernel::ports::Clock for SystemClock {
    fn now(&self) -> i64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
    }
}
