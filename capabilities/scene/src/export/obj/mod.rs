//! Wavefront OBJ: objects in the world's space, with a library of materials and their images beside it.

mod mtl;
mod names;

use std::fmt::Write;

use base::Limits;
use glam::{Mat3, Vec2, Vec3};
use kernel::FileBeside;

use crate::{
    color,
    frame::Topology,
    model::{Model, TextureTransform},
};

use super::{
    WriteError, Written,
    baked::{self, Part},
    check_size, corners,
};

use names::Names;

/// A number as short as it reads as the same one.
struct Number(f32);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let number = super::held(self.0);
        let size = number.abs();
        match size == 0.0 || (1e-5..1e16).contains(&size) {
            true => write!(f, "{number}"),
            false => write!(f, "{number:e}"),
        }
    }
}

pub(super) fn write(model: &Model, name: &str, limits: &Limits) -> Result<Written, WriteError> {
    let parts = baked::parts(model);
    if parts.is_empty() {
        return Err(WriteError::Nothing("the scene shows no surfaces, lines or points"));
    }
    check_size(parts.iter().map(size).sum(), limits)?;
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let library = mtl::Library::write(model, &parts, stem, limits);
    let mut out = String::from("# MetaBuilder: metres, y up\n");
    if !library.text.is_empty() {
        let _ = writeln!(out, "mtllib {stem}.mtl");
    }
    let mut names = Names::default();
    let mut next = Next { position: 1, uv: 1, normal: 1 };
    let (mut object, mut material) = (None, None);
    for part in &parts {
        if object != Some(part.object) {
            object = Some(part.object);
            let _ = writeln!(out, "o {}", names.unique(part.name, "object"));
        }
        let wanted = library.name(part.material);
        if wanted != material {
            material = wanted;
            let _ = writeln!(out, "usemtl {}", wanted.unwrap_or_default());
        }
        write_part(part, library.laid(part.material), &mut next, &mut out);
    }
    let mut beside = library.images;
    if !library.text.is_empty() {
        beside.push(FileBeside { path: format!("{stem}.mtl"), bytes: library.text.into_bytes() });
    }
    Ok(Written { bytes: out.into_bytes(), beside, diagnostics: library.warnings })
}

/// About how many bytes a part takes.
fn size(part: &Part<'_>) -> u64 {
    let geometry = part.geometry;
    let numbers = 3 * geometry.positions.len()
        + 3 * geometry.normals.len()
        + 2 * geometry.uvs[0].len()
        + 3 * geometry.colors.len();
    (numbers * 9 + part.indices.len() * 20) as u64
}

/// The numbers that the next vertices get.
struct Next {
    position: usize,
    uv: usize,
    normal: usize,
}

/// Writes vertices and elements; `laid` is which texture coordinates count, and how they lie.
fn write_part(
    part: &Part<'_>,
    (set, transform): (usize, TextureTransform),
    next: &mut Next,
    out: &mut String,
) {
    let geometry = part.geometry;
    let has_colors = geometry.colors.len() == geometry.positions.len();
    for (vertex, position) in part.positions().enumerate() {
        write_vector("v", position, out);
        if has_colors && let Some(color) = geometry.colors.get(vertex) {
            let Vec3 { x, y, z } = color::encoded(color.truncate());
            let _ = write!(out, " {} {} {}", Number(x), Number(y), Number(z));
        }
        out.push('\n');
    }
    let uvs = geometry.uvs.get(set).filter(|uvs| uvs.len() == geometry.positions.len());
    let image_from_uv: Mat3 = transform.matrix();
    for uv in uvs.into_iter().flatten() {
        let moved = match transform == TextureTransform::default() {
            true => *uv,
            false => image_from_uv.transform_point2(*uv),
        };
        let Vec2 { x, y } = if moved.is_finite() { moved } else { *uv };
        // Rows of images go down, v goes up.
        let _ = writeln!(out, "vt {} {}", Number(x), Number(1.0 - y));
    }
    let normals = part.normals();
    let has_normals = normals.is_some();
    for normal in normals.into_iter().flatten() {
        write_vector("vn", normal, out);
        out.push('\n');
    }
    let corner = |index: u32, out: &mut String| {
        let index = index as usize;
        let _ = match (uvs.is_some(), has_normals) {
            (true, true) => {
                write!(out, " {}/{}/{}", next.position + index, next.uv + index, next.normal + index)
            }
            (true, false) => write!(out, " {}/{}", next.position + index, next.uv + index),
            (false, true) => write!(out, " {}//{}", next.position + index, next.normal + index),
            (false, false) => write!(out, " {}", next.position + index),
        };
    };
    for triangle in part.triangles() {
        out.push('f');
        triangle.into_iter().for_each(|index| corner(index, out));
        out.push('\n');
    }
    let word = match geometry.topology {
        Topology::Triangles => None,
        Topology::Lines => Some('l'),
        Topology::Points => Some('p'),
    };
    if let Some(word) = word {
        for element in part.indices.chunks(corners(geometry.topology)) {
            out.push(word);
            // Lines and points have no normals.
            for index in element {
                let _ = write!(out, " {}", next.position + *index as usize);
            }
            out.push('\n');
        }
    }
    next.position += geometry.positions.len();
    next.uv += uvs.map_or(0, Vec::len);
    next.normal += if has_normals { geometry.positions.len() } else { 0 };
}

fn write_vector(word: &str, vector: Vec3, out: &mut String) {
    let _ = write!(out, "{word} {} {} {}", Number(vector.x), Number(vector.y), Number(vector.z));
}
