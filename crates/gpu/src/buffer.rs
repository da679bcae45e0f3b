//! Buffers: lists of plain values in the device's memory.

use std::{marker::PhantomData, sync::Arc};

use bytemuck::{NoUninit, Pod};

use crate::{
    Gpu, GpuError,
    pool::{Lease, Purpose, class},
};

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Values of vertices or of instances.
    Vertices,
    /// Numbers of vertices.
    Indices,
    /// A few values for all invocations of a shader; 16-byte aligned.
    Uniform,
    /// Many values that shaders read and kernels write.
    Storage,
}

/// A list of values in the device's memory.
#[derive(Debug)]
pub struct Buffer<T> {
    pub(crate) raw: wgpu::Buffer,
    pub(crate) len: usize,
    /// Holds it while it is of the pool.
    pub(crate) lease: Option<Arc<Lease>>,
    of: PhantomData<fn() -> T>,
}

impl<T> Buffer<T> {
    /// How many values it holds.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes of it that shaders see: whole words, enough for the largest of values.
    pub(crate) fn bytes(&self) -> u64 {
        bytes((self.len as u64).saturating_mul(size_of::<T>() as u64))
    }
}

/// The size of a buffer for so many bytes: whole words, and no fewer than a vector of four.
fn bytes(values: u64) -> u64 {
    values.checked_next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT).unwrap_or(u64::MAX).max(16)
}

impl Gpu {
    /// A buffer with these values.
    ///
    /// # Errors
    /// It is larger than the adapter allows, there is no memory for it, or the device is lost.
    pub fn buffer<T: NoUninit>(&self, usage: Use, values: &[T]) -> Result<Buffer<T>, GpuError> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let raw = self.raw_buffer(usage, bytes.len() as u64)?;
        if !bytes.is_empty() {
            // Mapped ranges are whole words; so the last one may be longer than what is written.
            let mapped = raw.get_mapped_range_mut(..);
            let mut mapped = mapped
                .map_err(|error| GpuError::Invalid { what: "a buffer".into(), reason: error.to_string() })?;
            mapped.slice(..bytes.len()).copy_from_slice(bytes);
        }
        raw.unmap();
        Ok(Buffer { raw, len: values.len(), lease: None, of: PhantomData })
    }

    /// A buffer of so many zeros, to be written by kernels.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub fn zeros<T: Pod>(&self, usage: Use, len: usize) -> Result<Buffer<T>, GpuError> {
        let raw = self.raw_buffer(usage, (len as u64).saturating_mul(size_of::<T>() as u64))?;
        raw.unmap();
        Ok(Buffer { raw, len, lease: None, of: PhantomData })
    }

    /// A storage buffer for so many values that is used again once it is dropped and all that was recorded with it is
    /// submitted or dropped. It holds whatever was left in it.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub fn lend<T: Pod>(&self, len: usize) -> Result<Buffer<T>, GpuError> {
        let size = bytes((len as u64).saturating_mul(size_of::<T>() as u64));
        let limit = self.limits().storage_bytes.min(self.limits().buffer_bytes);
        Gpu::allow("a storage buffer in bytes", size, limit)?;
        let raw = self.pooled(Purpose::Storage, class(size).min(self.limits().buffer_bytes))?;
        let lease = Arc::new(Lease { raw: raw.clone(), pool: Arc::downgrade(self.pool()) });
        Ok(Buffer { raw, len, lease: Some(lease), of: PhantomData })
    }

    /// The same with these values.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub fn lend_with<T: Pod>(&self, values: &[T]) -> Result<Buffer<T>, GpuError> {
        let lent = self.lend(values.len())?;
        let bytes: &[u8] = bytemuck::cast_slice(values);
        let words = bytes.len() - bytes.len() % wgpu::COPY_BUFFER_ALIGNMENT as usize;
        self.guarded("a storage buffer", || {
            let (whole, rest) = bytes.split_at(words);
            if !whole.is_empty() {
                self.queue().write_buffer(&lent.raw, 0, whole);
            }
            if !rest.is_empty() {
                let mut word = [0; wgpu::COPY_BUFFER_ALIGNMENT as usize];
                word[..rest.len()].copy_from_slice(rest);
                self.queue().write_buffer(&lent.raw, words as u64, &word);
            }
        })?;
        Ok(lent)
    }

    /// A buffer of just this size, of the pool where it has one. Where memory is short, what lies idle is let go first.
    pub(crate) fn pooled(&self, purpose: Purpose, size: u64) -> Result<wgpu::Buffer, GpuError> {
        if let Some(raw) = self.pool().take(purpose, size) {
            return Ok(raw);
        }
        let usage = purpose.usage();
        let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
        let make = || self.guarded("a buffer", || self.device().create_buffer(&descriptor));
        match make() {
            Err(GpuError::OutOfMemory { .. }) => {
                self.pool().clear();
                make()
            }
            made => made,
        }
    }

    /// A buffer that times are resolved into.
    pub(crate) fn marks(&self) -> Result<Buffer<u64>, GpuError> {
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let descriptor = wgpu::BufferDescriptor { label: None, size: 16, usage, mapped_at_creation: false };
        let raw = self.guarded("time marks", || self.device().create_buffer(&descriptor))?;
        Ok(Buffer { raw, len: 2, lease: None, of: PhantomData })
    }

    /// A mapped buffer of at least so many bytes; it starts as zeros.
    fn raw_buffer(&self, usage: Use, values: u64) -> Result<wgpu::Buffer, GpuError> {
        let (name, usages, limit) = match usage {
            Use::Vertices => ("a list of vertices", wgpu::BufferUsages::VERTEX, u64::MAX),
            Use::Indices => ("a list of indices", wgpu::BufferUsages::INDEX, u64::MAX),
            Use::Uniform => ("a uniform buffer", wgpu::BufferUsages::UNIFORM, self.limits().uniform_bytes),
            Use::Storage => (
                "a storage buffer",
                wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
                self.limits().storage_bytes,
            ),
        };
        Gpu::allow(&format!("{name} in bytes"), values, limit.min(self.limits().buffer_bytes))?;
        // Without a copy, where the memory is the processor's own.
        let direct = match usage {
            Use::Vertices | Use::Indices if self.shares_memory() => wgpu::BufferUsages::MAP_WRITE,
            _ => wgpu::BufferUsages::empty(),
        };
        let descriptor = wgpu::BufferDescriptor {
            label: Some(name),
            size: bytes(values),
            usage: usages | direct,
            mapped_at_creation: true,
        };
        self.guarded(name, || self.device().create_buffer(&descriptor))
    }
}
