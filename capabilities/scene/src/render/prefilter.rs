//! Pictures of light as surfaces of some roughness see them, and as diffuse surfaces do.
//!
//! Each texel is a sum over the whole picture with the lobe of its roughness: whatever is bright counts for as much as it
//! shines, however small it is. Far from the middle of the lobe many pixels are summed as one.

use std::f32::consts::PI;

use glam::{Vec2, Vec3};
use half::f16;
use rayon::prelude::*;

use super::lights::Lights;

/// Light from all sides, prepared. Directions lie on maps as on a [`Panorama`](crate::panorama::Panorama).
#[derive(Clone, Debug)]
pub(crate) struct Filtered {
    /// Radiance for roughnesses from 0 to 1, each level half as large as the one before. The first and the last row lie at
    /// the poles, but for the first level.
    pub levels: Vec<Level>,
    /// Irradiance over π, by the normal. The first and the last row lie at the poles.
    pub irradiance: Level,
}

/// A map of directions in half floats.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    /// Width in texels, twice the height.
    pub width: usize,
    /// Rows from +y down.
    pub texels: Vec<[f16; 4]>,
}

/// How many roughnesses there are.
const LEVELS: usize = 7;
/// The width of the first level: the last is wide enough for its lobe then.
const WIDTH: usize = 2048;
/// The greatest widths at which the levels are summed: enough for their lobes.
const SUMMED: [usize; LEVELS] = [0, 512, 256, 128, 64, 64, 64];
/// The width of the map of irradiance.
const DIFFUSE: usize = 128;

/// Prepares a picture of finite light of at least one pixel.
pub(crate) fn filter(source: Map) -> Filtered {
    let first = source.resized(WIDTH);
    drop(source);
    let lights = Lights::new(&first);
    let mut levels = vec![first.level()];
    for (level, summed) in SUMMED.iter().enumerate().skip(1) {
        let (width, alpha) = (first.width >> level, (level as f32 / (LEVELS - 1) as f32).powi(2));
        let map = Map::of(width.min(*summed), |normal| lights.glossy(normal, alpha));
        levels.push(if map.width < width {
            Map::of(width, |d| map.radiance(d)).level()
        } else {
            map.level()
        });
    }
    let irradiance = Map::of(DIFFUSE, |normal| lights.diffuse(normal)).level();
    Filtered { levels, irradiance }
}

/// A picture as it is seen small: levels of which the first is about as wide as `width` and each is half as large as the one
/// before, rounded down.
pub(crate) fn pyramid(source: Map, width: u32) -> Vec<Level> {
    let width = width as usize / 2 * 2;
    let mut map =
        if source.width == width && source.height * 2 == width { source } else { source.resized(width) };
    let mut levels = vec![map.level()];
    while map.width >= 4 && map.width.is_multiple_of(4) {
        map = map.resized(map.width / 2);
        levels.push(map.level());
    }
    levels
}

/// Light by direction.
pub(crate) struct Map {
    /// Width in texels.
    pub width: usize,
    /// Height in texels.
    pub height: usize,
    /// Rows from +y down.
    pub texels: Vec<Vec3>,
}

impl Map {
    /// A map of this width with what is seen towards each texel; its first and its last row lie at the poles.
    fn of(width: usize, seen: impl Fn(Vec3) -> Vec3 + Sync) -> Map {
        let height = width / 2;
        let texel = |place: usize| {
            let (x, y) = ((place % width) as f32, (place / width) as f32);
            seen(towards(Vec2::new((x + 0.5) / width as f32, y / (height - 1) as f32)))
        };
        Map { width, height, texels: (0..width * height).into_par_iter().map(texel).collect() }
    }

    /// At another even width, twice its height: each texel is the mean of what it covers, by solid angle.
    pub fn resized(&self, width: usize) -> Map {
        let height = width / 2;
        let texel = |place: usize| {
            let (mut sum, mut whole) = (Vec3::ZERO, 0.0);
            for (y, tall) in covered(place / width, height, self.height) {
                let row = self.texels.get(y * self.width..).unwrap_or_default();
                let tall = tall * band(self.height, y);
                for (x, wide) in covered(place % width, width, self.width) {
                    sum += row.get(x).copied().unwrap_or_default() * (wide * tall);
                    whole += wide * tall;
                }
            }
            sum / whole
        };
        Map { width, height, texels: (0..width * height).into_par_iter().map(texel).collect() }
    }

