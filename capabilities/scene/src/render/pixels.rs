//! sRGB, and what the GPU's pixels become.

use std::sync::OnceLock;

use half::f16;
use rayon::prelude::*;

/// A linear value of an sRGB one, 0 to 1 (IEC 61966-2-1).
pub(super) fn decode(value: f32) -> f32 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// An sRGB value of a linear one, 0 to 1 (IEC 61966-2-1).
pub(super) fn encode(value: f32) -> f32 {
    if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
}

/// Turns colours that were premultiplied before they became sRGB into ones that were premultiplied after it.
pub(super) fn premultiply(pixels: &mut [[u8; 4]]) {
    static TABLE: OnceLock<Vec<u8>> = OnceLock::new();
    pixels.par_chunks_mut(1 << 16).for_each(|pixels| {
        for pixel in pixels.iter_mut().filter(|pixel| !matches!(pixel[3], 0 | 255)) {
            let row = usize::from(pixel[3]) * 256;
            let table = &TABLE.get_or_init(table)[row..row + 256];
            for channel in &mut pixel[..3] {
                *channel = table[usize::from(*channel)];
            }
        }
    });
}

/// The sRGB colours of linear ones, both premultiplied.
pub(super) fn srgb(pixels: &[[f16; 4]]) -> Vec<[f32; 4]> {
    let of = |pixel: &[f16; 4]| {
        let [r, g, b, a] = pixel.map(f32::from);
        let alpha = a.clamp(0.0, 1.0);
        let part =
            |value: f32| if alpha > 0.0 { encode((value / alpha).clamp(0.0, 1.0)) * alpha } else { 0.0 };
        [part(r), part(g), part(b), alpha]
    };
    pixels.par_iter().map(of).collect()
}

/// For each alpha, for each value that was multiplied with it before it became sRGB: the one multiplied after.
fn table() -> Vec<u8> {
    let linear: Vec<f32> = (0..256_u16).map(|value| decode(f32::from(value) / 255.0)).collect();
    let of = |alpha: u16, value: u16| {
        let alpha = f32::from(alpha.max(1));
        let straight = encode((linear[usize::from(value)] * 255.0 / alpha).min(1.0));
        (straight * alpha).round() as u8
    };
    (0..256).flat_map(|alpha| (0..256).map(move |value| (alpha, value))).map(|(a, v)| of(a, v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_premultiplied_after_they_became_srgb() {
        let byte = |value: f32| (value * 255.0).round() as u8;
        let whole = [[1, 2, 3, 255], [0, 0, 0, 0]];
        let mut pixels = whole;
        premultiply(&mut pixels);
        assert_eq!(pixels, whole);
        for color in [0_u8, 50, 128, 255] {
            let linear = decode(f32::from(color) / 255.0);
            let mut pixels = [[byte(encode(linear * 0.8)), 0, 255, 204]];
            premultiply(&mut pixels);
            let expected = (f32::from(color) * 0.8).round() as u8;
            assert!(pixels[0][0].abs_diff(expected) <= 1, "{pixels:?} for {color}");
            assert_eq!(pixels[0][1..], [0, 204, 204]);
        }
    }
}
