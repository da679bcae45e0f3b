//! The commands of scenes through a kernel in memory: what they do to what is measured, and that undo takes all of it back.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

use base::BlobHash;
use kernel::{CommandError, Context, Kernel, Registry, Request, ports::memory};
use serde_json::{Value as Json, json};

struct Bench {
    kernel: Kernel,
    document: Json,
}

impl Bench {
    /// An empty scene, with these files at hand.
    fn new(files: &[(&str, &[u8])]) -> Self {
        let mut registry = Registry::default();
        registry.add(kernel::core()).unwrap();
        registry.add(scene::capability(gpu::Shared::default())).unwrap();
        let (kernel, _) = memory::kernel(registry, files);
        let mut bench = Bench { kernel, document: Json::Null };
        let made = bench.execute("document.create", json!({ "kind": "scene.world" })).unwrap();
        bench.document = made["document"].clone();
        bench
    }

    fn execute(&mut self, command: &str, arguments: Json) -> Result<Json, CommandError> {
        let (command, context) = (command.to_owned(), Context::default());
        let request = Request { command, arguments, context, timeout_s: None, traced: false };
        self.kernel.execute(request).map(|response| response.result)
    }

    fn try_run(&mut self, command: &str, mut arguments: Json) -> Result<Json, CommandError> {
        arguments["document"] = self.document.clone();
        self.execute(command, arguments)
    }

    fn run(&mut self, command: &str, arguments: Json) -> Json {
        self.try_run(command, arguments.clone())
            .unwrap_or_else(|error| panic!("{command} {arguments}: {error}"))
    }

    /// Runs a command that is one step, and checks that undoing that step leaves what was there, and redoing it what it made.
    fn step(&mut self, command: &str, arguments: Json) -> Json {
        let (before, events) = (self.state(), self.events());
        let made = self.run(command, arguments);
        let after = self.state();
        assert_ne!(before, after, "{command} changes something");
        assert_eq!(self.events(), events + 1, "{command} is one step");
        self.run("history.undo", json!({}));
        assert_eq!(before, self.state(), "{command} is taken back");
        self.run("history.redo", json!({}));
        assert_eq!(after, self.state(), "{command} comes back");
        made
    }

    fn events(&mut self) -> usize {
        let document = self.document.as_str().unwrap().parse().unwrap();
        self.kernel.history(document).unwrap().rows().len()
    }

    /// The hash of all that is in the scene.
    fn state(&mut self) -> BlobHash {
        let all =
            [self.run("document.inspect", json!({}))["properties"].clone(), self.run("node.find", json!({}))];
        BlobHash::of(json!(all).to_string().as_bytes())
    }

    fn node(&mut self, node: &Json) -> Json {
        let found = self.run("node.find", json!({}));
        found["nodes"].as_array().unwrap().iter().find(|found| found["node"] == *node).unwrap()["properties"]
            .clone()
    }

    fn kinds(&mut self, kind: &str) -> usize {
        self.run("node.find", json!({ "kind": kind }))["nodes"].as_array().unwrap().len()
    }

    /// The box around a node, or all: least and greatest coordinates.
    fn bounds(&mut self, node: Option<&Json>) -> [f64; 6] {
        let found = self.run("scene.bounds", json!({ "nodes": node.into_iter().collect::<Vec<_>>() }));
        let side = |name: &str| serde_json::from_value::<[f64; 3]>(found[name].clone()).unwrap();
        let ([a, b, c], [d, e, f]) = (side("min"), side("max"));
        [a, b, c, d, e, f]
    }

    fn measure(&mut self) -> Json {
        self.run("scene.measure", json!({}))
    }

    /// A shape; its node.
    fn shape(&mut self, shape: &str, mut arguments: Json) -> Json {
        arguments["shape"] = shape.into();
        self.step("scene.shape.add", arguments)["node"].clone()
    }
}

fn near(a: [f64; 6], b: [f64; 6]) -> bool {
    a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
}

fn number(json: &Json, name: &str) -> f64 {
    json[name].as_f64().unwrap()
}

