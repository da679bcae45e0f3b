//! Compositing one surface onto another: the blend modes and the Porter–Duff operators of the W3C.
//!
//! Formulas: Compositing and Blending Level 1, sections 9 and 10, rewritten for premultiplied colour (lower case,
//! as is `co = cs·(1-αb) + cb·(1-αs) + αs·αb·B(Cb, Cs)`). Eight-bit results are within one step of the rounded
//! exact ones, floats within 1e-5. Colours are blended in the sRGB encoding.

mod bytes;
mod floats;
mod mode;
mod operator;
#[cfg(test)]
mod tests;

use std::ops::Range;

use rayon::prelude::*;

pub use mode::{BlendMode, CompositeOperator, UnknownName};

use crate::{Mask, PixelRect, Pixels, PixelsMut, Surface};

/// Rows that one thread composites at a time.
const BAND: usize = 16;

/// What lies above a picture, and how.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// The picture to put on top.
    pub surface: &'a Surface,
    /// Where its top left corner goes, in pixels of the picture below.
    pub offset: (i32, i32),
    /// Opacity, 0–1; outside that range it is clamped.
    pub opacity: f32,
    /// How its colours mix with those below.
    pub mode: BlendMode,
    /// What shows of it: a mask aligned with its top left corner, hiding what it does not reach.
    pub mask: Option<&'a Mask>,
}

impl<'a> Layer<'a> {
    /// `surface` at the origin, fully opaque, in the normal mode and without a mask.
    pub fn new(surface: &'a Surface) -> Self {
        Layer { surface, offset: (0, 0), opacity: 1.0, mode: BlendMode::Normal, mask: None }
    }
}

/// Composites `src` onto `dst` with its top left corner at `offset`; see [`Layer`] for the arguments.
pub fn composite(
    dst: &mut Surface,
    src: &Surface,
    offset: (i32, i32),
    opacity: f32,
    mode: BlendMode,
    mask: Option<&Mask>,
) {
    composite_layers(dst, &[Layer { surface: src, offset, opacity, mode, mask }]);
}

/// Composites `layers` onto `dst` from the first, which lies lowest, to the last.
///
/// All layers are put on one band of rows before the next band, so that the rows below stay in the cache.
pub fn composite_layers(dst: &mut Surface, layers: &[Layer<'_>]) {
    let placed: Vec<(Layer<'_>, PixelRect)> =
        layers.iter().filter_map(|layer| Some((*layer, visible(layer)?.intersect(dst.bounds())?))).collect();
    if placed.is_empty() {
        return;
    }
    for_bands(dst, |band| {
        for (layer, rect) in &placed {
            for y in band.rows(rect) {
                composite_row(band.row(y, rect), layer, rect, y);
            }
        }
    });
}

/// Applies a Porter–Duff `operator` to all of `dst`; outside `src` the source is transparent, so that the operators
/// that need one clear what lies there. `opacity` and `mask` scale the source.
pub fn composite_with(
    dst: &mut Surface,
    src: &Surface,
    offset: (i32, i32),
    opacity: f32,
    operator: CompositeOperator,
    mask: Option<&Mask>,
) {
    let layer = Layer { surface: src, offset, opacity, mode: BlendMode::Normal, mask };
    let whole = dst.bounds();
    let nowhere = PixelRect::new(0, 0, 0, 0);
    let rect = visible(&layer).and_then(|rect| rect.intersect(whole)).unwrap_or(nowhere);
    let clears = operator.clears_outside();
    for_bands(dst, |band| {
        for y in band.rows(&whole) {
            if !band.rows(&rect).contains(&y) {
                if clears {
                    band.row(y, &whole).clear();
                }
                continue;
            }
            if clears {
                let right = rect.x as u32 + rect.width;
                band.row(y, &PixelRect { width: rect.x as u32, ..whole }).clear();
                band.row(y, &PixelRect { x: right as i32, width: whole.width - right, ..whole }).clear();
            }
            let (src, coverage) = source_row(&layer, &rect, y);
            operator::composite(band.row(y, &rect), src, coverage, operator);
        }
    });
}

/// The part of the plane where `layer` can show.
fn visible(layer: &Layer<'_>) -> Option<PixelRect> {
    let (x, y) = layer.offset;
    let rect = PixelRect::new(x, y, layer.surface.width(), layer.surface.height());
    match layer.mask {
        Some(mask) => rect.intersect(PixelRect::new(x, y, mask.width(), mask.height())),
        None => Some(rect),
    }
}

/// How much of a row of the source shows.
#[derive(Clone, Copy)]
struct Coverage<'a> {
    opacity: f32,
    mask: Option<&'a [u8]>,
}

impl Coverage<'_> {
    fn is_full(&self) -> bool {
        self.opacity >= 1.0 && self.mask.is_none()
    }
}

