//! Resampling to another size, in premultiplied colour and the sRGB encoding.

use std::{f64::consts::PI, fmt, str::FromStr};

use base::{LimitExceeded, Limits};
use rayon::prelude::*;

use crate::{
    Pixels, PixelsMut, Surface,
    blend::UnknownName,
    dispatch::{self, Kernel},
    weights::{Level, Weights, sum_pixels, sum_shifted},
};

/// How the pixels of the new size are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// The nearest pixel: hard edges, no new colours.
    Nearest,
    /// The mean of the pixels under the new one.
    Box,
    /// Linear interpolation; a tent as wide as the scale when the picture shrinks.
    Bilinear,
    /// A windowed sinc of three lobes: the sharpest.
    Lanczos3,
}

impl Filter {
    /// All filters, from the fastest to the sharpest.
    pub const ALL: &[Filter] = &[Filter::Nearest, Filter::Box, Filter::Bilinear, Filter::Lanczos3];

    /// The name in scripts.
    pub const fn name(self) -> &'static str {
        match self {
            Filter::Nearest => "nearest",
            Filter::Box => "box",
            Filter::Bilinear => "bilinear",
            Filter::Lanczos3 => "lanczos3",
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Filter {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Filter::ALL.iter().copied().find(|filter| filter.name() == name).ok_or_else(|| UnknownName {
            name: name.to_owned(),
            what: "resize filter",
            known: Filter::ALL.iter().map(|filter| filter.name()).collect::<Vec<_>>().join(", "),
        })
    }
}

/// A surface that cannot be resized.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResizeError {
    /// The new size is over the limits.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// There are no pixels to take colours from.
    #[error("a picture of {width}×{height} has no pixels to resize")]
    Empty {
        /// Width of the source.
        width: u32,
        /// Height of the source.
        height: u32,
    },
}

/// `src` resampled to `width` × `height`, at the same depth. Colour that overshoots is clamped to 0 up to alpha.
pub fn resize(
    src: &Surface,
    width: u32,
    height: u32,
    filter: Filter,
    limits: &Limits,
) -> Result<Surface, ResizeError> {
    let mut resized = Surface::new(width, height, src.depth(), limits)?;
    if width == 0 || height == 0 {
        return Ok(resized);
    }
    if src.width() == 0 || src.height() == 0 {
        return Err(ResizeError::Empty { width: src.width(), height: src.height() });
    }
    let across = weights(filter, src.width(), width);
    let down = weights(filter, src.height(), height);
    match (src.pixels(), resized.pixels_mut()) {
        (Pixels::U8(from), PixelsMut::U8(to)) => {
            resample(from, src.width() as usize, &across, &down, to, 255.0)
        }
        (Pixels::F32(from), PixelsMut::F32(to)) => {
            resample(from, src.width() as usize, &across, &down, to, 1.0)
        }
        // The new surface has the depth of the source.
        _ => {}
    }
    Ok(resized)
}

/// Makes each row of `to` out of the rows of `width` pixels it covers; `opaque` is the level of full opacity.
fn resample<P: Level>(
    from: &[[P; 4]],
    width: usize,
    across: &Weights,
    down: &Weights,
    to: &mut [[P; 4]],
    opaque: f32,
) {
    to.par_chunks_exact_mut(across.len()).enumerate().for_each_init(
        || (vec![[0.0f32; 4]; width], vec![[0.0f32; 4]; across.len()]),
        |(tall, row), (y, out)| {
            let (first, weights) = down.row(y);
            sum_shifted(&from[first * width..], width, weights, tall);
            sum_pixels(tall, across, 0, row);
            dispatch::run(Clamp { row, opaque, out });
        },
    );
}

/// Stores a row, its colour clamped to 0 up to alpha.
struct Clamp<'a, P> {
    row: &'a [[f32; 4]],
    opaque: f32,
    out: &'a mut [[P; 4]],
}

impl<P: Level> Kernel for Clamp<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (out, pixel) in self.out.iter_mut().zip(self.row) {
            let alpha = pixel[3].max(0.0).min(self.opaque);
            *out = pixel.map(|level| P::from_level(level.max(0.0).min(alpha)));
        }
    }
}