    /// What is seen towards a direction on a map whose first and last rows lie at the poles, mixed from four texels.
    fn radiance(&self, direction: Vec3) -> Vec3 {
        let place = place(direction);
        let at = Vec2::new(place.x * self.width as f32 - 0.5, place.y * (self.height - 1) as f32);
        let texel = |x: f32, y: f32| {
            let x = (x as i64).rem_euclid(self.width as i64) as usize;
            let y = (y as i64).clamp(0, self.height as i64 - 1) as usize;
            self.texels.get(y * self.width + x).copied().unwrap_or_default()
        };
        let (corner, part) = (at.floor(), at - at.floor());
        let row = |y: f32| texel(corner.x, y).lerp(texel(corner.x + 1.0, y), part.x);
        row(corner.y).lerp(row(corner.y + 1.0), part.y)
    }

    fn level(&self) -> Level {
        let texels = self.texels.par_iter().map(|light| halves(*light)).collect();
        Level { width: self.width, texels }
    }
}

/// Light in half floats, held to their range.
fn halves(light: Vec3) -> [f16; 4] {
    light.min(Vec3::splat(f16::MAX.to_f32())).extend(1.0).to_array().map(f16::from_f32)
}

/// The direction to the middle of a texel.
pub(super) fn direction(width: usize, height: usize, x: usize, y: usize) -> Vec3 {
    towards(Vec2::new((x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / height as f32))
}

/// The direction to a place on a map, in parts of its width and its height: its middle lies towards −z, its right half
/// towards +x.
pub(super) fn towards(place: Vec2) -> Vec3 {
    let (turn, down) = ((place.x - 0.5) * 2.0 * PI, place.y * PI);
    Vec3::new(turn.sin() * down.sin(), down.cos(), -turn.cos() * down.sin())
}

/// Where a direction lies on a map, as a part of its width and its height.
fn place(direction: Vec3) -> Vec2 {
    let turn = direction.x.atan2(-direction.z) / (2.0 * PI) + 0.5;
    Vec2::new(turn, direction.y.clamp(-1.0, 1.0).acos() / PI)
}

/// The solid angle of a row, as a part of the sphere.
pub(super) fn band(height: usize, y: usize) -> f32 {
    let edge = |row: usize| (row as f64 / height as f64 * std::f64::consts::PI).cos();
    ((edge(y) - edge(y + 1)) / 2.0) as f32
}

/// Which of `from` pixels in a line the pixel at `place` of `to` covers, and how much of each.
fn covered(place: usize, to: usize, from: usize) -> impl Iterator<Item = (usize, f32)> {
    // In parts of which both lines have a whole number.
    let (start, end) = (place * from, (place + 1) * from);
    (start / to..end.div_ceil(to)).map(move |pixel| {
        let part = end.min((pixel + 1) * to) - start.max(pixel * to);
        (pixel, part as f32 / to as f32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a level holds towards a direction.
    fn seen(level: &Level, direction: Vec3) -> f32 {
        let texels = level.texels.iter().map(|texel| Vec3::new(texel[0].to_f32(), 0.0, 0.0)).collect();
        Map { width: level.width, height: level.width / 2, texels }.radiance(direction).x
    }

    /// The light in a map, over the whole sphere.
    fn sum(width: usize, poles: bool, light: impl Fn(usize) -> f32) -> f64 {
        let height = width / 2;
        let row = |y: usize| (0..width).map(|x| f64::from(light(y * width + x))).sum::<f64>() / width as f64;
        // Rows at the poles have half of the others' height.
        let edge = |y: f64| (y.clamp(0.0, 1.0) * std::f64::consts::PI).cos();
        let last = (height - 1) as f64;
        let band = |y: usize| match poles {
            true => (edge((y as f64 - 0.5) / last) - edge((y as f64 + 0.5) / last)) / 2.0,
            false => f64::from(band(height, y)),
        };
        (0..height).map(|y| row(y) * band(y)).sum()
    }

    /// A sky with a small sun: a hundred thousand times as bright, at a place that falls on no texel of the maps.
    fn sunny() -> Map {
        let (width, height) = (720, 360);
        let pixel = |place: usize| match (place % width, place / width) {
            (201, 77) => Vec3::splat(50_000.0),
            (_, y) if y < height / 2 => Vec3::splat(0.5 + y as f32 / 500.0),
            _ => Vec3::splat(0.1),
        };
        Map { width, height, texels: (0..width * height).map(pixel).collect() }
    }

    #[test]
    fn an_even_environment_stays_what_it_is() {
        let filtered = filter(Map { width: 31, height: 17, texels: vec![Vec3::splat(0.75); 31 * 17] });
        assert_eq!(filtered.levels.len(), LEVELS);
        for texel in filtered.levels.iter().chain([&filtered.irradiance]).flat_map(|level| &level.texels) {
            assert!((texel[0].to_f32() - 0.75).abs() < 1e-3, "{texel:?}");
        }
    }

    #[test]
    fn what_shines_keeps_its_light_at_any_roughness() {
        let map = sunny();
        let expected = sum(map.width, false, |place| map.texels[place].x);
        let filtered = filter(map);
        for (number, level) in filtered.levels.iter().enumerate() {
            let found = sum(level.width, number > 0, |place| level.texels[place][0].to_f32());
            assert!((found / expected - 1.0).abs() < 0.01, "level {number}: {found} of {expected}");
        }
        let found =
            sum(filtered.irradiance.width, true, |place| filtered.irradiance.texels[place][0].to_f32());
        assert!((found / expected - 1.0).abs() < 0.01, "{found} of {expected}");
    }

    #[test]
    fn maps_agree_with_the_sum_over_the_picture() {
        let (map, filtered) = (sunny(), filter(sunny()));
        let (width, height) = (map.width, map.height);
        let summed = |kernel: &dyn Fn(f32) -> f32, normal: Vec3| {
            let (mut sum, mut weights) = (0.0, 0.0);
            for (place, light) in map.texels.iter().enumerate() {
                let towards = direction(width, height, place % width, place / width);
                let weight = f64::from(kernel(normal.dot(towards)) * band(height, place / width));
                sum += weight * f64::from(light.x);
                weights += weight;
            }
            (sum / weights) as f32
        };
        let sun = direction(width, height, 201, 77);
        let across = sun.any_orthonormal_vector();
        for angle in [0.0_f32, 0.05, 0.2, 0.5, 1.0, 1.4, 1.6, 2.0, 3.0] {
            let normal = sun * angle.cos() + across * angle.sin();
            let cosine = |cos: f32| cos.max(0.0);
            let (expected, found) = (summed(&cosine, normal), seen(&filtered.irradiance, normal));
            let near = 0.005 * summed(&cosine, sun);
            assert!((found - expected).abs() < near, "diffuse at {angle}: {found} for {expected}");
            for (number, level) in filtered.levels.iter().enumerate().skip(1) {
                let alpha2 = (number as f32 / (LEVELS - 1) as f32).powi(4);
                let lobe = |cos: f32| {
                    let spread = (1.0 + cos) / 2.0 * (alpha2 - 1.0) + 1.0;
                    cos.max(0.0) / (spread * spread)
                };
                let (expected, found) = (summed(&lobe, normal), seen(level, normal));
                // The narrowest lobes are hardly wider than the texels between which they are mixed, and wide ones end
                // at the horizon with a kink.
                let near = match number {
                    1 | 2 if angle < 0.1 => 0.1 * expected,
                    1..=3 => 0.02 * expected,
                    _ => 0.01 * summed(&lobe, sun),
                };
                assert!((found - expected).abs() < near, "{number} at {angle}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn pixels_are_covered_once() {
        for (to, from) in [(4, 3), (3, 4), (8, 2), (5, 5), (1, 7)] {
            let mut parts = vec![0.0; from];
            (0..to).for_each(|place| covered(place, to, from).for_each(|(pixel, part)| parts[pixel] += part));
            assert!(parts.iter().all(|part: &f32| (part - 1.0).abs() < 1e-6), "{to} of {from}: {parts:?}");
        }
    }
}
