//! `scene.array`: copies in a row or around an axis.

use base::{DocumentId, NodeId};
use glam::{DMat4, DVec3};
use kernel::{CommandError, EditScope, Fragment, Place, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{place, spatial, topmost, vector};
use crate::world;

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("scene.array", array);
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// In a row: each is `offset` from the one before.
    #[default]
    Linear,
    /// Around `axis` through `center`.
    Radial,
}

/// An axis of coordinates.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Axis {
    /// To the right.
    X,
    /// Upwards.
    #[default]
    Y,
    /// Towards the viewer.
    Z,
}

impl Axis {
    /// Its direction.
    pub fn direction(self) -> DVec3 {
        match self {
            Axis::X => DVec3::X,
            Axis::Y => DVec3::Y,
            Axis::Z => DVec3::Z,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The nodes; those selected when absent. What is below another one of them goes with that.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
    /// How many there are in the end, with the one that is there.
    #[schemars(range(min = 2, max = 10_000))]
    count: u32,
    /// How they are laid out.
    #[serde(default)]
    mode: Mode,
    /// From each to the next one in a row, in the parent's space, in m.
    #[serde(default = "one_right")]
    offset: [f64; 3],
    /// What they lie around.
    #[serde(default)]
    axis: Axis,
    /// A point of that axis, in the parent's space, in m.
    #[serde(default)]
    center: [f64; 3],
    /// How far they go around, in degrees. With a full turn the last one is as far from the first as from the one before it;
    /// otherwise it is at the end.
    #[serde(default = "full_turn")]
    #[schemars(range(min = -360_000, max = 360_000))]
    angle: f64,
    /// Whether those around an axis are turned with it.
    #[serde(default = "yes")]
    turn: bool,
}

fn one_right() -> [f64; 3] {
    [1.0, 0.0, 0.0]
}

fn full_turn() -> f64 {
    360.0
}

fn yes() -> bool {
    true
}

fn array(scope: &mut EditScope<'_>, args: Args) -> Result<Json, CommandError> {
    let (offset, center) = (vector("offset", args.offset)?, vector("center", args.center)?);
    let nodes = spatial(scope, args.document, &args.nodes)?;
    let nodes = topmost(scope.tree(args.document)?, &nodes);
    let is_full = (args.angle.abs() / 360.0).fract() == 0.0 && args.angle != 0.0;
    let steps = if is_full { args.count } else { args.count - 1 };
    let mut made = Vec::new();
    for node in nodes {
        let reader = scope.node(args.document, node)?;
        let (own, parent) = (world::transform(reader), reader.node().parent.unwrap_or(NodeId::ROOT));
        let fragment = Fragment::of(reader);
        let mut last = node;
        for step in 1..args.count {
            let next = match args.mode {
                Mode::Linear => DMat4::from_translation(offset * f64::from(step)) * own,
                Mode::Radial => {
                    let angle = (args.angle * f64::from(step) / f64::from(steps)).to_radians();
                    let around = DMat4::from_axis_angle(args.axis.direction(), angle);
                    let origin = own.w_axis.truncate();
                    let moved = center + around.transform_vector3(origin - center);
                    let linear = if args.turn { around * own } else { own };
                    DMat4 { w_axis: moved.extend(1.0), ..linear }
                }
            };
            last = fragment.insert(scope, args.document, parent, Place::After(last))?;
            place(scope, args.document, last, next)?;
            made.push(last);
        }
    }
    Ok(json!({ "nodes": made }))
}
