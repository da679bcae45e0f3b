//! How long the device itself takes.

use crate::{Buffer, Commands, Gpu, GpuError};

/// How long commands took on the device, once they were submitted.
#[derive(Debug)]
pub struct Timing(Option<(Gpu, Buffer<u64>)>);

impl Gpu {
    /// Whether [`Commands::timed`] gives times.
    pub fn has_timestamps(&self) -> bool {
        let needed = wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS;
        self.device().features().contains(needed)
    }
}

impl Commands {
    /// Records commands whose time on the device is taken. They stand between two marks in the order of the queue.
    ///
    /// # Errors
    /// What `record` gives, no memory, a lost device.
    pub fn timed<R>(
        &mut self,
        record: impl FnOnce(&mut Commands) -> Result<R, GpuError>,
    ) -> Result<(R, Timing), GpuError> {
        let gpu = self.gpu().clone();
        if !gpu.has_timestamps() {
            return Ok((record(self)?, Timing(None)));
        }
        let marks = gpu.guarded("time marks", || {
            gpu.device().create_query_set(&wgpu::QuerySetDescriptor {
                label: None,
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            })
        })?;
        let times = gpu.marks()?;
        self.encoder.write_timestamp(&marks, 0);
        let recorded = record(self)?;
        self.encoder.write_timestamp(&marks, 1);
        self.encoder.resolve_query_set(&marks, 0..2, &times.raw, 0);
        Ok((recorded, Timing(Some((gpu, times)))))
    }
}

impl Timing {
    /// Nanoseconds on the device, when the commands are done; none where the adapter takes no times.
    ///
    /// # Errors
    /// No memory, or a lost device.
    pub fn nanoseconds(self) -> Result<Option<f64>, GpuError> {
        let Some((gpu, times)) = self.0 else { return Ok(None) };
        let period = f64::from(gpu.queue().get_timestamp_period());
        Ok(match gpu.read(&times)?[..] {
            [start, end] if end >= start => Some((end - start) as f64 * period),
            _ => None,
        })
    }
}
