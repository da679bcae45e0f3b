//! Meshes: primitives that share the accessors of the geometry that they share.

use std::sync::Arc;

use glam::{Vec2, Vec3, Vec4};
use rustc_hash::FxHashMap;
use serde_json::{Map, Value as Json, json};

use crate::{
    frame::{Geometry, Topology},
    model::{Mesh, Model},
};

use super::{
    super::elements,
    asset::Asset,
    bend::{Bends, Held},
    insert_name,
    material::Materials,
    node::fitted,
    numbers,
};

/// How far the length of a unit vector may be off before it is made one.
const UNIT_TOLERANCE: f32 = 1e-3;

/// Written meshes.
pub(super) struct Meshes {
    pub list: Vec<Json>,
    /// Each mesh of the model; none of those in which nothing is to be seen.
    places: Vec<Option<Written>>,
}

/// A written mesh.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub number: usize,
    /// How many morph targets it has.
    pub targets: usize,
    /// Whether it hangs on joints.
    pub has_joints: bool,
}

impl Meshes {
    /// What became of a mesh of the model.
    pub fn written(&self, mesh: usize) -> Option<Written> {
        self.places.get(mesh).copied().flatten()
    }
}

pub(super) fn write(model: &Model, asset: &mut Asset, materials: &mut Materials) -> Meshes {
    let joints = joints(model);
    let mut writer = Writer { asset, shared: FxHashMap::default(), bends: Bends::default() };
    let mut meshes = Meshes { list: Vec::new(), places: Vec::with_capacity(model.meshes.len()) };
    for (mesh, joints) in model.meshes.iter().zip(joints) {
        let written = writer.mesh(mesh, joints, materials);
        let place = written.as_ref().map(|(_, targets, has_joints)| Written {
            number: meshes.list.len(),
            targets: *targets,
            has_joints: *has_joints,
        });
        meshes.places.push(place);
        meshes.list.extend(written.map(|(mesh, ..)| mesh));
    }
    meshes
}

/// How many joints each mesh may hang on: as many as the smallest skin of its nodes has; 0 without any.
fn joints(model: &Model) -> Vec<usize> {
    let mut out: Vec<Option<usize>> = vec![None; model.meshes.len()];
    for node in &model.nodes {
        let skin = node.skin.and_then(|skin| model.skins.get(skin));
        if let (Some(skin), Some(count)) = (skin, node.mesh.and_then(|mesh| out.get_mut(mesh))) {
            *count = Some(count.map_or(skin.joints.len(), |count| count.min(skin.joints.len())));
        }
    }
    out.into_iter().map(Option::unwrap_or_default).collect()
}

/// The accessors of a geometry.
#[derive(Clone, Default)]
struct Accessors {
    attributes: Map<String, Json>,
    indices: Option<usize>,
    uvs: usize,
    held: Held,
}

struct Writer<'a> {
    asset: &'a mut Asset,
    /// Accessors by the place of the geometry in memory, which stays as it is while models are written.
    shared: FxHashMap<*const Geometry, Accessors>,
    bends: Bends,
}

