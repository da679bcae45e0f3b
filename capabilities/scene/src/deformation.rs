//! How a mesh bends, as a blob: a header, then plain lists, all little-endian.
//!
//! `MBDF`, version (u8), whether it hangs on joints (u8), 0 (u16), vertices (u32), morph targets (u32). On joints: their
//! numbers (4 × u16 for each vertex), then how much each counts (4 × f32). For each morph target: which lists there are (u8:
//! 1 positions, 2 normals, 4 tangents), 0 (3 × u8), then those lists (3 × f32 for each vertex).

use std::sync::Arc;

use glam::{Vec3, Vec4};

use crate::model::{Binding, Morph};

/// What bends a mesh, beside its geometry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deformation {
    /// How its vertices hang on the joints of a skin.
    pub binding: Option<Arc<Binding>>,
    /// What is added to its vertices, by weights.
    pub morphs: Arc<[Morph]>,
}

/// A blob that holds no deformation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeformationError {
    /// It does not begin as deformations do.
    #[error("the blob holds no deformation")]
    Foreign,
    /// It is of a newer form.
    #[error("the deformation is of version {0}, which is not known")]
    Version(u8),
    /// Its length is not what its header says.
    #[error("the deformation is not as long as it says")]
    Length,
    /// A number in it is not finite.
    #[error("the deformation has a number that is not finite")]
    Number,
}

const MAGIC: &[u8; 4] = b"MBDF";
const VERSION: u8 = 1;
const HEADER: usize = 16;

/// Writes a deformation of a geometry of this many vertices. Lists of another length are left out.
pub fn encode(deformation: &Deformation, vertices: usize) -> Vec<u8> {
    let binding = deformation
        .binding
        .as_ref()
        .filter(|binding| binding.joints.len() == vertices && binding.weights.len() == vertices);
    let mut out = MAGIC.to_vec();
    out.extend([VERSION, u8::from(binding.is_some()), 0, 0]);
    out.extend((vertices as u32).to_le_bytes());
    out.extend((deformation.morphs.len() as u32).to_le_bytes());
    if let Some(binding) = binding {
        out.extend(binding.joints.iter().flatten().flat_map(|joint| joint.to_le_bytes()));
        out.extend(binding.weights.iter().flat_map(|weights| weights.to_array()).flat_map(f32::to_le_bytes));
    }
    for morph in deformation.morphs.iter() {
        let lists = [&morph.positions, &morph.normals, &morph.tangents];
        let is_there = |i: &usize| vertices > 0 && lists[*i].len() == vertices;
        out.extend([(0..3).filter(is_there).fold(0, |flags, i| flags | 1 << i), 0, 0, 0]);
        for list in (0..3).filter(is_there).map(|i| lists[i]) {
            out.extend(list.iter().flat_map(|vector| vector.to_array()).flat_map(f32::to_le_bytes));
        }
    }
    out
}

/// Reads a deformation of a geometry of this many vertices.
///
/// # Errors
/// The bytes were not written by [`encode`] for such a geometry.
pub fn decode(bytes: &[u8], vertices: usize) -> Result<Deformation, DeformationError> {
    let (head, mut rest) = bytes.split_first_chunk::<HEADER>().ok_or(DeformationError::Foreign)?;
    let [m0, m1, m2, m3, version, hangs, _, _, v0, v1, v2, v3, c0, c1, c2, c3] = *head;
    if [m0, m1, m2, m3] != *MAGIC {
        return Err(DeformationError::Foreign);
    }
    if version != VERSION {
        return Err(DeformationError::Version(version));
    }
    if u32::from_le_bytes([v0, v1, v2, v3]) as usize != vertices {
        return Err(DeformationError::Length);
    }
    let count = u32::from_le_bytes([c0, c1, c2, c3]) as usize;
    let mut take = |length: usize| {
        let (taken, left) = rest.split_at_checked(length).ok_or(DeformationError::Length)?;
        rest = left;
        Ok(taken)
    };
    let binding = match hangs {
        0 => None,
        _ => {
            let (joints, _) = take(vertices * 8)?.as_chunks::<8>();
            let joints = joints.iter().map(|j| [0, 2, 4, 6].map(|i| u16::from_le_bytes([j[i], j[i + 1]])));
            let weights = floats(take(vertices * 16)?)?;
            let (weights, _) = weights.as_chunks::<4>();
            let weights = weights.iter().map(|four| Vec4::from_array(*four)).collect();
            Some(Arc::new(Binding { joints: joints.collect(), weights }))
        }
    };
    let mut morphs = Vec::new();
    for _ in 0..count {
        let flags = take(4)?.first().copied().unwrap_or_default();
        let mut list = |i: u8| -> Result<Vec<Vec3>, DeformationError> {
            if flags & 1 << i == 0 {
                return Ok(Vec::new());
            }
            let numbers = floats(take(vertices * 12)?)?;
            Ok(numbers.as_chunks::<3>().0.iter().map(|three| Vec3::from_array(*three)).collect())
        };
        morphs.push(Morph { positions: list(0)?, normals: list(1)?, tangents: list(2)? });
    }
    if rest.is_empty() {
        Ok(Deformation { binding, morphs: morphs.into() })
    } else {
        Err(DeformationError::Length)
    }
}

fn floats(bytes: &[u8]) -> Result<Vec<f32>, DeformationError> {
    let floats: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|word| f32::from_le_bytes(*word)).collect();
    if floats.iter().all(|number| number.is_finite()) { Ok(floats) } else { Err(DeformationError::Number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deformation_comes_back_as_it_was_and_damage_is_found() {
        let deformation = Deformation {
            binding: Some(Arc::new(Binding {
                joints: vec![[1, 2, 3, 0x1234]; 2],
                weights: vec![Vec4::splat(0.25); 2],
            })),
            morphs: Arc::new([
                Morph { positions: vec![Vec3::X; 2], ..Morph::default() },
                Morph { normals: vec![Vec3::Y; 2], tangents: vec![Vec3::Z; 2], ..Morph::default() },
            ]),
        };
        let bytes = encode(&deformation, 2);
        assert_eq!(decode(&bytes, 2), Ok(deformation));
        assert_eq!(decode(&bytes, 3), Err(DeformationError::Length));
        let cases: [(usize, u8, DeformationError); 5] = [
            (0, 0, DeformationError::Foreign),
            (4, 2, DeformationError::Version(2)),
            (12, 0xff, DeformationError::Length),
            (12, 1, DeformationError::Length),
            // The last number becomes an infinite one.
            (bytes.len() - 1, 0x7f, DeformationError::Number),
        ];
        for (place, byte, error) in cases {
            let mut damaged = bytes.clone();
            damaged[place] = byte;
            assert_eq!(decode(&damaged, 2), Err(error), "{place}");
        }
    }
}
