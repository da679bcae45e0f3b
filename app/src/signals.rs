//! SIGINT and SIGTERM: the first one asks the run to stop, the second one ends the process.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use batch::Interrupt;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

use crate::report::Failure;

/// Whether and by which signal the process was asked to stop.
pub struct Signals(Arc<AtomicUsize>);

impl Signals {
    /// Listens from now on.
    pub fn listen() -> Result<Self, Failure> {
        let received = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            let code = 128 + signal;
            let failed =
                |error: std::io::Error| Failure::new(1, format!("cannot listen to signals: {error}"));
            // In this order the first signal finds the flag not yet set.
            flag::register_conditional_shutdown(signal, code, again.clone()).map_err(failed)?;
            flag::register(signal, again.clone()).map_err(failed)?;
            flag::register_usize(signal, received.clone(), signal as usize).map_err(failed)?;
        }
        Ok(Signals(received))
    }

    /// The exit code that says by which signal the process was stopped.
    pub fn exit_code(&self) -> Option<u8> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(128 + signal as u8),
        }
    }
}

impl Interrupt for Signals {
    fn requested(&self) -> bool {
        self.exit_code().is_some()
    }
}
