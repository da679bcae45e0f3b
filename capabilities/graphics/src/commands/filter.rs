//! Filters on layers.

use base::{Color, DocumentId, NodeId};
use document::Value;
use kernel::{CommandError, EditScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::filter::{ColorMatrix, ColorSpace, Filter, Input, Primitive, PrimitiveKind, Region};

/// A region that no picture reaches the ends of: what a filter spreads is never cut off.
const EVERYWHERE: Region = Region { x: -1e6, y: -1e6, width: 2e6, height: 2e6 };

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("graphics.filter.apply", apply);
    registrar.edit("graphics.filter.clear", clear);
}

/// A filter by name.
#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Name {
    /// Blurs by a Gaussian of standard deviation `sigma`.
    GaussianBlur,
    /// Throws a shadow: `dx`, `dy`, `sigma`, `color`.
    DropShadow,
    /// Weakens or strengthens colours by `amount` (0: grey, 1: unchanged).
    Saturate,
    /// Turns all hues by `angle` degrees.
    HueRotate,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Apply {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The layer; the layers selected, or all of the canvas when none is, if absent.
    #[schemars(with = "Option<String>")]
    node: Option<NodeId>,
    /// The filter.
    filter: Name,
    /// The standard deviation of a blur, in px.
    #[schemars(range(min = 0, max = 10_000))]
    sigma: Option<f32>,
    /// How far a shadow falls to the right, in px.
    #[serde(default)]
    dx: f32,
    /// How far a shadow falls down, in px.
    #[serde(default)]
    dy: f32,
    /// The colour of a shadow.
    #[serde(default = "black")]
    #[schemars(with = "String")]
    color: Color,
    /// The strength of saturate.
    #[schemars(range(min = 0, max = 100))]
    amount: Option<f32>,
    /// The angle of hue-rotate, in degrees.
    angle: Option<f32>,
}

fn black() -> Color {
    Color::BLACK
}

fn apply(scope: &mut EditScope<'_>, args: Apply) -> Result<Json, CommandError> {
    let missing = |name: &str| CommandError::argument(name, "is missing");
    let input = Input::SourceGraphic;
    let kind = match args.filter {
        Name::GaussianBlur => {
            let sigma = args.sigma.ok_or_else(|| missing("sigma"))?;
            PrimitiveKind::GaussianBlur { input, std_dev_x: sigma, std_dev_y: sigma }
        }
        Name::DropShadow => {
            let sigma = args.sigma.unwrap_or(0.0);
            let (dx, dy, color) = (args.dx, args.dy, args.color);
            PrimitiveKind::DropShadow {
                input,
                dx,
                dy,
                std_dev_x: sigma,
                std_dev_y: sigma,
                color,
                opacity: 1.0,
            }
        }
        Name::Saturate => {
            let amount = args.amount.ok_or_else(|| missing("amount"))?;
            PrimitiveKind::ColorMatrix { input, matrix: ColorMatrix::Saturate { amount } }
        }
        Name::HueRotate => {
            let degrees = args.angle.ok_or_else(|| missing("angle"))?;
            PrimitiveKind::ColorMatrix { input, matrix: ColorMatrix::HueRotate { degrees } }
        }
    };
    let primitive =
        Primitive { region: EVERYWHERE, color_space: ColorSpace::Srgb, result: "result".into(), kind };
    let filter = Filter { region: EVERYWHERE, primitives: vec![primitive] };
    let named: Vec<NodeId> = match args.node {
        Some(node) => vec![node],
        None if scope.selection(args.document).is_empty() => all(scope, args.document)?,
        None => Vec::new(),
    };
    let nodes = filtered(scope, args.document, &named)?;
    for node in &nodes {
        let filters = scope.node(args.document, *node)?.value("filters").map(|value| value.to_json());
        let mut filters = filters.and_then(|json| json.as_array().cloned()).unwrap_or_default();
        let added = Value::from_typed(&filter).map_err(|error| CommandError::Failed(error.to_string()))?;
        filters.push(added.to_json());
        scope.set(args.document, *node, "filters", Some(&filters.into()))?;
    }
    Ok(json!({ "nodes": nodes }))
}

/// The nodes named, else those selected: layers, and whatever else may have filters.
fn filtered(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    named: &[NodeId],
) -> Result<Vec<NodeId>, CommandError> {
    let nodes = if named.is_empty() { scope.selection(document).to_vec() } else { named.to_vec() };
    if nodes.is_empty() {
        return Err(CommandError::NotApplicable("nothing is named and nothing is selected".into()));
    }
    for node in &nodes {
        let kind = scope.node(document, *node)?.kind().to_owned();
        if !matches!(scope.registry().property(&kind, "filters"), Ok(Some(_))) {
            return Err(CommandError::argument("node", format!("a {kind} has no filters")));
        }
    }
    Ok(nodes)
}

/// All layers directly on the canvas.
fn all(scope: &mut EditScope<'_>, document: DocumentId) -> Result<Vec<NodeId>, CommandError> {
    let root = scope.tree(document)?.root();
    Ok(root.children().filter(|node| super::is_drawn(*node)).map(|node| node.id()).collect())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Clear {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The layers; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
}

fn clear(scope: &mut EditScope<'_>, args: Clear) -> Result<Json, CommandError> {
    for node in filtered(scope, args.document, &args.nodes)? {
        scope.set(args.document, node, "filters", None)?;
    }
    Ok(Json::Null)
}
