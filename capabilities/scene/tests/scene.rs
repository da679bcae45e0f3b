//! Files to documents to frames, through a kernel in memory.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod common;

use std::sync::Arc;

use base::Limits;
use base64::{Engine, engine::general_purpose::STANDARD};
use common::{framed, imported};
use glam::Vec3;
use scene::{
    ReadError,
    frame::{Environment, Frame, LightKind, Projection},
    import,
    model::{Bounds, Model},
};
use serde_json::{Value as Json, json};

fn read(format: &str, bytes: &[u8]) -> Result<Model, ReadError> {
    import::read(format, bytes, &|_| None, &Limits::default()).map(|(model, _)| model)
}

fn bounds(frame: &Frame) -> Bounds {
    frame.instances.iter().fold(Bounds::EMPTY, |bounds, instance| {
        bounds.union(Bounds::of_geometry(&instance.geometry, instance.world_from_local))
    })
}

fn near(a: Bounds, b: Bounds) -> bool {
    a.min.abs_diff_eq(b.min, 1e-4) && a.max.abs_diff_eq(b.max, 1e-4)
}

/// Two instances of a strip, one of them mirrored and one sheared, with a sparse corner, a light and a camera.
fn gltf() -> Json {
    let mut bytes: Vec<u8> = Vec::new();
    let corners = [[0.0f32, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]];
    let uvs = [[0.0f32, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]];
    bytes.extend(corners.iter().flatten().chain(uvs.iter().flatten()).flat_map(|x| x.to_le_bytes()));
    bytes.extend([3, 0, 0, 0]);
    bytes.extend([1.0f32, 1.0, 2.0].iter().flat_map(|x| x.to_le_bytes()));
    let uri = format!("data:application/octet-stream;base64,{}", STANDARD.encode(&bytes));
    json!({
        "asset": {"version": "2.0"},
        "extensionsUsed": ["KHR_lights_punctual"],
        "extensions": {"KHR_lights_punctual": {"lights": [{"type": "spot", "spot": {}, "intensity": 20, "color": [1, 0, 0]}]}},
        "scenes": [{"nodes": [0]}],
        "nodes": [
            {"name": "all", "children": [1, 2, 3, 4], "translation": [1, 2, 3]},
            {"mesh": 0, "rotation": [0, 0.6, 0, 0.8], "scale": [2, 2, -2]},
            {"mesh": 0, "matrix": [1, 0, 0, 0, 0.5, 1, 0, 0, 0, 0, 1, 0, 5, 0, 0, 1]},
            {"camera": 0, "translation": [0, 0, 9]},
            {"extensions": {"KHR_lights_punctual": {"light": 0}}}
        ],
        "cameras": [{"type": "perspective", "perspective": {"yfov": 0.5, "znear": 0.1}}],
        "meshes": [{"primitives": [{"mode": 5, "material": 0, "attributes": {"POSITION": 0, "TEXCOORD_0": 1}}]}],
        "materials": [{
            "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "metallicFactor": 0.25},
            "emissiveFactor": [0.5, 0, 0]
        }],
        "textures": [{"source": 0, "sampler": 0}],
        "samplers": [{"wrapS": 33071, "magFilter": 9728}],
        "images": [{"uri": "not%20there.png"}],
        "accessors": [
            {
                "bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 2],
                "sparse": {"count": 1, "indices": {"bufferView": 2, "componentType": 5121}, "values": {"bufferView": 3}}
            },
            {"bufferView": 1, "componentType": 5126, "count": 4, "type": "VEC2"}
        ],
        "bufferViews": [
            {"buffer": 0, "byteLength": 48},
            {"buffer": 0, "byteOffset": 48, "byteLength": 32},
            {"buffer": 0, "byteOffset": 80, "byteLength": 1},
            {"buffer": 0, "byteOffset": 84, "byteLength": 12}
        ],
        "buffers": [{"byteLength": 96, "uri": uri}]
    })
}

