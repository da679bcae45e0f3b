//! What a pixel of a shape is painted with: one colour, a gradient, or a texture.

use std::sync::Arc;

use base::Color;
use kurbo::{Affine, Point};

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
    Cone { step: Point, start_radius: f64, radius_step: f64 },
}

impl Gradient {
    /// A linear gradient; `device` takes the space of the painted shape to device pixels. `None` where it has no area.
    pub fn linear(gradient: &LinearGradient, opacity: f64, device: Affine) -> Option<Shade> {
        let along = gradient.end - gradient.start;
        let unit = Affine::new([along.x, along.y, -along.y, along.x, gradient.start.x, gradient.start.y]);
        Self::new(Shape::Linear, &gradient.stops, gradient.spread, opacity, device * gradient.transform * unit)
    }

    /// A radial gradient; `device` takes the space of the painted shape to device pixels. `None` where it has no area.
    pub fn radial(gradient: &RadialGradient, opacity: f64, device: Affine) -> Option<Shade> {
        let radius = gradient.radius;
        if !(radius > 0.0) {
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
            _ => Shape::Cone { step, start_radius, radius_step },
        };
        Self::new(shape, &gradient.stops, gradient.spread, opacity, device * gradient.transform * unit)
    }

    fn new(shape: Shape, stops: &[Stop], spread: Spread, opacity: f64, device: Affine) -> Option<Shade> {
        let determinant = device.determinant();
        if !(determinant.is_finite() && determinant != 0.0) {
            return last_color(stops, opacity);
        }
        let ramp = Ramp::new(stops, opacity)?;
        let local = device.inverse();
        local.is_finite().then(|| Shade::Gradient(Box::new(Gradient { shape, spread, ramp, local })))
    }

    fn colors(&self, x: i32, y: i32, out: &mut [Rgba]) {
        let [a, b, ..] = self.local.as_coeffs();
        let start = self.local * Point::new(f64::from(x) + 0.5, f64::from(y) + 0.5);
        let place = |index: usize| Point::new(start.x + a * index as f64, start.y + b * index as f64);
        match self.shape {
            Shape::Linear => {
                for (index, out) in out.iter_mut().enumerate() {
                    *out = self.color((start.x + a * index as f64) as f32);
                }
            }
            Shape::Disc => {
                for (index, out) in out.iter_mut().enumerate() {
                    *out = self.color(place(index).to_vec2().hypot() as f32);
                }
            }
            Shape::Step { radius } => {
                for (index, out) in out.iter_mut().enumerate() {
                    let outside = place(index).to_vec2().hypot() >= radius;
                    *out = self.ramp.at(if outside { 1.0 } else { 0.0 });
                }
            }
            Shape::Cone { step, start_radius, radius_step } => {
                for (index, out) in out.iter_mut().enumerate() {
                    let offset = cone_offset(place(index), step, start_radius, radius_step);
                    *out = offset.map_or([0; 4], |offset| self.color(offset as f32));
                }
            }
        }
    }

    #[inline(always)]
    fn color(&self, offset: f32) -> Rgba {
        let offset = match self.spread {
            Spread::Pad => offset.clamp(0.0, 1.0),
            Spread::Repeat => offset - offset.floor(),
            Spread::Reflect => {
                let double = offset - (offset * 0.5).floor() * 2.0;
                if double > 1.0 { 2.0 - double } else { double }
            }
        };
        self.ramp.at(offset)
    }
}

/// Solves |p − t·step| = start_radius + t·radius_step for the largest t with a radius that is not negative.
fn cone_offset(p: Point, step: Point, start_radius: f64, radius_step: f64) -> Option<f64> {
    let (p, step) = (p.to_vec2(), step.to_vec2());
    let a = step.hypot2() - radius_step * radius_step;
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
