//! Nodes, cameras and lights.

use glam::{Mat4, Quat, Vec3};
use serde_json::{Value as Json, json};

use crate::{
    frame::Projection,
    model::{Camera, Light, LightKind, Model, Node, Transform},
};

use super::{
    insert_name,
    mesh::Meshes,
    number, numbers,
    split::{Parts, split},
};

/// Written nodes.
pub(super) struct Nodes {
    pub list: Vec<Json>,
    pub roots: Vec<usize>,
    /// The node above each.
    pub parents: Vec<Option<usize>>,
    /// Where each node of the model is; none of those below no root.
    pub places: Vec<Option<Place>>,
}

/// Where a node is: at two nodes, where no parts make up its transform.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// What is moved, turned and scaled.
    pub outer: usize,
    /// What has its mesh and what is below it, and is where it is.
    pub inner: usize,
}

/// Writes the nodes below the roots.
pub(super) fn write(model: &Model, meshes: &Meshes) -> Nodes {
    let places = vec![None; model.nodes.len()];
    let mut nodes = Nodes { list: Vec::new(), roots: Vec::new(), parents: Vec::new(), places };
    let mut stack: Vec<(usize, Option<usize>)> = model.roots.iter().rev().map(|root| (*root, None)).collect();
    while let Some((index, parent)) = stack.pop() {
        let Some(node) = model.nodes.get(index) else { continue };
        let (outer, inner) = placement(&node.transform);
        let mut place = Place { outer: nodes.list.len(), inner: nodes.list.len() };
        if parent.is_none() {
            nodes.roots.push(place.outer);
        }
        let mut out = placed(&outer);
        insert_name(&mut out, &node.name);
        nodes.parents.push(parent);
        if let Some(turn) = inner {
            nodes.list.push(out);
            nodes.parents.push(Some(place.outer));
            place.inner += 1;
            out = placed(&Parts { rotation: turn, ..Parts::default() });
        }
        contents(model, node, meshes, &mut out);
        nodes.list.push(out);
        if let Some(known) = nodes.places.get_mut(index) {
            *known = Some(place);
        }
        stack.extend(node.children.iter().rev().map(|child| (*child, Some(place.inner))));
    }
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); nodes.list.len()];
    for (node, parent) in nodes.parents.iter().enumerate() {
        if let Some(siblings) = parent.and_then(|parent| children.get_mut(parent)) {
            siblings.push(node);
        }
    }
    for (node, children) in nodes.list.iter_mut().zip(children) {
        if !children.is_empty() {
            node["children"] = children.into();
        }
    }
    nodes
}

/// What a node shows.
fn contents(model: &Model, node: &Node, meshes: &Meshes, out: &mut Json) {
    if let Some(mesh) = node.mesh.and_then(|mesh| meshes.written(mesh)) {
        out["mesh"] = mesh.number.into();
        if let Some(weights) = node.weights.as_ref().filter(|_| mesh.targets > 0) {
            out["weights"] = numbers(&fitted(weights, mesh.targets));
        }
    }
    if let Some(camera) = node.camera.filter(|camera| *camera < model.cameras.len()) {
        out["camera"] = camera.into();
    }
    if let Some(light) = node.light.filter(|light| *light < model.lights.len()) {
        out["extensions"] = json!({ "KHR_lights_punctual": { "light": light } });
    }
}

/// One weight for each of so many morph targets.
pub(super) fn fitted(weights: &[f32], targets: usize) -> Vec<f32> {
    weights.iter().copied().chain(std::iter::repeat(0.0)).take(targets).collect()
}

/// The parts of a transform; a second turn, that comes first, is there for matrices that have no such parts.
fn placement(transform: &Transform) -> (Parts, Option<Quat>) {
    let matrix = match *transform {
        Transform::Parts { translation, rotation, scale } => {
            return (Parts { translation, rotation: rotation.normalize(), scale }, None);
        }
        Transform::Matrix(matrix) => matrix,
    };
    let (scale, rotation, translation) = matrix.to_scale_rotation_translation();
    let again = Mat4::from_scale_rotation_translation(scale, rotation, translation);
    let size = matrix.to_cols_array().iter().fold(0.0f32, |size, x| size.max(x.abs()));
    match again.is_finite() && again.abs_diff_eq(matrix, 1e-5 * size) {
        true => (Parts { translation, rotation: rotation.normalize(), scale }, None),
        false => split(matrix),
    }
}

fn placed(parts: &Parts) -> Json {
    let mut out = json!({});
    if parts.translation != Vec3::ZERO {
        out["translation"] = numbers(&parts.translation.to_array());
    }
    if parts.rotation != Quat::IDENTITY {
        out["rotation"] = numbers(&parts.rotation.to_array().map(|x| x.clamp(-1.0, 1.0)));
    }
    if parts.scale != Vec3::ONE {
        out["scale"] = numbers(&parts.scale.to_array());
    }
    out
}

pub(super) fn cameras(model: &Model) -> Vec<Json> {
    model.cameras.iter().map(camera).collect()
}

fn camera(camera: &Camera) -> Json {
    let mut out = match camera.projection {
        Projection::Perspective { yfov, near, far } => {
            let near = near.max(f32::MIN_POSITIVE);
            let mut lens = json!({ "yfov": number(yfov.clamp(1e-4, 3.1)), "znear": number(near) });
            if far.is_finite() && far > near {
                lens["zfar"] = number(far);
            }
            json!({ "type": "perspective", "perspective": lens })
        }
        Projection::Orthographic { ymag, near, far } => {
            // The shape of the picture is not known: it is taken to be as wide as high.
            let mag = number(ymag.max(f32::MIN_POSITIVE));
            let near = near.max(0.0);
            let far = if far.is_finite() { far.max(near * 1.001).max(f32::MIN_POSITIVE) } else { near + 1e4 };
            let lens = json!({ "xmag": mag, "ymag": mag, "znear": number(near), "zfar": number(far) });
            json!({ "type": "orthographic", "orthographic": lens })
        }
    };
    insert_name(&mut out, &camera.name);
    out
}

pub(super) fn lights(model: &Model) -> Vec<Json> {
    model.lights.iter().map(light).collect()
}

fn light(light: &Light) -> Json {
    let kind = match light.kind {
        LightKind::Directional => "directional",
        LightKind::Point => "point",
        LightKind::Spot { .. } => "spot",
    };
    let mut out = json!({ "type": kind });
    let color = light.color.clamp(Vec3::ZERO, Vec3::ONE);
    if color != Vec3::ONE {
        out["color"] = numbers(&color.to_array());
    }
    if light.intensity != 1.0 {
        out["intensity"] = number(light.intensity.max(0.0));
    }
    if light.range.is_finite() && light.range > 0.0 && light.kind != LightKind::Directional {
        out["range"] = number(light.range);
    }
    if let LightKind::Spot { inner, outer } = light.kind {
        // A right angle is less as a double than as a float.
        let right = std::f64::consts::FRAC_PI_2;
        let outer = outer.max(1e-4);
        let inner = inner.clamp(0.0, outer.next_down());
        out["spot"] = json!({
            "innerConeAngle": number(inner),
            "outerConeAngle": if f64::from(outer) >= right { Json::from(right) } else { number(outer) },
        });
    }
    insert_name(&mut out, &light.name);
    out
}
