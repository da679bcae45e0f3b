//! `feGaussianBlur`: one axis after the other, each by the cheapest method that is exact enough.

use super::raster::{Raster, Rgba};

/// Standard deviations in pixels below which an axis stays sharp: no neighbour would get one step of eight bits.
const SHARP: f32 = 0.1;
/// From here on three box blurs stand for the Gaussian (Filter Effects Level 1, feGaussianBlur).
const BOXES_FROM: f32 = 2.0;
/// Keeps the sums of a box in 32 bits.
const LARGEST_DEVIATION: f32 = 131_072.0;
/// Fixed-point steps between two values of eight bits.
const FRACTION: i32 = 16;

/// Blurs with the standard deviations `x` and `y` in pixels; outside the raster everything is transparent, and what
/// spreads there is lost. Time depends on the raster alone, not on the deviations.
pub(super) fn gaussian(mut input: Raster, x: f32, y: f32) -> Raster {
    if let Some(kernel) = Kernel::new(x) {
        input.change_rows(|scratch, line| kernel.blur(line, scratch));
    }
    if let Some(kernel) = Kernel::new(y) {
        input.change_columns(|scratch, line| kernel.blur(line, scratch));
    }
    input
}

/// How many pixels away a pixel still counts along an axis with this standard deviation in pixels.
pub(super) fn reach(deviation: f32) -> u32 {
    let reach = match Kernel::new(deviation) {
        None => 0,
        Some(Kernel::Direct(weights)) => weights.len() - 1,
        Some(Kernel::Boxes(windows)) => windows.iter().map(|window| window.left.max(window.right)).sum(),
    };
    reach as u32
}

/// How a line is blurred.
enum Kernel {
    /// Convolution with the sampled Gaussian: weights from the centre outwards.
    Direct(Vec<f32>),
    /// Three running means.
    Boxes([Window; 3]),
}

/// A running mean over the pixels from `left` before to `right` after.
#[derive(Clone, Copy)]
struct Window {
    left: usize,
    right: usize,
}

impl Kernel {
    /// `None` where nothing changes.
    fn new(deviation: f32) -> Option<Self> {
        if deviation.is_nan() || deviation < SHARP {
            return None;
        }
        if deviation < BOXES_FROM {
            let reach = (deviation * 3.0).ceil() as usize;
            let weight = |i: usize| (-((i * i) as f32) / (2.0 * deviation * deviation)).exp();
            let mut weights: Vec<f32> = (0..=reach).map(weight).collect();
            let sum = 2.0 * weights.iter().sum::<f32>() - 1.0;
            weights.iter_mut().for_each(|weight| *weight /= sum);
            return Some(Kernel::Direct(weights));
        }
        let deviation = deviation.min(LARGEST_DEVIATION);
        let size = (deviation * 3.0 * std::f32::consts::TAU.sqrt() / 4.0 + 0.5).floor() as usize;
        let half = size / 2;
        let centred = Window { left: half, right: half };
        Some(Kernel::Boxes(if size % 2 == 1 {
            [centred; 3]
        } else {
            [Window { left: half, right: half - 1 }, Window { left: half - 1, right: half }, centred]
        }))
    }

    fn blur(&self, line: &mut [Rgba], scratch: &mut Scratch) {
        if line.iter().all(|pixel| *pixel == [0; 4]) {
            return;
        }
        match self {
            Kernel::Direct(weights) => direct(weights, line, &mut scratch.line),
            Kernel::Boxes(windows) => boxes(windows, line, scratch),
        }
    }
}

/// What a line is computed from.
#[derive(Default)]
struct Scratch {
    line: Vec<Rgba>,
    from: Vec<[i32; 4]>,
    to: Vec<[i32; 4]>,
}

