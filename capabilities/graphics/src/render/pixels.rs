//! Rows of premultiplied pixels laid over each other, four pixels at a time so that compilers use vector instructions.

use super::shade::Rgba;

/// Four pixels, channel by channel, with room for products.
type Wide = [u16; 16];

/// `value` × `amount` / 255, rounded.
#[inline(always)]
pub(super) fn scaled(value: u8, amount: u8) -> u8 {
    let product = u32::from(value) * u32::from(amount) + 128;
    ((product + (product >> 8)) >> 8) as u8
}

/// A premultiplied colour scaled by coverage.
#[inline(always)]
pub(super) fn covered(color: Rgba, coverage: u8) -> Rgba {
    color.map(|channel| scaled(channel, coverage))
}

/// A premultiplied colour over another.
#[inline(always)]
fn over(above: Rgba, below: Rgba) -> Rgba {
    let rest = 255 - above[3];
    std::array::from_fn(|channel| above[channel].saturating_add(scaled(below[channel], rest)))
}

/// Products of bytes, divided by 255 and rounded.
#[inline(always)]
fn scale_wide(values: &Wide, amounts: &Wide) -> Wide {
    let mut out = [0; 16];
    for ((out, value), amount) in out.iter_mut().zip(values).zip(amounts) {
        let product = value * amount + 128;
        *out = (product + (product >> 8)) >> 8;
    }
    out
}

#[inline(always)]
fn widen(pixels: &[Rgba; 4]) -> Wide {
    let mut out = [0; 16];
    for (out, channel) in out.iter_mut().zip(pixels.as_flattened()) {
        *out = u16::from(*channel);
    }
    out
}

/// Each amount for the four channels of its pixel.
#[inline(always)]
fn spread(amounts: [u8; 4]) -> Wide {
    let [a, b, c, d] = amounts.map(u16::from);
    [a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d]
}

#[inline(always)]
fn over_wide(below: &mut [Rgba; 4], above: &Wide) {
    let rest = spread([above[3], above[7], above[11], above[15]].map(|alpha| 255 - alpha as u8));
    let kept = scale_wide(&widen(below), &rest);
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
        over_wide(below, &above);
    }
    for below in rest {
        *below = over(color, *below);
    }
}

/// One colour over a row, with a coverage for each pixel.
pub(super) fn over_varied(row: &mut [Rgba], color: Rgba, coverage: &[u8]) {
    let above = widen(&[color; 4]);
    let (fours, rest) = row.as_chunks_mut::<4>();
    let (coverages, coverage_rest) = coverage.as_chunks::<4>();
    for (below, coverage) in fours.iter_mut().zip(coverages) {
        over_wide(below, &scale_wide(&above, &spread(*coverage)));
    }
    for (below, coverage) in rest.iter_mut().zip(coverage_rest) {
        *below = over(covered(color, *coverage), *below);
    }
}

/// A row over another, scaled by one coverage.
pub(super) fn over_row(row: &mut [Rgba], above: &[Rgba], coverage: u8) {
    let amounts = spread([coverage; 4]);
    let (fours, rest) = row.as_chunks_mut::<4>();
    let (aboves, above_rest) = above.as_chunks::<4>();
    for (below, above) in fours.iter_mut().zip(aboves) {
        if *above == [[0; 4]; 4] {
            continue;
        }
        if coverage == 255 {
            over_wide(below, &widen(above));
        } else {
            over_wide(below, &scale_wide(&widen(above), &amounts));
        }
    }
    for (below, above) in rest.iter_mut().zip(above_rest) {
        *below = over(covered(*above, coverage), *below);
    }
}

/// A row over another, with a coverage for each pixel.
pub(super) fn over_row_varied(row: &mut [Rgba], above: &[Rgba], coverage: &[u8]) {
    let (fours, rest) = row.as_chunks_mut::<4>();
    let (aboves, above_rest) = above.as_chunks::<4>();
    let (coverages, coverage_rest) = coverage.as_chunks::<4>();
    for ((below, above), coverage) in fours.iter_mut().zip(aboves).zip(coverages) {
        over_wide(below, &scale_wide(&widen(above), &spread(*coverage)));
    }
    for ((below, above), coverage) in rest.iter_mut().zip(above_rest).zip(coverage_rest) {
        *below = over(covered(*above, *coverage), *below);
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
                let scaled = scale_wide(&widen(pixels), &spread(*coverage));
                for (channel, scaled) in pixels.as_flattened_mut().iter_mut().zip(scaled) {
                    *channel = scaled as u8;
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

    #[test]
    fn four_pixels_at_a_time_give_what_one_at_a_time_gives() {
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
                one_by_one(&|index| covered(color, coverage[index]))
            );
            assert_eq!(
                run(&|row| over_row(row, &above, coverage[0])),
                one_by_one(&|index| covered(above[index], coverage[0]))
            );
            assert_eq!(
                run(&|row| over_row_varied(row, &above, &coverage)),
                one_by_one(&|index| covered(above[index], coverage[index]))
            );
            let scaled: Vec<Rgba> = below.iter().zip(&coverage).map(|(p, c)| covered(*p, *c)).collect();
            assert_eq!(run(&|row| scale_row(row, &coverage)), scaled);
        }
    }
}
