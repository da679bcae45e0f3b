//! Moving, scaling, turning and skewing layers.

use base::{DocumentId, NodeId};
use document::NodeRef;
use kernel::{CommandError, EditScope, Registrar};
use kurbo::{Affine, Vec2};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::layers;

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("graphics.transform", transform);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The layers; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
    /// The point that stays where it is but for `move`, in px: [x, y].
    #[serde(default)]
    about: [f64; 2],
    /// Factors in x and y.
    #[serde(default = "ones")]
    scale: [f64; 2],
    /// Degrees clockwise.
    #[serde(default)]
    rotate: f64,
    /// Degrees by which x and y lean.
    #[serde(default)]
    skew: [f64; 2],
    /// How far to the right and down, in px, after all else.
    #[serde(default, rename = "move")]
    shift: [f64; 2],
    /// What lengths and directions are measured in.
    #[serde(default)]
    space: Space,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Space {
    /// The space of each layer's parent.
    #[default]
    Parent,
    /// The canvas.
    Canvas,
}

fn ones() -> [f64; 2] {
    [1.0, 1.0]
}

fn transform(scope: &mut EditScope<'_>, args: Args) -> Result<Json, CommandError> {
    if args.scale.contains(&0.0) {
        return Err(CommandError::argument("scale", "a factor of 0 would leave nothing to see"));
    }
    let about = Vec2::new(args.about[0], args.about[1]);
    let [lean_x, lean_y] = args.skew.map(|degrees| degrees.to_radians().tan());
    let change = Affine::translate(about + Vec2::new(args.shift[0], args.shift[1]))
        * Affine::rotate(args.rotate.to_radians())
        * Affine::skew(lean_x, lean_y)
        * Affine::scale_non_uniform(args.scale[0], args.scale[1])
        * Affine::translate(-about);
    for node in layers(scope, args.document, &args.nodes)? {
        let reader = scope.node(args.document, node)?;
        let transform =
            |node: NodeRef<'_>| node.numbers::<6>("transform").map_or(Affine::IDENTITY, Affine::new);
        let own = transform(reader);
        let outer = std::iter::successors(reader.parent(), |node| node.parent())
            .filter(|_| args.space == Space::Canvas)
            .fold(Affine::IDENTITY, |inner, outer| transform(outer) * inner);
        if outer.determinant() == 0.0 {
            return Err(CommandError::NotApplicable(format!("layer {node} is in a group without area")));
        }
        let change = if outer == Affine::IDENTITY { change } else { outer.inverse() * change * outer };
        let next = (change * own).as_coeffs();
        scope.set(args.document, node, "transform", Some(&json!(next)))?;
    }
    Ok(Json::Null)
}
