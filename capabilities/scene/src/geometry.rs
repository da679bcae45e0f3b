//! Geometry as a blob: a header, then plain lists, all little-endian.
//!
//! `MBGE`, version (u8), topology (u8: 0 triangles, 1 lines, 2 points), which lists there are (u8), 0 (u8), vertices
//! (u32), indices (u32). The lists follow in this order, those after the positions only when their bit is set: positions
//! (3 × f32), normals (3), tangents (4), texture coordinates (2), those of the second set (2), colours (4); then the
//! indices (u32).

use glam::{Vec2, Vec3, Vec4};

use crate::frame::{Geometry, Topology};

/// A blob that is no geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GeometryError {
    /// It does not begin as geometry does.
    #[error("the blob is no geometry")]
    Foreign,
    /// It is of a newer form.
    #[error("the geometry is of version {0}, which is not known")]
    Version(u8),
    /// Its length is not what its header says.
    #[error("the geometry is {found} bytes long, not {expected}")]
    Length {
        /// What the header asks for.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// A number in it is impossible.
    #[error("the geometry has {0}")]
    Number(&'static str),
}

const MAGIC: &[u8; 4] = b"MBGE";
const VERSION: u8 = 1;
const HEADER: usize = 16;
/// How many numbers a vertex has in each list.
const WIDTHS: [usize; 6] = [3, 3, 4, 2, 2, 4];

/// Writes geometry. Lists that are neither empty nor as long as the positions are left out.
pub fn encode(geometry: &Geometry) -> Vec<u8> {
    let lists: [&[f32]; 6] = [
        bytemuck::cast_slice(&geometry.positions),
        bytemuck::cast_slice(&geometry.normals),
        bytemuck::cast_slice(&geometry.tangents),
        bytemuck::cast_slice(&geometry.uvs[0]),
        bytemuck::cast_slice(&geometry.uvs[1]),
        bytemuck::cast_slice(&geometry.colors),
    ];
    let vertices = geometry.positions.len();
    let there = |i: usize| i == 0 || vertices > 0 && lists[i].len() == vertices * WIDTHS[i];
    let numbers: usize = (0..6).filter(|i| there(*i)).map(|i| lists[i].len()).sum();
    let mut out = Vec::with_capacity(HEADER + 4 * (numbers + geometry.indices.len()));
    out.extend(MAGIC);
    let topology = match geometry.topology {
        Topology::Triangles => 0,
        Topology::Lines => 1,
        Topology::Points => 2,
    };
    let flags = (1..6).filter(|i| there(*i)).fold(0, |flags, i| flags | 1 << i);
    out.extend([VERSION, topology, flags, 0]);
    out.extend((vertices as u32).to_le_bytes());
    out.extend((geometry.indices.len() as u32).to_le_bytes());
    for list in (0..6).filter(|i| there(*i)).map(|i| lists[i]) {
        write(&mut out, list, |number| number.to_le_bytes());
    }
    write(&mut out, &geometry.indices, |index| index.to_le_bytes());
    out
}

/// Adds four-byte numbers, all at once.
fn write<T: Copy>(out: &mut Vec<u8>, numbers: &[T], bytes: impl Fn(T) -> [u8; 4]) {
    let start = out.len();
    out.resize(start + 4 * numbers.len(), 0);
    let (words, _) = out[start..].as_chunks_mut::<4>();
    words.iter_mut().zip(numbers).for_each(|(word, number)| *word = bytes(*number));
}

/// Reads geometry.
///
/// # Errors
/// The bytes were not written by [`encode`].
pub fn decode(bytes: &[u8]) -> Result<Geometry, GeometryError> {
    let (head, _) = bytes.split_first_chunk::<HEADER>().ok_or(GeometryError::Foreign)?;
    let [m0, m1, m2, m3, version, topology, flags, _, v0, v1, v2, v3, i0, i1, i2, i3] = *head;
    if [m0, m1, m2, m3] != *MAGIC {
        return Err(GeometryError::Foreign);
    }
    if version != VERSION {
        return Err(GeometryError::Version(version));
    }
    let topology = match topology {
        0 => Topology::Triangles,
        1 => Topology::Lines,
        2 => Topology::Points,
        _ => return Err(GeometryError::Number("an unknown topology")),
    };
    let vertices = u32::from_le_bytes([v0, v1, v2, v3]);
    let indices = u32::from_le_bytes([i0, i1, i2, i3]);
    let there = |i: usize| i == 0 || flags & 1 << i != 0;
    let width: usize = (0..6).filter(|i| there(*i)).map(|i| WIDTHS[i]).sum();
    let expected = HEADER as u64 + 4 * (u64::from(vertices) * width as u64 + u64::from(indices));
    let found = bytes.len() as u64;
    if expected != found {
        return Err(GeometryError::Length { expected, found });
    }
    let mut offset = HEADER;
    let mut list = |i: usize| {
        let length = if there(i) { vertices as usize * WIDTHS[i] * 4 } else { 0 };
        let start = offset;
        offset += length;
        bytes.get(start..start + length).unwrap_or_default()
    };
    let geometry = Geometry {
        positions: vectors(list(0), Vec3::from_array)?,
        normals: vectors(list(1), Vec3::from_array)?,
        tangents: vectors(list(2), Vec4::from_array)?,
        uvs: [vectors(list(3), Vec2::from_array)?, vectors(list(4), Vec2::from_array)?],
        colors: vectors(list(5), Vec4::from_array)?,
        topology,
        indices: bytes
            .get(offset..)
            .unwrap_or_default()
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| u32::from_le_bytes(*b))
            .collect(),
    };
    if geometry.indices.iter().any(|index| *index >= vertices) {
        return Err(GeometryError::Number("an index of a vertex that is not there"));
    }
    Ok(geometry)
}

fn vectors<const N: usize, T>(bytes: &[u8], make: impl Fn([f32; N]) -> T) -> Result<Vec<T>, GeometryError> {
    let (words, _) = bytes.as_chunks::<4>();
    let (vectors, _) = words.as_chunks::<N>();
    let mut finite = true;
    let out = vectors.iter().map(|vector| {
        let numbers = vector.map(f32::from_le_bytes);
        finite &= numbers.iter().all(|number| number.is_finite());
        make(numbers)
    });
    let out = out.collect();
    if finite { Ok(out) } else { Err(GeometryError::Number("a number that is not finite")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn geometry_comes_back_as_it_was_and_damage_is_found() {
        let geometry = Geometry {
            positions: vec![Vec3::ZERO, Vec3::X, Vec3::Y],
            uvs: [Vec::new(), vec![Vec2::ONE; 3]],
            colors: vec![Vec4::splat(0.5); 3],
            topology: Topology::Lines,
            indices: vec![0, 1, 1, 2],
            ..Geometry::default()
        };
        let bytes = encode(&geometry);
        assert_eq!(decode(&bytes), Ok(geometry));
        let damaged = |place: usize, byte: u8| {
            let mut bytes = bytes.clone();
            bytes[place] = byte;
            decode(&bytes).unwrap_err()
        };
        assert_eq!(damaged(0, 0), GeometryError::Foreign);
        assert_eq!(damaged(4, 9), GeometryError::Version(9));
        assert_eq!(damaged(5, 3), GeometryError::Number("an unknown topology"));
        assert!(matches!(damaged(11, 0xff), GeometryError::Length { .. }));
        let last = bytes.len() - 1;
        assert_eq!(damaged(last, 1), GeometryError::Number("an index of a vertex that is not there"));
    }
}
