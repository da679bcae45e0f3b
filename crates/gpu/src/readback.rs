//! Reading back what the device made.

use std::sync::mpsc;

use bytemuck::{AnyBitPattern, NoUninit, Pod};

use crate::{Buffer, Format, Gpu, GpuError, Texture};

impl Gpu {
    /// The values of a storage buffer, when all that was submitted is done.
    ///
    /// # Errors
    /// No memory, or a lost device.
    pub fn read<T: Pod>(&self, buffer: &Buffer<T>) -> Result<Vec<T>, GpuError> {
        let bytes = buffer.raw.size();
        let read = self.staging(bytes)?;
        let mut commands = self.commands();
        commands.encoder.copy_buffer_to_buffer(&buffer.raw, 0, &read, 0, bytes);
        commands.submit()?;
        let mut values = vec![T::zeroed(); buffer.len()];
        self.mapped(&read, |bytes| {
            let target: &mut [u8] = bytemuck::cast_slice_mut(&mut values);
            target.copy_from_slice(&bytes[..target.len()]);
        })?;
        Ok(values)
    }

    /// The pixels of a target of four bytes, rows from the top, when all that was submitted is done.
    ///
    /// # Errors
    /// Another format, no memory, or a lost device.
    pub fn read_pixels(&self, texture: &Texture) -> Result<Vec<[u8; 4]>, GpuError> {
        self.read_texture(texture, &[Format::Rgba8, Format::Rgba8Srgb])
    }

    /// The pixels of a target of four floats, rows from the top, when all that was submitted is done.
    ///
    /// # Errors
    /// As [`Gpu::read_pixels`].
    pub fn read_floats(&self, texture: &Texture) -> Result<Vec<[f32; 4]>, GpuError> {
        self.read_texture(texture, &[Format::Rgba32Float])
    }

    fn read_texture<T>(&self, texture: &Texture, formats: &[Format]) -> Result<Vec<T>, GpuError>
    where
        T: NoUninit + AnyBitPattern,
    {
        let spec = texture.spec;
        if !formats.contains(&spec.format) {
            let reason = format!("its pixels are {:?}", spec.format);
            return Err(GpuError::Invalid { what: "reading a texture back".to_owned(), reason });
        }
        let row = spec.width as usize * size_of::<T>();
        let pitch = row.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT as usize);
        let read = self.staging(pitch as u64 * u64::from(spec.height))?;
        let layout = wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(pitch as u32),
            rows_per_image: Some(spec.height),
        };
        let to = wgpu::TexelCopyBufferInfo { buffer: &read, layout };
        let mut commands = self.commands();
        commands.encoder.copy_texture_to_buffer(texture.raw.as_image_copy(), to, texture.raw.size());
        commands.submit()?;
        let mut pixels = Vec::with_capacity(spec.width as usize * spec.height as usize);
        self.mapped(&read, |bytes| {
            for line in bytes.chunks_exact(pitch) {
                pixels.extend_from_slice(bytemuck::cast_slice(&line[..row]));
            }
        })?;
        Ok(pixels)
    }

    /// A buffer that the processor reads.
    fn staging(&self, size: u64) -> Result<wgpu::Buffer, GpuError> {
        Gpu::allow("what is read back in bytes", size, self.limits().buffer_bytes)?;
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
        self.guarded("reading back", || self.device().create_buffer(&descriptor))
    }

    /// Waits for a buffer and shows its bytes.
    fn mapped(&self, buffer: &wgpu::Buffer, read: impl FnOnce(&[u8])) -> Result<(), GpuError> {
        let invalid = |reason: String| GpuError::Invalid { what: "reading back".to_owned(), reason };
        let (done, mapped) = mpsc::channel();
        self.guarded("reading back", || {
            buffer.map_async(wgpu::MapMode::Read, .., move |result| {
                // Nobody waits any more where the device failed before.
                let _ = done.send(result);
            });
            self.device().poll(wgpu::PollType::wait_indefinitely())
        })?
        .map_err(|error| invalid(error.to_string()))?;
        mapped
            .recv()
            .map_err(|error| invalid(error.to_string()))?
            .map_err(|error| invalid(error.to_string()))?;
        read(&buffer.get_mapped_range(..).map_err(|error| invalid(error.to_string()))?);
        buffer.unmap();
        Ok(())
    }
}
