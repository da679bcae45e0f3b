//! Straight and premultiplied alpha, correctly rounded both ways; opaque pixels pass unchanged.

use rayon::prelude::*;

use crate::dispatch::{self, Kernel};

/// Pixels that one thread converts at a time.
const BAND: usize = 1 << 15;

/// `a`·`b`/255, correctly rounded.
#[inline(always)]
pub const fn mul_u8(a: u8, b: u8) -> u8 {
    let product = a as u32 * b as u32 + 128;
    ((product + (product >> 8)) >> 8) as u8
}

/// The premultiplied form of a straight pixel.
#[inline(always)]
pub const fn premultiply_u8([r, g, b, a]: [u8; 4]) -> [u8; 4] {
    [mul_u8(r, a), mul_u8(g, a), mul_u8(b, a), a]
}

/// The straight form of a premultiplied pixel, correctly rounded; colour above alpha becomes full.
#[inline(always)]
pub fn unpremultiply_u8(pixel: [u8; 4]) -> [u8; 4] {
    // The quotient in f32 is within 2^-16 of the true one, and no true one lies that near to a half without being
    // one.
    let alpha = f32::from(pixel[3].max(1));
    let straight = |c: u8| (f32::from(c) * 255.0 / alpha + 0.5) as u8;
    [straight(pixel[0]), straight(pixel[1]), straight(pixel[2]), pixel[3]]
}

/// The straight form of a premultiplied float pixel; a transparent one becomes transparent black.
#[inline(always)]
pub fn unpremultiply_f32([r, g, b, a]: [f32; 4]) -> [f32; 4] {
    if a > 0.0 { [r / a, g / a, b / a, a] } else { [0.0; 4] }
}

/// Premultiplies pixels in place.
pub fn premultiply_pixels_u8(pixels: &mut [[u8; 4]]) {
    in_bands(pixels, premultiply_u8);
}

/// Undoes premultiplication in place.
pub fn unpremultiply_pixels_u8(pixels: &mut [[u8; 4]]) {
    in_bands(pixels, unpremultiply_u8);
}

/// Premultiplies float pixels in place.
pub fn premultiply_pixels_f32(pixels: &mut [[f32; 4]]) {
    in_bands(pixels, |[r, g, b, a]| [r * a, g * a, b * a, a]);
}

/// Undoes premultiplication of float pixels in place.
pub fn unpremultiply_pixels_f32(pixels: &mut [[f32; 4]]) {
    in_bands(pixels, unpremultiply_f32);
}

/// Replaces every pixel by what `change` makes of it, in parallel.
pub(crate) fn in_bands<T: Copy + Send>(pixels: &mut [T], change: impl Fn(T) -> T + Copy + Sync) {
    pixels.par_chunks_mut(BAND).for_each(|band| dispatch::run(Map { band, change }));
}

struct Map<'a, T, F> {
    band: &'a mut [T],
    change: F,
}

impl<T: Copy, F: Fn(T) -> T> Kernel for Map<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for pixel in self.band {
            *pixel = (self.change)(*pixel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_eight_bit_pair_is_correctly_rounded_both_ways() {
        for alpha in 0..=255u8 {
            for color in 0..=255u8 {
                let exact = f64::from(color) * f64::from(alpha) / 255.0;
                assert_eq!(f64::from(mul_u8(color, alpha)), exact.round(), "{color}·{alpha}");
                let straight = unpremultiply_u8([color, 0, 255, alpha]);
                let expected = if alpha == 0 {
                    if color == 0 { 0.0 } else { 255.0 }
                } else {
                    (f64::from(color) * 255.0 / f64::from(alpha)).round().min(255.0)
                };
                assert_eq!(f64::from(straight[0]), expected, "{color}/{alpha}");
            }
        }
    }

    #[test]
    fn opaque_pixels_are_unchanged_and_straight_survives_where_alpha_allows() {
        let opaque: Vec<[u8; 4]> = (0..=255).map(|c| [c, 255 - c, c / 2, 255]).collect();
        let mut pixels = opaque.clone();
        premultiply_pixels_u8(&mut pixels);
        assert_eq!(pixels, opaque);
        unpremultiply_pixels_u8(&mut pixels);
        assert_eq!(pixels, opaque);

        // Sixteen-bit colour survives the float way at every opacity.
        let straight: Vec<[f32; 4]> = (1..=65535u32)
            .step_by(97)
            .map(|alpha| [alpha.wrapping_mul(7919) % 65536, 65535, 1, alpha].map(|v| v as f32 / 65535.0))
            .collect();
        let mut pixels = straight.clone();
        premultiply_pixels_f32(&mut pixels);
        unpremultiply_pixels_f32(&mut pixels);
        let sixteen = |p: &[f32; 4]| p.map(|v| (v * 65535.0 + 0.5) as u16);
        for (before, after) in straight.iter().zip(&pixels) {
            assert_eq!(sixteen(before), sixteen(after));
        }
    }
}
