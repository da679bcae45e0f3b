//! Meshes and their primitives.

use std::sync::Arc;

use glam::{Vec2, Vec3, Vec4};
use serde_json::Value;

use crate::{
    frame::Geometry,
    model::{Binding, Mesh, Morph, Primitive},
    topology::{Mode, compact, resolve},
};

use super::{
    accessor::{Accessors, Data},
    attributes::{self, Attribute, Attributes, Semantic},
    buffers::ARRAY,
    element::{Component, Shape},
    json::{At, Read},
    material::Materials,
};

/// A mesh with what nodes, skins and animations need to know of it.
pub(super) struct MeshInfo {
    pub mesh: Mesh,
    pub targets: usize,
    pub skinned: bool,
}

pub(super) fn read(
    root: &At<'_>,
    accessors: &Accessors<'_>,
    materials: &Materials,
    quantized: bool,
) -> Read<Vec<MeshInfo>> {
    let list = root.objects("meshes")?;
    list.iter().map(|at| read_mesh(at, accessors, materials, quantized)).collect()
}

fn read_mesh(
    at: &At<'_>,
    accessors: &Accessors<'_>,
    materials: &Materials,
    quantized: bool,
) -> Read<MeshInfo> {
    at.need("primitives")?;
    let mut mesh = Mesh { name: at.name()?, ..Mesh::default() };
    let mut targets = None;
    let mut skinned = false;
    for primitive in at.objects("primitives")? {
        let list = primitive.get("targets");
        let count = list.as_ref().map(|list| list.items()).transpose()?.map_or(0, |items| items.len());
        if *targets.get_or_insert(count) != count {
            let place = list.as_ref().unwrap_or(&primitive);
            return Err(place.error("all primitives need the same number of morph targets"));
        }
        let attributes = attributes::read(&primitive.need("attributes")?, accessors, false, quantized)?;
        attributes::check_numbers(&primitive.need("attributes")?, &attributes)?;
        skinned |= attributes.contains_key(&Semantic::Joints(0));
        let targets = read_targets(&primitive, &attributes, accessors, quantized)?;
        mesh.primitives.extend(read_primitive(&primitive, (&attributes, &targets), accessors, materials)?);
    }
    let targets = targets.unwrap_or(0);
    if let Some(weights) = at.get("weights") {
        mesh.weights = read_weights(&weights, targets)?;
    }
    mesh.target_names = read_target_names(at, targets);
    Ok(MeshInfo { mesh, targets, skinned })
}

/// The names of the morph targets, which many programs write beside what the specification asks for: none unless there is one
/// for each.
fn read_target_names(at: &At<'_>, targets: usize) -> Vec<String> {
    let list = at.value.get("extras").and_then(|extras| extras.get("targetNames")).and_then(Value::as_array);
    let names = list.into_iter().flatten().map(|name| name.as_str().map(str::to_owned));
    names.collect::<Option<Vec<String>>>().filter(|names| names.len() == targets).unwrap_or_default()
}

/// One weight for each morph target.
pub(super) fn read_weights(at: &At<'_>, targets: usize) -> Read<Vec<f32>> {
    let items = at.items()?;
    let weights = items.iter().map(|item| item.number().map(|number| number as f32)).collect::<Read<_>>()?;
    if items.len() != targets {
        return Err(at.error(format!("{} weights are not one for each of {targets} targets", items.len())));
    }
    Ok(weights)
}

fn read_targets<'a>(
    primitive: &At<'a>,
    base: &Attributes<'_>,
    accessors: &Accessors<'_>,
    quantized: bool,
) -> Read<Vec<Attributes<'a>>> {
    let mut targets = Vec::new();
    for target in primitive.objects("targets")? {
        let target = attributes::read(&target, accessors, true, quantized)?;
        for (semantic, attribute) in &target {
            let Some(own) = base.get(semantic) else {
                if *semantic == Semantic::Other {
                    continue;
                }
                return Err(attribute.at.error("the primitive has no such attribute"));
            };
            if own.count != attribute.count {
                let (found, wanted) = (attribute.count, own.count);
                return Err(attribute.at.error(format!("it has {found} elements, the primitive {wanted}")));
            }
            accessors.data(attribute.accessor)?;
        }
        targets.push(target);
    }
    Ok(targets)
}

