//! The pixel buffer that the primitives share.

use rayon::prelude::*;
use tiny_skia::IntRect;

use raster::{Depth, Pixels, Surface, lines};

/// Red, green, blue, alpha; premultiplied unless said otherwise.
pub(super) type Rgba = [u8; 4];

/// Premultiplied RGBA, row by row, neither side zero.
#[derive(Clone)]
pub(super) struct Raster {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<Rgba>,
}

impl Raster {
    /// A raster of one colour.
    pub(super) fn filled(width: usize, height: usize, pixel: Rgba) -> Self {
        Raster { width, height, pixels: vec![pixel; width * height] }
    }

    /// A raster whose pixels follow from their positions.
    pub(super) fn generate(width: usize, height: usize, pixel: impl Fn(usize, usize) -> Rgba + Sync) -> Self {
        let mut raster = Raster::filled(width, height, [0; 4]);
        raster.pixels.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
            for (x, out) in row.iter_mut().enumerate() {
                *out = pixel(x, y);
            }
        });
        raster
    }

    /// The pixels of a surface.
    pub(super) fn of(surface: Surface) -> Self {
        let (width, height) = (surface.width() as usize, surface.height() as usize);
        match surface.into_depth(Depth::U8).into_pixels() {
            Pixels::U8(pixels) => Raster { width, height, pixels },
            Pixels::F32(_) => Raster::filled(width, height, [0; 4]),
        }
    }

    /// The pixels as a surface.
    pub(super) fn into_surface(self) -> Surface {
        Surface::with_pixels(self.width as u32, self.height as u32, Pixels::U8(self.pixels))
    }

    /// The part inside `rect`, which must lie within the raster.
    pub(super) fn cut(self, rect: IntRect) -> Self {
        let (left, top) = (rect.x().max(0) as usize, rect.y().max(0) as usize);
        let (width, height) = (rect.width() as usize, rect.height() as usize);
        if (left, top, width, height) == (0, 0, self.width, self.height) {
            return self;
        }
        let rows = self.pixels.chunks(self.width).skip(top).take(height);
        let pixels = rows.flat_map(|row| row.iter().skip(left).take(width)).copied().collect();
        Raster { width, height, pixels }
    }

    /// Each pixel mapped by itself.
    pub(super) fn map(mut self, pixel: impl Fn(Rgba) -> Rgba + Sync) -> Self {
        self.pixels.par_chunks_mut(self.width).for_each(|row| {
            for value in row {
                *value = pixel(*value);
            }
        });
        self
    }

    /// Each pixel combined with the one at the same place in `other`, which has the same size.
    pub(super) fn zip(mut self, other: &Raster, pixel: impl Fn(Rgba, Rgba) -> Rgba + Sync) -> Self {
        self.pixels.par_chunks_mut(self.width).zip(other.pixels.par_chunks(self.width)).for_each(
            |(row, others)| {
                for (value, other) in row.iter_mut().zip(others) {
                    *value = pixel(*value, *other);
                }
            },
        );
        self
    }

    /// Each row rewritten by `line`.
    pub(super) fn change_rows<S: Default>(&mut self, line: impl Fn(&mut S, &mut [Rgba]) + Sync + Send) {
        lines::change_rows(&mut self.pixels, self.width, line);
    }

    /// Each column rewritten by `line`.
    pub(super) fn change_columns<S: Default>(&mut self, line: impl Fn(&mut S, &mut [Rgba]) + Sync + Send) {
        lines::change_columns(&mut self.pixels, self.width, line);
    }

    /// The pixel at a signed position; transparent outside.
    pub(super) fn get(&self, x: i64, y: i64) -> Rgba {
        if x < 0 || y < 0 || x >= self.width as i64 || y >= self.height as i64 {
            return [0; 4];
        }
        self.pixels[y as usize * self.width + x as usize]
    }

    /// Everything moved by whole pixels; transparent where nothing moved to.
    pub(super) fn moved(&self, dx: i64, dy: i64) -> Self {
        Raster::generate(self.width, self.height, |x, y| {
            self.get((x as i64).saturating_sub(dx), (y as i64).saturating_sub(dy))
        })
    }

    /// Clears what lies outside the columns `left..right` and rows `top..bottom`.
    pub(super) fn clip(&mut self, left: i64, top: i64, right: i64, bottom: i64) {
        for (y, row) in self.pixels.chunks_mut(self.width).enumerate() {
            let inside = top <= y as i64 && (y as i64) < bottom;
            let from = if inside { left.clamp(0, row.len() as i64) as usize } else { row.len() };
            let to = (right.clamp(0, row.len() as i64) as usize).max(from);
            row[..from].fill([0; 4]);
            row[to..].fill([0; 4]);
        }
    }
}

/// `a · b / 255`, rounded.
pub(super) fn mul255(a: u8, b: u8) -> u8 {
    let product = u32::from(a) * u32::from(b) + 128;
    ((product + (product >> 8)) >> 8) as u8
}

/// Straight alpha to premultiplied.
pub(super) fn premultiply([r, g, b, a]: Rgba) -> Rgba {
    if a == 255 { [r, g, b, a] } else { [mul255(r, a), mul255(g, a), mul255(b, a), a] }
}

/// Premultiplied to straight alpha; transparent pixels become transparent black.
pub(super) fn unpremultiply([r, g, b, a]: Rgba) -> Rgba {
    if a == 255 {
        return [r, g, b, a];
    }
    if a == 0 {
        return [0; 4];
    }
    let alpha = u32::from(a);
    let straight = |c: u8| ((u32::from(c) * 255 + alpha / 2) / alpha).min(255) as u8;
    [straight(r), straight(g), straight(b), a]
}

/// A part of full intensity as eight bits: clamped to 0–1 and rounded; what is not a number is 0.
pub(super) fn quantise(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn premultiplying_a_straightened_pixel_gives_it_back() {
        for a in 0..=255 {
            for c in 0..=a {
                assert_eq!(premultiply(unpremultiply([c, 0, a, a])), [c, 0, a, a]);
            }
        }
    }

    #[test]
    fn clip_and_move_keep_what_is_inside() {
        let raster = Raster::generate(40, 35, |x, y| [x as u8, y as u8, 7, 255]);
        let mut moved = raster.moved(3, -2);
        assert_eq!(moved.get(10, 10), [7, 12, 7, 255]);
        assert_eq!(moved.get(2, 10), [0; 4]);
        moved.clip(5, -4, 9, 20);
        assert_eq!(moved.pixels.iter().filter(|p| p[3] != 0).count(), 4 * 20);
    }
}
