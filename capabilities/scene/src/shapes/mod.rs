//! Geometry from nothing: basic bodies around the origin, and outlines given depth.
//!
//! Texture coordinates are 0 to 1 with their origin in the upper left, never mirrored. Closed bodies are watertight: vertices
//! that meet lie at exactly the same place.

mod extrude;
mod grid;
mod icosphere;
mod lathe;
mod solid;

pub(crate) use extrude::center;
pub use extrude::{ExtrudeError, Extrusion, extrude};
pub use icosphere::icosphere;
pub use lathe::{frustum, sphere, torus};
pub use solid::{cuboid, plane};

use std::f64::consts::TAU;

use glam::{DVec2, DVec3};

/// The direction of a turn about y, seen from above counter-clockwise from z on; `part` of `of` of a full turn. Both ends of
/// a full turn are exactly the same.
fn around(part: u32, of: u32) -> DVec2 {
    let (x, z) = (TAU * f64::from(part % of) / f64::from(of)).sin_cos();
    DVec2::new(x, z)
}

/// The direction at a fraction of a turn, for normals.
fn toward(turn: f64) -> DVec3 {
    let (x, z) = (TAU * turn).sin_cos();
    DVec3::new(x, 0.0, z)
}