/// The weights that make `to` samples out of `from`: the filter, widened by the scale when there are fewer
/// (anti-aliasing), centred on each new sample and normalised over the old ones it reaches. Neither is 0.
pub fn weights(filter: Filter, from: u32, to: u32) -> Weights {
    let scale = f64::from(from) / f64::from(to);
    let widening = scale.max(1.0);
    let reach = filter.reach() * widening;
    let last = from as usize - 1;
    let mut weights = Weights::default();
    for centre in (0..to).map(|sample| (f64::from(sample) + 0.5) * scale) {
        if filter == Filter::Nearest {
            weights.push((centre as usize).min(last), std::iter::once(1.0));
            continue;
        }
        // The sample `k` covers k to k + 1.
        let first = (centre - reach - 0.5).ceil().max(0.0) as usize;
        let last = ((centre + reach - 0.5).floor().max(0.0) as usize).clamp(first.min(last), last);
        let first = first.min(last);
        let weight = |k: usize| filter.weight((k as f64 + 0.5 - centre) / widening);
        let total: f64 = (first..=last).map(weight).sum();
        weights.push(first, (first..=last).map(|k| weight(k) / total));
    }
    weights
}

impl Filter {
    /// How far the filter reaches from its centre, in samples.
    fn reach(self) -> f64 {
        match self {
            Filter::Nearest | Filter::Box => 0.5,
            Filter::Bilinear => 1.0,
            Filter::Lanczos3 => 3.0,
        }
    }

    /// The height of the filter at `x` samples from its centre.
    fn weight(self, x: f64) -> f64 {
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
        match self {
            // Half open, so that a sample on the border of two counts once.
            Filter::Nearest | Filter::Box => f64::from(u8::from(-0.5 < x && x <= 0.5)),
            Filter::Bilinear => (1.0 - x.abs()).max(0.0),
            Filter::Lanczos3 if x.abs() < 3.0 => sinc(x) * sinc(x / 3.0),
            Filter::Lanczos3 => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Depth;

    fn step() -> Surface {
        let pixels = (0..64).map(|i| if i % 8 < 4 { [200, 0, 40, 200] } else { [255; 4] }).collect();
        Surface::from_pixels(8, 8, Pixels::U8(pixels)).unwrap()
    }

    #[test]
    fn every_filter_keeps_flat_parts_and_valid_pixels_at_both_depths() {
        let limits = Limits::default();
        for &filter in Filter::ALL {
            assert_eq!(filter.to_string().parse(), Ok(filter));
            for depth in [Depth::U8, Depth::F32] {
                for (width, height) in [(4, 4), (8, 8), (31, 17), (1, 1), (3, 100)] {
                    let result = resize(&step().into_depth(depth), width, height, filter, &limits).unwrap();
                    assert_eq!((result.width(), result.height(), result.depth()), (width, height, depth));
                    for y in 0..height {
                        for x in 0..width {
                            let [r, g, b, a] = result.pixel(x, y).unwrap();
                            assert!(r <= a && g <= a && b <= a && a <= 1.0, "{filter} {r} {g} {b} {a}");
                        }
                    }
                    if width >= 31 {
                        let [r, g, b, a] = result.pixel(0, height / 2).unwrap().map(|c| (c * 255.0).round());
                        assert_eq!([r, g, b, a], [200.0, 0.0, 40.0, 200.0], "{filter}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_mean_of_a_box_and_the_errors() {
        let limits = Limits::default();
        let mean = resize(&step(), 1, 1, Filter::Box, &limits).unwrap();
        assert_eq!(mean.samples::<u8>(), Some(&[[228, 128, 148, 228]][..]));
        let tiny = Limits { pixels: 99, ..Limits::default() };
        assert!(matches!(resize(&step(), 10, 10, Filter::Box, &tiny), Err(ResizeError::Limit(_))));
        let empty = Surface::from_pixels(0, 5, Pixels::U8(vec![])).unwrap();
        assert_eq!(
            resize(&empty, 2, 2, Filter::Box, &limits),
            Err(ResizeError::Empty { width: 0, height: 5 })
        );
        assert!(resize(&step(), 0, 9, Filter::Lanczos3, &limits).is_ok());
    }
}
