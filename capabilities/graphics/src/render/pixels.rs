//! Rows of premultiplied pixels laid over each other.
//!
//! Where every pixel is treated alike, four of them go through plain loops over 16 channels, which compilers
//! turn into vector instructions; where each has its own coverage, a pixel's four channels share one 64-bit
//! word.

use super::shade::Rgba;

/// A pixel with 16 bits for each channel, so that products of bytes fit: red lowest.
#[derive(Clone, Copy)]
struct Wide(u64);

/// The low byte of each channel.
const BYTES: u64 = 0x00ff_00ff_00ff_00ff;
/// One half of each channel's 256th.
const HALVES: u64 = 0x0080_0080_0080_0080;

impl Wide {
    #[inline(always)]
    fn of(pixel: Rgba) -> Self {
        let packed = u64::from(u32::from_le_bytes(pixel));
        let halves = (packed | (packed << 16)) & 0x0000_ffff_0000_ffff;
        Wide((halves | (halves << 8)) & BYTES)
    }

    #[inline(always)]
    fn pixel(self) -> Rgba {
        let halves = (self.0 | (self.0 >> 8)) & 0x0000_ffff_0000_ffff;
        ((halves | (halves >> 16)) as u32).to_le_bytes()
    }

    /// Each channel times `amount` / 255, rounded.
    #[inline(always)]
    fn scaled(self, amount: u8) -> Self {
        let products = self.0 * u64::from(amount) + HALVES;
        Wide(((products + ((products >> 8) & BYTES)) >> 8) & BYTES)
    }

    /// This premultiplied colour over another. No channel overflows: colour never exceeds alpha.
    #[inline(always)]
    fn over(self, below: Rgba) -> Rgba {
        let rest = 255 - (self.0 >> 48) as u8;
        Wide(self.0 + Wide::of(below).scaled(rest).0).pixel()
    }
}

/// `value` × `amount` / 255, rounded.
#[inline(always)]
pub(super) fn scaled(value: u8, amount: u8) -> u8 {
    let product = u32::from(value) * u32::from(amount) + 128;
    ((product + (product >> 8)) >> 8) as u8
}

/// A premultiplied colour scaled by coverage.
#[inline(always)]
pub(super) fn covered(color: Rgba, coverage: u8) -> Rgba {
    Wide::of(color).scaled(coverage).pixel()
}

/// Four pixels, channel by channel, with room for products.
type Four = [u16; 16];

#[inline(always)]
fn widen(pixels: &[Rgba; 4]) -> Four {
    let mut out = [0; 16];
    for (out, channel) in out.iter_mut().zip(pixels.as_flattened()) {
        *out = u16::from(*channel);
    }
    out
}

/// Each amount for the four channels of its pixel.
#[inline(always)]
fn spread([a, b, c, d]: [u16; 4]) -> Four {
    [a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d]
}

/// Products of bytes, divided by 255 and rounded.
#[inline(always)]
fn scale_four(values: &Four, amounts: &Four) -> Four {
    let mut out = [0; 16];
    for ((out, value), amount) in out.iter_mut().zip(values).zip(amounts) {
        let product = value * amount + 128;
        *out = (product + (product >> 8)) >> 8;
    }
    out
}

#[inline(always)]
fn over_four(below: &mut [Rgba; 4], above: &Four) {
    let rest = spread([255 - above[3], 255 - above[7], 255 - above[11], 255 - above[15]]);
    let kept = scale_four(&widen(below), &rest);
    for ((below, above), kept) in below.as_flattened_mut().iter_mut().zip(above).zip(kept) {
        *below = (above + kept) as u8;
    }
}

/// One colour over a row.
pub(super) fn over_even(row: &mut [Rgba], color: Rgba) {
    if color[3] == 255 {
        row.fill(color);
        return;
    }
    let above = widen(&[color; 4]);
    let (fours, rest) = row.as_chunks_mut::<4>();
    for below in fours {
        over_four(below, &above);
    }
    for below in rest {
        *below = Wide::of(color).over(*below);
    }
}

/// One colour over a row, with a coverage for each pixel.
#[inline]
pub(super) fn over_varied(row: &mut [Rgba], color: Rgba, coverage: &[u8]) {
    let above = Wide::of(color);
    let opaque = color[3] == 255;
    for (below, coverage) in row.iter_mut().zip(coverage) {
        match *coverage {
            0 => {}
            255 if opaque => *below = color,
            coverage => *below = above.scaled(coverage).over(*below),
        }
    }
}

