//! The choice between the GPU and the references.

use base::Limits;
use gpu::{Gpu, GpuError, Kind, Shared};
use raster::{
    Surface,
    blend::{self, Layer},
    blur::{self, Edge},
    resize::{self, Filter, ResizeError},
};

/// From how many pixels on the GPU is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Least {
    /// Pixels of a picture to be blurred.
    pub blurred: u64,
    /// Pixels of the larger of the pictures before and after resizing.
    pub resized: u64,
    /// Pixels of layers whose modes the reference mixes in floats: the others cost it no more than the way to the GPU.
    pub blended: u64,
}

impl Default for Least {
    /// From where on the work outweighs the way over a PCIe bus and back, by the arithmetic of both.
    fn default() -> Self {
        Least { blurred: 1 << 20, resized: 1 << 22, blended: 1 << 22 }
    }
}

/// Runs operations on pictures where they are fastest: on the GPU when it is hardware and there is enough to do, else on
/// the processor. The choice depends on the adapter and on sizes alone; where the GPU fails, the processor takes over.
#[derive(Clone, Debug, Default)]
pub struct Accelerator {
    gpu: Shared,
    least: Least,
}

impl Accelerator {
    /// One that may use this device.
    pub fn new(gpu: Shared) -> Self {
        Accelerator { gpu, least: Least::default() }
    }

    /// The same with other sizes.
    pub fn with_least(self, least: Least) -> Self {
        Accelerator { least, ..self }
    }

    /// As [`raster::blur::gaussian`].
    pub fn gaussian(&self, surface: &mut Surface, sigma_x: f32, sigma_y: f32, edge: Edge) {
        let area = area(surface.width(), surface.height());
        let on_gpu = self.run(area >= self.least.blurred && (sigma_x > 0.0 || sigma_y > 0.0), |gpu: &Gpu| {
            crate::blur::gaussian(gpu, surface, sigma_x, sigma_y, edge)
        });
        match on_gpu {
            Some(blurred) => *surface = blurred,
            None => blur::gaussian(surface, sigma_x, sigma_y, edge),
        }
    }

    /// As [`raster::resize::resize`].
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
        limits.check_picture(width.into(), height.into(), src.depth().bytes_per_pixel())?;
        let (from, to) = (area(src.width(), src.height()), area(width, height));
        let is_worth_it = from > 0 && to > 0 && from.max(to) >= self.least.resized;
        match self.run(is_worth_it, |gpu: &Gpu| crate::resize::resize(gpu, src, width, height, filter)) {
            Some(resized) => Ok(resized),
            None => resize::resize(src, width, height, filter, limits),
        }
    }

    /// As [`raster::blend::composite_layers`].
    pub fn composite_layers(&self, dst: &mut Surface, layers: &[Layer<'_>]) {
        let in_floats = |layer: &&Layer<'_>| !crate::blend::is_polynomial(layer.mode);
        let blended: u64 = layers
            .iter()
            .filter(in_floats)
            .map(|layer| area(layer.surface.width(), layer.surface.height()))
            .sum();
        let is_worth_it = blended >= self.least.blended && area(dst.width(), dst.height()) > 0;
        match self.run(is_worth_it, |gpu: &Gpu| crate::blend::composite_layers(gpu, dst, layers)) {
            Some(composed) => *dst = composed,
            None => blend::composite_layers(dst, layers),
        }
    }

    /// What the GPU makes of it; none where it is not worth it, there is no GPU of hardware, or it fails.
    fn run<T>(&self, is_worth_it: bool, work: impl Fn(&Gpu) -> Result<T, GpuError>) -> Option<T> {
        if !is_worth_it || self.gpu.adapter().ok()?.kind == Kind::Software {
            return None;
        }
        self.gpu.run(work, |error| matches!(error, GpuError::Lost { .. })).ok()
    }
}

fn area(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}
