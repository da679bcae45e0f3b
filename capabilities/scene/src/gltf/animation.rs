//! Animations.

use std::{collections::HashMap, sync::Arc};

use crate::model::{Animation, Channel, Interpolation, Path, Sampler};

use super::{
    accessor::{Accessors, Data},
    element::{Component, Shape},
    json::{At, Read},
    mesh::MeshInfo,
    node::Nodes,
};

/// How far the length of a rotation may be off, as in the Khronos validator.
const UNIT_TOLERANCE: f32 = 0.007_69;

struct Source<'a> {
    input: usize,
    input_count: usize,
    output: At<'a>,
    interpolation: Interpolation,
}

/// Reads all animations. Channels of no node, or of none that can be read, are left out.
pub(super) fn read(
    root: &At<'_>,
    accessors: &Accessors<'_>,
    nodes: &Nodes,
    meshes: &[MeshInfo],
) -> Read<Vec<Animation>> {
    let mut animations = Vec::new();
    for at in root.objects("animations")? {
        at.need("channels")?;
        at.need("samplers")?;
        let samplers = at.objects("samplers")?;
        let samplers = samplers.iter().map(|at| read_sampler(at, accessors)).collect::<Read<Vec<_>>>()?;
        let mut animation = Animation { name: at.name()?, channels: Vec::new() };
        let mut targets = HashMap::new();
        let mut read: HashMap<(usize, usize), Arc<Sampler>> = HashMap::new();
        for channel in at.objects("channels")? {
            let sampler = channel.need_reference("sampler", samplers.len())?;
            let target = channel.need("target")?;
            target.object()?;
            let node = target.reference("node", nodes.list.len())?;
            let path = target.need("path")?.string()?;
            if let Some(other) = targets.insert((node, path), target.clone())
                && node.is_some()
            {
                return Err(other.error("another channel has the same target"));
            }
            let mut morphs = 0;
            if let Some(node) = node {
                if path != "weights" && nodes.matrices.get(node) == Some(&true) {
                    return Err(target.error("a node with a matrix cannot be animated"));
                }
                let mesh = nodes.list.get(node).and_then(|node| meshes.get(node.mesh?));
                morphs = mesh.map_or(0, |mesh| mesh.targets);
                if path == "weights" && morphs == 0 {
                    return Err(target.error("the node's mesh has no morph targets"));
                }
            }
            let Some(source) = samplers.get(sampler) else { continue };
            let place = channel.need("sampler")?;
            let values = check_output(&place, source, path, node.map(|_| morphs), accessors)?;
            let (Some(node), Some(values), Some((path, width))) = (node, values, part(path, morphs)) else {
                continue;
            };
            let key = (sampler, width);
            let sampler = match read.get(&key) {
                Some(sampler) => sampler.clone(),
                None => Arc::new(Sampler {
                    interpolation: source.interpolation,
                    width,
                    times: accessors.floats(source.input, None)?.to_vec(),
                    values: accessors.floats(values, None)?.to_vec(),
                }),
            };
            read.insert(key, sampler.clone());
            if sampler.is_whole() {
                animation.channels.push(Channel { node, path, sampler });
            }
        }
        animations.push(animation);
    }
    Ok(animations)
}

/// What changes, and how many numbers that is.
fn part(path: &str, morphs: usize) -> Option<(Path, usize)> {
    Some(match path {
        "translation" => (Path::Translation, 3),
        "rotation" => (Path::Rotation, 4),
        "scale" => (Path::Scale, 3),
        "weights" => (Path::Weights, morphs),
        _ => return None,
    })
}

fn read_sampler<'a>(at: &At<'a>, accessors: &Accessors<'_>) -> Read<Source<'a>> {
    let (input_at, output) = (at.need("input")?, at.need("output")?);
    let (input, accessor) = accessors.named(&input_at)?;
    if accessor.shape != Shape::Scalar || accessor.component != Component::F32 {
        return Err(input_at.error("times are floats"));
    }
    let strided = |view: Option<usize>| {
        view.and_then(|view| accessors.buffers.views.get(view)).is_some_and(|view| view.stride.is_some())
    };
    if strided(accessor.view) {
        return Err(input_at.error("the view of key frames may have no stride"));
    }
    if !accessor.has_bounds {
        return Err(input_at.error("times need min and max"));
    }
    if strided(accessors.named(&output)?.1.view) {
        return Err(output.error("the view of key frames may have no stride"));
    }
    if !accessors.is_blank(input)
        && let Data::Floats(times) = &*accessors.data(input)?
    {
        if times.iter().any(|time| *time < 0.0) {
            return Err(input_at.error("times may not be negative"));
        }
        if let Some(i) = times.windows(2).position(|pair| pair[1] <= pair[0]) {
            return Err(input_at.error(format!("time {} is not after the one before", i + 1)));
        }
    }
    let interpolation = match at.text("interpolation")? {
        Some("CUBICSPLINE") => Interpolation::Cubic,
        Some("STEP") => Interpolation::Step,
        _ => Interpolation::Linear,
    };
    if interpolation == Interpolation::Cubic && accessor.count < 2 {
        return Err(input_at.error("cubic interpolation needs two key frames"));
    }
    Ok(Source { input, input_count: accessor.count, output, interpolation })
}

/// Checks the numbers of a channel; gives their accessor, if they are there.
fn check_output(
    at: &At<'_>,
    sampler: &Source<'_>,
    path: &str,
    morphs: Option<usize>,
    accessors: &Accessors<'_>,
) -> Read<Option<usize>> {
    let (output, accessor) = accessors.named(&sampler.output)?;
    let float = accessor.component == Component::F32;
    let normalized = accessor.normalized && accessor.component != Component::U32;
    let (good, each) = match path {
        "translation" | "scale" => (accessor.shape == Shape::Vec3 && float, Some(1)),
        "rotation" => (accessor.shape == Shape::Vec4 && (float || normalized), Some(1)),
        "weights" => (accessor.shape == Shape::Scalar && (float || normalized), morphs),
        _ => return Ok(None),
    };
    if !good {
        let (shape, component) = (accessor.shape, accessor.component);
        return Err(at.error(format!("{path} cannot be {shape:?} of {component:?}")));
    }
    let cubic = sampler.interpolation == Interpolation::Cubic;
    let frames = if cubic { 3 } else { 1 };
    if let Some(each) = each
        && accessor.count != sampler.input_count * frames * each
    {
        let times = sampler.input_count;
        return Err(at.error(format!("there are {} values for {times} times", accessor.count)));
    }
    if accessors.is_blank(output) {
        return Ok(None);
    }
    let data = accessors.data(output)?;
    if path == "rotation"
        && !accessor.rounded
        && let Data::Floats(floats) = &*data
    {
        let (rotations, _) = floats.as_chunks::<4>();
        let values = rotations.iter().enumerate().filter(|(i, _)| !cubic || i % 3 == 1);
        for (i, rotation) in values {
            let length = rotation.iter().map(|x| x * x).sum::<f32>().sqrt();
            if (length - 1.0).abs() > UNIT_TOLERANCE {
                return Err(at.error(format!("the length of rotation {i} is not 1 but {length}")));
            }
        }
    }
    Ok(Some(output))
}