fn read_primitive(
    at: &At<'_>,
    (attributes, targets): (&Attributes<'_>, &[Attributes<'_>]),
    accessors: &Accessors<'_>,
    materials: &Materials,
) -> Read<Option<Primitive>> {
    let faces = accessors.faces(at);
    let mode = Mode::of(at.unsigned_or("mode", 4, 0, 6)?);
    let mode = if faces.is_some() { Mode::Triangles } else { mode };
    let material = at.reference("material", materials.list.len())?;
    let sets = (0..).take_while(|n| attributes.contains_key(&Semantic::TexCoord(*n))).count();
    if let Some(needed) = material.and_then(|material| materials.sets.get(material))
        && *needed > sets
    {
        return Err(at.error_in("material", format!("the material needs TEXCOORD_{}", needed - 1)));
    }
    let positions = attributes.get(&Semantic::Position);
    let counts = || attributes.iter().filter(|(semantic, _)| **semantic != Semantic::Position);
    let count = positions.or_else(|| attributes.values().next()).map_or(0, |attribute| attribute.count);
    if let Some((_, other)) = counts().find(|(_, attribute)| attribute.count != count) {
        return Err(other.at.error(format!("it has {} elements, the primitive {count}", other.count)));
    }
    let indices = match faces {
        Some(faces) if faces.iter().any(|vertex| *vertex as usize >= count) => {
            return Err(at.error("a compressed triangle names a vertex that is not there"));
        }
        Some(faces) => Some(faces.clone()),
        None => at.get("indices").map(|at| read_indices(&at, accessors, count)).transpose()?,
    };
    for (semantic, attribute) in attributes {
        attributes::check_data(*semantic, attribute, accessors)?;
    }
    let Some(positions) = positions.filter(|positions| !accessors.is_blank(positions.accessor)) else {
        return Ok(None);
    };
    let (topology, mut indices) = resolve(mode, indices, count as u32);
    let kept = compact(&mut indices, count);
    let floats = |attribute: &Attribute<'_>| accessors.floats(attribute.accessor, kept.as_deref());
    let mut geometry = Geometry {
        positions: vectors(&floats(positions)?, |[x, y, z]| Vec3::new(x, y, z)),
        topology,
        indices,
        ..Geometry::default()
    };
    let of = |semantic| attributes.get(&semantic).map(floats).transpose();
    if let Some(normals) = of(Semantic::Normal)? {
        geometry.normals = vectors(&normals, |[x, y, z]| Vec3::new(x, y, z).normalize_or(Vec3::Z));
    }
    // Without normals triangles are flat, and tangents are passed over (glTF 2.0, 3.7.2.1).
    if let (false, Some(tangents)) = (geometry.normals.is_empty(), of(Semantic::Tangent)?) {
        geometry.tangents = vectors(&tangents, |[x, y, z, w]| {
            Vec3::new(x, y, z).normalize_or(Vec3::X).extend(if w < 0.0 { -1.0 } else { 1.0 })
        });
    }
    for set in 0..2 {
        if let Some(uvs) = of(Semantic::TexCoord(set))? {
            geometry.uvs[set] = vectors(&uvs, |[u, v]| Vec2::new(u, v));
        }
    }
    if let Some(colors) = of(Semantic::Color(0))? {
        geometry.colors = match colors.len() / geometry.positions.len().max(1) {
            3 => vectors(&colors, |[r, g, b]| Vec4::new(r, g, b, 1.0)),
            _ => vectors(&colors, |[r, g, b, a]| Vec4::new(r, g, b, a)),
        };
    }
    let binding = match (of(Semantic::Joints(0))?, of(Semantic::Weights(0))?) {
        (Some(joints), Some(weights)) => Some(Arc::new(Binding {
            joints: vectors(&joints, |four: [f32; 4]| four.map(|joint| joint as u16)),
            weights: vectors(&weights, Vec4::from_array),
        })),
        _ => None,
    };
    let added = |target: &Attributes<'_>, semantic| -> Read<Vec<Vec3>> {
        let numbers = target.get(&semantic).map(floats).transpose()?;
        Ok(numbers.map_or_else(Vec::new, |numbers| vectors(&numbers, Vec3::from_array)))
    };
    let morph = |target: &Attributes<'_>| {
        Ok(Morph {
            positions: added(target, Semantic::Position)?,
            normals: added(target, Semantic::Normal)?,
            tangents: added(target, Semantic::Tangent)?,
        })
    };
    let morphs = targets.iter().map(morph).collect::<Read<Arc<[Morph]>>>()?;
    Ok(Some(Primitive { geometry: Arc::new(geometry), material, binding, morphs }))
}

fn read_indices(at: &At<'_>, accessors: &Accessors<'_>, count: usize) -> Read<Vec<u32>> {
    let (index, accessor) = accessors.named(at)?;
    let restart: u32 = match accessor.component {
        Component::U8 => 0xff,
        Component::U16 => 0xffff,
        Component::U32 => 0xffff_ffff,
        _ => return Err(at.error("indices are unsigned integers")),
    };
    if accessor.shape != Shape::Scalar || accessor.normalized {
        return Err(at.error("indices are single numbers that are not normalised"));
    }
    let view = accessor.view.and_then(|view| accessors.buffers.views.get(view));
    if view.is_some_and(|view| view.stride.is_some()) {
        return Err(at.error("the view of indices may have no stride"));
    }
    if view.is_some_and(|view| view.target == Some(ARRAY)) {
        return Err(at.error("the target of its view is that of vertices"));
    }
    let data = accessors.data(index)?;
    let Data::Unsigned(integers) = &*data else { return Ok(Vec::new()) };
    accessors.spend(integers.len() as u64 * 4)?;
    if let Some(i) = integers.iter().position(|integer| *integer == restart) {
        return Err(at.error(format!("index {i} would restart the primitive")));
    }
    if let Some(i) = integers.iter().position(|integer| *integer as usize >= count) {
        let value = integers[i];
        return Err(at.error(format!("index {i} names vertex {value} of {count}")));
    }
    Ok(integers.clone())
}

fn vectors<const N: usize, T>(floats: &[f32], make: impl Fn([f32; N]) -> T) -> Vec<T> {
    floats.as_chunks::<N>().0.iter().map(|chunk| make(*chunk)).collect()
}
