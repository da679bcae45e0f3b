//! Bitmaps as paint: images, patterns, and layers that are drawn through a transform.

use std::sync::{Arc, LazyLock};

use kurbo::{Affine, Point, Vec2};
use rayon::prelude::*;

use base::Limits;
use raster::{
    Pixels, Surface,
    resize::{self, Filter, Line},
};
use raster_gpu::Session;

use super::{area::Area, pixels, shade::Rgba};

/// How a bitmap is sampled between its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampling {
    Nearest,
    Linear,
    /// The cubic filter of Mitchell and Netravali (1988) with B = C = 1/3.
    Cubic,
}

/// What lies outside of a bitmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tiling {
    /// The nearest pixel.
    Clamp,
    /// The bitmap again.
    Repeat,
}

/// A bitmap in device space.
#[derive(Clone, Debug)]
pub(super) struct Texture {
    bitmap: Arc<Surface>,
    /// From device pixels to the bitmap's pixels.
    local: Affine,
    sampling: Sampling,
    tiling: Tiling,
    opacity: u8,
}

impl Texture {
    /// A bitmap of eight bits a channel; `device` takes its pixels to device pixels. `None` where there is
    /// nothing to show.
    pub fn new(
        bitmap: Arc<Surface>,
        device: Affine,
        sampling: Sampling,
        tiling: Tiling,
        opacity: f64,
    ) -> Option<Self> {
        let determinant = device.determinant();
        let local = (determinant.is_finite() && determinant != 0.0).then(|| device.inverse())?;
        if !local.is_finite() || bitmap.samples::<u8>().is_none_or(<[Rgba]>::is_empty) {
            return None;
        }
        // A bitmap that is only moved keeps its pixels, and with them its sharpness.
        let [a, b, c, d, ..] = local.as_coeffs();
        let moved = (a - 1.0).abs() < 1e-9 && (d - 1.0).abs() < 1e-9 && b == 0.0 && c == 0.0;
        let sampling = if moved { Sampling::Nearest } else { sampling };
        Some(Texture {
            bitmap,
            local,
            sampling,
            tiling,
            opacity: (opacity.clamp(0.0, 1.0) * 255.0 + 0.5) as u8,
        })
    }

    /// Whether every colour is opaque; that of large bitmaps is not looked at.
    pub fn is_opaque(&self) -> bool {
        false
    }

    /// Writes the colours of the pixels from (`x`, `y`) to the right.
    pub fn colors(&self, x: i32, y: i32, out: &mut [Rgba]) {
        let Some(pixels) = self.bitmap.samples::<u8>() else { return };
        let source = Source {
            pixels,
            width: self.bitmap.width() as i32,
            height: self.bitmap.height() as i32,
            tiling: self.tiling,
        };
        let [a, b, ..] = self.local.as_coeffs();
        let mut start = self.local * Point::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
        let step = Vec2::new(a, b);
        let upright = b == 0.0 && a.abs() <= MAX_STEP;
        for out in out.chunks_mut(CHUNK) {
            match (self.sampling, upright) {
                (Sampling::Nearest, _) => source.nearest(start, step, out),
                (Sampling::Linear, true) => source.upright(start, a, linear, out),
                (Sampling::Linear, false) => source.slanted(start, step, linear, out),
                (Sampling::Cubic, true) => source.upright(start, a, cubic, out),
                (Sampling::Cubic, false) => source.slanted(start, step, cubic, out),
            }
            start += step * CHUNK as f64;
        }
        if self.opacity < 255 {
            out.iter_mut().for_each(|pixel| *pixel = pixels::covered(*pixel, self.opacity));
        }
    }
}

/// Pixels that are coloured at a time.
const CHUNK: usize = 32;
/// The most pixels of a bitmap from one device pixel to the next for which whole columns are mixed first.
const MAX_STEP: f64 = 2.5;
/// The columns of a bitmap that a chunk can need.
const MAX_COLUMNS: usize = (CHUNK as f64 * MAX_STEP) as usize + 6;