impl Writer<'_> {
    /// A mesh with as many `joints`, if anything of it is to be seen; how many morph targets it has, and whether it hangs on joints.
    fn mesh(&mut self, mesh: &Mesh, joints: usize, materials: &mut Materials) -> Option<(Json, usize, bool)> {
        let mut primitives = Vec::new();
        let targets = mesh.primitives.iter().map(|primitive| primitive.morphs.len()).max().unwrap_or(0);
        let mut has_joints = false;
        for primitive in &mesh.primitives {
            let Some(indices) = elements(&primitive.geometry) else { continue };
            let (material, sets) = materials.place(primitive.material);
            let accessors = self.accessors(&primitive.geometry, indices, sets);
            let mut attributes = accessors.attributes;
            if let Some(binding) = primitive.binding.as_ref().filter(|_| joints > 0) {
                let count = primitive.geometry.positions.len();
                if let Some([joints, weights]) = self.bends.binding(binding, count, joints, self.asset) {
                    attributes.insert("JOINTS_0".to_owned(), joints.into());
                    attributes.insert("WEIGHTS_0".to_owned(), weights.into());
                    has_joints = true;
                }
            }
            let mut out = json!({ "attributes": attributes, "material": material });
            if targets > 0 {
                out["targets"] = self.bends.targets(&primitive.morphs, targets, accessors.held, self.asset);
            }
            if let Some(indices) = accessors.indices {
                out["indices"] = indices.into();
            }
            match primitive.geometry.topology {
                Topology::Triangles => {}
                Topology::Lines => out["mode"] = 1.into(),
                Topology::Points => out["mode"] = 0.into(),
            }
            primitives.push(out);
        }
        if primitives.is_empty() {
            return None;
        }
        let mut out = json!({ "primitives": primitives });
        insert_name(&mut out, &mesh.name);
        if targets > 0 && !mesh.weights.is_empty() {
            out["weights"] = numbers(&fitted(&mesh.weights, targets));
        }
        if targets > 0 && mesh.target_names.len() == targets {
            out["extras"] = json!({ "targetNames": mesh.target_names });
        }
        Some((out, targets, has_joints))
    }

    /// The accessors of a geometry, with texture coordinates of as many `sets` at least.
    fn accessors(&mut self, geometry: &Arc<Geometry>, indices: &[u32], sets: usize) -> Accessors {
        let key = Arc::as_ptr(geometry);
        let mut found = self.shared.get(&key).cloned().unwrap_or_else(|| self.write(geometry, indices));
        while found.uvs < sets {
            // A material needs them, and a surface without any shows one pixel of its images.
            let list = geometry.uvs.get(found.uvs).filter(|list| list.len() == geometry.positions.len());
            let zeros = vec![Vec2::ZERO; if list.is_none() { geometry.positions.len() } else { 0 }];
            let uvs = list.unwrap_or(&zeros);
            let accessor = self.asset.vectors(uvs.iter().map(Vec2::to_array));
            found.attributes.insert(format!("TEXCOORD_{}", found.uvs), accessor.into());
            found.uvs += 1;
        }
        self.shared.insert(key, found.clone());
        found
    }

    fn write(&mut self, geometry: &Geometry, indices: &[u32]) -> Accessors {
        let mut out = Accessors::default();
        let count = geometry.positions.len();
        let mut insert =
            |name: &str, accessor: usize| out.attributes.insert(name.to_owned(), accessor.into());
        insert("POSITION", self.asset.positions(geometry.positions.iter().map(Vec3::to_array)));
        let has_normals = geometry.normals.len() == count;
        let has_tangents =
            has_normals && geometry.tangents.len() == count && geometry.topology == Topology::Triangles;
        out.held = Held { vertices: count, normals: has_normals, tangents: has_tangents };
        if has_normals {
            let normals = geometry.normals.iter().map(|normal| unit(*normal, Vec3::Z).to_array());
            insert("NORMAL", self.asset.vectors(normals));
        }
        if has_tangents {
            let tangents = geometry.tangents.iter().map(|tangent| {
                let sign = if tangent.w < 0.0 { -1.0 } else { 1.0 };
                unit(tangent.truncate(), Vec3::X).extend(sign).to_array()
            });
            insert("TANGENT", self.asset.vectors(tangents));
        }
        if geometry.colors.len() == count {
            let held = |color: &Vec4| color.clamp(Vec4::ZERO, Vec4::ONE);
            let accessor = match geometry.colors.iter().all(|color| color.w >= 1.0) {
                true => self.asset.vectors(geometry.colors.iter().map(|it| held(it).truncate().to_array())),
                false => self.asset.vectors(geometry.colors.iter().map(|it| held(it).to_array())),
            };
            insert("COLOR_0", accessor);
        }
        for (set, uvs) in geometry.uvs.iter().enumerate().take_while(|(_, uvs)| uvs.len() == count) {
            insert(&format!("TEXCOORD_{set}"), self.asset.vectors(uvs.iter().map(Vec2::to_array)));
            out.uvs += 1;
        }
        let in_turn = indices.len() == count && indices.iter().zip(0..).all(|(index, i)| *index == i);
        out.indices = (!in_turn).then(|| self.asset.indices(indices, count));
        out
    }
}

/// A vector of unit length: as it is, if it has that.
fn unit(vector: Vec3, otherwise: Vec3) -> Vec3 {
    match (vector.length() - 1.0).abs() <= UNIT_TOLERANCE {
        true => vector,
        false => vector.normalize_or(otherwise),
    }
}
