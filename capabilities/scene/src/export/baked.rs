//! What is seen of a model in the world's space, for formats without transforms.

use glam::{Mat3, Mat4, Vec3};

use crate::{
    frame::{Geometry, Topology},
    model::Model,
};

/// A primitive at a place.
pub(super) struct Part<'m> {
    /// The name of its node or else of its mesh; may be empty.
    pub name: &'m str,
    /// Which node it is of, counted from 0 in the order of the tree.
    pub object: usize,
    /// It, in its own space.
    pub geometry: &'m Geometry,
    /// Whole elements.
    pub indices: &'m [u32],
    /// The number of its material.
    pub material: Option<usize>,
    world_from_local: Mat4,
    normal_matrix: Mat3,
    mirrored: bool,
}

/// All that is seen of a model, in the order of the tree.
pub(super) fn parts(model: &Model) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut stack: Vec<(usize, Mat4)> =
        model.roots.iter().rev().map(|root| (*root, Mat4::IDENTITY)).collect();
    let mut object = 0;
    while let Some((index, world_from_parent)) = stack.pop() {
        let Some(node) = model.nodes.get(index) else { continue };
        let world_from_local = world_from_parent * node.transform.matrix();
        if !world_from_local.is_finite() {
            continue;
        }
        stack.extend(node.children.iter().rev().map(|child| (*child, world_from_local)));
        let Some(mesh) = node.mesh.and_then(|mesh| model.meshes.get(mesh)) else { continue };
        let linear = Mat3::from_mat4(world_from_local);
        let mirrored = linear.determinant() < 0.0;
        // The matrix of cofactors is the transposed inverse but for its scale, and is there for flat transforms, too.
        let cofactors = Mat3::from_cols(
            linear.y_axis.cross(linear.z_axis),
            linear.z_axis.cross(linear.x_axis),
            linear.x_axis.cross(linear.y_axis),
        );
        let normal_matrix = if mirrored { -cofactors } else { cofactors };
        let name = if node.name.is_empty() { &mesh.name } else { &node.name };
        for primitive in &mesh.primitives {
            let geometry = &*primitive.geometry;
            let Some(indices) = super::elements(geometry) else { continue };
            let material = primitive.material.filter(|material| *material < model.materials.len());
            parts.push(Part {
                name,
                object,
                geometry,
                indices,
                material,
                world_from_local,
                normal_matrix,
                mirrored,
            });
        }
        object += 1;
    }
    parts
}

impl Part<'_> {
    /// The positions of its vertices.
    pub fn positions(&self) -> impl Iterator<Item = Vec3> {
        self.geometry.positions.iter().map(|position| self.moved(*position))
    }

    /// A position in the world's space.
    fn moved(&self, position: Vec3) -> Vec3 {
        let moved = self.world_from_local.transform_point3(position);
        if moved.is_finite() { moved } else { Vec3::ZERO }
    }

    /// The positions of a triangle's corners.
    pub fn places(&self, triangle: [u32; 3]) -> [Vec3; 3] {
        let place = |index: u32| self.geometry.positions.get(index as usize).copied().unwrap_or_default();
        triangle.map(|index| self.moved(place(index)))
    }

    /// The unit normals of its vertices, if it has any.
    pub fn normals(&self) -> Option<impl Iterator<Item = Vec3>> {
        let normals = &self.geometry.normals;
        let turned = |normal: &Vec3| (self.normal_matrix * *normal).try_normalize();
        (normals.len() == self.geometry.positions.len())
            .then(|| normals.iter().map(move |normal| turned(normal).unwrap_or(normal.normalize_or(Vec3::Y))))
    }

    /// Its triangles, counter-clockwise seen from the front.
    pub fn triangles(&self) -> impl Iterator<Item = [u32; 3]> {
        let indices = match self.geometry.topology {
            Topology::Triangles => self.indices,
            _ => &[],
        };
        let triangles = indices.as_chunks::<3>().0.iter();
        triangles.map(|[a, b, c]| if self.mirrored { [*b, *a, *c] } else { [*a, *b, *c] })
    }

    /// How many of its elements are of this sort.
    pub fn count(&self, topology: Topology) -> usize {
        match self.geometry.topology == topology {
            true => self.indices.len() / super::corners(topology),
            false => 0,
        }
    }
}
