//! glTF files whose bytes are packed: by meshoptimizer, by Draco, as small integers.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use base::Limits;
use base64::{Engine, engine::general_purpose::STANDARD};
use glam::{Vec2, Vec3, Vec4};
use meshopt::{EncodeExpMode, FilterComponent};
use proptest::prelude::*;
use scene::{
    import,
    model::{Model, Path, Primitive},
};
use serde_json::{Value as Json, json};

fn read(file: &Json) -> Result<Model, String> {
    let bytes = serde_json::to_vec(file).unwrap();
    import::read("gltf", &bytes, &|_| None, &Limits::default())
        .map(|(model, _)| model)
        .map_err(|error| error.to_string())
}

/// The bytes of a file, as views of one buffer.
#[derive(Default)]
struct Views {
    bytes: Vec<u8>,
    list: Vec<Json>,
}

impl Views {
    fn add(&mut self, bytes: &[u8]) -> Json {
        let start = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(start, 0);
        self.bytes.extend(bytes);
        json!({"buffer": 0, "byteOffset": start, "byteLength": bytes.len()})
    }

    /// A view of `count` elements of `stride` bytes that unpack from these.
    fn packed(&mut self, bytes: &[u8], [count, stride]: [usize; 2], mode: &str, filter: &str) {
        let mut packed = self.add(bytes);
        let given = json!({"byteStride": stride, "count": count, "mode": mode, "filter": filter});
        packed.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        let mut view = json!({"buffer": 1, "byteLength": count * stride});
        if mode == "ATTRIBUTES" && filter != "QUATERNION" {
            view["byteStride"] = stride.into();
        }
        view["extensions"] = json!({"NAME": packed});
        self.list.push(view);
    }

    fn uri(&self) -> String {
        format!("data:application/octet-stream;base64,{}", STANDARD.encode(&self.bytes))
    }
}

fn filtered<C: FilterComponent>(vectors: &[[f32; 4]]) -> Vec<u8> {
    meshopt::encode_vertex_buffer(&meshopt::encode_filter_oct::<C>(vectors, 8)).unwrap()
}

/// A square with each mode and filter, and a line around it; what is in buffer 1 is only to be had by unpacking.
fn packed(name: &str) -> Json {
    let mut views = Views::default();
    let corners = [[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [2.0, 1.0, 0.0], [0.0, 1.0, 0.0_f32]];
    let exponents = meshopt::encode_filter_exp(&corners, 15, EncodeExpMode::SharedVector);
    views.packed(&meshopt::encode_vertex_buffer(&exponents).unwrap(), [4, 12], "ATTRIBUTES", "EXPONENTIAL");
    views.packed(&filtered::<i8>(&[[0.6, 0.0, 0.8, 0.0]; 4]), [4, 4], "ATTRIBUTES", "OCTAHEDRAL");
    let colors = meshopt::encode_filter_color::<u8>(&[[1.0, 0.5, 0.0, 1.0]; 4], 8);
    views.packed(&meshopt::encode_vertex_buffer(&colors).unwrap(), [4, 4], "ATTRIBUTES", "COLOR");
    let uvs = [[0_u16, 65535], [65535, 65535], [65535, 0], [0, 0]];
    views.packed(&meshopt::encode_vertex_buffer(&uvs).unwrap(), [4, 4], "ATTRIBUTES", "NONE");
    let triangles = meshopt::encode_index_buffer(&[0, 1, 2, 0, 2, 3], 4).unwrap();
    views.packed(&triangles, [6, 2], "TRIANGLES", "NONE");
    views.packed(&meshopt::encode_index_sequence(&[0, 1, 2, 3], 4).unwrap(), [4, 4], "INDICES", "NONE");
    let turn = meshopt::encode_filter_quat(&[[0.0, 0.0, 0.0, 1.0], [0.6, 0.0, 0.0, 0.8]], 12);
    views.packed(&meshopt::encode_vertex_buffer(&turn).unwrap(), [2, 8], "ATTRIBUTES", "QUATERNION");
    let times = views.add(bytemuck::cast_slice(&[0.0_f32, 1.0]));
    views.list.push(times);
    let accessor = |view: usize, component: usize, count: usize, kind: &str, normalized: bool| json!({"bufferView": view, "componentType": component, "count": count, "type": kind, "normalized": normalized});
    // Bounds are those before rounding.
    let mut accessors = vec![
        accessor(0, 5126, 4, "VEC3", false),
        accessor(1, 5120, 4, "VEC3", true),
        accessor(2, 5121, 4, "VEC4", true),
        accessor(3, 5123, 4, "VEC2", true),
        accessor(4, 5123, 6, "SCALAR", false),
        accessor(5, 5125, 4, "SCALAR", false),
        accessor(6, 5122, 2, "VEC4", true),
        accessor(7, 5126, 2, "SCALAR", false),
    ];
    accessors[0]["min"] = json!([0, 0, 0]);
    accessors[0]["max"] = json!([2.0001, 1, 0]);
    accessors[7]["min"] = json!([0]);
    accessors[7]["max"] = json!([1]);
    let file = json!({
        "asset": {"version": "2.0"},
        "extensionsUsed": ["NAME", "KHR_mesh_quantization"],
        "extensionsRequired": ["NAME", "KHR_mesh_quantization"],
        "buffers": [
            {"uri": views.uri(), "byteLength": views.bytes.len()},
            {"byteLength": 1024, "uri": "not there.bin", "extensions": {"NAME": {"fallback": true}}},
        ],
        "bufferViews": views.list,
        "accessors": accessors,
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [
            {"attributes": {"POSITION": 0, "NORMAL": 1, "COLOR_0": 2, "TEXCOORD_0": 3}, "indices": 4},
            {"attributes": {"POSITION": 0}, "indices": 5, "mode": 2},
        ]}],
        "animations": [{
            "samplers": [{"input": 7, "output": 6}],
            "channels": [{"sampler": 0, "target": {"node": 0, "path": "rotation"}}],
        }],
    });
    serde_json::from_str(&file.to_string().replace("NAME", name)).unwrap()
}

