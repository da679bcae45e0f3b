//! `scene.mirror`: nodes and all below them as a mirror shows them.

use std::{collections::BTreeMap, sync::Arc};

use base::{BlobHash, DocumentId, NodeId};
use document::{NodeRef, Tree};
use glam::{DMat4, DVec3};
use kernel::{CommandError, EditScope, Fragment, Place, Registrar, TaskScope, Work};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{
    Shared, array::Axis, inverse, place, rewrite::Reader, rewrite::meshes_below, scene, spatial_of_task,
    topmost, transform::Space, vector, world_from,
};
use crate::{Sources, edit::vertices, geometry, kinds, world};

pub(super) fn register(registrar: &mut Registrar<'_>, shared: &Arc<Shared>) {
    let sources = shared.sources.clone();
    registrar.work("scene.mirror", move |scope, args| mirror(sources.clone(), scope, args));
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
    /// The axis across which they are mirrored: the normal of the plane.
    #[serde(default = "sideways")]
    axis: Axis,
    /// A point of the plane, in m.
    #[serde(default)]
    about: [f64; 3],
    /// What the plane is measured in.
    #[serde(default = "of_world")]
    space: Space,
    /// Whether they stay, and copies of them are mirrored.
    #[serde(default = "yes")]
    copy: bool,
}

fn sideways() -> Axis {
    Axis::X
}

fn of_world() -> Space {
    Space::World
}

fn yes() -> bool {
    true
}

fn mirror(sources: Arc<Sources>, scope: &mut TaskScope<'_>, args: Args) -> Result<Work, CommandError> {
    vector("about", args.about)?;
    let nodes = spatial_of_task(scope, args.document, &args.nodes)?;
    let content = scope.content(args.document)?;
    let tree = scene(&content)?;
    let nodes = topmost(tree, &nodes);
    let blobs: Vec<BlobHash> =
        meshes_below(tree, &nodes).into_iter().filter_map(|id| blob(tree, id)).collect();
    Ok(Box::new(move |away| {
        let mut made: BTreeMap<BlobHash, BlobHash> = BTreeMap::new();
        let mut reader = Reader::new(&sources);
        for hash in blobs {
            if made.contains_key(&hash) {
                continue;
            }
            away.check_deadline()?;
            let mut assets = away.assets();
            let mut geometry = (*reader.geometry(hash, &assets, assets.limits())?).clone();
            reader.known.clear();
            vertices::transform(&mut geometry, flip(args.axis));
            made.insert(hash, assets.put_blob(geometry::encode(&geometry))?);
        }
        Ok(Box::new(move |scope| {
            let nodes = scope.edit(|edit| {
                nodes.iter().map(|node| turn_over(edit, &args, *node, &made)).collect::<Result<Vec<_>, _>>()
            })?;
            Ok(json!({ "nodes": nodes }))
        }))
    }))
}

fn blob(tree: &Tree, id: NodeId) -> Option<BlobHash> {
    tree.get(id).and_then(kinds::Mesh::read)?.geometry()
}

/// The mirror at the origin across an axis.
fn flip(axis: Axis) -> DMat4 {
    DMat4::from_scale(DVec3::ONE - 2.0 * axis.direction())
}

/// How the space of a node is mirrored in itself, so that the node's transform mirrors nothing: geometry is mirrored, and what
/// shines or looks along −z goes on to do so.
fn within(node: NodeRef<'_>, axis: Axis) -> DMat4 {
    match [kinds::Light::KIND, kinds::Camera::KIND].contains(&node.kind()) {
        true => flip(Axis::X),
        false => flip(axis),
    }
}

/// Mirrors a node, or a copy of it; gives which of them it was.
fn turn_over(
    edit: &mut EditScope<'_>,
    args: &Args,
    node: NodeId,
    blobs: &BTreeMap<BlobHash, BlobHash>,
) -> Result<NodeId, CommandError> {
    let reader = edit.node(args.document, node)?;
    let parent = reader.node().parent.unwrap_or(NodeId::ROOT);
    let (own, outer) = (world::transform(reader), reader.parent().map_or(DMat4::IDENTITY, world_from));
    let top = match args.copy {
        true => Fragment::of(reader).insert(edit, args.document, parent, Place::After(node))?,
        false => node,
    };
    let about = vector("about", args.about)?;
    let across = DMat4::from_translation(about) * flip(args.axis) * DMat4::from_translation(-about);
    let mirrored = match args.space {
        Space::Local => own * across,
        Space::Parent => across * own,
        Space::World => inverse(outer, node)? * across * outer * own,
    };
    let tree = edit.tree(args.document)?;
    let reader = tree.get(top).ok_or_else(|| CommandError::no_node(top))?;
    let mut places = vec![(top, mirrored * within(reader, args.axis))];
    places.extend(reader.descendants().filter(|below| super::is_spatial(*below)).map(|below| {
        let above = below.parent().map_or(DMat4::IDENTITY, |above| within(above, args.axis));
        (below.id(), above * world::transform(below) * within(below, args.axis))
    }));
    for (id, matrix) in places {
        place(edit, args.document, id, matrix)?;
        let found = blob(edit.tree(args.document)?, id);
        if let Some(hash) = found {
            let Some(mirrored) = blobs.get(&hash) else {
                return Err(CommandError::NotApplicable(format!(
                    "mesh {id} has been changed meanwhile: try again"
                )));
            };
            edit.set(args.document, id, "geometry", Some(&json!(mirrored)))?;
        }
    }
    Ok(top)
}
