//! Bitmaps as paint: images, patterns, and layers that are drawn through a transform.

use std::sync::Arc;

use kurbo::{Affine, Point};

use super::shade::Rgba;
use crate::raster::Surface;

/// How a bitmap is sampled between its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampling {
    Nearest,
    Linear,
    /// The cubic filter of Mitchell and Netravali (1988) with B = C = 1/3.
    Cubic,
}

/// What lies outside of a bitmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tiling {
    /// The nearest pixel.
    Clamp,
    /// The bitmap again.
    Repeat,
}

/// A bitmap in device space.
#[derive(Clone, Debug)]
pub(super) struct Texture {
    bitmap: Arc<Surface>,
    /// From device pixels to the bitmap's pixels.
    local: Affine,
    sampling: Sampling,
    tiling: Tiling,
    opacity: f32,
}

impl Texture {
    /// A bitmap of eight bits a channel; `device` takes its pixels to device pixels. `None` where there is nothing to show.
    pub fn new(
        bitmap: Arc<Surface>,
        device: Affine,
        sampling: Sampling,
        tiling: Tiling,
        opacity: f64,
    ) -> Option<Self> {
        let determinant = device.determinant();
        let local = (determinant.is_finite() && determinant != 0.0).then(|| device.inverse())?;
        if !local.is_finite() || bitmap.samples::<u8>().is_none_or(<[Rgba]>::is_empty) {
            return None;
        }
        // A bitmap that is only moved keeps its pixels, and with them its sharpness.
        let [a, b, c, d, ..] = local.as_coeffs();
        let moved = (a - 1.0).abs() < 1e-9 && (d - 1.0).abs() < 1e-9 && b == 0.0 && c == 0.0;
        let sampling = if moved { Sampling::Nearest } else { sampling };
        Some(Texture { bitmap, local, sampling, tiling, opacity: opacity.clamp(0.0, 1.0) as f32 })
    }

    /// Whether every colour is opaque; that of large bitmaps is not looked at.
    pub fn is_opaque(&self) -> bool {
        false
    }

    pub fn colors(&self, x: i32, y: i32, out: &mut [Rgba]) {
        let Some(pixels) = self.bitmap.samples::<u8>() else { return };
        let source = Source {
            pixels,
            width: self.bitmap.width() as i32,
            height: self.bitmap.height() as i32,
            tiling: self.tiling,
        };
        let [a, b, ..] = self.local.as_coeffs();
        let start = self.local * Point::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
        for (index, out) in out.iter_mut().enumerate() {
            let (x, y) = (start.x + a * index as f64, start.y + b * index as f64);
            *out = match self.sampling {
                Sampling::Nearest => source.pixel(x.floor() as i32, y.floor() as i32),
                Sampling::Linear => source.linear(x - 0.5, y - 0.5),
                Sampling::Cubic => source.cubic(x - 0.5, y - 0.5),
            };
        }
        if self.opacity < 1.0 {
            for channel in out.as_flattened_mut() {
                *channel = (f32::from(*channel) * self.opacity + 0.5) as u8;
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Source<'a> {
    pixels: &'a [Rgba],
    width: i32,
    height: i32,
    tiling: Tiling,
}

impl Source<'_> {
    #[inline(always)]
    fn pixel(&self, x: i32, y: i32) -> Rgba {
        let (x, y) = match self.tiling {
            Tiling::Clamp => (x.clamp(0, self.width - 1), y.clamp(0, self.height - 1)),
            Tiling::Repeat => (x.rem_euclid(self.width), y.rem_euclid(self.height)),
        };
        self.pixels[y as usize * self.width as usize + x as usize]
    }

    fn linear(&self, x: f64, y: f64) -> Rgba {
        let (left, top) = (x.floor(), y.floor());
        let (dx, dy) = ((x - left) as f32, (y - top) as f32);
        let (left, top) = (left as i32, top as i32);
        let weights = [(1.0 - dx) * (1.0 - dy), dx * (1.0 - dy), (1.0 - dx) * dy, dx * dy];
        let right = left.saturating_add(1);
        let bottom = top.saturating_add(1);
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)];
        let mut sum = [0.5f32; 4];
        for (weight, (x, y)) in weights.into_iter().zip(corners) {
            let pixel = self.pixel(x, y);
            for (sum, channel) in sum.iter_mut().zip(pixel) {
                *sum += weight * f32::from(channel);
            }
        }
        sum.map(|value| value as u8)
    }

    fn cubic(&self, x: f64, y: f64) -> Rgba {
        let (left, top) = (x.floor(), y.floor());
        let across = mitchell((x - left) as f32);
        let down = mitchell((y - top) as f32);
        let (left, top) = (left as i32, top as i32);
        let mut sum = [0.0f32; 4];
        for (row, down) in (-1..).zip(down) {
            let mut line = [0.0f32; 4];
            for (column, across) in (-1..).zip(across) {
                let pixel = self.pixel(left.saturating_add(column), top.saturating_add(row));
                for (line, channel) in line.iter_mut().zip(pixel) {
                    *line += across * f32::from(channel);
                }
            }
            for (sum, line) in sum.iter_mut().zip(line) {
                *sum += down * line;
            }
        }
        let alpha = sum[3].clamp(0.0, 255.0);
        sum.map(|value| (value.clamp(0.0, alpha) + 0.5) as u8)
    }
}

/// The weights of the four pixels around a place that lies `t` past the second one.
fn mitchell(t: f32) -> [f32; 4] {
    let near = |t: f32| ((21.0 * t - 36.0) * t * t + 16.0) / 18.0;
    let far = |t: f32| ((-7.0 * t + 36.0) * t * t - 60.0 * t + 32.0) / 18.0;
    [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_of_a_cubic_sample_add_up_and_mirror() {
        for step in 0..=10 {
            let t = step as f32 / 10.0;
            let weights = mitchell(t);
            assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{weights:?}");
            let mut mirrored = mitchell(1.0 - t);
            mirrored.reverse();
            assert!(weights.iter().zip(mirrored).all(|(a, b)| (a - b).abs() < 1e-6));
        }
    }
}
