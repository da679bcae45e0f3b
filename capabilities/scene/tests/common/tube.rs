//! A tube that moves in all ways, and where its vertices are, computed in double precision from the numbers in its file.

use base64::{Engine, engine::general_purpose::STANDARD};
use glam::{DMat4, DQuat, DVec3};
use serde_json::{Value as Json, json};

const RINGS: usize = 7;
const TIMES: [f32; 3] = [0.5, 1.0, 2.5];
/// Before the first key frame, on one, between two, and after the last one.
pub const LOOKS: [f64; 5] = [0.0, 0.7, 1.0, 1.9, 3.0];

/// A tube of rings along y that hangs on a chain of three joints and has two morph targets, all of them moving.
pub struct Tube {
    pub positions: Vec<[f32; 3]>,
    joints: Vec<[u8; 4]>,
    weights: Vec<[f32; 4]>,
    morphs: [Vec<[f32; 3]>; 2],
    /// Where the joints are, each in the space of the one before.
    steps: [[f32; 3]; 3],
    /// Of the second joint, linear; of the third, cubic with tangents.
    turns: Vec<[f32; 4]>,
    curve: Vec<[f32; 4]>,
    /// Of the first joint, in steps.
    moves: Vec<[f32; 3]>,
    morph_weights: Vec<[f32; 2]>,
}

fn turn(axis: [f64; 3], degrees: f64) -> [f32; 4] {
    DQuat::from_axis_angle(DVec3::from(axis).normalize(), degrees.to_radians()).as_quat().to_array()
}

impl Tube {
    pub fn new() -> Self {
        let mut tube = Tube {
            positions: Vec::new(),
            joints: Vec::new(),
            weights: Vec::new(),
            morphs: [Vec::new(), Vec::new()],
            steps: [[0.3, 0.0, -0.2], [0.0, 1.0, 0.0], [0.0, 1.5, 0.1]],
            turns: vec![
                turn([0.0, 0.0, 1.0], 10.0),
                turn([1.0, 0.0, 1.0], 100.0),
                turn([0.0, 1.0, 0.2], -75.0),
            ],
            curve: Vec::new(),
            moves: vec![[0.0, 0.0, 0.0], [2.0, 0.5, 0.0], [-1.0, 0.0, 3.0]],
            morph_weights: vec![[0.0, 1.0], [0.75, 0.0], [0.25, -0.5]],
        };
        for value in [turn([1.0, 0.0, 0.0], 0.0), turn([1.0, 0.3, 0.0], 60.0), turn([0.0, 0.0, 1.0], 120.0)] {
            tube.curve.extend([[0.1, -0.2, 0.3, 0.0], value, [-0.4, 0.2, 0.1, 0.3]]);
        }
        for ring in 0..RINGS {
            let height = ring as f32 / (RINGS - 1) as f32 * 3.0;
            for corner in 0..4 {
                let (sine, cosine) = (corner as f32 * std::f32::consts::FRAC_PI_2).sin_cos();
                tube.positions.push([cosine, height, sine]);
                let part = (height / 1.5).fract();
                let first = u8::from(height >= 1.5);
                tube.joints.push([first, (first + 1).min(2), 0, 0]);
                tube.weights.push([1.0 - part, part, 0.0, 0.0]);
                tube.morphs[0].push([cosine * 0.5, 0.0, sine * 0.5]);
                tube.morphs[1].push([0.0, height * 0.1, 0.2]);
            }
        }
        tube
    }

