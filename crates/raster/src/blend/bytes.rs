//! The polynomial blend modes on eight-bit pixels, in exact sixteen-bit arithmetic.
//!
//! Every result is a number of 255ths of 255ths below 65,026, so it may be computed modulo 2^16 and rounded once.
//! Pixels are taken apart into one plane per channel, chunk by chunk, so that the compiler vectorises plain
//! loops.

use crate::{
    blend::{BlendMode, Coverage},
    dispatch::{self, Kernel},
};

/// Pixels that are blended together: enough for the loops to be vectorised rather than unrolled.
const CHUNK: usize = 64;

/// Some pixels by channel: red, green, blue, alpha.
type Planes = [[u16; CHUNK]; 4];

/// One colour channel of one pixel: source and target with their alphas, 0–255.
#[derive(Clone, Copy)]
struct Lane {
    s: u16,
    b: u16,
    source_alpha: u16,
    alpha: u16,
}

impl Lane {
    /// `cs·(1-αb) + cb·(1-αs) + mixed`.
    #[inline(always)]
    fn over(self, mixed: u16) -> u16 {
        (self.s.wrapping_mul(255 - self.alpha))
            .wrapping_add(self.b.wrapping_mul(255 - self.source_alpha))
            .wrapping_add(mixed)
    }

    /// `cs + cb - overlap`.
    #[inline(always)]
    fn sum_less(self, overlap: u16) -> u16 {
        (self.s + self.b).wrapping_mul(255).wrapping_sub(overlap)
    }

    #[inline(always)]
    fn products(self) -> (u16, u16) {
        (self.s.wrapping_mul(self.alpha), self.b.wrapping_mul(self.source_alpha))
    }

    #[inline(always)]
    fn hard_light(self, is_dark: bool) -> u16 {
        let multiplied = self.s.wrapping_mul(self.b).wrapping_mul(2);
        let complement =
            (self.alpha.wrapping_sub(self.b)).wrapping_mul(self.source_alpha.wrapping_sub(self.s));
        let screened = self.source_alpha.wrapping_mul(self.alpha).wrapping_sub(complement.wrapping_mul(2));
        if is_dark { multiplied } else { screened }
    }
}

/// Composites the row `src` onto `dst`, which has the same length; false if `mode` is none of the polynomial ones.
pub(super) fn composite(
    dst: &mut [[u8; 4]],
    src: &[[u8; 4]],
    coverage: Coverage<'_>,
    mode: BlendMode,
) -> bool {
    match mode {
        BlendMode::Normal => row(dst, src, coverage, |l| {
            l.s.wrapping_mul(255).wrapping_add(l.b.wrapping_mul(255 - l.source_alpha))
        }),
        BlendMode::Multiply => row(dst, src, coverage, |l| l.over(l.s.wrapping_mul(l.b))),
        BlendMode::Screen => row(dst, src, coverage, |l| l.sum_less(l.s.wrapping_mul(l.b))),
        BlendMode::Overlay => {
            row(dst, src, coverage, |l| l.over(l.hard_light(l.b.wrapping_mul(2) <= l.alpha)));
        }
        BlendMode::HardLight => {
            row(dst, src, coverage, |l| l.over(l.hard_light(l.s.wrapping_mul(2) <= l.source_alpha)));
        }
        BlendMode::Darken => row(dst, src, coverage, |l| {
            let (s, b) = l.products();
            l.over(s.min(b))
        }),
        BlendMode::Lighten => row(dst, src, coverage, |l| {
            let (s, b) = l.products();
            l.over(s.max(b))
        }),
        BlendMode::Difference => row(dst, src, coverage, |l| {
            let (s, b) = l.products();
            l.sum_less(s.min(b).wrapping_mul(2))
        }),
        BlendMode::Exclusion => {
            row(dst, src, coverage, |l| l.sum_less(l.s.wrapping_mul(l.b).wrapping_mul(2)));
        }
        _ => return false,
    }
    true
}

fn row(dst: &mut [[u8; 4]], src: &[[u8; 4]], coverage: Coverage<'_>, mix: impl Fn(Lane) -> u16) {
    if coverage.is_full() {
        dispatch::run(Full { dst, src, mix });
    } else {
        // The result is affine in the coverage, so the full one is mixed with what was there.
        dispatch::run(Covered { dst, src, coverage, mix });
    }
}

struct Full<'a, F> {
    dst: &'a mut [[u8; 4]],
    src: &'a [[u8; 4]],
    mix: F,
}

