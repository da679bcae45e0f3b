//! A bottle that sways: a body of revolution with a label, a skin of six joints, and an animation of two seconds.

use std::f32::consts::TAU;

use anyhow::Result;
use serde_json::{Value as Json, json};
use testkit::{Image, Scans};

use super::glb::Glb;

/// A point of the outline: the radius and the height, in m.
type Point = [f32; 2];

/// Parts around.
const AROUND: usize = 56;
/// Parts between two points of an outline.
const FINE: usize = 5;
/// Joints above one another, the first at the ground.
const JOINTS: usize = 6;
/// Between two joints, in m.
const BONE: f32 = 0.36;
/// The animation: seconds, and its steps.
const LOOP: (f32, usize) = (2.0, 24);

/// Below and above the label; the label; the cap; what it stands on.
const LOWER: &[Point] =
    &[[0.0, 0.0], [0.26, 0.0], [0.36, 0.015], [0.412, 0.06], [0.43, 0.15], [0.43, 0.28], [0.43, 0.4]];
const LABEL: &[Point] = &[[0.433, 0.4], [0.433, 0.56], [0.433, 0.72], [0.433, 0.88], [0.433, 1.04]];
const UPPER: &[Point] = &[
    [0.43, 1.04],
    [0.43, 1.12],
    [0.412, 1.24],
    [0.345, 1.39],
    [0.24, 1.53],
    [0.172, 1.65],
    [0.158, 1.76],
    [0.158, 1.8],
];
const CAP: &[Point] =
    &[[0.158, 1.79], [0.186, 1.795], [0.19, 1.82], [0.19, 1.93], [0.176, 1.956], [0.1, 1.964], [0.0, 1.964]];
const STAND: &[Point] = &[
    [0.0, -0.12],
    [0.6, -0.12],
    [0.655, -0.11],
    [0.665, -0.09],
    [0.665, -0.03],
    [0.655, -0.008],
    [0.6, 0.0],
    [0.0, 0.0],
];

/// Vertices of a surface of revolution, and its triangles.
struct Surface {
    positions: Vec<[f32; 3]>,
    normals: Vec<[f32; 3]>,
    coordinates: Vec<[f32; 2]>,
    indices: Vec<u16>,
}

/// The file.
pub fn bottle() -> Result<Vec<u8>> {
    let mut glb = Glb::new();
    let paint = glb.texture(&painted(768, 768).encode_jpeg(82, Scans::Interleaved)?);
    let paper = glb.texture(&stripes(96, 64).encode_jpeg(82, Scans::Interleaved)?);
    let coat =
        json!({ "KHR_materials_clearcoat": { "clearcoatFactor": 0.9, "clearcoatRoughnessFactor": 0.06 } });
    let [label, painted, gold, stone] = [
        json!({ "name": "Label", "pbrMetallicRoughness": { "baseColorTexture": { "index": paper }, "metallicFactor": 0, "roughnessFactor": 0.5 } }),
        json!({ "name": "Paint", "pbrMetallicRoughness": { "baseColorTexture": { "index": paint }, "metallicFactor": 0.15, "roughnessFactor": 0.38 }, "extensions": coat }),
        json!({ "name": "Gold", "pbrMetallicRoughness": { "baseColorFactor": [0.95, 0.62, 0.28, 1.0], "metallicFactor": 1, "roughnessFactor": 0.26 } }),
        json!({ "name": "Stone", "pbrMetallicRoughness": { "baseColorFactor": [0.028, 0.022, 0.05, 1.0], "metallicFactor": 0, "roughnessFactor": 0.42 } }),
    ]
    .map(|material| glb.add("materials", material));
    glb.add("extensionsUsed", json!("KHR_materials_clearcoat"));

    let parts = [(LABEL, label), (LOWER, painted), (UPPER, painted), (CAP, gold)];
    let primitives = parts.map(|(outline, material)| {
        let surface = match material == painted {
            true => revolved(outline, (0.0, 1.8)),
            false => revolved(outline, (outline[0][1], outline[outline.len() - 1][1])),
        };
        primitive(&mut glb, &surface, material, true)
    });
    let body = glb.add("meshes", json!({ "name": "Bottle", "primitives": primitives }));
    let stand = primitive(&mut glb, &revolved(STAND, (-0.12, 0.0)), stone, false);
    let stand = glb.add("meshes", json!({ "name": "Stand", "primitives": [stand] }));

    let stand = glb.add("nodes", json!({ "name": "Stand", "mesh": stand }));
    let body = glb.add("nodes", json!({ "name": "Bottle", "mesh": body, "skin": 0 }));
    let first = body + 1;
    for joint in 0..JOINTS {
        let mut node = json!({ "name": format!("Joint {}", joint + 1) });
        if joint > 0 {
            node["translation"] = json!([0, BONE, 0]);
        }
        if joint + 1 < JOINTS {
            node["children"] = json!([first + joint + 1]);
        }
        glb.add("nodes", node);
    }
    for node in [stand, body, first] {
        glb.show(node);
    }
    let binds: Vec<[f32; 16]> = (0..JOINTS)
        .map(|joint| {
            let down = -(joint as f32) * BONE;
            [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, down, 0.0, 1.0]
        })
        .collect();
    let binds = glb.floats(&binds, false);
    let joints: Vec<usize> = (first..first + JOINTS).collect();
    glb.add("skins", json!({ "inverseBindMatrices": binds, "joints": joints, "skeleton": first }));
    sway(&mut glb, first);
    Ok(glb.finish())
}