    /// The tube as a glTF file.
    pub fn file(&self) -> Json {
        let mut buffer = Vec::new();
        let (mut views, mut accessors) = (Vec::new(), Vec::new());
        let mut push = |bytes: Vec<u8>, count: usize, shape: &str, component: u32, bounds: Json| {
            views.push(json!({ "buffer": 0, "byteOffset": buffer.len(), "byteLength": bytes.len() }));
            let mut accessor = json!({ "bufferView": views.len() - 1, "count": count, "type": shape, "componentType": component });
            accessor.as_object_mut().unwrap().extend(bounds.as_object().unwrap().clone());
            accessors.push(accessor);
            buffer.extend(bytes);
        };
        let floats = |list: &[f32]| list.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let bounded = |list: &[[f32; 3]]| {
            let of = |pick: fn(f32, f32) -> f32| {
                list.iter().skip(1).fold(list[0], |a, b| std::array::from_fn(|i| pick(a[i], b[i])))
            };
            json!({ "min": of(f32::min), "max": of(f32::max) })
        };
        let count = self.positions.len();
        push(floats(self.positions.as_flattened()), count, "VEC3", 5126, bounded(&self.positions));
        push(self.joints.concat(), count, "VEC4", 5121, json!({}));
        push(floats(self.weights.as_flattened()), count, "VEC4", 5126, json!({}));
        for morph in &self.morphs {
            push(floats(morph.as_flattened()), count, "VEC3", 5126, bounded(morph));
        }
        push(floats(&TIMES), 3, "SCALAR", 5126, json!({ "min": [TIMES[0]], "max": [TIMES[2]] }));
        push(floats(self.moves.as_flattened()), 3, "VEC3", 5126, json!({}));
        push(floats(self.turns.as_flattened()), 3, "VEC4", 5126, json!({}));
        push(floats(self.curve.as_flattened()), 9, "VEC4", 5126, json!({}));
        push(floats(self.morph_weights.as_flattened()), 6, "SCALAR", 5126, json!({}));
        let mut matrices = Vec::new();
        for joint in self.bind_places() {
            matrices.extend(joint.inverse().as_mat4().to_cols_array());
        }
        push(floats(&matrices), 3, "MAT4", 5126, json!({}));
        let indices: Vec<u16> = (0..count as u16 - 5).flat_map(|i| [i, i + 1, i + 4]).collect();
        let bytes = indices.iter().flat_map(|i| i.to_le_bytes()).collect();
        push(bytes, indices.len(), "SCALAR", 5123, json!({}));
        let uri = format!("data:application/octet-stream;base64,{}", STANDARD.encode(&buffer));
        let channel = |sampler: usize, node: usize, path: &str| json!({ "sampler": sampler, "target": { "node": node, "path": path } });
        json!({
            "asset": { "version": "2.0" },
            "scenes": [{ "nodes": [0, 3] }],
            "nodes": [
                { "name": "hip", "translation": self.steps[0], "children": [1] },
                { "name": "knee", "translation": self.steps[1], "children": [2] },
                { "name": "foot", "translation": self.steps[2] },
                { "name": "tube", "mesh": 0, "skin": 0, "translation": [7, 7, 7] },
            ],
            "meshes": [{ "weights": [0.5, 0.5], "primitives": [{
                "attributes": { "POSITION": 0, "JOINTS_0": 1, "WEIGHTS_0": 2 },
                "targets": [{ "POSITION": 3 }, { "POSITION": 4 }],
                "indices": 11,
            }] }],
            "skins": [{ "joints": [0, 1, 2], "inverseBindMatrices": 10 }],
            "animations": [{ "name": "walk",
                "samplers": [
                    { "input": 5, "output": 6, "interpolation": "STEP" },
                    { "input": 5, "output": 7 },
                    { "input": 5, "output": 8, "interpolation": "CUBICSPLINE" },
                    { "input": 5, "output": 9 },
                ],
                "channels": [
                    channel(0, 0, "translation"), channel(1, 1, "rotation"),
                    channel(2, 2, "rotation"), channel(3, 3, "weights"),
                ],
            }],
            "accessors": accessors, "bufferViews": views,
            "buffers": [{ "byteLength": buffer.len(), "uri": uri }],
        })
    }

    /// Where the joints are when the tube is not bent.
    fn bind_places(&self) -> Vec<DMat4> {
        let mut place = DMat4::IDENTITY;
        let step = |step: &[f32; 3]| {
            place *= DMat4::from_translation(DVec3::from(step.map(f64::from)));
            place
        };
        self.steps.iter().map(step).collect()
    }

    /// Where its vertices are in the world.
    pub fn expected(&self, time: f64) -> Vec<DVec3> {
        let key = TIMES.iter().rposition(|key| f64::from(*key) <= time).unwrap_or(0);
        let next = if time < f64::from(TIMES[0]) { key } else { (key + 1).min(2) };
        let span = f64::from(TIMES[next]) - f64::from(TIMES[key]);
        let t = if next == key { 0.0 } else { (time - f64::from(TIMES[key])) / span };
        let moved = DVec3::from(self.moves[key].map(f64::from));
        let quaternion = |q: &[f32; 4]| DQuat::from_array(q.map(f64::from)).normalize();
        let (from, mut to) = (quaternion(&self.turns[key]), quaternion(&self.turns[next]));
        if from.dot(to) < 0.0 {
            to = -to;
        }
        let angle = from.dot(to).clamp(-1.0, 1.0).acos();
        let turned = match angle > 1e-9 {
            true => (from * ((1.0 - t) * angle).sin() + to * (t * angle).sin()) * (1.0 / angle.sin()),
            false => from,
        };
        let part = |key: usize, part: usize| glam::DVec4::from(self.curve[key * 3 + part].map(f64::from));
        let curved = part(key, 1) * (2.0 * t.powi(3) - 3.0 * t.powi(2) + 1.0)
            + part(key, 2) * span * (t.powi(3) - 2.0 * t.powi(2) + t)
            + part(next, 1) * (3.0 * t.powi(2) - 2.0 * t.powi(3))
            + part(next, 0) * span * (t.powi(3) - t.powi(2));
        let step = |i: usize| DVec3::from(self.steps[i].map(f64::from));
        let first = DMat4::from_translation(moved);
        let second = first * DMat4::from_rotation_translation(turned.normalize(), step(1));
        let third = second * DMat4::from_rotation_translation(DQuat::from_vec4(curved).normalize(), step(2));
        let places = [first, second, third];
        let bind: Vec<DMat4> = self.bind_places().iter().map(DMat4::inverse).collect();
        let weights: [f64; 2] = std::array::from_fn(|i| {
            let [a, b] = [key, next].map(|key| f64::from(self.morph_weights[key][i]));
            a + (b - a) * t
        });
        let position = |vertex: usize| {
            let mut local = DVec3::from(self.positions[vertex].map(f64::from));
            for (morph, weight) in self.morphs.iter().zip(weights) {
                local += DVec3::from(morph[vertex].map(f64::from)) * weight;
            }
            let hung = self.joints[vertex].iter().zip(self.weights[vertex]);
            hung.fold(DVec3::ZERO, |sum, (joint, weight)| {
                let joint = usize::from(*joint);
                sum + (places[joint] * bind[joint]).transform_point3(local) * f64::from(weight)
            })
        };
        (0..self.positions.len()).map(position).collect()
    }
}
