//! Buffers: lists of plain values in the device's memory.

use std::marker::PhantomData;

use bytemuck::{NoUninit, Pod};

use crate::{Gpu, GpuError};

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
        Ok(Buffer { raw, len: values.len(), of: PhantomData })
    }

    /// A buffer of so many zeros, to be written by kernels.
    ///
    /// # Errors
    /// As [`Gpu::buffer`].
    pub fn zeros<T: Pod>(&self, usage: Use, len: usize) -> Result<Buffer<T>, GpuError> {
        let raw = self.raw_buffer(usage, (len as u64).saturating_mul(size_of::<T>() as u64))?;
        raw.unmap();
        Ok(Buffer { raw, len, of: PhantomData })
    }

    /// A mapped buffer of at least so many bytes; it starts as zeros.
    fn raw_buffer(&self, usage: Use, bytes: u64) -> Result<wgpu::Buffer, GpuError> {
        let (name, usages, limit) = match usage {
            Use::Vertices => ("a list of vertices", wgpu::BufferUsages::VERTEX, u64::MAX),
            Use::Indices => ("a list of indices", wgpu::BufferUsages::INDEX, u64::MAX),
            Use::Uniform => ("a uniform buffer", wgpu::BufferUsages::UNIFORM, u64::MAX),
            Use::Storage => (
                "a storage buffer",
                wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
                self.limits().storage_bytes,
            ),
        };
        Gpu::allow(&format!("{name} in bytes"), bytes, limit.min(self.limits().buffer_bytes))?;
        // Without a copy, where the memory is the processor's own.
        let direct = match usage {
            Use::Vertices | Use::Indices if self.shares_memory() => wgpu::BufferUsages::MAP_WRITE,
            _ => wgpu::BufferUsages::empty(),
        };
        let descriptor = wgpu::BufferDescriptor {
            label: Some(name),
            size: bytes.next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT).max(16),
            usage: usages | direct,
            mapped_at_creation: true,
        };
        self.guarded(name, || self.device().create_buffer(&descriptor))
    }
}
