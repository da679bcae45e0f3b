//! A scene of ten thousand nodes that share a hundred meshes: pictures of it, with and without a change before each.

use std::{f64::consts::PI, fs, path::Path};

use anyhow::{Context, Result};
use serde_json::{Value as Json, json};

use super::Job;

const NODES: usize = 10_000;
const MESHES: usize = 100;
/// Pictures in a run.
const PICTURES: usize = 12;

/// What is measured, with its inputs in `inputs`.
pub fn jobs(binary: &str, inputs: &Path) -> Result<Vec<Job>> {
    let model = inputs.join("crowd.glb");
    fs::write(&model, crowd()).context("the scene to measure with")?;
    let job = |name: &str, changed: bool| {
        let script = inputs.join(if changed { "crowd-changed.json" } else { "crowd.json" });
        fs::write(&script, pictures(&model, inputs, changed).to_string())?;
        let words =
            [binary, "--batch", &script.display().to_string(), "--force", "--setting", "batch.cacheBytes=0"];
        let command = words.iter().map(|word| (*word).to_owned()).collect();
        anyhow::Ok(Job { name: name.to_owned(), command, folder: None, keeps: false })
    };
    Ok(vec![
        job("10,000 nodes with 100 meshes, 12 pictures of 960 × 540", false)?,
        job("the same, each after one node has moved (reach: 1.1 ×)", true)?,
    ])
}

/// A script that draws the scene again and again.
fn pictures(model: &Path, inputs: &Path, changed: bool) -> Json {
    let document = "${model.document}";
    let eye = json!({ "document": document, "position": [90, 90, 90], "target": [0, 0, 0] });
    let mut steps = vec![
        json!({ "id": "model", "command": "document.import", "args": { "path": model } }),
        json!({ "id": "found", "command": "node.find", "args": { "document": document, "name": "node 5000" }, "needs": ["model"] }),
        json!({ "id": "eye", "command": "scene.camera.add", "args": eye, "needs": ["found"] }),
    ];
    let mut before = "eye".to_owned();
    for number in 0..PICTURES {
        if changed {
            let args =
                json!({ "document": document, "nodes": ["${found.nodes.0.node}"], "move": [0, 0.1, 0] });
            let id = format!("move{number}");
            let needs = ["model", "found", &before];
            steps.push(json!({ "id": id, "command": "scene.transform", "args": args, "needs": needs }));
            before = id;
        }
        let path = inputs.join(format!("crowd{number}.png"));
        let args = json!({ "document": document, "path": path, "width": 960, "height": 540 });
        let id = format!("picture{number}");
        steps.push(
            json!({ "id": id, "command": "document.export", "args": args, "needs": ["model", &before] }),
        );
        before = id;
    }
    json!({ "version": 1, "steps": steps })
}

/// The scene as GLB.
fn crowd() -> Vec<u8> {
    let (mut bytes, mut views, mut accessors, mut meshes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for number in 0..MESHES {
        let (positions, indices) = bump(24 + number as u32 % 8, 12, (number % 5 + 2) as f64);
        let mut add = |list: &[u8], component: u32, count: usize, shape: &str, bounded: bool| {
            views.push(json!({ "buffer": 0, "byteOffset": bytes.len(), "byteLength": list.len() }));
            bytes.extend(list);
            let mut accessor = json!({ "bufferView": views.len() - 1, "componentType": component, "count": count, "type": shape });
            if bounded {
                let axis = |i: usize| positions.iter().map(move |point| point[i]);
                accessor["min"] = json!([0, 1, 2].map(|i| axis(i).fold(f32::INFINITY, f32::min)));
                accessor["max"] = json!([0, 1, 2].map(|i| axis(i).fold(f32::NEG_INFINITY, f32::max)));
            }
            accessors.push(accessor);
            accessors.len() - 1
        };
        let flat =
            |list: &[[f32; 3]]| list.as_flattened().iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let position = add(&flat(&positions), 5126, positions.len(), "VEC3", true);
        let normals: Vec<[f32; 3]> = positions.iter().map(|point| unit(*point)).collect();
        let normal = add(&flat(&normals), 5126, normals.len(), "VEC3", false);
        let words: Vec<u8> = indices.iter().flat_map(|index| index.to_le_bytes()).collect();
        let index = add(&words, 5125, indices.len(), "SCALAR", false);
        let attributes = json!({ "POSITION": position, "NORMAL": normal });
        meshes.push(json!({ "primitives": [{ "attributes": attributes, "indices": index, "material": number % 10 }] }));
    }
    let node = |number: usize| {
        let place = |at: usize| (at as f64 - 50.0) * 1.5;
        let at = [place(number % 100), (number % 7) as f64 * 0.3, place(number / 100)];
        json!({ "name": format!("node {number}"), "mesh": number % MESHES, "translation": at, "scale": [0.6, 0.6, 0.6] })
    };
    let material = |number: usize| {
        let part = number as f64 * 0.07;
        json!({ "pbrMetallicRoughness": { "baseColorFactor": [0.3 + part, 0.9 - part, 0.5, 1], "metallicFactor": 0 } })
    };
    let document = json!({
        "asset": { "version": "2.0" },
        "scene": 0,
        "scenes": [{ "nodes": (0..NODES).collect::<Vec<_>>() }],
        "nodes": (0..NODES).map(node).collect::<Vec<_>>(),
        "materials": (0..10).map(material).collect::<Vec<_>>(),
        "meshes": meshes,
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{ "byteLength": bytes.len() }],
    });
    let mut text = document.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let mut out = b"glTF\x02\0\0\0".to_vec();
    out.extend((28 + text.len() as u32 + bytes.len() as u32).to_le_bytes());
    for (kind, chunk) in [(b"JSON", &text), (b"BIN\0", &bytes)] {
        out.extend((chunk.len() as u32).to_le_bytes());
        out.extend(kind);
        out.extend(chunk);
    }
    out
}

/// A ball with waves on it: places and triangles.
fn bump(around: u32, down: u32, waves: f64) -> (Vec<[f32; 3]>, Vec<u32>) {
    let place = |number: u32| {
        let (step, ring) = (number % (around + 1), number / (around + 1));
        let (u, v) = (f64::from(step) / f64::from(around) * 2.0 * PI, f64::from(ring) / f64::from(down) * PI);
        let radius = 1.0 + 0.2 * (waves * u).sin() * (3.0 * v).sin();
        [radius * v.sin() * u.cos(), radius * v.cos(), radius * v.sin() * u.sin()].map(|x| x as f32)
    };
    let cell = |number: u32| {
        let corner = number / around * (around + 1) + number % around;
        [corner, corner + 1, corner + around + 1, corner + 1, corner + around + 2, corner + around + 1]
    };
    ((0..(around + 1) * (down + 1)).map(place).collect(), (0..around * down).flat_map(cell).collect())
}

fn unit(point: [f32; 3]) -> [f32; 3] {
    let length = point.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-9);
    point.map(|x| x / length)
}
