//! Models to nodes.

use std::sync::Arc;

use base::{BlobHash, IdSource, Limits, NodeId};
use document::{Delta, Key, Value};
use glam::{DQuat, EulerRot, Mat4, Quat, Vec3};
use kernel::{Bytes, CommandError};
use rustc_hash::FxHashMap;

mod motion;

use crate::{
    deformation::{self, Deformation},
    frame::{Alpha, Geometry, Lobes, Projection, Wrap},
    geometry,
    kinds::{
        CameraProjection, CameraProperties, GroupProperties, LightProperties, LightShape, MaterialAlphaMode,
        MaterialProperties, MeshProperties, TextureProperties, TextureWrapX, TextureWrapY,
    },
    model::{
        Camera, ImageData, Light, LightKind, Material, Model, Node, Path, Primitive, Slot, TextureRef,
        Transform,
    },
};

/// Keeps a blob and gives its hash.
type Keep<'a> = dyn FnMut(Bytes) -> Result<BlobHash, CommandError> + 'a;

/// A model as it comes into a scene.
pub struct Inserted {
    /// The deltas that put it there.
    pub deltas: Vec<Delta>,
    /// Its geometries and the blobs that hold them.
    pub geometries: Vec<(BlobHash, Arc<Geometry>)>,
}

/// Puts a model into an empty scene. Geometry and images are handed to `keep`.
///
/// # Errors
/// A limit on nodes or nesting is exceeded, or a blob cannot be kept. `place` names the file then.
pub fn insert(
    model: &Model,
    place: &str,
    limits: &Limits,
    ids: &mut IdSource,
    keep: &mut Keep<'_>,
) -> Result<Inserted, CommandError> {
    let failed = |limit| CommandError::Limit { place: place.to_owned(), limit };
    Limits::check("the number of nodes", count(model), limits.nodes, "nodes").map_err(failed)?;
    let mut writer = Writer {
        ids,
        keep,
        deltas: Vec::new(),
        materials: Vec::new(),
        skins: Vec::new(),
        nodes: FxHashMap::default(),
        morphed: FxHashMap::default(),
        blobs: FxHashMap::default(),
        geometries: Vec::new(),
    };
    let home = writer.materials(model)?;
    writer.skins = model.skins.iter().map(|_| writer.ids.next_id()).collect();
    let mut last: FxHashMap<NodeId, NodeId> = home.into_iter().map(|home| (NodeId::ROOT, home)).collect();
    let mut stack: Vec<(usize, NodeId, u64)> =
        model.roots.iter().rev().map(|root| (*root, NodeId::ROOT, 1)).collect();
    while let Some((index, parent, depth)) = stack.pop() {
        Limits::check("the nesting of nodes", depth, limits.nesting, "nesting").map_err(failed)?;
        let Some(node) = model.nodes.get(index) else { continue };
        let id = writer.node(model, (index, node), parent, last.get(&parent).copied())?;
        last.insert(parent, id);
        writer.nodes.insert(index, id);
        if let Some(Delta::Insert { node, parent, .. }) = writer.deltas.last()
            && *parent == id
        {
            last.insert(id, *node);
        }
        stack.extend(node.children.iter().rev().map(|child| (*child, id, depth + 1)));
    }
    motion::write(&mut writer, model, last.get(&NodeId::ROOT).copied())?;
    Ok(Inserted { deltas: writer.deltas, geometries: writer.geometries })
}

/// How many nodes of a document a model makes at most.
fn count(model: &Model) -> u64 {
    let mut count = model.materials.iter().map(|material| 1 + material.textures.len() as u64).sum();
    count += model.skins.iter().map(|skin| 1 + skin.joints.len() as u64).sum::<u64>();
    let parts = |node: &Node| {
        let mesh = node.mesh.and_then(|mesh| model.meshes.get(mesh));
        mesh.map_or(0, |mesh| mesh.primitives.len() as u64)
    };
    for animation in &model.animations {
        let channels = animation.channels.iter().map(|channel| match channel.path {
            Path::Weights => model.nodes.get(channel.node).map_or(0, parts),
            Path::Translation | Path::Rotation | Path::Scale => 1,
        });
        count += 1 + channels.sum::<u64>();
    }
    model.walk(|node, _| count += 1 + parts(node));
    count
}

