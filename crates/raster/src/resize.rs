//! Resampling to another size, in premultiplied colour and the sRGB encoding.

use std::{f64::consts::PI, fmt, str::FromStr};

use base::{LimitExceeded, Limits};
use rayon::prelude::*;

use crate::{
    Pixels, PixelsMut, Surface,
    blend::UnknownName,
    weights::{Level, Weights, sum_across, sum_down},
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

/// Where the centres of new pixels lie along an axis, in pixels of the old picture from its edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// How many new pixels there are.
    pub count: u32,
    /// Where the first one lies. What lies outside of the old picture is taken to be at its edge.
    pub start: f64,
    /// From one to the next; the other way round where it is negative.
    pub step: f64,
}

impl Line {
    /// `count` new pixels that cover all of `from` old ones.
    pub fn whole(from: u32, count: u32) -> Self {
        let step = f64::from(from) / f64::from(count.max(1));
        Line { count, start: step / 2.0, step }
    }

    /// About how many of `from` old pixels lie between the first new one and the last.
    pub fn reads(&self, from: u32) -> u64 {
        let length = self.step.abs() * f64::from(self.count);
        length.clamp(1.0, f64::from(from).max(1.0)) as u64
    }

    fn is_finite(&self) -> bool {
        self.start.is_finite() && self.step.is_finite()
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
    /// New pixels lie at places that are no finite numbers.
    #[error("the places of new pixels are not finite")]
    Place,
}

/// `src` resampled to `width` × `height`, at the same depth. Colour that overshoots is clamped to 0 up to alpha.
///
/// # Errors
/// As [`resample`].
pub fn resize(
    src: &Surface,
    width: u32,
    height: u32,
    filter: Filter,
    limits: &Limits,
) -> Result<Surface, ResizeError> {
    let lines = [Line::whole(src.width(), width), Line::whole(src.height(), height)];
    resample(src, lines, filter, limits)
}

/// The pixels of `src` at these places across and down, at the same depth. Bytes are within one step of the exact ones,
/// and the same on every processor; floats are within 1e-5.
///
/// # Errors
/// More pixels than the limits allow, some from a picture without any, and places that are not finite.
pub fn resample(
    src: &Surface,
    lines: [Line; 2],
    filter: Filter,
    limits: &Limits,
) -> Result<Surface, ResizeError> {
    check(src, &lines, limits)?;
    let [across, down] = lines;
    let mut made = Surface::transparent(across.count, down.count, src.depth());
    if across.count == 0 || down.count == 0 {
        return Ok(made);
    }
    let (across, down) = (weights(filter, src.width(), &across), weights(filter, src.height(), &down));
    let width = src.width() as usize;
    match (src.pixels(), made.pixels_mut()) {
        (Pixels::U8(from), PixelsMut::U8(to)) => sum(from, width, &across, &down, to),
        (Pixels::F32(from), PixelsMut::F32(to)) => sum(from, width, &across, &down, to),
        // The new surface has the depth of the source.
        _ => {}
    }
    Ok(made)
}

/// Whether [`resample`] takes such a surface and such places.
///
/// # Errors
/// As there.
pub fn check(src: &Surface, [across, down]: &[Line; 2], limits: &Limits) -> Result<(), ResizeError> {
    limits.check_picture(across.count.into(), down.count.into(), src.depth().bytes_per_pixel())?;
    if across.count == 0 || down.count == 0 {
        return Ok(());
    }
    if src.width() == 0 || src.height() == 0 {
        return Err(ResizeError::Empty { width: src.width(), height: src.height() });
    }
    (across.is_finite() && down.is_finite()).then_some(()).ok_or(ResizeError::Place)
}

/// Makes each row of `to` out of the rows of `width` pixels it covers.
fn sum<P: Level>(from: &[[P; 4]], width: usize, across: &Weights, down: &Weights, to: &mut [[P; 4]]) {
    let columns = across.inputs();
    to.par_chunks_exact_mut(across.len()).enumerate().for_each_init(
        || vec![[P::Sum::default(); 4]; columns.len()],
        |tall, (y, row)| {
            let (first, weights) = down.row(y);
            sum_down(&from[first * width + columns.start..], width, weights, tall);
            sum_across(tall, columns.start, across, row);
        },
    );
}

/// The weights that make the samples of `line` out of `from`, at least one: the filter, widened by the step where there are
/// fewer (anti-aliasing), centred on each new sample and normalised over the old ones it reaches.
pub fn weights(filter: Filter, from: u32, line: &Line) -> Weights {
    let widening = line.step.abs().max(1.0);
    let reach = filter.reach() * widening;
    let most = from.saturating_sub(1) as usize;
    let mut weights = Weights::default();
    for sample in 0..line.count {
        let centre = (line.start + f64::from(sample) * line.step).clamp(0.0, f64::from(from));
        if filter == Filter::Nearest {
            weights.push((centre as usize).min(most), std::iter::once(1.0));
            continue;
        }
        // The sample `k` covers k to k + 1.
        let first = ((centre - reach - 0.5).ceil().max(0.0) as usize).min(most);
        let last = ((centre + reach - 0.5).floor().max(0.0) as usize).clamp(first, most);
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
        let nowhere = Line { count: 1, start: f64::NAN, step: 1.0 };
        assert_eq!(resample(&step(), [nowhere; 2], Filter::Box, &limits), Err(ResizeError::Place));
    }

    /// Bytes of extremes at every place: what makes a filter overshoot most.
    #[test]
    fn bytes_are_within_a_step_of_floats_however_far_a_filter_overshoots() {
        let mut state = 1_u32;
        let mut bit = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 31 == 1
        };
        for (from, to) in
            [((2, 2), (9, 9)), ((40, 30), (171, 97)), ((900, 700), (13, 11)), ((5000, 3), (1, 7))]
        {
            let pixels =
                (0..from.0 * from.1).map(|_| if bit() { [255, 255, 0, 255] } else { [0, 0, 0, 255] });
            let bytes = Surface::from_pixels(from.0, from.1, Pixels::U8(pixels.collect())).unwrap();
            let floats = bytes.clone().into_depth(Depth::F32);
            for &filter in Filter::ALL {
                let limits = Limits::default();
                let found = resize(&bytes, to.0, to.1, filter, &limits).unwrap();
                let exact = resize(&floats, to.0, to.1, filter, &limits).unwrap().into_depth(Depth::U8);
                let pairs = found.samples::<u8>().unwrap().iter().zip(exact.samples::<u8>().unwrap());
                let most = pairs.flat_map(|(a, b)| (0..4).map(|c| a[c].abs_diff(b[c]))).max();
                assert!(most <= Some(1), "{filter} from {from:?} to {to:?}: {most:?}");
            }
        }
    }

    #[test]
    fn places_are_those_of_the_whole_moved_or_turned_round() {
        let limits = Limits::default();
        let ramp = |x: u32| [(x * 8) as u8, 0, 0, 255];
        let source = Surface::from_pixels(16, 1, Pixels::U8((0..16).map(ramp).collect())).unwrap();
        let down = Line::whole(1, 1);
        let at = |across: Line| -> Vec<u8> {
            let made = resample(&source, [across, down], Filter::Bilinear, &limits).unwrap();
            made.samples::<u8>().unwrap().iter().map(|pixel| pixel[0]).collect()
        };
        assert_eq!(at(Line { count: 3, start: 2.5, step: 1.0 }), [16, 24, 32]);
        assert_eq!(at(Line { count: 3, start: 4.75, step: -1.0 }), [34, 26, 18]);
        assert_eq!(at(Line { count: 2, start: -9.0, step: 0.5 }), [0, 0]);
        assert_eq!(at(Line { count: 1, start: 99.0, step: 0.5 }), [120]);
    }
}
