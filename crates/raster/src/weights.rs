//! Weighted sums of neighbouring pixels: the arithmetic of resampling.
//!
//! Bytes are summed in integers, floats in floats of a fixed order; both give the same on every processor.

use std::ops::Range;

use crate::{
    Sample,
    dispatch::{self, Kernel},
};

/// Channel values that one inner loop sums in registers.
const LANES: usize = 64;
/// The sum of the integer weights of an output is 2 to the power of this.
pub const WEIGHT_BITS: u32 = 16;
/// The bits of a fraction that bytes have between two sums. The two sums of a filter whose positive weights do not sum up to
/// more than 1.3 stay within 32 bits with them, and what lies between within 16.
pub const FRACTION_BITS: u32 = 6;

/// A linear map between two rows of samples: each output is the weighted sum of some neighbouring inputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// The first input of each output, and where its weights end.
    rows: Vec<(u32, u32)>,
    floats: Vec<f32>,
    integers: Vec<i32>,
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

    /// The first input of output `index`, which is below [`Weights::len`], and the weights from there on: as floats that add
    /// up to 1, or as integers that add up to 2 to the power of [`WEIGHT_BITS`].
    #[inline(always)]
    pub fn row<W: Weight>(&self, index: usize) -> (usize, &[W]) {
        let begin = index.checked_sub(1).map_or(0, |before| self.rows[before].1);
        let (first, end) = self.rows[index];
        (first as usize, &W::of(self)[begin as usize..end as usize])
    }

    /// The inputs that some output reads, from the first to the last.
    pub fn inputs(&self) -> Range<usize> {
        let reached = (0..self.len()).map(|index| {
            let (first, weights) = self.row::<f32>(index);
            first..first + weights.len()
        });
        reached.reduce(|all, row| all.start.min(row.start)..all.end.max(row.end)).unwrap_or_default()
    }

    /// Adds an output: the sum of the inputs from `first` on by `weights`, which add up to 1.
    pub(super) fn push(&mut self, first: usize, weights: impl Iterator<Item = f64>) {
        let mut sum = 0.0;
        let rounded = |sum: f64| (sum * f64::from(1 << WEIGHT_BITS)).round() as i32;
        for weight in weights {
            // Sums are rounded rather than weights, so that errors do not add up.
            self.integers.push(rounded(sum + weight) - rounded(sum));
            self.floats.push(weight as f32);
            sum += weight;
        }
        self.rows.push((first as u32, self.floats.len() as u32));
    }
}

/// `f32` or `i32`.
pub trait Weight: Copy + Send + Sync + sealed::Sealed {
    /// All weights of this type.
    #[doc(hidden)]
    fn of(weights: &Weights) -> &[Self];
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for i32 {}
}

impl Weight for f32 {
    #[inline(always)]
    fn of(weights: &Weights) -> &[f32] {
        &weights.floats
    }
}

impl Weight for i32 {
    #[inline(always)]
    fn of(weights: &Weights) -> &[i32] {
        &weights.integers
    }
}

/// A channel value that is summed down the columns first, and across the rows then.
pub(super) trait Level: Sample {
    /// Weights, sums, and what lies between the two.
    type Sum: Weight + Default;
    /// A sum with the value times `weight`.
    fn add(self, sum: Self::Sum, weight: Self::Sum) -> Self::Sum;
    /// What is summed next.
    fn between(sum: Self::Sum) -> Self::Sum;
    /// A sum with what lies between times `weight`.
    fn add_again(sum: Self::Sum, between: Self::Sum, weight: Self::Sum) -> Self::Sum;
    /// A pixel of the second sums, alpha clamped to what is opaque, and colour to alpha.
    fn finish(sums: [Self::Sum; 4]) -> [Self; 4];
}

impl Level for u8 {
    type Sum = i32;

    #[inline(always)]
    fn add(self, sum: i32, weight: i32) -> i32 {
        sum + i32::from(self) * weight
    }

