//! One device for all that draws.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{Choice, Gpu, GpuError};

/// A device that is opened when it is used first. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Shared(Arc<(Choice, Mutex<Option<Gpu>>)>);

impl Shared {
    /// A device on the adapter that is meant.
    pub fn new(choice: Choice) -> Self {
        Shared(Arc::new((choice, Mutex::default())))
    }

    /// The device.
    ///
    /// # Errors
    /// No adapter is what is meant, or it gives no device.
    pub fn gpu(&self) -> Result<Gpu, GpuError> {
        let (choice, gpu) = &*self.0;
        let mut gpu = gpu.lock().unwrap_or_else(PoisonError::into_inner);
        match &*gpu {
            Some(gpu) => Ok(gpu.clone()),
            None => Ok(gpu.insert(Gpu::open(choice)?).clone()),
        }
    }

    /// Uses the device, once more on a new one when the first is lost.
    ///
    /// # Errors
    /// As for [`Shared::gpu`], and what `work` gives.
    pub fn run<T, E: From<GpuError>>(
        &self,
        work: impl Fn(&Gpu) -> Result<T, E>,
        is_lost: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        match work(&self.gpu()?) {
            Err(error) if is_lost(&error) => {
                self.close();
                work(&self.gpu()?)
            }
            outcome => outcome,
        }
    }

    /// Lets go of the device; the next use opens it again.
    pub fn close(&self) {
        *self.0.1.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
