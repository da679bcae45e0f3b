//! What a pixel of a shape is painted with: one colour, a gradient, or a texture.

use std::sync::Arc;

use base::Color;
use kurbo::{Affine, Point, Vec2};

use super::texture::Texture;
use crate::picture::{LinearGradient, RadialGradient, Spread, Stop};

/// Premultiplied RGBA.
pub(super) type Rgba = [u8; 4];

/// Colours by place, in device pixels.
#[derive(Clone, Debug)]
pub(super) enum Shade {
    Solid(Rgba),
    Gradient(Box<Gradient>),
    Texture(Box<Texture>),
}

impl Shade {
    /// One colour at an opacity.
    pub fn solid(color: Color, opacity: f64) -> Self {
        Shade::Solid(premultiplied(color, opacity))
    }

    /// Whether every colour is opaque, as far as that is known.
    pub fn is_opaque(&self) -> bool {
        match self {
            Shade::Solid(color) => color[3] == 255,
            Shade::Gradient(gradient) => gradient.is_opaque(),
            Shade::Texture(texture) => texture.is_opaque(),
        }
    }

    /// Writes the colours of the pixels from (`x`, `y`) to the right.
    pub fn colors(&self, x: i32, y: i32, out: &mut [Rgba]) {
        match self {
            Shade::Solid(color) => out.fill(*color),
            Shade::Gradient(gradient) => gradient.colors(x, y, out),
            Shade::Texture(texture) => texture.colors(x, y, out),
        }
    }
}

/// A straight colour at an opacity as a premultiplied one.
fn premultiplied(color: Color, opacity: f64) -> Rgba {
    let alpha = f64::from(color.a) / 255.0 * opacity.clamp(0.0, 1.0);
    quantised([color.r, color.g, color.b].map(|channel| (f64::from(channel) / 255.0) as f32), alpha as f32)
}

fn quantised(straight: [f32; 3], alpha: f32) -> Rgba {
    let byte = |value: f32| (value * 255.0 + 0.5) as u8;
    let [r, g, b] = straight.map(|channel| byte(channel * alpha));
    [r, g, b, byte(alpha)]
}

/// A gradient in device space.
#[derive(Clone, Debug)]
pub(super) struct Gradient {
    shape: Shape,
    spread: Spread,
    ramp: Ramp,
    /// From device pixels to the space in which the shape is measured.
    local: Affine,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    /// The offset is x.
    Linear,
    /// The offset is the distance from the origin.
    Disc,
    /// The offset is 0 within a radius and 1 outside of it.
    Step { radius: f64 },
    /// The offset is that of the largest circle through a point, of those between two circles.
    /// `always`: the circles lie within each other and grow, so that there is one through every point.
    Cone { cone: Cone, always: bool },
}

impl Gradient {
    /// A linear gradient; `device` takes the space of the painted shape to device pixels. `None` where it has
    /// no area.
    pub fn linear(gradient: &LinearGradient, opacity: f64, device: Affine) -> Option<Shade> {
        let along = gradient.end - gradient.start;
        let unit = Affine::new([along.x, along.y, -along.y, along.x, gradient.start.x, gradient.start.y]);
        Self::shade(
            Shape::Linear,
            &gradient.stops,
            gradient.spread,
            opacity,
            device * gradient.transform * unit,
        )
    }

    /// A radial gradient; `device` takes the space of the painted shape to device pixels. `None` where it has
    /// no area.
    pub fn radial(gradient: &RadialGradient, opacity: f64, device: Affine) -> Option<Shade> {
        let radius = gradient.radius;
        if radius.is_nan() || radius <= 0.0 {
            return last_color(&gradient.stops, opacity);
        }
        let focus = gradient.focus;
        let unit = Affine::translate(focus.to_vec2()) * Affine::scale(radius);
        let step = ((gradient.center - focus) / radius).to_point();
        let start_radius = (gradient.focus_radius / radius).max(0.0);
        let radius_step = 1.0 - start_radius;
        let shape = match (step == Point::ZERO, start_radius == 0.0, radius_step.abs() < 1e-6) {
            (true, true, _) => Shape::Disc,
            (true, _, true) => Shape::Step { radius: start_radius },
            _ => {
                let cone = Cone { step: step.to_vec2(), start_radius, radius_step };
                Shape::Cone { cone, always: radius_step > 0.0 && cone.a() < -1e-6 }
            }
        };
        Self::shade(shape, &gradient.stops, gradient.spread, opacity, device * gradient.transform * unit)
    }

