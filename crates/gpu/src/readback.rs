//! Reading back what the device made, at once or later.

use std::{marker::PhantomData, sync::mpsc};

use bytemuck::{NoUninit, Pod};

use crate::{
    Buffer, Format, Gpu, GpuError, Texture,
    pool::{Purpose, class},
};

/// Values on their way from the device. Dropping it gives them up.
#[derive(Debug)]
pub struct Reading<T> {
    gpu: Gpu,
    raw: wgpu::Buffer,
    /// The bytes of a row, and from one row to the next.
    row: usize,
    pitch: usize,
    rows: usize,
    submission: wgpu::SubmissionIndex,
    mapped: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
    outcome: Option<Result<(), wgpu::BufferAsyncError>>,
    of: PhantomData<fn() -> T>,
}

impl<T: Pod> Reading<T> {
    /// Whether [`Reading::wait`] would return at once. Never waits for the device.
    ///
    /// # Errors
    /// A lost device.
    pub fn is_done(&mut self) -> Result<bool, GpuError> {
        if self.outcome.is_none() {
            self.poll(wgpu::PollType::Poll)?;
            self.outcome = self.mapped.try_recv().ok();
        }
        Ok(self.outcome.is_some())
    }

    /// The values, in the order in which they lie on the device; waits for what was submitted before the reading began.
    ///
    /// # Errors
    /// A lost device.
    pub fn wait(mut self) -> Result<Vec<T>, GpuError> {
        if self.outcome.is_none() {
            let submission_index = Some(self.submission.clone());
            self.poll(wgpu::PollType::Wait { submission_index, timeout: None })?;
        }
        let outcome = match self.outcome.take() {
            Some(outcome) => outcome,
            None => self.mapped.recv().map_err(failed)?,
        };
        outcome.map_err(failed)?;
        let mut values = vec![T::zeroed(); self.row / size_of::<T>().max(1) * self.rows];
        {
            let mapped = self.raw.get_mapped_range(..).map_err(failed)?;
            let target: &mut [u8] = bytemuck::cast_slice_mut(&mut values);
            let lines = mapped.chunks(self.pitch.max(1));
            for (to, from) in target.chunks_exact_mut(self.row.max(1)).zip(lines) {
                to.copy_from_slice(&from[..self.row]);
            }
        }
        self.raw.unmap();
        self.gpu.pool().give(Purpose::Reading, self.raw);
        Ok(values)
    }

    fn poll(&self, poll: wgpu::PollType) -> Result<(), GpuError> {
        self.gpu.guarded("reading back", || self.gpu.device().poll(poll))?.map(drop).map_err(failed)
    }
}

fn failed(error: impl ToString) -> GpuError {
    GpuError::Invalid { what: "reading back".to_owned(), reason: error.to_string() }
}

impl Gpu {
    /// The values of a storage buffer, when all that was submitted is done.
    ///
    /// # Errors
    /// No memory, or a lost device.
    pub fn read<T: Pod>(&self, buffer: &Buffer<T>) -> Result<Vec<T>, GpuError> {
        self.start_reading(buffer)?.wait()
    }

    /// Starts to read a storage buffer as it is when all that was submitted is done. Does not wait for the device.
    ///
    /// # Errors
    /// As [`Gpu::read`].
    pub fn start_reading<T: Pod>(&self, buffer: &Buffer<T>) -> Result<Reading<T>, GpuError> {
        let bytes = buffer.bytes();
        let row = buffer.len() * size_of::<T>();
        self.reading((row, row, usize::from(row > 0)), bytes, |encoder, to| {
            encoder.copy_buffer_to_buffer(&buffer.raw, 0, to, 0, bytes);
        })
    }

    /// The pixels of a target of four bytes, rows from the top, when all that was submitted is done.
    ///
    /// # Errors
    /// Another format, no memory, or a lost device.
    pub fn read_pixels(&self, texture: &Texture) -> Result<Vec<[u8; 4]>, GpuError> {
        self.start_reading_pixels(texture)?.wait()
    }

    /// Starts to read a target of four bytes; as [`Gpu::start_reading`].
    ///
    /// # Errors
    /// As [`Gpu::read_pixels`].
    pub fn start_reading_pixels(&self, texture: &Texture) -> Result<Reading<[u8; 4]>, GpuError> {
        self.reading_texture(texture, &[Format::Rgba8, Format::Rgba8Srgb])
    }

    /// The pixels of a target of four half floats, as their bits, rows from the top, when all that was submitted is done.
    ///
    /// # Errors
    /// As [`Gpu::read_pixels`].
    pub fn read_halves(&self, texture: &Texture) -> Result<Vec<[u16; 4]>, GpuError> {
        self.reading_texture(texture, &[Format::Rgba16Float])?.wait()
    }

    /// The pixels of a target of four floats, rows from the top, when all that was submitted is done.
    ///
    /// # Errors
    /// As [`Gpu::read_pixels`].
    pub fn read_floats(&self, texture: &Texture) -> Result<Vec<[f32; 4]>, GpuError> {
        self.reading_texture(texture, &[Format::Rgba32Float])?.wait()
    }

    fn reading_texture<T>(&self, texture: &Texture, formats: &[Format]) -> Result<Reading<T>, GpuError>
    where
        T: NoUninit + Pod,
    {
        let spec = texture.spec;
        if !formats.contains(&spec.format) {
            let reason = format!("its pixels are {:?}", spec.format);
            return Err(GpuError::Invalid { what: "reading a texture back".to_owned(), reason });
        }
        let row = spec.width as usize * size_of::<T>();
        let pitch = row.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT as usize);
        let layout = wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(pitch as u32),
            rows_per_image: Some(spec.height),
        };
        let bytes = pitch as u64 * u64::from(spec.height);
        self.reading((row, pitch, spec.height as usize), bytes, |encoder, buffer| {
            let to = wgpu::TexelCopyBufferInfo { buffer, layout };
            encoder.copy_texture_to_buffer(texture.raw.as_image_copy(), to, texture.raw.size());
        })
    }

    /// Copies what `copy` says into a buffer that the processor reads, and starts to map it.
    fn reading<T>(
        &self,
        (row, pitch, rows): (usize, usize, usize),
        bytes: u64,
        copy: impl FnOnce(&mut wgpu::CommandEncoder, &wgpu::Buffer),
    ) -> Result<Reading<T>, GpuError> {
        Gpu::allow("what is read back in bytes", bytes, self.limits().buffer_bytes)?;
        let raw = self.pooled(Purpose::Reading, class(bytes).min(self.limits().buffer_bytes))?;
        let mut commands = self.commands();
        copy(&mut commands.encoder, &raw);
        let submission = commands.hand_over()?;
        let (done, mapped) = mpsc::channel();
        self.guarded("reading back", || {
            raw.map_async(wgpu::MapMode::Read, .., move |result| {
                // Nobody waits any more where the reading was given up.
                let _ = done.send(result);
            });
        })?;
        let gpu = self.clone();
        Ok(Reading { gpu, raw, row, pitch, rows, submission, mapped, outcome: None, of: PhantomData })
    }
}
