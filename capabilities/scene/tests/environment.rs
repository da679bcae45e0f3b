//! Light from pictures: from a file to what is drawn, and to files that keep it.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use std::sync::Arc;

use base::Limits;
use glam::{Mat4, Vec3};
use gpu::{Choice, Gpu, Shared};
use kernel::{
    Context, Kernel, Registry, Request,
    ports::{Files, memory},
};
use raster::{
    codec,
    hdr::{self, Radiance},
};
use scene::{
    frame::{Camera, Environment, Frame, Geometry, Instance, Material, Projection},
    panorama::Panorama,
    render::render_linear,
};
use serde_json::{Value as Json, json};

/// A Radiance file of 2 × 1 pixels of these, whose exponent is that of 1 to 2.
fn radiance(left: [u8; 3], right: [u8; 3]) -> Vec<u8> {
    let pixel = |[r, g, b]: [u8; 3]| [r, g, b, 129];
    let head = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 2\n".as_slice();
    [head, &pixel(left), &pixel(right)].concat()
}

struct Bench {
    kernel: Kernel,
    files: Arc<memory::MemoryFiles>,
    document: Json,
}

impl Bench {
    /// A white plane of 4 m that lies at the origin, seen from above.
    fn new(files: &[(&str, &[u8])]) -> Bench {
        let mut registry = Registry::default();
        registry.add(kernel::core()).unwrap();
        registry.add(scene::capability(Shared::default())).unwrap();
        let (kernel, files) = memory::kernel(registry, files);
        let mut bench = Bench { kernel, files, document: Json::Null };
        let made = bench.run("document.create", json!({ "kind": "scene.world" })).unwrap();
        bench.document = made["document"].clone();
        for (command, arguments) in [
            ("scene.material.add", json!({ "baseColor": "#ffffff", "metallic": 0, "roughness": 1 })),
            (
                "scene.camera.add",
                json!({ "position": [0, 5, 0], "up": [0, 0, -1], "projection": "orthographic", "height": 2 }),
            ),
        ] {
            let made = bench.on(command, arguments).unwrap();
            if let Some(material) = made.get("material") {
                bench
                    .on(
                        "scene.shape.add",
                        json!({ "shape": "plane", "width": 4, "depth": 4, "material": material }),
                    )
                    .unwrap();
            }
        }
        bench
    }

    fn run(&mut self, command: &str, arguments: Json) -> Result<Json, String> {
        let (command, context) = (command.to_owned(), Context::default());
        let request = Request { command, arguments, context, timeout_s: None, traced: false };
        self.kernel.execute(request).map(|response| response.result).map_err(|error| error.to_string())
    }

    fn on(&mut self, command: &str, mut arguments: Json) -> Result<Json, String> {
        arguments["document"] = self.document.clone();
        self.run(command, arguments)
    }

    /// What is written to a file of 8 × 8 pixels.
    fn export(&mut self, path: &str, options: Json) -> Vec<u8> {
        self.on("document.export", json!({ "path": path, "width": 8, "height": 8, "options": options }))
            .unwrap();
        self.files.read(path).unwrap()
    }

    /// The light in the middle of an exported OpenEXR file.
    fn light(&mut self) -> [f32; 3] {
        let Radiance { width, height, rgb } =
            hdr::decode(&self.export("out.exr", json!({})), &Limits::default()).unwrap();
        assert_eq!((width, height), (8, 8));
        rgb[4 * 8 + 4]
    }
}

fn near(found: [f32; 3], expected: [f32; 3]) {
    let worst = found.iter().zip(expected).map(|(a, b)| (a / b - 1.0).abs()).fold(0.0, f32::max);
    assert!(worst < 0.01, "{found:?} for {expected:?}");
}

