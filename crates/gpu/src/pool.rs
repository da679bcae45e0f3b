//! Buffers that are used again: making one costs more than filling a small one.
//!
//! A buffer goes back when nothing that was recorded but not yet submitted reads or writes it. The queue runs what is
//! submitted in order, so whoever takes it next comes after whoever had it before.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError, Weak},
};

/// The most bytes that lie idle. Beyond it, what was given back longest ago is let go.
const IDLE_BYTES: u64 = 256 << 20;
/// The most buffers that lie idle.
const IDLE_BUFFERS: usize = 128;

/// What a buffer of the pool is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Read and written by kernels.
    Storage,
    /// Read by the processor.
    Reading,
}

impl Purpose {
    pub(crate) fn usage(self) -> wgpu::BufferUsages {
        match self {
            Purpose::Storage => {
                wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST
            }
            Purpose::Reading => wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        }
    }
}

/// The buffers of a device that nobody uses now.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Idle>);

#[derive(Debug, Default)]
struct Idle {
    /// From the one that was given back longest ago.
    buffers: VecDeque<(Purpose, wgpu::Buffer)>,
    bytes: u64,
}

impl Pool {
    /// An idle buffer of just this size, which is one of [`class`].
    pub(crate) fn take(&self, purpose: Purpose, size: u64) -> Option<wgpu::Buffer> {
        let mut idle = self.idle();
        let place = idle.buffers.iter().rposition(|(of, raw)| *of == purpose && raw.size() == size)?;
        let (_, raw) = idle.buffers.remove(place)?;
        idle.bytes -= size;
        Some(raw)
    }

    /// Takes a buffer back.
    pub(crate) fn give(&self, purpose: Purpose, raw: wgpu::Buffer) {
        let mut idle = self.idle();
        idle.bytes += raw.size();
        idle.buffers.push_back((purpose, raw));
        while idle.bytes > IDLE_BYTES || idle.buffers.len() > IDLE_BUFFERS {
            let Some((_, oldest)) = idle.buffers.pop_front() else { break };
            idle.bytes -= oldest.size();
        }
    }

    /// Lets go of everything that is idle.
    pub(crate) fn clear(&self) {
        *self.idle() = Idle::default();
    }

    /// How many buffers are idle, and their bytes.
    #[cfg(test)]
    pub(crate) fn held(&self) -> (usize, u64) {
        let idle = self.idle();
        (idle.buffers.len(), idle.bytes)
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The size of a buffer that holds so many bytes: at most an eighth more, in few classes.
pub(crate) fn class(bytes: u64) -> u64 {
    let step = (bytes.max(1).checked_next_power_of_two().unwrap_or(1 << 63) / 16).max(256);
    bytes.max(1).checked_next_multiple_of(step).unwrap_or(u64::MAX)
}

/// A buffer of the pool in use; it goes back when its last holder lets go.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) raw: wgpu::Buffer,
    pub(crate) pool: Weak<Pool>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.give(Purpose::Storage, self.raw.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_few_and_waste_at_most_an_eighth() {
        for bytes in [0, 1, 255, 256, 257, 4095, 4097, 96_000_000, (1 << 30) + 1, u64::MAX] {
            let size = class(bytes);
            assert!(size >= bytes && size > 0, "{bytes}: {size}");
            assert!(!(4096..=1 << 40).contains(&bytes) || size - bytes <= bytes / 8, "{bytes}: {size}");
        }
        let classes: std::collections::BTreeSet<u64> = (1 << 20..1 << 21).step_by(999).map(class).collect();
        assert!(classes.len() <= 9, "{classes:?}");
    }
}
