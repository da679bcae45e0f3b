//! Scenes as documents: nodes from models, and what is drawn from nodes.

mod model;
mod motion;
mod read;
mod texture;
mod write;

pub use model::{Movement, model};
pub use motion::{Motion, Pose, Samplers, playing};
pub use read::{Bend, Shown, Thing, World, world};
pub use write::{Inserted, insert};

pub(crate) use read::{bend, material, moved, transform};
pub(crate) use texture::texture_ref;

use glam::{Vec3, Vec4};

/// The colour of linear numbers, each held to 0 to 1.
pub(crate) fn encoded(color: Vec4) -> base::Color {
    let byte = |x: f32| (x.clamp(0.0, 1.0) * 255.0).round() as u8;
    let [r, g, b] = crate::color::encoded(color.truncate()).to_array().map(byte);
    base::Color { r, g, b, a: byte(color.w) }
}

/// The linear numbers of a colour.
pub(crate) fn decoded(color: base::Color) -> Vec4 {
    let part = |byte: u8| f32::from(byte) / 255.0;
    crate::color::linear(Vec3::new(part(color.r), part(color.g), part(color.b))).extend(part(color.a))
}