fn primitive(glb: &mut Glb, surface: &Surface, material: usize, bends: bool) -> Json {
    let mut attributes = json!({
        "POSITION": glb.floats(&surface.positions, true),
        "NORMAL": glb.floats(&surface.normals, false),
        "TEXCOORD_0": glb.floats(&surface.coordinates, false),
    });
    if bends {
        let (joints, weights): (Vec<_>, Vec<_>) =
            surface.positions.iter().map(|position| hung(position[1])).unzip();
        attributes["JOINTS_0"] = glb.joints(&joints).into();
        attributes["WEIGHTS_0"] = glb.floats(&weights, false).into();
    }
    json!({ "attributes": attributes, "indices": glb.indices(&surface.indices), "material": material })
}

/// The joints that a vertex at a height hangs on, and how much.
fn hung(height: f32) -> ([u8; 4], [f32; 4]) {
    let place = (height / BONE - 0.5).clamp(0.0, (JOINTS - 1) as f32);
    let joint = (place as usize).min(JOINTS - 2);
    let part = place - joint as f32;
    let part = part * part * (3.0 - 2.0 * part);
    ([joint as u8, joint as u8 + 1, 0, 0], [1.0 - part, part, 0.0, 0.0])
}

/// Each joint swings a little later and farther than the one below it.
fn sway(glb: &mut Glb, first: usize) {
    let (seconds, steps) = LOOP;
    let times: Vec<[f32; 1]> = (0..=steps).map(|step| [step as f32 / steps as f32 * seconds]).collect();
    let times = glb.floats(&times, true);
    let (mut samplers, mut channels) = (Vec::new(), Vec::new());
    for joint in 1..JOINTS {
        let rotations: Vec<[f32; 4]> = (0..=steps)
            .map(|step| {
                let turn = (step % steps) as f32 / steps as f32 - joint as f32 * 0.06;
                let reach = 0.05 + 0.018 * joint as f32;
                let (aside, ahead) = ((TAU * turn).sin() * reach, (2.0 * TAU * turn).sin() * reach * 0.3);
                let angle = (aside * aside + ahead * ahead).sqrt().max(1e-6);
                let part = (angle / 2.0).sin() / angle;
                [ahead * part, 0.0, aside * part, (angle / 2.0).cos()]
            })
            .collect();
        let rotations = glb.floats(&rotations, false);
        channels.push(
            json!({ "sampler": samplers.len(), "target": { "node": first + joint, "path": "rotation" } }),
        );
        samplers.push(json!({ "input": times, "output": rotations, "interpolation": "LINEAR" }));
    }
    glb.add("animations", json!({ "name": "Sway", "samplers": samplers, "channels": channels }));
}

