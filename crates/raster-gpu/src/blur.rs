//! Gaussian blur: the weights of [`raster::blur`], and so its cost, which no deviation changes.

use gpu::{Commands, Gpu, GpuError};
use raster::{
    Surface,
    blur::{Axis, Edge},
};

use crate::{
    image::Image,
    sum::{self, Along, Pass},
};

/// Records the blur of a picture, as [`raster::blur::gaussian`] has it; none where that would change nothing.
///
/// # Errors
/// It takes more than the adapter allows, there is no memory, or the device is lost.
pub fn record(
    gpu: &Gpu,
    commands: &mut Commands,
    source: &Image,
    (sigma_x, sigma_y): (f32, f32),
    edge: Edge,
) -> Result<Option<Image>, GpuError> {
    if source.width() == 0 || source.height() == 0 {
        return Ok(None);
    }
    let axis = |sigma: f32, length: u32| {
        (sigma > 0.0).then(|| Axis::new(sigma, length as usize, edge, source.depth()))
    };
    let (across, down) = (axis(sigma_x, source.width()), axis(sigma_y, source.height()));
    // Lattices are small, so both are gathered before anything is spread over the pixels again.
    let gathered = [(Along::Down, &down), (Along::Across, &across)]
        .map(|(along, axis)| Some(Pass { along, weights: &axis.as_ref()?.gather }));
    let spread = [(Along::Across, &across), (Along::Down, &down)]
        .map(|(along, axis)| Some(Pass { along, weights: axis.as_ref()?.spread.as_ref()? }));
    let passes: Vec<Pass<'_>> = gathered.into_iter().chain(spread).flatten().collect();
    sum::record(gpu, commands, source, &passes, false)
}

/// Blurs a surface on the GPU, as [`raster::blur::gaussian`] does on the processor.
///
/// # Errors
/// As [`record`].
pub fn gaussian(
    gpu: &Gpu,
    surface: &Surface,
    sigma_x: f32,
    sigma_y: f32,
    edge: Edge,
) -> Result<Surface, GpuError> {
    let source = Image::upload(gpu, surface)?;
    let mut commands = gpu.commands();
    match record(gpu, &mut commands, &source, (sigma_x, sigma_y), edge)? {
        None => Ok(surface.clone()),
        Some(blurred) => {
            commands.submit()?;
            blurred.download(gpu)
        }
    }
}
