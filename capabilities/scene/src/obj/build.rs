//! Elements of an OBJ file gathered into meshes.

use std::sync::Arc;

use base::{Diagnostic, Limits};
use glam::{Vec2, Vec3, Vec4};
use rustc_hash::FxHashMap;

use crate::{
    ReadError,
    color::linear,
    frame::{Geometry, Topology},
    model::{Mesh, Model, Node, Primitive},
};

use super::{index, mtl::Library};

/// What stands for a part that is not there.
const NONE: u32 = u32::MAX;

/// A vertex of an element: the places of its position, texture coordinates and normal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Corner {
    position: u32,
    uv: u32,
    normal: u32,
}

/// What was read so far.
#[derive(Default)]
pub(super) struct Build {
    pub positions: Vec<Vec3>,
    /// sRGB; as long as the positions up to the last one that has a colour.
    pub colors: Vec<Vec3>,
    pub uvs: Vec<Vec2>,
    pub normals: Vec<Vec3>,
    parts: Vec<Part>,
    /// The parts of the current object by material and topology.
    open: FxHashMap<(Option<usize>, u8), usize>,
    /// The last part that used each position, and the vertex there.
    last: Vec<(u32, Corner, u32)>,
    object: String,
    objects: usize,
    materials: Vec<String>,
    by_name: FxHashMap<String, usize>,
    material: Option<usize>,
}

/// Elements with one material of one object.
struct Part {
    object: usize,
    name: String,
    material: Option<usize>,
    geometry: Geometry,
    /// Vertices whose position has others, too.
    others: FxHashMap<Corner, u32>,
    has_uvs: bool,
    lacks_normals: bool,
}

impl Build {
    /// Starts another object.
    pub fn start(&mut self, name: &str) {
        if name != self.object {
            self.object = name.to_owned();
            self.objects += 1;
            self.open.clear();
        }
    }

    /// Goes on with another material.
    pub fn material(&mut self, name: &str) {
        let count = self.materials.len();
        let index = *self.by_name.entry(name.to_owned()).or_insert(count);
        if index == count {
            self.materials.push(name.to_owned());
        }
        self.material = Some(index);
    }

    /// Reads `v`, `v/vt`, `v//vn` or `v/vt/vn`.
    pub fn corner(&self, word: &[u8]) -> Result<Corner, String> {
        let mut parts = word.split(|byte| *byte == b'/');
        let mut part = |count: usize, what: &str| match parts.next() {
            None | Some([]) => Ok(NONE),
            Some(part) => index(part, count).ok_or_else(|| {
                format!("there is no {what} {}; there are {count}", String::from_utf8_lossy(part))
            }),
        };
        let position = part(self.positions.len(), "vertex")?;
        let (uv, normal) = (part(self.uvs.len(), "texture vertex")?, part(self.normals.len(), "normal")?);
        if position == NONE {
            return Err(format!("{:?} names no vertex", String::from_utf8_lossy(word)));
        }
        Ok(Corner { position, uv, normal })
    }

    /// Where a corner is.
    pub fn place(&self, corner: &Corner) -> Vec3 {
        self.positions.get(corner.position as usize).copied().unwrap_or_default()
    }

    /// Adds an element.
    pub fn push(&mut self, topology: Topology, corners: &[Corner]) {
        let index = self.part(topology);
        self.last.resize(
            self.positions.len().max(self.last.len()),
            (NONE, Corner { position: 0, uv: 0, normal: 0 }, 0),
        );
        for corner in corners {
            let Build { positions, colors, uvs, normals, parts, last, .. } = self;
            let Some(part) = parts.get_mut(index) else { return };
            let Some((owner, other, vertex)) = last.get_mut(corner.position as usize) else { return };
            let make = |part: &mut Part| {
                let at = |list: &[Vec3], i: u32| list.get(i as usize).copied();
                let geometry = &mut part.geometry;
                let vertex = geometry.positions.len() as u32;
                geometry.positions.push(at(positions, corner.position).unwrap_or_default());
                let uv = uvs.get(corner.uv as usize).copied();
                part.has_uvs |= uv.is_some();
                geometry.uvs[0].push(uv.unwrap_or_default());
                let normal = at(normals, corner.normal);
                part.lacks_normals |= normal.is_none();
                geometry.normals.push(normal.unwrap_or(Vec3::Y));
                if !colors.is_empty() {
                    let color = at(colors, corner.position).unwrap_or(Vec3::ONE);
                    // Colours may begin only after the first elements.
                    geometry.colors.resize(vertex as usize, Vec4::ONE);
                    geometry.colors.push(linear(color).extend(1.0));
                }
                vertex
            };
            let vertex = if *owner != index as u32 {
                (*owner, *other, *vertex) = (index as u32, *corner, make(part));
                *vertex
            } else if other == corner {
                *vertex
            } else if let Some(vertex) = part.others.get(corner) {
                *vertex
            } else {
                let vertex = make(part);
                part.others.insert(*corner, vertex);
                vertex
            };
            part.geometry.indices.push(vertex);
        }
    }

    fn part(&mut self, topology: Topology) -> usize {
        let Build { parts, open, object, objects, material, .. } = self;
        *open.entry((*material, topology as u8)).or_insert_with(|| {
            parts.push(Part {
                object: *objects,
                name: object.clone(),
                material: *material,
                geometry: Geometry { topology, ..Geometry::default() },
                others: FxHashMap::default(),
                has_uvs: false,
                lacks_normals: false,
            });
            parts.len() - 1
        })
    }

    /// A file without elements is a cloud of points.
    pub fn finish_points(&mut self) {
        if self.parts.is_empty() {
            for position in 0..self.positions.len() as u32 {
                self.push(Topology::Points, &[Corner { position, uv: NONE, normal: NONE }]);
            }
        }
    }

    /// The model: a node for each object, with materials from the libraries.
    pub fn model(
        self,
        library: Library,
        limits: &Limits,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Model, ReadError> {
        Limits::check("the number of parts", self.parts.len() as u64, limits.nodes, "nodes")?;
        let mut model = Model::default();
        for name in &self.materials {
            let found = library.material(name);
            if found.is_none() && !library.materials.is_empty() {
                warnings.push(Diagnostic::warning("usemtl", format!("there is no material {name:?}")));
            }
            model.materials.push(found.cloned().unwrap_or_else(|| super::mtl::plain(name)));
        }
        model.images = library.images;
        let mut before = None;
        for part in self.parts {
            let mut geometry = part.geometry;
            if !part.has_uvs {
                geometry.uvs[0] = Vec::new();
            }
            if part.lacks_normals {
                geometry.normals = Vec::new();
            }
            if !geometry.colors.is_empty() {
                geometry.colors.resize(geometry.positions.len(), Vec4::ONE);
            }
            if before != Some(part.object) {
                before = Some(part.object);
                model.roots.push(model.nodes.len());
                model.nodes.push(Node {
                    name: part.name.clone(),
                    mesh: Some(model.meshes.len()),
                    ..Node::default()
                });
                model.meshes.push(Mesh { name: part.name, ..Mesh::default() });
            }
            let primitive = Primitive {
                geometry: Arc::new(geometry),
                material: part.material,
                binding: None,
                morphs: Arc::default(),
            };
            if let Some(mesh) = model.meshes.last_mut() {
                mesh.primitives.push(primitive);
            }
        }
        Ok(model)
    }
}
