//! Drawing a scene: shapes blended into canvases, layers composited onto each other, band by band.

use std::cell::Cell;

use rayon::prelude::*;

use super::{
    area::Area,
    fill::{Scanner, Sink},
    pixels::{self, scaled},
    scene::{Item, Layer, Shape},
    shade::{Rgba, Shade},
};
use raster::{
    Pixels, Surface,
    blend::{self, BlendMode},
};

/// Rows that are drawn at a time, where layers are not nested deeply.
const BAND_ROWS: usize = 128;
/// The most bytes that the layers of one band may take at once.
const BAND_BYTES: usize = 64 << 20;

/// Draws the items over one colour on a surface of eight bits a channel, whatever it held before; `parallel` changes
/// nothing but the time.
pub(super) fn draw(items: &[Item], below: Rgba, surface: &mut Surface, parallel: bool) {
    draw_from(items, (0, 0), below, surface, parallel);
}

/// Draws the items on a surface whose top left corner lies at (`left`, `top`).
pub(super) fn draw_from(
    items: &[Item],
    (left, top): (i32, i32),
    below: Rgba,
    surface: &mut Surface,
    parallel: bool,
) {
    let (width, height) = (surface.width() as usize, surface.height() as usize);
    if width == 0 || height == 0 {
        return;
    }
    let depth = items.iter().map(|item| if let Item::Layer(layer) = item { layer.depth } else { 0 }).max();
    let row_bytes = width * size_of::<Rgba>() * (depth.unwrap_or(0) + 1) * 2;
    let rows = BAND_ROWS.min(BAND_BYTES / row_bytes).max(1);
    let Some(pixels) = surface.samples_mut::<u8>() else { return };
    let draw_band = |(band, pixels): (usize, &mut [Rgba])| {
        let y0 = top + (band * rows) as i32;
        let y1 = y0 + (pixels.len() / width) as i32;
        let area = Area { x0: left, y0, x1: left + width as i32, y1 };
        // Also what is zero as it comes from the system: where memory is read before it is written, all threads are stopped.
        pixels.fill(below);
        // Taken, not borrowed: while blending waits for other threads, this one may begin another band.
        let mut scanner = SCANNER.take();
        draw_on(items, &mut Target { area, pixels }, &mut scanner);
        SCANNER.set(scanner);
    };
    if parallel {
        pixels.par_chunks_mut(rows * width).enumerate().for_each(draw_band);
    } else {
        pixels.chunks_mut(rows * width).enumerate().for_each(draw_band);
    }
}

thread_local! {
    static SCANNER: Cell<Scanner> = Cell::default();
}

/// A transparent canvas of its own.
pub(super) struct Canvas {
    area: Area,
    surface: Surface,
}

impl Canvas {
    pub fn new(area: Area) -> Self {
        let surface = Surface::transparent(area.width() as u32, area.height() as u32, raster::Depth::U8);
        Canvas { area, surface }
    }

    pub fn pixels(&self) -> &[Rgba] {
        self.surface.samples::<u8>().unwrap_or_default()
    }

    fn target(&mut self) -> Target<'_> {
        Target { area: self.area, pixels: self.surface.samples_mut::<u8>().unwrap_or_default() }
    }
}

/// Draws items on a canvas.
pub(super) fn draw_items(items: &[Item], canvas: &mut Canvas, scanner: &mut Scanner) {
    draw_on(items, &mut canvas.target(), scanner);
}

/// Pixels to draw on.
struct Target<'a> {
    area: Area,
    pixels: &'a mut [Rgba],
}

impl Target<'_> {
    /// The pixels of row `y` from `x0` up to `x1`, all inside.
    #[inline(always)]
    fn row(&mut self, x0: i32, x1: i32, y: i32) -> &mut [Rgba] {
        let start = (y - self.area.y0) as usize * self.area.width() + (x0 - self.area.x0) as usize;
        &mut self.pixels[start..start + (x1 - x0) as usize]
    }
}

fn draw_on(items: &[Item], target: &mut Target<'_>, scanner: &mut Scanner) {
    for item in items {
        if item.area().intersect(target.area).is_empty() {
            continue;
        }
        match item {
            Item::Shape(shape) => draw_shape(shape, target, scanner),
            Item::Layer(layer) => draw_layer(layer, target, scanner),
        }
    }
}

fn draw_shape(shape: &Shape, target: &mut Target<'_>, scanner: &mut Scanner) {
    let area = shape.area.intersect(target.area);
    match &shape.shade {
        Shade::Solid(color) => {
            let mut sink = SolidSink { target, color: *color };
            scanner.fill(&shape.outline, shape.rule, shape.smooth, area, &mut sink);
        }
        shade => {
            let mut sink = ShadeSink { target, shade, opaque: shade.is_opaque(), colors: Vec::new() };
            scanner.fill(&shape.outline, shape.rule, shape.smooth, area, &mut sink);
        }
    }
}

