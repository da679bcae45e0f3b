//! Strips, fans and loops made into plain lists, without vertices that nothing names.

use rustc_hash::FxHashMap;

use crate::frame::Topology;

/// What consecutive vertices make up (glTF 2.0, section 3.7.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Points,
    Lines,
    LineLoop,
    LineStrip,
    Triangles,
    TriangleStrip,
    TriangleFan,
}

impl Mode {
    /// The mode of a number of glTF; triangles for others.
    pub fn of(number: u64) -> Self {
        match number {
            0 => Mode::Points,
            1 => Mode::Lines,
            2 => Mode::LineLoop,
            3 => Mode::LineStrip,
            5 => Mode::TriangleStrip,
            6 => Mode::TriangleFan,
            _ => Mode::Triangles,
        }
    }
}

/// The list of a mode; all of `count` vertices in turn when there are no indices.
pub(crate) fn resolve(mode: Mode, indices: Option<Vec<u32>>, count: u32) -> (Topology, Vec<u32>) {
    let mut vertices = indices.unwrap_or_else(|| (0..count).collect());
    match mode {
        Mode::Points => (Topology::Points, vertices),
        Mode::Lines => {
            vertices.truncate(vertices.len() / 2 * 2);
            (Topology::Lines, vertices)
        }
        Mode::LineLoop | Mode::LineStrip => {
            if let (Mode::LineLoop, [first, _, .., _]) = (mode, vertices.as_slice()) {
                vertices.push(*first);
            }
            (Topology::Lines, vertices.windows(2).flatten().copied().collect())
        }
        Mode::Triangles => {
            vertices.truncate(vertices.len() / 3 * 3);
            (Topology::Triangles, vertices)
        }
        Mode::TriangleStrip => {
            let turned = |(i, window): (usize, &[u32])| match window {
                [a, b, c] if i % 2 == 0 => [*a, *b, *c],
                [a, b, c] => [*b, *a, *c],
                _ => [0; 3],
            };
            (Topology::Triangles, vertices.windows(3).enumerate().flat_map(turned).collect())
        }
        Mode::TriangleFan => {
            let Some((first, rest)) = vertices.split_first() else {
                return (Topology::Triangles, Vec::new());
            };
            (Topology::Triangles, rest.windows(2).flat_map(|edge| [edge[0], edge[1], *first]).collect())
        }
    }
}

/// Makes indices name only vertices that are needed, where they name fewer than the `count` that there are: gives the
/// places where those were before.
pub(crate) fn compact(indices: &mut [u32], count: usize) -> Option<Vec<u32>> {
    if indices.len() >= count {
        return None;
    }
    let mut places: FxHashMap<u32, u32> = FxHashMap::default();
    let mut kept = Vec::new();
    for index in indices {
        *index = *places.entry(*index).or_insert_with(|| {
            kept.push(*index);
            kept.len() as u32 - 1
        });
    }
    Some(kept)
}
