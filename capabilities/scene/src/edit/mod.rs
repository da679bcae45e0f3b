//! Geometry made into other geometry, and what can be said of it. Pure functions.

pub mod bvh;
pub mod decimate;
pub mod measure;
pub mod normals;
pub mod parts;
pub mod place;
pub mod vertices;
pub mod weld;

use crate::frame::Topology;

/// Geometry for which an edit is not meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It has no surface.
    #[error("it is made of {}, and triangles are needed", plural(.0))]
    Topology(Topology),
    /// Nothing would be left of it.
    #[error("nothing would be left of it")]
    Nothing,
}

fn plural(topology: &Topology) -> &'static str {
    match topology {
        Topology::Triangles => "triangles",
        Topology::Lines => "lines",
        Topology::Points => "points",
    }
}

/// The geometry's triangles.
///
/// # Errors
/// It is made of lines or points.
pub(crate) fn triangles(geometry: &crate::frame::Geometry) -> Result<&[[u32; 3]], EditError> {
    match geometry.topology {
        Topology::Triangles => Ok(geometry.indices.as_chunks().0),
        other => Err(EditError::Topology(other)),
    }
}
