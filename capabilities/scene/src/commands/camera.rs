//! `scene.camera.add`.

use base::{DocumentId, NodeId};
use glam::DVec3;
use kernel::{CommandError, EditScope, Place, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{check_home, made, placed, root, vector};
use crate::{
    edit::place,
    kinds::{Camera, CameraProjection, CameraProperties},
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("scene.camera.add", add);
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Projection {
    /// What is far is small.
    #[default]
    Perspective,
    /// What is far is as large as what is near.
    Orthographic,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// Where it is, in its parent's space, in m.
    #[serde(default = "before")]
    position: [f64; 3],
    /// The point that it looks at, in its parent's space, in m; the parent's origin when neither this nor `rotation` is given.
    target: Option<[f64; 3]>,
    /// What is up in the picture, when it looks at a target.
    #[serde(default = "upwards")]
    up: [f64; 3],
    /// How it is turned, when no target is given: about x, then y, then z, in degrees. Unturned it looks along −z.
    rotation: Option<[f64; 3]>,
    /// How distance becomes size.
    #[serde(default)]
    projection: Projection,
    /// What is seen from the lower to the upper edge, in perspective, in degrees.
    #[serde(rename = "fieldOfView", default = "usual_field")]
    #[schemars(range(min = 0.01, max = 179))]
    field_of_view: f64,
    /// The height of what is seen without perspective, in m.
    #[serde(default = "usual_height")]
    #[schemars(range(min = 0.000001))]
    height: f64,
    /// What is nearer is not seen, in m.
    #[serde(default = "usual_near")]
    #[schemars(range(min = 0))]
    near: f64,
    /// What is farther is not seen, in m; 0 for no end.
    #[serde(default)]
    #[schemars(range(min = 0))]
    far: f64,
    /// Whether the scene is seen from it from now on.
    #[serde(default = "yes")]
    active: bool,
    /// The node that it goes into; the scene itself when absent.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
    /// What people call it.
    name: Option<String>,
}

fn before() -> [f64; 3] {
    [0.0, 0.0, 5.0]
}

fn upwards() -> [f64; 3] {
    [0.0, 1.0, 0.0]
}

fn usual_field() -> f64 {
    45.0
}

fn usual_height() -> f64 {
    2.0
}

fn usual_near() -> f64 {
    0.01
}

fn yes() -> bool {
    true
}

fn add(scope: &mut EditScope<'_>, args: Args) -> Result<Json, CommandError> {
    check_home(scope, args.document, args.parent)?;
    let position = vector("position", args.position)?;
    let up = vector("up", args.up)?;
    if up == DVec3::ZERO {
        return Err(CommandError::argument("up", "it must be a direction"));
    }
    let rotation = match (args.target, args.rotation) {
        (None, Some(rotation)) => vector("rotation", rotation)?,
        (target, _) => {
            let target = vector("target", target.unwrap_or_default())?;
            let looking = place::looking(position, target, up);
            // What is at its target looks as it stands.
            looking.or(args.target.is_none().then_some(DVec3::ZERO)).ok_or_else(|| {
                CommandError::argument("target", "it is where the camera is, so that there is no direction")
            })?
        }
    };
    let projection = match args.projection {
        Projection::Perspective => CameraProjection::Perspective,
        Projection::Orthographic => CameraProjection::Orthographic,
    };
    let name = args.name.as_deref().unwrap_or("Camera");
    let list = placed!(CameraProperties::default(), name, position, rotation)
        .projection(projection)
        .field_of_view(args.field_of_view)
        .height(args.height)
        .near(args.near)
        .far(args.far)
        .list();
    let node = scope.insert(args.document, args.parent, Place::Last, Camera::KIND, list)?;
    if args.active {
        scope.set(args.document, NodeId::ROOT, "camera", Some(&json!(node)))?;
    }
    Ok(made(node))
}