#[test]
fn a_gltf_scene_keeps_its_counts_and_bounds_on_the_way_to_a_frame() {
    let bytes = serde_json::to_vec(&gltf()).unwrap();
    let model = read("gltf", &bytes).unwrap();
    let (content, kept, messages) = imported("scene.gltf", &[("scene.gltf", &bytes)]);
    let frame = framed(&content, &kept);
    assert_eq!(frame.instances.len(), 2);
    assert!(Arc::ptr_eq(&frame.instances[0].geometry, &frame.instances[1].geometry));
    assert_eq!(frame.instances[0].geometry.indices, [0, 1, 2, 2, 1, 3]);
    assert_eq!(frame.instances[0].geometry.positions[3], Vec3::new(1.0, 1.0, 2.0));
    assert!(near(bounds(&frame), model.bounds()), "{:?} {:?}", bounds(&frame), model.bounds());
    assert!(frame.instances[0].world_from_local.determinant() < 0.0);
    let [light] = frame.lights[..] else { panic!("{:?}", frame.lights) };
    assert!(light.color.abs_diff_eq(Vec3::new(20.0, 0.0, 0.0), 1e-3));
    let LightKind::Spot { position, direction, .. } = light.kind else { panic!("{light:?}") };
    assert!(position.abs_diff_eq(Vec3::new(1.0, 2.0, 3.0), 1e-5) && direction.abs_diff_eq(Vec3::NEG_Z, 1e-5));
    assert_eq!(frame.environment, Environment::None);
    let eye = frame.camera.view_from_world.inverse().transform_point3(Vec3::ZERO);
    assert!(eye.abs_diff_eq(Vec3::new(1.0, 2.0, 12.0), 1e-4));
    let material = &frame.materials[frame.instances[0].material];
    assert_eq!(material.metallic, 0.25);
    assert!((material.emissive.x - 0.5).abs() < 0.01);
    let texture = material.base_color_texture.as_ref().unwrap();
    assert_eq!((texture.image.rgba[0], texture.smooth), ([255, 0, 255, 255], false));
    assert!(messages.iter().any(|message| message.contains("not there.png")), "{messages:?}");
}

#[test]
fn a_skinned_mesh_is_where_its_joints_are() {
    let mut file = gltf();
    let weights = [1.0f32, 0.0, 0.0, 0.0].repeat(4).iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let uri = format!("data:application/octet-stream;base64,{}", STANDARD.encode(weights));
    file["buffers"].as_array_mut().unwrap().push(json!({"byteLength": 64, "uri": uri}));
    file["bufferViews"].as_array_mut().unwrap().push(json!({"buffer": 1, "byteLength": 64}));
    let accessors = file["accessors"].as_array_mut().unwrap();
    accessors.push(json!({"componentType": 5121, "count": 4, "type": "VEC4"}));
    accessors.push(json!({"bufferView": 4, "componentType": 5126, "count": 4, "type": "VEC4"}));
    let attributes = &mut file["meshes"][0]["primitives"][0]["attributes"];
    (attributes["JOINTS_0"], attributes["WEIGHTS_0"]) = (json!(2), json!(3));
    file["skins"] = json!([{"joints": [3]}]);
    file["nodes"][1]["skin"] = json!(0);
    file["nodes"][2] = json!({});
    let (content, kept, _) = imported("a.gltf", &[("a.gltf", &serde_json::to_vec(&file).unwrap())]);
    let frame = framed(&content, &kept);
    assert_eq!(frame.instances.len(), 1);
    let joint = Vec3::new(1.0, 2.0, 12.0);
    let moved = Bounds { min: joint, max: joint + Vec3::new(1.0, 1.0, 2.0) };
    assert!(near(bounds(&frame), moved), "{:?}", bounds(&frame));
}

