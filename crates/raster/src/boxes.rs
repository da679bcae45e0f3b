//! Gaussian blur as filters of drawings have it: three running means stand for a wide one (Filter Effects Module Level 1,
//! feGaussianBlur), in fixed point, so that whoever computes it comes to the same bytes.

use crate::lines::{change_columns, change_rows};

/// Standard deviations in pixels below which an axis stays sharp: no neighbour would get one step of eight bits.
const SHARP: f32 = 0.1;
/// From here on three running means stand for the Gaussian.
const MEANS_FROM: f32 = 2.0;
/// Keeps the sums of a window in 32 bits.
const LARGEST_DEVIATION: f32 = 131_072.0;
/// Fixed-point steps between two values of eight bits, while the means of a line are taken.
pub const FRACTION: i32 = 16;

/// A blur along both axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Blur {
    /// Along rows; `None` where nothing changes.
    pub across: Option<Method>,
    /// Along columns, after the rows.
    pub down: Option<Method>,
}

/// How a line is blurred.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// Convolution with the sampled Gaussian: weights from the centre outwards.
    Direct(Vec<f32>),
    /// Three running means, one after the other.
    Means([Window; 3]),
}

/// A running mean over the pixels from `left` before to `right` after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Pixels before.
    pub left: usize,
    /// Pixels after.
    pub right: usize,
}

impl Window {
    /// What the sum over it is multiplied with.
    pub fn scale(self) -> f32 {
        1.0 / (self.left + self.right + 1) as f32
    }
}

impl Blur {
    /// With the standard deviations `x` and `y` in pixels. One that is too small to be seen, or no number, leaves its
    /// axis alone.
    pub fn new(x: f32, y: f32) -> Self {
        Blur { across: Method::new(x), down: Method::new(y) }
    }

    /// How many pixels away a pixel still counts, across and down.
    pub fn reach(&self) -> [u32; 2] {
        [&self.across, &self.down].map(|method| method.as_ref().map_or(0, |method| method.reach() as u32))
    }

    /// Blurs rows of `width` pixels. Outside of them everything is transparent, and what spreads there is
    /// lost. Each axis ends in eight bits. Time depends on the pixels alone, not on the deviations.
    pub fn apply(&self, pixels: &mut [[u8; 4]], width: usize) {
        if let Some(method) = &self.across {
            change_rows(pixels, width, |scratch, line| method.blur(line, scratch));
        }
        if let Some(method) = &self.down {
            change_columns(pixels, width, |scratch, line| method.blur(line, scratch));
        }
    }
}

impl Method {
    /// `None` where nothing changes.
    fn new(deviation: f32) -> Option<Self> {
        if deviation.is_nan() || deviation < SHARP {
            return None;
        }
        if deviation < MEANS_FROM {
            let reach = (deviation * 3.0).ceil() as usize;
            let weight = |i: usize| (-((i * i) as f32) / (2.0 * deviation * deviation)).exp();
            let mut weights: Vec<f32> = (0..=reach).map(weight).collect();
            let sum = 2.0 * weights.iter().sum::<f32>() - 1.0;
            weights.iter_mut().for_each(|weight| *weight /= sum);
            return Some(Method::Direct(weights));
        }
        let deviation = deviation.min(LARGEST_DEVIATION);
        let size = (deviation * 3.0 * std::f32::consts::TAU.sqrt() / 4.0 + 0.5).floor() as usize;
        let half = size / 2;
        let centred = Window { left: half, right: half };
        Some(Method::Means(if size % 2 == 1 {
            [centred; 3]
        } else {
            [Window { left: half, right: half - 1 }, Window { left: half - 1, right: half }, centred]
        }))
    }

    fn reach(&self) -> usize {
        match self {
            Method::Direct(weights) => weights.len() - 1,
            Method::Means(windows) => windows.iter().map(|window| window.left.max(window.right)).sum(),
        }
    }

    fn blur(&self, line: &mut [[u8; 4]], scratch: &mut Scratch) {
        if line.iter().all(|pixel| *pixel == [0; 4]) {
            return;
        }
        match self {
            Method::Direct(weights) => direct(weights, line, &mut scratch.line),
            Method::Means(windows) => means(windows, line, scratch),
        }
    }
}

/// What a line is computed from.
#[derive(Default)]
struct Scratch {
    line: Vec<[u8; 4]>,
    from: Vec<[i32; 4]>,
    to: Vec<[i32; 4]>,
}

fn direct(weights: &[f32], out: &mut [[u8; 4]], line: &mut Vec<[u8; 4]>) {
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

fn means(windows: &[Window; 3], line: &mut [[u8; 4]], Scratch { from, to, .. }: &mut Scratch) {
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
    let scale = window.scale();
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
    fn reference(deviation: f64, line: &[[u8; 4]], x: usize) -> f64 {
        let peak = 1.0 / (deviation * std::f64::consts::TAU.sqrt());
        let weight = |y: usize| (-((x as f64 - y as f64) / deviation).powi(2) / 2.0).exp();
        line.iter().enumerate().map(|(y, pixel)| peak * weight(y) * f64::from(pixel[3])).sum()
    }

    #[test]
    fn both_methods_are_near_the_gaussian() {
        let inked = |i| [if (70..110).contains(&i) || i == 130 { 255 } else { 0 }; 4];
        let line: Vec<[u8; 4]> = (0..200).map(inked).collect();
        for (deviation, tolerance) in
            [(0.7, 1.0), (1.9, 1.0), (2.0, 8.0), (2.6, 8.0), (9.0, 6.0), (20.0, 6.0)]
        {
            let mut row = line.clone();
            Blur::new(deviation, 0.0).apply(&mut row, line.len());
            for (x, pixel) in row.iter().enumerate() {
                let (found, expected) = (f64::from(pixel[3]), reference(f64::from(deviation), &line, x));
                assert!(
                    (found - expected).abs() < tolerance,
                    "σ {deviation} at {x}: {found}, not {expected}"
                );
            }
            let mut column = line.clone();
            Blur::new(0.0, deviation).apply(&mut column, 1);
            assert_eq!(column, row);
        }
    }

    #[test]
    fn means_conserve_what_stays_inside() {
        let mut pixels = vec![[0; 4]; 61 * 61];
        pixels[30 * 61 + 30] = [255; 4];
        let blurred = |x, y| {
            let mut pixels = pixels.clone();
            Blur::new(x, y).apply(&mut pixels, 61);
            pixels
        };
        for deviation in [2.0, 2.4, 3.0] {
            let sum: u32 = blurred(deviation, 0.0).iter().map(|p| u32::from(p[0])).sum();
            assert!(sum.abs_diff(255) <= 4, "σ {deviation}: {sum}");
        }
        for hostile in [f32::NAN, f32::INFINITY, f32::MAX, -3.0, 0.0] {
            blurred(hostile, hostile);
        }
    }
}
