//! Pixels that are drawn over a picture in planes.

use codecs::{Color, Layout, PictureFormat};
use raster::dispatch::{self, Kernel};
use rayon::prelude::*;

use super::{
    color::Coefficients,
    image::{PlanarMut, Sample},
};

/// What is drawn over a picture, as planes of levels with opacity: the part that is not clear. It can be drawn many times.
pub struct Overlay {
    /// Where its upper left corner goes: whole samples of all planes.
    left: u32,
    top: u32,
    format: PictureFormat,
    planes: Vec<OverlayPlane>,
}

struct OverlayPlane {
    width: usize,
    /// Levels, and the opacity of each from 0 to 255.
    levels: Vec<u16>,
    opacity: Vec<u8>,
}

impl Overlay {
    /// The pixels of a picture of `width`, premultiplied sRGB, as they are drawn on pictures of a format. None where all of it
    /// is clear.
    pub fn new(rgba: &[[u8; 4]], width: u32, format: PictureFormat, color: Color) -> Option<Self> {
        let columns = (width as usize).max(1);
        let (left, top, right, bottom) = bounds(rgba, columns)?;
        let coefficients = Coefficients::of(color, format.bits);
        let planes = (0..format.planes()).map(|plane| {
            let (shift_x, shift_y) = format.subsampling(plane);
            let (first, last) = (left >> shift_x, right.div_ceil(1 << shift_x));
            let (above, below) = (top >> shift_y, bottom.div_ceil(1 << shift_y));
            let samples: Vec<(u16, u8)> = (above..below)
                .into_par_iter()
                .flat_map_iter(|y| (first..last).map(move |x| (x, y)))
                .map(|(x, y)| {
                    let (mut sum, mut count) = ([0u32; 4], 0);
                    for row in rgba.chunks(columns).skip(y << shift_y).take(1 << shift_y) {
                        for pixel in row.iter().skip(x << shift_x).take(1 << shift_x) {
                            sum.iter_mut().zip(pixel).for_each(|(sum, channel)| *sum += u32::from(*channel));
                            count += 1;
                        }
                    }
                    sample(sum, count, plane, format, &coefficients)
                })
                .collect();
            let (levels, opacity) = samples.into_iter().unzip();
            OverlayPlane { width: last - first, levels, opacity }
        });
        let planes = planes.collect();
        Some(Overlay { left: left as u32, top: top as u32, format, planes })
    }

    /// Draws it over a picture of the format that it was made for, with this opacity from 0 to 1.
    pub fn draw(&self, to: &mut PlanarMut<'_>, opacity: f32) {
        if to.format != self.format {
            return;
        }
        let opacity = (opacity.clamp(0.0, 1.0) * 256.0 + 0.5) as u32;
        for (at, plane) in self.planes.iter().enumerate() {
            match to.format.sample_bytes() {
                1 => self.draw_plane::<u8>(to.rows(at), at, plane, opacity),
                _ => self.draw_plane::<u16>(to.rows(at), at, plane, opacity),
            }
        }
    }

    fn draw_plane<S: Sample>(&self, rows: Vec<&mut [S]>, at: usize, plane: &OverlayPlane, opacity: u32) {
        let (shift_x, shift_y) = self.format.subsampling(at);
        let (left, top) = ((self.left >> shift_x) as usize, (self.top >> shift_y) as usize);
        let width = plane.width.max(1);
        let from = plane.levels.par_chunks(width).zip(plane.opacity.par_chunks(width));
        // What lies beside the picture is not drawn.
        let rows = rows.into_iter().skip(top).collect::<Vec<_>>();
        rows.into_par_iter().zip(from).for_each(|(to, (levels, alpha))| {
            dispatch::run(Over { to: to.get_mut(left..).unwrap_or_default(), levels, alpha, opacity });
        });
    }
}

/// The smallest box, from its upper left corner to what is just beyond it, that holds all that is not clear; its corner is even.
fn bounds(rgba: &[[u8; 4]], columns: usize) -> Option<(usize, usize, usize, usize)> {
    let is_drawn = |pixel: &[u8; 4]| pixel[3] > 0;
    let rows: Vec<Option<(usize, usize)>> = rgba
        .par_chunks(columns)
        .map(|row| Some((row.iter().position(is_drawn)?, row.iter().rposition(is_drawn)? + 1)))
        .collect();
    let top = rows.iter().position(Option::is_some)?;
    let bottom = rows.iter().rposition(Option::is_some)? + 1;
    let left = rows.iter().flatten().map(|(left, _)| *left).min()?;
    let right = rows.iter().flatten().map(|(_, right)| *right).max()?;
    Some((left & !1, top & !1, right, bottom))
}

/// The level and opacity of a sample of a plane from the sum of `count` premultiplied pixels.
fn sample(
    sum: [u32; 4],
    count: u32,
    plane: usize,
    format: PictureFormat,
    coefficients: &Coefficients,
) -> (u16, u8) {
    let [r, g, b, a] = sum.map(|channel| channel as f32);
    if a == 0.0 {
        return (0, 0);
    }
    let alpha = (a / count.max(1) as f32 + 0.5) as u8;
    let rgb = [r / a, g / a, b / a];
    if format.alpha && plane + 1 == format.planes() {
        return (u16::MAX >> (16 - format.bits.clamp(8, 16)), alpha);
    }
    let levels = match format.layout {
        Layout::Gbr => [rgb[1], rgb[2], rgb[0]].map(|value| coefficients.level(value)),
        _ => coefficients.levels(rgb),
    };
    (u16::from_level(levels.get(plane).copied().unwrap_or_default()), alpha)
}

struct Over<'a, S> {
    to: &'a mut [S],
    levels: &'a [u16],
    alpha: &'a [u8],
    /// 0–256.
    opacity: u32,
}

impl<S: Sample> Kernel for Over<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for ((to, level), alpha) in self.to.iter_mut().zip(self.levels).zip(self.alpha) {
            // From 0 to 65,280, so that full opacity takes exactly what is drawn.
            let part = u32::from(*alpha) * self.opacity;
            let mixed = to.whole() * (65_280 - part) + u32::from(*level) * part;
            *to = S::from_whole((mixed + 32_640) / 65_280);
        }
    }
}