fn draw_layer(layer: &Layer, target: &mut Target<'_>, scanner: &mut Scanner) {
    let area = layer.area.intersect(target.area);
    let mut canvas = Canvas::new(area);
    draw_items(&layer.items, &mut canvas, scanner);
    let clip = layer.clip.as_ref().map(|clip| clip.coverage(area, scanner));
    let mask = layer.mask.as_ref().map(|mask| mask.coverage(area, scanner));
    for coverage in [clip, mask].into_iter().flatten() {
        coverage.scale(canvas.target().pixels);
    }
    composite(&canvas, layer.opacity, layer.blend_mode, target);
}

/// Lays a canvas over the target, which holds all of it.
fn composite(canvas: &Canvas, opacity: f64, mode: BlendMode, target: &mut Target<'_>) {
    let area = canvas.area;
    if mode == BlendMode::Normal {
        let opacity = (opacity.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        let rows = canvas.pixels().chunks(area.width().max(1));
        for (y, row) in (area.y0..area.y1).zip(rows) {
            pixels::over_row(target.row(area.x0, area.x1, y), row, opacity);
        }
        return;
    }
    let mut copy: Vec<Rgba> = Vec::with_capacity(area.width() * area.height());
    (area.y0..area.y1).for_each(|y| copy.extend_from_slice(target.row(area.x0, area.x1, y)));
    let (width, height) = (area.width() as u32, area.height() as u32);
    let Ok(mut below) = Surface::from_pixels(width, height, Pixels::U8(copy)) else { return };
    blend::composite(&mut below, &canvas.surface, (0, 0), opacity as f32, mode, None);
    let rows = below.samples::<u8>().unwrap_or_default().chunks(area.width().max(1));
    for (y, row) in (area.y0..area.y1).zip(rows) {
        target.row(area.x0, area.x1, y).copy_from_slice(row);
    }
}

/// Blends one colour.
struct SolidSink<'a, 'b> {
    target: &'a mut Target<'b>,
    color: Rgba,
}

impl Sink for SolidSink<'_, '_> {
    fn varied(&mut self, x: i32, y: i32, coverage: &[u8]) {
        pixels::over_varied(self.target.row(x, x + coverage.len() as i32, y), self.color, coverage);
    }

    fn even(&mut self, x0: i32, x1: i32, y: i32, coverage: u8) {
        pixels::over_even(self.target.row(x0, x1, y), pixels::covered(self.color, coverage));
    }
}

/// Blends colours that vary from place to place.
struct ShadeSink<'a, 'b> {
    target: &'a mut Target<'b>,
    shade: &'a Shade,
    /// Whether all colours of the shade are opaque.
    opaque: bool,
    colors: Vec<Rgba>,
}

impl Sink for ShadeSink<'_, '_> {
    fn varied(&mut self, x: i32, y: i32, coverage: &[u8]) {
        self.colors.resize(coverage.len(), [0; 4]);
        self.shade.colors(x, y, &mut self.colors);
        let row = self.target.row(x, x + coverage.len() as i32, y);
        pixels::over_row_varied(row, &self.colors, coverage);
    }

    fn even(&mut self, x0: i32, x1: i32, y: i32, coverage: u8) {
        if coverage == 255 && self.opaque {
            self.shade.colors(x0, y, self.target.row(x0, x1, y));
            return;
        }
        self.colors.resize((x1 - x0) as usize, [0; 4]);
        self.shade.colors(x0, y, &mut self.colors);
        pixels::over_row(self.target.row(x0, x1, y), &self.colors, coverage);
    }
}

/// How much of each pixel of an area is let through.
pub(super) struct Coverage {
    pub area: Area,
    values: Vec<u8>,
}

impl Coverage {
    /// Nothing is let through.
    pub fn new(area: Area) -> Self {
        Coverage { area, values: vec![0; area.width() * area.height()] }
    }

    pub fn values_mut(&mut self) -> &mut [u8] {
        &mut self.values
    }

    /// Lets through what both let through; the other is of the same area.
    pub fn multiply(&mut self, other: &Coverage) {
        for (value, other) in self.values.iter_mut().zip(&other.values) {
            *value = scaled(*value, *other);
        }
    }

    /// Lets through what either lets through; the other is of the same area.
    pub fn add(&mut self, other: &Coverage) {
        for (value, other) in self.values.iter_mut().zip(&other.values) {
            *value = union(*value, *other);
        }
    }

    /// Scales pixels of the same area.
    pub fn scale(&self, row: &mut [Rgba]) {
        pixels::scale_row(row, &self.values);
    }

    fn row(&mut self, x0: i32, x1: i32, y: i32) -> &mut [u8] {
        let start = (y - self.area.y0) as usize * self.area.width() + (x0 - self.area.x0) as usize;
        &mut self.values[start..start + (x1 - x0) as usize]
    }
}

fn union(a: u8, b: u8) -> u8 {
    a + scaled(b, 255 - a)
}

impl Sink for Coverage {
    fn varied(&mut self, x: i32, y: i32, coverage: &[u8]) {
        for (value, coverage) in self.row(x, x + coverage.len() as i32, y).iter_mut().zip(coverage) {
            *value = union(*value, *coverage);
        }
    }

    fn even(&mut self, x0: i32, x1: i32, y: i32, coverage: u8) {
        for value in self.row(x0, x1, y) {
            *value = union(*value, coverage);
        }
    }
}
