//! Skinned meshes as they are at rest.

use std::sync::Arc;

use base::{LimitExceeded, Limits};
use glam::{Mat3, Mat4, Vec3, Vec4};

use crate::frame::Geometry;

use super::{Mesh, Model, Node, Primitive};

/// What bends a mesh.
#[derive(Clone, Debug, Default)]
pub struct Skin {
    /// The nodes that bend it.
    pub joints: Vec<usize>,
    /// From the mesh's space to that of each joint; the identity where there are none.
    pub joint_from_mesh: Vec<Mat4>,
}

/// How vertices hang on the joints of a skin, for each vertex.
#[derive(Clone, Debug, Default)]
pub struct Binding {
    /// The places of joints in the skin.
    pub joints: Vec<[u16; 4]>,
    /// How much each counts.
    pub weights: Vec<Vec4>,
}

impl Model {
    /// Replaces skinned meshes by what they are with all joints where they are now: meshes at the top, in the world's space
    /// (glTF 2.0, section 3.7.3.1). Fails when that takes more than `bytes` and the limits allow.
    ///
    /// # Errors
    /// The limit on memory.
    pub fn set_skins_at_rest(&mut self, bytes: u64, limits: &Limits) -> Result<(), LimitExceeded> {
        let mut places = vec![None; self.nodes.len()];
        let mut stack: Vec<(usize, Mat4)> = self.roots.iter().map(|root| (*root, Mat4::IDENTITY)).collect();
        while let Some((index, world_from_parent)) = stack.pop() {
            let Some(node) = self.nodes.get(index) else { continue };
            let world_from_local = world_from_parent * node.transform.matrix();
            places[index] = Some(world_from_local);
            stack.extend(node.children.iter().map(|child| (*child, world_from_local)));
        }
        let mut size = 0;
        for index in 0..places.len() {
            let Some(node) = self.nodes.get(index).filter(|_| places[index].is_some()) else { continue };
            let Some(skin) = node.skin.and_then(|skin| self.skins.get(skin)) else { continue };
            let Some(mesh) = node.mesh.and_then(|mesh| self.meshes.get(mesh)) else { continue };
            let vertices: usize =
                mesh.primitives.iter().map(|primitive| primitive.geometry.positions.len()).sum();
            size += (vertices + skin.joints.len()) as u64 * 64;
            Limits::check(
                "the size of skinned meshes in bytes",
                size,
                bytes.min(limits.import_bytes),
                "importBytes",
            )?;
            let world_from_mesh: Vec<Mat4> = skin
                .joints
                .iter()
                .enumerate()
                .map(|(i, joint)| {
                    let world_from_joint = places.get(*joint).copied().flatten().unwrap_or(Mat4::IDENTITY);
                    world_from_joint * skin.joint_from_mesh.get(i).copied().unwrap_or(Mat4::IDENTITY)
                })
                .collect();
            let primitives =
                mesh.primitives.iter().map(|primitive| bent(primitive, &world_from_mesh)).collect();
            let bent = Mesh { name: mesh.name.clone(), primitives };
            let name = if node.name.is_empty() { mesh.name.clone() } else { node.name.clone() };
            let top = Node { name, mesh: Some(self.meshes.len()), ..Node::default() };
            self.meshes.push(bent);
            self.roots.push(self.nodes.len());
            self.nodes.push(top);
            if let Some(node) = self.nodes.get_mut(index) {
                (node.mesh, node.skin) = (None, None);
            }
        }
        Ok(())
    }
}

fn bent(primitive: &Primitive, world_from_mesh: &[Mat4]) -> Primitive {
    let Some(binding) = &primitive.binding else { return primitive.clone() };
    let mut geometry = Geometry::clone(&primitive.geometry);
    for (vertex, (joints, weights)) in binding.joints.iter().zip(&binding.weights).enumerate() {
        let mut matrix = Mat4::ZERO;
        let mut sum = 0.0;
        for (joint, weight) in joints.iter().zip(weights.to_array()) {
            if let Some(joint) = world_from_mesh.get(usize::from(*joint)) {
                matrix += *joint * weight;
                sum += weight;
            }
        }
        if sum <= 0.0 {
            continue;
        }
        matrix *= 1.0 / sum;
        let turn = Mat3::from_mat4(matrix);
        if let Some(position) = geometry.positions.get_mut(vertex) {
            let moved = matrix.transform_point3(*position);
            *position = if moved.is_finite() { moved } else { *position };
        }
        if let Some(normal) = geometry.normals.get_mut(vertex) {
            *normal = (turn.inverse().transpose() * *normal).normalize_or(*normal);
        }
        if let Some(tangent) = geometry.tangents.get_mut(vertex) {
            let direction: Vec3 = tangent.truncate();
            *tangent = (turn * direction).normalize_or(direction).extend(tangent.w);
        }
    }
    Primitive { geometry: Arc::new(geometry), material: primitive.material, binding: None }
}
