//! Movements, against positions that the test computes in double precision from the numbers in the file.
#![allow(clippy::unwrap_used)] // A test that cannot go on fails.

mod common;

use base::NodeId;
use common::{
    content, framed_at, imported, kernel, run,
    tube::{LOOKS, Tube},
};
use document::Content;
use glam::DVec3;
use kernel::Kernel;
use scene::{frame::Frame, import, model::Interpolation};
use serde_json::{Value as Json, json};

#[test]
fn skinned_and_morphed_vertices_are_where_the_specification_puts_them() {
    let tube = Tube::new();
    let (content, kept, messages) =
        imported("tube.gltf", &[("tube.gltf", tube.file().to_string().as_bytes())]);
    assert!(messages.is_empty(), "{messages:?}");
    let mut seen: Vec<Vec<glam::Vec3>> = Vec::new();
    for time in LOOKS {
        let frame = framed_at(&content, &kept, time);
        let [instance] = &frame.instances[..] else { panic!("{} instances", frame.instances.len()) };
        let expected = tube.expected(time);
        assert_eq!(instance.geometry.positions.len(), expected.len());
        for (vertex, (found, expected)) in instance.geometry.positions.iter().zip(&expected).enumerate() {
            let found = instance.world_from_local.as_dmat4().transform_point3(found.as_dvec3());
            assert!(found.abs_diff_eq(*expected, 1e-4), "vertex {vertex} at {time}: {found}, not {expected}");
        }
        assert!(!seen.contains(&instance.geometry.positions), "it does not stand still at {time}");
        seen.push(instance.geometry.positions.clone());
    }
}

/// The tube in two parts with named morph targets, a joint that is a mesh itself, and a second animation.
fn crowded(tube: &Tube) -> Json {
    let mut file = tube.file();
    let part = file["meshes"][0]["primitives"][0].clone();
    file["meshes"][0]["primitives"].as_array_mut().unwrap().push(part.clone());
    file["meshes"][0]["extras"] = json!({ "targetNames": ["wide", "high"] });
    let plain = json!({ "attributes": { "POSITION": 0 }, "indices": part["indices"] });
    file["meshes"].as_array_mut().unwrap().push(json!({ "name": "shoe", "primitives": [plain] }));
    file["nodes"][2]["mesh"] = 1.into();
    let channel = |sampler: usize, node: usize, path: &str| json!({ "sampler": sampler, "target": { "node": node, "path": path } });
    let swim = json!({ "name": "swim",
        "samplers": [
            { "input": 5, "output": 8, "interpolation": "CUBICSPLINE" },
            { "input": 5, "output": 6 },
            { "input": 5, "output": 9, "interpolation": "STEP" },
        ],
        "channels": [channel(0, 0, "rotation"), channel(1, 2, "translation"), channel(2, 3, "weights")],
    });
    file["animations"].as_array_mut().unwrap().push(swim);
    file
}

/// Where the vertices of all that is seen are in the world.
fn vertices(frame: &Frame) -> Vec<DVec3> {
    let of = frame.instances.iter().flat_map(|instance| {
        let world_from_local = instance.world_from_local.as_dmat4();
        instance.geometry.positions.iter().map(move |at| world_from_local.transform_point3(at.as_dvec3()))
    });
    of.collect()
}

fn named(content: &Content, kind: &str, name: &str) -> NodeId {
    let root = content.tree().unwrap().root();
    let is_it =
        |node: &document::NodeRef<'_>| node.kind() == kind && node.string("name").as_deref() == Some(name);
    root.descendants().find(is_it).unwrap().id()
}

