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
        let count = vectors.len();
        self.binary.reserve(count * N * 4 + 4);
        let bytes = vectors.flatten().flat_map(f32::to_le_bytes);
        let view = self.view(bytes, Some(Target::Array));
        let shape = ["SCALAR", "VEC2", "VEC3", "VEC4"][N - 1];
        self.accessor(json!({ "bufferView": view, "componentType": F32, "count": count, "type": shape }))
    }

    /// As [`Asset::vectors`], with the least and the greatest coordinates.
    pub fn positions(&mut self, vectors: impl ExactSizeIterator<Item = [f32; 3]> + Clone) -> usize {
        let (mut min, mut max) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
        for vector in vectors.clone() {
            for axis in 0..3 {
                min[axis] = min[axis].min(vector[axis]);
                max[axis] = max[axis].max(vector[axis]);
            }
        }
        let index = self.vectors(vectors);
        if let Some(accessor) = self.accessors.get_mut(index) {
            // Bounds are exact, not the shortest numbers that read as the same ones.
            accessor["min"] = min.map(f64::from).to_vec().into();
            accessor["max"] = max.map(f64::from).to_vec().into();
        }
        index
    }

    /// Adds indices, one at least, each below `vertices`: in 16 bits where they fit, since graphics APIs do without 8.
    pub fn indices(&mut self, indices: &[u32], vertices: usize) -> usize {
        // The greatest index of a type would restart a strip.
        let is_small = vertices <= usize::from(u16::MAX);
        let target = Some(Target::Elements);
        let (view, component) = match is_small {
            true => (self.view(indices.iter().flat_map(|index| (*index as u16).to_le_bytes()), target), U16),
            false => (self.view(indices.iter().flat_map(|index| index.to_le_bytes()), target), U32),
        };
        self.accessor(json!({
            "bufferView": view, "componentType": component, "count": indices.len(), "type": "SCALAR",
        }))
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
