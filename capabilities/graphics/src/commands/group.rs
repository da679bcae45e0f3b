//! Groups: made and dissolved.

use base::{DocumentId, NodeId};
use document::Delta;
use kernel::{CommandError, EditScope, Place, Registrar};
use kurbo::Affine;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::layers;
use crate::kinds::{Group, GroupProperties};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("graphics.group.create", create);
    registrar.edit("graphics.group.dissolve", dissolve);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Create {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The layers; those selected when absent. All have the same parent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
    /// What people call the group.
    name: Option<String>,
}

fn create(scope: &mut EditScope<'_>, args: Create) -> Result<Json, CommandError> {
    let nodes = layers(scope, args.document, &args.nodes)?;
    let tree = scope.tree(args.document)?;
    let parent = tree.node(nodes[0]).and_then(|node| node.parent).unwrap_or(NodeId::ROOT);
    if nodes.iter().any(|node| tree.node(*node).and_then(|node| node.parent) != Some(parent)) {
        return Err(CommandError::argument(
            "nodes",
            "the layers lie in different groups: move them together first",
        ));
    }
    // In the order in which they lie, whatever the order in which they were named.
    let siblings = tree.node(parent).map(|node| node.children.clone()).unwrap_or_default();
    let ordered: Vec<NodeId> = siblings.iter().copied().filter(|node| nodes.contains(node)).collect();
    let top = ordered.last().copied().unwrap_or(nodes[0]);
    let list = GroupProperties::default().name(args.name.as_deref().unwrap_or("Group")).list();
    let group = scope.insert(args.document, parent, Place::After(top), Group::KIND, list)?;
    let mut after = None;
    for node in ordered {
        scope.push(args.document, Delta::Move { node, parent: group, after })?;
        after = Some(node);
    }
    Ok(json!({ "node": group }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Dissolve {
    /// The canvas.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The groups; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
}

fn dissolve(scope: &mut EditScope<'_>, args: Dissolve) -> Result<Json, CommandError> {
    let mut freed = Vec::new();
    for group in layers(scope, args.document, &args.nodes)? {
        let reader = scope.node(args.document, group)?;
        let Some(group_reader) = Group::read(reader) else {
            return Err(CommandError::argument("nodes", format!("node {group} is no group")));
        };
        let (outer, parent) = (group_reader.transform(), reader.node().parent.unwrap_or(NodeId::ROOT));
        let children: Vec<NodeId> = reader.children().map(|child| child.id()).collect();
        let mut after = group;
        for child in children {
            let own = scope
                .node(args.document, child)?
                .numbers::<6>("transform")
                .map_or(Affine::IDENTITY, Affine::new);
            if outer != Affine::IDENTITY {
                scope.set(args.document, child, "transform", Some(&json!((outer * own).as_coeffs())))?;
            }
            scope.push(args.document, Delta::Move { node: child, parent, after: Some(after) })?;
            after = child;
            freed.push(child);
        }
        scope.push(args.document, Delta::Remove { node: group })?;
    }
    Ok(json!({ "nodes": freed }))
}
