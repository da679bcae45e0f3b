//! Groups made and dissolved, and nodes put below others.

use base::{DocumentId, NodeId};
use document::Delta;
use glam::DMat4;
use kernel::{CommandError, EditScope, Place, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{check_home, inverse, made, place, spatial, topmost, world_from};
use crate::{
    kinds::{Group, GroupProperties},
    world,
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("scene.group.create", create);
    registrar.edit("scene.group.dissolve", dissolve);
    registrar.edit("scene.parent", parent);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Create {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The nodes; those selected when absent. All have the same parent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
    /// What people call the group.
    name: Option<String>,
}

fn create(scope: &mut EditScope<'_>, args: Create) -> Result<Json, CommandError> {
    let nodes = spatial(scope, args.document, &args.nodes)?;
    let tree = scope.tree(args.document)?;
    let above = |node: &NodeId| tree.node(*node).and_then(|node| node.parent).unwrap_or(NodeId::ROOT);
    let parent = nodes.first().map_or(NodeId::ROOT, above);
    if nodes.iter().any(|node| above(node) != parent) {
        return Err(CommandError::argument(
            "nodes",
            "they have different parents: put them below the same one first",
        ));
    }
    // In the order in which they are, whatever the order in which they were named.
    let siblings = tree.node(parent).map(|node| node.children.clone()).unwrap_or_default();
    let ordered: Vec<NodeId> = siblings.into_iter().filter(|node| nodes.contains(node)).collect();
    let place = ordered.last().map_or(Place::Last, |last| Place::After(*last));
    let list = GroupProperties::default().name(args.name.as_deref().unwrap_or("Group")).list();
    let group = scope.insert(args.document, parent, place, Group::KIND, list)?;
    let mut after = None;
    for node in ordered {
        scope.push(args.document, Delta::Move { node, parent: group, after })?;
        after = Some(node);
    }
    Ok(made(group))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Dissolve {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The groups; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
}

fn dissolve(scope: &mut EditScope<'_>, args: Dissolve) -> Result<Json, CommandError> {
    let mut freed = Vec::new();
    for group in spatial(scope, args.document, &args.nodes)? {
        let reader = scope.node(args.document, group)?;
        if reader.kind() != Group::KIND {
            return Err(CommandError::argument("nodes", format!("node {group} is no group")));
        }
        let (outer, parent) = (world::transform(reader), reader.node().parent.unwrap_or(NodeId::ROOT));
        let children: Vec<NodeId> = reader.children().map(|child| child.id()).collect();
        let mut after = group;
        for child in children {
            let own = world::transform(scope.node(args.document, child)?);
            if outer != DMat4::IDENTITY {
                place(scope, args.document, child, outer * own)?;
            }
            scope.push(args.document, Delta::Move { node: child, parent, after: Some(after) })?;
            after = child;
            freed.push(child);
        }
        scope.push(args.document, Delta::Remove { node: group })?;
    }
    Ok(json!({ "nodes": freed }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parent {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The nodes; those selected when absent. What is below another one of them goes with that.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
    /// The node above from now on; that of the scene itself for none.
    #[schemars(with = "String")]
    parent: NodeId,
    /// Whether they stay where they are in the world; otherwise they keep their place in the space of the node above.
    #[serde(rename = "keepWorld", default = "yes")]
    keep_world: bool,
}

fn yes() -> bool {
    true
}

fn parent(scope: &mut EditScope<'_>, args: Parent) -> Result<Json, CommandError> {
    check_home(scope, args.document, args.parent)?;
    let nodes = spatial(scope, args.document, &args.nodes)?;
    let nodes = topmost(scope.tree(args.document)?, &nodes);
    for node in nodes {
        let tree = scope.tree(args.document)?;
        if tree.is_at_or_above(node, args.parent) {
            return Err(CommandError::argument("parent", format!("it is node {node} itself, or below it")));
        }
        let last = tree
            .node(args.parent)
            .and_then(|parent| parent.children.iter().rev().find(|sibling| **sibling != node).copied());
        let reader = |id: NodeId| tree.get(id).ok_or_else(|| CommandError::no_node(id));
        let outer = inverse(world_from(reader(args.parent)?), args.parent);
        let kept = world_from(reader(node)?);
        scope.push(args.document, Delta::Move { node, parent: args.parent, after: last })?;
        if args.keep_world {
            place(scope, args.document, node, outer? * kept)?;
        }
    }
    Ok(Json::Null)
}
