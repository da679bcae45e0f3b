//! Models into documents, out to files of every format, and back.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::sync::Arc;

use base::Limits;
use glam::{EulerRot, Mat3, Mat4, Quat, Vec2, Vec3, Vec4};
use kernel::{CommandError, Context, Kernel, Registry, Request, Response};
use raster::{
    Depth, Pixels, Surface,
    codec::{self, Encoding},
};
use scene::{
    export::{self, WriteError},
    frame::{Alpha, Geometry, Lobes, Projection, Topology, Wrap},
    import,
    model::{
        Camera, Image, ImageData, Light, LightKind, Material, Mesh, Model, Node, Primitive, Slot, TextureRef,
        TextureTransform, Transform,
    },
};
use serde_json::{Value as Json, json};

/// How far places may be off after a way through degrees and products of matrices.
const NEAR: f32 = 2e-4;
/// How far colours may be off after a way through eight bits of sRGB.
const SHADE: f32 = 5e-3;

/// Numbers that look random and are the same on every run (Steele and others 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    /// From 0 to 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }

    fn vector(&mut self) -> Vec3 {
        Vec3::new(self.unit(), self.unit(), self.unit()) * 4.0 - 2.0
    }

    fn chance(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// A box whose faces look outwards, or its edges or corners.
fn geometry(random: &mut Random, topology: Topology) -> Geometry {
    let mut out = Geometry { topology, ..Geometry::default() };
    let size = random.vector().abs() + 0.25;
    for axis in 0..3 {
        for side in [-1.0f32, 1.0] {
            let normal = Mat3::IDENTITY.col(axis) * side;
            let across = Mat3::IDENTITY.col((axis + 1) % 3) * side;
            let up = normal.cross(across);
            let first = out.positions.len() as u32;
            for [u, v] in [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0f32]] {
                let corner = normal + across * (u * 2.0 - 1.0) + up * (v * 2.0 - 1.0);
                out.positions.push(corner * size);
                out.normals.push(normal);
                out.tangents.push(across.extend(if side < 0.0 { -1.0 } else { 1.0 }));
                out.uvs[0].push(Vec2::new(u, v));
                out.uvs[1].push(Vec2::new(v * 0.5, u * 3.0));
                out.colors.push(Vec4::new(random.unit(), random.unit(), random.unit(), 1.0));
            }
            out.indices.extend(match topology {
                Topology::Triangles => vec![first, first + 1, first + 2, first, first + 2, first + 3],
                Topology::Lines => vec![first, first + 1, first + 1, first + 2],
                Topology::Points => vec![first, first + 1, first + 2, first + 3],
            });
        }
    }
    if random.chance() {
        out.colors = Vec::new();
    }
    if random.chance() {
        out.tangents = Vec::new();
        out.uvs[1] = Vec::new();
    }
    if topology != Topology::Triangles {
        (out.tangents, out.normals) = (Vec::new(), Vec::new());
        out.uvs = [Vec::new(), Vec::new()];
    }
    out
}

fn transform(random: &mut Random) -> Transform {
    let [x, y, z] = random.vector().to_array();
    let rotation = Quat::from_euler(EulerRot::XYZ, x, y, z);
    let mirror = if random.chance() { -1.0 } else { 1.0 };
    let scale = Vec3::new(0.5 + random.unit(), mirror * (0.5 + random.unit()), 0.5 + random.unit());
    let translation = random.vector();
    match random.below(3) {
        0 => {
            let shear = Mat3::from_cols(Vec3::X, Vec3::new(0.6, 1.0, 0.0), Vec3::new(0.0, -0.3, 1.0));
            let linear = Mat3::from_quat(rotation) * shear * Mat3::from_diagonal(scale);
            Transform::Matrix(Mat4::from_translation(translation) * Mat4::from_mat3(linear))
        }
        _ => Transform::Parts { translation, rotation, scale },
    }
}

/// Pixels, some of them transparent.
fn picture(encoding: &Encoding, blue: u8) -> kernel::Bytes {
    let pixels = (0..16u8).map(|i| if i % 5 == 0 { [0; 4] } else { [i * 16, 255 - i * 16, blue, 255] });
    let surface = Surface::with_pixels(4, 4, Pixels::U8(pixels.collect()));
    codec::encode(&surface, encoding).unwrap().into()
}

