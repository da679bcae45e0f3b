//! Binary STL: triangles in the world's space, in metres, with y upwards.

use base::{Diagnostic, Limits};
use glam::Vec3;

use crate::{frame::Topology, model::Model};

use super::{WriteError, Written, baked, check_size};

/// The first bytes, which may not begin with "solid".
const TITLE: &[u8] = b"Binary STL by MetaBuilder: metres, y up";
const HEADER: usize = 80;
const FACET: u64 = 50;

pub(super) fn write(model: &Model, limits: &Limits) -> Result<Written, WriteError> {
    let parts = baked::parts(model);
    let count: u64 = parts.iter().map(|part| part.count(Topology::Triangles) as u64).sum();
    if count == 0 {
        return Err(WriteError::Nothing("STL holds triangles, and the scene shows none"));
    }
    let most = u64::from(u32::MAX);
    if count > most {
        return Err(WriteError::TooLarge { what: "the number of triangles", found: count, most });
    }
    check_size(count * FACET, limits)?;
    let mut bytes = Vec::with_capacity(HEADER + 4 + (count * FACET) as usize);
    bytes.extend(TITLE);
    bytes.resize(HEADER, b' ');
    bytes.extend((count as u32).to_le_bytes());
    for part in &parts {
        for triangle in part.triangles() {
            let [a, b, c] = part.places(triangle);
            let normal = (b - a).cross(c - a).normalize_or(Vec3::ZERO);
            for number in [normal, a, b, c].iter().flat_map(Vec3::to_array) {
                bytes.extend(number.to_le_bytes());
            }
            bytes.extend([0; 2]);
        }
    }
    let mut diagnostics = Vec::new();
    if parts.iter().any(|part| part.geometry.topology != Topology::Triangles) {
        diagnostics.push(Diagnostic::warning("", "STL holds no lines and points: they are left out"));
    }
    Ok(Written { bytes, beside: Vec::new(), diagnostics })
}