#[test]
fn packed_views_are_what_they_were() {
    for name in ["EXT_meshopt_compression", "KHR_meshopt_compression"] {
        let model = read(&packed(name)).unwrap();
        let [square, line] = model.meshes[0].primitives.as_slice() else { unreachable!() };
        let geometry = &square.geometry;
        check_square(square, 1e-4);
        let close = |a: Vec4, b: Vec4| a.abs_diff_eq(b, 0.02);
        assert!(geometry.normals.iter().all(|n| close(n.extend(0.0), Vec4::new(0.6, 0.0, 0.8, 0.0))));
        assert!(geometry.colors.iter().all(|color| close(*color, Vec4::new(1.0, 0.5, 0.0, 1.0))));
        assert_eq!(line.geometry.indices, [0, 1, 1, 2, 2, 3, 3, 0]);
        let channel = &model.animations[0].channels[0];
        assert_eq!(channel.path, Path::Rotation);
        let last = Vec4::from_slice(&channel.sampler.values[4..]);
        assert!(close(last, Vec4::new(0.6, 0.0, 0.0, 0.8)), "{last}");
    }
}

/// The square's corners, each with its texture coordinates, whatever their order.
fn check_square(primitive: &Primitive, tolerance: f32) {
    let geometry = &primitive.geometry;
    assert_eq!((geometry.positions.len(), geometry.indices.len()), (4, 6));
    for (position, uv) in geometry.positions.iter().zip(&geometry.uvs[0]) {
        let wanted = Vec2::new(position.x / 2.0, 1.0 - position.y);
        assert!(uv.abs_diff_eq(wanted, tolerance), "{uv} at {position}");
    }
    let triangles = geometry.indices.as_chunks::<3>().0;
    let area: Vec3 = triangles.iter().fold(Vec3::ZERO, |sum, triangle| {
        let [a, b, c] = triangle.map(|index| geometry.positions[index as usize]);
        sum + (b - a).cross(c - a) / 2.0
    });
    assert!(area.abs_diff_eq(Vec3::Z * 2.0, 4.0 * tolerance), "{area}");
}

