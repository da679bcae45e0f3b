//! Nodes to what they stand for.

use base::{BlobHash, LimitExceeded, Limits, NodeId};
use document::{NodeRef, Value};
use glam::{DMat4, DQuat, DVec3, EulerRot, Mat4, Vec3};
use rustc_hash::FxHashMap;

use crate::{
    frame::{Alpha, Light, LightKind, Lobes, Material, Projection},
    kinds::{self, CameraProjection, LightShape, MaterialAlphaMode},
    world::{Motion, Pose},
};

/// Something in a scene, in the world's space.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Its node.
    pub node: NodeId,
    /// Where it is.
    pub world_from_local: Mat4,
    /// What it is.
    pub thing: Thing,
}

/// What a node shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Thing {
    /// Geometry with a material.
    Mesh {
        /// The blob of the geometry.
        geometry: Option<BlobHash>,
        /// The node of the material.
        material: Option<NodeId>,
        /// What bends it.
        bend: Option<Bend>,
    },
    /// A place to look from.
    Camera(Projection),
    /// A light.
    Light(Light),
}

/// What bends a mesh.
#[derive(Clone, Debug, PartialEq)]
pub struct Bend {
    /// The blob of the deformation.
    pub deformation: BlobHash,
    /// The node of the skin.
    pub skin: Option<NodeId>,
    /// How much each morph target counts.
    pub weights: Vec<f64>,
}

/// A scene at a time.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// All that is visible, in the order of the tree.
    pub shown: Vec<Shown>,
    /// The matrices that bring what hangs on the joints of each skin into the world's space. Joints need not be visible.
    pub skins: FxHashMap<NodeId, Vec<DMat4>>,
}

/// All that is visible below the root of a scene at the time of the root, with what moves where `motion` puts it.
///
/// # Errors
/// The nodes are nested too deeply.
pub fn world(root: NodeRef<'_>, motion: &Motion, limits: &Limits) -> Result<World, LimitExceeded> {
    struct Visit<'a> {
        node: NodeRef<'a>,
        world_from_parent: DMat4,
        is_visible: bool,
        depth: u64,
    }
    let mut out = World::default();
    let mut places: FxHashMap<NodeId, DMat4> = FxHashMap::default();
    let skins = root.children().filter(|node| node.kind() == kinds::Skins::KIND);
    let skins: Vec<NodeRef<'_>> = skins.flat_map(NodeRef::children).collect();
    let has_skins = !skins.is_empty();
    let mut stack: Vec<Visit<'_>> = Vec::new();
    let first = |node| Visit { node, world_from_parent: DMat4::IDENTITY, is_visible: true, depth: 1 };
    stack.extend(root.children().rev().map(first));
    while let Some(Visit { node, world_from_parent, is_visible, depth }) = stack.pop() {
        Limits::check("the nesting of nodes", depth, limits.nesting, "nesting")?;
        let is_visible = is_visible && is_shown(node);
        if !is_spatial(node) || !is_visible && !has_skins {
            continue;
        }
        let world_from_local = world_from_parent * moved(node, motion);
        if !world_from_local.is_finite() {
            continue;
        }
        if has_skins {
            places.insert(node.id(), world_from_local);
        }
        if is_visible && let Some(thing) = thing(node, world_from_local, motion) {
            out.shown.push(Shown { node: node.id(), world_from_local: world_from_local.as_mat4(), thing });
        }
        let below = |node| Visit { node, world_from_parent: world_from_local, is_visible, depth: depth + 1 };
        stack.extend(node.children().rev().map(below));
    }
    out.skins = skins.into_iter().map(|node| (node.id(), skin(node, &places))).collect();
    Ok(out)
}

/// Whether a node has a place in the world.
fn is_spatial(node: NodeRef<'_>) -> bool {
    matches!(node.kind(), "scene.group" | "scene.mesh" | "scene.camera" | "scene.light")
}

/// Whether a node has a place in the world and is visible, as far as it says itself.
pub(super) fn is_shown(node: NodeRef<'_>) -> bool {
    is_spatial(node) && node.value("visible").and_then(|value| value.as_bool()) != Some(false)
}