#[test]
fn what_is_wrong_with_a_gltf_file_is_told_with_its_place() {
    let cases = [
        ("/accessors/0/bufferView", json!(9), "/accessors/0/bufferView"),
        ("/accessors/0/count", json!(2_147_483_648_u64), "/accessors/0"),
        ("/accessors/0/max", json!([1, 1, 1]), "/accessors/0/max/2"),
        ("/accessors/0/sparse/indices/byteOffset", json!(5), "/accessors/0/sparse/indices/byteOffset"),
        ("/accessors/1/byteOffset", json!(3), "/accessors/1/byteOffset"),
        ("/bufferViews/0/byteLength", json!(1u64 << 40), "/bufferViews/0/byteLength"),
        ("/buffers/0/byteLength", json!(97), "/buffers/0"),
        ("/buffers/0/uri", json!("gone%2fand%20away.bin"), "/buffers/0/uri"),
        ("/nodes/1/children", json!([0]), "/nodes/0"),
        ("/nodes/1/rotation", json!([0, 0, 0, 0.5]), "/nodes/1/rotation"),
        ("/nodes/2/matrix/3", json!(1), "/nodes/2/matrix"),
        ("/nodes/2/mesh", json!(1), "/nodes/2/mesh"),
        (
            "/meshes/0/primitives/0/attributes/POSITION",
            json!(1),
            "/meshes/0/primitives/0/attributes/POSITION",
        ),
        ("/meshes/0/primitives/0/attributes/A~1B", json!(1), "/meshes/0/primitives/0/attributes/A~1B"),
        ("/meshes/0/primitives/0/indices", json!(1), "/meshes/0/primitives/0/indices"),
        ("/extensionsRequired", json!(["KHR_lights_punctual"]), ""),
        ("/extensionsUsed", json!(["KHR_lights_punctual", "EXT_made_up"]), ""),
        ("/asset/version", json!("1.0"), "/asset/version"),
    ];
    for (at, value, place) in cases {
        let mut file = gltf();
        let (above, key) = at.rsplit_once('/').unwrap();
        match file.pointer_mut(above).unwrap() {
            Json::Array(list) => list[key.parse::<usize>().unwrap()] = value,
            object => object[key.replace("~1", "/")] = value,
        }
        // A loop needs a node that is below no other one.
        if at == "/nodes/1/children" {
            file["scenes"] = json!([{}]);
        }
        match (read("gltf", &serde_json::to_vec(&file).unwrap()), place) {
            (Ok(_), "") => {}
            (Err(ReadError::Json { pointer, .. }), place) => assert_eq!(pointer, place, "{at}"),
            (other, _) => panic!("{at}: {:?}", other.map(|model| model.bounds())),
        }
    }
    let mut file = gltf();
    file["extensionsUsed"] = json!(["EXT_made_up"]);
    file["extensionsRequired"] = json!(["EXT_made_up"]);
    let error = read("gltf", &serde_json::to_vec(&file).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "at /extensionsRequired/0: EXT_made_up is not understood");
}

#[test]
fn numbers_that_nothing_stands_behind_take_no_memory() {
    let mut file = gltf();
    let blank = json!({"componentType": 5126, "count": 4_000_000_000_u64, "type": "MAT4"});
    file["accessors"] = json!([blank, blank]);
    file["meshes"][0]["primitives"][0]["attributes"] = json!({"_MINE": 0});
    file["materials"] = json!([{}]);
    file["skins"] = json!([{"joints": [0], "inverseBindMatrices": 0}]);
    read("gltf", &serde_json::to_vec(&file).unwrap()).unwrap();
}

