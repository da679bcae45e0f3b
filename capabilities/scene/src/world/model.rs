//! Nodes back to models, for files to be written from.

use std::{collections::BTreeMap, sync::Arc};

use base::{BlobHash, Limits, NodeId};
use document::{Content, NodeRef};
use glam::{DMat4, DVec4, Mat4};
use kernel::{Bytes, CommandError, Reading};
use raster::{
    Depth, Pixels, Surface, alpha,
    codec::{self, Encoding},
};

use crate::{
    Sources,
    frame::Geometry,
    kinds::{self, LightShape},
    model::{Camera, Image, ImageData, Light, LightKind, Material, Mesh, Model, Node, Primitive, Transform},
};

use super::{Bend, Motion, Pose, World, read, texture::slot};

mod motion;

use motion::{Moving, Place};

/// What becomes of things that move and bend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Movement {
    /// They are as they are at the moment.
    Baked,
    /// They are as they are without the animations, which the model has, too, with skins and morph targets.
    Kept,
}

/// The model that a scene is at a point in time, in seconds: all that is visible, each node with those below it, and the
/// materials that it is made of. Nodes with the same geometry and material share a mesh. `place` names the scene in errors.
///
/// # Errors
/// The document is no scene, the nodes are nested too deeply, a limit on memory is exceeded, or geometry or an image is
/// not there or damaged.
pub fn model(
    content: &Content,
    time: f64,
    movement: Movement,
    place: &str,
    reading: &Reading<'_>,
    sources: &Sources,
) -> Result<Model, CommandError> {
    let tree = content.tree().ok_or_else(|| CommandError::Failed(format!("{place} is a text")))?;
    let root = tree.root().at_time(time);
    kinds::World::read(root).ok_or_else(|| CommandError::Failed(format!("{place} is no scene")))?;
    let (motion, world, moving) = match movement {
        Movement::Baked => {
            let motion = Motion::at(root, time, &mut |hash| sources.keyframes(hash, reading.blobs))?;
            let world = read::world(root, &motion, reading.limits)
                .map_err(|limit| CommandError::Limit { place: place.to_owned(), limit })?;
            (motion, world, None)
        }
        Movement::Kept => (Motion::default(), World::default(), Some(Moving::of(root))),
    };
    let mut gathering = Gathering {
        root,
        reading,
        sources,
        place,
        world,
        model: Model::default(),
        moving,
        skinned: Vec::new(),
        meshes: BTreeMap::new(),
        materials: BTreeMap::new(),
        images: BTreeMap::new(),
        bytes: 0,
    };
    let mut stack: Vec<(NodeRef<'_>, Option<usize>, bool, u64)> =
        root.children().rev().map(|child| (child, None, true, 1)).collect();
    while let Some((node, parent, is_visible, depth)) = stack.pop() {
        Limits::check("the nesting of nodes", depth, reading.limits.nesting, "nesting")
            .map_err(|limit| gathering.failed(limit))?;
        let is_visible = is_visible && read::is_shown(node);
        let is_moved = gathering.moving.as_ref().is_some_and(|moving| moving.moves(node.id()));
        let is_bone = gathering.moving.as_ref().is_some_and(|moving| moving.bones.contains(&node.id()));
        if !is_visible && !is_bone {
            continue;
        }
        let Some((transform, before)) = transform(node, motion.poses.get(&node.id()), is_moved) else {
            continue;
        };
        let mut out = Node { transform, ..Node::default() };
        if is_visible {
            gathering.show(node, &motion, &mut out)?;
        }
        out.name = node.string("name").map(|name| name.to_string()).unwrap_or_default();
        let model = &mut gathering.model;
        let outer = model.nodes.len();
        let inner = outer + usize::from(before.is_some());
        match parent.and_then(|parent| model.nodes.get_mut(parent)) {
            Some(parent) => parent.children.push(outer),
            None => model.roots.push(outer),
        }
        if let Some(before) = before {
            let name = std::mem::take(&mut out.name);
            model.nodes.push(Node { name, transform, children: vec![inner], ..Node::default() });
            out.transform = before;
        }
        model.nodes.push(out);
        if let Some(moving) = &mut gathering.moving {
            moving.places.insert(node.id(), Place { outer, inner });
        }
        stack.extend(node.children().rev().map(|child| (child, Some(inner), is_visible, depth + 1)));
    }
    gathering.add_skinned();
    gathering.add_motion()?;
    Ok(gathering.model)
}

/// From a node's space to its parent's; none when it is not finite. What an animation moves has parts, and what comes before
/// them by itself.
fn transform(
    node: NodeRef<'_>,
    pose: Option<&Pose>,
    is_moved: bool,
) -> Option<(Transform, Option<Transform>)> {
    let (scale, rotation, position, matrix) = read::placement(node, pose);
    let parts = Transform::Parts {
        translation: position.as_vec3(),
        rotation: rotation.as_quat().normalize(),
        scale: scale.as_vec3(),
    };
    let transforms = match matrix {
        None => (parts, None),
        Some(before) if is_moved => (parts, Some(Transform::Matrix(affine(before)))),
        Some(before) => {
            let matrix = DMat4::from_scale_rotation_translation(scale, rotation, position) * before;
            (Transform::Matrix(affine(matrix)), None)
        }
    };
    let is_finite = |transform: &Transform| transform.matrix().is_finite();
    Some(transforms).filter(|(outer, inner)| is_finite(outer) && inner.as_ref().is_none_or(is_finite))
}

/// A matrix without what is no affine transform.
fn affine(matrix: DMat4) -> Mat4 {
    let rows = matrix.transpose();
    DMat4::from_cols(rows.x_axis, rows.y_axis, rows.z_axis, DVec4::W).transpose().as_mat4()
}

/// The blob of a mesh's geometry, the place of its material, and of what bends it the blob and whether joints do.
type MeshKey = (BlobHash, Option<usize>, Option<(BlobHash, bool)>);

/// A model as it grows, and where in it is what nodes share.
struct Gathering<'a> {
    root: NodeRef<'a>,
    reading: &'a Reading<'a>,
    sources: &'a Sources,
    place: &'a str,
    world: World,
    model: Model,
    /// What moves, if that is kept.
    moving: Option<Moving>,
    /// Baked meshes on joints with their names: they are in the world's space, whatever they are in.
    skinned: Vec<(String, usize)>,
    meshes: BTreeMap<MeshKey, usize>,
    materials: BTreeMap<NodeId, Option<usize>>,
    images: BTreeMap<BlobHash, usize>,
    /// How many bytes were read.
    bytes: u64,
}