/// A row over another, scaled by one coverage.
pub(super) fn over_row(row: &mut [Rgba], above: &[Rgba], coverage: u8) {
    let amounts = [u16::from(coverage); 16];
    let (fours, rest) = row.as_chunks_mut::<4>();
    let (aboves, above_rest) = above.as_chunks::<4>();
    for (below, above) in fours.iter_mut().zip(aboves) {
        if *above == [[0; 4]; 4] {
            continue;
        }
        if coverage == 255 {
            over_four(below, &widen(above));
        } else {
            over_four(below, &scale_four(&widen(above), &amounts));
        }
    }
    for (below, above) in rest.iter_mut().zip(above_rest) {
        *below = Wide::of(*above).scaled(coverage).over(*below);
    }
}

/// A row over another, with a coverage for each pixel.
pub(super) fn over_row_varied(row: &mut [Rgba], above: &[Rgba], coverage: &[u8]) {
    for ((below, above), coverage) in row.iter_mut().zip(above).zip(coverage) {
        if *coverage != 0 {
            *below = Wide::of(*above).scaled(*coverage).over(*below);
        }
    }
}

/// Scales each pixel of a row by its coverage.
pub(super) fn scale_row(row: &mut [Rgba], coverage: &[u8]) {
    let (fours, rest) = row.as_chunks_mut::<4>();
    let (coverages, coverage_rest) = coverage.as_chunks::<4>();
    for (pixels, coverage) in fours.iter_mut().zip(coverages) {
        match *coverage {
            [255, 255, 255, 255] => {}
            [0, 0, 0, 0] => *pixels = [[0; 4]; 4],
            _ => {
                for (pixel, coverage) in pixels.iter_mut().zip(coverage) {
                    *pixel = covered(*pixel, *coverage);
                }
            }
        }
    }
    for (pixel, coverage) in rest.iter_mut().zip(coverage_rest) {
        *pixel = covered(*pixel, *coverage);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Channel by channel, as the definition has it.
    fn over(above: Rgba, below: Rgba) -> Rgba {
        std::array::from_fn(|channel| above[channel] + scaled(below[channel], 255 - above[3]))
    }

    fn covered_simply(color: Rgba, coverage: u8) -> Rgba {
        color.map(|channel| scaled(channel, coverage))
    }

    #[test]
    fn channels_at_once_give_what_one_at_a_time_gives() {
        let mut state = 1u32;
        let mut byte = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let mut pixel = || {
            let alpha = byte();
            [scaled(byte(), alpha), scaled(byte(), alpha), scaled(byte(), alpha), alpha]
        };
        for _ in 0..200 {
            let below: Vec<Rgba> = (0..11).map(|_| pixel()).collect();
            let above: Vec<Rgba> = (0..11).map(|_| pixel()).collect();
            let coverage: Vec<u8> = (0..11).map(|_| pixel()[3]).collect();
            let one_by_one = |above: &dyn Fn(usize) -> Rgba| -> Vec<Rgba> {
                below.iter().enumerate().map(|(index, below)| over(above(index), *below)).collect()
            };
            let run = |lay: &dyn Fn(&mut [Rgba])| {
                let mut row = below.clone();
                lay(&mut row);
                row
            };
            let color = above[0];
            assert_eq!(run(&|row| over_even(row, color)), one_by_one(&|_| color));
            assert_eq!(
                run(&|row| over_varied(row, color, &coverage)),
                one_by_one(&|index| covered_simply(color, coverage[index]))
            );
            assert_eq!(
                run(&|row| over_row(row, &above, coverage[0])),
                one_by_one(&|index| covered_simply(above[index], coverage[0]))
            );
            assert_eq!(
                run(&|row| over_row_varied(row, &above, &coverage)),
                one_by_one(&|index| covered_simply(above[index], coverage[index]))
            );
            let scaled: Vec<Rgba> =
                below.iter().zip(&coverage).map(|(p, c)| covered_simply(*p, *c)).collect();
            assert_eq!(run(&|row| scale_row(row, &coverage)), scaled);
        }
    }
}
