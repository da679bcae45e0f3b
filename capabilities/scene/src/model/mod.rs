//! A scene as files have it: nodes, meshes, materials and what they refer to, by their places in lists.

mod animation;
mod bounds;
mod material;
mod pose;
mod tangents;

pub use animation::{Animation, Channel, Interpolation, Path, Sampler};
pub use bounds::Bounds;
pub use material::{Image, ImageData, Material, Slot, TextureRef, TextureTransform};
pub use pose::{Binding, Morph, Skin, bent};
pub(crate) use tangents::add_tangents;

use std::sync::Arc;

use glam::{Mat4, Quat, Vec3};

use crate::frame::{Geometry, Projection};

/// A scene.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The nodes at the top.
    pub roots: Vec<usize>,
    /// All nodes. Each is below one other at most, and none below itself.
    pub nodes: Vec<Node>,
    /// What nodes show.
    pub meshes: Vec<Mesh>,
    /// What meshes are made of.
    pub materials: Vec<Material>,
    /// Encoded images.
    pub images: Vec<Image>,
    /// Lights of nodes.
    pub lights: Vec<Light>,
    /// Cameras of nodes.
    pub cameras: Vec<Camera>,
    /// What bends meshes of nodes.
    pub skins: Vec<Skin>,
    /// What moves; one plays at a time.
    pub animations: Vec<Animation>,
}

/// A place in a scene, and what is there.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Its name; may be empty.
    pub name: String,
    /// From its space to that of the node above.
    pub transform: Transform,
    /// The nodes below.
    pub children: Vec<usize>,
    /// Its mesh.
    pub mesh: Option<usize>,
    /// What bends its mesh.
    pub skin: Option<usize>,
    /// How much each morph target counts, when that is not what its mesh says.
    pub weights: Option<Vec<f32>>,
    /// Its camera.
    pub camera: Option<usize>,
    /// Its light.
    pub light: Option<usize>,
}

/// From a node's space to that of the node above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Transform {
    /// Scaled, then turned, then moved.
    Parts {
        /// How far it is moved.
        translation: Vec3,
        /// How it is turned; of unit length.
        rotation: Quat,
        /// How it is scaled.
        scale: Vec3,
    },
    /// Any affine transform.
    Matrix(Mat4),
}

impl Default for Transform {
    fn default() -> Self {
        Transform::Parts { translation: Vec3::ZERO, rotation: Quat::IDENTITY, scale: Vec3::ONE }
    }
}

impl Transform {
    /// The transform as a matrix.
    pub fn matrix(&self) -> Mat4 {
        match *self {
            Transform::Parts { translation, rotation, scale } => {
                Mat4::from_scale_rotation_translation(scale, rotation, translation)
            }
            Transform::Matrix(matrix) => matrix,
        }
    }
}

/// What belongs together and is drawn with one material each.
#[derive(Clone, Debug, Default)]
pub struct Mesh {
    /// Its name; may be empty.
    pub name: String,
    /// Its parts.
    pub primitives: Vec<Primitive>,
    /// How much each morph target counts.
    pub weights: Vec<f32>,
    /// What the morph targets are called; empty when they have no names.
    pub target_names: Vec<String>,
}

/// Geometry with a material.
#[derive(Clone, Debug)]
pub struct Primitive {
    /// The geometry.
    pub geometry: Arc<Geometry>,
    /// The number of its material; the default one when there is none.
    pub material: Option<usize>,
    /// How it hangs on the joints of its node's skin.
    pub binding: Option<Arc<Binding>>,
    /// What can be added to it.
    pub morphs: Arc<[Morph]>,
}

/// A light. It shines along −z of its node.
#[derive(Clone, Debug, PartialEq)]
pub struct Light {
    /// Its name; may be empty.
    pub name: String,
    /// Linear, each 0 to 1.
    pub color: Vec3,
    /// Lux for the sun, candela for the others.
    pub intensity: f32,
    /// How it shines.
    pub kind: LightKind,
    /// How far it shines; infinite when nothing bounds it.
    pub range: f32,
}

/// How a light shines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LightKind {
    /// Everywhere in one direction.
    Directional,
    /// From a point.
    Point,
    /// From a point within a cone; angles from the axis in radians.
    Spot {
        /// Full up to here.
        inner: f32,
        /// Nothing from here on.
        outer: f32,
    },
}

/// A camera. It looks along −z of its node.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Its name; may be empty.
    pub name: String,
    /// How distance becomes size.
    pub projection: Projection,
}

impl Model {
    /// A model of one node with one mesh.
    pub fn of_mesh(name: &str, primitives: Vec<Primitive>) -> Model {
        let mesh = Mesh { name: name.to_owned(), primitives, ..Mesh::default() };
        let node = Node { name: name.to_owned(), mesh: Some(0), ..Node::default() };
        Model { roots: vec![0], nodes: vec![node], meshes: vec![mesh], ..Model::default() }
    }

    /// Calls `visit` with every node below the roots, parents first, and its transform to the world's space.
    pub fn walk(&self, mut visit: impl FnMut(&Node, Mat4)) {
        let mut stack: Vec<(usize, Mat4)> =
            self.roots.iter().rev().map(|root| (*root, Mat4::IDENTITY)).collect();
        while let Some((index, world_from_parent)) = stack.pop() {
            let Some(node) = self.nodes.get(index) else { continue };
            let world_from_local = world_from_parent * node.transform.matrix();
            visit(node, world_from_local);
            stack.extend(node.children.iter().rev().map(|child| (*child, world_from_local)));
        }
    }

    /// The box around all that is shown, in the world's space.
    pub fn bounds(&self) -> Bounds {
        let mut bounds = Bounds::EMPTY;
        self.walk(|node, world_from_local| {
            let Some(mesh) = node.mesh.and_then(|mesh| self.meshes.get(mesh)) else { return };
            for primitive in &mesh.primitives {
                bounds = bounds.union(Bounds::of_geometry(&primitive.geometry, world_from_local));
            }
        });
        bounds
    }
}