impl<F: Fn(Lane) -> u16> Kernel for Full<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (chunks, rest) = self.dst.as_chunks_mut::<CHUNK>();
        let (sources, rest_of_source) = self.src.as_chunks::<CHUNK>();
        for (dst, src) in chunks.iter_mut().zip(sources) {
            let mut planes = split(dst);
            blend(&split(src), &mut planes, &self.mix);
            *dst = join(&planes);
        }
        let mut planes = split(&padded(rest));
        blend(&split(&padded(rest_of_source)), &mut planes, &self.mix);
        rest.copy_from_slice(&join(&planes)[..rest.len()]);
    }
}

struct Covered<'a, F> {
    dst: &'a mut [[u8; 4]],
    src: &'a [[u8; 4]],
    coverage: Coverage<'a>,
    mix: F,
}

impl<F: Fn(Lane) -> u16> Kernel for Covered<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let opacity = (self.coverage.opacity * 32768.0 + 0.5) as u32;
        let length = self.dst.len();
        for start in (0..length).step_by(CHUNK) {
            let end = (start + CHUNK).min(length);
            let mut shown = [opacity.min(32767) as i16; CHUNK];
            if let Some(mask) = self.coverage.mask {
                for (shown, &mask) in shown.iter_mut().zip(&mask[start..end]) {
                    *shown = ((u32::from(mask) * 257 * opacity) >> 16) as i16;
                }
            }
            let below = split(&padded(&self.dst[start..end]));
            let mut planes = below;
            blend(&split(&padded(&self.src[start..end])), &mut planes, &self.mix);
            for c in 0..4 {
                for i in 0..CHUNK {
                    let change = planes[c][i] as i16 - below[c][i] as i16;
                    let shown = (((i32::from(change) * i32::from(shown[i])) >> 14) + 1) >> 1;
                    planes[c][i] = (below[c][i] as i16 + shown as i16) as u16;
                }
            }
            self.dst[start..end].copy_from_slice(&join(&planes)[..end - start]);
        }
    }
}

/// Blends `src` onto `dst`.
#[inline(always)]
fn blend(src: &Planes, dst: &mut Planes, mix: &impl Fn(Lane) -> u16) {
    let [src_color @ .., src_alpha] = src;
    let [dst_color @ .., dst_alpha] = dst;
    for (src, dst) in src_color.iter().zip(dst_color) {
        for i in 0..CHUNK {
            let lane = Lane { s: src[i], b: dst[i], source_alpha: src_alpha[i], alpha: dst_alpha[i] };
            dst[i] = divide(mix(lane));
        }
    }
    for (dst, &src) in dst_alpha.iter_mut().zip(src_alpha) {
        *dst = divide(255 * src + *dst * (255 - src));
    }
}

/// Up to one chunk of pixels, filled up with transparent ones.
#[inline(always)]
fn padded(pixels: &[[u8; 4]]) -> [[u8; 4]; CHUNK] {
    match pixels.first_chunk::<CHUNK>() {
        Some(whole) => *whole,
        None => {
            let mut chunk = [[0; 4]; CHUNK];
            chunk[..pixels.len()].copy_from_slice(pixels);
            chunk
        }
    }
}

#[inline(always)]
fn split(pixels: &[[u8; 4]; CHUNK]) -> Planes {
    let mut planes = [[0; CHUNK]; 4];
    for i in 0..CHUNK {
        let pixel = u32::from_le_bytes(pixels[i]);
        planes[0][i] = (pixel & 0xff) as u16;
        planes[1][i] = (pixel >> 8 & 0xff) as u16;
        planes[2][i] = (pixel >> 16 & 0xff) as u16;
        planes[3][i] = (pixel >> 24) as u16;
    }
    planes
}

#[inline(always)]
fn join(planes: &Planes) -> [[u8; 4]; CHUNK] {
    let mut pixels = [[0; 4]; CHUNK];
    for i in 0..CHUNK {
        let low = u32::from(planes[0][i] | planes[1][i] << 8);
        let high = u32::from(planes[2][i] | planes[3][i] << 8);
        pixels[i] = (low | high << 16).to_le_bytes();
    }
    pixels
}

/// `value` / 255, correctly rounded for values up to 65,025.
#[inline(always)]
fn divide(value: u16) -> u16 {
    let sum = value.wrapping_add(128);
    sum.wrapping_add(sum >> 8) >> 8
}
