//! A photograph that no one took: a mountain landscape at sunrise, made from value noise.
//!
//! It has what makes photographs hard for codecs and filters: smooth gradients, sharp edges, fine texture, a wide range
//! of tones, and film grain. Only addition, multiplication, division and square roots are used, which IEEE 754 rounds
//! exactly, so that every machine makes the same pixels.

use crate::Image;
use std::thread;

/// Linear light: red, green, blue, 1.0 is white.
type Light = [f32; 3];

/// Where the sun stands: right of the middle, just over the far ridge. Shares of width and height.
const SUN: (f32, f32) = (0.64, 0.455);
/// How many mountain ridges stand behind one another.
const RIDGES: usize = 7;

/// Draws the landscape, `width` by `height` pixels and opaque; `seed` changes mountains, clouds and grain. The view is the
/// same at every size, only sharper, and works best wider than high.
pub fn landscape(width: u32, height: u32, seed: u32) -> Image {
    let mut image = Image::solid(width, height, [0, 0, 0, 255]);
    let scene = Scene::new(width, height, seed);
    let row = width as usize * 4;
    let rows_each = (height as usize).div_ceil(thread::available_parallelism().map_or(1, usize::from)).max(1);
    thread::scope(|scope| {
        for (band, pixels) in image.pixels.chunks_mut((row * rows_each).max(1)).enumerate() {
            let scene = &scene;
            scope.spawn(move || {
                for (index, pixel) in pixels.chunks_exact_mut(4).enumerate() {
                    let y = band * rows_each + index / width as usize;
                    let rgb = scene.developed(index % width as usize, y);
                    pixel[..3].copy_from_slice(&rgb);
                }
            });
        }
    });
    image
}

/// What is the same for every pixel.
struct Scene {
    seed: u32,
    /// Width over height.
    aspect: f32,
    height: f32,
    /// Per ridge, from far to near, its upper edge in every column: share of the height, and the rise to the right.
    ridges: Vec<Vec<(f32, f32)>>,
}

impl Scene {
    fn new(width: u32, height: u32, seed: u32) -> Self {
        let scale = height.max(1) as f32;
        let edge = |ridge: usize, x: f32| ridge_edge(seed, ridge, x / scale);
        let ridges = (0..RIDGES)
            .map(|ridge| {
                // Over a wide span, so that single crags do not throw curtains of light down the flank.
                const SPAN: f32 = 0.03;
                let slope =
                    |x: f32| (edge(ridge, x - SPAN * scale) - edge(ridge, x + SPAN * scale)) / (2.0 * SPAN);
                (0..width).map(|x| (edge(ridge, x as f32), slope(x as f32))).collect()
            })
            .collect();
        Self { seed, aspect: width as f32 / scale, height: scale, ridges }
    }

    /// The finished 8-bit sRGB pixel: light, lens, film.
    fn developed(&self, column: usize, line: usize) -> [u8; 3] {
        let (x, y) = (column as f32 / self.height, line as f32 / self.height);
        let mut light = self.sky(x, y);
        for ridge in 0..RIDGES {
            let (edge, slope) = self.ridges[ridge][column];
            let cover = ((y - edge) * self.height + 0.5).clamp(0.0, 1.0);
            if cover > 0.0 {
                light = mix(light, self.ground(ridge, x, y, edge, slope), cover);
            }
        }
        let (dx, dy) = (x / self.aspect - 0.5, y - 0.5);
        let vignette = 1.0 - 0.55 * (dx * dx + dy * dy);
        let grain = lattice(self.seed ^ 0x9e37, column as i32, line as i32)
            + lattice(self.seed ^ 0x79b9, column as i32, line as i32)
            - 1.0;
        light.map(|channel| {
            let exposed = (channel * vignette).max(0.0);
            let film = exposed * (1.0 + exposed * 0.16) / (1.0 + exposed);
            // A square root stands for the transfer curve: it is exact everywhere, a power is not.
            let tone = (film * 1.62).min(1.0).sqrt();
            ((tone + grain * 0.024) * 255.0 + 0.5).clamp(0.0, 255.0) as u8
        })
    }

