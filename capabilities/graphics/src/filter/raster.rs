//! The pixel buffer that the primitives share.

use rayon::prelude::*;
use tiny_skia::{IntRect, Pixmap, PixmapMut, PixmapRef};

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

    /// The part of `pixmap` inside `rect`, which must lie within it.
    pub(super) fn copied(pixmap: &Pixmap, rect: IntRect) -> Self {
        let stride = pixmap.width() as usize;
        let (left, top) = (rect.x().max(0) as usize, rect.y().max(0) as usize);
        let (width, height) = (rect.width() as usize, rect.height() as usize);
        let source = pixmap.data().as_chunks::<4>().0;
        let pixels = (top..top + height)
            .flat_map(|y| source.iter().skip(y * stride + left).take(width))
            .copied()
            .collect();
        Raster { width, height, pixels }
    }

    /// Each pixel mapped by itself.
    pub(super) fn map(&self, pixel: impl Fn(Rgba) -> Rgba + Sync) -> Self {
        let mut out = self.clone();
        out.pixels.par_chunks_mut(self.width).for_each(|row| {
            for value in row {
                *value = pixel(*value);
            }
        });
        out
    }

    /// Each pixel combined with the one at the same place in `other`, which has the same size.
    pub(super) fn zip(&self, other: &Raster, pixel: impl Fn(Rgba, Rgba) -> Rgba + Sync) -> Self {
        let mut out = self.clone();
        out.pixels.par_chunks_mut(self.width).zip(other.pixels.par_chunks(self.width)).for_each(
            |(row, others)| {
                for (value, other) in row.iter_mut().zip(others) {
                    *value = pixel(*value, *other);
                }
            },
        );
        out
    }

    /// Each row rewritten by `line(input, output)`.
    pub(super) fn map_rows<S: Send>(
        &self,
        scratch: impl Fn() -> S + Sync + Send,
        line: impl Fn(&mut S, &[Rgba], &mut [Rgba]) + Sync + Send,
    ) -> Self {
        let mut out = Raster::filled(self.width, self.height, [0; 4]);
        out.pixels
            .par_chunks_mut(self.width)
            .zip(self.pixels.par_chunks(self.width))
            .for_each_init(scratch, |scratch, (out, row)| line(scratch, row, out));
        out
    }

    /// Rows and columns exchanged.
    pub(super) fn transposed(&self) -> Self {
        const BLOCK: usize = 32;
        let (width, height) = (self.width, self.height);
        let mut out = Raster::filled(height, width, [0; 4]);
        out.pixels.par_chunks_mut(height * BLOCK).enumerate().for_each(|(band, rows)| {
            for top in (0..height).step_by(BLOCK) {
                for (i, row) in rows.chunks_mut(height).enumerate() {
                    let column = self.pixels.iter().skip(band * BLOCK + i + top * width).step_by(width);
                    for (to, from) in row.iter_mut().skip(top).take(BLOCK).zip(column) {
                        *to = *from;
                    }
                }
            }
        });
        out
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

    /// The raster as a tiny-skia picture.
    pub(super) fn as_pixmap(&self) -> Option<PixmapRef<'_>> {
        PixmapRef::from_bytes(self.pixels.as_flattened(), self.width as u32, self.height as u32)
    }

    /// The raster as a tiny-skia canvas.
    pub(super) fn as_pixmap_mut(&mut self) -> Option<PixmapMut<'_>> {
        PixmapMut::from_bytes(self.pixels.as_flattened_mut(), self.width as u32, self.height as u32)
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
        assert_eq!(raster.transposed().get(34, 39), [39, 34, 7, 255]);
    }
}
