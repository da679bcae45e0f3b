//! Pixels of what clips play, brought to where they go.

use std::sync::OnceLock;

use base::Limits;
use codecs::{Color, Picture, PictureFormat, VideoInfo};
use raster::{
    PixelRect, Pixels, Surface,
    codec::Orientation,
    resize::{self, Filter, Line, ResizeError},
};

use super::place::{Frame, Placed};
use crate::planar::{self, Overlay, PlanarRef};

/// Pixels at their place in a frame.
pub struct Drawn {
    /// Premultiplied sRGB in bytes.
    pub surface: Surface,
    /// The pixel of the frame where their upper left corner is.
    pub corner: (u32, u32),
    overlay: OnceLock<Made>,
}

/// What was made of pixels for one format: nothing where all of them are clear.
type Made = (PictureFormat, Color, Option<Overlay>);

impl Drawn {
    /// Pixels whose upper left corner is at a pixel of the frame.
    pub fn new(surface: Surface, corner: (u32, u32)) -> Self {
        Drawn { surface, corner, overlay: OnceLock::new() }
    }

    /// What is drawn of it over planes of a format, for pictures of `width` and `height`: as made before if the format was the
    /// same. `take` gets it; nothing where all of it is clear.
    pub fn overlay(
        &self,
        (width, height): (u32, u32),
        format: PictureFormat,
        color: Color,
        take: &mut dyn FnMut(&Overlay),
    ) {
        let make = || Overlay::new(&self.whole(width, height), width, format, color);
        let (known_format, known_color, overlay) = self.overlay.get_or_init(|| (format, color, make()));
        if (*known_format, *known_color) == (format, color) {
            overlay.iter().for_each(take);
        } else {
            make().iter().for_each(take);
        }
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.surface.pixels().len() * 4 * 2
    }

    /// All pixels of a frame of this size, clear where there are none of these.
    pub fn whole(&self, width: u32, height: u32) -> Vec<[u8; 4]> {
        let samples = self.surface.samples::<u8>().unwrap_or_default();
        if self.corner == (0, 0) && (self.surface.width(), self.surface.height()) == (width, height) {
            return samples.to_vec();
        }
        let mut whole = vec![[0; 4]; width as usize * height as usize];
        let rows = whole.chunks_mut(width.max(1) as usize).skip(self.corner.1 as usize);
        for (to, from) in rows.zip(samples.chunks(self.surface.width().max(1) as usize)) {
            let to = to.get_mut(self.corner.0 as usize..).unwrap_or_default();
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }
        whole
    }
}

/// A video's frame as upright pixels, of the shape that they are stored in.
pub fn upright(picture: &Picture, info: Option<&VideoInfo>) -> Surface {
    let pixels = Pixels::U8(planar::to_rgba(PlanarRef::of(picture)));
    let stored = Surface::with_pixels(picture.width, picture.height, pixels);
    orientation(info).upright(stored)
}

/// How a video's frames are turned.
pub fn orientation(info: Option<&VideoInfo>) -> Orientation {
    match info.map_or((0, false), |info| (info.rotation % 360, info.mirrored)) {
        (90, false) => Orientation::Rotated90,
        (180, false) => Orientation::Rotated180,
        (270, false) => Orientation::Rotated270,
        (0, true) => Orientation::FlippedAcross,
        (90, true) => Orientation::Transversed,
        (180, true) => Orientation::FlippedDown,
        (270, true) => Orientation::Transposed,
        _ => Orientation::Upright,
    }
}

