//! Bodies of revolution about the y axis. A texture begins and ends at the back, towards −z.

use std::f64::consts::{PI, TAU};

use glam::{DVec2, DVec3};

use super::{around, grid, toward};
use crate::{edit::vertices, frame::Geometry};

/// The direction at a column; the texture's middle is towards z.
fn at(column: u32, columns: u32) -> DVec3 {
    // Half a turn on, exactly: the direction of the other side where there is a column, else the opposite.
    let direction = around(column, columns);
    -DVec3::new(direction.x, 0.0, direction.y)
}

/// A sphere of this radius, in m, with meridians and parallels: `segments` (at least 3) around, `rings` (at least 2) from
/// pole to pole.
pub fn sphere(radius: f64, segments: u32, rings: u32) -> Geometry {
    let mut geometry = Geometry::default();
    grid::add(&mut geometry, segments, rings, |column, row| {
        let v = f64::from(row) / f64::from(rings);
        let (sin, cos) = match row {
            0 => (0.0, 1.0),
            row if row == rings => (0.0, -1.0),
            _ => (PI * v).sin_cos(),
        };
        let direction = at(column, segments) * sin + DVec3::Y * cos;
        (direction * radius, direction, DVec2::new(u(column, segments, row == 0, row == rings), v))
    });
    let indices = std::mem::take(&mut geometry.indices);
    vertices::only(&geometry, &indices)
}

/// Across the texture. At a point where columns meet, a triangle is given the middle of its column.
fn u(column: u32, columns: u32, is_top: bool, is_bottom: bool) -> f64 {
    let shift = f64::from(u8::from(is_top)) - f64::from(u8::from(is_bottom));
    ((f64::from(column) + shift / 2.0) / f64::from(columns)).clamp(0.0, 1.0)
}

/// A cylinder, a cone or what is left of one whose tip is cut off, of these radii and this height, in m, around the origin:
/// `segments` (at least 3) around, `rows` up. A radius of 0 makes a tip. Caps close it.
pub fn frustum(top: f64, bottom: f64, height: f64, segments: u32, rows: u32, caps: bool) -> Geometry {
    let mut geometry = Geometry::default();
    let half = height / 2.0;
    let slope = DVec2::new(height, bottom - top).normalize_or(DVec2::X);
    let place = |column: u32, radius: f64, y: f64| at(column, segments) * radius + DVec3::Y * y;
    grid::add(&mut geometry, segments, rows, |column, row| {
        let v = f64::from(row) / f64::from(rows);
        let (radius, y) = match row {
            0 => (top, half),
            row if row == rows => (bottom, -half),
            _ => (top + (bottom - top) * v, half - height * v),
        };
        let tips = (row == 0 && top == 0.0, row == rows && bottom == 0.0);
        let u = u(column, segments, tips.0, tips.1);
        let side = if tips.0 || tips.1 { -toward(u) } else { at(column, segments) };
        (place(column, radius, y), side * slope.x + DVec3::Y * slope.y, DVec2::new(u, v))
    });
    for (radius, side) in [(top, 1.0), (bottom, -1.0)] {
        if !caps || radius == 0.0 {
            continue;
        }
        let normal = DVec3::Y * side;
        let middle = grid::push(&mut geometry, (normal * half, normal, DVec2::splat(0.5)));
        let rim: Vec<u32> = (0..segments)
            .map(|column| {
                let place = place(column, radius, half * side);
                let uv = DVec2::new(place.x, place.z * side) / (2.0 * radius) + 0.5;
                grid::push(&mut geometry, (place, normal, uv.clamp(DVec2::ZERO, DVec2::ONE)))
            })
            .collect();
        for (i, here) in rim.iter().enumerate() {
            let next = rim[(i + 1) % rim.len()];
            let triangle = if side > 0.0 { [middle, *here, next] } else { [middle, next, *here] };
            geometry.indices.extend(triangle);
        }
    }
    let indices = std::mem::take(&mut geometry.indices);
    vertices::only(&geometry, &indices)
}

/// A ring of this radius to the middle of its tube, whose own radius is `tube`, in m: `segments` (at least 3) around,
/// `sides` (at least 3) around the tube.
pub fn torus(radius: f64, tube: f64, segments: u32, sides: u32) -> Geometry {
    let mut geometry = Geometry::default();
    grid::add(&mut geometry, segments, sides, |column, row| {
        // From inside over the top, so that the seam is not seen.
        let (up, out) = (TAU * f64::from(row % sides) / f64::from(sides)).sin_cos();
        let direction = at(column, segments);
        let normal = direction * -out + DVec3::Y * up;
        let place = direction * (radius - tube * out) + DVec3::Y * (tube * up);
        let uv = DVec2::new(f64::from(column) / f64::from(segments), f64::from(row) / f64::from(sides));
        (place, normal, uv)
    });
    geometry
}
