//! The stage: one camera and one sun for a model, whichever program shows it, from the box around it.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// The size of what is compared, in pixels.
pub const SIZE: [u32; 2] = [640, 480];
/// How many times larger, along each side, pictures are drawn from which coverage is measured. Odd, so that a pixel whose
/// samples are in or out is never covered by exactly one half.
pub const FACTOR: u32 = 5;
/// What is seen from the lower to the upper edge, in degrees.
const FIELD: f64 = 30.0;
/// Towards the camera and towards the sun.
const TOWARDS_EYE: [f64; 3] = [0.7, 0.5, 1.0];
const TOWARDS_SUN: [f64; 3] = [-0.3, 1.0, 0.9];
/// How bright the sun is, in lux: white paper that faces it is shown below where tone mapping begins to press.
const SUN: f64 = 2.0;

/// From where a model is seen, in metres.
#[derive(Debug)]
pub struct Stage {
    eye: [f64; 3],
    target: [f64; 3],
    /// Half the diagonal of the box around the model.
    radius: f64,
}

impl Stage {
    /// The stage for what `scene.bounds` gave.
    pub fn around(bounds: &Value) -> Result<Self> {
        let corner = |name: &str| -> Result<[f64; 3]> {
            let numbers: Vec<f64> =
                bounds[name].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
            numbers.try_into().ok().with_context(|| format!("the bounds {bounds} have no {name}"))
        };
        let (min, max) = (corner("min")?, corner("max")?);
        let radius = (0..3).map(|i| (max[i] - min[i]).powi(2)).sum::<f64>().sqrt() / 2.0;
        ensure!(radius > 0.0, "the model has no size");
        let target = [0, 1, 2].map(|i| (min[i] + max[i]) / 2.0);
        Ok(Self { eye: beyond(target, TOWARDS_EYE, radius * 4.2), target, radius })
    }

    /// The steps that put camera and, unless the model brings lights, the sun into `document`.
    pub fn steps(&self, document: &str, sun: bool) -> Vec<Value> {
        let camera = json!({ "id": "stage-camera", "command": "scene.camera.add", "args": {
            "document": document, "position": self.eye, "target": self.target, "fieldOfView": FIELD,
            "near": self.near(), "far": self.far() } });
        let mut light = self.sun();
        light["document"] = document.into();
        light["shape"] = "sun".into();
        let light = json!({ "id": "stage-sun", "command": "scene.light.add", "args": light });
        if sun { vec![camera, light] } else { vec![camera] }
    }

    /// The sun: `position`, `target`, `intensity`.
    pub fn sun(&self) -> Value {
        let position = beyond(self.target, TOWARDS_SUN, self.radius * 3.0);
        json!({ "position": position, "target": self.target, "intensity": SUN })
    }

    /// The job of `blender.py`, without pictures.
    pub fn blender_job(&self) -> Value {
        json!({ "size": SIZE, "factor": FACTOR, "eye": self.eye, "target": self.target, "fieldOfView": FIELD,
            "near": self.near(), "far": self.far(), "pictures": [] })
    }

    /// The options of F3D.
    pub fn f3d_options(&self) -> Vec<String> {
        let place = |numbers: [f64; 3]| numbers.map(|number| number.to_string()).join(",");
        let [width, height] = SIZE.map(|side| side * FACTOR);
        vec![
            format!("--resolution={width},{height}"),
            format!("--camera-position={}", place(self.eye)),
            format!("--camera-focal-point={}", place(self.target)),
            "--camera-view-up=0,1,0".into(),
            format!("--camera-view-angle={FIELD}"),
            "--up=+Y".into(),
        ]
    }

    fn near(&self) -> f64 {
        self.radius * 2.5
    }

    fn far(&self) -> f64 {
        self.radius * 6.0
    }
}

/// The place `distance` from `from` in a direction.
fn beyond(from: [f64; 3], towards: [f64; 3], distance: f64) -> [f64; 3] {
    let length = towards.iter().map(|x| x * x).sum::<f64>().sqrt();
    [0, 1, 2].map(|i| from[i] + towards[i] / length * distance)
}