#[test]
fn what_moves_moves_the_same_once_it_was_exported_and_imported_again() {
    let file = crowded(&Tube::new()).to_string();
    let mut kernel = kernel(&[("tube.gltf", file.as_bytes())]);
    let import = |kernel: &mut Kernel, path: &str| {
        run(kernel, "document.import", json!({ "path": path }))["document"].clone()
    };
    let first = import(&mut kernel, "tube.gltf");
    let knee = named(&content(&mut kernel, &first).0, "scene.group", "knee");
    let sheared = [1.0, 0.2, 0.0, 0.0, 0.5, 1.1, 0.0, 0.0, 0.0, -0.3, 0.8, 0.0, 0.1, 0.0, 0.2, 1.0];
    for matrix in [false, true] {
        if matrix {
            // A joint that is animated and has a matrix becomes two nodes.
            let args = json!({ "document": first, "node": knee, "property": "matrix", "value": sheared });
            run(&mut kernel, "node.set", args);
        }
        for playing in ["walk", "swim"] {
            let node = named(&content(&mut kernel, &first).0, "scene.animation", playing);
            let args = json!({ "document": first, "property": "animation", "value": node });
            run(&mut kernel, "node.set", args);
            run(&mut kernel, "document.export", json!({ "document": first, "path": "out.glb" }));
            let second = import(&mut kernel, "out.glb");
            let (a, b) = (content(&mut kernel, &first), content(&mut kernel, &second));
            let mut seen = Vec::new();
            for time in LOOKS {
                let [wanted, found] =
                    [&a, &b].map(|(content, kept)| vertices(&framed_at(content, kept, time)));
                assert_eq!(found.len(), wanted.len());
                for (vertex, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
                    let what = format!("{playing}, vertex {vertex} at {time}: {found}, not {wanted}");
                    assert!(found.abs_diff_eq(*wanted, 1e-4), "{what}");
                }
                assert!(!seen.contains(&wanted), "it does not stand still at {time}");
                seen.push(wanted);
            }
            let bytes = kernel.files().read("out.glb").unwrap();
            let (model, warnings) = import::read("glb", &bytes, &|_| None, &base::Limits::default()).unwrap();
            assert_eq!(warnings, []);
            let clips: Vec<_> =
                model.animations.iter().map(|clip| (clip.name.as_str(), clip.channels.len())).collect();
            // What plays comes first, since nothing else says what plays.
            let wanted =
                if playing == "walk" { [("walk", 5), ("swim", 4)] } else { [("swim", 4), ("walk", 5)] };
            assert_eq!(clips, wanted);
            let (step, line, cubic) = (Interpolation::Step, Interpolation::Linear, Interpolation::Cubic);
            for (name, wanted) in
                [("walk", vec![step, line, cubic, line, line]), ("swim", vec![cubic, line, step, step])]
            {
                let clip = model.animations.iter().find(|clip| clip.name == name).unwrap();
                let found: Vec<_> =
                    clip.channels.iter().map(|channel| channel.sampler.interpolation).collect();
                assert_eq!(found, wanted, "{name}");
            }
            let morphed: Vec<_> = model.meshes.iter().filter(|mesh| !mesh.target_names.is_empty()).collect();
            assert!(!morphed.is_empty() && morphed.iter().all(|mesh| mesh.target_names == ["wide", "high"]));
        }
    }
    let baked = json!({ "document": first, "path": "still.glb", "time": 1.9, "options": { "bake": true } });
    run(&mut kernel, "document.export", baked);
    let still = import(&mut kernel, "still.glb");
    let (a, b) = (content(&mut kernel, &first), content(&mut kernel, &still));
    let [wanted, found] = [&a, &b].map(|(content, kept)| vertices(&framed_at(content, kept, 1.9)));
    // What hangs on joints is in another place of the list, since it is in the world's space.
    let is_there = |wanted: &DVec3| found.iter().any(|found| found.abs_diff_eq(*wanted, 1e-4));
    assert!(found.len() == wanted.len() && wanted.iter().all(is_there));
    let frames = [0.0, 3.0].map(|time| vertices(&framed_at(&b.0, &b.1, time)));
    assert_eq!(frames[0], frames[1]);
}

#[test]
fn what_bends_is_measured_and_picked_as_it_is_bent() {
    let tube = Tube::new();
    let mut kernel = kernel(&[("tube.gltf", tube.file().to_string().as_bytes())]);
    let document = run(&mut kernel, "document.import", json!({ "path": "tube.gltf" }))["document"].clone();
    let mesh = named(&content(&mut kernel, &document).0, "scene.mesh", "tube");
    for time in LOOKS {
        let places = tube.expected(time);
        // No triangle names the last vertex.
        let named = &places[..places.len() - 1];
        let least = named.iter().copied().reduce(DVec3::min).unwrap();
        let most = named.iter().copied().reduce(DVec3::max).unwrap();
        for command in ["scene.bounds", "scene.measure"] {
            let found =
                run(&mut kernel, command, json!({ "document": document, "nodes": [mesh], "time": time }));
            let found = if command == "scene.bounds" { &found } else { &found["bounds"] };
            for (name, wanted) in [("min", least), ("max", most)] {
                let found: [f64; 3] = serde_json::from_value(found[name].clone()).unwrap();
                assert!(
                    DVec3::from(found).abs_diff_eq(wanted, 1e-4),
                    "{command} at {time}: {found:?}, not {wanted}"
                );
            }
        }
        let [a, b, c] = [0, 1, 4].map(|corner| places[corner]);
        let (middle, normal) = ((a + b + c) / 3.0, (b - a).cross(c - a).normalize());
        let ray = json!({ "document": document, "time": time, "backFaces": true,
            "origin": (middle + normal * 1e-3).to_array(), "direction": (-normal).to_array() });
        let hit = run(&mut kernel, "scene.pick", ray);
        assert_eq!((&hit["node"], &hit["triangle"]), (&json!(mesh), &json!(0)), "at {time}");
        assert!((hit["distance"].as_f64().unwrap() - 1e-3).abs() < 1e-4, "at {time}: {hit}");
    }
}