#[test]
fn damaged_packing_is_told_with_its_place() {
    let name = "EXT_meshopt_compression";
    for (view, key, value, problem) in [
        (0, "byteLength", json!(8), "they end too early"),
        (4, "byteLength", json!(8), "8 bytes are too few"),
        (0, "byteLength", json!(1 << 20), "is out of range"),
        (0, "byteOffset", json!(1), "they do not begin as such"),
        (1, "mode", json!("TRIANGLES"), "indices have no filter"),
        (1, "mode", json!("SQUARES"), "is no mode"),
        (1, "filter", json!("QUATERNION"), "have no stride of 4"),
        (1, "filter", json!("GAUSSIAN"), "is no filter"),
        (3, "count", json!(4_294_967_295_u32), "are not the view's 16"),
        (4, "count", json!(5), "make up no whole triangles"),
        (4, "buffer", json!(1), "the buffer has no data"),
        (5, "mode", json!("TRIANGLES"), "make up no whole triangles"),
    ] {
        let mut file = packed(name);
        file["bufferViews"][view]["extensions"][name][key] = value.clone();
        let error = read(&file).unwrap_err();
        let place = format!("at /bufferViews/{view}/extensions/{name}");
        assert!(error.starts_with(&place) && error.contains(problem), "{key} {value}: {error}");
    }
    let mut file = packed(name);
    file["bufferViews"][0]["extensions"]["KHR_meshopt_compression"] = json!({});
    assert!(read(&file).unwrap_err().contains("packed twice"));
    // A view that claims more than may be unpacked is refused before there is room made for it.
    let mut file = packed(name);
    file["buffers"][1]["byteLength"] = json!(1_u64 << 40);
    file["bufferViews"][3]["byteLength"] = json!(4_294_967_295_u64 * 4);
    file["bufferViews"][3]["extensions"][name]["count"] = json!(4_294_967_295_u32);
    assert!(read(&file).unwrap_err().contains("importBytes"));
}

/// The square as Google's encoder writes it (draco3d 1.5.7, speed 0, 11 bits for positions, 8 for normals, 10 for texture
/// coordinates): in sequence, then as an edge breaker does. Attribute 3 counts from 0 to 15.
const DRACO: [&str; 2] = [
    "RFJBQ08CAgEAAAACBAEAAQIAAgMBBAAJAwAAAQkDAAEDCQIAAgQCBAADAgMCAQABAQAMAwEgARAfARADAGSQCAD+DwABAAAAAP8HAAAAAwEBBIABATj/9wEIAwCYhP8AAAB/AAAAAAEBAAMDASABIAMAIISGAgAAAAD/AwAAAAEBAAULARABMAMAUIIQjYiIiIiICAAAAAAPAAAAAAAAAAAAAAAAAAAAAAAAQAsIAAAAAAAAAAAAAIA/Cg==",
    "RFJBQ08CAgEBAAAABAIDAgAAAR//ARH/ARH/ARH/AREE/wABAAAAAQAAAgAAAQAJAwAAAgEBCQMAAQMBAwkCAAICAQQCBAADAQEBAQAMAwEgARAfARADABSQCMD/ASAAAAAAAP8HAAAAAAAAAAAAAAAAAAAAAABACwYDAQEDAQFAAQD/AAAAfwAAAP8CREAIBQEBAAsDARABEBsBIAMAUJEmAC8DIDMCAAAAAQEgAAAAAP8DAAAAAAAAAAAAAAAAgD8KAQEBAAULARABMAMAUIIQ/f+PiIjKDgAAAAAPAAAA",
];

fn draco(stream: &[u8]) -> Json {
    let accessor = |component: usize, count: usize, kind: &str| json!({"componentType": component, "count": count, "type": kind, "min": null, "max": null});
    let mut accessors = [
        accessor(5126, 4, "VEC3"),
        accessor(5126, 4, "VEC3"),
        accessor(5126, 4, "VEC2"),
        accessor(5121, 4, "VEC4"),
        accessor(5123, 6, "SCALAR"),
    ];
    for accessor in &mut accessors {
        accessor.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    }
    accessors[0]["min"] = json!([0, 0, 0]);
    accessors[0]["max"] = json!([2.01, 1, 0]);
    accessors[3]["normalized"] = true.into();
    let uri = format!("data:application/octet-stream;base64,{}", STANDARD.encode(stream));
    json!({
        "asset": {"version": "2.0"},
        "extensionsUsed": ["KHR_draco_mesh_compression"],
        "extensionsRequired": ["KHR_draco_mesh_compression"],
        "buffers": [{"uri": uri, "byteLength": stream.len()}],
        "bufferViews": [{"buffer": 0, "byteLength": stream.len()}],
        "accessors": accessors,
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{
            "attributes": {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2, "COLOR_0": 3},
            "indices": 4,
            "extensions": {"KHR_draco_mesh_compression": {
                "bufferView": 0,
                "attributes": {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2, "COLOR_0": 3},
            }},
        }]}],
    })
}

