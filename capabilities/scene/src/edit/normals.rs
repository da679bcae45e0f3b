//! Normals: turned over, and made from the surface.

use glam::Vec3;
use rustc_hash::FxHashMap;

use super::{EditError, triangles, vertices, weld};
use crate::frame::{Geometry, Topology};

/// Turns the surface inside out: triangles are seen from their other side, and normals point to there.
///
/// # Errors
/// It is made of lines or points.
pub fn flip(geometry: &mut Geometry) -> Result<(), EditError> {
    triangles(geometry)?;
    vertices::turn_over(geometry);
    geometry.normals.iter_mut().for_each(|normal| *normal = -*normal);
    geometry.tangents.iter_mut().for_each(|tangent| tangent.w = -tangent.w);
    Ok(())
}

/// Makes normals from the surface: smooth over edges where it bends by `crease` radians at most, and sharp over others and
/// over those that not exactly two triangles share. Vertices are split and merged as that needs; tangents are dropped, since
/// they no longer fit.
///
/// # Errors
/// It is made of lines or points.
pub fn recompute(geometry: &Geometry, crease: f32) -> Result<Geometry, EditError> {
    let corners = triangles(geometry)?;
    let (numbers, _) = vertices::place_numbers(&geometry.positions);
    let faces: Vec<Vec3> = corners.iter().map(|triangle| face(geometry, *triangle)).collect();
    let mut groups = Groups::new(corners.len() * 3);
    // A fraction of a degree makes up for how normals are rounded.
    let least = (crease + 1e-3).clamp(0.0, std::f32::consts::PI).cos();
    for shared in edges(corners, &numbers).into_values() {
        let Shared { first, second, count: 2 } = shared else { continue };
        let turn = faces[first as usize / 3].dot(faces[second as usize / 3]);
        if turn >= least
            && faces[first as usize / 3] != Vec3::ZERO
            && faces[second as usize / 3] != Vec3::ZERO
        {
            groups.join(first, next(second));
            groups.join(next(first), second);
        }
    }
    let mut sums = vec![Vec3::ZERO; corners.len() * 3];
    for (triangle, (corner, normal)) in corners.iter().zip(&faces).enumerate() {
        for (place, angle) in angles(geometry, *corner).into_iter().enumerate() {
            sums[groups.root((triangle * 3 + place) as u32) as usize] += *normal * angle;
        }
    }
    let mut made: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let (mut places, mut normals) = (Vec::new(), Vec::new());
    let mut indices = Vec::with_capacity(geometry.indices.len());
    for (corner, vertex) in corners.as_flattened().iter().enumerate() {
        let root = groups.root(corner as u32);
        let number = *made.entry((*vertex, root)).or_insert_with(|| {
            places.push(*vertex);
            normals.push(sums[root as usize].normalize_or(Vec3::Y));
            places.len() as u32 - 1
        });
        indices.push(number);
    }
    let mut out = vertices::gather(geometry, &places, indices);
    out.normals = normals;
    out.tangents.clear();
    Ok(weld::weld(&out, 0.0, true))
}

/// A normal for each vertex, from the triangles around it; upwards for vertices that have none.
pub(crate) fn of_surface(geometry: &Geometry) -> Vec<Vec3> {
    let mut sums = vec![Vec3::ZERO; geometry.positions.len()];
    if geometry.topology == Topology::Triangles {
        for triangle in geometry.indices.as_chunks::<3>().0 {
            let normal = face(geometry, *triangle);
            for (vertex, angle) in triangle.iter().zip(angles(geometry, *triangle)) {
                if let Some(sum) = sums.get_mut(*vertex as usize) {
                    *sum += normal * angle;
                }
            }
        }
    }
    sums.into_iter().map(|sum| sum.normalize_or(Vec3::Y)).collect()
}

fn corners_of(geometry: &Geometry, triangle: [u32; 3]) -> [Vec3; 3] {
    triangle.map(|vertex| geometry.positions.get(vertex as usize).copied().unwrap_or_default())
}

/// The unit normal of a triangle; zero where it has no area.
fn face(geometry: &Geometry, triangle: [u32; 3]) -> Vec3 {
    let [a, b, c] = corners_of(geometry, triangle).map(|corner| corner.as_dvec3());
    (b - a).cross(c - a).try_normalize().map_or(Vec3::ZERO, |normal| normal.as_vec3())
}

/// The angles at the corners of a triangle, in radians.
fn angles(geometry: &Geometry, triangle: [u32; 3]) -> [f32; 3] {
    let [a, b, c] = corners_of(geometry, triangle);
    let at = |corner: Vec3, left: Vec3, right: Vec3| {
        let (left, right) = ((left - corner).normalize_or_zero(), (right - corner).normalize_or_zero());
        left.dot(right).clamp(-1.0, 1.0).acos()
    };
    [at(a, b, c), at(b, c, a), at(c, a, b)]
}

/// The corner after this one in its triangle.
fn next(corner: u32) -> u32 {
    if corner % 3 == 2 { corner - 2 } else { corner + 1 }
}

/// The edges, named by their first corners, that lie between the same two places. The second runs against the first.
#[derive(Clone, Copy)]
struct Shared {
    first: u32,
    second: u32,
    count: u32,
}

fn edges(corners: &[[u32; 3]], numbers: &[u32]) -> FxHashMap<(u32, u32), Shared> {
    let number = |corner: u32| {
        let vertex = corners[corner as usize / 3][corner as usize % 3];
        numbers.get(vertex as usize).copied().unwrap_or_default()
    };
    let mut edges: FxHashMap<(u32, u32), Shared> = FxHashMap::default();
    edges.reserve(corners.len() * 3 / 2);
    for corner in 0..corners.len() as u32 * 3 {
        let (from, to) = (number(corner), number(next(corner)));
        if from == to {
            continue;
        }
        let shared = edges.entry((from.min(to), from.max(to))).or_insert(Shared {
            first: corner,
            second: corner,
            count: 0,
        });
        // Two that run the same way bound no surface between them.
        let against = number(shared.first) == to;
        shared.count += if shared.count == 1 && !against { 2 } else { 1 };
        shared.second = corner;
    }
    edges
}

/// Disjoint sets with path halving.
struct Groups(Vec<u32>);

impl Groups {
    fn new(count: usize) -> Self {
        Groups((0..count as u32).collect())
    }

    fn root(&mut self, of: u32) -> u32 {
        let mut at = of;
        while self.0[at as usize] != at {
            let above = self.0[self.0[at as usize] as usize];
            self.0[at as usize] = above;
            at = above;
        }
        at
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b) as usize] = a.min(b);
    }
}