/// From a node's space to its parent's.
pub(crate) fn transform(node: NodeRef<'_>) -> DMat4 {
    posed(node, None)
}

/// From a node's space to its parent's, as it moves.
pub(crate) fn moved(node: NodeRef<'_>, motion: &Motion) -> DMat4 {
    posed(node, motion.poses.get(&node.id()))
}

/// The same, with what an animation makes of it.
fn posed(node: NodeRef<'_>, pose: Option<&Pose>) -> DMat4 {
    let (scale, rotation, position, matrix) = placement(node, pose);
    DMat4::from_scale_rotation_translation(scale, rotation, position) * matrix.unwrap_or(DMat4::IDENTITY)
}

/// How a node is scaled, then turned, then moved, and the matrix that comes before all of that.
pub(super) fn placement(node: NodeRef<'_>, pose: Option<&Pose>) -> (DVec3, DQuat, DVec3, Option<DMat4>) {
    let number = |key: &str, default| node.number(key).unwrap_or(default);
    let position = pose
        .and_then(|pose| pose.translation)
        .unwrap_or_else(|| DVec3::new(number("x", 0.0), number("y", 0.0), number("z", 0.0)));
    let rotation = pose.and_then(|pose| pose.rotation).unwrap_or_else(|| {
        let [x, y, z] = ["rotationX", "rotationY", "rotationZ"].map(|key| number(key, 0.0).to_radians());
        DQuat::from_euler(EulerRot::ZYX, z, y, x)
    });
    let scale = pose
        .and_then(|pose| pose.scale)
        .unwrap_or_else(|| DVec3::new(number("scaleX", 1.0), number("scaleY", 1.0), number("scaleZ", 1.0)));
    let matrix = node.numbers::<16>("matrix").map(|list| DMat4::from_cols_array(&list));
    (scale, rotation, position, matrix)
}

fn thing(node: NodeRef<'_>, world_from_local: DMat4, motion: &Motion) -> Option<Thing> {
    if let Some(mesh) = kinds::Mesh::read(node) {
        let bend = bend(node, mesh, motion);
        return Some(Thing::Mesh { geometry: mesh.geometry(), material: mesh.material(), bend });
    }
    if let Some(camera) = kinds::Camera::read(node) {
        return Some(Thing::Camera(projection(camera)));
    }
    let light = kinds::Light::read(node)?;
    let position = world_from_local.w_axis.truncate().as_vec3();
    let direction = -world_from_local.z_axis.truncate().as_vec3().normalize_or(Vec3::Z);
    let range = range(light);
    let kind = match light.shape() {
        LightShape::Sun => LightKind::Directional(direction),
        LightShape::Point => LightKind::Point { position, range },
        LightShape::Spot => {
            let (inner, outer) = cone(light);
            LightKind::Spot { position, direction, range, inner, outer }
        }
    };
    let color = super::decoded(light.color()).truncate() * light.intensity().max(0.0) as f32;
    Some(Thing::Light(Light { color, kind }))
}

/// What bends a mesh as it moves.
pub(crate) fn bend(node: NodeRef<'_>, mesh: kinds::Mesh<'_>, motion: &Motion) -> Option<Bend> {
    let weights = motion.poses.get(&node.id()).and_then(|pose| pose.weights.clone());
    Some(Bend {
        deformation: mesh.deformation()?,
        skin: mesh.skin(),
        weights: weights.unwrap_or_else(|| list(node, "weights")),
    })
}

/// The numbers in a list; what is none counts as 0.
fn list(node: NodeRef<'_>, key: &str) -> Vec<f64> {
    let Some(value) = node.value(key) else { return Vec::new() };
    let Value::List(items) = value.as_ref() else { return Vec::new() };
    items.iter().map(|item| item.as_number().unwrap_or_default()).collect()
}