fn material(random: &mut Random, index: usize, images: usize) -> Material {
    let mut out = Material {
        name: format!("material {index}"),
        base_color: Vec4::new(random.unit(), random.unit(), random.unit(), 1.0),
        metallic: random.unit(),
        roughness: random.unit(),
        emissive: if random.chance() { random.vector().abs() } else { Vec3::ZERO },
        alpha: [Alpha::Opaque, Alpha::Mask(0.25), Alpha::Blend][index % 3],
        double_sided: random.chance(),
        unlit: index == 4,
        ior: if random.chance() { 1.5 } else { 1.0 + random.unit() },
        normal_scale: 0.5,
        occlusion_strength: 0.75,
        lobes: if index % 2 == 1 { lobes(random) } else { Lobes::default() },
        ..Material::default()
    };
    let slots = if index % 2 == 1 { &Slot::ALL[..] } else { &Slot::ALL[..5] };
    for slot in slots.iter().copied().filter(|_| images > 0 && index > 0) {
        let transform = TextureTransform {
            offset: Vec2::new(random.unit(), random.unit()),
            rotation: random.unit(),
            scale: Vec2::new(2.0, 0.5),
        };
        out.textures.push((
            slot,
            TextureRef {
                image: random.below(images),
                set: random.below(2),
                transform: if random.chance() { transform } else { TextureTransform::default() },
                wrap: [Wrap::Mirror, [Wrap::Clamp, Wrap::Repeat][random.below(2)]],
                smooth: random.chance(),
            },
        ));
    }
    // What a format does not write where it does not count comes back as it is by default.
    if out.textures.is_empty() {
        (out.normal_scale, out.occlusion_strength) = (1.0, 1.0);
        out.lobes.clearcoat_normal_scale = 1.0;
    }
    if out.unlit {
        (out.emissive, out.ior) = (Vec3::ZERO, 1.5);
    }
    out
}

fn lobes(random: &mut Random) -> Lobes {
    let mut color = || Vec3::new(random.unit(), random.unit(), random.unit());
    let [attenuation_color, specular_color, sheen_color] = [color(), color() * 2.0, color()];
    Lobes {
        clearcoat: random.unit(),
        clearcoat_roughness: random.unit(),
        clearcoat_normal_scale: 0.5,
        transmission: random.unit(),
        thickness: random.unit() * 3.0,
        attenuation_distance: if random.chance() { f32::INFINITY } else { 0.5 + random.unit() },
        attenuation_color,
        specular: random.unit(),
        specular_color,
        sheen_color,
        sheen_roughness: random.unit(),
    }
}

/// A tree of named nodes, some of which show the same.
fn generated(seed: u64) -> Model {
    let mut random = Random(seed);
    let random = &mut random;
    let encodings = [Encoding::Png { depth: Depth::U8 }, Encoding::WebP];
    let mut model = Model {
        images: encodings
            .iter()
            .enumerate()
            .map(|(i, encoding)| Image {
                name: format!("folder/image {i}.dat"),
                data: ImageData::Encoded(picture(encoding, i as u8)),
            })
            .collect(),
        ..Model::default()
    };
    model.materials = (0..5).map(|index| material(random, index, model.images.len())).collect();
    for index in 0..6 {
        let topology = [Topology::Triangles, Topology::Triangles, Topology::Lines, Topology::Points];
        let geometry = Arc::new(geometry(random, topology[index % 4]));
        let material = Some(random.below(model.materials.len()));
        let primitive = Primitive { geometry, material, binding: None, morphs: Arc::default() };
        model.meshes.push(Mesh {
            name: format!("mesh {index}"),
            primitives: vec![primitive],
            ..Mesh::default()
        });
    }
    model.cameras = vec![
        Camera {
            name: "far".to_owned(),
            projection: Projection::Perspective { yfov: 0.7, near: 0.1, far: f32::INFINITY },
        },
        Camera {
            name: "flat".to_owned(),
            projection: Projection::Orthographic { ymag: 2.5, near: 0.5, far: 40.0 },
        },
    ];
    let kinds = [
        LightKind::Directional,
        LightKind::Point,
        LightKind::Spot { inner: 0.2, outer: std::f32::consts::FRAC_PI_2 },
    ];
    let range = [f32::INFINITY, 7.5, f32::INFINITY];
    model.lights = (kinds.into_iter().zip(range))
        .map(|(kind, range)| Light {
            name: "lamp".to_owned(),
            color: Vec3::new(1.0, random.unit(), 0.0),
            intensity: 30.0 * random.unit(),
            kind,
            range,
        })
        .collect();
    for index in 0..16 {
        let mut node =
            Node { name: format!("node {index}"), transform: transform(random), ..Node::default() };
        match index {
            0..2 => node.camera = Some(index),
            2..5 => node.light = Some(index - 2),
            5..8 => {}
            _ => node.mesh = Some(index % model.meshes.len()),
        }
        let parent = (index > 0 && random.below(4) > 0).then(|| random.below(index));
        match parent {
            Some(parent) => model.nodes[parent].children.push(index),
            None => model.roots.push(index),
        }
        model.nodes.push(node);
    }
    model
}

