//! The device: opening it, what it allows, and turning its failures into errors.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    Adapter, Choice, GpuError, Kind, Layout, Pipeline, PipelineSpec, PipelineStore, Sampler, SamplerSpec,
    Slot, adapter,
    keep::Kept,
    kernel::{Kernel, KernelSpec},
    pool::Pool,
};

/// An open device. Clones share it; so may threads.
#[derive(Clone, Debug)]
pub struct Gpu {
    inner: Arc<Inner>,
}

/// What an adapter allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest side of a texture or a target, in pixels.
    pub texture_side: u32,
    /// The size of a buffer, in bytes.
    pub buffer_bytes: u64,
    /// The part of a buffer that a shader sees as storage, in bytes.
    pub storage_bytes: u64,
    /// The part of a buffer that a shader sees as uniform, in bytes.
    pub uniform_bytes: u64,
    /// The most workgroups of a kernel in one dimension.
    pub workgroups: u32,
}

#[derive(Debug)]
struct Inner {
    adapter: Adapter,
    limits: Limits,
    device: wgpu::Device,
    queue: wgpu::Queue,
    failure: Arc<Mutex<Option<GpuError>>>,
    caches: Mutex<Caches>,
    pool: Arc<Pool>,
    kept: Option<Kept>,
}

/// What was made before and is the same for everybody.
#[derive(Debug, Default)]
pub(crate) struct Caches {
    pub(crate) shaders: HashMap<String, wgpu::ShaderModule>,
    pub(crate) layouts: HashMap<Vec<Slot>, Layout>,
    pub(crate) samplers: HashMap<SamplerSpec, Sampler>,
    pub(crate) pipelines: HashMap<PipelineSpec, Pipeline>,
    pub(crate) kernels: HashMap<KernelSpec, Kernel>,
}

impl Gpu {
    /// Opens an adapter. Neither a display nor a window is needed.
    ///
    /// # Errors
    /// There is no such adapter, or its driver refuses.
    pub fn open(choice: &Choice) -> Result<Self, GpuError> {
        Gpu::open_with(choice, None)
    }

