//! `feMorphology`: rectangular minima and maxima by van Herk's method (Pattern Recognition Letters 13, 1992), whose
//! time does not depend on the radius.

use super::{
    attributes::MorphologyOperator,
    raster::{Raster, Rgba},
};

/// Erodes or dilates with a rectangle of `2 radius_x × 2 radius_y` pixels (Filter Effects Level 1, feMorphology), the
/// radii rounded up. It reaches one pixel farther to the left (top) than to the right (bottom) of the output pixel.
/// Outside the raster everything is transparent.
pub(super) fn morphology(
    input: &Raster,
    operator: MorphologyOperator,
    radius_x: f32,
    radius_y: f32,
) -> Raster {
    let pick = match operator {
        MorphologyOperator::Erode => |a: Rgba, b: Rgba| std::array::from_fn(|i| a[i].min(b[i])),
        MorphologyOperator::Dilate => |a: Rgba, b: Rgba| std::array::from_fn(|i| a[i].max(b[i])),
    };
    let rows = windowed(input, radius_x, pick);
    windowed(&rows.transposed(), radius_y, pick).transposed()
}

fn windowed(input: &Raster, radius: f32, pick: impl Fn(Rgba, Rgba) -> Rgba + Sync + Send) -> Raster {
    // A window that reaches past both ends from everywhere gives the same everywhere.
    let largest = input.width;
    let size = (radius.ceil() as usize).saturating_mul(2).clamp(1, 2 * largest + 1);
    let (before, after) = (size / 2, size - 1 - size / 2);
    input.map_rows(
        || [Vec::new(), Vec::new(), Vec::new()],
        |[padded, forward, backward], line, out| {
            padded.clear();
            padded.resize(before, [0; 4]);
            padded.extend_from_slice(line);
            padded.resize(before + line.len() + after, [0; 4]);
            // Running picks that restart at every multiple of the window's size, from the left and from the right:
            // each window is the end of one block and the start of the next.
            forward.clear();
            forward.extend_from_slice(padded);
            backward.clear();
            backward.extend_from_slice(padded);
            for block in forward.chunks_mut(size) {
                for i in 1..block.len() {
                    block[i] = pick(block[i - 1], block[i]);
                }
            }
            for block in backward.chunks_mut(size) {
                for i in (1..block.len()).rev() {
                    block[i - 1] = pick(block[i - 1], block[i]);
                }
            }
            for (x, out) in out.iter_mut().enumerate() {
                *out = pick(backward[x], forward[x + size - 1]);
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn windows_agree_with_a_search(
            values in prop::collection::vec(any::<u8>(), 1..40),
            radius in 0.0f32..50.0,
            dilate in any::<bool>(),
        ) {
            let raster = Raster { width: values.len(), height: 1, pixels: values.iter().map(|v| [*v; 4]).collect() };
            let operator = if dilate { MorphologyOperator::Dilate } else { MorphologyOperator::Erode };
            let found = morphology(&raster, operator, radius, 0.0);
            let size = (2 * radius.ceil() as i64).max(1);
            for x in 0..values.len() as i64 {
                let window = (x - size / 2..x - size / 2 + size).map(|i| raster.get(i, 0)[0]);
                let expected = if dilate { window.max() } else { window.min() };
                prop_assert_eq!(Some(found.pixels[x as usize][0]), expected);
            }
        }
    }
}
