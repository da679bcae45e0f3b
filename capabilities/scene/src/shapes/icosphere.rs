//! Spheres of triangles that are all nearly alike.

use glam::{DVec2, DVec3};

use super::{grid, toward};
use crate::frame::Geometry;

/// A sphere of this radius, in m: the twenty triangles of an icosahedron, each edge cut into `parts` (at least 1). The texture
/// is unfolded as the net of the icosahedron is.
pub fn icosphere(radius: f64, parts: u32) -> Geometry {
    let mut geometry = Geometry::default();
    for face in 0..20 {
        let corners = corners(face);
        let mut rows: Vec<Vec<u32>> = Vec::with_capacity(parts as usize + 1);
        for row in 0..=parts {
            let along = (0..=row).map(|column| {
                let counts = [parts - row, row - column, column].map(f64::from);
                let sum = |of: fn(&(DVec3, DVec2)) -> DVec3| {
                    let [a, b, c] = corners.each_ref().map(of);
                    a * counts[0] + b * counts[1] + c * counts[2]
                };
                let direction = sum(|corner| corner.0).normalize_or(DVec3::Y);
                let uv = sum(|corner| corner.1.extend(0.0)).truncate() / f64::from(parts);
                grid::push(&mut geometry, (direction * radius, direction, uv.clamp(DVec2::ZERO, DVec2::ONE)))
            });
            rows.push(along.collect());
        }
        for pair in rows.windows(2) {
            let [above, below] = pair else { continue };
            for (i, top) in above.iter().enumerate() {
                geometry.indices.extend([*top, below[i], below[i + 1]]);
                if let Some(next) = above.get(i + 1) {
                    geometry.indices.extend([*top, below[i + 1], *next]);
                }
            }
        }
    }
    geometry
}

/// The corners of a triangle of the icosahedron, counter-clockwise, and where they lie on its net: five columns of four.
fn corners(face: u32) -> [(DVec3, DVec2); 3] {
    let (column, row) = (f64::from(face / 4), face % 4);
    let net = |across: f64, down: f64| DVec2::new((column + across) / 5.5, down / 3.0);
    // Two rings of five, half a step apart.
    let height = 1.0 / 5.0f64.sqrt();
    let ring = |step: f64, y: f64| toward(step.rem_euclid(5.0) / 5.0) * (1.0 - y * y).sqrt() + DVec3::Y * y;
    let upper = |step: f64| (ring(column + step, height), net(step, 1.0));
    let lower = |step: f64| (ring(column + step + 0.5, -height), net(step + 0.5, 2.0));
    match row {
        0 => [(DVec3::Y, net(0.5, 0.0)), upper(0.0), upper(1.0)],
        1 => [lower(0.0), upper(1.0), upper(0.0)],
        2 => [upper(1.0), lower(0.0), lower(1.0)],
        _ => [(DVec3::NEG_Y, net(1.0, 3.0)), lower(1.0), lower(0.0)],
    }
}