    /// The same; compiled pipelines are taken from `store`, and kept there when the last clone goes.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub fn open_with(choice: &Choice, store: Option<Arc<dyn PipelineStore>>) -> Result<Self, GpuError> {
        let mut found = adapter::found();
        let known: Vec<Adapter> = found.iter().map(Adapter::of).collect();
        let place = adapter::choose(choice, &known)?;
        let (device, queue) = request(&found.swap_remove(place), &known[place])?;
        let failure = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&failure);
        device.on_uncaptured_error(Arc::new(move |error| note(&seen, typed("a command", error))));
        let seen = Arc::clone(&failure);
        device.set_device_lost_callback(move |_, reason| note(&seen, GpuError::Lost { reason }));
        let limits = device.limits();
        let limits = Limits {
            texture_side: limits.max_texture_dimension_2d,
            buffer_bytes: limits.max_buffer_size,
            storage_bytes: limits.max_storage_buffer_binding_size,
            uniform_bytes: limits.max_uniform_buffer_binding_size,
            workgroups: limits.max_compute_workgroups_per_dimension,
        };
        let adapter = known[place].clone();
        let kept = store.and_then(|store| Kept::load(&device, &adapter, store));
        let (caches, pool) = (Mutex::default(), Arc::default());
        let inner = Inner { adapter, limits, device, queue, failure, caches, pool, kept };
        Ok(Gpu { inner: Arc::new(inner) })
    }

    /// What it runs on.
    pub fn adapter(&self) -> &Adapter {
        &self.inner.adapter
    }

    /// What it allows.
    pub fn limits(&self) -> Limits {
        self.inner.limits
    }

    /// Gives the device up: whatever is asked of it from now on is [`GpuError::Lost`].
    pub fn close(&self) {
        self.device().destroy();
        note(&self.inner.failure, GpuError::Lost { reason: "it was closed".to_owned() });
    }

    pub(crate) fn device(&self) -> &wgpu::Device {
        &self.inner.device
    }

    pub(crate) fn queue(&self) -> &wgpu::Queue {
        &self.inner.queue
    }

    pub(crate) fn caches(&self) -> MutexGuard<'_, Caches> {
        self.inner.caches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.inner.pool
    }

    /// Where drivers look for pipelines that they have compiled before.
    pub(crate) fn pipeline_cache(&self) -> Option<&wgpu::PipelineCache> {
        self.inner.kept.as_ref().map(|kept| &kept.raw)
    }

    /// Whether it is known to be lost.
    pub(crate) fn is_lost(&self) -> bool {
        let failure = self.inner.failure.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(&*failure, Some(GpuError::Lost { .. }))
    }

    /// Whether both are clones of one.
    pub(crate) fn is_same(&self, other: &Gpu) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// Whether the processor writes into the device's memory directly.
    pub(crate) fn shares_memory(&self) -> bool {
        self.device().features().contains(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS)
    }

    /// What failed since it was last asked; a loss stays.
    ///
    /// # Errors
    /// What failed.
    pub(crate) fn check(&self) -> Result<(), GpuError> {
        let mut failure = self.inner.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match &*failure {
            None => Ok(()),
            Some(lost @ GpuError::Lost { .. }) => Err(lost.clone()),
            Some(_) => Err(failure.take().unwrap_or(GpuError::Lost { reason: String::new() })),
        }
    }

    /// Runs something that the driver may refuse; `what` names it in errors.
    ///
    /// # Errors
    /// What the driver, or wgpu before it, says.
    pub(crate) fn guarded<T>(&self, what: &str, make: impl FnOnce() -> T) -> Result<T, GpuError> {
        self.check()?;
        let device = self.device();
        let scopes =
            [wgpu::ErrorFilter::Internal, wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Validation]
                .map(|filter| device.push_error_scope(filter));
        let made = make();
        let mut error = None;
        for scope in scopes.into_iter().rev() {
            error = error.or(pollster::block_on(scope.pop()));
        }
        self.check()?;
        match error {
            Some(error) => Err(typed(what, error)),
            None => Ok(made),
        }
    }

    /// Refuses what is over a limit.
    ///
    /// # Errors
    /// The value is over the limit.
    pub(crate) fn allow(what: &str, value: u64, limit: u64) -> Result<(), GpuError> {
        if value > limit {
            return Err(GpuError::TooLarge { what: what.to_owned(), value, limit });
        }
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(kept) = &self.kept {
            kept.save();
        }
    }
}

/// What is used where the adapter offers it.
const OFFERED: wgpu::Features = wgpu::Features::PIPELINE_CACHE
    .union(wgpu::Features::TIMESTAMP_QUERY)
    .union(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS);

/// A device with all that the adapter allows.
fn request(adapter: &wgpu::Adapter, known: &Adapter) -> Result<(wgpu::Device, wgpu::Queue), GpuError> {
    // Where the device's memory is the processor's own, what is large is given back as soon as it is dropped.
    let (shared, memory_hints) = match known.kind {
        Kind::Software | Kind::Integrated => {
            (wgpu::Features::MAPPABLE_PRIMARY_BUFFERS, wgpu::MemoryHints::MemoryUsage)
        }
        Kind::Discrete | Kind::Virtual => (wgpu::Features::empty(), wgpu::MemoryHints::Performance),
    };
    let descriptor = wgpu::DeviceDescriptor {
        required_limits: adapter.limits(),
        required_features: adapter.features() & (shared | OFFERED),
        memory_hints,
        ..Default::default()
    };
    pollster::block_on(adapter.request_device(&descriptor))
        .map_err(|error| GpuError::NoDevice { adapter: known.name.clone(), reason: error.to_string() })
}

/// Keeps the first failure, but a loss over all others.
fn note(failure: &Mutex<Option<GpuError>>, error: GpuError) {
    let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
    if failure.is_none() || matches!(error, GpuError::Lost { .. }) {
        *failure = Some(error);
    }
}

fn typed(what: &str, error: wgpu::Error) -> GpuError {
    let what = what.to_owned();
    match error {
        wgpu::Error::OutOfMemory { .. } => GpuError::OutOfMemory { what },
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            GpuError::Invalid { what, reason: description }
        }
    }
}
