//! Vertices with all that belongs to them: chosen, put together, moved.

use glam::{DMat3, DMat4, DVec3, Vec2, Vec3, Vec4};
use rustc_hash::FxHashMap;

use crate::frame::{Geometry, Topology};

/// The geometry with the vertices that were at these places, and these indices, which name them by their new places. Places
/// that are not there must not be named.
pub fn gather(geometry: &Geometry, places: &[u32], indices: Vec<u32>) -> Geometry {
    Geometry {
        positions: pick(&geometry.positions, places),
        normals: pick(&geometry.normals, places),
        tangents: pick(&geometry.tangents, places),
        uvs: [pick(&geometry.uvs[0], places), pick(&geometry.uvs[1], places)],
        colors: pick(&geometry.colors, places),
        topology: geometry.topology,
        indices,
    }
}

fn pick<T: Copy>(list: &[T], places: &[u32]) -> Vec<T> {
    places.iter().filter_map(|place| list.get(*place as usize).copied()).collect()
}

/// The geometry of these indices, without vertices that none of them names.
pub fn only(geometry: &Geometry, indices: &[u32]) -> Geometry {
    let mut places = Vec::new();
    let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
    let renumbered = indices.iter().map(|index| {
        *numbers.entry(*index).or_insert_with(|| {
            places.push(*index);
            places.len() as u32 - 1
        })
    });
    let renumbered = renumbered.collect();
    gather(geometry, &places, renumbered)
}

/// A number for each vertex; the same for those at exactly the same place. Also how many places there are.
pub fn place_numbers(positions: &[Vec3]) -> (Vec<u32>, usize) {
    let mut known: FxHashMap<[u32; 3], u32> = FxHashMap::default();
    let numbers = positions.iter().map(|position| {
        let next = known.len() as u32;
        *known.entry(bits(*position)).or_insert(next)
    });
    let numbers = numbers.collect();
    (numbers, known.len())
}

/// The bits of a position; zero has only one sign.
pub(crate) fn bits(position: Vec3) -> [u32; 3] {
    (position + Vec3::ZERO).to_array().map(f32::to_bits)
}

/// Puts other geometry of the same topology behind. What only one of them has is made up for the other: normals from its
/// surface, white, texture coordinates at the corner. Tangents are kept when both have them.
pub fn append(geometry: &mut Geometry, other: &Geometry) {
    let (before, count) = (geometry.positions.len(), other.positions.len());
    if before == 0 {
        *geometry = other.clone();
        return;
    }
    if geometry.normals.is_empty() != other.normals.is_empty() {
        let made = super::normals::of_surface(if geometry.normals.is_empty() { geometry } else { other });
        match geometry.normals.is_empty() {
            true => geometry.normals = made,
            false => geometry.normals.extend(made),
        }
    }
    fill(&mut geometry.normals, &other.normals, before, count, Vec3::Y);
    match other.tangents.len() == count && geometry.tangents.len() == before {
        true => geometry.tangents.extend(&other.tangents),
        false => geometry.tangents.clear(),
    }
    for (set, more) in geometry.uvs.iter_mut().zip(&other.uvs) {
        fill(set, more, before, count, Vec2::ZERO);
    }
    fill(&mut geometry.colors, &other.colors, before, count, Vec4::ONE);
    geometry.positions.extend(&other.positions);
    geometry.indices.extend(other.indices.iter().map(|index| index + before as u32));
}

fn fill<T: Copy>(list: &mut Vec<T>, more: &[T], before: usize, count: usize, usual: T) {
    if list.len() == before + count || list.is_empty() && more.is_empty() {
        return;
    }
    list.resize(before, usual);
    list.extend(more);
    list.resize(before + count, usual);
}

/// Moves the geometry. Triangles keep the side that they are seen from, also where it is mirrored.
pub fn transform(geometry: &mut Geometry, matrix: DMat4) {
    let linear = DMat3::from_mat4(matrix);
    let mirrors = linear.determinant() < 0.0;
    let sign = if mirrors { -1.0 } else { 1.0 };
    // The cofactors turn normals as the inverse transpose does, and are there for flat matrices, too.
    let columns = [linear.x_axis, linear.y_axis, linear.z_axis];
    let cofactors = DMat3::from_cols(
        columns[1].cross(columns[2]),
        columns[2].cross(columns[0]),
        columns[0].cross(columns[1]),
    ) * sign;
    for position in &mut geometry.positions {
        *position = matrix.transform_point3(position.as_dvec3()).as_vec3();
    }
    for normal in &mut geometry.normals {
        *normal = unit(cofactors * normal.as_dvec3(), *normal);
    }
    for tangent in &mut geometry.tangents {
        let direction = tangent.truncate();
        let turned = unit(linear * direction.as_dvec3(), direction);
        *tangent = turned.extend(tangent.w * sign as f32);
    }
    if mirrors {
        turn_over(geometry);
    }
}

fn unit(vector: DVec3, otherwise: Vec3) -> Vec3 {
    vector.try_normalize().map_or(otherwise, DVec3::as_vec3)
}

/// Makes triangles seen from their other side.
pub(crate) fn turn_over(geometry: &mut Geometry) {
    if geometry.topology == Topology::Triangles {
        geometry.indices.as_chunks_mut::<3>().0.iter_mut().for_each(|[_, b, c]| std::mem::swap(b, c));
    }
}
