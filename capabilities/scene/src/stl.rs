//! STL, as text and binary. Corners at the same place are joined, so that files of either form give equal geometry.

use std::sync::Arc;

use glam::Vec3;
use rustc_hash::FxHashMap;

use crate::{
    ReadError,
    frame::Geometry,
    model::{Model, Primitive},
    numbers::{Words, float},
};

const HEADER: usize = 84;
const FACET: usize = 50;

/// Whether these are the first bytes of a text.
fn is_text(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    let head = &start[..start.len().min(1 << 10)];
    // Binary files may begin with "solid", too, but not go on with a facet.
    head.len() >= 5
        && head[..5].eq_ignore_ascii_case(b"solid")
        && (Words(head)
            .any(|word| word.eq_ignore_ascii_case(b"facet") || word.eq_ignore_ascii_case(b"endsolid")))
}

/// Whether these are the first bytes of a file.
pub fn recognises(bytes: &[u8]) -> bool {
    is_text(bytes) || declared(bytes).is_some_and(|count| bytes.len() == HEADER + count * FACET)
}

/// The number of facets of a binary file whose length agrees.
fn declared(bytes: &[u8]) -> Option<usize> {
    let count = u32::from_le_bytes(bytes.get(80..84)?.try_into().ok()?) as usize;
    (bytes.len() >= count.checked_mul(FACET)?.checked_add(HEADER)?).then_some(count)
}

/// Reads a file.
///
/// # Errors
/// The file ends too early, or has something else where a number belongs.
pub fn read(bytes: &[u8]) -> Result<Model, ReadError> {
    let geometry = if is_text(bytes) { read_text(bytes)? } else { read_binary(bytes)? };
    Ok(Model::of_mesh(
        "",
        vec![Primitive {
            geometry: Arc::new(geometry),
            material: None,
            binding: None,
            morphs: Arc::default(),
        }],
    ))
}

/// Triangles with joined corners.
#[derive(Default)]
struct Soup {
    geometry: Geometry,
    places: FxHashMap<[u32; 3], u32>,
}

impl Soup {
    fn corner(&mut self, position: Vec3) {
        // Adding 0 makes −0 and 0 the same.
        let position = position + Vec3::ZERO;
        let key = position.to_array().map(f32::to_bits);
        let positions = &mut self.geometry.positions;
        let index = *self.places.entry(key).or_insert_with(|| {
            positions.push(position);
            positions.len() as u32 - 1
        });
        self.geometry.indices.push(index);
    }
}

fn read_binary(bytes: &[u8]) -> Result<Geometry, ReadError> {
    if bytes.len() < HEADER {
        return Err(ReadError::byte(bytes.len(), "the file ends within the header"));
    }
    let count = declared(bytes);
    let count = count.ok_or_else(|| ReadError::byte(80, "the file is too short for so many triangles"))?;
    let mut soup = Soup::default();
    soup.geometry.indices.reserve_exact(count * 3);
    soup.places.reserve(count / 2 + 3);
    let facets = bytes.get(HEADER..).unwrap_or_default().as_chunks::<FACET>().0.iter().take(count);
    for (i, facet) in facets.enumerate() {
        for corner in facet[12..48].as_chunks::<12>().0 {
            let [x, y, z] = std::array::from_fn(|axis| {
                let start = axis * 4;
                f32::from_le_bytes([corner[start], corner[start + 1], corner[start + 2], corner[start + 3]])
            });
            let position = Vec3::new(x, y, z);
            if !position.is_finite() {
                let offset = HEADER + i * FACET;
                return Err(ReadError::byte(offset, "a coordinate of the triangle is not finite"));
            }
            soup.corner(position);
        }
    }
    Ok(soup.geometry)
}

fn read_text(bytes: &[u8]) -> Result<Geometry, ReadError> {
    let mut soup = Soup::default();
    let mut corners = 0;
    for (index, line) in bytes.split(|byte| matches!(byte, b'\n' | b'\r')).enumerate() {
        let error = |problem: &str| ReadError::line(index + 1, problem);
        let mut words = Words(line);
        let Some(word) = words.next() else { continue };
        if word.eq_ignore_ascii_case(b"vertex") {
            let mut number = || words.next().and_then(float).ok_or_else(|| error("three numbers are needed"));
            soup.corner(Vec3::new(number()?, number()?, number()?));
            corners += 1;
        } else if word.eq_ignore_ascii_case(b"endloop") {
            if corners != 3 {
                return Err(error("a facet has three corners"));
            }
            corners = 0;
        }
    }
    if corners != 0 {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
        return Err(ReadError::line(lines + 1, "the file ends within a facet"));
    }
    Ok(soup.geometry)
}