/// The surface that an outline sweeps around the y axis. A texture reaches from one height to the other.
fn revolved(outline: &[Point], (low, high): (f32, f32)) -> Surface {
    let rings = smooth(outline);
    let mut surface =
        Surface { positions: Vec::new(), normals: Vec::new(), coordinates: Vec::new(), indices: Vec::new() };
    for (ring, ([radius, y], [dr, dy])) in rings.iter().enumerate() {
        let length = (dr * dr + dy * dy).sqrt().max(1e-9);
        for part in 0..=AROUND {
            let u = part as f32 / AROUND as f32;
            // The middle of the texture lies in front.
            let (sin, cos) = (TAU * (u - 0.5)).sin_cos();
            surface.positions.push([radius * sin, *y, radius * cos]);
            surface.normals.push([dy / length * sin, -dr / length, dy / length * cos]);
            surface.coordinates.push([u, 1.0 - (y - low) / (high - low).max(1e-9)]);
            if ring > 0 && part > 0 {
                let here = (ring * (AROUND + 1) + part) as u16;
                let below = here - (AROUND + 1) as u16;
                surface.indices.extend([below - 1, below, here, below - 1, here, here - 1]);
            }
        }
    }
    surface
}

/// Points on a smooth curve through those of an outline (Catmull and Rom 1974), each with its direction.
fn smooth(outline: &[Point]) -> Vec<(Point, Point)> {
    let at = |index: isize| outline[index.clamp(0, outline.len() as isize - 1) as usize];
    let mut points = Vec::new();
    for part in 0..outline.len() - 1 {
        let fine = if part + 2 == outline.len() { FINE + 1 } else { FINE };
        for step in 0..fine {
            let t = step as f32 / FINE as f32;
            let corners = [-1, 0, 1, 2].map(|corner| at(part as isize + corner));
            let both = [0, 1].map(|side| {
                let [a, b, c, d] = corners.map(|corner| corner[side]);
                let (one, two, three) = (c - a, 2.0 * a - 5.0 * b + 4.0 * c - d, 3.0 * b - a - 3.0 * c + d);
                let value = b + 0.5 * t * (one + t * (two + t * three));
                (value, 0.5 * (one + t * (2.0 * two + t * 3.0 * three)))
            });
            points.push(([both[0].0.max(0.0), both[1].0], [both[0].1, both[1].1]));
        }
    }
    points
}

/// A dawn from the ground up, with lines of height.
fn painted(width: u32, height: u32) -> Image {
    const STOPS: [(f32, [f32; 3]); 5] = [
        (0.0, [255.0, 226.0, 188.0]),
        (0.25, [255.0, 158.0, 98.0]),
        (0.5, [222.0, 74.0, 104.0]),
        (0.75, [112.0, 48.0, 140.0]),
        (1.0, [38.0, 24.0, 84.0]),
    ];
    drawn(width, height, |u, v| {
        let after = STOPS.iter().position(|stop| stop.0 >= v).unwrap_or(0).max(1);
        let ((start, from), (end, to)) = (STOPS[after - 1], STOPS[after]);
        let part = (v - start) / (end - start);
        let field = v * 16.0 + 0.9 * (TAU * (3.0 * u + v)).sin() + 0.5 * (TAU * (5.0 * u - 2.0 * v)).sin();
        let line = 1.0 - ((field - field.floor() - 0.5).abs() / 0.06).min(1.0);
        [0, 1, 2].map(|side| {
            let base = from[side] + (to[side] - from[side]) * part;
            base + (255.0 - base) * 0.28 * line
        })
    })
}

/// What the label shows as long as nobody puts something else on it.
fn stripes(width: u32, height: u32) -> Image {
    drawn(width, height, |u, _| match (u * 12.0) as u32 % 2 {
        0 => [250.0, 240.0, 224.0],
        _ => [240.0, 224.0, 202.0],
    })
}

fn drawn(width: u32, height: u32, color: impl Fn(f32, f32) -> [f32; 3]) -> Image {
    let mut image = Image::solid(width, height, [0, 0, 0, 255]);
    for (index, pixel) in image.pixels.chunks_exact_mut(4).enumerate() {
        let (x, y) = (index as u32 % width, index as u32 / width);
        let rgb = color((x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / height as f32);
        for (to, from) in pixel.iter_mut().zip(rgb) {
            *to = from.round() as u8;
        }
    }
    image
}
