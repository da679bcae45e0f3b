//! Meshes that bend: morph targets, and skins over joints.

use glam::{DMat3, DMat4, DVec3, Mat4, Vec3, Vec4};
use rayon::prelude::*;

use crate::{deformation::Deformation, frame::Geometry};

/// What bends a mesh.
#[derive(Clone, Debug, Default)]
pub struct Skin {
    /// Its name; may be empty.
    pub name: String,
    /// The nodes that bend it.
    pub joints: Vec<usize>,
    /// From the mesh's space to that of each joint; the identity where there are none.
    pub joint_from_mesh: Vec<Mat4>,
}

/// How vertices hang on the joints of a skin, for each vertex.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Binding {
    /// The places of joints in the skin.
    pub joints: Vec<[u16; 4]>,
    /// How much each counts.
    pub weights: Vec<Vec4>,
}

/// A morph target: what is added to vertices, for each vertex. Lists may be empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Morph {
    /// Added to positions.
    pub positions: Vec<Vec3>,
    /// Added to normals.
    pub normals: Vec<Vec3>,
    /// Added to tangents.
    pub tangents: Vec<Vec3>,
}

/// Geometry with its morph targets by `weights`, then on joints: `world_from_mesh` brings what hangs on each into the world's
/// space. Sums are in double precision. What hangs on no joint stays where it is.
pub fn bent(
    geometry: &Geometry,
    deformation: &Deformation,
    weights: &[f64],
    world_from_mesh: &[DMat4],
) -> Geometry {
    let mut out = geometry.clone();
    morph(&mut out, deformation, weights);
    if let Some(binding) = &deformation.binding
        && !world_from_mesh.is_empty()
    {
        skin(&mut out, binding, world_from_mesh);
    }
    out
}

fn morph(geometry: &mut Geometry, deformation: &Deformation, weights: &[f64]) {
    let active: Vec<(&Morph, f64)> =
        deformation.morphs.iter().zip(weights.iter().copied()).filter(|(_, weight)| *weight != 0.0).collect();
    if active.is_empty() {
        return;
    }
    let added = |list: fn(&Morph) -> &[Vec3], vertex: usize| {
        active.iter().fold(DVec3::ZERO, |sum, (morph, weight)| {
            list(morph).get(vertex).map_or(sum, |delta| sum + delta.as_dvec3() * *weight)
        })
    };
    geometry.positions.par_iter_mut().enumerate().for_each(|(vertex, position)| {
        *position =
            finite((position.as_dvec3() + added(|morph| &morph.positions, vertex)).as_vec3(), *position);
    });
    geometry.normals.par_iter_mut().enumerate().for_each(|(vertex, normal)| {
        let bent = normal.as_dvec3() + added(|morph| &morph.normals, vertex);
        *normal = bent.as_vec3().normalize_or(*normal);
    });
    geometry.tangents.par_iter_mut().enumerate().for_each(|(vertex, tangent)| {
        let bent = tangent.truncate().as_dvec3() + added(|morph| &morph.tangents, vertex);
        *tangent = bent.as_vec3().normalize_or(tangent.truncate()).extend(tangent.w);
    });
}

fn skin(geometry: &mut Geometry, binding: &Binding, world_from_mesh: &[DMat4]) {
    let mixed = |vertex: usize| -> Option<DMat4> {
        let (joints, weights) = (binding.joints.get(vertex)?, binding.weights.get(vertex)?);
        let mut matrix = DMat4::ZERO;
        let mut sum = 0.0;
        for (joint, weight) in joints.iter().zip(weights.as_dvec4().to_array()) {
            if let Some(joint) = world_from_mesh.get(usize::from(*joint))
                && weight != 0.0
            {
                matrix += *joint * weight;
                sum += weight;
            }
        }
        (sum > 0.0).then(|| matrix * (1.0 / sum))
    };
    geometry.positions.par_iter_mut().enumerate().for_each(|(vertex, position)| {
        if let Some(matrix) = mixed(vertex) {
            *position = finite(matrix.transform_point3(position.as_dvec3()).as_vec3(), *position);
        }
    });
    geometry.normals.par_iter_mut().enumerate().for_each(|(vertex, normal)| {
        if let Some(matrix) = mixed(vertex) {
            let turn = DMat3::from_mat4(matrix).inverse().transpose();
            *normal = (turn * normal.as_dvec3()).as_vec3().normalize_or(*normal);
        }
    });
    geometry.tangents.par_iter_mut().enumerate().for_each(|(vertex, tangent)| {
        if let Some(matrix) = mixed(vertex) {
            let turned = (DMat3::from_mat4(matrix) * tangent.truncate().as_dvec3()).as_vec3();
            *tangent = turned.normalize_or(tangent.truncate()).extend(tangent.w);
        }
    });
}

fn finite(moved: Vec3, before: Vec3) -> Vec3 {
    if moved.is_finite() { moved } else { before }
}