/// A document of a model, made by its importer.
struct Document {
    kernel: Kernel,
    id: Json,
}

impl Document {
    fn of(model: &Model) -> Document {
        let glb = export::write("glb", model, "first.glb", &Limits::default()).unwrap();
        assert_eq!((glb.beside.len(), glb.diagnostics.as_slice()), (0, [].as_slice()));
        let mut registry = Registry::default();
        registry.add(kernel::core()).unwrap();
        registry.add(scene::capability(gpu::Shared::default())).unwrap();
        let (kernel, _) = kernel::ports::memory::kernel(registry, &[("first.glb", &glb.bytes)]);
        let mut document = Document { kernel, id: Json::Null };
        let imported = document.execute("document.import", json!({ "path": "first.glb" })).unwrap();
        document.id = imported.result["document"].clone();
        document
    }

    fn execute(&mut self, command: &str, arguments: Json) -> Result<Response, CommandError> {
        let command = command.to_owned();
        let context = Context::default();
        self.kernel.execute(Request { command, arguments, context, timeout_s: None, traced: false })
    }

    fn export(&mut self, path: &str) -> Result<Response, CommandError> {
        self.execute("document.export", json!({ "document": self.id, "path": path }))
    }

    /// Exports it and reads what was written.
    fn round(&mut self, format: &str) -> Model {
        let path = format!("second.{format}");
        self.export(&path).unwrap();
        let files = self.kernel.files().clone();
        let bytes = files.read(&path).unwrap();
        import::read(format, &bytes, &|name| files.read(name).ok(), &Limits::default()).unwrap().0
    }
}

/// The tree as text. Left out are the nodes that stand between for transforms that are none of glTF's.
fn tree(model: &Model, list: &[usize]) -> String {
    let one = |index: &usize| {
        let node = &model.nodes[*index];
        let below = tree(model, &node.children);
        match (node.name.starts_with("node"), below.is_empty()) {
            (false, _) => below,
            (true, true) => node.name.clone(),
            (true, false) => format!("{}({below})", node.name),
        }
    };
    list.iter().map(one).collect::<Vec<_>>().join(",")
}

