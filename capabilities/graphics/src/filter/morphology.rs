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
    mut input: Raster,
    operator: MorphologyOperator,
    radius_x: f32,
    radius_y: f32,
) -> Raster {
    let pick = match operator {
        MorphologyOperator::Erode => |a: Rgba, b: Rgba| std::array::from_fn(|i| a[i].min(b[i])),
        MorphologyOperator::Dilate => |a: Rgba, b: Rgba| std::array::from_fn(|i| a[i].max(b[i])),
    };
    let (across, down) = (Window::new(radius_x, input.width), Window::new(radius_y, input.height));
    input.change_rows(|scratch, line| across.pick(line, pick, scratch));
    input.change_columns(|scratch, line| down.pick(line, pick, scratch));
    input
}

/// The neighbours of a pixel on a line.
struct Window {
    before: usize,
    after: usize,
}

/// What a line is computed from: itself between transparent ends, and picks that run over it.
#[derive(Default)]
struct Scratch {
    padded: Vec<Rgba>,
    forward: Vec<Rgba>,
    backward: Vec<Rgba>,
}

impl Window {
    fn new(radius: f32, length: usize) -> Self {
        // A window that reaches past both ends from everywhere gives the same everywhere.
        let size = (radius.ceil() as usize).saturating_mul(2).clamp(1, 2 * length + 1);
        Window { before: size / 2, after: size - 1 - size / 2 }
    }

    fn pick(&self, line: &mut [Rgba], pick: impl Fn(Rgba, Rgba) -> Rgba, scratch: &mut Scratch) {
        let Scratch { padded, forward, backward } = scratch;
        let size = self.before + 1 + self.after;
        padded.clear();
        padded.resize(self.before, [0; 4]);
        padded.extend_from_slice(line);
        padded.resize(self.before + line.len() + self.after, [0; 4]);
        // Running picks that restart at every multiple of the window's size, from the left and from the right: each
        // window is the end of one block and the start of the next.
        forward.clone_from(padded);
        backward.clone_from(padded);
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
        for (x, out) in line.iter_mut().enumerate() {
            *out = pick(backward[x], forward[x + size - 1]);
        }
    }
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
            let found = morphology(raster.clone(), operator, radius, 0.0);
            let size = (2 * radius.ceil() as i64).max(1);
            for x in 0..values.len() as i64 {
                let window = (x - size / 2..x - size / 2 + size).map(|i| raster.get(i, 0)[0]);
                let expected = if dilate { window.max() } else { window.min() };
                prop_assert_eq!(Some(found.pixels[x as usize][0]), expected);
            }
        }
    }
}
