//! Writing glTF in one binary file.

use serde_json::{Value as Json, json};

/// A file that is being put together: its parts are added, then [`Glb::finish`] gives the bytes.
pub struct Glb {
    json: Json,
    binary: Vec<u8>,
}

/// `FLOAT` and `UNSIGNED_BYTE`, `UNSIGNED_SHORT` of the accessors of glTF 2.0.
const FLOAT: u32 = 5126;
const BYTE: u32 = 5121;
const SHORT: u32 = 5123;

impl Glb {
    /// An empty file with one scene.
    pub fn new() -> Self {
        let json = json!({
            "asset": { "version": "2.0", "generator": "MetaBuilder's samples" },
            "scene": 0,
            "scenes": [{ "nodes": [] }],
        });
        Glb { json, binary: Vec::new() }
    }

    /// Adds something to one of the file's lists, such as `meshes`; its index there.
    pub fn add(&mut self, list: &str, thing: Json) -> usize {
        let Some(items) = self.json.as_object_mut().map(|json| json.entry(list).or_insert_with(|| json!([])))
        else {
            return 0;
        };
        let Some(items) = items.as_array_mut() else { return 0 };
        items.push(thing);
        items.len() - 1
    }

    /// Puts a node into the scene itself.
    pub fn show(&mut self, node: usize) {
        if let Some(nodes) = self.json["scenes"][0]["nodes"].as_array_mut() {
            nodes.push(node.into());
        }
    }

    /// Adds a JPEG file as a texture.
    pub fn texture(&mut self, jpeg: &[u8]) -> usize {
        let view = self.view(jpeg);
        let image = self.add("images", json!({ "bufferView": view, "mimeType": "image/jpeg" }));
        self.add("textures", json!({ "source": image }))
    }

    /// Adds vectors of `N` floats; `bounds` for those that need them by the standard: positions and times.
    pub fn floats<const N: usize>(&mut self, vectors: &[[f32; N]], bounds: bool) -> usize {
        let bytes: Vec<u8> = vectors.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
        let shape = ["SCALAR", "VEC2", "VEC3", "VEC4", "MAT4"][match N {
            16 => 4,
            sides => (sides - 1).min(3),
        }];
        let view = self.view(&bytes);
        let mut accessor =
            json!({ "bufferView": view, "componentType": FLOAT, "count": vectors.len(), "type": shape });
        if bounds {
            let of = |pick: fn(f32, f32) -> f32, start: f32| -> Vec<f32> {
                (0..N).map(|side| vectors.iter().map(|vector| vector[side]).fold(start, pick)).collect()
            };
            accessor["min"] = json!(of(f32::min, f32::INFINITY));
            accessor["max"] = json!(of(f32::max, f32::NEG_INFINITY));
        }
        self.add("accessors", accessor)
    }

    /// Adds the numbers of joints, four for each vertex.
    pub fn joints(&mut self, joints: &[[u8; 4]]) -> usize {
        let view = self.view(joints.as_flattened());
        let accessor =
            json!({ "bufferView": view, "componentType": BYTE, "count": joints.len(), "type": "VEC4" });
        self.add("accessors", accessor)
    }

    /// Adds the corners of triangles.
    pub fn indices(&mut self, indices: &[u16]) -> usize {
        let bytes: Vec<u8> = indices.iter().flat_map(|index| index.to_le_bytes()).collect();
        let view = self.view(&bytes);
        let accessor =
            json!({ "bufferView": view, "componentType": SHORT, "count": indices.len(), "type": "SCALAR" });
        self.add("accessors", accessor)
    }

    fn view(&mut self, bytes: &[u8]) -> usize {
        let offset = self.binary.len();
        self.binary.extend(bytes);
        self.binary.resize(self.binary.len().next_multiple_of(4), 0);
        self.add("bufferViews", json!({ "buffer": 0, "byteOffset": offset, "byteLength": bytes.len() }))
    }

    /// The bytes of the file.
    pub fn finish(mut self) -> Vec<u8> {
        self.json["buffers"] = json!([{ "byteLength": self.binary.len() }]);
        let mut json = self.json.to_string().into_bytes();
        json.resize(json.len().next_multiple_of(4), b' ');
        let total = 12 + 8 + json.len() + 8 + self.binary.len();
        let mut file = Vec::with_capacity(total);
        file.extend(b"glTF");
        for number in [2, total as u32, json.len() as u32] {
            file.extend(number.to_le_bytes());
        }
        file.extend(b"JSON");
        file.extend(json);
        file.extend((self.binary.len() as u32).to_le_bytes());
        file.extend(b"BIN\0");
        file.extend(self.binary);
        file
    }
}