    fn shade(shape: Shape, stops: &[Stop], spread: Spread, opacity: f64, device: Affine) -> Option<Shade> {
        let determinant = device.determinant();
        if !(determinant.is_finite() && determinant != 0.0) {
            return last_color(stops, opacity);
        }
        let ramp = Ramp::new(stops, opacity)?;
        let local = device.inverse();
        local.is_finite().then(|| Shade::Gradient(Box::new(Gradient { shape, spread, ramp, local })))
    }

    fn is_opaque(&self) -> bool {
        let everywhere = !matches!(self.shape, Shape::Cone { always: false, .. });
        everywhere && self.ramp.is_opaque()
    }

    fn colors(&self, x: i32, y: i32, out: &mut [Rgba]) {
        let [a, b, ..] = self.local.as_coeffs();
        let mut start = self.local * Point::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
        let step = Vec2::new(a, b);
        for out in out.chunks_mut(CHUNK) {
            let mut offsets = [0.0; CHUNK];
            self.shape.offsets(start, step, &mut offsets);
            match self.spread {
                Spread::Pad => offsets.iter_mut().for_each(|offset| *offset = offset.clamp(0.0, 1.0)),
                Spread::Repeat => offsets.iter_mut().for_each(|offset| *offset -= floor(*offset)),
                Spread::Reflect => offsets.iter_mut().for_each(|offset| *offset = reflected(*offset)),
            }
            self.ramp.colors(&offsets, out);
            if let Shape::Cone { always: false, cone } = self.shape {
                for (index, out) in out.iter_mut().enumerate() {
                    if cone.offset(start + step * index as f64).is_none() {
                        *out = [0; 4];
                    }
                }
            }
            start += step * CHUNK as f64;
        }
    }
}

/// Pixels that are coloured at a time.
const CHUNK: usize = 32;

impl Shape {
    /// The offsets of a row of places. Written without branches, so that compilers use vector instructions.
    #[inline(always)]
    fn offsets(&self, start: Point, step: Vec2, offsets: &mut [f32; CHUNK]) {
        let (x, y, dx, dy) = (start.x as f32, start.y as f32, step.x as f32, step.y as f32);
        let place = |index: usize| (x + dx * index as f32, y + dy * index as f32);
        match *self {
            Shape::Linear => {
                for (index, offset) in offsets.iter_mut().enumerate() {
                    *offset = x + dx * index as f32;
                }
            }
            Shape::Disc => {
                for (index, offset) in offsets.iter_mut().enumerate() {
                    let (x, y) = place(index);
                    *offset = (x * x + y * y).sqrt();
                }
            }
            Shape::Step { radius } => {
                for (index, offset) in offsets.iter_mut().enumerate() {
                    let (x, y) = place(index);
                    *offset = if x * x + y * y < (radius * radius) as f32 { 0.0 } else { 1.0 };
                }
            }
            Shape::Cone { always: true, cone } => {
                let (step_x, step_y) = (cone.step.x as f32, cone.step.y as f32);
                let (a, start_radius) = (cone.a() as f32, cone.start_radius as f32);
                let (constant, inverse) = ((cone.start_radius * cone.radius_step) as f32, 1.0 / a);
                for (index, offset) in offsets.iter_mut().enumerate() {
                    let (x, y) = place(index);
                    let b = x * step_x + y * step_y + constant;
                    let c = x * x + y * y - start_radius * start_radius;
                    *offset = (b - (b * b - a * c).max(0.0).sqrt()) * inverse;
                }
            }
            Shape::Cone { always: false, cone } => {
                for (index, offset) in offsets.iter_mut().enumerate() {
                    *offset = cone.offset(start + step * index as f64).unwrap_or(0.0) as f32;
                }
            }
        }
    }
}

/// The greatest whole number that is not above a value of moderate size.
#[inline(always)]
fn floor(value: f32) -> f32 {
    let whole = value as i32 as f32;
    if whole > value { whole - 1.0 } else { whole }
}

/// An offset mirrored at every whole number.
#[inline(always)]
fn reflected(offset: f32) -> f32 {
    let double = offset - floor(offset * 0.5) * 2.0;
    if double > 1.0 { 2.0 - double } else { double }
}

/// Circles whose centres and radii go from those of offset 0 to those of offset 1.
#[derive(Clone, Copy, Debug)]
struct Cone {
    /// From the centre of offset 0, which is the origin, to that of offset 1.
    step: Vec2,
    start_radius: f64,
    radius_step: f64,
}

impl Cone {
    fn a(&self) -> f64 {
        self.step.hypot2() - self.radius_step * self.radius_step
    }

