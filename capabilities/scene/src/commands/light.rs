//! `scene.light.add`.

use base::{Color, DocumentId, NodeId};
use glam::DVec3;
use kernel::{CommandError, EditScope, Place, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{check_home, made, placed, root, vector};
use crate::{
    edit::place,
    kinds::{Light, LightProperties, LightShape},
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("scene.light.add", add);
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Shape {
    /// From infinitely far away, in one direction.
    #[default]
    Sun,
    /// From a point, in all directions.
    Point,
    /// From a point, within a cone.
    Spot,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// How it shines.
    #[serde(default)]
    shape: Shape,
    /// Where it is, in its parent's space, in m.
    #[serde(default = "above")]
    position: [f64; 3],
    /// The point that it shines at, in its parent's space, in m; the parent's origin when neither this nor `rotation` is given.
    target: Option<[f64; 3]>,
    /// How it is turned, when no target is given: about x, then y, then z, in degrees. Unturned it shines along −z.
    rotation: Option<[f64; 3]>,
    /// The colour: #rrggbb.
    #[serde(default = "white")]
    #[schemars(with = "String")]
    color: Color,
    /// How bright it is: in lux for the sun, in candela for the others; 3 for the sun and 100 for the others when absent.
    #[schemars(range(min = 0))]
    intensity: Option<f64>,
    /// How far it shines, in m; 0 for no end.
    #[serde(default)]
    #[schemars(range(min = 0))]
    range: f64,
    /// The light of a spot is full up to this angle from its axis, in degrees.
    #[serde(rename = "innerAngle", default)]
    #[schemars(range(min = 0, max = 90))]
    inner_angle: f64,
    /// There is nothing of it from this angle on, in degrees.
    #[serde(rename = "outerAngle", default = "usual_angle")]
    #[schemars(range(min = 0, max = 90))]
    outer_angle: f64,
    /// The node that it goes into; the scene itself when absent.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
    /// What people call it; its shape when absent.
    name: Option<String>,
}

fn above() -> [f64; 3] {
    [2.0, 4.0, 3.0]
}

fn white() -> Color {
    Color::WHITE
}

fn usual_angle() -> f64 {
    45.0
}

fn add(scope: &mut EditScope<'_>, args: Args) -> Result<Json, CommandError> {
    check_home(scope, args.document, args.parent)?;
    let position = vector("position", args.position)?;
    let rotation = match (args.target, args.rotation) {
        (None, Some(rotation)) => vector("rotation", rotation)?,
        (target, _) => {
            let target = vector("target", target.unwrap_or_default())?;
            let looking = place::looking(position, target, DVec3::Y);
            // What is at its target shines as it stands.
            looking.or(args.target.is_none().then_some(DVec3::ZERO)).ok_or_else(|| {
                CommandError::argument("target", "it is where the light is, so that there is no direction")
            })?
        }
    };
    let (shape, name, usual) = match args.shape {
        Shape::Sun => (LightShape::Sun, "Sun", 3.0),
        Shape::Point => (LightShape::Point, "Point light", 100.0),
        Shape::Spot => (LightShape::Spot, "Spot light", 100.0),
    };
    let name = args.name.as_deref().unwrap_or(name);
    let list = placed!(LightProperties::default(), name, position, rotation)
        .shape(shape)
        .color(args.color)
        .intensity(args.intensity.unwrap_or(usual))
        .range(args.range)
        .inner_angle(args.inner_angle.min(args.outer_angle))
        .outer_angle(args.outer_angle)
        .list();
    let node = scope.insert(args.document, args.parent, Place::Last, Light::KIND, list)?;
    Ok(made(node))
}
