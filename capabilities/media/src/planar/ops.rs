//! Operations on planes: all samples of one picture with those of another.

use base::Color as Rgb;
use codecs::Layout;
use raster::dispatch::{self, Kernel};
use rayon::prelude::*;

use super::{
    color::Coefficients,
    image::{PlanarMut, PlanarRef, Sample},
};

/// Rows that one thread takes at a time.
const BAND: usize = 64;

/// Makes a picture the same as another of its size and format.
pub fn copy(to: &mut PlanarMut<'_>, from: PlanarRef<'_>) {
    mix(to, from, 1.0);
}

/// Gives all pixels a colour; its opacity goes into the plane of opacity, if there is one.
pub fn fill(to: &mut PlanarMut<'_>, color: Rgb) {
    let coefficients = Coefficients::of(to.color, to.format.bits);
    let rgb = [color.r, color.g, color.b].map(|channel| f32::from(channel) / 255.0);
    let levels = match to.format.layout {
        Layout::Gbr => [rgb[1], rgb[2], rgb[0]].map(|value| coefficients.level(value)),
        _ => coefficients.levels(rgb),
    };
    for plane in 0..to.format.planes() {
        let is_opacity = to.format.alpha && plane + 1 == to.format.planes();
        let level = match levels.get(plane).filter(|_| !is_opacity) {
            Some(level) => *level,
            None => f32::from(color.a) / 255.0 * f32::from(u16::MAX >> (16 - to.format.bits.clamp(8, 16))),
        };
        match to.format.sample_bytes() {
            1 => to.rows::<u8>(plane).into_iter().for_each(|row| row.fill(u8::from_level(level))),
            _ => to.rows::<u16>(plane).into_iter().for_each(|row| row.fill(u16::from_level(level))),
        }
    }
}

/// Mixes another picture of the same size and format into one: `part` of it, from 0 to 1, the rest is what was there.
pub fn mix(to: &mut PlanarMut<'_>, from: PlanarRef<'_>, part: f32) {
    select(to, from, &|_, _| Part::Even(part));
}

/// How much of the second picture there is in a row of samples.
pub enum Part {
    /// As much everywhere.
    Even(f32),
    /// Sample by sample.
    Each(Vec<f32>),
}

/// Mixes another picture of the same size and format into one. `parts` says how much of it there is in a row of a plane,
/// which is given by how much lower and narrower than the picture the plane is, and its own row.
pub fn select(
    to: &mut PlanarMut<'_>,
    from: PlanarRef<'_>,
    parts: &(dyn Fn((u32, u32), usize) -> Part + Sync),
) {
    for plane in 0..to.format.planes() {
        let shrunk = to.format.subsampling(plane);
        let part = |row: usize| parts(shrunk, row);
        match to.format.sample_bytes() {
            1 => mix_rows::<u8>(to.rows(plane), from.rows(plane), &part),
            _ => mix_rows::<u16>(to.rows(plane), from.rows(plane), &part),
        }
    }
}

fn mix_rows<S: Sample>(to: Vec<&mut [S]>, from: Vec<&[S]>, part: &(dyn Fn(usize) -> Part + Sync)) {
    let rows = to.into_par_iter().zip(from).enumerate().with_min_len(BAND);
    rows.for_each(|(row, (to, from))| match part(row) {
        Part::Even(part) if part <= 0.0 => {}
        Part::Even(part) if part >= 1.0 => to.copy_from_slice(from),
        Part::Even(part) => dispatch::run(Mix { to, from, part }),
        Part::Each(parts) => {
            for ((to, from), part) in to.iter_mut().zip(from).zip(parts) {
                *to = S::from_level(to.level() + (from.level() - to.level()) * part);
            }
        }
    });
}

struct Mix<'a, S> {
    to: &'a mut [S],
    from: &'a [S],
    part: f32,
}

impl<S: Sample> Kernel for Mix<'_, S> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // In 32,768ths: whole numbers are quicker than fractions, and as exact.
        let part = (self.part * 32_768.0 + 0.5) as u32;
        for (to, from) in self.to.iter_mut().zip(self.from) {
            *to = S::from_whole((to.whole() * (32_768 - part) + from.whole() * part + 16_384) >> 15);
        }
    }
}