    /// Solves |p − t·step| = start_radius + t·radius_step for the largest t with a radius that is not
    /// negative.
    fn offset(&self, p: Point) -> Option<f64> {
        let p = p.to_vec2();
        let Cone { step, start_radius, radius_step } = *self;
        let a = self.a();
        let b = p.dot(step) + start_radius * radius_step;
        let c = p.hypot2() - start_radius * start_radius;
        let valid = |t: &f64| start_radius + t * radius_step >= 0.0;
        if a.abs() < 1e-9 {
            return (b != 0.0).then(|| c / (2.0 * b)).filter(valid);
        }
        let discriminant = b * b - a * c;
        if discriminant < 0.0 {
            return None;
        }
        let root = discriminant.sqrt();
        let (t0, t1) = ((b + root) / a, (b - root) / a);
        let (large, small) = (t0.max(t1), t0.min(t1));
        Some(large).filter(valid).or(Some(small).filter(valid))
    }
}

/// The last stop's colour, which a gradient without extent shows.
fn last_color(stops: &[Stop], opacity: f64) -> Option<Shade> {
    let stop = stops.last()?;
    Some(Shade::solid(stop.color, stop.opacity * opacity))
}

/// The colours of a gradient by offset.
#[derive(Clone, Debug)]
enum Ramp {
    /// Evenly spaced colours, where no two stops are near to each other.
    Table(Arc<[Rgba; TABLE]>),
    /// The stops themselves.
    Stops(Vec<RampStop>),
}

const TABLE: usize = 1024;

/// A straight colour, 0 to 1, at an offset.
#[derive(Clone, Copy, Debug)]
struct RampStop {
    offset: f32,
    color: [f32; 4],
}

impl Ramp {
    fn new(stops: &[Stop], opacity: f64) -> Option<Self> {
        let mut last = 0.0f32;
        let mut ramp: Vec<RampStop> = Vec::with_capacity(stops.len());
        for stop in stops {
            last = (stop.offset as f32).clamp(last, 1.0);
            let channel = |value: u8| f32::from(value) / 255.0;
            let alpha = f64::from(stop.color.a) / 255.0 * stop.opacity * opacity;
            let color = [channel(stop.color.r), channel(stop.color.g), channel(stop.color.b), alpha as f32];
            ramp.push(RampStop { offset: last, color });
        }
        if ramp.is_empty() {
            return None;
        }
        let apart = ramp.windows(2).all(|pair| pair[1].offset - pair[0].offset > 8.0 / TABLE as f32);
        let stops = Ramp::Stops(ramp);
        if !apart {
            return Some(stops);
        }
        let mut table = [[0; 4]; TABLE];
        for (index, color) in table.iter_mut().enumerate() {
            *color = stops.at(index as f32 / (TABLE - 1) as f32);
        }
        Some(Ramp::Table(Arc::new(table)))
    }

    fn is_opaque(&self) -> bool {
        match self {
            Ramp::Table(table) => table.iter().all(|color| color[3] == 255),
            Ramp::Stops(stops) => stops.iter().all(|stop| stop.color[3] >= 1.0),
        }
    }

    /// The colours at offsets from 0 to 1.
    #[inline(always)]
    fn colors(&self, offsets: &[f32; CHUNK], out: &mut [Rgba]) {
        match self {
            Ramp::Table(table) => {
                let mut indices = [0; CHUNK];
                for (index, offset) in indices.iter_mut().zip(offsets) {
                    *index = (offset * (TABLE - 1) as f32 + 0.5) as i32;
                }
                for (out, index) in out.iter_mut().zip(indices) {
                    *out = table[index as usize % TABLE];
                }
            }
            Ramp::Stops(_) => {
                for (out, offset) in out.iter_mut().zip(offsets) {
                    *out = self.at(*offset);
                }
            }
        }
    }

    /// The colour at an offset from 0 to 1, between those of the stops on either side, mixed straight.
    #[inline(always)]
    fn at(&self, offset: f32) -> Rgba {
        match self {
            Ramp::Table(table) => table[((offset * (TABLE - 1) as f32 + 0.5) as usize).min(TABLE - 1)],
            Ramp::Stops(stops) => {
                let next = stops.partition_point(|stop| stop.offset <= offset);
                let before = &stops[next.saturating_sub(1).min(stops.len() - 1)];
                let after = &stops[next.min(stops.len() - 1)];
                let span = after.offset - before.offset;
                let part = if span > 0.0 { ((offset - before.offset) / span).clamp(0.0, 1.0) } else { 0.0 };
                let mixed = |i: usize| before.color[i] + (after.color[i] - before.color[i]) * part;
                quantised([mixed(0), mixed(1), mixed(2)], mixed(3))
            }
        }
    }
}
