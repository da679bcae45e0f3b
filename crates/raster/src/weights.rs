//! Weighted sums of neighbouring pixels: what blurring and resizing have in common.

use crate::{
    Sample,
    dispatch::{self, Kernel},
};

/// Channel values that one inner loop sums in registers.
const LANES: usize = 64;

/// A linear map between two rows of samples: each output is the weighted sum of some neighbouring inputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// The first input of each output, and where its weights end.
    rows: Vec<(u32, u32)>,
    weights: Vec<f32>,
}

impl Weights {
    /// The number of outputs.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no outputs.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The first input of output `index`, which is below [`Weights::len`], and the weights from there on.
    #[inline(always)]
    pub fn row(&self, index: usize) -> (usize, &[f32]) {
        let begin = index.checked_sub(1).map_or(0, |before| self.rows[before].1);
        let (first, end) = self.rows[index];
        (first as usize, &self.weights[begin as usize..end as usize])
    }

    /// The inputs that outputs `from..to` read.
    pub(super) fn inputs(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        let (first, _) = self.row(from);
        let (last, weights) = self.row(to - 1);
        first..last + weights.len()
    }

    /// Adds an output: the sum of the inputs from `first` on by `weights`.
    pub(super) fn push(&mut self, first: usize, weights: impl Iterator<Item = f64>) {
        self.weights.extend(weights.map(|weight| weight as f32));
        self.rows.push((first as u32, self.weights.len() as u32));
    }
}

/// A channel value as a float that is summed: bytes keep their range of 0–255.
pub(super) trait Level: Sample {
    fn level(self) -> f32;
    fn from_level(level: f32) -> Self;
}

impl Level for u8 {
    #[inline(always)]
    fn level(self) -> f32 {
        f32::from(self)
    }

    #[inline(always)]
    fn from_level(level: f32) -> Self {
        // Adding 2^23 leaves the rounded integer in the low bits; unlike a saturating cast, this vectorises.
        (level.clamp(0.0, 255.0) + 8_388_608.0).to_bits() as u8
    }
}

impl Level for f32 {
    #[inline(always)]
    fn level(self) -> f32 {
        self
    }

    #[inline(always)]
    fn from_level(level: f32) -> Self {
        level
    }
}

/// `out` = the weighted sum of `pixels` and of themselves moved by `stride`, twice `stride` and so on.
pub(super) fn sum_shifted<P: Level, Q: Level>(
    pixels: &[[P; 4]],
    stride: usize,
    weights: &[f32],
    out: &mut [[Q; 4]],
) {
    let samples = pixels.as_flattened();
    dispatch::run(SumShifted { samples, stride: 4 * stride, weights, out: out.as_flattened_mut() });
}

struct SumShifted<'a, P, Q> {
    samples: &'a [P],
    stride: usize,
    weights: &'a [f32],
    out: &'a mut [Q],
}

impl<P: Level, Q: Level> Kernel for SumShifted<'_, P, Q> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (chunks, rest) = self.out.as_chunks_mut::<LANES>();
        let first_of_rest = chunks.len() * LANES;
        for (chunk, start) in chunks.iter_mut().zip((0..).step_by(LANES)) {
            let mut sums = [0.0; LANES];
            for (index, weight) in self.weights.iter().enumerate() {
                let samples = &self.samples[start + index * self.stride..][..LANES];
                for i in 0..LANES {
                    sums[i] += samples[i].level() * weight;
                }
            }
            *chunk = sums.map(Q::from_level);
        }
        for (i, out) in rest.iter_mut().enumerate() {
            let samples = self.samples[first_of_rest + i..].iter().step_by(self.stride);
            let sum =
                samples.zip(self.weights).fold(0.0, |sum, (sample, weight)| sum + sample.level() * weight);
            *out = Q::from_level(sum);
        }
    }
}

/// `out` = the outputs from `start` on of `weights` applied to a row.
pub(super) fn sum_pixels<Q: Level>(row: &[[f32; 4]], weights: &Weights, start: usize, out: &mut [[Q; 4]]) {
    dispatch::run(SumPixels { row, weights, start, out });
}

struct SumPixels<'a, Q> {
    row: &'a [[f32; 4]],
    weights: &'a Weights,
    start: usize,
    out: &'a mut [[Q; 4]],
}

impl<Q: Level> Kernel for SumPixels<'_, Q> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (index, out) in self.out.iter_mut().enumerate() {
            let (first, weights) = self.weights.row(self.start + index);
            let mut sum = [0.0; 4];
            for (pixel, weight) in self.row[first..][..weights.len()].iter().zip(weights) {
                for c in 0..4 {
                    sum[c] += pixel[c] * weight;
                }
            }
            *out = sum.map(Q::from_level);
        }
    }
}
