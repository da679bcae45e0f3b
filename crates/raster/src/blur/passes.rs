//! Applies the weights of both directions to pixels.

use rayon::prelude::*;

use crate::{
    blur::kernel::Axis,
    weights::{Level, sum_pixels, sum_shifted},
};

/// Output rows that one thread makes at a time when spreading.
const BAND: usize = 128;
/// Lattice rows that one thread gathers at a time.
const GATHERED: usize = 4;
/// Pixels of a row that are gathered or spread at a time, so that the rows of a band stay in the cache.
const TILE: usize = 512;

type Row = Vec<[f32; 4]>;

/// Blurs rows of `width` pixels in place, by way of the lattice.
pub(super) fn blur<P: Level>(pixels: &mut [[P; 4]], width: usize, across: &Axis, down: &Axis) {
    let lattice = gather(pixels, width, across, down);
    pixels.par_chunks_mut(BAND * width).enumerate().for_each_init(
        Vec::new,
        |wide: &mut Row, (band, rows)| {
            let top = band * BAND;
            let inputs = match &down.spread {
                Some(spread) => spread.inputs(top, top + rows.len() / width),
                None => top..top + rows.len() / width,
            };
            for left in (0..width).step_by(TILE) {
                let tile = TILE.min(width - left);
                wide.resize(tile * inputs.len(), [0.0; 4]);
                for (k, wide) in inputs.clone().zip(wide.chunks_exact_mut(tile)) {
                    let source = &lattice[k * across.lattice()..][..across.lattice()];
                    match &across.spread {
                        Some(spread) => sum_pixels(source, spread, left, wide),
                        None => wide.copy_from_slice(&source[left..left + tile]),
                    }
                }
                for (y, row) in rows.chunks_exact_mut(width).enumerate() {
                    let (first, weights) = match &down.spread {
                        Some(spread) => spread.row(top + y),
                        None => (top + y, &[1.0f32][..]),
                    };
                    let wide = &wide[(first - inputs.start) * tile..];
                    sum_shifted(wide, tile, weights, &mut row[left..left + tile]);
                }
            }
        },
    );
}

/// The lattice, row by row.
fn gather<P: Level>(pixels: &[[P; 4]], width: usize, across: &Axis, down: &Axis) -> Row {
    let mut lattice = vec![[0.0; 4]; across.lattice() * down.lattice()];
    let bands = lattice.par_chunks_mut(GATHERED * across.lattice()).enumerate();
    bands.for_each_init(Vec::new, |tall: &mut Row, (band, out)| {
        tall.resize(GATHERED * width, [0.0; 4]);
        let rows = || out.chunks_exact(across.lattice()).enumerate();
        for left in (0..width).step_by(TILE) {
            let tile = TILE.min(width - left);
            for (index, _) in rows() {
                let (first, weights) = down.gather.row(band * GATHERED + index);
                let sums = &mut tall[index * width + left..][..tile];
                sum_shifted(&pixels[first * width + left..], width, weights, sums);
            }
        }
        for (row, out) in tall.chunks_exact(width).zip(out.chunks_exact_mut(across.lattice())) {
            sum_pixels(row, &across.gather, 0, out);
        }
    });
    lattice
}

/// The blurred pixels where neither direction needs a lattice.
pub(super) fn convolve<P: Level>(pixels: &[[P; 4]], width: usize, across: &Axis, down: &Axis) -> Vec<[P; 4]> {
    let mut blurred = vec![[P::default(); 4]; pixels.len()];
    // Away from the sides all pixels of a row have the same weights.
    let reach = across.gather.row(width / 2).1.len() / 2;
    let inner = reach.min(width)..width.saturating_sub(reach).max(reach.min(width));
    blurred.par_chunks_exact_mut(width).enumerate().for_each_init(
        || vec![[0.0; 4]; width],
        |row: &mut Row, (y, out)| {
            let (first, weights) = down.gather.row(y);
            sum_shifted(&pixels[first * width..], width, weights, row);
            sum_pixels(row, &across.gather, 0, &mut out[..inner.start]);
            if !inner.is_empty() {
                sum_shifted(row, 1, across.gather.row(inner.start).1, &mut out[inner.clone()]);
            }
            sum_pixels(row, &across.gather, inner.end, &mut out[inner.end..]);
        },
    );
    blurred
}
