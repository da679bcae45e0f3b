//! Layer masks.

use base::{DocumentId, NodeId};
use document::Delta;
use kernel::{CommandError, EditScope, Place, Registrar};
use kurbo::Affine;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{layers, resources};
use crate::kinds::{Canvas, Mask, MaskChannel, MaskProperties};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("graphics.mask.set", set);
    registrar.edit("graphics.mask.clear", clear);
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Channel {
    /// White shows the layer, black hides it.
    #[default]
    Luminance,
    /// Opaque shows the layer, clear hides it.
    Alpha,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Set {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The layer.
    #[schemars(with = "String")]
    node: NodeId,
    /// The node that becomes the mask: it is no longer drawn by itself. It has the same parent as the layer.
    #[schemars(with = "String")]
    mask: NodeId,
    /// What of the mask counts.
    #[serde(default)]
    channel: Channel,
}

fn set(scope: &mut EditScope<'_>, args: Set) -> Result<Json, CommandError> {
    layers(scope, args.document, &[args.node, args.mask])?;
    let tree = scope.tree(args.document)?;
    let parent = |node| tree.node(node).and_then(|node| node.parent);
    if parent(args.node) != parent(args.mask) || args.node == args.mask {
        return Err(CommandError::argument("mask", "the mask must be another layer of the same group"));
    }
    let root = tree.root();
    let (width, height) = Canvas::read(root).map_or((1e6, 1e6), |canvas| (canvas.width(), canvas.height()));
    let transform = |node| {
        root.find(node).and_then(|node| node.numbers::<6>("transform")).map_or(Affine::IDENTITY, Affine::new)
    };
    // A mask lies in the space of its layer; the node that becomes one keeps its place on the canvas.
    let inward = transform(args.node).inverse();
    if !inward.is_finite() {
        return Err(CommandError::argument("node", "the layer is scaled to nothing"));
    }
    let placed = (inward * transform(args.mask)).as_coeffs();
    let home = resources(scope, args.document)?;
    let reach = 16.0 * (width + height);
    let list = MaskProperties::default()
        .name("Mask")
        .region(document::Value::from_json(&json!([-reach, -reach, 2.0 * reach, 2.0 * reach])))
        .channel(match args.channel {
            Channel::Luminance => MaskChannel::Luminance,
            Channel::Alpha => MaskChannel::Alpha,
        })
        .list();
    let mask = scope.insert(args.document, home, Place::Last, Mask::KIND, list)?;
    scope.push(args.document, Delta::Move { node: args.mask, parent: mask, after: None })?;
    scope.set(args.document, args.mask, "transform", Some(&json!(placed)))?;
    scope.set(args.document, args.node, "mask", Some(&mask.to_string().into()))?;
    Ok(json!({ "mask": mask }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Clear {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The layer.
    #[schemars(with = "String")]
    node: NodeId,
}

fn clear(scope: &mut EditScope<'_>, args: Clear) -> Result<Json, CommandError> {
    let reader = scope.node(args.document, args.node)?;
    let mask = reader.string("mask").and_then(|id| id.parse::<NodeId>().ok()).and_then(|id| reader.find(id));
    let Some(mask) = mask.filter(|mask| Mask::read(*mask).is_some()) else {
        return Err(CommandError::NotApplicable("the layer has no mask".into()));
    };
    let outward = reader.numbers::<6>("transform").map_or(Affine::IDENTITY, Affine::new);
    let parent = reader.node().parent.unwrap_or(NodeId::ROOT);
    let (mask, content): (NodeId, Vec<NodeId>) =
        (mask.id(), mask.children().map(|child| child.id()).collect());
    let mut after = args.node;
    for child in &content {
        let own = scope
            .node(args.document, *child)?
            .numbers::<6>("transform")
            .map_or(Affine::IDENTITY, Affine::new);
        scope.set(args.document, *child, "transform", Some(&json!((outward * own).as_coeffs())))?;
        scope.push(args.document, Delta::Move { node: *child, parent, after: Some(after) })?;
        after = *child;
    }
    scope.push(args.document, Delta::Remove { node: mask })?;
    scope.set(args.document, args.node, "mask", None)?;
    Ok(json!({ "nodes": content }))
}