#[test]
fn draco_streams_fill_their_primitives() {
    for stream in DRACO {
        let model = read(&draco(&STANDARD.decode(stream).unwrap())).unwrap();
        let primitive = &model.meshes[0].primitives[0];
        check_square(primitive, 0.002);
        let geometry = &primitive.geometry;
        assert!(geometry.normals.iter().all(|normal| normal.abs_diff_eq(Vec3::Z, 0.01)));
        let mut colors: Vec<f32> =
            geometry.colors.iter().flat_map(|color| (*color * 255.0).round().to_array()).collect();
        colors.sort_by(f32::total_cmp);
        assert!(colors.iter().copied().eq((0..16_u8).map(f32::from)), "{colors:?}");
    }
}

#[test]
fn what_is_wrong_with_a_draco_stream_is_told_with_its_place() {
    let stream = STANDARD.decode(DRACO[0]).unwrap();
    let primitive = "/meshes/0/primitives/0";
    let extension = format!("{primitive}/extensions/KHR_draco_mesh_compression");
    for (pointer, value, problem) in [
        (format!("{extension}/attributes/POSITION"), json!(9), "has no attribute 9"),
        (
            format!("{extension}/attributes/TEXCOORD_0"),
            json!(0),
            "has 3 numbers for each vertex, its accessor 2",
        ),
        (format!("{extension}/attributes/COLOR_0"), json!(7_000_000_000_u64), "is out of range"),
        (format!("{extension}/attributes"), json!({"TANGENT": 1}), "has no such attribute"),
        (format!("{extension}/bufferView"), json!(1), "there is no number 1"),
        (format!("{primitive}/mode"), json!(1), "triangles and strips"),
        ("/bufferViews/0/byteLength".to_owned(), json!(60), "the Draco stream cannot be read"),
        // Positions that are not in the stream are fewer than its triangles name.
        (format!("{extension}/attributes"), json!({"NORMAL": 1, "TEXCOORD_0": 2, "COLOR_0": 3}), "elements"),
    ] {
        let mut file = draco(&stream);
        file["meshes"][0]["primitives"][0]["mode"] = 4.into();
        *file.pointer_mut(&pointer).unwrap() = value;
        if problem == "elements" {
            file["accessors"][0]["count"] = 3.into();
        }
        let error = read(&file).unwrap_err();
        assert!(
            error.starts_with("at /meshes/0/primitives/0") && error.contains(problem),
            "{pointer}: {error}"
        );
    }
}

proptest! {
    #[test]
    fn damaged_bytes_are_refused_or_read_but_stop_nothing(
        which in 0_usize..4,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        kept in 0.5_f64..1.2,
    ) {
        let mut file = match which {
            0 => packed("EXT_meshopt_compression"),
            1 => packed("KHR_meshopt_compression"),
            which => draco(&STANDARD.decode(DRACO[which - 2]).unwrap()),
        };
        let uri = file["buffers"][0]["uri"].as_str().unwrap().to_owned();
        let (head, body) = uri.split_once(',').unwrap();
        let mut bytes = STANDARD.decode(body).unwrap();
        for (place, byte) in damage {
            *place.get_mut(&mut bytes) = byte;
        }
        let whole = bytes.len();
        let left = ((whole as f64 * kept) as usize).clamp(1, whole);
        bytes[left..].fill(0);
        file["buffers"][0]["uri"] = format!("{head},{}", STANDARD.encode(&bytes)).into();
        if let Ok(model) = read(&file) {
            for geometry in model.meshes.iter().flat_map(|mesh| &mesh.primitives).map(|primitive| &primitive.geometry) {
                prop_assert!(geometry.positions.iter().all(|position| position.is_finite()));
                prop_assert!(geometry.indices.iter().all(|index| (*index as usize) < geometry.positions.len()));
            }
        }
    }
}
