//! Meshes: primitives that share the accessors of the geometry that they share.

use std::sync::Arc;

use glam::{Vec2, Vec3, Vec4};
use rustc_hash::FxHashMap;
use serde_json::{Map, Value as Json, json};

use crate::{
    frame::{Geometry, Topology},
    model::{Mesh, Model},
};

use super::{super::elements, asset::Asset, insert_name, material::Materials};

/// How far the length of a unit vector may be off before it is made one.
const UNIT_TOLERANCE: f32 = 1e-3;

/// Written meshes.
pub(super) struct Meshes {
    pub list: Vec<Json>,
    /// The number of each mesh of the model; none of those in which nothing is to be seen.
    pub places: Vec<Option<usize>>,
}

pub(super) fn write(model: &Model, asset: &mut Asset, materials: &mut Materials) -> Meshes {
    let mut writer = Writer { asset, shared: FxHashMap::default() };
    let mut meshes = Meshes { list: Vec::new(), places: Vec::with_capacity(model.meshes.len()) };
    for mesh in &model.meshes {
        let mesh = writer.mesh(mesh, materials);
        meshes.places.push(mesh.is_some().then_some(meshes.list.len()));
        meshes.list.extend(mesh);
    }
    meshes
}

/// The accessors of a geometry.
#[derive(Clone, Default)]
struct Accessors {
    attributes: Map<String, Json>,
    indices: Option<usize>,
    uvs: usize,
}

struct Writer<'a> {
    asset: &'a mut Asset,
    /// Accessors by the place of the geometry in memory, which stays as it is while models are written.
    shared: FxHashMap<*const Geometry, Accessors>,
}

impl Writer<'_> {
    /// A mesh, if anything of it is to be seen.
    fn mesh(&mut self, mesh: &Mesh, materials: &mut Materials) -> Option<Json> {
        let mut primitives = Vec::new();
        for primitive in &mesh.primitives {
            let Some(indices) = elements(&primitive.geometry) else { continue };
            let (material, sets) = materials.place(primitive.material);
            let accessors = self.accessors(&primitive.geometry, indices, sets);
            let mut out = json!({ "attributes": accessors.attributes, "material": material });
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
        Some(out)
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
        if has_normals {
            let normals = geometry.normals.iter().map(|normal| unit(*normal, Vec3::Z).to_array());
            insert("NORMAL", self.asset.vectors(normals));
        }
        if has_normals && geometry.tangents.len() == count && geometry.topology == Topology::Triangles {
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