/// What a node of a model shows.
#[derive(Clone, Copy)]
enum Part<'m> {
    Primitive(usize, usize),
    Camera(&'m Camera),
    Light(&'m Light),
}

struct Writer<'w, 'k> {
    ids: &'w mut IdSource,
    keep: &'w mut Keep<'k>,
    deltas: Vec<Delta>,
    materials: Vec<NodeId>,
    skins: Vec<NodeId>,
    /// The nodes of the document by those of the model.
    nodes: FxHashMap<usize, NodeId>,
    /// The meshes of the document with morph targets, by nodes of the model.
    morphed: FxHashMap<usize, Vec<NodeId>>,
    /// The blobs of primitives, by mesh and place: the geometry and what bends it.
    blobs: FxHashMap<(usize, usize), (BlobHash, Option<BlobHash>)>,
    geometries: Vec<(BlobHash, Arc<Geometry>)>,
}

/// Sets the name and place of a node through the builder of its kind.
macro_rules! placed {
    ($builder:expr, $name:expr, $transform:expr) => {{
        let placed = Placed::of($transform);
        let builder = $builder
            .name($name)
            .x(placed.position.x.into())
            .y(placed.position.y.into())
            .z(placed.position.z.into())
            .rotation_x(placed.degrees[0])
            .rotation_y(placed.degrees[1])
            .rotation_z(placed.degrees[2])
            .scale_x(placed.scale.x.into())
            .scale_y(placed.scale.y.into())
            .scale_z(placed.scale.z.into());
        match placed.matrix {
            Some(matrix) => builder.matrix(numbers(&matrix.to_cols_array())),
            None => builder,
        }
    }};
}

impl Writer<'_, '_> {
    /// Inserts a node; what it shows lies below it unless it is one thing alone.
    fn node(
        &mut self,
        model: &Model,
        (number, node): (usize, &Node),
        parent: NodeId,
        after: Option<NodeId>,
    ) -> Result<NodeId, CommandError> {
        let mesh = node.mesh.and_then(|index| Some((index, model.meshes.get(index)?)));
        let primitives = mesh
            .iter()
            .flat_map(|(index, mesh)| (0..mesh.primitives.len()).map(|i| Part::Primitive(*index, i)));
        let mut parts: Vec<Part<'_>> = primitives.collect();
        parts.extend(node.camera.and_then(|camera| model.cameras.get(camera)).map(Part::Camera));
        parts.extend(node.light.and_then(|light| model.lights.get(light)).map(Part::Light));
        if let [part] = *parts {
            let name = if node.name.is_empty() { part_name(model, part) } else { &node.name };
            return self.part(model, (number, node, part), name, &node.transform, parent, after);
        }
        let name = match mesh {
            Some((_, mesh)) if node.name.is_empty() => &mesh.name,
            _ => &node.name,
        };
        let list = placed!(GroupProperties::default(), name, &node.transform).list();
        let id = self.push("scene.group", parent, after, list);
        let mut before = None;
        for part in parts {
            before = Some(self.part(
                model,
                (number, node, part),
                part_name(model, part),
                &Transform::default(),
                id,
                before,
            )?);
        }
        Ok(id)
    }

    fn part(
        &mut self,
        model: &Model,
        (number, node, part): (usize, &Node, Part<'_>),
        name: &str,
        transform: &Transform,
        parent: NodeId,
        after: Option<NodeId>,
    ) -> Result<NodeId, CommandError> {
        let mut has_morphs = false;
        let (kind, list) = match part {
            Part::Primitive(mesh, index) => {
                let mut builder = placed!(MeshProperties::default(), name, transform);
                let found = model.meshes.get(mesh);
                if let Some((found, primitive)) =
                    found.and_then(|found| Some((found, found.primitives.get(index)?)))
                {
                    let (hash, deformation) = self.blobs((mesh, index), primitive)?;
                    builder = builder.geometry(hash);
                    if let Some(deformation) = deformation {
                        builder = builder.deformation(deformation);
                    }
                    if let Some(skin) = node.skin.and_then(|skin| self.skins.get(skin)) {
                        builder = builder.skin(*skin);
                    }
                    let weights = node.weights.as_ref().unwrap_or(&found.weights);
                    has_morphs = !primitive.morphs.is_empty();
                    if has_morphs && !weights.is_empty() {
                        builder = builder.weights(numbers(weights));
                    }
                    if has_morphs && !found.target_names.is_empty() {
                        builder = builder.target_names(names(&found.target_names));
                    }
                    if let Some(material) = primitive.material.and_then(|index| self.materials.get(index)) {
                        builder = builder.material(*material);
                    }
                }
                ("scene.mesh", builder.list())
            }
            Part::Camera(camera) => {
                let builder = placed!(CameraProperties::default(), name, transform);
                ("scene.camera", camera_properties(builder, camera).list())
            }
            Part::Light(light) => {
                let builder = placed!(LightProperties::default(), name, transform);
                ("scene.light", light_properties(builder, light).list())
            }
        };
        let id = self.push(kind, parent, after, list);
        if has_morphs {
            self.morphed.entry(number).or_default().push(id);
        }
        Ok(id)
    }

    /// The blobs of a primitive.
    fn blobs(
        &mut self,
        key: (usize, usize),
        primitive: &Primitive,
    ) -> Result<(BlobHash, Option<BlobHash>), CommandError> {
        if let Some(blobs) = self.blobs.get(&key) {
            return Ok(*blobs);
        }
        let geometry = (self.keep)(geometry::encode(&primitive.geometry).into())?;
        let mut blobs = (geometry, None);
        if primitive.binding.is_some() || !primitive.morphs.is_empty() {
            let deformation =
                Deformation { binding: primitive.binding.clone(), morphs: primitive.morphs.clone() };
            let bytes = deformation::encode(&deformation, primitive.geometry.positions.len());
            blobs.1 = Some((self.keep)(bytes.into())?);
        }
        self.geometries.push((geometry, primitive.geometry.clone()));
        self.blobs.insert(key, blobs);
        Ok(blobs)
    }

    /// Inserts all materials; gives the node that they are below.
    fn materials(&mut self, model: &Model) -> Result<Option<NodeId>, CommandError> {
        if model.materials.is_empty() {
            return Ok(None);
        }
        let mut images = Vec::with_capacity(model.images.len());
        for image in &model.images {
            images.push(match &image.data {
                ImageData::Encoded(bytes) => Some((self.keep)(bytes.clone())?),
                ImageData::Missing => None,
            });
        }
        let home = self.push("scene.materials", NodeId::ROOT, None, Vec::new());
        let mut before = None;
        for material in &model.materials {
            let id = self.push("scene.material", home, before, material_properties(material).list());
            self.materials.push(id);
            before = Some(id);
            let mut above = None;
            for (slot, texture) in &material.textures {
                let name = model.images.get(texture.image).map_or("", |image| &image.name);
                let mut builder = texture_properties(*slot, texture).name(name);
                if let Some(hash) = images.get(texture.image).copied().flatten() {
                    builder = builder.image(hash);
                }
                above = Some(self.push("scene.texture", id, above, builder.list()));
            }
        }
        Ok(Some(home))
    }

    fn push(&mut self, kind: &str, parent: NodeId, after: Option<NodeId>, list: Vec<(Key, Value)>) -> NodeId {
        let node = self.ids.next_id();
        self.push_as(node, kind, parent, after, list)
    }

    fn push_as(
        &mut self,
        node: NodeId,
        kind: &str,
        parent: NodeId,
        after: Option<NodeId>,
        list: Vec<(Key, Value)>,
    ) -> NodeId {
        self.deltas.push(Delta::Insert { node, kind: kind.into(), parent, after, properties: list });
        node
    }
}

fn part_name<'m>(model: &'m Model, part: Part<'m>) -> &'m str {
    match part {
        Part::Primitive(mesh, _) => model.meshes.get(mesh).map_or("", |mesh| &mesh.name),
        Part::Camera(camera) => &camera.name,
        Part::Light(light) => &light.name,
    }
}

/// A transform as people see it.
struct Placed {
    position: Vec3,
    degrees: [f64; 3],
    scale: Vec3,
    matrix: Option<Mat4>,
}

impl Placed {
    fn of(transform: &Transform) -> Self {
        match *transform {
            Transform::Parts { translation, rotation, scale } => Placed::parts(translation, rotation, scale),
            Transform::Matrix(matrix) => {
                let (scale, rotation, translation) = matrix.to_scale_rotation_translation();
                let again = Mat4::from_scale_rotation_translation(scale, rotation, translation);
                let size = matrix.to_cols_array().iter().fold(0.0f32, |size, x| size.max(x.abs()));
                if again.is_finite() && again.abs_diff_eq(matrix, 1e-5 * size) {
                    return Placed::parts(translation, rotation, scale);
                }
                Placed { matrix: Some(matrix), ..Placed::parts(Vec3::ZERO, Quat::IDENTITY, Vec3::ONE) }
            }
        }
    }

    fn parts(position: Vec3, rotation: Quat, scale: Vec3) -> Self {
        let rotation =
            if rotation == Quat::IDENTITY { DQuat::IDENTITY } else { rotation.as_dquat().normalize() };
        let (z, y, x) = rotation.to_euler(EulerRot::ZYX);
        Placed { position, degrees: [x, y, z].map(f64::to_degrees), scale, matrix: None }
    }
}

fn numbers(list: &[f32]) -> Value {
    Value::List(list.iter().map(|number| Value::Number(f64::from(*number))).collect())
}

fn names(list: &[String]) -> Value {
    Value::List(list.iter().map(|name| name.as_str().into()).collect())
}

fn camera_properties(builder: CameraProperties, camera: &Camera) -> CameraProperties {
    match camera.projection {
        Projection::Perspective { yfov, near, far } => {
            builder.field_of_view(f64::from(yfov).to_degrees()).near(near.into()).far(bounded(far))
        }
        Projection::Orthographic { ymag, near, far } => builder
            .projection(CameraProjection::Orthographic)
            .height(f64::from(ymag) * 2.0)
            .near(near.into())
            .far(bounded(far)),
    }
}

/// A distance, or 0 when it is infinite.
fn bounded(distance: f32) -> f64 {
    if distance.is_finite() { distance.into() } else { 0.0 }
}

fn light_properties(builder: LightProperties, light: &Light) -> LightProperties {
    let builder = builder
        .color(super::encoded(light.color.extend(1.0)))
        .intensity(light.intensity.into())
        .range(bounded(light.range));
    match light.kind {
        LightKind::Directional => builder,
        LightKind::Point => builder.shape(LightShape::Point),
        LightKind::Spot { inner, outer } => builder
            .shape(LightShape::Spot)
            .inner_angle(f64::from(inner).to_degrees())
            .outer_angle(f64::from(outer).to_degrees().min(90.0)),
    }
}

fn material_properties(material: &Material) -> MaterialProperties {
    let strength = material.emissive.max_element().max(1.0);
    let builder = MaterialProperties::default()
        .name(&material.name)
        .base_color(super::encoded(material.base_color))
        .metallic(material.metallic.into())
        .roughness(material.roughness.into())
        .normal_scale(material.normal_scale.into())
        .occlusion_strength(material.occlusion_strength.into())
        .emissive(super::encoded((material.emissive / strength).extend(1.0)))
        .emissive_strength(strength.into())
        .double_sided(material.double_sided)
        .unlit(material.unlit)
        .ior(material.ior.into());
    let builder = lobe_properties(builder, &material.lobes);
    match material.alpha {
        Alpha::Opaque => builder,
        Alpha::Mask(cutoff) => builder.alpha_mode(MaterialAlphaMode::Mask).alpha_cutoff(cutoff.into()),
        Alpha::Blend => builder.alpha_mode(MaterialAlphaMode::Blend),
    }
}

fn lobe_properties(builder: MaterialProperties, lobes: &Lobes) -> MaterialProperties {
    let strength = lobes.specular_color.max_element().max(1.0);
    builder
        .clearcoat(lobes.clearcoat.into())
        .clearcoat_roughness(lobes.clearcoat_roughness.into())
        .clearcoat_normal_scale(lobes.clearcoat_normal_scale.into())
        .transmission(lobes.transmission.into())
        .thickness(lobes.thickness.into())
        .attenuation_distance(bounded(lobes.attenuation_distance))
        .attenuation_color(super::encoded(lobes.attenuation_color.extend(1.0)))
        .specular(lobes.specular.into())
        .specular_color(super::encoded((lobes.specular_color / strength).extend(1.0)))
        .specular_color_strength(strength.into())
        .sheen_color(super::encoded(lobes.sheen_color.extend(1.0)))
        .sheen_roughness(lobes.sheen_roughness.into())
}

fn texture_properties(slot: Slot, texture: &TextureRef) -> TextureProperties {
    let transform = &texture.transform;
    TextureProperties::default()
        .purpose(super::texture::purpose(slot))
        .set(texture.set as i64)
        .offset_x(transform.offset.x.into())
        .offset_y(transform.offset.y.into())
        .rotation(f64::from(transform.rotation).to_degrees())
        .scale_x(transform.scale.x.into())
        .scale_y(transform.scale.y.into())
        .wrap_x(match texture.wrap[0] {
            Wrap::Repeat => TextureWrapX::Repeat,
            Wrap::Mirror => TextureWrapX::Mirror,
            Wrap::Clamp => TextureWrapX::Clamp,
        })
        .wrap_y(match texture.wrap[1] {
            Wrap::Repeat => TextureWrapY::Repeat,
            Wrap::Mirror => TextureWrapY::Mirror,
            Wrap::Clamp => TextureWrapY::Clamp,
        })
        .smooth(texture.smooth)
}
