//! Nodes, scenes, cameras and lights.

use glam::{Mat4, Quat, Vec3};
use rustc_hash::FxHashSet;

use crate::{
    ReadError,
    frame::Projection,
    model::{Camera, Light, LightKind, Node, Skin, Transform},
};

use super::{
    json::{At, Read},
    mesh::{MeshInfo, read_weights},
};

/// The nodes with how they hang together.
pub(super) struct Nodes {
    pub list: Vec<Node>,
    /// The node above each.
    pub parents: Vec<Option<usize>>,
    /// The node at the top above each.
    tops: Vec<usize>,
    /// Whether each has a matrix.
    pub matrices: Vec<bool>,
}

/// How far the length of a rotation may be off, as in the Khronos validator.
const UNIT_TOLERANCE: f32 = 0.007_69;

impl Nodes {
    pub fn read(root: &At<'_>, meshes: &[MeshInfo], cameras: usize, lights: usize) -> Read<Self> {
        let list = root.objects("nodes")?;
        let skin_count = root.get("skins").and_then(|at| at.value.as_array().map(Vec::len)).unwrap_or(0);
        let mut nodes = Nodes {
            list: Vec::with_capacity(list.len()),
            parents: vec![None; list.len()],
            tops: Vec::new(),
            matrices: Vec::with_capacity(list.len()),
        };
        for (index, at) in list.iter().enumerate() {
            let transform = read_transform(at)?;
            nodes.matrices.push(matches!(transform, Transform::Matrix(_)));
            let children = at.references("children", list.len())?;
            for (i, child) in children.iter().enumerate() {
                match nodes.parents.get_mut(*child) {
                    Some(parent @ None) => *parent = Some(index),
                    _ => {
                        let place = format!("{}/children/{i}", at.place);
                        return Err(ReadError::json(place, format!("node {child} is below another one")));
                    }
                }
            }
            let mesh = at.reference("mesh", meshes.len())?;
            let skin = at.reference("skin", skin_count)?;
            for key in ["skin", "weights"] {
                if mesh.is_none()
                    && let Some(at) = at.get(key)
                {
                    return Err(at.error("it needs a mesh, too"));
                }
            }
            let targets = mesh.and_then(|mesh| meshes.get(mesh)).map_or(0, |mesh| mesh.targets);
            let weights = at.get("weights").map(|weights| read_weights(&weights, targets)).transpose()?;
            if skin.is_some() && mesh.and_then(|mesh| meshes.get(mesh)).is_some_and(|mesh| !mesh.skinned) {
                return Err(at.error("it has a skin, but its mesh has no joints"));
            }
            let camera = at.reference("camera", cameras)?;
            let light = at.extension("KHR_lights_punctual");
            let light = light.map(|light| light.need_reference("light", lights)).transpose()?;
            nodes.list.push(Node {
                name: at.name()?,
                transform,
                children,
                mesh,
                skin,
                weights,
                camera,
                light,
            });
        }
        nodes.climb(&list)?;
        Ok(nodes)
    }

