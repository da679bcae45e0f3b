//! `scene.turntable.add`.

use std::sync::Arc;

use base::{DocumentId, NodeId};
use document::{
    Delta, Key, Value,
    keyframe::{Interpolation, Keyframe, PROPERTY},
};
use glam::DVec3;
use kernel::{CommandError, EditScope, Place, Registrar, TaskScope, Work};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Shared, placed, scene, vector};
use crate::{
    Sources, evaluate,
    kinds::{Camera, CameraProperties, Group, GroupProperties},
    view,
};

pub(super) fn register(registrar: &mut Registrar<'_>, shared: &Arc<Shared>) {
    let sources = shared.sources.clone();
    registrar.work("scene.turntable.add", move |scope, args| add(sources.clone(), scope, args));
}

/// A way round, seen from above.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Direction {
    /// From the front to the right of the scene.
    #[default]
    Counterclockwise,
    /// From the front to the left of the scene.
    Clockwise,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// How many frames the way takes. The frame after the last one of a full turn is the first again.
    #[serde(default = "usual_frames")]
    #[schemars(range(min = 1, max = 1_000_000))]
    frames: u32,
    /// How many frames make up a second.
    #[serde(rename = "frameRate", default = "usual_rate")]
    #[schemars(range(min = 0.001, max = 1_000))]
    frame_rate: f64,
    /// When it begins, in s.
    #[serde(default)]
    #[schemars(range(min = 0))]
    start: f64,
    /// How far round it goes, in degrees.
    #[serde(default = "full_turn")]
    #[schemars(range(min = 0, max = 360_000))]
    degrees: f64,
    /// Which way it goes, seen from above.
    #[serde(default)]
    direction: Direction,
    /// Where it begins, in degrees: 0 is in front of the scene, towards z, and 90 on its right, towards x.
    #[serde(default)]
    azimuth: f64,
    /// How far above the horizon it is, in degrees.
    #[serde(default = "usual_elevation")]
    #[schemars(range(min = -89, max = 89))]
    elevation: f64,
    /// What it circles and looks at, in m; the middle of all that is visible when absent.
    target: Option<[f64; 3]>,
    /// How far away it is, in m; so far that all that is visible is always in view when absent.
    #[schemars(range(min = 0.000001))]
    distance: Option<f64>,
    /// What is seen from the lower to the upper edge, in degrees.
    #[serde(rename = "fieldOfView", default = "usual_field")]
    #[schemars(range(min = 0.01, max = 179))]
    field_of_view: f64,
    /// The width of the pictures for which all is in view, as a part of their height.
    #[serde(default = "usual_aspect")]
    #[schemars(range(min = 0.001, max = 1_000))]
    aspect: f64,
    /// Whether the scene is seen from it from now on.
    #[serde(default = "yes")]
    active: bool,
    /// What people call it.
    name: Option<String>,
}

fn usual_frames() -> u32 {
    48
}

fn usual_rate() -> f64 {
    24.0
}

fn full_turn() -> f64 {
    360.0
}

fn usual_elevation() -> f64 {
    20.0
}

fn usual_field() -> f64 {
    35.0
}

fn usual_aspect() -> f64 {
    16.0 / 9.0
}

fn yes() -> bool {
    true
}

fn add(sources: Arc<Sources>, scope: &mut TaskScope<'_>, args: Args) -> Result<Work, CommandError> {
    let target = args.target.map(|target| vector("target", target)).transpose()?;
    if !args.azimuth.is_finite() {
        return Err(CommandError::argument("azimuth", "the number must be finite"));
    }
    let content = scope.content(args.document)?;
    scene(&content)?;
    Ok(Box::new(move |away| {
        let bounds = evaluate::bounds(&content, &away.assets().reading(), &sources)?;
        if bounds.is_empty() && (target.is_none() || args.distance.is_none()) {
            let message = "nothing is visible: say what to circle (target) and how far away (distance)";
            return Err(CommandError::NotApplicable(message.into()));
        }
        let target = target.unwrap_or(bounds.center().as_dvec3());
        let corners = bounds.corners().map(|corner| corner.as_dvec3() - target);
        let distance = args.distance.unwrap_or_else(|| distance(&corners, &args));
        Ok(Box::new(move |scope| scope.edit(|edit| insert(edit, &args, target, distance, &corners))))
    }))
}

/// How often a way round is looked at to find from how far all is in view.
const LOOKS: u32 = 90;

/// The least distance from which all corners of a box, which are measured from what is circled, are in view all the way round.
fn distance(corners: &[DVec3; 8], args: &Args) -> f64 {
    let (sine, cosine) = args.elevation.to_radians().sin_cos();
    let (toward, up) = (DVec3::new(0.0, sine, cosine), DVec3::new(0.0, cosine, -sine));
    let slope = (args.field_of_view.to_radians() / 2.0).tan() / f64::from(view::MARGIN);
    let mut distance = corners.iter().fold(1e-3f64, |least, corner| least.max(corner.length() * 1.01));
    for look in 0..LOOKS {
        let turn = glam::DQuat::from_rotation_y(std::f64::consts::TAU * f64::from(look) / f64::from(LOOKS));
        for corner in corners.iter().map(|corner| turn * *corner) {
            let aside = (corner.x.abs() / (slope * args.aspect)).max(corner.dot(up).abs() / slope);
            distance = distance.max(aside + corner.dot(toward));
        }
    }
    distance
}

/// Inserts a group that turns about what is circled, with the camera in it.
fn insert(
    edit: &mut EditScope<'_>,
    args: &Args,
    target: DVec3,
    distance: f64,
    corners: &[DVec3; 8],
) -> Result<Json, CommandError> {
    let document = args.document;
    let name = args.name.as_deref().unwrap_or("Turntable");
    let list = placed!(GroupProperties::default(), name, target, DVec3::Y * args.azimuth).list();
    let group = edit.insert(document, NodeId::ROOT, Place::Last, Group::KIND, list)?;
    let turn = match args.direction {
        Direction::Counterclockwise => args.degrees,
        Direction::Clockwise => -args.degrees,
    };
    let end = args.start + f64::from(args.frames) / args.frame_rate;
    for (time, degrees) in [(args.start, args.azimuth), (end, args.azimuth + turn)] {
        let frame = Keyframe {
            property: "rotationY".into(),
            time,
            value: degrees.into(),
            interpolation: Interpolation::Linear,
        };
        let value = Value::from_typed(&frame).map_err(|error| CommandError::Failed(error.to_string()))?;
        let entry = Key::from(edit.new_id().to_string());
        edit.push(document, Delta::Put { node: group, key: PROPERTY.into(), entry, value: Some(value) })?;
    }
    let (sine, cosine) = args.elevation.to_radians().sin_cos();
    let (place, rotation) = (DVec3::new(0.0, sine, cosine) * distance, DVec3::X * -args.elevation);
    // Where nothing is visible yet nothing says what is nearest.
    let radius = corners.iter().map(|corner| corner.length()).fold(0.0, f64::max);
    let near = (distance - radius).max(distance * 1e-2) * 0.5;
    let list = placed!(CameraProperties::default(), name, place, rotation)
        .field_of_view(args.field_of_view)
        .near(near)
        .list();
    let camera = edit.insert(document, group, Place::Last, Camera::KIND, list)?;
    if args.active {
        edit.set(document, NodeId::ROOT, "camera", Some(&json!(camera)))?;
    }
    Ok(json!({
        "node": camera, "group": group, "target": target.to_array(), "distance": distance, "start": args.start, "end": end,
    }))
}