    fn sky(&self, x: f32, y: f32) -> Light {
        let low = (y / 0.62).min(1.0);
        let zenith = mix([0.018, 0.048, 0.135], [0.13, 0.165, 0.31], smooth(low * 1.4));
        let base = mix(zenith, [0.90, 0.44, 0.27], smooth((low - 0.32) * 1.45));
        let (sx, sy) = (x - SUN.0 * self.aspect, y - SUN.1);
        let near = sx * sx + sy * sy;
        let wide = 1.0 / (1.0 + (sx * sx * 0.45 + sy * sy) * 14.0);
        let halo = 1.0 / (1.0 + near * 420.0);
        let disc = smooth((0.033 - near.sqrt()) * 160.0);
        let lit = add(add(base, [0.62, 0.29, 0.10], wide * wide), [1.5, 0.95, 0.48], halo * halo);

        let drift = fbm(self.seed ^ 0x51ed, x * 1.7, y * 6.5, 3) * 1.1;
        let cloud = fbm(self.seed ^ 0xc10d, x * 1.5 + drift, y * 9.0 + drift * 0.4, 6);
        let veil = smooth((cloud - 0.43) * 3.4) * smooth(1.35 - low * 1.25) * 0.85;
        let underside = add(
            mix([0.16, 0.15, 0.26], [0.95, 0.50, 0.36], smooth(low * 1.15)),
            [1.1, 0.62, 0.3],
            wide * wide,
        );
        let clouded = mix(lit, underside, veil * 0.75);
        add(clouded, [5.0, 4.1, 2.6], disc * (1.0 - veil * 0.6))
    }

    fn ground(&self, ridge: usize, x: f32, y: f32, edge: f32, slope: f32) -> Light {
        let near = ridge as f32 / (RIDGES - 1) as f32;
        let below = y - edge;
        let toward_sun = if x < SUN.0 * self.aspect { -slope } else { slope };
        let seed = self.seed ^ (0xa511 + ridge as u32 * 977);
        let frequency = 5.0 + 9.0 * near;
        // Gullies run down the flanks: noise that is stretched along the fall line and leans with the slope.
        let lean = x + below * (0.55 + 0.3 * slope);
        let rock = fbm(seed, lean * frequency * 1.9, below * frequency * 1.5, 6);
        let facing = smooth(0.46 + toward_sun * 0.42 + (rock - 0.5) * 1.9);

        let shade = mix([0.215, 0.19, 0.33], [0.004, 0.010, 0.018], 1.0 - (1.0 - near) * (1.0 - near));
        let warm = mix([0.82, 0.41, 0.34], [0.026, 0.030, 0.036], 1.0 - (1.0 - near) * (1.0 - near));
        let stone = mix(shade, warm, facing * (0.62 - 0.42 * near));

        // Mist gathers in the valley in front of the next ridge and takes the colour of the sun beside it.
        let depth = smooth(below * (5.5 - 1.5 * near));
        let sx = x - SUN.0 * self.aspect;
        let glow = 1.0 / (1.0 + sx * sx * 5.0);
        let mist = mix([0.33, 0.29, 0.42], [1.05, 0.60, 0.38], glow);
        let wisps = 0.72 + 0.5 * fbm(seed ^ 0x3157, x * 2.2, y * 9.0, 4);
        let amount = depth * wisps * (0.60 * (1.0 - near) * (1.0 - near) + 0.16 * (1.0 - near) + 0.03);
        mix(stone, mist, amount.clamp(0.0, 0.9))
    }
}

