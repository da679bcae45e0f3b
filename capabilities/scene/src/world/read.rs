//! Nodes to what they stand for.

use base::{BlobHash, LimitExceeded, Limits, NodeId};
use document::NodeRef;
use glam::{DMat4, DQuat, DVec3, EulerRot, Mat4, Vec3};

use crate::{
    frame::{Alpha, Light, LightKind, Material, Projection},
    kinds::{self, CameraProjection, LightShape, MaterialAlphaMode},
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
    },
    /// A place to look from.
    Camera(Projection),
    /// A light.
    Light(Light),
}

/// All that is visible below the root of a scene at the time of the root, in the order of the tree.
///
/// # Errors
/// The nodes are nested too deeply.
pub fn things(root: NodeRef<'_>, limits: &Limits) -> Result<Vec<Shown>, LimitExceeded> {
    let mut out = Vec::new();
    let mut stack: Vec<(NodeRef<'_>, DMat4, u64)> =
        root.children().rev().map(|child| (child, DMat4::IDENTITY, 1)).collect();
    while let Some((node, world_from_parent, depth)) = stack.pop() {
        Limits::check("the nesting of nodes", depth, limits.nesting, "nesting")?;
        let is_spatial = matches!(node.kind(), "scene.group" | "scene.mesh" | "scene.camera" | "scene.light");
        if !is_spatial || node.value("visible").and_then(|value| value.as_bool()) == Some(false) {
            continue;
        }
        let world_from_local = world_from_parent * transform(node);
        if !world_from_local.is_finite() {
            continue;
        }
        if let Some(thing) = thing(node, world_from_local) {
            out.push(Shown { node: node.id(), world_from_local: world_from_local.as_mat4(), thing });
        }
        stack.extend(node.children().rev().map(|child| (child, world_from_local, depth + 1)));
    }
    Ok(out)
}

/// From a node's space to its parent's.
fn transform(node: NodeRef<'_>) -> DMat4 {
    let number = |key: &str, default| node.number(key).unwrap_or(default);
    let position = DVec3::new(number("x", 0.0), number("y", 0.0), number("z", 0.0));
    let [x, y, z] = ["rotationX", "rotationY", "rotationZ"].map(|key| number(key, 0.0).to_radians());
    let rotation = DQuat::from_euler(EulerRot::ZYX, z, y, x);
    let scale = DVec3::new(number("scaleX", 1.0), number("scaleY", 1.0), number("scaleZ", 1.0));
    let matrix = node.numbers::<16>("matrix").map_or(DMat4::IDENTITY, |list| DMat4::from_cols_array(&list));
    DMat4::from_scale_rotation_translation(scale, rotation, position) * matrix
}

fn thing(node: NodeRef<'_>, world_from_local: DMat4) -> Option<Thing> {
    if let Some(mesh) = kinds::Mesh::read(node) {
        return Some(Thing::Mesh { geometry: mesh.geometry(), material: mesh.material() });
    }
    if let Some(camera) = kinds::Camera::read(node) {
        let far = if camera.far() > camera.near() { camera.far() as f32 } else { f32::INFINITY };
        let near = camera.near() as f32;
        return Some(Thing::Camera(match camera.projection() {
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
        }));
    }
    let light = kinds::Light::read(node)?;
    let position = world_from_local.w_axis.truncate().as_vec3();
    let direction = -world_from_local.z_axis.truncate().as_vec3().normalize_or(Vec3::Z);
    let range = if light.range() > 0.0 { light.range() as f32 } else { f32::INFINITY };
    let kind = match light.shape() {
        LightShape::Sun => LightKind::Directional(direction),
        LightShape::Point => LightKind::Point { position, range },
        LightShape::Spot => {
            let outer = light.outer_angle().clamp(0.01, 90.0);
            let inner = light.inner_angle().clamp(0.0, outer);
            let [inner, outer] = [inner, outer].map(|angle| angle.to_radians() as f32);
            LightKind::Spot { position, direction, range, inner, outer }
        }
    };
    let color = super::decoded(light.color()).truncate() * light.intensity().max(0.0) as f32;
    Some(Thing::Light(Light { color, kind }))
}

/// A material without its textures, which `texture` reads.
pub(crate) fn material(
    node: NodeRef<'_>,
    texture: impl FnMut(kinds::Texture<'_>) -> crate::frame::Texture,
) -> Option<Material> {
    let material = kinds::Material::read(node)?;
    let alpha = match material.alpha_mode() {
        MaterialAlphaMode::Opaque => Alpha::Opaque,
        MaterialAlphaMode::Mask => Alpha::Mask(material.alpha_cutoff() as f32),
        MaterialAlphaMode::Blend => Alpha::Blend,
    };
    let mut out = Material {
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
        ..Material::default()
    };
    super::texture::apply(node, &mut out, texture);
    Some(out)
}