impl Gathering<'_> {
    fn failed(&self, limit: base::LimitExceeded) -> CommandError {
        CommandError::Limit { place: self.place.to_owned(), limit }
    }

    fn blob(&mut self, hash: BlobHash) -> Result<Bytes, CommandError> {
        let bytes = self.reading.blobs.blob(hash)?;
        self.spend(bytes.len())?;
        Ok(bytes)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), CommandError> {
        self.bytes += bytes as u64;
        let most = self.reading.limits.import_bytes;
        Limits::check("the scene's size in bytes", self.bytes, most, "importBytes")
            .map(drop)
            .map_err(|limit| self.failed(limit))
    }

    /// Puts what a node shows into one of the model.
    fn show(&mut self, node: NodeRef<'_>, motion: &Motion, out: &mut Node) -> Result<(), CommandError> {
        let name = node.string("name").map(|name| name.to_string()).unwrap_or_default();
        if let Some(mesh) = kinds::Mesh::read(node) {
            match (mesh.geometry(), read::bend(node, mesh, motion)) {
                (Some(hash), Some(bend)) if self.moving.is_some() => {
                    self.bendable((hash, node), mesh, &bend, out)?;
                }
                (Some(hash), Some(bend)) => out.mesh = self.bent(hash, mesh, &bend, &name)?,
                (Some(hash), None) => out.mesh = Some(self.mesh(hash, mesh, &name)?),
                (None, _) => {}
            }
        } else if let Some(camera) = kinds::Camera::read(node) {
            out.camera = Some(self.model.cameras.len());
            self.model.cameras.push(Camera { name, projection: read::projection(camera) });
        } else if let Some(light) = kinds::Light::read(node) {
            out.light = Some(self.model.lights.len());
            self.model.lights.push(light_of(light, &name));
        }
        Ok(())
    }

    fn mesh(&mut self, hash: BlobHash, mesh: kinds::Mesh<'_>, name: &str) -> Result<usize, CommandError> {
        let material = mesh.material().map(|node| self.material(node)).transpose()?.flatten();
        let key = (hash, material, None);
        if let Some(index) = self.meshes.get(&key) {
            return Ok(*index);
        }
        let geometry = self.geometry(hash)?;
        let index = self.push(geometry, material, name);
        self.meshes.insert(key, index);
        Ok(index)
    }

    /// A mesh as it is bent; none when it is on joints, and at the top of the model therefore.
    fn bent(
        &mut self,
        hash: BlobHash,
        mesh: kinds::Mesh<'_>,
        bend: &Bend,
        name: &str,
    ) -> Result<Option<usize>, CommandError> {
        let material = mesh.material().map(|node| self.material(node)).transpose()?.flatten();
        let geometry = self.geometry(hash)?;
        let bent = self.sources.bent(&geometry, bend, &self.world, self.reading.blobs)?;
        self.spend(bent.bytes)?;
        let index = self.push(bent.geometry, material, name);
        if !bent.in_world {
            return Ok(Some(index));
        }
        self.skinned.push((name.to_owned(), index));
        Ok(None)
    }

    /// Puts what is on joints at the top.
    fn add_skinned(&mut self) {
        for (name, mesh) in std::mem::take(&mut self.skinned) {
            self.model.roots.push(self.model.nodes.len());
            self.model.nodes.push(Node { name, mesh: Some(mesh), ..Node::default() });
        }
    }

    fn geometry(&mut self, hash: BlobHash) -> Result<Arc<Geometry>, CommandError> {
        let (geometry, bytes) = self.sources.geometry(hash, self.reading.blobs)?;
        self.spend(bytes)?;
        Ok(geometry)
    }

    fn push(&mut self, geometry: Arc<Geometry>, material: Option<usize>, name: &str) -> usize {
        let primitive = Primitive { geometry, material, binding: None, morphs: Arc::default() };
        let mesh = Mesh { name: name.to_owned(), primitives: vec![primitive], ..Mesh::default() };
        self.model.meshes.push(mesh);
        self.model.meshes.len() - 1
    }

    /// The place of a material; none when the node is none or is not there.
    fn material(&mut self, id: NodeId) -> Result<Option<usize>, CommandError> {
        if let Some(place) = self.materials.get(&id) {
            return Ok(*place);
        }
        let found = self.root.find(id).and_then(|node| Some((node, kinds::Material::read(node)?)));
        let mut place = None;
        if let Some((node, material)) = found {
            let factors = read::factors(material);
            let mut out = Material {
                name: material.name().to_string(),
                base_color: factors.base_color,
                metallic: factors.metallic,
                roughness: factors.roughness,
                normal_scale: factors.normal_scale,
                occlusion_strength: factors.occlusion_strength,
                emissive: factors.emissive,
                alpha: factors.alpha,
                double_sided: factors.double_sided,
                unlit: factors.unlit,
                ior: factors.ior,
                lobes: factors.lobes,
                textures: Vec::new(),
            };
            for texture in node.children().filter_map(kinds::Texture::read) {
                let slot = slot(texture.purpose());
                if out.textures.iter().all(|(other, _)| *other != slot) {
                    let image = self.image(texture)?;
                    out.textures.push((slot, super::texture_ref(texture, image)));
                }
            }
            place = Some(self.model.materials.len());
            self.model.materials.push(out);
        }
        self.materials.insert(id, place);
        Ok(place)
    }

    fn image(&mut self, texture: kinds::Texture<'_>) -> Result<usize, CommandError> {
        let file = texture.image().filter(|_| texture.document().is_none());
        let known = file.and_then(|hash| self.images.get(&hash));
        if let Some(index) = known {
            return Ok(*index);
        }
        let data = match texture.image() {
            _ if texture.document().is_some() => self.drawn(texture)?,
            Some(hash) => ImageData::Encoded(self.blob(hash)?),
            None => ImageData::Missing,
        };
        let index = self.model.images.len();
        self.model.images.push(Image { name: texture.name().to_string(), data });
        self.images.extend(file.map(|hash| (hash, index)));
        Ok(index)
    }

    /// What a linked document shows, as a PNG.
    fn drawn(&mut self, texture: kinds::Texture<'_>) -> Result<ImageData, CommandError> {
        let Some(document) = texture.document() else { return Ok(ImageData::Missing) };
        let longest = texture.resolution().clamp(1, 16_384) as u32;
        let drawn = self.sources.drawn(document, longest, self.root.time(), self.reading);
        let Ok(image) = drawn else { return Ok(ImageData::Missing) };
        let mut rgba = image.rgba.clone();
        alpha::premultiply_pixels_u8(&mut rgba);
        let surface = Surface::with_pixels(image.width, image.height, Pixels::U8(rgba));
        let png = codec::encode(&surface, &Encoding::Png { depth: Depth::U8 });
        let png = png.map_err(|error| CommandError::Failed(format!("{}: {error}", self.place)))?;
        Ok(ImageData::Encoded(png.into()))
    }
}

fn light_of(light: kinds::Light<'_>, name: &str) -> Light {
    let kind = match light.shape() {
        LightShape::Sun => LightKind::Directional,
        LightShape::Point => LightKind::Point,
        LightShape::Spot => {
            let (inner, outer) = read::cone(light);
            LightKind::Spot { inner, outer }
        }
    };
    Light {
        name: name.to_owned(),
        color: super::decoded(light.color()).truncate(),
        intensity: light.intensity().max(0.0) as f32,
        kind,
        range: read::range(light),
    }
}
