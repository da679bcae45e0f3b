//! Flat-sided bodies.

use glam::{DVec2, DVec3, UVec3};

use super::grid;
use crate::frame::Geometry;

/// A box of this size, in m, around the origin; each side is cut into as many parts along each axis as `parts` says, and
/// shows the whole texture.
pub fn cuboid(size: DVec3, parts: UVec3) -> Geometry {
    let mut geometry = Geometry::default();
    // To the right and down on each side, as seen from outside.
    let sides = [
        (DVec3::Z, DVec3::X, DVec3::NEG_Y),
        (DVec3::NEG_Z, DVec3::NEG_X, DVec3::NEG_Y),
        (DVec3::X, DVec3::NEG_Z, DVec3::NEG_Y),
        (DVec3::NEG_X, DVec3::Z, DVec3::NEG_Y),
        (DVec3::Y, DVec3::X, DVec3::Z),
        (DVec3::NEG_Y, DVec3::X, DVec3::NEG_Z),
    ];
    for (normal, right, down) in sides {
        let (columns, rows) = (count(right, parts), count(down, parts));
        grid::add(&mut geometry, columns, rows, |column, row| {
            let place = normal * 0.5 + right * along(right, column, columns) + down * along(down, row, rows);
            let uv = DVec2::new(f64::from(column) / f64::from(columns), f64::from(row) / f64::from(rows));
            (place * size, normal, uv)
        });
    }
    geometry
}

/// How many parts there are along an axis.
fn count(axis: DVec3, parts: UVec3) -> u32 {
    parts.as_dvec3().dot(axis.abs()).max(1.0) as u32
}

/// From −0.5 to 0.5 along an axis. Counted from its other end, a step is at exactly the same place.
fn along(axis: DVec3, step: u32, of: u32) -> f64 {
    let forward = |step: u32| f64::from(step) / f64::from(of) - 0.5;
    if axis.element_sum() > 0.0 { forward(step) } else { -forward(of - step) }
}

/// A level plane of this width (x) and depth (z), in m, around the origin, seen from above.
pub fn plane(size: DVec2, columns: u32, rows: u32) -> Geometry {
    let mut geometry = Geometry::default();
    grid::add(&mut geometry, columns, rows, |column, row| {
        let uv = DVec2::new(f64::from(column) / f64::from(columns), f64::from(row) / f64::from(rows));
        let place = (uv - 0.5) * size;
        (DVec3::new(place.x, 0.0, place.y), DVec3::Y, uv)
    });
    geometry
}
