//! Gaussian blur, of the same cost for every width.
//!
//! A narrow Gaussian is summed directly. A wide one of variance σ² is taken as two of variance σ²/2: the first is
//! sampled on a coarse lattice, every `step` pixels; the second spreads the lattice back over the pixels. The
//! product of two Gaussians is a Gaussian, and summing one over a lattice no wider than its deviation leaves a
//! ripple of 2·exp(-π²·(σ/√2)²/step²) (Poisson summation), 1e-4 at the step used for eight bits. Both parts are
//! weights of a few pixels each, so that the work per pixel does not grow with σ.

mod kernel;
mod passes;
#[cfg(test)]
mod tests;

use crate::{Pixels, PixelsMut, Surface, weights::Level};

pub use kernel::Axis;

/// What lies beyond the edges of a picture while it is blurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Nothing: the picture fades out towards its edges.
    Transparent,
    /// The pixels of the edge, repeated.
    Clamp,
}

/// Blurs `surface` in place with a Gaussian of standard deviation `sigma_x` across and `sigma_y` down, in pixels.
///
/// The reference is the sampled, normalised Gaussian in doubles: eight-bit results are within one step of it, floats
/// within 2e-5. The result has the size of the surface; who wants the blur beyond it enlarges the surface first. A
/// deviation that is zero, negative or no number leaves its direction alone.
pub fn gaussian(surface: &mut Surface, sigma_x: f32, sigma_y: f32, edge: Edge) {
    let (width, height) = (surface.width() as usize, surface.height() as usize);
    if width == 0 || height == 0 || !(sigma_x > 0.0 || sigma_y > 0.0) {
        return;
    }
    let depth = surface.depth();
    let axes = (Axis::new(sigma_x, width, edge, depth), Axis::new(sigma_y, height, edge, depth));
    let blurred = match surface.pixels_mut() {
        PixelsMut::U8(pixels) => blur(pixels, width, axes).map(Pixels::U8),
        PixelsMut::F32(pixels) => blur(pixels, width, axes).map(Pixels::F32),
    };
    if let Some(pixels) = blurred {
        *surface = Surface::with_pixels(surface.width(), surface.height(), pixels);
    }
}

/// Blurs in place, or gives the blurred pixels where that is cheaper.
fn blur<P: Level>(pixels: &mut [[P; 4]], width: usize, (across, down): (Axis, Axis)) -> Option<Vec<[P; 4]>> {
    if across.spread.is_none() && down.spread.is_none() {
        return Some(passes::convolve(pixels, width, &across, &down));
    }
    passes::blur(pixels, width, &across, &down);
    None
}