#[test]
fn the_other_formats_give_triangles_lines_and_points() {
    let obj = "mtllib a.mtl\no square\nv 0 0 0 1 0 0\nv 1 0 0 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvn 0 0 1\nusemtl red\n\
        f 1/1/1 2/1/1 3/1/1 \\\n 4/1/1\nl -1 -2 -3\no dot\np 4\n";
    let stl = "solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 1 1 0\nendloop\nendfacet\n\
        facet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 1 0\nvertex 0 1 0\nendloop\nendfacet\nendsolid\n";
    let ply = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty double y\nproperty float z\n\
        property uchar red\nproperty uchar green\nproperty uchar blue\nelement face 1\n\
        property list uchar int vertex_indices\nend_header\n\
        0 0 0 255 0 0\n1 0 0 0 255 0\n1 1 0 0 0 255\n0 1 0 9 9 9\n4 0 1 2 3\n";
    let mut big =
        ply[..ply.find("end_header\n").unwrap() + 11].replace("ascii", "binary_big_endian").into_bytes();
    for [x, y] in [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0f32]] {
        big.extend(x.to_be_bytes());
        big.extend(f64::from(y).to_be_bytes());
        big.extend([0, 0, 0, 0, 1, 2, 3]);
    }
    big.extend([4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]);
    let mut binary = [0; 80].to_vec();
    binary.extend(2u32.to_le_bytes());
    for corners in [[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]] {
        binary.extend([0; 12]);
        let numbers = corners.iter().flat_map(|[x, y]| [*x as f32, *y as f32, 0.0]);
        binary.extend(numbers.flat_map(|number| number.to_le_bytes()));
        binary.extend([0; 2]);
    }
    let mtl: (&str, &[u8]) = ("a.mtl", b"newmtl red\nKd 1 0 0\nd 0.5\n");
    let cases: [(&str, &[u8], &[usize]); 5] = [
        ("a.obj", obj.as_bytes(), &[6, 4, 1]),
        ("a.stl", stl.as_bytes(), &[6]),
        ("b.stl", &binary, &[6]),
        ("a.ply", ply.as_bytes(), &[6]),
        ("b.ply", &big, &[6]),
    ];
    let square = Bounds { min: Vec3::ZERO, max: Vec3::new(1.0, 1.0, 0.0) };
    for (name, bytes, counts) in cases {
        let (content, kept, messages) = imported(name, &[(name, bytes), mtl]);
        let frame = framed(&content, &kept);
        let found: Vec<usize> =
            frame.instances.iter().map(|instance| instance.geometry.indices.len()).collect();
        assert_eq!((found.as_slice(), messages.len()), (counts, 0), "{name}: {messages:?}");
        assert_eq!(frame.instances[0].geometry.positions.len(), 4, "{name}");
        assert!(near(bounds(&frame), square), "{name}");
        assert!(
            frame.materials.iter().all(|material| material.double_sided),
            "{name} is seen from both sides"
        );
        assert_eq!(frame.environment, Environment::Studio(1.0));
        let Projection::Perspective { yfov, .. } = frame.camera.projection else { panic!("{name}") };
        let slope = (yfov / 2.0).tan();
        for corner in square.corners() {
            let seen = frame.camera.view_from_world.transform_point3(corner);
            assert!(
                seen.y.abs() < -seen.z * slope && seen.x.abs() < -seen.z * slope * 640.0 / 480.0,
                "{name}: {seen}"
            );
        }
    }
}

#[test]
fn damaged_files_are_refused_with_the_line_or_byte() {
    let cases: [(&str, &[u8], &str); 9] = [
        ("obj", b"v 0 0 0\nv 1 0 nan\n", "line 2: \"nan\" is no finite number"),
        ("obj", b"v 0 0 0\nf 1 2 3\n", "line 2: there is no vertex 2; there are 1"),
        ("obj", b"v 0 0 0\nf\n", "line 2: the element names no vertices"),
        ("stl", b"solid\nfacet\nvertex 0 0\n", "line 3: three numbers are needed"),
        ("stl", b"\0\0", "at byte 2: the file ends within the header"),
        ("ply", b"ply\nformat ascii 2.0\nelement vertex many\n", "line 3: \"many\" is no count"),
        ("ply", b"ply\nformat ascii 1.0\nelement vertex 4000000000\nproperty float x\nproperty float y\nproperty float z\n\
            end_header\n0 0 0\n", "at byte 115: the file ends too early"),
        ("gltf", b"{", "at the top level: invalid JSON: EOF while parsing an object at line 1 column 1"),
        ("gltf", b"glTF\x02\0\0\0\x14\0\0\0", "at byte 12: the file is not 20 bytes long, as it says"),
    ];
    for (format, bytes, message) in cases {
        assert_eq!(read(format, bytes).unwrap_err().to_string(), message);
    }
}