/// A row of source pixels.
#[derive(Clone, Copy)]
enum SourceRow<'a> {
    U8(&'a [[u8; 4]]),
    F32(&'a [[f32; 4]]),
}

/// A row of the pixels below.
enum TargetRow<'a> {
    U8(&'a mut [[u8; 4]]),
    F32(&'a mut [[f32; 4]]),
}

impl TargetRow<'_> {
    fn clear(self) {
        match self {
            TargetRow::U8(row) => row.fill([0; 4]),
            TargetRow::F32(row) => row.fill([0.0; 4]),
        }
    }
}

/// What of `layer` falls on row `y` of `rect`.
fn source_row<'a>(layer: &Layer<'a>, rect: &PixelRect, y: usize) -> (SourceRow<'a>, Coverage<'a>) {
    let left = (i64::from(rect.x) - i64::from(layer.offset.0)) as usize;
    let row = (y as i64 - i64::from(layer.offset.1)) as usize;
    let width = rect.width as usize;
    let start = row * layer.surface.width() as usize + left;
    let src = match layer.surface.pixels() {
        Pixels::U8(pixels) => SourceRow::U8(&pixels[start..start + width]),
        Pixels::F32(pixels) => SourceRow::F32(&pixels[start..start + width]),
    };
    let mask = layer.mask.map(|mask| &mask.row(row)[left..left + width]);
    let opacity = if layer.opacity.is_nan() { 0.0 } else { layer.opacity.clamp(0.0, 1.0) };
    (src, Coverage { opacity, mask })
}

fn composite_row(target: TargetRow<'_>, layer: &Layer<'_>, rect: &PixelRect, y: usize) {
    let (src, coverage) = source_row(layer, rect, y);
    match (target, src) {
        (TargetRow::U8(dst), SourceRow::U8(src)) => {
            if !bytes::composite(dst, src, coverage, layer.mode) {
                floats::composite(dst, src, coverage, layer.mode);
            }
        }
        (TargetRow::U8(dst), SourceRow::F32(src)) => floats::composite(dst, src, coverage, layer.mode),
        (TargetRow::F32(dst), SourceRow::U8(src)) => floats::composite(dst, src, coverage, layer.mode),
        (TargetRow::F32(dst), SourceRow::F32(src)) => floats::composite(dst, src, coverage, layer.mode),
    }
}

/// Some whole rows of the surface below.
struct Band<'a> {
    top: usize,
    width: usize,
    rows: TargetRow<'a>,
}

impl Band<'_> {
    /// The rows of `rect` that lie in this band.
    fn rows(&self, rect: &PixelRect) -> Range<usize> {
        let samples = match &self.rows {
            TargetRow::U8(rows) => rows.len(),
            TargetRow::F32(rows) => rows.len(),
        };
        let top = rect.y as usize;
        top.max(self.top)..(top + rect.height as usize).min(self.top + samples / self.width)
    }

    /// The pixels of row `y` between the sides of `rect`, which lies on the surface.
    fn row(&mut self, y: usize, rect: &PixelRect) -> TargetRow<'_> {
        let start = (y - self.top) * self.width + rect.x as usize;
        let end = start + rect.width as usize;
        match &mut self.rows {
            TargetRow::U8(rows) => TargetRow::U8(&mut rows[start..end]),
            TargetRow::F32(rows) => TargetRow::F32(&mut rows[start..end]),
        }
    }
}

/// Calls `work` for every band of `dst`, in parallel.
fn for_bands(dst: &mut Surface, work: impl Fn(&mut Band<'_>) + Sync) {
    let width = dst.width() as usize;
    if width == 0 || dst.height() == 0 {
        return;
    }
    match dst.pixels_mut() {
        PixelsMut::U8(pixels) => {
            pixels.par_chunks_mut(BAND * width).enumerate().for_each(|(index, rows)| {
                work(&mut Band { top: index * BAND, width, rows: TargetRow::U8(rows) });
            });
        }
        PixelsMut::F32(pixels) => {
            pixels.par_chunks_mut(BAND * width).enumerate().for_each(|(index, rows)| {
                work(&mut Band { top: index * BAND, width, rows: TargetRow::F32(rows) });
            });
        }
    }
}