#[test]
fn transforms_are_measured_in_the_space_that_is_asked_for() {
    // A box of 2 × 1 × 1 at 3, 0, 0 in a group that is turned by a quarter about y: its x is towards −z in the world.
    let cases: [(Json, [f64; 6]); 7] = [
        (json!({ "move": [1, 0, 0], "space": "parent" }), [-0.5, -0.5, -5.0, 0.5, 0.5, -3.0]),
        (json!({ "move": [1, 0, 0], "space": "world" }), [0.5, -0.5, -4.0, 1.5, 0.5, -2.0]),
        (json!({ "move": [0, 0, 1], "space": "local" }), [0.5, -0.5, -4.0, 1.5, 0.5, -2.0]),
        (json!({ "rotate": [0, 90, 0] }), [-1.0, -0.5, -3.5, 1.0, 0.5, -2.5]),
        (
            json!({ "rotate": [0, 90, 0], "about": [0, 0, 0], "space": "world" }),
            [-4.0, -0.5, -0.5, -2.0, 0.5, 0.5],
        ),
        (json!({ "scale": [2, 1, 1], "space": "world" }), [-1.0, -0.5, -4.0, 1.0, 0.5, -2.0]),
        (
            json!({ "scale": [1, 3, 1], "about": [0, -0.5, 0], "space": "local" }),
            [-0.5, -0.5, -4.0, 0.5, 2.5, -2.0],
        ),
    ];
    for (arguments, wanted) in cases {
        let mut bench = Bench::new(&[]);
        let node = bench.shape("box", json!({ "width": 2, "position": [3, 0, 0] }));
        let group = bench.step("scene.group.create", json!({ "nodes": [node] }))["node"].clone();
        bench.step("scene.transform", json!({ "nodes": [group], "rotate": [0, 90, 0] }));
        assert!(near(bench.bounds(None), [-0.5, -0.5, -4.0, 0.5, 0.5, -2.0]));
        let mut asked = arguments.clone();
        asked["nodes"] = json!([node]);
        bench.step("scene.transform", asked);
        let found = bench.bounds(None);
        assert!(near(found, wanted), "{arguments}: {found:?}");
        assert!(bench.node(&node).get("matrix").is_none(), "{arguments}");
        // Neither dissolving the group nor putting it elsewhere moves what is in it.
        let ball = bench.shape("sphere", json!({ "position": [0, 9, 0], "rotation": [30, 20, 10] }));
        bench.step("scene.parent", json!({ "nodes": [node], "parent": ball }));
        assert!(near(bench.bounds(Some(&node)), wanted), "{arguments}");
        bench.step("scene.parent", json!({ "nodes": [node], "parent": group }));
        bench.step("scene.group.dissolve", json!({ "nodes": [group] }));
        assert!(near(bench.bounds(Some(&node)), wanted), "{arguments}");
    }
    // What is turned below what is stretched leans: that needs a matrix, and nothing is lost.
    let mut bench = Bench::new(&[]);
    let node = bench.shape("box", json!({ "rotation": [0, 0, 45] }));
    let before = bench.bounds(None);
    bench.step("scene.transform", json!({ "nodes": [node], "scale": [3, 1, 1] }));
    assert!(bench.node(&node).get("matrix").is_some());
    bench.step("scene.transform", json!({ "nodes": [node], "scale": [1.0 / 3.0, 1, 1] }));
    assert!(near(bench.bounds(None), before) && bench.node(&node).get("matrix").is_none());
}