    #[inline(always)]
    fn between(sum: i32) -> i32 {
        const SHIFT: u32 = WEIGHT_BITS - FRACTION_BITS;
        (sum + (1 << (SHIFT - 1))) >> SHIFT
    }

    #[inline(always)]
    fn add_again(sum: i32, between: i32, weight: i32) -> i32 {
        sum + between * weight
    }

    #[inline(always)]
    fn finish(sums: [i32; 4]) -> [u8; 4] {
        const SHIFT: u32 = WEIGHT_BITS + FRACTION_BITS;
        let levels = sums.map(|sum| (sum + (1 << (SHIFT - 1))) >> SHIFT);
        let alpha = levels[3].clamp(0, 255);
        levels.map(|level| level.clamp(0, alpha) as u8)
    }
}

impl Level for f32 {
    type Sum = f32;

    #[inline(always)]
    fn add(self, sum: f32, weight: f32) -> f32 {
        sum + self * weight
    }

    #[inline(always)]
    fn between(sum: f32) -> f32 {
        sum
    }

    #[inline(always)]
    fn add_again(sum: f32, between: f32, weight: f32) -> f32 {
        sum + between * weight
    }

    #[inline(always)]
    fn finish(sums: [f32; 4]) -> [f32; 4] {
        let alpha = sums[3].clamp(0.0, 1.0);
        sums.map(|level| level.max(0.0).min(alpha))
    }
}

/// `out` = the weighted sum of `pixels` and of themselves moved by `stride`, twice `stride` and so on.
pub(super) fn sum_down<P: Level>(
    pixels: &[[P; 4]],
    stride: usize,
    weights: &[P::Sum],
    out: &mut [[P::Sum; 4]],
) {
    let samples = pixels.as_flattened();
    dispatch::run(Down { samples, stride: 4 * stride, weights, out: out.as_flattened_mut() });
}

struct Down<'a, P: Level> {
    samples: &'a [P],
    stride: usize,
    weights: &'a [P::Sum],
    out: &'a mut [P::Sum],
}

impl<P: Level> Kernel for Down<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (chunks, rest) = self.out.as_chunks_mut::<LANES>();
        let first_of_rest = chunks.len() * LANES;
        for (chunk, start) in chunks.iter_mut().zip((0..).step_by(LANES)) {
            let mut sums = [P::Sum::default(); LANES];
            for (index, weight) in self.weights.iter().enumerate() {
                let samples = &self.samples[start + index * self.stride..][..LANES];
                for i in 0..LANES {
                    sums[i] = samples[i].add(sums[i], *weight);
                }
            }
            *chunk = sums.map(P::between);
        }
        for (i, out) in rest.iter_mut().enumerate() {
            let samples = self.samples[first_of_rest + i..].iter().step_by(self.stride);
            let sum = samples
                .zip(self.weights)
                .fold(P::Sum::default(), |sum, (sample, weight)| sample.add(sum, *weight));
            *out = P::between(sum);
        }
    }
}

/// `out` = the pixels that `weights` make of a row of sums, the first of which stands for the input `left`.
pub(super) fn sum_across<P: Level>(row: &[[P::Sum; 4]], left: usize, weights: &Weights, out: &mut [[P; 4]]) {
    dispatch::run(Across { row, left, weights, out });
}

struct Across<'a, P: Level> {
    row: &'a [[P::Sum; 4]],
    left: usize,
    weights: &'a Weights,
    out: &'a mut [[P; 4]],
}

impl<P: Level> Kernel for Across<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (index, out) in self.out.iter_mut().enumerate() {
            let (first, weights) = self.weights.row::<P::Sum>(index);
            let mut sums = [P::Sum::default(); 4];
            for (pixel, weight) in self.row[first - self.left..][..weights.len()].iter().zip(weights) {
                for c in 0..4 {
                    sums[c] = P::add_again(sums[c], pixel[c], *weight);
                }
            }
            *out = P::finish(sums);
        }
    }
}
