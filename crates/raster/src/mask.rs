//! Coverage: how much of each pixel shows.

use rayon::prelude::*;

use crate::{
    Pixels, PixelsMut, Sample, SizeMismatch, Surface,
    alpha::{mul_u8, unpremultiply_f32},
};

/// Luminance of linear or encoded red, green and blue (Filter Effects Level 1, `luminanceToAlpha`).
const LUMINANCE: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// In which encoding the luminance of a mask is taken (CSS `color-interpolation` of the mask).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskSpace {
    /// The channel values as they are stored, encoded as sRGB.
    Srgb,
    /// Light: the channel values made linear first.
    LinearRgb,
}

/// Width × height coverages, 0 (hidden) to 255 (shown), row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    width: u32,
    height: u32,
    coverage: Vec<u8>,
}

impl Mask {
    /// The mask made of `coverage`, which must hold exactly `width` × `height` values.
    pub fn from_coverage(width: u32, height: u32, coverage: Vec<u8>) -> Result<Self, SizeMismatch> {
        if coverage.len() as u64 != u64::from(width) * u64::from(height) {
            return Err(SizeMismatch { found: coverage.len(), width, height });
        }
        Ok(Mask { width, height, coverage })
    }

    /// The opacity of each pixel.
    pub fn from_alpha(surface: &Surface) -> Self {
        let coverage = match surface.pixels() {
            Pixels::U8(pixels) => pixels.par_iter().map(|pixel| pixel[3]).collect(),
            Pixels::F32(pixels) => pixels.par_iter().map(|pixel| u8::from_unit(pixel[3])).collect(),
        };
        Mask { width: surface.width(), height: surface.height(), coverage }
    }

    /// The luminance of each pixel times its opacity (CSS Masking Level 1, section 7.10.1).
    pub fn from_luminance(surface: &Surface, space: MaskSpace) -> Self {
        let coverage = match (surface.pixels(), space) {
            (Pixels::U8(pixels), MaskSpace::Srgb) => {
                pixels.par_iter().map(|pixel| u8::from_unit(luminance(pixel.map(u8::to_unit)))).collect()
            }
            (Pixels::U8(pixels), MaskSpace::LinearRgb) => {
                // Most pixels are opaque, and theirs are few values.
                let table: [f32; 256] = std::array::from_fn(|i| srgb_to_linear((i as u8).to_unit()));
                let linear = |&pixel: &[u8; 4]| match pixel {
                    [r, g, b, 255] => {
                        luminance([table[r as usize], table[g as usize], table[b as usize], 1.0])
                    }
                    _ => linear_luminance(pixel.map(u8::to_unit)),
                };
                pixels.par_iter().map(|pixel| u8::from_unit(linear(pixel))).collect()
            }
            (Pixels::F32(pixels), MaskSpace::Srgb) => {
                pixels.par_iter().map(|pixel| u8::from_unit(luminance(*pixel))).collect()
            }
            (Pixels::F32(pixels), MaskSpace::LinearRgb) => {
                pixels.par_iter().map(|pixel| u8::from_unit(linear_luminance(*pixel))).collect()
            }
        };
        Mask { width: surface.width(), height: surface.height(), coverage }
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The coverages, row by row.
    pub fn coverage(&self) -> &[u8] {
        &self.coverage
    }

    /// The coverages of row `y`, which must be below the height.
    pub(crate) fn row(&self, y: usize) -> &[u8] {
        &self.coverage[y * self.width as usize..][..self.width as usize]
    }

    /// What shows through both masks: the product; beyond `other` nothing does. Their top left corners coincide.
    pub fn intersect(&mut self, other: &Mask) {
        let width = self.width as usize;
        if width == 0 {
            return;
        }
        self.coverage.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
            let other = if y < other.height as usize { other.row(y) } else { &[] };
            let (inside, outside) = row.split_at_mut(other.len().min(width));
            for (a, &b) in inside.iter_mut().zip(other) {
                *a = mul_u8(*a, b);
            }
            outside.fill(0);
        });
    }

    /// Multiplies each pixel of `surface` by its coverage; beyond the mask it becomes transparent. Their top left
    /// corners coincide.
    pub fn apply(&self, surface: &mut Surface) {
        let width = surface.width() as usize;
        if width == 0 {
            return;
        }
        match surface.pixels_mut() {
            PixelsMut::U8(pixels) => {
                self.scale(pixels, width, |pixel, shown| pixel.map(|c| mul_u8(c, shown)))
            }
            PixelsMut::F32(pixels) => {
                self.scale(pixels, width, |pixel, shown| pixel.map(|c| c * (f32::from(shown) / 255.0)));
            }
        }
    }

    fn scale<P>(&self, pixels: &mut [[P; 4]], width: usize, scaled: impl Fn([P; 4], u8) -> [P; 4] + Sync)
    where
        P: Copy + Default + Send,
    {
        pixels.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
            let shown = if y < self.height as usize { self.row(y) } else { &[] };
            let (inside, outside) = row.split_at_mut(shown.len().min(width));
            for (pixel, &shown) in inside.iter_mut().zip(shown) {
                *pixel = scaled(*pixel, shown);
            }
            outside.fill([P::default(); 4]);
        });
    }
}

