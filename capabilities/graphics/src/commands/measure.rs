//! `graphics.bounds`: boxes around what is drawn.

use std::sync::Arc;

use base::{DocumentId, NodeId};
use kernel::{CommandError, QueryScope, Registrar};
use kurbo::{Affine, Rect};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{bounds::node_bounds, canvas, draw::Drawing};

pub(super) fn register(registrar: &mut Registrar<'_>, drawing: &Arc<Drawing>) {
    let drawing = drawing.clone();
    registrar.query("graphics.bounds", move |scope, args| bounds(&drawing, scope, args));
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The nodes; everything on the canvas when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
}

fn bounds(drawing: &Drawing, scope: &mut QueryScope<'_>, args: Args) -> Result<Json, CommandError> {
    let content = scope.content(args.document)?;
    let Some(tree) = content.tree() else {
        return Err(CommandError::argument("document", "a text has no bounds"));
    };
    let assets = scope.kernel().assets();
    let (fonts, limits) = (drawing.fonts(assets.fonts()), assets.limits().clone());
    let tops: Vec<NodeId> = match args.nodes.is_empty() {
        true => tree.root().node().children.iter().copied().collect(),
        false => args.nodes,
    };
    let mut around: Option<Rect> = None;
    for id in tops {
        let reader = tree.get(id).ok_or_else(|| CommandError::no_node(id))?;
        let outer = std::iter::successors(reader.parent(), |node| node.parent())
            .filter_map(|node| node.numbers::<6>("transform").map(Affine::new))
            .fold(Affine::IDENTITY, |inner, outer| outer * inner);
        let node = canvas::node(reader, &limits)
            .map_err(|limit| CommandError::Limit { place: format!("document {}", args.document), limit })?;
        if let Some(found) = node.and_then(|node| node_bounds(&node, outer, &fonts)) {
            around = Some(around.map_or(found, |so_far| so_far.union(found)));
        }
    }
    Ok(around
        .map_or(Json::Null, |r| json!({ "x": r.x0, "y": r.y0, "width": r.width(), "height": r.height() })))
}
