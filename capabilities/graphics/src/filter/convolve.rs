//! `feConvolveMatrix`.

use rayon::prelude::*;

use super::{
    attributes::EdgeMode,
    raster::{Raster, premultiply, quantise, unpremultiply},
};

/// A kernel that has been checked: as many weights as cells, the target inside, the divisor usable.
pub(super) struct Kernel {
    columns: usize,
    target: [usize; 2],
    /// Row by row, rotated by 180° and divided by the divisor.
    weights: Vec<f32>,
}

impl Kernel {
    /// A kernel of `columns × rows` weights, given row by row as in the attribute. `None` where the attributes
    /// contradict each other.
    pub(super) fn new(
        [columns, rows]: [u32; 2],
        [target_x, target_y]: [u32; 2],
        weights: &[f32],
        divisor: f32,
    ) -> Option<Self> {
        let cells = u64::from(columns) * u64::from(rows);
        let inside = target_x < columns && target_y < rows;
        if !inside || cells != weights.len() as u64 || divisor == 0.0 || !divisor.is_finite() {
            return None;
        }
        Some(Kernel {
            columns: columns as usize,
            target: [target_x as usize, target_y as usize],
            weights: weights.iter().rev().map(|weight| weight / divisor).collect(),
        })
    }

    /// Convolves premultiplied channels, or straight colour alone with `preserve_alpha`.
    pub(super) fn convolve(&self, input: Raster, bias: f32, edges: EdgeMode, preserve_alpha: bool) -> Raster {
        let source = if preserve_alpha { input.map(unpremultiply) } else { input };
        let mut out = Raster::filled(source.width, source.height, [0; 4]);
        out.pixels.par_chunks_mut(source.width).enumerate().for_each_init(
            || (Vec::new(), Vec::new()),
            |(padded, sums), (y, row)| {
                self.sum_row(&source, y, edges, padded, sums);
                for (x, (out, sum)) in row.iter_mut().zip(sums).enumerate() {
                    let [r, g, b, a] = sum.map(|sum| quantise(sum / 255.0 + bias));
                    *out = if preserve_alpha {
                        premultiply([r, g, b, source.pixels[y * source.width + x][3]])
                    } else {
                        [r.min(a), g.min(a), b.min(a), a]
                    };
                }
            },
        );
        out
    }

    /// The weighted sums for the pixels of row `y`. `padded` holds one row of the source with what lies beyond both
    /// ends, so that every weight is one pass over neighbouring numbers.
    fn sum_row(
        &self,
        source: &Raster,
        y: usize,
        edges: EdgeMode,
        padded: &mut Vec<[f32; 4]>,
        sums: &mut Vec<[f32; 4]>,
    ) {
        sums.clear();
        sums.resize(source.width, [0.0; 4]);
        for (i, weights) in self.weights.chunks(self.columns).enumerate() {
            let Some(row) = inside(y as i64 + i as i64 - self.target[1] as i64, source.height, edges) else {
                continue;
            };
            let row = &source.pixels[row * source.width..][..source.width];
            let pixel = |i: usize| {
                let x = inside(i as i64 - self.target[0] as i64, source.width, edges);
                x.map_or([0; 4], |x| row[x])
            };
            padded.clear();
            padded.extend((0..source.width + self.columns - 1).map(|i| pixel(i).map(f32::from)));
            for (i, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
                for (sum, pixel) in sums.iter_mut().zip(&padded[i..]) {
                    *sum = std::array::from_fn(|c| sum[c] + weight * pixel[c]);
                }
            }
        }
    }
}

/// The place along an axis of `length` pixels from which the value at `place` is taken.
fn inside(place: i64, length: usize, edges: EdgeMode) -> Option<usize> {
    let length = length as i64;
    match edges {
        EdgeMode::None => (0..length).contains(&place).then_some(place as usize),
        EdgeMode::Duplicate => Some(place.clamp(0, length - 1) as usize),
        EdgeMode::Wrap => Some(place.rem_euclid(length) as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_rotated_and_the_target_lies_on_the_output() {
        let input =
            Raster { width: 3, height: 1, pixels: vec![[10, 0, 0, 255], [60, 0, 0, 255], [200, 0, 0, 255]] };
        let red = |target, edges| {
            let kernel = Kernel::new([3, 1], [target, 0], &[3.0, 2.0, 1.0], 6.0).expect("valid");
            kernel.convolve(input.clone(), 0.0, edges, true).pixels.iter().map(|p| p[0]).collect::<Vec<_>>()
        };
        // The weight 1 falls on the left neighbour, 3 on the right one.
        assert_eq!(red(1, EdgeMode::Duplicate), [35, 122, 177]);
        assert_eq!(red(1, EdgeMode::Wrap), [67, 122, 82]);
        assert_eq!(red(1, EdgeMode::None), [33, 122, 77]);
        assert_eq!(red(0, EdgeMode::Duplicate), [122, 177, 200]);
    }

    #[test]
    fn contradictory_kernels_are_refused() {
        for (order, target, weights, divisor) in [
            ([2, 2], [0, 0], 3, 1.0),
            ([2, 2], [2, 0], 4, 1.0),
            ([2, 2], [0, 0], 4, 0.0),
            ([2, 2], [0, 0], 4, f32::NAN),
            ([0, 0], [0, 0], 0, 1.0),
            ([u32::MAX, u32::MAX], [0, 0], 1, 1.0),
        ] {
            assert!(Kernel::new(order, target, &vec![1.0; weights], divisor).is_none());
        }
    }
}