#[test]
fn copies_share_geometry_and_edits_change_only_what_is_named() {
    let mut bench = Bench::new(&[]);
    let node = bench.shape("cylinder", json!({ "position": [2, 0, 0], "height": 1 }));
    let row = bench.step("scene.array", json!({ "nodes": [node], "count": 4, "offset": [0, 2, 0] }));
    assert!(near(bench.bounds(None), [1.5, -0.5, -0.5, 2.5, 6.5, 0.5]));
    let blob = bench.node(&node)["geometry"].clone();
    let copies: Vec<Json> = row["nodes"].as_array().unwrap().clone();
    assert!(copies.iter().all(|copy| bench.node(copy)["geometry"] == blob));
    let flipped = json!({ "nodes": [copies[0], copies[1]] });
    bench.step("scene.normals.flip", flipped.clone());
    let blobs: Vec<Json> = copies.iter().map(|copy| bench.node(copy)["geometry"].clone()).collect();
    assert!(
        blobs[0] == blobs[1] && blobs[0] != blob && blobs[2] == blob && bench.node(&node)["geometry"] == blob
    );
    assert!(number(&bench.measure(), "volume").abs() < 1e-6, "two look in, two look out");
    bench.step("scene.normals.flip", flipped);
    assert_eq!(bench.node(&copies[0])["geometry"], blob);
    let radial = json!({ "nodes": [node], "count": 4, "mode": "radial", "axis": "y" });
    bench.step("scene.array", radial);
    assert!(near(bench.bounds(None), [-2.5, -0.5, -2.5, 2.5, 6.5, 2.5]));
}

#[test]
fn a_mirror_keeps_surfaces_looking_out() {
    let mut bench = Bench::new(&[]);
    let node = bench.shape("cone", json!({ "position": [2, 1, 0], "rotation": [10, 20, 70], "segments": 9 }));
    let lamp = json!({ "shape": "spot", "position": [0, 3, 0], "target": [2, 1, 0], "parent": node });
    bench.step("scene.light.add", lamp);
    bench.step("scene.transform", json!({ "nodes": [node], "scale": [1, 2, 1], "space": "local" }));
    let (single, [a, b, c, d, e, f]) = (number(&bench.measure(), "volume"), bench.bounds(None));
    let cases = [
        (json!({ "axis": "x" }), [-d, b, c, -a, e, f]),
        (json!({ "axis": "y", "about": [0, 1, 0] }), [a, 2.0 - e, c, d, 2.0 - b, f]),
        (json!({ "axis": "z", "copy": false }), [a, b, -f, d, e, -c]),
    ];
    for (arguments, wanted) in cases {
        let mut asked = arguments.clone();
        asked["nodes"] = json!([node]);
        let made = bench.step("scene.mirror", asked)["nodes"][0].clone();
        let (found, measured) =
            (bench.bounds(Some(&made)), bench.run("scene.measure", json!({ "nodes": [made] })));
        assert!(near(found, wanted), "{arguments}: {found:?}");
        assert!((number(&measured, "volume") - single).abs() < 1e-6, "{arguments}");
        assert!(bench.node(&made).get("matrix").is_none(), "{arguments}");
        for scale in ["scaleX", "scaleY", "scaleZ"] {
            assert!(
                bench.node(&made).get(scale).is_none_or(|scale| scale.as_f64() > Some(0.0)),
                "{arguments}"
            );
        }
    }
    assert_eq!((bench.kinds("scene.mesh"), bench.kinds("scene.light")), (3, 3));
}

#[test]
fn joining_and_separating_are_inverse() {
    let mut bench = Bench::new(&[]);
    let red = bench.step("scene.material.add", json!({ "name": "red", "baseColor": "#ff0000" }))["material"]
        .clone();
    let group = bench.shape("box", json!({ "position": [0, 5, 0], "rotation": [0, 30, 0], "material": red }));
    let below = json!({ "position": [2, 0, 0], "rotation": [0, 0, 50], "parent": group, "segments": 5, "material": red });
    let ball = bench.shape("icosphere", below);
    let child = bench.shape("torus", json!({ "position": [0, 2, 0], "parent": ball, "material": red }));
    bench.step("scene.material.assign", json!({ "nodes": [child] }));
    let other = bench.shape("cone", json!({ "position": [4, 0, 0] }));
    let (before, place) = (bench.measure(), bench.bounds(Some(&child)));
    let joined = bench.step("scene.join", json!({ "nodes": [group, other] }));
    assert_eq!(joined["nodes"], json!([group, child]));
    assert_eq!(bench.kinds("scene.mesh"), 2);
    let after = bench.measure();
    for name in ["vertices", "triangles", "area", "volume"] {
        assert!((number(&after, name) - number(&before, name)).abs() < 1e-5, "{name}");
    }
    assert_ne!(bench.bounds(Some(&child)), place);
    let parts = bench.step("scene.separate", json!({ "nodes": [group, child] }));
    assert_eq!(parts["nodes"].as_array().unwrap().len(), 4);
    let again = bench.measure();
    for name in ["meshes", "vertices", "triangles", "area", "volume"] {
        assert!((number(&again, name) - number(&before, name)).abs() < 1e-5, "{name}");
    }
}