fn direct(weights: &[f32], out: &mut [Rgba], line: &mut Vec<Rgba>) {
    line.clear();
    line.extend_from_slice(out);
    let reach = weights.len() - 1;
    for (x, out) in out.iter_mut().enumerate() {
        let from = x.saturating_sub(reach);
        let mut sums = [0.5f32; 4];
        for (i, pixel) in line[from..(x + reach + 1).min(line.len())].iter().enumerate() {
            let weight = weights[(from + i).abs_diff(x)];
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += weight * f32::from(*value);
            }
        }
        *out = sums.map(|sum| sum as u8);
    }
}

fn boxes(windows: &[Window; 3], line: &mut [Rgba], Scratch { from, to, .. }: &mut Scratch) {
    from.clear();
    from.extend(line.iter().map(|pixel| pixel.map(|c| i32::from(c) * FRACTION)));
    to.resize(line.len(), [0; 4]);
    for window in windows {
        running_mean(*window, from, to);
        std::mem::swap(from, to);
    }
    for (out, value) in line.iter_mut().zip(from.iter()) {
        *out = value.map(|v| ((v + FRACTION / 2) / FRACTION).clamp(0, 255) as u8);
    }
}

fn running_mean(window: Window, from: &[[i32; 4]], to: &mut [[i32; 4]]) {
    let scale = 1.0 / (window.left + window.right + 1) as f32;
    let mut sums = [0i32; 4];
    for entering in from.iter().take(window.right) {
        add(&mut sums, entering, 1);
    }
    for (x, mean) in to.iter_mut().enumerate() {
        if let Some(entering) = from.get(x + window.right) {
            add(&mut sums, entering, 1);
        }
        *mean = sums.map(|sum| (sum as f32 * scale + 0.5) as i32);
        if let Some(leaving) = x.checked_sub(window.left).and_then(|x| from.get(x)) {
            add(&mut sums, leaving, -1);
        }
    }
}

fn add(sums: &mut [i32; 4], values: &[i32; 4], sign: i32) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += sign * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The convolution itself, in full precision.
    fn reference(deviation: f64, line: &[Rgba], x: usize) -> f64 {
        let peak = 1.0 / (deviation * std::f64::consts::TAU.sqrt());
        let weight = |y: usize| (-((x as f64 - y as f64) / deviation).powi(2) / 2.0).exp();
        line.iter().enumerate().map(|(y, pixel)| peak * weight(y) * f64::from(pixel[3])).sum()
    }

    #[test]
    fn both_methods_are_near_the_gaussian() {
        let inked = |i| [if (70..110).contains(&i) || i == 130 { 255 } else { 0 }; 4];
        let line: Vec<Rgba> = (0..200).map(inked).collect();
        for (deviation, tolerance) in
            [(0.7, 1.0), (1.9, 1.0), (2.0, 8.0), (2.6, 8.0), (9.0, 6.0), (20.0, 6.0)]
        {
            let raster = Raster { width: line.len(), height: 1, pixels: line.clone() };
            let blurred = gaussian(raster, deviation, 0.0);
            for (x, pixel) in blurred.pixels.iter().enumerate() {
                let (found, expected) = (f64::from(pixel[3]), reference(f64::from(deviation), &line, x));
                assert!(
                    (found - expected).abs() < tolerance,
                    "σ {deviation} at {x}: {found}, not {expected}"
                );
            }
            let column = Raster { width: 1, height: line.len(), pixels: line.clone() };
            assert_eq!(gaussian(column, 0.0, deviation).pixels, blurred.pixels);
        }
    }

    #[test]
    fn boxes_conserve_what_stays_inside() {
        let mut raster = Raster::filled(61, 61, [0; 4]);
        raster.pixels[30 * 61 + 30] = [255; 4];
        for deviation in [2.0, 2.4, 3.0] {
            let sum: u32 =
                gaussian(raster.clone(), deviation, 0.0).pixels.iter().map(|p| u32::from(p[0])).sum();
            assert!(sum.abs_diff(255) <= 4, "σ {deviation}: {sum}");
        }
        for hostile in [f32::NAN, f32::INFINITY, f32::MAX, -3.0, 0.0] {
            gaussian(raster.clone(), hostile, hostile);
        }
    }
}
