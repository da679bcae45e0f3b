//! The log, shared by the kernel and by what runs away from it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ports::EventLog;

/// One log for several threads. It is locked for one call at a time, never across two.
#[derive(Clone)]
pub(crate) struct SharedLog(Arc<Mutex<Box<dyn EventLog>>>);

impl SharedLog {
    pub fn new(log: Box<dyn EventLog>) -> Self {
        SharedLog(Arc::new(Mutex::new(log)))
    }

    /// The log. A thread that panicked while it held it has broken nothing: the log's own calls are all or nothing.
    pub fn lock(&self) -> MutexGuard<'_, Box<dyn EventLog>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
