//! Animations: what the specification asks of them.

use std::collections::HashMap;

use super::{
    accessor::{Accessors, Component, Data, Shape},
    json::{At, Read},
    mesh::MeshInfo,
    node::Nodes,
};

/// How far the length of a rotation may be off, as in the Khronos validator.
const UNIT_TOLERANCE: f32 = 0.007_69;

struct Sampler<'a> {
    input_count: usize,
    output: At<'a>,
    cubic: bool,
}

/// Checks all animations; how many there are.
pub(super) fn check(
    root: &At<'_>,
    accessors: &Accessors<'_>,
    nodes: &Nodes,
    meshes: &[MeshInfo],
) -> Read<usize> {
    let list = root.objects("animations")?;
    for at in &list {
        at.need("channels")?;
        at.need("samplers")?;
        let samplers = at.objects("samplers")?;
        let samplers = samplers.iter().map(|at| read_sampler(at, accessors)).collect::<Read<Vec<_>>>()?;
        let mut targets = HashMap::new();
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
            let Some(sampler) = samplers.get(sampler) else { continue };
            let place = channel.need("sampler")?;
            check_output(&place, sampler, path, node.map(|_| morphs), accessors)?;
        }
    }
    Ok(list.len())
}

fn read_sampler<'a>(at: &At<'a>, accessors: &Accessors<'_>) -> Read<Sampler<'a>> {
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
    let cubic = at.text("interpolation")? == Some("CUBICSPLINE");
    if cubic && accessor.count < 2 {
        return Err(input_at.error("cubic interpolation needs two key frames"));
    }
    Ok(Sampler { input_count: accessor.count, output, cubic })
}

fn check_output(
    at: &At<'_>,
    sampler: &Sampler<'_>,
    path: &str,
    morphs: Option<usize>,
    accessors: &Accessors<'_>,
) -> Read<()> {
    let (output, accessor) = accessors.named(&sampler.output)?;
    let float = accessor.component == Component::F32;
    let normalized = accessor.normalized && accessor.component != Component::U32;
    let (good, each) = match path {
        "translation" | "scale" => (accessor.shape == Shape::Vec3 && float, Some(1)),
        "rotation" => (accessor.shape == Shape::Vec4 && (float || normalized), Some(1)),
        "weights" => (accessor.shape == Shape::Scalar && (float || normalized), morphs),
        _ => return Ok(()),
    };
    if !good {
        let (shape, component) = (accessor.shape, accessor.component);
        return Err(at.error(format!("{path} cannot be {shape:?} of {component:?}")));
    }
    let frames = if sampler.cubic { 3 } else { 1 };
    if let Some(each) = each
        && accessor.count != sampler.input_count * frames * each
    {
        let times = sampler.input_count;
        return Err(at.error(format!("there are {} values for {times} times", accessor.count)));
    }
    if accessors.is_blank(output) {
        return Ok(());
    }
    let data = accessors.data(output)?;
    if path == "rotation"
        && let Data::Floats(floats) = &*data
    {
        let (rotations, _) = floats.as_chunks::<4>();
        let values = rotations.iter().enumerate().filter(|(i, _)| !sampler.cubic || i % 3 == 1);
        for (i, rotation) in values {
            let length = rotation.iter().map(|x| x * x).sum::<f32>().sqrt();
            if (length - 1.0).abs() > UNIT_TOLERANCE {
                return Err(at.error(format!("the length of rotation {i} is not 1 but {length}")));
            }
        }
    }
    Ok(())
}
