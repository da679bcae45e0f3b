//! Vertices that lie close to each other made one.

use glam::Vec3;
use rustc_hash::FxHashMap;

use super::vertices;
use crate::frame::{Geometry, Topology};

/// How finely attributes are told apart: normals and colours, and texture coordinates.
const FINE: f32 = 1.0 / 1_024.0;
const FINE_UV: f32 = 1.0 / 65_536.0;

/// Merges vertices that are no farther than `distance` from each other, in the geometry's own space: each comes to lie where
/// the first of them is. With `seams`, vertices stay apart whose normals, texture coordinates or colours differ; otherwise
/// they take those of the first, and the mean normal. Triangles and lines that have become shorter than that, and vertices
/// that nothing names, are left out.
pub fn weld(geometry: &Geometry, distance: f32, seams: bool) -> Geometry {
    let homes = homes(&geometry.positions, distance);
    let mut made: FxHashMap<(u32, [i32; 14]), u32> = FxHashMap::default();
    let mut places: Vec<u32> = Vec::new();
    let mut sums: Vec<Vec3> = Vec::new();
    let numbers: Vec<u32> = (0..geometry.positions.len())
        .map(|vertex| {
            let key = (homes[vertex], if seams { attributes(geometry, vertex) } else { [0; 14] });
            let number = *made.entry(key).or_insert_with(|| {
                places.push(vertex as u32);
                sums.push(Vec3::ZERO);
                places.len() as u32 - 1
            });
            if let Some(normal) = geometry.normals.get(vertex) {
                sums[number as usize] += *normal;
            }
            number
        })
        .collect();
    let named = |index: &u32| numbers.get(*index as usize).copied().unwrap_or_default();
    let place = |index: &u32| homes.get(*index as usize).copied().unwrap_or_default();
    let indices: Vec<u32> = match geometry.topology {
        Topology::Triangles => {
            let triangles = geometry.indices.as_chunks::<3>().0.iter();
            let kept = triangles.filter(|triangle| {
                let [a, b, c] = triangle.each_ref().map(place);
                a != b && b != c && c != a
            });
            kept.flatten().map(named).collect()
        }
        Topology::Lines => {
            let lines = geometry.indices.as_chunks::<2>().0.iter();
            lines.filter(|[a, b]| place(a) != place(b)).flatten().map(named).collect()
        }
        Topology::Points => {
            let mut seen = vec![false; places.len()];
            let first = |number: &u32| !std::mem::replace(&mut seen[*number as usize], true);
            geometry.indices.iter().map(named).filter(first).collect()
        }
    };
    let mut out = vertices::gather(geometry, &places, indices);
    for (vertex, position) in out.positions.iter_mut().enumerate() {
        *position = geometry.positions[homes[places[vertex] as usize] as usize];
    }
    if !seams {
        for (normal, sum) in out.normals.iter_mut().zip(sums) {
            *normal = sum.normalize_or(*normal);
        }
        out.tangents.clear();
    }
    let indices = std::mem::take(&mut out.indices);
    vertices::only(&out, &indices)
}

/// For each vertex the first one that it is merged with, itself perhaps.
fn homes(positions: &[Vec3], distance: f32) -> Vec<u32> {
    if distance <= 0.0 {
        let mut first: FxHashMap<[u32; 3], u32> = FxHashMap::default();
        let found = positions.iter().zip(0..);
        return found.map(|(position, i)| *first.entry(vertices::bits(*position)).or_insert(i)).collect();
    }
    // Those that others come to are farther than `distance` from each other, so that a cell holds only a few.
    let mut cells: FxHashMap<[i64; 3], Vec<u32>> = FxHashMap::default();
    let cell =
        |position: Vec3| position.as_dvec3().to_array().map(|x| (x / f64::from(distance)).floor() as i64);
    let mut homes = Vec::with_capacity(positions.len());
    for (position, vertex) in positions.iter().zip(0..) {
        let [x, y, z] = cell(*position);
        let around =
            (-1..=1).flat_map(|dx| (-1..=1).flat_map(move |dy| (-1..=1).map(move |dz| [dx, dy, dz])));
        let found = around
            .filter_map(|[dx, dy, dz]| {
                cells.get(&[x.saturating_add(dx), y.saturating_add(dy), z.saturating_add(dz)])
            })
            .flatten()
            .filter(|home| positions[**home as usize].distance_squared(*position) <= distance * distance)
            .min();
        homes.push(match found {
            Some(home) => *home,
            None => {
                cells.entry([x, y, z]).or_default().push(vertex);
                vertex
            }
        });
    }
    homes
}

/// What makes a vertex different from others at its place, in small steps.
fn attributes(geometry: &Geometry, vertex: usize) -> [i32; 14] {
    let mut out = [0; 14];
    let mut at = 0;
    let mut add = |numbers: &[f32], step: f32| {
        for number in numbers {
            if let Some(place) = out.get_mut(at) {
                *place = (number / step).round() as i32;
            }
            at += 1;
        }
    };
    add(&geometry.normals.get(vertex).copied().unwrap_or_default().to_array(), FINE);
    add(&geometry.uvs[0].get(vertex).copied().unwrap_or_default().to_array(), FINE_UV);
    add(&geometry.uvs[1].get(vertex).copied().unwrap_or_default().to_array(), FINE_UV);
    add(&geometry.colors.get(vertex).copied().unwrap_or_default().to_array(), FINE);
    let tangent = geometry.tangents.get(vertex).map_or([0.0; 3], |t| [t.x + 2.0 * t.w, t.y, t.z]);
    add(&tangent, FINE);
    out
}
