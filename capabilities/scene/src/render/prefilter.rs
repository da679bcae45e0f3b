//! Environment images as surfaces of some roughness see them, and as diffuse surfaces do.

use std::f32::consts::PI;

use glam::{Vec3, Vec4};
use half::f16;
use rayon::prelude::*;

/// An environment, prepared.
#[derive(Debug)]
pub(super) struct Filtered {
    /// Width of the first level.
    pub(super) width: usize,
    /// Height of the first level.
    pub(super) height: usize,
    /// Radiance for roughnesses from 0 to 1, each level half as large as the one before.
    pub(super) levels: Vec<Vec<[f16; 4]>>,
    /// Irradiance over π.
    pub(super) harmonics: [Vec4; 9],
}

/// How many roughnesses there are.
const LEVELS: usize = 7;
/// How many directions are looked at for a texel.
const SAMPLES: usize = 128;
/// The width of the first level: enough for as many levels as there are roughnesses.
const WIDTH: usize = 512;

/// Prepares an equirectangular image of at least one pixel, rows from +y down.
pub(super) fn filter(width: usize, height: usize, rgb: &[[f32; 3]]) -> Filtered {
    let source = Map { width, height, texels: rgb.par_iter().map(|rgb| clean(*rgb)).collect() };
    let mut pyramid = vec![source.resized(WIDTH)];
    while let Some(above) = pyramid.last().filter(|map| map.height > 1) {
        pyramid.push(above.resized(above.width / 2));
    }
    let levels = pyramid.iter().take(LEVELS).enumerate().map(|(level, size)| {
        let roughness = level as f32 / (LEVELS - 1) as f32;
        let texel = |place: usize| {
            let direction = size.direction(place % size.width, place / size.width);
            let seen = if level == 0 { size.texels[place] } else { glossy(&pyramid, direction, roughness) };
            seen.min(Vec3::splat(f16::MAX.to_f32())).extend(1.0).to_array().map(f16::from_f32)
        };
        (0..size.texels.len()).into_par_iter().map(texel).collect()
    });
    let levels = levels.collect();
    let harmonics = harmonics(&pyramid[2]);
    Filtered { width: pyramid[0].width, height: pyramid[0].height, levels, harmonics }
}

/// What is no radiance is none.
fn clean(rgb: [f32; 3]) -> Vec3 {
    Vec3::from(rgb.map(|value| if value.is_finite() { value.max(0.0) } else { 0.0 }))
}

struct Map {
    width: usize,
    height: usize,
    texels: Vec<Vec3>,
}

impl Map {
    /// The direction to the middle of a texel; the middle of the image lies towards −z.
    fn direction(&self, x: usize, y: usize) -> Vec3 {
        let turn = ((x as f32 + 0.5) / self.width as f32 - 0.5) * 2.0 * PI;
        let down = (y as f32 + 0.5) / self.height as f32 * PI;
        Vec3::new(turn.sin() * down.sin(), down.cos(), -turn.cos() * down.sin())
    }

    /// At another width, twice its height: each texel is the mean of what it covers, or the nearest.
    fn resized(&self, width: usize) -> Map {
        let height = (width / 2).max(1);
        let span = |place: usize, to: usize, from: usize| {
            let start = place * from / to;
            start..((place + 1) * from / to).max(start + 1)
        };
        let texel = |place: usize| {
            let (across, down) =
                (span(place % width, width, self.width), span(place / width, height, self.height));
            let count = (across.len() * down.len()) as f32;
            let row = |y: usize| self.texels[y * self.width..][across.clone()].iter().sum::<Vec3>();
            down.map(row).sum::<Vec3>() / count
        };
        Map { width, height, texels: (0..width * height).into_par_iter().map(texel).collect() }
    }

    /// The radiance from a direction, mixed from four texels.
    fn radiance(&self, direction: Vec3) -> Vec3 {
        let turn = direction.x.atan2(-direction.z) / (2.0 * PI) + 0.5;
        let down = direction.y.clamp(-1.0, 1.0).acos() / PI;
        let (x, y) = (turn * self.width as f32 - 0.5, down * self.height as f32 - 0.5);
        let at = |x: f32, y: f32| {
            let x = (x as i64).rem_euclid(self.width as i64) as usize;
            let y = (y as i64).clamp(0, self.height as i64 - 1) as usize;
            self.texels[y * self.width + x]
        };
        let (left, top) = (x.floor(), y.floor());
        let upper = at(left, top).lerp(at(left + 1.0, top), x - left);
        let lower = at(left, top + 1.0).lerp(at(left + 1.0, top + 1.0), x - left);
        upper.lerp(lower, y - top)
    }
}

