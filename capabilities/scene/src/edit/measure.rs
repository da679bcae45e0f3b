//! What can be said of a surface: how large it is, what it encloses, and whether it is closed.

use glam::{DMat4, DVec3};
use rustc_hash::FxHashMap;

use super::vertices;
use crate::frame::{Geometry, Topology};

/// The measures of geometry in the world, where a unit is a metre.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measures {
    /// How many vertices there are.
    pub vertices: u64,
    /// How many triangles.
    pub triangles: u64,
    /// How many lines.
    pub lines: u64,
    /// How many points.
    pub points: u64,
    /// The area of the triangles, in m²; each counts once, whichever side it is seen from.
    pub area: f64,
    /// What the surface encloses, in m³; below 0 when it is inside out. It means little when the surface is open.
    pub volume: f64,
    /// Whether every edge of a triangle is met by one that runs against it: the surface is closed, and all of it looks out, or
    /// all in.
    pub watertight: bool,
}

/// Measures geometry where it is in the world.
pub fn measure(geometry: &Geometry, world_from_local: DMat4) -> Measures {
    let elements = geometry.indices.len() as u64;
    let mut out = Measures { vertices: geometry.positions.len() as u64, ..Measures::default() };
    match geometry.topology {
        Topology::Lines => out.lines = elements / 2,
        Topology::Points => out.points = elements,
        Topology::Triangles => {
            out.triangles = elements / 3;
            out.watertight = out.triangles > 0 && is_closed(geometry);
        }
    }
    if geometry.topology != Topology::Triangles {
        return out;
    }
    let world: Vec<DVec3> = geometry
        .positions
        .iter()
        .map(|position| world_from_local.transform_point3(position.as_dvec3()))
        .collect();
    // Far from the origin, what cancels out would leave little.
    let origin = world.first().copied().unwrap_or_default();
    let at = |index: u32| world.get(index as usize).map_or(DVec3::ZERO, |position| *position - origin);
    for [a, b, c] in geometry.indices.as_chunks::<3>().0 {
        let (a, b, c) = (at(*a), at(*b), at(*c));
        out.area += (b - a).cross(c - a).length() / 2.0;
        out.volume += a.dot(b.cross(c)) / 6.0;
    }
    // A mirrored surface is seen from the side that triangles turn to it.
    if world_from_local.determinant() < 0.0 {
        out.volume = -out.volume;
    }
    out
}

impl Measures {
    /// Both together. They are watertight when each is.
    pub fn with(self, other: Measures) -> Measures {
        Measures {
            vertices: self.vertices + other.vertices,
            triangles: self.triangles + other.triangles,
            lines: self.lines + other.lines,
            points: self.points + other.points,
            area: self.area + other.area,
            volume: self.volume + other.volume,
            watertight: self.watertight && other.watertight,
        }
    }
}

fn is_closed(geometry: &Geometry) -> bool {
    let (numbers, _) = vertices::place_numbers(&geometry.positions);
    let mut balance: FxHashMap<(u32, u32), i32> = FxHashMap::default();
    balance.reserve(geometry.indices.len() / 2);
    for triangle in geometry.indices.as_chunks::<3>().0 {
        let [a, b, c] = triangle.map(|index| numbers.get(index as usize).copied().unwrap_or_default());
        for (from, to) in [(a, b), (b, c), (c, a)] {
            if from != to {
                *balance.entry((from.min(to), from.max(to))).or_default() += if from < to { 1 } else { -1 };
            }
        }
    }
    balance.values().all(|count| *count == 0)
}