/// Luminance times opacity of a premultiplied pixel, in the encoding of its channels.
fn luminance([r, g, b, _]: [f32; 4]) -> f32 {
    LUMINANCE[0] * r + LUMINANCE[1] * g + LUMINANCE[2] * b
}

/// Luminance times opacity of a premultiplied pixel, as light.
fn linear_luminance(pixel: [f32; 4]) -> f32 {
    luminance(unpremultiply_f32(pixel).map(srgb_to_linear)) * pixel[3]
}

/// The linear value of an sRGB-encoded one, both in 0–1 (IEC 61966-2-1).
fn srgb_to_linear(encoded: f32) -> f32 {
    if encoded <= 0.040_45 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

#[cfg(test)]
mod tests {
    use base::Limits;

    use super::*;
    use crate::{Depth, PixelRect};

    /// One pixel of straight `color` at both depths.
    fn pixel(color: &str) -> [Surface; 2] {
        let eight = Surface::filled(1, 1, color.parse().unwrap(), &Limits::default()).unwrap();
        [eight.clone(), eight.into_depth(Depth::F32)]
    }

    #[test]
    fn coverage_of_known_colours() {
        // Colour, opacity, luminance as stored, luminance as light.
        let cases = [
            ("#ffffff", 255, 255, 255),
            ("#000000", 255, 0, 0),
            ("#ff0000", 255, 54, 54),
            ("#00ff00", 255, 182, 182),
            ("#0000ff", 255, 18, 18),
            ("#bcbcbc", 255, 188, 128),
            ("#ffffff80", 128, 128, 128),
            ("#00000080", 128, 0, 0),
            ("#bcbcbc80", 128, 94, 64),
        ];
        for (color, opacity, encoded, linear) in cases {
            for surface in pixel(color) {
                assert_eq!(Mask::from_alpha(&surface).coverage(), [opacity], "{color}");
                for (space, expected) in [(MaskSpace::Srgb, encoded), (MaskSpace::LinearRgb, linear)] {
                    let found = Mask::from_luminance(&surface, space).coverage()[0];
                    assert!(found.abs_diff(expected) <= 1, "{color} in {space:?}: {found}, not {expected}");
                }
            }
        }
    }

    #[test]
    fn a_mask_hides_what_it_does_not_reach() {
        let mask = Mask::from_coverage(2, 1, vec![255, 128]).unwrap();
        for depth in [Depth::U8, Depth::F32] {
            let white = Surface::filled(3, 2, base::Color::WHITE, &Limits::default()).unwrap();
            let mut surface = white.into_depth(depth);
            mask.apply(&mut surface);
            let shown = Mask::from_alpha(&surface);
            assert_eq!(shown.coverage(), [255, 128, 0, 0, 0, 0]);
            let crop = surface.crop(PixelRect::new(1, 0, 1, 1), &Limits::default()).unwrap();
            assert_eq!(crop.into_depth(Depth::U8).samples::<u8>(), Some(&[[128; 4]][..]));
        }
        let mut wide = Mask::from_coverage(3, 2, vec![128; 6]).unwrap();
        wide.intersect(&mask);
        assert_eq!(wide.coverage(), [128, 64, 0, 0, 0, 0]);
    }
}