/// What a surface of this roughness sees that is looked at straight on: GGX, sampled by importance from the level that fits
/// each sample (Křivánek and Colbert, Real-Time Shading with Filtered Importance Sampling, 2008).
fn glossy(pyramid: &[Map], normal: Vec3, roughness: f32) -> Vec3 {
    let (tangent, bitangent) = normal.any_orthonormal_pair();
    let alpha2 = roughness.powi(4);
    let texel = 4.0 * PI / pyramid[0].texels.len() as f32;
    let (mut sum, mut weights) = (Vec3::ZERO, 0.0);
    for sample in 0..SAMPLES {
        let turn = (sample as u32).reverse_bits() as f32 / 2_f32.powi(32) * 2.0 * PI;
        let share = (sample as f32 + 0.5) / SAMPLES as f32;
        let cos2 = (1.0 - share) / (1.0 + (alpha2 - 1.0) * share);
        let (cos, sin) = (cos2.sqrt(), (1.0 - cos2).max(0.0).sqrt());
        let half = tangent * (turn.cos() * sin) + bitangent * (turn.sin() * sin) + normal * cos;
        let light = half * (2.0 * cos) - normal;
        let weight = normal.dot(light);
        if weight <= 0.0 {
            continue;
        }
        let spread = cos2 * (alpha2 - 1.0) + 1.0;
        let density = alpha2 / (PI * spread * spread) / 4.0;
        let covered = 1.0 / (SAMPLES as f32 * density.max(1e-6));
        let level = (0.5 * (covered / texel).log2() + 1.0).clamp(0.0, (pyramid.len() - 1) as f32);
        let (low, high) = (level.floor() as usize, level.ceil() as usize);
        let seen = pyramid[low].radiance(light).lerp(pyramid[high].radiance(light), level.fract());
        sum += seen * weight;
        weights += weight;
    }
    if weights > 0.0 { sum / weights } else { pyramid[0].radiance(normal) }
}

/// Irradiance over π in three bands (Ramamoorthi and Hanrahan 2001), for the polynomials of `image_irradiance`.
fn harmonics(map: &Map) -> [Vec4; 9] {
    let mut sums = [Vec3::ZERO; 9];
    for (place, radiance) in map.texels.iter().enumerate() {
        let (x, y) = (place % map.width, place / map.width);
        let edge = |row: usize| (row as f32 / map.height as f32 * PI).cos();
        let angle = (edge(y) - edge(y + 1)) * 2.0 * PI / map.width as f32;
        for (sum, value) in sums.iter_mut().zip(polynomials(map.direction(x, y))) {
            *sum += *radiance * (value * angle);
        }
    }
    let band0 = 1.0 / (4.0 * PI);
    let band1 = 3.0 / (4.0 * PI) * (2.0 / 3.0);
    let off = 15.0 / (4.0 * PI) / 4.0;
    let axis = 5.0 / (16.0 * PI) / 4.0;
    let saddle = 15.0 / (16.0 * PI) / 4.0;
    let scales = [band0, band1, band1, band1, off, off, axis, off, saddle];
    std::array::from_fn(|place| (sums[place] * scales[place]).extend(0.0))
}

fn polynomials(d: Vec3) -> [f32; 9] {
    let Vec3 { x, y, z } = d;
    [1.0, y, z, x, x * y, y * z, 3.0 * z * z - 1.0, x * z, x * x - y * y]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn irradiance(filtered: &Filtered, normal: Vec3) -> f32 {
        let values = polynomials(normal);
        filtered.harmonics.iter().zip(values).map(|(harmonic, value)| harmonic.x * value).sum()
    }

    #[test]
    fn an_even_environment_stays_what_it_is() {
        let filtered = filter(32, 16, &[[0.75; 3]; 32 * 16]);
        assert_eq!(filtered.levels.len(), LEVELS);
        for texel in filtered.levels.iter().flatten() {
            assert!((texel[0].to_f32() - 0.75).abs() < 1e-3, "{texel:?}");
        }
        for normal in [Vec3::X, Vec3::NEG_Y, Vec3::ONE.normalize()] {
            assert!((irradiance(&filtered, normal) - 0.75).abs() < 0.01);
        }
    }

    #[test]
    fn a_sky_lights_from_above() {
        let rgb: Vec<[f32; 3]> =
            (0..64 * 32).map(|place| [if place < 64 * 16 { 1.0 } else { 0.0 }; 3]).collect();
        let filtered = filter(64, 32, &rgb);
        for (normal, expected) in [(Vec3::Y, 1.0), (Vec3::X, 0.5), (Vec3::NEG_Z, 0.5), (Vec3::NEG_Y, 0.0)] {
            assert!((irradiance(&filtered, normal) - expected).abs() < 0.05, "{normal}");
        }
    }

    #[test]
    fn what_is_no_radiance_is_none() {
        let filtered = filter(2, 1, &[[f32::NAN, f32::INFINITY, -1.0]; 2]);
        assert!(filtered.levels.iter().flatten().all(|texel| texel[..3] == [f16::ZERO; 3]));
    }
}
