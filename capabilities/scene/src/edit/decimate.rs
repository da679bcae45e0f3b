//! Fewer triangles (meshoptimizer's simplifier: quadric errors of surface and attributes, after Garland and Heckbert 1998).

use meshopt::SimplifyOptions;

use super::{EditError, triangles, vertices, weld};
use crate::frame::Geometry;

/// How strongly attributes count beside positions, which are seen as of size 1.
const NORMALS: f32 = 0.5;
const UVS: f32 = 1.0;
const COLORS: f32 = 0.5;

/// What came of leaving triangles out.
#[derive(Clone, Debug, PartialEq)]
pub struct Decimated {
    /// What is left.
    pub geometry: Geometry,
    /// How far the surface has moved at most, as a part of the longest side of the geometry's box.
    pub error: f32,
}

/// Leaves triangles out until `ratio` (0 to 1) of them are left or the next one would move the surface farther than `error`,
/// a part of the longest side of the geometry's box. Vertices that stay keep all that belongs to them; seams of attributes stay
/// closed. With `lock_border` the borders of open surfaces stay as they are.
///
/// # Errors
/// It is made of lines or points, or nothing is left.
pub fn decimate(
    geometry: &Geometry,
    ratio: f32,
    error: f32,
    lock_border: bool,
) -> Result<Decimated, EditError> {
    triangles(geometry)?;
    // Triangles that only seem apart would each be kept.
    let whole = weld::weld(geometry, 0.0, true);
    let count = whole.indices.len() / 3;
    let wanted = ((f64::from(ratio) * count as f64).round() as usize).min(count) * 3;
    let positions: Vec<[f32; 3]> = whole.positions.iter().map(|position| position.to_array()).collect();
    let (attributes, weights) = attributes(&whole);
    let options = if lock_border { SimplifyOptions::LockBorder } else { SimplifyOptions::None };
    let mut reached = 0.0;
    let indices = meshopt::simplify_with_attributes_and_locks_decoder(
        &whole.indices,
        &positions,
        &attributes,
        &weights,
        weights.len() * size_of::<f32>(),
        &vec![false; positions.len()],
        wanted,
        error,
        options,
        Some(&mut reached),
    );
    if indices.is_empty() {
        return Err(EditError::Nothing);
    }
    Ok(Decimated { geometry: vertices::only(&whole, &indices), error: reached })
}

/// The numbers of all vertices in turn, and how strongly each of a vertex' counts.
fn attributes(geometry: &Geometry) -> (Vec<f32>, Vec<f32>) {
    let vertices = geometry.positions.len();
    let lists: [(&[f32], usize, f32); 4] = [
        (bytemuck::cast_slice(&geometry.normals), 3, NORMALS),
        (bytemuck::cast_slice(&geometry.uvs[0]), 2, UVS),
        (bytemuck::cast_slice(&geometry.uvs[1]), 2, UVS),
        (bytemuck::cast_slice(&geometry.colors), 4, COLORS),
    ];
    let there = lists.into_iter().filter(|(list, width, _)| vertices > 0 && list.len() == vertices * width);
    let there: Vec<_> = there.collect();
    let weights = there.iter().flat_map(|(_, width, weight)| vec![*weight; *width]).collect();
    let numbers = (0..vertices)
        .flat_map(|vertex| there.iter().flat_map(move |(list, width, _)| &list[vertex * width..][..*width]));
    (numbers.copied().collect(), weights)
}
