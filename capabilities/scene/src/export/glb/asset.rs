//! The data of a file: accessors of lists, and the views of bytes that they are in.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::insert_list;

/// What a view of bytes is for (glTF 2.0, section 5.11.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Vertices.
    Array = 34962,
    /// Indices.
    Elements = 34963,
}

const U8: u32 = 5121;
const U16: u32 = 5123;
const U32: u32 = 5125;
const F32: u32 = 5126;

/// What the parts of a file add to.
#[derive(Default)]
pub(super) struct Asset {
    binary: Vec<u8>,
    views: Vec<Json>,
    accessors: Vec<Json>,
    extensions: BTreeSet<&'static str>,
}

impl Asset {
    /// Notes that an extension is used.
    pub fn extension(&mut self, name: &'static str) {
        self.extensions.insert(name);
    }

    /// Adds bytes, aligned to four. Gives the number of their view.
    pub fn view(&mut self, bytes: impl IntoIterator<Item = u8>, target: Option<Target>) -> usize {
        self.binary.resize(self.binary.len().next_multiple_of(4), 0);
        let offset = self.binary.len();
        self.binary.extend(bytes);
        let mut view = json!({ "buffer": 0, "byteOffset": offset, "byteLength": self.binary.len() - offset });
        if let Some(target) = target {
            view["target"] = (target as u32).into();
        }
        self.views.push(view);
        self.views.len() - 1
    }

    /// Adds vectors of vertices, one at least. Gives the number of their accessor.
    pub fn vectors<const N: usize>(&mut self, vectors: impl ExactSizeIterator<Item = [f32; N]>) -> usize {
        self.lists(vectors, Some(Target::Array))
    }

    /// Adds numbers, vectors or matrices, one at least. Gives the number of their accessor.
    pub fn lists<const N: usize>(
        &mut self,
        lists: impl ExactSizeIterator<Item = [f32; N]>,
        target: Option<Target>,
    ) -> usize {
        let count = lists.len();
        self.binary.reserve(count * N * 4 + 4);
        let view = self.view(lists.flatten().flat_map(f32::to_le_bytes), target);
        let shape = shape(N);
        self.accessor(json!({ "bufferView": view, "componentType": F32, "count": count, "type": shape }))
    }

    /// As [`Asset::vectors`], with the least and the greatest coordinates.
    pub fn positions(&mut self, vectors: impl ExactSizeIterator<Item = [f32; 3]> + Clone) -> usize {
        let index = self.vectors(vectors.clone());
        self.bound(index, vectors);
        index
    }

    /// Adds times, one at least.
    pub fn times(&mut self, times: &[f32]) -> usize {
        let times = times.iter().map(|time| [*time]);
        let index = self.lists(times.clone(), None);
        self.bound(index, times);
        index
    }

    /// Adds what is added to vertices, one at least. Not as sparse accessors, which VTK 9.1 cannot read.
    pub fn deltas(&mut self, deltas: &[[f32; 3]], with_bounds: bool) -> usize {
        let index = self.vectors(deltas.iter().copied());
        if with_bounds {
            self.bound(index, deltas.iter().copied());
        }
        index
    }

    /// Adds the numbers of joints, one at least, each below `count`.
    pub fn joints(&mut self, joints: &[[u16; 4]], count: usize) -> usize {
        let target = Some(Target::Array);
        let joint = joints.iter().flatten();
        let (view, component) = match count <= usize::from(u8::MAX) + 1 {
            true => (self.view(joint.map(|joint| *joint as u8), target), U8),
            false => (self.view(joint.flat_map(|joint| joint.to_le_bytes()), target), U16),
        };
        self.accessor(json!({
            "bufferView": view, "componentType": component, "count": joints.len(), "type": shape(4),
        }))
    }

    fn bound<const N: usize>(&mut self, index: usize, vectors: impl Iterator<Item = [f32; N]>) {
        let (mut min, mut max) = ([f32::INFINITY; N], [f32::NEG_INFINITY; N]);
        for vector in vectors {
            for ((number, min), max) in vector.into_iter().zip(&mut min).zip(&mut max) {
                (*min, *max) = (min.min(number), max.max(number));
            }
        }
        if let Some(accessor) = self.accessors.get_mut(index) {
            // Bounds are exact, not the shortest numbers that read as the same ones.
            accessor["min"] = min.map(f64::from).to_vec().into();
            accessor["max"] = max.map(f64::from).to_vec().into();
        }
    }

    /// Adds indices, one at least, each below `vertices`: in 16 bits where they fit, since graphics APIs do without 8.
    pub fn indices(&mut self, indices: &[u32], vertices: usize) -> usize {
        // The greatest index of a type would restart a strip.
        let is_small = vertices <= usize::from(u16::MAX);
        let (view, component) = self.integers(indices, is_small, Some(Target::Elements));
        self.accessor(json!({
            "bufferView": view, "componentType": component, "count": indices.len(), "type": "SCALAR",
        }))
    }

    /// Adds integers; gives their view and what they are.
    fn integers(&mut self, list: &[u32], is_small: bool, target: Option<Target>) -> (usize, u32) {
        match is_small {
            true => (self.view(list.iter().flat_map(|index| (*index as u16).to_le_bytes()), target), U16),
            false => (self.view(list.iter().flat_map(|index| index.to_le_bytes()), target), U32),
        }
    }

    fn accessor(&mut self, accessor: Json) -> usize {
        self.accessors.push(accessor);
        self.accessors.len() - 1
    }

    /// Puts what was added into the file's text; gives the data.
    pub fn finish(self, root: &mut Map<String, Json>) -> Vec<u8> {
        insert_list(root, "accessors", self.accessors);
        insert_list(root, "bufferViews", self.views);
        if !self.binary.is_empty() {
            root.insert("buffers".to_owned(), json!([{ "byteLength": self.binary.len() }]));
        }
        insert_list(root, "extensionsUsed", self.extensions.into_iter().map(Json::from).collect());
        self.binary
    }
}

/// What lists of so many numbers are called.
fn shape(numbers: usize) -> &'static str {
    match numbers {
        1 => "SCALAR",
        2 => "VEC2",
        3 => "VEC3",
        4 => "VEC4",
        _ => "MAT4",
    }
}