#[test]
fn geometry_is_edited_in_place_and_lines_are_refused() {
    let lines = b"v 0 0 0\nv 1 0 0\nv 1 1 0\nl 1 2 3\n";
    let mut bench = Bench::new(&[("lines.obj", lines)]);
    let ball = bench.shape("sphere", json!({ "radius": 1 }));
    let less = bench.step("scene.decimate", json!({ "nodes": [ball], "ratio": 0.25, "error": 0.1 }));
    assert!(
        less["meshes"][0]["triangles"].as_u64().unwrap() < 600 && number(&less["meshes"][0], "error") < 0.1
    );
    assert_eq!(bench.measure()["watertight"], json!(true));
    bench.step("scene.normals.recompute", json!({ "nodes": [ball], "crease": 0 }));
    bench.step("scene.weld", json!({ "nodes": [ball], "seams": false }));
    bench.document =
        bench.execute("document.import", json!({ "path": "lines.obj" })).unwrap()["document"].clone();
    let mesh = bench.run("node.find", json!({ "kind": "scene.mesh" }))["nodes"][0]["node"].clone();
    for command in ["scene.normals.flip", "scene.normals.recompute", "scene.decimate"] {
        let error = bench.try_run(command, json!({ "nodes": [mesh] })).unwrap_err();
        assert!(error.to_string().contains("it is made of lines"), "{command}: {error}");
    }
    let measured = bench.measure();
    assert_eq!((&measured["lines"], &measured["volume"]), (&json!(2), &Json::Null));
    bench.step("scene.mirror", json!({ "nodes": [mesh], "copy": false }));
    assert!(near(bench.bounds(None), [-1.0, 0.0, 0.0, 0.0, 1.0, 0.0]));
}

#[test]
fn outlines_materials_and_textures_make_a_scene() {
    let picture =
        raster::Surface::with_pixels(2, 1, raster::Pixels::U8(vec![[255, 0, 0, 255], [0, 255, 0, 255]]));
    let encoding = raster::codec::Encoding::of("png", &json!({})).unwrap();
    let png = raster::codec::encode(&picture, &encoding).unwrap();
    let mut bench = Bench::new(&[("two.png", &png), ("not.png", b"no picture")]);
    let plate = json!({ "data": "M10 10H110V60H10Z", "depth": 0.2 });
    let plate = bench.step("scene.extrude", plate)["node"].clone();
    assert!(near(bench.bounds(None), [-0.5, -0.25, -0.1, 0.5, 0.25, 0.1]));
    let material =
        bench.step("scene.material.add", json!({ "nodes": [plate], "metallic": 1 }))["material"].clone();
    assert_eq!(bench.node(&plate)["material"], material);
    for _ in 0..2 {
        bench.step("scene.texture.add", json!({ "material": material, "path": "two.png", "repeat": [2, 2] }));
    }
    assert_eq!((bench.kinds("scene.texture"), bench.kinds("scene.materials")), (1, 1));
    let refused: [(&str, Json, &str); 9] = [
        ("scene.texture.add", json!({ "material": material, "path": "not.png" }), "not.png"),
        ("scene.texture.add", json!({ "material": plate, "path": "two.png" }), "a material is needed"),
        ("scene.extrude", json!({ "data": "M0 0H10" }), "encloses no area"),
        ("scene.extrude", json!({ "data": "nothing" }), "not path data"),
        ("scene.extrude", json!({ "data": "M1 1L1 1L1 1Z" }), "encloses no area"),
        ("scene.extrude", json!({ "data": "M0 0C0 0 0 0 0 0ZM3 3L4 4L5 5Z" }), "encloses no area"),
        (
            "scene.extrude",
            json!({ "data": "M0 0C1e200 0 1e200 1e200 0 1e200Z", "tolerance": 1e-9 }),
            "too large",
        ),
        ("scene.text.add", json!({ "text": "no fonts here" }), "nothing would be seen"),
        ("scene.transform", json!({ "nodes": [material], "move": [1, 0, 0] }), "no place in the world"),
    ];
    for (command, arguments, wanted) in refused {
        let error = bench.try_run(command, arguments).unwrap_err().to_string();
        assert!(error.contains(wanted), "{command}: {error}");
    }
}

