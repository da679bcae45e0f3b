//! PLY, binary and little-endian: one list of vertices in the world's space, with faces and edges.

use base::{Diagnostic, Limits};
use glam::{Vec2, Vec4};

use crate::{frame::Topology, model::Model, world};

use super::{
    WriteError, Written,
    baked::{self, Part},
    check_size,
};

/// Which properties vertices have beside their positions.
#[derive(Clone, Copy)]
struct Has {
    normals: bool,
    uvs: bool,
    colors: bool,
}

pub(super) fn write(model: &Model, limits: &Limits) -> Result<Written, WriteError> {
    let parts = baked::parts(model);
    if parts.is_empty() {
        return Err(WriteError::Nothing("the scene shows no surfaces, lines or points"));
    }
    let color = |part: &Part<'_>| {
        part.material.and_then(|material| model.materials.get(material)).map_or(Vec4::ONE, |it| it.base_color)
    };
    let has = Has {
        normals: parts.iter().all(|part| part.normals().is_some()),
        uvs: parts.iter().any(|part| !part.geometry.uvs[0].is_empty()),
        colors: parts.iter().any(|part| !part.geometry.colors.is_empty() || color(part) != Vec4::ONE),
    };
    let vertices: u64 = parts.iter().map(|part| part.geometry.positions.len() as u64).sum();
    let count = |topology| parts.iter().map(|part| part.count(topology) as u64).sum::<u64>();
    let (faces, edges) = (count(Topology::Triangles), count(Topology::Lines));
    let most = i32::MAX as u64;
    if vertices > most {
        return Err(WriteError::TooLarge { what: "the number of vertices", found: vertices, most });
    }
    let header = header(vertices, faces, edges, has);
    let size = header.len() as u64 + vertices * has.size() + faces * 13 + edges * 8;
    check_size(size, limits)?;
    let mut bytes = Vec::with_capacity(size as usize);
    bytes.extend(header.as_bytes());
    for part in &parts {
        write_vertices(part, color(part), has, &mut bytes);
    }
    let mut first = 0;
    for part in &parts {
        for triangle in part.triangles() {
            bytes.push(3);
            bytes.extend(triangle.iter().flat_map(|index| (first + index).to_le_bytes()));
        }
        first += part.geometry.positions.len() as u32;
    }
    first = 0;
    for part in &parts {
        if part.geometry.topology == Topology::Lines {
            bytes.extend(part.indices.iter().flat_map(|index| (first + index).to_le_bytes()));
        }
        first += part.geometry.positions.len() as u32;
    }
    let mut diagnostics = Vec::new();
    if model.materials.iter().any(|material| !material.textures.is_empty()) {
        diagnostics.push(Diagnostic::warning("", "PLY holds no textures: they are left out"));
    }
    Ok(Written { bytes, beside: Vec::new(), diagnostics })
}

impl Has {
    /// The size of a vertex in bytes.
    fn size(self) -> u64 {
        let part = |has: bool, size: u64| if has { size } else { 0 };
        12 + part(self.normals, 12) + part(self.uvs, 8) + part(self.colors, 4)
    }
}

fn header(vertices: u64, faces: u64, edges: u64, has: Has) -> String {
    let mut header = format!(
        "ply\nformat binary_little_endian 1.0\ncomment metres, y up\nelement vertex {vertices}\n\
        property float x\nproperty float y\nproperty float z\n"
    );
    if has.normals {
        header.push_str("property float nx\nproperty float ny\nproperty float nz\n");
    }
    if has.uvs {
        header.push_str("property float s\nproperty float t\n");
    }
    if has.colors {
        for channel in ["red", "green", "blue", "alpha"] {
            header.push_str(&format!("property uchar {channel}\n"));
        }
    }
    if faces > 0 {
        header.push_str(&format!("element face {faces}\nproperty list uchar int vertex_indices\n"));
    }
    if edges > 0 {
        header.push_str(&format!("element edge {edges}\nproperty int vertex1\nproperty int vertex2\n"));
    }
    header.push_str("end_header\n");
    header
}

fn write_vertices(part: &Part<'_>, color: Vec4, has: Has, bytes: &mut Vec<u8>) {
    let mut normals = part.normals();
    for (vertex, position) in part.positions().enumerate() {
        let mut number = |number: f32| bytes.extend(number.to_le_bytes());
        position.to_array().into_iter().for_each(&mut number);
        if has.normals {
            let normal = normals.as_mut().and_then(Iterator::next).unwrap_or_default();
            normal.to_array().into_iter().for_each(&mut number);
        }
        if has.uvs {
            let Vec2 { x, y } = part.geometry.uvs[0].get(vertex).copied().unwrap_or_default();
            // Rows of images go down, t goes up.
            [x, 1.0 - y].into_iter().for_each(&mut number);
        }
        if has.colors {
            let own = part.geometry.colors.get(vertex).copied().unwrap_or(Vec4::ONE);
            let base::Color { r, g, b, a } = world::encoded(own * color);
            bytes.extend([r, g, b, a]);
        }
    }
}
