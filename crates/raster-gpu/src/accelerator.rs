//! The choice between the GPU and the references.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use base::Limits;
use gpu::{Adapter, Choice, Gpu, GpuError, Kind, Shared};
use raster::{
    Surface,
    blend::{self, Layer},
    boxes::Blur,
    resize::{self, Filter, Line, ResizeError},
};

use crate::boxes;

/// From how much work on the GPU is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Least {
    /// Pixels of a picture to be blurred.
    pub blurred: u64,
    /// Pixels of a picture that are read to resample it, or that are made, whichever are more.
    pub resized: u64,
    /// Pixels of layers whose modes the reference mixes in floats: the others cost it no more than the way to the GPU.
    pub blended: u64,
    /// Pixels of such pictures, all together, before a device is opened for them.
    pub opening: u64,
}

impl Default for Least {
    /// From where on the work outweighs the way over a PCIe bus and back, and about what a processor blurs in the time that
    /// looking for adapters and opening a device takes: so a process never does more than twice what it had to.
    fn default() -> Self {
        Least { blurred: 1 << 20, resized: 1 << 22, blended: 1 << 22, opening: 1 << 26 }
    }
}

/// Runs operations on pictures where they are fastest: on the GPU when there is enough to do, and it is hardware or the one
/// that was asked for by its name; else on the processor. Clones share what they know.
#[derive(Clone, Debug, Default)]
pub struct Accelerator {
    gpu: Shared,
    least: Least,
    done: Arc<Done>,
}

/// What was done so far.
#[derive(Debug, Default)]
struct Done {
    /// Pixels that were worth the way to a GPU.
    pixels: AtomicU64,
    /// Operations on the GPU.
    runs: AtomicU64,
}

impl Accelerator {
    /// One that may use this device.
    pub fn new(gpu: Shared) -> Self {
        Accelerator { gpu, ..Accelerator::default() }
    }

    /// The same from other amounts of work on.
    pub fn with_least(self, least: Least) -> Self {
        Accelerator { least, ..self }
    }

    /// How many operations the GPU has done.
    pub fn runs(&self) -> u64 {
        self.done.runs.load(Ordering::Relaxed)
    }

    /// Lets go of the device; who uses it next opens it again.
    pub fn close(&self) {
        self.gpu.close();
    }

    /// The adapter that large work goes to, if there is one. It is looked for once, and no device is opened.
    pub fn adapter(&self) -> Option<Adapter> {
        let named = matches!(self.gpu.choice(), Choice::Named(_));
        let adapter = (*self.gpu.choice() != Choice::Cpu).then(|| self.gpu.adapter().ok()).flatten();
        adapter.filter(|adapter| named || adapter.kind != Kind::Software)
    }

    /// What one drawing asks of it.
    pub fn session(&self) -> Session<'_> {
        Session { accelerator: self, failure: OnceLock::new() }
    }

    /// Whether so many pixels go to the GPU, which are to be `least`.
    ///
    /// # Errors
    /// The adapter that was asked for by its name is not there.
    fn takes(&self, pixels: u64, least: u64) -> Result<bool, GpuError> {
        if pixels < least {
            return Ok(false);
        }
        match self.gpu.choice() {
            Choice::Cpu => Ok(false),
            Choice::Named(_) => self.gpu.adapter().map(|_| true),
            Choice::Auto => {
                let before = self.done.pixels.fetch_add(pixels, Ordering::Relaxed);
                let is_open = self.gpu.is_open() || before.saturating_add(pixels) >= self.least.opening;
                // A machine without a GPU is none that failed.
                Ok(is_open && self.adapter().is_some())
            }
        }
    }
}

/// What one drawing asks of an [`Accelerator`]. Once the GPU has failed, the processor does the rest of it.
#[derive(Debug)]
pub struct Session<'a> {
    accelerator: &'a Accelerator,
    failure: OnceLock<GpuError>,
}