/// The device pixels of `area`, resampled from an upright bitmap that is drawn no larger than it is, with the transform from
/// them to device pixels; `None` for other bitmaps. All pixels of the bitmap count, each by how near it lies, so that nothing
/// is passed over and fine detail stays sharp.
pub(super) fn resampled(
    bitmap: &Surface,
    device: Affine,
    area: Area,
    limits: &Limits,
    accelerator: Option<&Session<'_>>,
) -> Option<(Arc<Surface>, Affine)> {
    let [a, b, c, d, e, f] = device.as_coeffs();
    let steps = [1.0 / a, 1.0 / d];
    let shrinks = steps.iter().all(|step| step.abs() > 1.0 - 1e-9 && step.is_finite())
        && steps.iter().any(|step| step.abs() > 1.0 + 1e-9);
    if b != 0.0 || c != 0.0 || !shrinks {
        return None;
    }
    let line = |from: i32, count: usize, origin: f64, step: f64| Line {
        count: count as u32,
        start: (f64::from(from) + 0.5 - origin) * step,
        step,
    };
    let lines = [line(area.x0, area.width(), e, steps[0]), line(area.y0, area.height(), f, steps[1])];
    let made = match accelerator {
        Some(accelerator) => accelerator.resample(bitmap, lines, Filter::Lanczos3, limits),
        None => resize::resample(bitmap, lines, Filter::Lanczos3, limits),
    };
    Some((Arc::new(made.ok()?), Affine::translate((f64::from(area.x0), f64::from(area.y0)))))
}

/// A bitmap for which a device pixel is no larger than two of its pixels: whole numbers of pixels of a finer one are
/// averaged, so that none of them is passed over. Returned with the transform from its pixels to device pixels.
pub(super) fn shrunk(bitmap: Arc<Surface>, device: Affine) -> (Arc<Surface>, Affine) {
    let [a, b, c, d, ..] = device.as_coeffs();
    let pixels_per_device_pixel = |length: f64, most: u32| (1.0 / length).clamp(1.0, most.into()) as usize;
    let across = pixels_per_device_pixel(a.hypot(b), bitmap.width());
    let down = pixels_per_device_pixel(c.hypot(d), bitmap.height());
    let Some(pixels) = bitmap.samples::<u8>().filter(|_| across * down > 1) else { return (bitmap, device) };
    let stride = bitmap.width() as usize;
    let width = stride.div_ceil(across);
    let row = |rows: &[Rgba]| -> Vec<Rgba> {
        let mut sums = vec![([0u64; 4], 0u64); width];
        for row in rows.chunks(stride) {
            for ((sum, count), pixels) in sums.iter_mut().zip(row.chunks(across)) {
                for pixel in pixels {
                    sum.iter_mut().zip(pixel).for_each(|(sum, channel)| *sum += u64::from(*channel));
                }
                *count += pixels.len() as u64;
            }
        }
        sums.iter().map(|(sum, count)| sum.map(|sum| ((sum + count / 2) / count.max(&1)) as u8)).collect()
    };
    let small: Vec<Rgba> = pixels.par_chunks(stride * down).flat_map_iter(row).collect();
    let height = small.len() / width.max(1);
    match Surface::from_pixels(width as u32, height as u32, Pixels::U8(small)) {
        Ok(small) => (Arc::new(small), device * Affine::scale_non_uniform(across as f64, down as f64)),
        Err(_) => (bitmap, device),
    }
}

#[derive(Clone, Copy)]
struct Source<'a> {
    pixels: &'a [Rgba],
    width: i32,
    height: i32,
    tiling: Tiling,
}

