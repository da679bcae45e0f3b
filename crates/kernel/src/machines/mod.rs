//! Running state machines: the modes of the program and the tools of capabilities.
//!
//! Events come in as [`Input`] through [`Kernel::signal`](crate::Kernel::signal): from the pointer, from keys, from the window. What a
//! machine asks for are requests to the kernel as any other, so that everything a tool does is a command. Machines belong to
//! the session: they and what they show while a drag lasts are in no log.

mod chart;
mod host;
mod input;
mod pointer;
mod preview;
mod run;

use std::collections::{BTreeMap, VecDeque};

use base::DocumentId;
use statechart::{Event, Machine};

pub use chart::LazyChart;
pub use input::{Button, Input, Modifiers, PointerInput, PointerPhase};
pub use preview::{Preview, PreviewShape};
pub use run::Signalled;

use pointer::Pointer;

/// The machines of a session.
#[derive(Clone, Debug, Default)]
pub(crate) struct Machines {
    /// Those that have been started, by the ids of their charts. One that is answering an event is not among them.
    running: BTreeMap<String, Running>,
    /// Events that wait while another one is answered, and the chart that each is for; none for all that listen.
    waiting: VecDeque<(Option<String>, Event)>,
    answering: bool,
    pointer: Pointer,
    /// The document that the last input was about.
    document: Option<DocumentId>,
}

/// A machine and its clock.
#[derive(Clone, Debug)]
struct Running {
    machine: Machine,
    /// When the machine's clock stood at zero, in milliseconds since the Unix epoch.
    zero: i64,
}

impl Machines {
    /// The machine of a chart, once it has been started.
    pub fn get(&self, chart: &str) -> Option<&Machine> {
        self.running.get(chart).map(|running| &running.machine)
    }
}
