//! `graphics.pick` and `graphics.pick.within`: what lies at a place.

use std::sync::Arc;

use base::{DocumentId, NodeId};
use document::Content;
use kernel::{CommandError, QueryScope, Registrar};
use kurbo::{Point, Rect};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    canvas,
    draw::Drawing,
    pick::{Index, Part, Place},
};

pub(super) fn register(registrar: &mut Registrar<'_>, drawing: &Arc<Drawing>) {
    let (at, within_area) = (drawing.clone(), drawing.clone());
    registrar.query("graphics.pick", move |scope, args| pick(&at, scope, args));
    registrar.query("graphics.pick.within", move |scope, args| within(&within_area, scope, args));
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct At {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// From the left edge, in px.
    x: f64,
    /// From the top edge, in px.
    y: f64,
    /// How far away still counts as there, in px.
    #[serde(default)]
    #[schemars(range(min = 0))]
    tolerance: f64,
}

fn pick(drawing: &Drawing, scope: &mut QueryScope<'_>, args: At) -> Result<Json, CommandError> {
    let (content, index) = index(drawing, scope, args.document)?;
    let place = Place { point: Point::new(args.x, args.y), tolerance: args.tolerance };
    let selection = scope.kernel().session().selection(args.document).to_vec();
    let assets = scope.kernel().assets();
    let (reading, limits) = (assets.reading(), assets.limits());
    for part in index.parts.iter().rev().filter(|part| place.is_near(part)) {
        let reader = content.tree().and_then(|tree| tree.get(part.node));
        let node = reader.map(|reader| canvas::node(reader.at_time(0.0), limits)).transpose();
        let node = node.map_err(|limit| too_deep(args.document, limit))?.flatten();
        let (Some(reader), Some(node)) = (reader, node) else { continue };
        if place.is_on(&node.kind, part) && place.is_let_through(part, &index, drawing, &reading)? {
            let selected = selection.contains(&part.node) || selection.contains(&part.top);
            return Ok(json!({
                "node": part.node, "top": part.top, "kind": reader.kind(), "selected": selected,
            }));
        }
    }
    Ok(json!({ "node": null, "top": null, "kind": null, "selected": false }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Within {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The left edge of the area, in px.
    x: f64,
    /// The top edge of the area, in px.
    y: f64,
    /// The width of the area, in px.
    #[schemars(range(min = 0))]
    width: f64,
    /// The height of the area, in px.
    #[schemars(range(min = 0))]
    height: f64,
    /// Whether layers count that lie only partly in the area.
    #[serde(default)]
    touching: bool,
}

fn within(drawing: &Drawing, scope: &mut QueryScope<'_>, args: Within) -> Result<Json, CommandError> {
    let (_, index) = index(drawing, scope, args.document)?;
    let area = Rect::new(args.x, args.y, args.x + args.width, args.y + args.height);
    let counts = |part: &Part| {
        let Rect { x0, y0, x1, y1 } = part.bounds;
        match args.touching {
            true => x0 <= area.x1 && x1 >= area.x0 && y0 <= area.y1 && y1 >= area.y0,
            false => x0 >= area.x0 && x1 <= area.x1 && y0 >= area.y0 && y1 <= area.y1,
        }
    };
    // The parts of a layer follow each other.
    let layers = index.parts.chunk_by(|a, b| a.top == b.top).filter(|parts| match args.touching {
        true => parts.iter().any(counts),
        false => parts.iter().all(counts),
    });
    let nodes: Vec<NodeId> = layers.map(|parts| parts[0].top).collect();
    Ok(json!({ "nodes": nodes }))
}

fn index(
    drawing: &Drawing,
    scope: &mut QueryScope<'_>,
    document: DocumentId,
) -> Result<(Content, Arc<Index>), CommandError> {
    let content = scope.content(document)?;
    let version = scope.kernel().history(document)?.last_ord();
    let Some(tree) = content.tree() else {
        return Err(CommandError::argument("document", "a text has no layers"));
    };
    let assets = scope.kernel().assets();
    let fonts = || drawing.fonts(assets.fonts());
    let index = drawing.index.get(document, version, || Index::of(tree, &fonts, assets.limits()));
    let index = index.map_err(|limit| too_deep(document, limit))?;
    Ok((content.clone(), index))
}

fn too_deep(document: DocumentId, limit: base::LimitExceeded) -> CommandError {
    CommandError::Limit { place: format!("document {document}"), limit }
}