impl Source<'_> {
    #[inline(always)]
    fn column(&self, x: i32) -> usize {
        match self.tiling {
            Tiling::Clamp => x.clamp(0, self.width - 1) as usize,
            Tiling::Repeat if (0..self.width).contains(&x) => x as usize,
            Tiling::Repeat => x.rem_euclid(self.width) as usize,
        }
    }

    #[inline(always)]
    fn row(&self, y: i32) -> &[Rgba] {
        let y = match self.tiling {
            Tiling::Clamp => y.clamp(0, self.height - 1),
            Tiling::Repeat => y.rem_euclid(self.height),
        };
        &self.pixels[y as usize * self.width as usize..][..self.width as usize]
    }

    fn nearest(&self, start: Point, step: Vec2, out: &mut [Rgba]) {
        if step.y == 0.0 {
            let row = self.row(floor(start.y).0);
            for (index, out) in out.iter_mut().enumerate() {
                *out = row[self.column(floor(start.x + step.x * index as f64).0)];
            }
            return;
        }
        for (index, out) in out.iter_mut().enumerate() {
            let place = start + step * index as f64;
            *out = self.row(floor(place.y).0)[self.column(floor(place.x).0)];
        }
    }

    /// Samples along a row of the bitmap: the rows are mixed first, then the columns.
    #[inline(always)]
    fn upright<const N: usize>(
        &self,
        start: Point,
        step: f64,
        weights: impl Fn(f32) -> [f32; N],
        out: &mut [Rgba],
    ) {
        let before = N as i32 / 2 - 1;
        let (top, part) = floor(start.y - 0.5);
        let down = weights(part);
        let rows: [&[Rgba]; N] =
            std::array::from_fn(|index| self.row(top.saturating_add(index as i32 - before)));
        let end = start.x + step * (out.len().max(1) - 1) as f64;
        let left = floor(start.x.min(end) - 0.5).0.saturating_sub(before);
        let right = floor(start.x.max(end) - 0.5).0.saturating_add(N as i32 - before);
        let count = (i64::from(right) - i64::from(left)).clamp(0, MAX_COLUMNS as i64) as usize;
        let mut columns = [[0.0f32; 4]; MAX_COLUMNS];
        for (index, mixed) in columns[..count].iter_mut().enumerate() {
            let column = self.column(left.saturating_add(index as i32));
            for (row, weight) in rows.iter().zip(down) {
                add(mixed, weight, row[column]);
            }
        }
        for (index, out) in out.iter_mut().enumerate() {
            let (column, part) = floor(start.x + step * index as f64 - 0.5);
            let first = (i64::from(column) - i64::from(left) - i64::from(before)).max(0) as usize;
            let mut sum = [0.0f32; 4];
            if let Some(columns) = columns.get(first..first + N) {
                for (column, weight) in columns.iter().zip(weights(part)) {
                    sum.iter_mut().zip(column).for_each(|(sum, value)| *sum += weight * value);
                }
            }
            *out = finished(sum);
        }
    }

    /// Samples along any line.
    #[inline(always)]
    fn slanted<const N: usize>(
        &self,
        start: Point,
        step: Vec2,
        weights: impl Fn(f32) -> [f32; N],
        out: &mut [Rgba],
    ) {
        let before = N as i32 / 2 - 1;
        for (index, out) in out.iter_mut().enumerate() {
            let place = start + step * index as f64;
            let ((left, across), (top, down)) = (floor(place.x - 0.5), floor(place.y - 0.5));
            let (left, top) = (left.saturating_sub(before), top.saturating_sub(before));
            let (across, down) = (weights(across), weights(down));
            let inside = left >= 0 && left <= self.width - N as i32;
            let mut sum = [0.0f32; 4];
            for (index, down) in down.into_iter().enumerate() {
                let row = self.row(top.saturating_add(index as i32));
                let mut line = [0.0f32; 4];
                if inside {
                    for (pixel, weight) in row[left as usize..][..N].iter().zip(across) {
                        add(&mut line, weight, *pixel);
                    }
                } else {
                    for (index, weight) in across.into_iter().enumerate() {
                        add(&mut line, weight, row[self.column(left.saturating_add(index as i32))]);
                    }
                }
                sum.iter_mut().zip(line).for_each(|(sum, value)| *sum += down * value);
            }
            *out = finished(sum);
        }
    }
}

#[inline(always)]
fn add(sum: &mut [f32; 4], weight: f32, pixel: Rgba) {
    sum.iter_mut().zip(pixel).for_each(|(sum, channel)| *sum += weight * f32::from(channel));
}

/// Rounded, and with colour at or below alpha, as negative weights may leave it above.
#[inline(always)]
fn finished(sum: [f32; 4]) -> Rgba {
    let alpha = sum[3].clamp(0.0, 255.0);
    sum.map(|value| (value.clamp(0.0, alpha) + 0.5) as i32 as u8)
}

/// The whole number below a value, and the rest.
#[inline(always)]
fn floor(value: f64) -> (i32, f32) {
    let whole = value as i32;
    let whole = if f64::from(whole) > value { whole.saturating_sub(1) } else { whole };
    (whole, (value - f64::from(whole)) as f32)
}

/// The weights of the two pixels around a place that lies `t` past the first one.
#[inline(always)]
fn linear(t: f32) -> [f32; 2] {
    [1.0 - t, t]
}

/// Cubic weights by 512ths of a pixel.
static CUBIC: LazyLock<[[f32; 4]; 513]> =
    LazyLock::new(|| std::array::from_fn(|step| mitchell(step as f32 / 512.0)));

#[inline(always)]
fn cubic(t: f32) -> [f32; 4] {
    CUBIC[((t * 512.0 + 0.5) as i32 as usize).min(512)]
}