impl Session<'_> {
    /// As [`Blur::apply`], to the same bytes.
    pub fn blur(&self, pixels: &mut Vec<[u8; 4]>, width: usize, blur: &Blur) {
        let on_gpu = boxes::means(blur).and_then(|means| {
            self.run(pixels.len() as u64, self.accelerator.least.blurred, |gpu| {
                let fits = boxes::fits(gpu, pixels.len() as u64);
                fits.then(|| boxes::blur(gpu, pixels, width, means)).transpose()
            })
        });
        match on_gpu {
            Some(blurred) => *pixels = blurred,
            None => blur.apply(pixels, width),
        }
    }

    /// As [`raster::resize::resample`]: bytes become the same bytes, floats are within 2e-5.
    ///
    /// # Errors
    /// As there.
    pub fn resample(
        &self,
        src: &Surface,
        lines: [Line; 2],
        filter: Filter,
        limits: &Limits,
    ) -> Result<Surface, ResizeError> {
        resize::check(src, &lines, limits)?;
        let [across, down] = lines;
        let read = across.reads(src.width()).saturating_mul(down.reads(src.height()));
        let made = u64::from(across.count) * u64::from(down.count);
        let pixels = if made == 0 { 0 } else { read.max(made) };
        let on_gpu = self.run(pixels, self.accelerator.least.resized, |gpu| {
            let fits = crate::resize::fits(gpu, src, &lines);
            fits.then(|| crate::resize::resample(gpu, src, lines, filter)).transpose()
        });
        match on_gpu {
            Some(resampled) => Ok(resampled),
            None => resize::resample(src, lines, filter, limits),
        }
    }

    /// As [`raster::resize::resize`], and otherwise as [`Session::resample`].
    ///
    /// # Errors
    /// As there.
    pub fn resize(
        &self,
        src: &Surface,
        width: u32,
        height: u32,
        filter: Filter,
        limits: &Limits,
    ) -> Result<Surface, ResizeError> {
        let lines = [Line::whole(src.width(), width), Line::whole(src.height(), height)];
        self.resample(src, lines, filter, limits)
    }

    /// As [`raster::blend::composite_layers`]: bytes that are blended with bytes become the same bytes in the polynomial
    /// modes and are within one step in the others, floats are within 2e-5. What is to give the same bytes on every machine
    /// calls the reference.
    pub fn composite_layers(&self, dst: &mut Surface, layers: &[Layer<'_>]) {
        let area = |surface: &Surface| u64::from(surface.width()) * u64::from(surface.height());
        let in_floats = layers.iter().filter(|layer| !crate::blend::is_polynomial(layer.mode));
        let blended = in_floats.map(|layer| area(layer.surface)).sum();
        let pixels = if area(dst) == 0 { 0 } else { blended };
        let on_gpu = self.run(pixels, self.accelerator.least.blended, |gpu| {
            let fits = crate::blend::fits(gpu, dst, layers);
            fits.then(|| crate::blend::composite_layers(gpu, dst, layers)).transpose()
        });
        match on_gpu {
            Some(composed) => *dst = composed,
            None => blend::composite_layers(dst, layers),
        }
    }

    /// Why the processor had to take over.
    pub fn failure(&self) -> Option<&GpuError> {
        self.failure.get()
    }

    /// What the GPU makes of so many pixels, which are to be `least` and one at least; none where they stay on the processor
    /// or it fails. Work that it has no room for gives none.
    fn run<T>(
        &self,
        pixels: u64,
        least: u64,
        work: impl Fn(&Gpu) -> Result<Option<T>, GpuError>,
    ) -> Option<T> {
        if pixels == 0 || self.failure.get().is_some() {
            return None;
        }
        let Accelerator { gpu, done, .. } = self.accelerator;
        let made = self.accelerator.takes(pixels, least).and_then(|takes| match takes {
            true => gpu.run(work, |error| matches!(error, GpuError::Lost { .. })),
            false => Ok(None),
        });
        match made {
            Ok(made) => {
                done.runs.fetch_add(made.is_some().into(), Ordering::Relaxed);
                made
            }
            Err(error) => {
                // Another thread may have noted one before.
                let _ = self.failure.set(error);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_that_fails_leaves_the_rest_to_the_processor() {
        let accelerator = Accelerator::new(Shared::new(Choice::from("llvmpipe")));
        let asked = AtomicU64::new(0);
        let failures = [
            (GpuError::OutOfMemory { what: "a picture".to_owned() }, 1),
            // A lost device is opened anew once.
            (GpuError::Lost { reason: "it was taken away".to_owned() }, 2),
        ];
        for (failure, times) in failures {
            let session = accelerator.session();
            asked.store(0, Ordering::Relaxed);
            let work = |_: &Gpu| {
                asked.fetch_add(1, Ordering::Relaxed);
                Err::<Option<()>, _>(failure.clone())
            };
            assert_eq!(session.run(1 << 30, 0, work), None);
            assert_eq!(session.run(1 << 30, 0, work), None);
            assert_eq!((session.failure(), asked.load(Ordering::Relaxed)), (Some(&failure), times));
        }
        assert_eq!(accelerator.session().run(1 << 30, 0, |_| Ok(Some(7))), Some(7));
        assert_eq!(accelerator.runs(), 1);
    }
}
