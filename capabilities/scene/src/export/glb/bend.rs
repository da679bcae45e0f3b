//! What bends primitives: how their vertices hang on joints, and morph targets.

use std::sync::Arc;

use glam::Vec3;
use rustc_hash::FxHashMap;
use serde_json::{Map, Value as Json};

use crate::model::{Binding, Morph};

use super::asset::Asset;

/// What a primitive has, and its morph targets may have therefore.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub vertices: usize,
    pub normals: bool,
    pub tangents: bool,
}

/// Accessors that were written, by what they are of in memory, which stays as it is while models are written.
#[derive(Default)]
pub(super) struct Bends {
    bindings: FxHashMap<(*const Binding, usize), [usize; 2]>,
    targets: FxHashMap<(*const Morph, usize, Held), Json>,
}

impl Bends {
    /// The accessors of joints and weights; none when they are not those of as many vertices.
    pub fn binding(
        &mut self,
        binding: &Arc<Binding>,
        vertices: usize,
        joints: usize,
        asset: &mut Asset,
    ) -> Option<[usize; 2]> {
        let key = (Arc::as_ptr(binding), joints);
        if let Some(found) = self.bindings.get(&key) {
            return Some(*found);
        }
        if binding.joints.len() != vertices || binding.weights.len() != vertices {
            return None;
        }
        let hung = binding.joints.iter().zip(&binding.weights);
        let hung: Vec<_> = hung.map(|(places, weights)| held(*places, weights.to_array(), joints)).collect();
        let places: Vec<[u16; 4]> = hung.iter().map(|(places, _)| *places).collect();
        let accessors =
            [asset.joints(&places, joints), asset.vectors(hung.iter().map(|(_, weights)| *weights))];
        self.bindings.insert(key, accessors);
        Some(accessors)
    }

    /// As many morph targets: those that are missing add nothing.
    pub fn targets(&mut self, morphs: &Arc<[Morph]>, count: usize, held: Held, asset: &mut Asset) -> Json {
        let key = (morphs.as_ptr(), count, held);
        if let Some(found) = self.targets.get(&key) {
            return found.clone();
        }
        let nothing = Morph::default();
        let all = morphs.iter().chain(std::iter::repeat(&nothing)).take(count);
        let written: Json = all.map(|morph| target(morph, held, asset)).collect();
        // Where there are no morph targets there is no place in memory either.
        if !morphs.is_empty() {
            self.targets.insert(key, written.clone());
        }
        written
    }
}

fn target(morph: &Morph, held: Held, asset: &mut Asset) -> Json {
    let mut out = Map::new();
    let lists = [
        ("POSITION", &morph.positions, true),
        ("NORMAL", &morph.normals, held.normals),
        ("TANGENT", &morph.tangents, held.tangents),
    ];
    for (name, list, may) in lists {
        if may && list.len() == held.vertices {
            let list: Vec<[f32; 3]> = list.iter().map(Vec3::to_array).collect();
            out.insert(name.to_owned(), asset.deltas(&list, name == "POSITION").into());
        }
    }
    if out.is_empty() {
        out.insert("POSITION".to_owned(), asset.deltas(&vec![[0.0; 3]; held.vertices], true).into());
    }
    out.into()
}

/// How a vertex hangs on joints, as files ask for it: each joint is one of the skin and there once, and weights make up 1. What
/// hangs on none stays so.
fn held(places: [u16; 4], weights: [f32; 4], joints: usize) -> ([u16; 4], [f32; 4]) {
    let mut out = ([0; 4], [0.0; 4]);
    let mut used = 0;
    for (place, weight) in places.into_iter().zip(weights) {
        if usize::from(place) >= joints || weight.is_nan() || weight <= 0.0 {
            continue;
        }
        let known = out.0.iter().take(used).position(|other| *other == place);
        let slot = known.unwrap_or(used);
        used = used.max(slot + 1);
        (out.0[slot], out.1[slot]) = (place, out.1[slot] + weight);
    }
    let sum: f32 = out.1.iter().sum();
    if sum > 0.0 && sum != 1.0 {
        out.1 = out.1.map(|weight| weight / sum);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vertices_hang_on_joints_that_are_there_once_and_in_full() {
        let cases = [
            (([3, 1, 0, 0], [0.25, 0.75, 0.0, 0.0]), ([3, 1, 0, 0], [0.25, 0.75, 0.0, 0.0])),
            // A joint that is not there, one that is there twice, and one that does not count.
            (([4, 2, 2, 1], [0.5, 0.125, 0.125, 0.25]), ([2, 1, 0, 0], [0.5, 0.5, 0.0, 0.0])),
            (([1, 2, 3, 0], [0.0, 0.0, 2.0, f32::NAN]), ([3, 0, 0, 0], [1.0, 0.0, 0.0, 0.0])),
            (([1, 2, 3, 0], [0.0; 4]), ([0; 4], [0.0; 4])),
        ];
        for ((places, weights), wanted) in cases {
            assert_eq!(held(places, weights, 4), wanted, "{places:?} {weights:?}");
        }
    }
}