/// The weights of the four pixels around a place that lies `t` past the second one.
fn mitchell(t: f32) -> [f32; 4] {
    let near = |t: f32| ((21.0 * t - 36.0) * t * t + 16.0) / 18.0;
    let far = |t: f32| ((-7.0 * t + 36.0) * t * t - 60.0 * t + 32.0) / 18.0;
    [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slanted_and_upright_samples_agree() {
        let pixels: Vec<Rgba> = (0..7 * 5).map(|i| [i as u8 * 7, 255 - i as u8, i as u8, 255]).collect();
        for tiling in [Tiling::Clamp, Tiling::Repeat] {
            let source = Source { pixels: &pixels, width: 7, height: 5, tiling };
            for step in [0.3, 1.0, -0.7, 2.4] {
                let start = Point::new(3.3 - step * 15.0, 1.7);
                let (mut upright, mut slanted) = ([[0; 4]; CHUNK], [[0; 4]; CHUNK]);
                source.upright(start, step, cubic, &mut upright);
                source.slanted(start, Vec2::new(step, 0.0), cubic, &mut slanted);
                let near = |a: u8, b: u8| a.abs_diff(b) <= 1;
                let all =
                    upright.as_flattened().iter().zip(slanted.as_flattened()).all(|(a, b)| near(*a, *b));
                assert!(all, "{tiling:?} {step}");
            }
        }
    }

    #[test]
    fn what_shrinks_upright_is_resampled_to_its_device_pixels_wherever_they_are_cut() {
        let pixels = (0..90 * 70).map(|i| [(i * i % 251) as u8, (i % 90) as u8, (i / 90) as u8, 255]);
        let bitmap = Surface::from_pixels(90, 70, Pixels::U8(pixels.collect())).unwrap();
        let limits = Limits::default();
        // Turned round across, and drawn from 54.4 to the left.
        let device = Affine::new([-0.6, 0.0, 0.0, 0.3, 54.4, 2.7]);
        let all = Area { x0: 0, y0: 2, x1: 55, y1: 24 };
        let part = Area { x0: 20, y0: 9, x1: 31, y1: 17 };
        let (whole, moved) = resampled(&bitmap, device, all, &limits, None).unwrap();
        assert_eq!((whole.width(), whole.height(), moved), (55, 22, Affine::translate((0.0, 2.0))));
        let (cut, _) = resampled(&bitmap, device, part, &limits, None).unwrap();
        let rect = raster::PixelRect::new(20, 7, 11, 8);
        assert!(*cut == whole.crop(rect, &limits).unwrap());
        // A ramp keeps its place: device pixel 30 lies at 40 of the bitmap, less half a pixel.
        assert_eq!(whole.samples::<u8>().unwrap()[10 * 55 + 30][1], 39);
        for other in [Affine::rotate(0.1) * device, Affine::scale_non_uniform(0.5, 1.1), Affine::IDENTITY] {
            assert!(resampled(&bitmap, other, all, &limits, None).is_none());
        }
    }

    #[test]
    fn shrinking_averages_whole_blocks_and_keeps_the_place() {
        let pixels = (0..5 * 3).map(|index| [index as u8 * 10, 0, 0, 255]).collect();
        let bitmap = Arc::new(Surface::from_pixels(5, 3, Pixels::U8(pixels)).unwrap());
        let device = Affine::scale_non_uniform(0.4, 0.5);
        let (small, moved) = shrunk(bitmap.clone(), device);
        assert_eq!((small.width(), small.height()), (3, 2));
        let red: Vec<u8> = small.samples::<u8>().unwrap().iter().map(|pixel| pixel[0]).collect();
        assert_eq!(red, [30, 50, 65, 105, 125, 140]);
        assert_eq!(moved * Point::new(1.5, 1.0), device * Point::new(3.0, 2.0));
        assert_eq!(shrunk(bitmap, Affine::scale(0.6)).0.width(), 5);
    }

    #[test]
    fn the_weights_of_a_cubic_sample_add_up_and_mirror() {
        for step in 0..=10 {
            let t = step as f32 / 10.0;
            let weights = mitchell(t);
            assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{weights:?}");
            let mut mirrored = mitchell(1.0 - t);
            mirrored.reverse();
            assert!(weights.iter().zip(mirrored).all(|(a, b)| (a - b).abs() < 1e-6));
        }
    }
}