/// Everything in a model at its place, in the order of the tree.
struct Seen<'m> {
    parts: Vec<(Mat4, &'m Geometry, Material)>,
    cameras: Vec<(Mat4, &'m Camera)>,
    lights: Vec<(Mat4, &'m Light)>,
}

fn seen(model: &Model) -> Seen<'_> {
    let mut out = Seen { parts: Vec::new(), cameras: Vec::new(), lights: Vec::new() };
    let mut stack: Vec<(usize, Mat4)> =
        model.roots.iter().rev().map(|root| (*root, Mat4::IDENTITY)).collect();
    while let Some((index, above)) = stack.pop() {
        let node = &model.nodes[index];
        let place = above * node.transform.matrix();
        for primitive in node.mesh.iter().flat_map(|mesh| &model.meshes[*mesh].primitives) {
            let material = primitive.material.map(|index| model.materials[index].clone());
            out.parts.push((place, &*primitive.geometry, material.unwrap_or_default()));
        }
        out.cameras.extend(node.camera.map(|camera| (place, &model.cameras[camera])));
        out.lights.extend(node.light.map(|light| (place, &model.lights[light])));
        stack.extend(node.children.iter().rev().map(|child| (*child, place)));
    }
    out
}

fn check_material(found: &Material, wanted: &Material, (a, b): (&Model, &Model), what: &str) {
    let plain = |material: &Material| Material {
        base_color: Vec4::ZERO,
        emissive: Vec3::ZERO,
        lobes: Lobes {
            attenuation_color: Vec3::ZERO,
            specular_color: Vec3::ZERO,
            sheen_color: Vec3::ZERO,
            ..material.lobes
        },
        textures: Vec::new(),
        ..material.clone()
    };
    let colors = |lobes: &Lobes| [lobes.attenuation_color, lobes.specular_color / 2.0, lobes.sheen_color];
    for (one, two) in colors(&found.lobes).into_iter().zip(colors(&wanted.lobes)) {
        assert!(one.abs_diff_eq(two, SHADE), "{what}: {one} {two}");
    }
    assert_eq!(plain(found), plain(wanted), "{what}");
    assert!(found.base_color.abs_diff_eq(wanted.base_color, SHADE), "{what}: {found:?} {wanted:?}");
    let strength = wanted.emissive.max_element().max(1.0);
    assert!(found.emissive.abs_diff_eq(wanted.emissive, SHADE * strength), "{what}: {found:?} {wanted:?}");
    assert_eq!(found.textures.len(), wanted.textures.len(), "{what}");
    for ((slot, one), (other, two)) in found.textures.iter().zip(&wanted.textures) {
        assert_eq!((slot, one.set, one.wrap, one.smooth), (other, two.set, two.wrap, two.smooth), "{what}");
        assert!(one.transform.matrix().abs_diff_eq(two.transform.matrix(), 1e-5), "{what}");
        assert_eq!(a.images[one.image].name, b.images[two.image].name, "{what}");
        assert_eq!(pixels(&a.images[one.image]), pixels(&b.images[two.image]), "{what}");
    }
}

fn pixels(image: &Image) -> Vec<[u8; 4]> {
    let ImageData::Encoded(bytes) = &image.data else { panic!("{} is not there", image.name) };
    codec::decode_texels(bytes, &Limits::default()).unwrap().rgba
}

fn near(found: Mat4, wanted: Mat4) -> bool {
    let size = wanted.to_cols_array().iter().fold(1.0f32, |size, x| size.max(x.abs()));
    found.abs_diff_eq(wanted, NEAR * size)
}

#[test]
fn gltf_gives_everything_back() {
    for seed in 0..24 {
        let wanted = generated(seed);
        let mut document = Document::of(&wanted);
        let found = document.round("glb");
        assert_eq!(tree(&found, &found.roots), tree(&wanted, &wanted.roots), "{seed}");
        let (a, b) = (seen(&found), seen(&wanted));
        let counts = |seen: &Seen<'_>| (seen.parts.len(), seen.cameras.len(), seen.lights.len());
        assert_eq!(counts(&a), counts(&b), "{seed}");
        for (i, (one, two)) in a.parts.iter().zip(&b.parts).enumerate() {
            let what = format!("{seed}, part {i}");
            assert!(near(one.0, two.0), "{what}: {} {}", one.0, two.0);
            let mut geometry = two.1.clone();
            // A material may need texture coordinates that a mesh has not.
            for set in 0..2 {
                if geometry.uvs[set].is_empty() && !one.1.uvs[set].is_empty() {
                    assert!(two.2.textures.iter().any(|(_, texture)| texture.set >= set), "{what}");
                    geometry.uvs[set] = vec![Vec2::ZERO; geometry.positions.len()];
                }
            }
            // Tangents are made on the way in, where a normal map needs them.
            if geometry.tangents.is_empty() && two.2.textures.iter().any(|(slot, _)| *slot == Slot::Normal) {
                geometry.tangents.clone_from(&one.1.tangents);
            }
            assert_eq!(*one.1, geometry, "{what}");
            check_material(&one.2, &two.2, (&found, &wanted), &what);
        }
        for (one, two) in a.cameras.iter().zip(&b.cameras) {
            assert!(near(one.0, two.0), "{seed}");
            match (one.1.projection, two.1.projection) {
                (
                    Projection::Perspective { yfov, near, far },
                    Projection::Perspective { yfov: y, near: n, far: f },
                ) => assert!((yfov - y).abs() < 1e-5 && near == n && far == f, "{seed}"),
                (one, two) => assert_eq!(one, two, "{seed}"),
            }
        }
        for (one, two) in a.lights.iter().zip(&b.lights) {
            assert!(near(one.0, two.0) && one.1.color.abs_diff_eq(two.1.color, SHADE), "{seed}");
            assert_eq!((one.1.intensity, one.1.range), (two.1.intensity, two.1.range), "{seed}");
            let angles = |kind| match kind {
                LightKind::Spot { inner, outer } => Vec3::new(inner, outer, 2.0),
                LightKind::Point => Vec3::ONE,
                LightKind::Directional => Vec3::ZERO,
            };
            assert!(angles(one.1.kind).abs_diff_eq(angles(two.1.kind), 1e-5), "{seed}");
        }
    }
}

/// A corner of an element in the world's space.
struct Corner {
    position: Vec3,
    normal: Vec3,
    uv: Vec2,
    color: Vec3,
}

/// The corners of all elements of a topology; triangles that a mirror turns over are turned back.
fn corners(model: &Model, topology: Topology, textured: bool) -> Vec<Corner> {
    let mut out = Vec::new();
    for (place, geometry, material) in seen(model).parts {
        if geometry.topology != topology {
            continue;
        }
        let lead = [Slot::BaseColor, Slot::Emissive, Slot::Normal].iter().find_map(|slot| {
            material.textures.iter().find(|(other, _)| other == slot).map(|(_, texture)| *texture)
        });
        let lead = lead.filter(|_| textured && topology == Topology::Triangles);
        let (set, laid) = lead.map_or((0, Mat3::IDENTITY), |lead| (lead.set, lead.transform.matrix()));
        let normal_matrix = Mat3::from_mat4(place).inverse().transpose();
        let count = match topology {
            Topology::Triangles => 3,
            Topology::Lines => 2,
            Topology::Points => 1,
        };
        for element in geometry.indices.chunks(count) {
            let mut element = element.to_vec();
            if place.determinant() < 0.0 && count == 3 {
                element.swap(0, 1);
            }
            out.extend(element.into_iter().map(|index| index as usize).map(|index| Corner {
                position: place.transform_point3(geometry.positions[index]),
                normal:
                    geometry.normals.get(index).map_or(Vec3::ZERO, |it| (normal_matrix * *it).normalize()),
                uv: laid.transform_point2(geometry.uvs[set].get(index).copied().unwrap_or_default()),
                color: geometry.colors.get(index).map_or(Vec3::ONE, |color| color.truncate()),
            }));
        }
    }
    out
}

#[test]
fn the_other_formats_give_back_what_is_seen_in_the_world() {
    for seed in 0..12 {
        let wanted = generated(seed);
        let mut document = Document::of(&wanted);
        for format in ["obj", "ply", "stl"] {
            let found = document.round(format);
            let topologies: &[Topology] = match format {
                "obj" => &[Topology::Triangles, Topology::Lines, Topology::Points],
                _ => &[Topology::Triangles],
            };
            for topology in topologies {
                let what = format!("{seed}, {format}, {topology:?}");
                let a = corners(&found, *topology, false);
                let b = corners(&wanted, *topology, format == "obj");
                assert_eq!(a.len(), b.len(), "{what}");
                for (one, two) in a.iter().zip(&b) {
                    assert!(one.position.abs_diff_eq(two.position, 20.0 * NEAR), "{what}");
                    if format == "obj" {
                        let normal = if *topology == Topology::Triangles { two.normal } else { Vec3::ZERO };
                        assert!(one.normal.abs_diff_eq(normal, 1e-3), "{what}");
                        assert!(one.uv.abs_diff_eq(two.uv, 1e-4), "{what}: {} {}", one.uv, two.uv);
                        assert!(one.color.abs_diff_eq(two.color, 1e-4), "{what}");
                    }
                }
                for triangle in a.chunks(3).filter(|_| *topology == Topology::Triangles && format == "obj") {
                    let [a, b, c] = triangle else { panic!("{what}") };
                    let outwards = (b.position - a.position).cross(c.position - a.position);
                    assert!(outwards.dot(a.normal) > 0.0, "{what}: a face looks inwards");
                }
            }
            if format != "obj" {
                continue;
            }
            for ((_, _, one), (_, _, two)) in seen(&found).parts.iter().zip(&seen(&wanted).parts) {
                let wanted_name = two.name.replace(' ', "_");
                assert_eq!(
                    (&one.name, one.metallic, one.roughness),
                    (&wanted_name, two.metallic, two.roughness)
                );
                assert!(one.base_color.abs_diff_eq(two.base_color, SHADE), "{seed}");
                for (slot, texture) in &one.textures {
                    let (_, other) = two.textures.iter().find(|(other, _)| other == slot).unwrap();
                    assert_eq!(pixels(&found.images[texture.image]), pixels(&wanted.images[other.image]));
                }
            }
        }
    }
}

/// A box with colours and a box without, of a red material, at two places.
fn two_boxes() -> Model {
    let mut random = Random(7);
    let mut model = Model::default();
    model.materials.push(Material { base_color: Vec4::new(1.0, 0.0, 0.0, 1.0), ..Material::default() });
    for index in 0..2 {
        let mut geometry = geometry(&mut random, Topology::Triangles);
        geometry.colors = if index == 0 { vec![Vec4::new(0.0, 1.0, 0.0, 1.0); 24] } else { Vec::new() };
        let material = (index == 1).then_some(0);
        let primitive =
            Primitive { geometry: Arc::new(geometry), material, binding: None, morphs: Arc::default() };
        model.meshes.push(Mesh { primitives: vec![primitive], ..Mesh::default() });
    }
    for index in 0..4 {
        let transform = Transform::Matrix(Mat4::from_translation(Vec3::X * index as f32 * 9.0));
        model.roots.push(index);
        model.nodes.push(Node { transform, mesh: Some(index % 2), ..Node::default() });
    }
    model
}

#[test]
fn ply_has_colours_of_vertices_and_materials_and_edges_and_points() {
    let model = two_boxes();
    let found = |model: &Model| {
        let ply = export::write("ply", model, "a.ply", &Limits::default()).unwrap();
        import::read("ply", &ply.bytes, &|_| None, &Limits::default()).unwrap().0
    };
    let all = found(&model);
    let geometry = &all.meshes[0].primitives[0].geometry;
    let colors: Vec<Vec4> = [0, 24, 48, 72].map(|vertex| geometry.colors[vertex]).to_vec();
    let (red, green) = (Vec4::new(1.0, 0.0, 0.0, 1.0), Vec4::new(0.0, 1.0, 0.0, 1.0));
    assert_eq!(colors, [green, red, green, red]);
    assert_eq!(geometry.uvs[0][..24], model.meshes[0].primitives[0].geometry.uvs[0]);
    assert_eq!(geometry.normals[..24], model.meshes[0].primitives[0].geometry.normals);
    for topology in [Topology::Lines, Topology::Points] {
        let mut model = model.clone();
        model.nodes.truncate(1);
        model.roots.truncate(1);
        let lines = all_vertices(&model, topology);
        model.meshes[0].primitives[0].geometry = Arc::new(lines.clone());
        let found = found(&model);
        assert_eq!(found.meshes[0].primitives[0].geometry.topology, topology);
        assert_eq!(found.meshes[0].primitives[0].geometry.indices, lines.indices);
    }
}

/// The geometry of a model's first mesh as lines or points of all its vertices in turn.
fn all_vertices(model: &Model, topology: Topology) -> Geometry {
    let geometry = Geometry::clone(&model.meshes[0].primitives[0].geometry);
    Geometry { topology, indices: (0..24).collect(), ..geometry }
}

#[test]
fn instances_share_their_data_and_outputs_name_all_files() {
    let mut document = Document::of(&two_boxes());
    document.export("out.glb").unwrap();
    let files = document.kernel.files().clone();
    let bytes = files.read("out.glb").unwrap();
    let length = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let json: Json = serde_json::from_slice(&bytes[20..20 + length]).unwrap();
    let count = |key: &str| json[key].as_array().map_or(0, Vec::len);
    assert_eq!((count("nodes"), count("meshes"), count("materials")), (4, 2, 2));
    let plain = json["meshes"][0]["primitives"][0]["material"].as_u64().unwrap() as usize;
    assert_eq!(json["materials"][plain]["doubleSided"], true, "seen from both sides, as it is in a document");
    let uses = |name: &str| json.to_string().contains(&format!("\"{name}\":"));
    assert!(uses("NORMAL") && count("accessors") <= 14, "{}", json["accessors"]);
    let indices = json["meshes"][0]["primitives"][0]["indices"].as_u64().unwrap() as usize;
    assert_eq!(json["accessors"][indices]["componentType"], 5123);

    let mut document = Document::of(&generated(3));
    let told = document.export("my chair.obj").unwrap();
    let names: Vec<&str> =
        told.result["beside"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    let (library, images) = names.split_last().unwrap();
    assert_eq!(*library, "my chair.mtl");
    let is_image = |name: &&str| name.starts_with("my_chair_textures/image_") && name.ends_with(".png");
    assert!(!images.is_empty() && images.iter().all(is_image), "{names:?}");
    let text = String::from_utf8(files_of(&document, "my chair.obj")).unwrap();
    assert!(text.contains("\nmtllib my chair.mtl\no node_"), "{}", &text[..200]);
    assert!(
        told.diagnostics.iter().any(|it| it.message.contains("OBJ has no place")),
        "{:?}",
        told.diagnostics
    );
    let refused = document.execute(
        "document.export",
        json!({ "document": document.id, "path": "a.glb", "options": { "quality": 3 } }),
    );
    assert!(refused.unwrap_err().to_string().contains("there is no option \"quality\""));
}

fn files_of(document: &Document, path: &str) -> Vec<u8> {
    document.kernel.files().read(path).unwrap()
}

#[test]
fn hidden_nodes_are_left_out_and_time_counts() {
    let mut document = Document::of(&two_boxes());
    let id = document.id.as_str().unwrap().parse().unwrap();
    let content = document.kernel.content(id).unwrap();
    let meshes = content.tree().unwrap().root().children().filter(|node| node.kind() == "scene.mesh");
    let meshes: Vec<_> = meshes.map(|node| node.id()).collect();
    let hide = json!({ "document": id, "node": meshes[0], "property": "visible", "value": false });
    document.execute("node.set", hide).unwrap();
    for (time, x) in [(0, 0), (2, 8)] {
        let frame = json!({ "document": id, "node": meshes[1], "property": "x", "time": time, "value": x });
        document.execute("keyframe.set", frame).unwrap();
    }
    let args = json!({ "document": id, "path": "second.glb", "time": 1 });
    let told = document.execute("document.export", args).unwrap();
    assert!(told.diagnostics[0].message.contains("key frames"), "{:?}", told.diagnostics);
    let bytes = files_of(&document, "second.glb");
    let found = import::read("glb", &bytes, &|_| None, &Limits::default()).unwrap().0;
    assert_eq!(found.nodes.len(), 3);
    assert_eq!(found.nodes[0].transform.matrix().w_axis, Vec4::new(4.0, 0.0, 0.0, 1.0));
}

#[test]
fn what_shows_nothing_is_an_empty_scene_or_refused() {
    let empty = Geometry::default();
    let primitive =
        Primitive { geometry: Arc::new(empty), material: None, binding: None, morphs: Arc::default() };
    let mut points = two_boxes();
    let dots = all_vertices(&points, Topology::Points);
    points.meshes.iter_mut().for_each(|mesh| mesh.primitives[0].geometry = Arc::new(dots.clone()));
    let hollow = Model::of_mesh("hollow", vec![primitive]);
    for (model, nodes) in [(Model::default(), 0), (hollow, 1)] {
        let glb = export::write("glb", &model, "a.glb", &Limits::default()).unwrap();
        let found = import::read("glb", &glb.bytes, &|_| None, &Limits::default()).unwrap().0;
        assert_eq!((found.nodes.len(), found.meshes.len()), (nodes, 0));
        for format in ["obj", "stl", "ply"] {
            let refused = export::write(format, &model, "a", &Limits::default()).unwrap_err();
            assert!(matches!(refused, WriteError::Nothing(_)), "{format}");
        }
    }
    let refused = export::write("stl", &points, "a.stl", &Limits::default()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "there is nothing to write: STL holds triangles, and the scene shows none"
    );
    let small = Limits { import_bytes: 1000, ..Limits::default() };
    for format in ["glb", "obj", "stl", "ply"] {
        let refused = export::write(format, &two_boxes(), "a", &small).unwrap_err();
        assert!(matches!(refused, WriteError::Limit(_)), "{format}: {refused}");
    }
}
