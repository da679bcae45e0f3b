//! Surfaces made of rows and columns.

use glam::{DVec2, DVec3};

use crate::frame::Geometry;

/// A vertex: position, unit normal, texture coordinates.
pub(super) type Vertex = (DVec3, DVec3, DVec2);

/// Adds a vertex; gives its number.
pub(super) fn push(geometry: &mut Geometry, (position, normal, uv): Vertex) -> u32 {
    geometry.positions.push(position.as_vec3());
    geometry.normals.push(normal.as_vec3());
    geometry.uvs[0].push(uv.as_vec2());
    geometry.positions.len() as u32 - 1
}

/// Adds `columns` × `rows` fields. `vertex` gives what is at a column, counted to the right, and a row, counted down, as seen
/// from the front. Triangles without area are left out.
pub(super) fn add(geometry: &mut Geometry, columns: u32, rows: u32, vertex: impl Fn(u32, u32) -> Vertex) {
    let first = geometry.positions.len() as u32;
    for row in 0..=rows {
        for column in 0..=columns {
            push(geometry, vertex(column, row));
        }
    }
    let number = |column: u32, row: u32| first + row * (columns + 1) + column;
    for row in 0..rows {
        for column in 0..columns {
            let (a, b) = (number(column, row), number(column, row + 1));
            let (d, c) = (number(column + 1, row), number(column + 1, row + 1));
            for triangle in [[a, b, c], [a, c, d]] {
                let [p, q, r] = triangle.map(|index| geometry.positions[index as usize]);
                if p != q && q != r && r != p {
                    geometry.indices.extend(triangle);
                }
            }
        }
    }
}