    /// Finds the node at the top above each. Each has one parent at most, so that going up either ends or comes back.
    fn climb(&mut self, list: &[At<'_>]) -> Read<()> {
        const UNKNOWN: usize = usize::MAX;
        self.tops = vec![UNKNOWN; list.len()];
        let mut visited = vec![UNKNOWN; list.len()];
        for start in 0..list.len() {
            let mut path = Vec::new();
            let mut here = start;
            let top = loop {
                if self.tops[here] != UNKNOWN {
                    break self.tops[here];
                }
                if visited[here] == start {
                    return Err(list[here].error("the node is below itself"));
                }
                visited[here] = start;
                path.push(here);
                match self.parents[here] {
                    Some(parent) => here = parent,
                    None => break here,
                }
            };
            path.into_iter().for_each(|node| self.tops[node] = top);
        }
        Ok(())
    }

    /// The node at the top above this one.
    pub fn top(&self, node: usize) -> usize {
        self.tops.get(node).copied().unwrap_or(node)
    }

    /// Whether each node is `above` or below it.
    pub fn at_or_below(&self, above: usize) -> Vec<bool> {
        let mut out = vec![false; self.list.len()];
        let mut stack = vec![above];
        while let Some(node) = stack.pop() {
            if let (Some(flag), Some(node)) = (out.get_mut(node), self.list.get(node)) {
                *flag = true;
                stack.extend(&node.children);
            }
        }
        out
    }
}

fn read_transform(at: &At<'_>) -> Read<Transform> {
    let translation = at.numbers::<3>("translation")?.map(Vec3::from);
    let rotation = at.numbers_in::<4>("rotation", -1.0, 1.0)?.map(Quat::from_array);
    let scale = at.numbers::<3>("scale")?.map(Vec3::from);
    if let Some(rotation) = rotation
        && (rotation.length() - 1.0).abs() > UNIT_TOLERANCE
    {
        return Err(at.error_in("rotation", format!("its length is not 1 but {}", rotation.length())));
    }
    let Some(matrix) = at.numbers::<16>("matrix")? else {
        return Ok(Transform::Parts {
            translation: translation.unwrap_or(Vec3::ZERO),
            rotation: rotation.map_or(Quat::IDENTITY, Quat::normalize),
            scale: scale.unwrap_or(Vec3::ONE),
        });
    };
    if translation.is_some() || rotation.is_some() || scale.is_some() {
        return Err(at.error_in("matrix", "a node has either a matrix or its parts, not both"));
    }
    let matrix = Mat4::from_cols_array(&matrix);
    let last = matrix.row(3);
    if last != glam::Vec4::W {
        return Err(at.error_in("matrix", "it is no affine transform"));
    }
    Ok(Transform::Matrix(matrix))
}

/// The nodes at the top of the scene that is shown.
pub(super) fn roots(root: &At<'_>, nodes: &Nodes, skins: &[Skin]) -> Read<Vec<usize>> {
    let scenes = root.objects("scenes")?;
    let mut lists = Vec::new();
    for scene in &scenes {
        let list = scene.references("nodes", nodes.list.len())?;
        if let Some(i) = list.iter().position(|node| nodes.parents.get(*node).copied().flatten().is_some()) {
            let place = format!("{}/nodes/{i}", scene.place);
            return Err(ReadError::json(place, "the node is below another one"));
        }
        check_joints(nodes, &list, skins)?;
        lists.push(list);
    }
    let shown = root.reference("scene", scenes.len())?.unwrap_or(0);
    // A file without scenes is a library; all of it is shown.
    Ok(lists.into_iter().nth(shown).unwrap_or_else(|| {
        (0..nodes.list.len()).filter(|node| nodes.parents.get(*node) == Some(&None)).collect()
    }))
}

/// Whether a scene that has a skinned mesh has its joints, too.
fn check_joints(nodes: &Nodes, list: &[usize], skins: &[Skin]) -> Read<()> {
    let list: FxHashSet<usize> = list.iter().copied().collect();
    for (index, node) in nodes.list.iter().enumerate() {
        let joint = node.skin.and_then(|skin| skins.get(skin)?.joints.first());
        let Some(joint) = joint.filter(|_| list.contains(&nodes.top(index))) else { continue };
        if !list.contains(&nodes.top(*joint)) {
            return Err(ReadError::json(
                format!("/nodes/{index}"),
                "its scene does not have all joints of its skin",
            ));
        }
    }
    Ok(())
}

pub(super) fn cameras(root: &At<'_>) -> Read<Vec<Camera>> {
    root.objects("cameras")?.iter().map(read_camera).collect()
}

fn read_camera(at: &At<'_>) -> Read<Camera> {
    let kind = at.need("type")?.string()?;
    for (other, besides) in [("perspective", "orthographic"), ("orthographic", "perspective")] {
        if kind == other && at.get(besides).is_some() {
            return Err(at.error(format!("a camera is either {other} or {besides}")));
        }
    }
    let projection = match kind {
        "perspective" => {
            let lens = at.need("perspective")?;
            lens.object()?;
            let positive = |key: &str| positive(&lens, key);
            positive("aspectRatio")?;
            lens.need("yfov")?;
            let yfov = positive("yfov")?.unwrap_or(1.0);
            lens.need("znear")?;
            let near = positive("znear")?.unwrap_or(0.01);
            let far = positive("zfar")?.unwrap_or(f32::INFINITY);
            if far <= near {
                return Err(lens.error("zfar is not beyond znear"));
            }
            Projection::Perspective { yfov: yfov.min(3.1), near, far }
        }
        "orthographic" => {
            let lens = at.need("orthographic")?;
            lens.object()?;
            let need = |key: &str| lens.need(key)?.number();
            let [xmag, ymag] = [need("xmag")?, need("ymag")?];
            for (key, mag) in [("xmag", xmag), ("ymag", ymag)] {
                if mag == 0.0 {
                    return Err(lens.error_in(key, "it may not be 0"));
                }
            }
            lens.need("zfar")?;
            lens.need("znear")?;
            let far = positive(&lens, "zfar")?.unwrap_or(1.0);
            let near = lens.number_in("znear", 0.0, f64::INFINITY)?.unwrap_or(0.0);
            if far <= near {
                return Err(lens.error("zfar is not beyond znear"));
            }
            Projection::Orthographic { ymag: ymag.abs() as f32, near, far }
        }
        _ => Projection::Perspective { yfov: 0.8, near: 0.01, far: f32::INFINITY },
    };
    Ok(Camera { name: at.name()?, projection })
}

fn positive(at: &At<'_>, key: &str) -> Read<Option<f32>> {
    let number = at.number_in(key, 0.0, f64::INFINITY)?;
    if number == Some(0.0) {
        return Err(at.error_in(key, "it must be above 0"));
    }
    Ok(number)
}

pub(super) fn lights(root: &At<'_>) -> Read<Vec<Light>> {
    let Some(extension) = root.extension("KHR_lights_punctual") else { return Ok(Vec::new()) };
    extension.need("lights")?;
    extension.objects("lights")?.iter().map(read_light).collect()
}

fn read_light(at: &At<'_>) -> Read<Light> {
    let kind = match at.need("type")?.string()? {
        "point" => LightKind::Point,
        "spot" => {
            let spot = at.need("spot")?;
            spot.object()?;
            let right = std::f64::consts::FRAC_PI_2;
            let inner = spot.number_in("innerConeAngle", 0.0, right)?.unwrap_or(0.0);
            let outer = spot.number_in("outerConeAngle", 0.0, right + 1e-6)?;
            let outer = outer.unwrap_or(std::f32::consts::FRAC_PI_4);
            if outer <= inner {
                return Err(spot.error("outerConeAngle is not above innerConeAngle"));
            }
            LightKind::Spot { inner, outer }
        }
        _ => LightKind::Directional,
    };
    Ok(Light {
        name: at.name()?,
        color: at.numbers_in::<3>("color", 0.0, 1.0)?.map_or(Vec3::ONE, Vec3::from),
        intensity: at.number_in("intensity", 0.0, f64::INFINITY)?.unwrap_or(1.0),
        kind,
        range: positive(at, "range")?.unwrap_or(f32::INFINITY),
    })
}
