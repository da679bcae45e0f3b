//! Boxes along the axes.

use glam::{Mat4, Vec3};

use crate::frame::Geometry;

/// A box along the axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least coordinates; above `max` when nothing is inside.
    pub min: Vec3,
    /// The greatest coordinates.
    pub max: Vec3,
}

impl Bounds {
    /// Around nothing.
    pub const EMPTY: Bounds = Bounds { min: Vec3::INFINITY, max: Vec3::NEG_INFINITY };

    /// Around the vertices that indices name.
    pub fn of_geometry(geometry: &Geometry, world_from_local: Mat4) -> Bounds {
        let positions = geometry.indices.iter().filter_map(|index| geometry.positions.get(*index as usize));
        positions
            .fold(Bounds::EMPTY, |bounds, position| bounds.with(world_from_local.transform_point3(*position)))
    }

    /// Around this box where a matrix puts it.
    pub fn transformed(&self, matrix: Mat4) -> Bounds {
        match self.is_empty() {
            true => Bounds::EMPTY,
            false => self
                .corners()
                .into_iter()
                .fold(Bounds::EMPTY, |bounds, corner| bounds.with(matrix.transform_point3(corner))),
        }
    }

    /// Whether nothing is inside.
    pub fn is_empty(&self) -> bool {
        !self.min.cmple(self.max).all()
    }

    /// Around both.
    pub fn union(self, other: Bounds) -> Bounds {
        Bounds { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// Around this and a point.
    pub fn with(self, point: Vec3) -> Bounds {
        Bounds { min: self.min.min(point), max: self.max.max(point) }
    }

    /// The middle; the origin when nothing is inside.
    pub fn center(&self) -> Vec3 {
        if self.is_empty() { Vec3::ZERO } else { self.min * 0.5 + self.max * 0.5 }
    }

    /// Its corners.
    pub fn corners(&self) -> [Vec3; 8] {
        std::array::from_fn(|i| {
            let pick = |bit: usize, low: f32, high: f32| if i & bit == 0 { low } else { high };
            Vec3::new(
                pick(1, self.min.x, self.max.x),
                pick(2, self.min.y, self.max.y),
                pick(4, self.min.z, self.max.z),
            )
        })
    }
}
