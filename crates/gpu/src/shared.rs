//! One device for all that draws and computes.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::{Adapter, Choice, Gpu, GpuError, PipelineStore, adapter};

/// A device that is opened when it is used first, and anew after it was lost. Clones share it.
#[derive(Clone, Default)]
pub struct Shared(Arc<Inner>);

#[derive(Default)]
struct Inner {
    choice: Choice,
    store: Option<Arc<dyn PipelineStore>>,
    adapter: OnceLock<Result<Adapter, GpuError>>,
    gpu: Mutex<Option<Gpu>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("choice", &self.0.choice).finish_non_exhaustive()
    }
}

impl Shared {
    /// A device on the adapter that is meant.
    pub fn new(choice: Choice) -> Self {
        Shared(Arc::new(Inner { choice, ..Inner::default() }))
    }

    /// The same, with compiled pipelines kept in `store` between runs.
    pub fn with_store(choice: Choice, store: Arc<dyn PipelineStore>) -> Self {
        Shared(Arc::new(Inner { choice, store: Some(store), ..Inner::default() }))
    }

    /// Which adapter is meant.
    pub fn choice(&self) -> &Choice {
        &self.0.choice
    }

    /// Whether a device is open.
    pub fn is_open(&self) -> bool {
        self.held().as_ref().is_some_and(|gpu| !gpu.is_lost())
    }

    /// The adapter that is meant. It is looked for once, and no device is opened.
    ///
    /// # Errors
    /// No adapter is what is meant.
    pub fn adapter(&self) -> Result<Adapter, GpuError> {
        let find = || {
            if let Some(gpu) = &*self.held() {
                return Ok(gpu.adapter().clone());
            }
            let mut adapters = adapter::adapters();
            let place = adapter::choose(&self.0.choice, &adapters)?;
            Ok(adapters.swap_remove(place))
        };
        self.0.adapter.get_or_init(find).clone()
    }

    /// The device: the one that is open, unless it is known to be lost.
    ///
    /// # Errors
    /// No adapter is what is meant, or it gives no device.
    pub fn gpu(&self) -> Result<Gpu, GpuError> {
        let mut gpu = self.held();
        match &*gpu {
            Some(gpu) if !gpu.is_lost() => Ok(gpu.clone()),
            _ => Ok(gpu.insert(Gpu::open_with(&self.0.choice, self.0.store.clone())?).clone()),
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
        let gpu = self.gpu()?;
        match work(&gpu) {
            Err(error) if is_lost(&error) => {
                // Another thread may have opened a new one in the meantime, which stays.
                self.held().take_if(|held| held.is_same(&gpu));
                work(&self.gpu()?)
            }
            outcome => outcome,
        }
    }

    /// Lets go of the device; the next use opens it again.
    pub fn close(&self) {
        *self.held() = None;
    }

    fn held(&self) -> MutexGuard<'_, Option<Gpu>> {
        self.0.gpu.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
