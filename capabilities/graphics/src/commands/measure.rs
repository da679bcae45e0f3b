//! `graphics.bounds`: boxes around what is drawn.

use std::sync::Arc;

use base::{DocumentId, NodeId};
use kernel::{CommandError, QueryScope, Registrar};
use kurbo::{Affine, Rect, Shape};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use usvg::fontdb::Database;

use crate::{
    canvas,
    draw::Drawing,
    picture::{Node, NodeKind, Path},
    render::Layout,
};

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

/// The box around what a node draws, effects left aside.
fn node_bounds(node: &Node, outer: Affine, fonts: &Arc<Database>) -> Option<Rect> {
    if !node.visible {
        return None;
    }
    let here = outer * node.transform;
    let all = |nodes: &mut dyn Iterator<Item = Option<Rect>>| nodes.flatten().reduce(|a, b| a.union(b));
    match &node.kind {
        NodeKind::Group(group) => {
            all(&mut group.children.iter().map(|child| node_bounds(child, here, fonts)))
        }
        NodeKind::Path(path) => path_bounds(path, here),
        NodeKind::Image(image) => {
            Some(here.transform_rect_bbox(Rect::new(0.0, 0.0, image.width, image.height)))
        }
        NodeKind::Text(text) => {
            let layout = Layout::of(text, 1.0, fonts);
            all(&mut layout.nodes.iter().map(|part| node_bounds(&part.node, here, fonts)))
        }
    }
}

fn path_bounds(path: &Path, here: Affine) -> Option<Rect> {
    if path.data.is_empty() {
        return None;
    }
    let half = path.stroke.as_ref().map_or(0.0, |stroke| stroke.width / 2.0);
    let [a, b, c, d, ..] = here.as_coeffs();
    let scale = (a * d - b * c).abs().sqrt();
    Some((here * path.data.clone()).bounding_box().inflate(half * scale, half * scale))
}
