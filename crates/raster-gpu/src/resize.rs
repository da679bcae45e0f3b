//! Resampling to another size, with the weights of [`raster::resize`].

use gpu::{Commands, Gpu, GpuError};
use raster::{
    Surface,
    resize::{Filter, weights},
};

use crate::{
    image::Image,
    sum::{self, Along, Pass},
};

/// Records the resampling of a picture, as [`raster::resize::resize`] has it; none where the size is as it was or either
/// has no pixels.
///
/// # Errors
/// It takes more than the adapter allows, there is no memory, or the device is lost.
pub fn record(
    gpu: &Gpu,
    commands: &mut Commands,
    source: &Image,
    (width, height): (u32, u32),
    filter: Filter,
) -> Result<Option<Image>, GpuError> {
    let (from_width, from_height) = (source.width(), source.height());
    if [width, height, from_width, from_height].contains(&0) {
        return Ok(None);
    }
    let across = (width != from_width).then(|| weights(filter, from_width, width));
    let down = (height != from_height).then(|| weights(filter, from_height, height));
    let mut passes: Vec<Pass<'_>> = [(Along::Across, &across), (Along::Down, &down)]
        .into_iter()
        .filter_map(|(along, weights)| Some(Pass { along, weights: weights.as_ref()? }))
        .collect();
    // What lies between the passes is as small as it can be.
    if u64::from(from_width) * u64::from(height) < u64::from(width) * u64::from(from_height) {
        passes.reverse();
    }
    sum::record(gpu, commands, source, &passes, true)
}

/// Resamples a surface on the GPU, as [`raster::resize::resize`] does on the processor. Neither has a side of 0.
///
/// # Errors
/// As [`record`].
pub fn resize(
    gpu: &Gpu,
    surface: &Surface,
    width: u32,
    height: u32,
    filter: Filter,
) -> Result<Surface, GpuError> {
    let source = Image::upload(gpu, surface)?;
    let mut commands = gpu.commands();
    match record(gpu, &mut commands, &source, (width, height), filter)? {
        None => Ok(surface.clone()),
        Some(resized) => {
            commands.submit()?;
            resized.download(gpu)
        }
    }
}