/// The upper edge of a ridge as a share of the height, 0 at the top. Far ridges are peaks, near ones wooded hills.
fn ridge_edge(seed: u32, ridge: usize, x: f32) -> f32 {
    let near = ridge as f32 / (RIDGES - 1) as f32;
    let seed = seed ^ (0x71d9 + ridge as u32 * 7919);
    let (mut rugged, mut gain, mut frequency) = (0.0, 0.5, 1.15 + 0.75 * near);
    for octave in 0..7u32 {
        let n = noise(seed ^ (octave * 131), x * frequency, 0.37);
        let crest = 1.0 - (2.0 * n - 1.0).abs();
        rugged += gain * (crest * (1.0 - near) + n * near);
        gain *= 0.47;
        frequency *= 2.07;
    }
    let trees = if ridge + 3 >= RIDGES {
        let crown = noise(seed ^ 0x7ee5, x * 210.0 / (0.4 + near), 0.5);
        crown * crown * 0.012 * near
    } else {
        0.0
    };
    let tilt = (lattice(seed, 1, 1) - 0.5) * (x - 0.75) * 0.14;
    let base = 0.665 + 0.40 * near * (0.65 + 0.35 * near) + tilt;
    let height = 0.375 - 0.14 * near;
    base - height * rugged - trees
}

/// Noise between 0 and 1 at every integer point.
fn lattice(seed: u32, x: i32, y: i32) -> f32 {
    let mut h =
        seed ^ (x as u32).wrapping_mul(0x85eb_ca6b) ^ (y as u32).wrapping_mul(0xc2b2_ae35).rotate_left(13);
    h = (h ^ (h >> 16)).wrapping_mul(0x7feb_352d);
    h = (h ^ (h >> 15)).wrapping_mul(0x846c_a68b);
    ((h ^ (h >> 16)) >> 8) as f32 / 16_777_216.0
}

/// Value noise, 0 to 1, with continuous second derivatives.
fn noise(seed: u32, x: f32, y: f32) -> f32 {
    let (cell_x, cell_y) = (x.floor(), y.floor());
    let fade = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let (u, v) = (fade(x - cell_x), fade(y - cell_y));
    let (ix, iy) = (cell_x as i32, cell_y as i32);
    let top = lattice(seed, ix, iy) * (1.0 - u) + lattice(seed, ix + 1, iy) * u;
    let bottom = lattice(seed, ix, iy + 1) * (1.0 - u) + lattice(seed, ix + 1, iy + 1) * u;
    top * (1.0 - v) + bottom * v
}

/// Fractal noise, 0 to 1: each octave has twice the frequency and half the weight of the one before.
fn fbm(seed: u32, mut x: f32, mut y: f32, octaves: u32) -> f32 {
    let (mut sum, mut weight, mut total) = (0.0, 1.0, 0.0);
    for octave in 0..octaves {
        sum += weight * noise(seed.wrapping_add(octave * 0x9e3b), x, y);
        total += weight;
        weight *= 0.5;
        (x, y) = (x * 2.03 + 17.1, y * 2.03 + 5.3);
    }
    sum / total
}

/// 0 below 0, 1 above 1, and a smooth step between.
fn smooth(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

fn mix(a: Light, b: Light, share: f32) -> Light {
    std::array::from_fn(|i| a[i] + (b[i] - a[i]) * share)
}

fn add(a: Light, b: Light, amount: f32) -> Light {
    std::array::from_fn(|i| a[i] + b[i] * amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_repeats_and_depends_on_the_seed_and_not_on_the_size() {
        let a = landscape(120, 80, 1);
        assert_eq!(a, landscape(120, 80, 1));
        assert!(a.difference(&landscape(120, 80, 2), 24).unwrap().share > 0.1);
        let large = landscape(240, 160, 1);
        let near = (0..80u32).flat_map(|y| (0..120u32).map(move |x| (x, y))).filter(|&(x, y)| {
            let (p, q) = (a.pixel(x, y).unwrap(), large.pixel(x * 2, y * 2).unwrap());
            (0..3).all(|c| p[c].abs_diff(q[c]) < 40)
        });
        assert!(near.count() > 120 * 80 * 9 / 10);
    }
}