#[test]
fn a_white_plane_shines_as_its_surroundings() {
    let even = radiance([192; 3], [192; 3]);
    let mut bench = Bench::new(&[
        ("even.hdr", &even),
        ("cut.hdr", &even[..50]),
        ("not.exr", b"\x76\x2f\x31\x01\x02\0\0\0nothing"),
    ]);
    near(bench.light(), bench.light());
    // 192 / 256 × 2, three times as bright.
    let added = bench.on("scene.environment.add", json!({ "path": "even.hdr", "strength": 3 })).unwrap();
    near(bench.light(), [4.5; 3]);
    assert_eq!(bench.export("a.exr", json!({})), bench.export("b.exr", json!({})), "the same bytes");
    let fine = codec::decode(&bench.export("fine.png", json!({ "bits": 16 })), &Limits::default()).unwrap();
    let plain = codec::decode(&bench.export("plain.png", json!({})), &Limits::default()).unwrap();
    assert_eq!((fine.bits, plain.bits), (16, 8));
    let (fine, plain) = (fine.surface.pixel(4, 4).unwrap(), plain.surface.pixel(4, 4).unwrap());
    assert!((fine[1] - plain[1]).abs() < 0.003 && fine[1] < 1.0, "toned alike: {fine:?} {plain:?}");

    let set = |bench: &mut Bench, property: &str, value: Json| {
        bench.on("node.set", json!({ "node": added["node"], "property": property, "value": value })).unwrap();
    };
    set(&mut bench, "color", json!("#ff0000"));
    let red = bench.light();
    assert!(red[0] > 4.4 && red[1] == 0.0, "{red:?}");
    set(&mut bench, "visible", json!(false));
    let hidden = bench.light();
    assert!(hidden[1] > 0.1 && hidden[0] < 1.5, "the studio again: {hidden:?}");

    for (arguments, wanted) in [
        (json!({ "path": "cut.hdr" }), "cut.hdr: the Radiance HDR data ends at byte 50"),
        (json!({ "path": "not.exr" }), "not.exr: the OpenEXR data"),
        (json!({}), "either a path or a source is needed"),
        (json!({ "source": bench.document }), "cannot shine on itself"),
    ] {
        let error = bench.on("scene.environment.add", arguments).unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
    let error =
        bench.on("document.export", json!({ "path": "x.exr", "options": { "bits": 16 } })).unwrap_err();
    assert!(error.contains("there is no option \"bits\""), "{error}");
}

#[test]
fn surroundings_turn_and_are_seen_and_replaced() {
    // Green to the left of an unturned camera, red to its right.
    let halves = radiance([0, 128, 0], [128, 0, 0]);
    let mut bench = Bench::new(&[("halves.hdr", &halves)]);
    let camera = json!({ "position": [0, 5, 0], "target": [1, 5, 0], "projection": "perspective" });
    bench.on("scene.camera.add", camera).unwrap();
    let mut seen = |rotation: f64, blur: f64| {
        let arguments = json!({ "path": "halves.hdr", "backdrop": true, "rotation": rotation, "blur": blur });
        bench.on("scene.environment.add", arguments).unwrap();
        let found = bench.on("node.find", json!({ "kind": "scene.environment" })).unwrap();
        assert_eq!(found["nodes"].as_array().unwrap().len(), 1, "replaced");
        bench.light()
    };
    let is = |found: [f32; 3], bright: usize| found[bright] > 0.9 && found[1 - bright] < 0.1;
    assert!(is(seen(0.0, 0.0), 0), "red to the right");
    assert!(is(seen(180.0, 0.0), 1), "green when it is turned round");
    // A quarter to the left brings the seam between both to the right.
    let seam = seen(90.0, 0.0);
    assert!(seam[0] > 0.3 && seam[1] > 0.3, "{seam:?}");
    let blurred = seen(60.0, 1.0);
    assert!(blurred[0] > blurred[1] && blurred[1] > 0.05, "{blurred:?}");
}

#[test]
fn a_sun_in_a_picture_lights_like_a_sun() {
    let gpu = Gpu::open(&Choice::Cpu).unwrap_or_else(|error| panic!("install mesa-vulkan-drivers: {error}"));
    let (width, height) = (256_u32, 128_u32);
    let (across, down) = (150, 37);
    let mut rgb = vec![[0.0; 3]; (width * height) as usize];
    rgb[(down * width + across) as usize] = [200_000.0; 3];
    let panorama = Arc::new(Panorama::new(width, height, rgb).unwrap());
    let pi = std::f32::consts::PI;
    let (turn, slope) = ((150.5 / 256.0 - 0.5) * 2.0 * pi, 37.5 / 128.0 * pi);
    let sun = Vec3::new(turn.sin() * slope.sin(), slope.cos(), -turn.cos() * slope.sin());
    let power = 200_000.0 * ((37.0 / 128.0 * pi).cos() - (38.0 / 128.0 * pi).cos()) * 2.0 * pi / 256.0;

    for normal in [Vec3::Y, sun, Vec3::X, Vec3::NEG_Z, Vec3::NEG_Y] {
        let (a, b) = normal.any_orthonormal_pair();
        let geometry = Geometry {
            positions: [-a - b, a - b, a + b, b - a].to_vec(),
            normals: vec![normal; 4],
            indices: vec![0, 1, 2, 0, 2, 3],
            ..Geometry::default()
        };
        // Without a surface in front of its colour all light is diffuse.
        let material = Material { metallic: 0.0, ior: 1.0, ..Material::default() };
        let frame = Frame {
            instances: vec![Instance {
                geometry: Arc::new(geometry),
                world_from_local: Mat4::IDENTITY,
                material: 0,
            }],
            materials: vec![material],
            lights: Vec::new(),
            environment: Environment::Image {
                panorama: panorama.clone(),
                turn: 0.0,
                tint: Vec3::ONE,
                backdrop: None,
            },
            camera: Camera {
                view_from_world: glam::camera::rh::view::look_at_mat4(normal * 5.0, Vec3::ZERO, a),
                projection: Projection::Orthographic { ymag: 0.5, near: 0.1, far: 10.0 },
            },
            background: None,
        };
        let picture = render_linear(&gpu, &frame, 4, 4, false).unwrap();
        let (found, expected) = (picture.rgba[5][1].to_f32(), power * normal.dot(sun).max(0.0) / pi);
        assert!((found - expected).abs() < 0.01 * power / pi, "{normal}: {found} for {expected}");
        assert!(picture.rgba.iter().all(|pixel| pixel[3].to_f32() == 1.0));
    }
}