/// The matrices that bring what hangs on the joints of a skin into the world's space.
fn skin(skin: NodeRef<'_>, places: &FxHashMap<NodeId, DMat4>) -> Vec<DMat4> {
    let joints = skin.children().filter(|node| node.kind() == kinds::Joint::KIND);
    let matrix = |joint: NodeRef<'_>| {
        let target = kinds::Joint::read(joint).and_then(|joint| joint.target());
        let place = target.and_then(|target| places.get(&target)).copied().unwrap_or_default();
        let bind = joint.numbers::<16>("bind");
        place * bind.map_or(DMat4::IDENTITY, |list| DMat4::from_cols_array(&list))
    };
    joints.map(matrix).collect()
}

/// How far a light shines; infinite when nothing bounds it.
pub(super) fn range(light: kinds::Light<'_>) -> f32 {
    if light.range() > 0.0 { light.range() as f32 } else { f32::INFINITY }
}

/// The inner and the outer angle of a spot, in radians.
pub(super) fn cone(light: kinds::Light<'_>) -> (f32, f32) {
    let outer = light.outer_angle().clamp(0.01, 90.0);
    let inner = light.inner_angle().clamp(0.0, outer);
    (inner.to_radians() as f32, outer.to_radians() as f32)
}

/// How a camera's distances become sizes.
pub(super) fn projection(camera: kinds::Camera<'_>) -> Projection {
    let far = if camera.far() > camera.near() { camera.far() as f32 } else { f32::INFINITY };
    let near = camera.near() as f32;
    match camera.projection() {
        CameraProjection::Perspective => Projection::Perspective {
            yfov: camera.field_of_view().clamp(0.01, 179.0).to_radians() as f32,
            near: near.max(1e-4),
            far,
        },
        CameraProjection::Orthographic => Projection::Orthographic {
            ymag: (camera.height() / 2.0).max(1e-6) as f32,
            near,
            far: if far.is_finite() { far } else { near + 1e4 },
        },
    }
}

/// A material without its textures, which `texture` reads.
pub(crate) fn material(
    node: NodeRef<'_>,
    texture: impl FnMut(kinds::Texture<'_>) -> crate::frame::Texture,
) -> Option<Material> {
    let mut out = factors(kinds::Material::read(node)?);
    super::texture::apply(node, &mut out, texture);
    Some(out)
}

/// A material without textures.
pub(super) fn factors(material: kinds::Material<'_>) -> Material {
    let alpha = match material.alpha_mode() {
        MaterialAlphaMode::Opaque => Alpha::Opaque,
        MaterialAlphaMode::Mask => Alpha::Mask(material.alpha_cutoff() as f32),
        MaterialAlphaMode::Blend => Alpha::Blend,
    };
    Material {
        base_color: super::decoded(material.base_color()),
        metallic: material.metallic().clamp(0.0, 1.0) as f32,
        roughness: material.roughness().clamp(0.0, 1.0) as f32,
        normal_scale: material.normal_scale() as f32,
        occlusion_strength: material.occlusion_strength().clamp(0.0, 1.0) as f32,
        emissive: super::decoded(material.emissive()).truncate()
            * material.emissive_strength().max(0.0) as f32,
        alpha,
        double_sided: material.double_sided(),
        unlit: material.unlit(),
        ior: material.ior() as f32,
        lobes: lobes(material),
        ..Material::default()
    }
}

fn lobes(material: kinds::Material<'_>) -> Lobes {
    let unit = |number: f64| number.clamp(0.0, 1.0) as f32;
    let color = |color| super::decoded(color).truncate();
    let distance = material.attenuation_distance() as f32;
    Lobes {
        clearcoat: unit(material.clearcoat()),
        clearcoat_roughness: unit(material.clearcoat_roughness()),
        clearcoat_normal_scale: material.clearcoat_normal_scale() as f32,
        transmission: unit(material.transmission()),
        thickness: material.thickness().max(0.0) as f32,
        attenuation_distance: if distance > 0.0 { distance } else { f32::INFINITY },
        attenuation_color: color(material.attenuation_color()),
        specular: unit(material.specular()),
        specular_color: color(material.specular_color()) * material.specular_color_strength().max(0.0) as f32,
        sheen_color: color(material.sheen_color()),
        sheen_roughness: unit(material.sheen_roughness()),
    }
}
