//! `scene.transform`: nodes moved, turned and scaled.

use base::{DocumentId, NodeId};
use glam::{DMat4, DVec3};
use kernel::{CommandError, EditScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{inverse, place, spatial, topmost, vector, world_from};
use crate::{edit::place::turn, world};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("scene.transform", transform);
}

/// What lengths and directions are measured in.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Space {
    /// Each node's own.
    Local,
    /// That of each node's parent.
    #[default]
    Parent,
    /// The world.
    World,
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
    /// How far they go along x, y and z, in m, after all else.
    #[serde(default, rename = "move")]
    shift: [f64; 3],
    /// How they are turned: about x, then y, then z, in degrees, counter-clockwise as seen from where the axis points to.
    #[serde(default)]
    rotate: [f64; 3],
    /// Factors along x, y and z, before they are turned.
    #[serde(default = "ones")]
    scale: [f64; 3],
    /// The point that stays where it is but for `move`, in m; each node's own origin when absent.
    about: Option<[f64; 3]>,
    /// What all of this is measured in.
    #[serde(default)]
    space: Space,
}

fn ones() -> [f64; 3] {
    [1.0; 3]
}

fn transform(scope: &mut EditScope<'_>, args: Args) -> Result<Json, CommandError> {
    let scale = vector("scale", args.scale)?;
    if scale.to_array().contains(&0.0) {
        return Err(CommandError::argument("scale", "a factor of 0 would leave nothing to see"));
    }
    let (shift, _) = (vector("move", args.shift)?, vector("rotate", args.rotate)?);
    let about = args.about.map(|about| vector("about", about)).transpose()?;
    let change = |about: DVec3| {
        DMat4::from_translation(about + shift)
            * turn(args.rotate)
            * DMat4::from_scale(scale)
            * DMat4::from_translation(-about)
    };
    let nodes = spatial(scope, args.document, &args.nodes)?;
    let nodes = topmost(scope.tree(args.document)?, &nodes);
    for node in nodes {
        let reader = scope.node(args.document, node)?;
        let own = world::transform(reader);
        let origin = own.w_axis.truncate();
        let next = match args.space {
            Space::Local => own * change(about.unwrap_or(DVec3::ZERO)),
            Space::Parent => change(about.unwrap_or(origin)) * own,
            Space::World => {
                let outer = reader.parent().map_or(DMat4::IDENTITY, world_from);
                let change = change(about.unwrap_or_else(|| outer.transform_point3(origin)));
                inverse(outer, node)? * change * outer * own
            }
        };
        place(scope, args.document, node, next)?;
    }
    Ok(Json::Null)
}
