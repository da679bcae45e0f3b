//! Animations, with key frames as they are.

use std::{borrow::Cow, collections::BTreeSet};

use base::Diagnostic;
use rustc_hash::FxHashMap;
use serde_json::{Value as Json, json};

use crate::model::{Animation, Interpolation, Model, Path, Sampler};

use super::{asset::Asset, insert_name, mesh::Meshes, node::Nodes};

/// How far the length of a rotation may be off before it is made 1.
const UNIT_TOLERANCE: f32 = 5e-3;

/// Writes the animations that move something.
pub(super) fn write(
    model: &Model,
    meshes: &Meshes,
    nodes: &Nodes,
    asset: &mut Asset,
    warnings: &mut Vec<Diagnostic>,
) -> Vec<Json> {
    let mut writer =
        Writer { model, meshes, nodes, asset, times: FxHashMap::default(), values: FxHashMap::default() };
    model.animations.iter().filter_map(|animation| writer.animation(animation, warnings)).collect()
}

struct Writer<'a> {
    model: &'a Model,
    meshes: &'a Meshes,
    nodes: &'a Nodes,
    asset: &'a mut Asset,
    /// Accessors of times by their bits, and of values by the place of their key frames in memory.
    times: FxHashMap<Vec<u32>, usize>,
    values: FxHashMap<(*const Sampler, Path), usize>,
}

impl Writer<'_> {
    fn animation(&mut self, animation: &Animation, warnings: &mut Vec<Diagnostic>) -> Option<Json> {
        let (mut samplers, mut channels) = (Vec::new(), Vec::new());
        let mut written: FxHashMap<(*const Sampler, Path), usize> = FxHashMap::default();
        let mut seen = BTreeSet::new();
        let mut before = 0;
        for channel in &animation.channels {
            let (path, sampler) = (channel.path, &*channel.sampler);
            let Some(node) = self.target(channel.node, path, sampler.width) else { continue };
            if !sampler.is_whole() || !seen.insert((node, path)) {
                continue;
            }
            if sampler.times.first().is_some_and(|time| *time < 0.0) {
                before += 1;
                continue;
            }
            let key = (std::ptr::from_ref(sampler), path);
            let number = *written.entry(key).or_insert_with(|| {
                samplers.push(self.sampler(sampler, path));
                samplers.len() - 1
            });
            channels.push(json!({ "sampler": number, "target": { "node": node, "path": name(path) } }));
        }
        if before > 0 {
            let message =
                format!("{before} movements begin before 0 s, which glTF cannot hold: they are left out");
            warnings.push(Diagnostic::warning(format!("animation '{}'", animation.name), message));
        }
        if channels.is_empty() {
            return None;
        }
        let mut out = json!({ "channels": channels, "samplers": samplers });
        insert_name(&mut out, &animation.name);
        Some(out)
    }

    /// The node of a channel; none when it has no such part.
    fn target(&self, node: usize, path: Path, width: usize) -> Option<usize> {
        let place = self.nodes.places.get(node).copied().flatten()?;
        let (place, wanted) = match path {
            Path::Translation | Path::Scale => (place.outer, 3),
            Path::Rotation => (place.outer, 4),
            Path::Weights => {
                let mesh = self.model.nodes.get(node)?.mesh?;
                (place.inner, self.meshes.written(mesh)?.targets)
            }
        };
        (width == wanted).then_some(place)
    }

    fn sampler(&mut self, sampler: &Sampler, path: Path) -> Json {
        // A curve needs two key frames.
        let is_single = sampler.interpolation == Interpolation::Cubic && sampler.times.len() == 1;
        let single = is_single.then(|| {
            let values = sampler.values.iter().copied().skip(sampler.width).take(sampler.width).collect();
            Sampler { interpolation: Interpolation::Step, values, ..sampler.clone() }
        });
        let key = (std::ptr::from_ref(sampler), path);
        let sampler = single.as_ref().unwrap_or(sampler);
        let bits: Vec<u32> = sampler.times.iter().map(|time| time.to_bits()).collect();
        let asset = &mut *self.asset;
        let input = *self.times.entry(bits).or_insert_with(|| asset.times(&sampler.times));
        let output = *self.values.entry(key).or_insert_with(|| {
            let values: Cow<'_, [f32]> = match path {
                Path::Rotation => rotations(sampler).into(),
                _ => sampler.values.as_slice().into(),
            };
            match path {
                Path::Translation | Path::Scale => {
                    asset.lists(values.as_chunks::<3>().0.iter().copied(), None)
                }
                Path::Rotation => asset.lists(values.as_chunks::<4>().0.iter().copied(), None),
                Path::Weights => asset.lists(values.iter().map(|value| [*value]), None),
            }
        });
        let mut out = json!({ "input": input, "output": output });
        match sampler.interpolation {
            Interpolation::Linear => {}
            Interpolation::Step => out["interpolation"] = "STEP".into(),
            Interpolation::Cubic => out["interpolation"] = "CUBICSPLINE".into(),
        }
        out
    }
}

fn name(path: Path) -> &'static str {
    match path {
        Path::Translation => "translation",
        Path::Rotation => "rotation",
        Path::Scale => "scale",
        Path::Weights => "weights",
    }
}

/// Rotations of unit length; tangents stay as they are.
fn rotations(sampler: &Sampler) -> Vec<f32> {
    let is_cubic = sampler.interpolation == Interpolation::Cubic;
    let mut values = sampler.values.clone();
    for (i, rotation) in values.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let length = rotation.iter().map(|x| x * x).sum::<f32>().sqrt();
        if is_cubic && i % 3 != 1 || (length - 1.0).abs() <= UNIT_TOLERANCE {
            continue;
        }
        *rotation = if length > 0.0 { rotation.map(|x| x / length) } else { [0.0, 0.0, 0.0, 1.0] };
    }
    values
}