/// Puts pixels into their box in a frame. The thing that they are of has its own `size`, in the units of the box's source.
///
/// # Errors
/// There would be more pixels than is allowed.
pub fn put(
    source: &Surface,
    size: (f64, f64),
    placed: &Placed,
    frame: &Frame,
    limits: &Limits,
) -> Result<Option<Drawn>, ResizeError> {
    let Some([left, top, width, height]) = placed.bounds(frame) else { return Ok(None) };
    let (across, down) = (f64::from(source.width()) / size.0, f64::from(source.height()) / size.1);
    let [x, y, source_width, source_height] = placed.source;
    let (x, y, source_width, source_height) =
        (x * across, y * down, source_width * across, source_height * down);
    if placed.rotation != 0.0 {
        let upright = [line(x, source_width, placed.width), line(y, source_height, placed.height)];
        let scaled = resize::resample(source, upright, Filter::Lanczos3, limits)?;
        return Ok(Some(Drawn::new(turned(&scaled, placed, [left, top, width, height]), (left, top))));
    }
    let (step_x, step_y) = (source_width / placed.width, source_height / placed.height);
    // Where the middle of the first pixel lies in the source.
    let start = |low: u32, middle: f64, length: f64, begin: f64, step: f64| {
        begin + (f64::from(low) + 0.5 - (middle - length / 2.0)) * step
    };
    let lines = [
        Line { count: width, start: start(left, placed.x, placed.width, x, step_x), step: step_x },
        Line { count: height, start: start(top, placed.y, placed.height, y, step_y), step: step_y },
    ];
    let whole = |line: &Line| (line.step - 1.0).abs() < 1e-9 && (line.start - 0.5).fract().abs() < 1e-6;
    let surface = match lines.iter().all(whole) {
        true => {
            let corner = [lines[0].start - 0.5, lines[1].start - 0.5].map(|start| start.round() as i32);
            source.crop(PixelRect::new(corner[0], corner[1], width, height), limits)?
        }
        false => resize::resample(source, lines, Filter::Lanczos3, limits)?,
    };
    Ok(Some(Drawn::new(surface, (left, top))))
}

/// Pixels that cover a length of the source by one on the screen, as many as that has whole ones.
fn line(begin: f64, source: f64, shown: f64) -> Line {
    let count = shown.round().clamp(1.0, 65_536.0);
    let step = source / count;
    Line { count: count as u32, start: begin + step / 2.0, step }
}

/// Pixels turned about the middle of their box, with soft edges: those in `[left, top, width, height]` of the frame.
fn turned(source: &Surface, placed: &Placed, [left, top, width, height]: [u32; 4]) -> Surface {
    let (sine, cosine) = placed.rotation.to_radians().sin_cos();
    let samples = source.samples::<u8>().unwrap_or_default();
    let (columns, rows) = (source.width() as i64, source.height() as i64);
    let (scale_x, scale_y) = (columns as f64 / placed.width, rows as f64 / placed.height);
    let at = |x: i64, y: i64| match (0..columns).contains(&x) && (0..rows).contains(&y) {
        true => samples.get((y * columns + x) as usize).copied().unwrap_or_default(),
        false => [0; 4],
    };
    let pixel = |x: u32, y: u32| {
        let (dx, dy) = (f64::from(left + x) + 0.5 - placed.x, f64::from(top + y) + 0.5 - placed.y);
        let u = (dx * cosine + dy * sine + placed.width / 2.0) * scale_x - 0.5;
        let v = (dy * cosine - dx * sine + placed.height / 2.0) * scale_y - 0.5;
        let (column, row) = (u.floor(), v.floor());
        let (fx, fy) = ((u - column) as f32, (v - row) as f32);
        let (column, row) = (column as i64, row as i64);
        let corners = [at(column, row), at(column + 1, row), at(column, row + 1), at(column + 1, row + 1)];
        let weights = [(1.0 - fx) * (1.0 - fy), fx * (1.0 - fy), (1.0 - fx) * fy, fx * fy];
        let channel = |channel: usize| {
            let sum: f32 =
                corners.iter().zip(weights).map(|(corner, weight)| f32::from(corner[channel]) * weight).sum();
            (sum + 0.5) as u8
        };
        std::array::from_fn(channel)
    };
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| pixel(x, y));
    Surface::with_pixels(width, height, Pixels::U8(pixels.collect()))
}