#[test]
fn a_pixel_meets_what_is_seen_there() {
    let mut bench = Bench::new(&[]);
    let near_box = bench.shape("box", json!({ "position": [0, 0, 1] }));
    let far_box = bench.shape("box", json!({ "position": [1, 0, -3], "width": 3, "height": 3 }));
    let paper = bench.shape("plane", json!({ "position": [-2, 0, 0], "rotation": [-90, 0, 0] }));
    bench.step("scene.camera.add", json!({ "position": [0, 0, 6], "fieldOfView": 53.130_102_354 }));
    let at = |x: f64, y: f64| json!({ "x": x, "y": y, "width": 400, "height": 200 });
    let ray = |origin: [f64; 3], direction: [f64; 3]| json!({ "origin": origin, "direction": direction });
    // From 6 m away a picture of 200 px is 6 m high at the origin, as the tangent of half the field of view is 1/2.
    let cases = [
        (at(200.0, 100.0), json!(near_box), 4.5),
        (at(245.0, 100.0), json!(far_box), 8.5 * (1.0 + 0.45f64 * 0.45 / 4.0).sqrt()),
        (at(10.0, 10.0), Json::Null, 0.0),
        // Without a material it is seen from behind, too.
        (ray([-2.0, 0.0, 5.0], [0.0, 0.0, -3.0]), json!(paper), 5.0),
        (ray([-2.0, 0.0, -5.0], [0.0, 0.0, 1.0]), json!(paper), 5.0),
        (ray([0.25, 8.0, 1.25], [0.0, -1.0, 0.0]), json!(near_box), 7.5),
    ];
    for (asked, wanted, distance) in &cases {
        let hit = bench.run("scene.pick", asked.clone());
        assert_eq!(hit["node"], *wanted, "{asked}");
        if !wanted.is_null() {
            assert!((number(&hit, "distance") - distance).abs() < 1e-6, "{asked}: {hit}");
        }
    }
    let hit = bench.run("scene.pick", cases[5].0.clone());
    assert_eq!((&hit["normal"], &hit["uv"]), (&json!([0.0, 1.0, 0.0]), &json!([0.75, 0.75])));
    bench.step("scene.material.add", json!({ "nodes": [paper] }));
    assert_eq!(bench.run("scene.pick", cases[3].0.clone())["node"], Json::Null, "of one side");
    // What is locked or hidden is looked through; a mirrored box is seen from the same side.
    bench.run("node.set", json!({ "node": near_box, "property": "locked", "value": true }));
    assert_eq!(bench.run("scene.pick", cases[0].0.clone())["node"], far_box);
    bench.step("scene.transform", json!({ "nodes": [far_box], "scale": [-1, 1, 1] }));
    let mirrored = bench.run("scene.pick", cases[0].0.clone());
    assert_eq!((&mirrored["node"], &mirrored["front"]), (&far_box, &json!(true)));
    assert_eq!(mirrored["normal"], json!([0.0, 0.0, 1.0]));
    assert!((number(&mirrored, "distance") - 8.5).abs() < 1e-6, "{mirrored}");
    assert_eq!(bench.measure()["watertight"], json!(false), "a plane is open");
}
