//! Meshes put together, and taken apart.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base::{BlobHash, DocumentId, Limits, NodeId};
use document::{Delta, Key, Property, Value};
use glam::DMat4;
use kernel::{CommandError, EditScope, Registrar, TaskScope, Work};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{
    Shared, inverse, place,
    rewrite::{Targets, refused},
    scene, world_from,
};
use crate::{
    Sources,
    edit::{parts, vertices},
    frame::{Geometry, Topology},
    geometry, kinds,
};

pub(super) fn register(registrar: &mut Registrar<'_>, shared: &Arc<Shared>) {
    let sources = shared.sources.clone();
    registrar.work("scene.join", move |scope, args| join(sources.clone(), scope, args));
    let sources = shared.sources.clone();
    registrar.work("scene.separate", move |scope, args| separate(sources.clone(), scope, args));
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Join {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The meshes, and nodes that meshes are below; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
}

fn join(sources: Arc<Sources>, scope: &mut TaskScope<'_>, args: Join) -> Result<Work, CommandError> {
    let targets = Targets::of(scope, args.document, &args.nodes)?;
    let content = scope.content(args.document)?;
    Ok(Box::new(move |away| {
        let known = targets.read(away, &sources)?;
        let tree = scene(&content)?;
        let mut bundles: Vec<Bundle> = Vec::new();
        let mut bytes = 0;
        for (node, hash) in &targets.meshes {
            let (Some(reader), Some(geometry)) = (tree.get(*node), known.get(hash)) else { continue };
            let material = kinds::Mesh::read(reader).and_then(|mesh| mesh.material());
            let world_from_local = world_from(reader);
            let key = (material, geometry.topology);
            let index = match bundles.iter().position(|bundle| bundle.key == key) {
                Some(index) => index,
                None => {
                    let local_from_world = inverse(world_from_local, *node)?;
                    let (first, rest) = (*node, Vec::new());
                    bundles.push(Bundle {
                        key,
                        first,
                        rest,
                        local_from_world,
                        geometry: Geometry::default(),
                    });
                    bundles.len() - 1
                }
            };
            bytes += geometry::encode(geometry).len() as u64;
            Limits::check(
                "the size of the meshes in bytes",
                bytes,
                away.assets().limits().import_bytes,
                "importBytes",
            )
            .map_err(|limit| CommandError::Limit { place: "the scene".to_owned(), limit })?;
            if let Some(bundle) = bundles.get_mut(index) {
                bundle.add(*node, geometry, world_from_local);
            }
        }
        let mut blobs = Vec::with_capacity(bundles.len());
        for bundle in &bundles {
            away.check_deadline()?;
            blobs.push(away.assets().put_blob(geometry::encode(&bundle.geometry))?);
        }
        Ok(Box::new(move |scope| {
            scope.edit(|edit| {
                targets.check(edit)?;
                put_together(edit, targets.document, &bundles, &blobs)
            })?;
            let nodes: Vec<NodeId> = bundles.iter().map(|bundle| bundle.first).collect();
            Ok(json!({ "nodes": nodes }))
        }))
    }))
}

/// Meshes of one material that become one.
struct Bundle {
    key: (Option<NodeId>, Topology),
    /// The mesh that stays.
    first: NodeId,
    rest: Vec<NodeId>,
    /// To the space of the one that stays.
    local_from_world: DMat4,
    geometry: Geometry,
}

impl Bundle {
    fn add(&mut self, node: NodeId, geometry: &Geometry, world_from_local: DMat4) {
        if node == self.first {
            self.geometry = geometry.clone();
            return;
        }
        let mut moved = geometry.clone();
        vertices::transform(&mut moved, self.local_from_world * world_from_local);
        vertices::append(&mut self.geometry, &moved);
        self.rest.push(node);
    }
}

/// Removes the meshes that went into others. What was below them stays where it is, below the next node above.
fn put_together(
    edit: &mut EditScope<'_>,
    document: DocumentId,
    bundles: &[Bundle],
    blobs: &[BlobHash],
) -> Result<(), CommandError> {
    for (bundle, blob) in bundles.iter().zip(blobs) {
        edit.set(document, bundle.first, "geometry", Some(&json!(blob)))?;
    }
    let gone: BTreeSet<NodeId> = bundles.iter().flat_map(|bundle| &bundle.rest).copied().collect();
    for node in &gone {
        let reader = edit.node(document, *node)?;
        let mut above = std::iter::successors(reader.parent(), |above| above.parent());
        let home = above.find(|above| !gone.contains(&above.id()));
        let Some(home) = home else { continue };
        let (home, to_home) = (home.id(), inverse(world_from(home), home.id()));
        let freed: Vec<(NodeId, DMat4)> = reader
            .children()
            .filter(|child| !gone.contains(&child.id()))
            .map(|child| (child.id(), world_from(child)))
            .collect();
        for (child, world_from_child) in freed {
            let last = edit.node(document, home)?.node().children.last().copied();
            edit.push(document, Delta::Move { node: child, parent: home, after: last })?;
            place(edit, document, child, to_home.clone()? * world_from_child)?;
        }
    }
    for node in gone {
        if edit.tree(document)?.is_visible(node) {
            edit.push(document, Delta::Remove { node })?;
        }
    }
    Ok(())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Separate {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The meshes, and nodes that meshes are below; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
}

fn separate(sources: Arc<Sources>, scope: &mut TaskScope<'_>, args: Separate) -> Result<Work, CommandError> {
    let targets = Targets::of(scope, args.document, &args.nodes)?;
    Ok(Box::new(move |away| {
        let known = targets.read(away, &sources)?;
        let mut made: BTreeMap<BlobHash, Vec<BlobHash>> = BTreeMap::new();
        let mut nodes = 0;
        for (node, hash) in &targets.meshes {
            if !made.contains_key(hash)
                && let Some(geometry) = known.get(hash)
            {
                away.check_deadline()?;
                let parts = parts::separate(geometry).map_err(|error| refused(*node, error))?;
                let mut assets = away.assets();
                let blobs = parts.iter().map(|part| assets.put_blob(geometry::encode(part)));
                made.insert(*hash, blobs.collect::<Result<_, _>>()?);
            }
            nodes += made.get(hash).map_or(0, Vec::len) as u64;
            Limits::check("the number of nodes", nodes, away.assets().limits().nodes, "nodes")
                .map_err(|limit| CommandError::Limit { place: format!("mesh {node}"), limit })?;
        }
        Ok(Box::new(move |scope| {
            let nodes = scope.edit(|edit| {
                targets.check(edit)?;
                let mut nodes = Vec::new();
                for (node, hash) in &targets.meshes {
                    let blobs = made.get(hash).map(Vec::as_slice).unwrap_or_default();
                    nodes.extend(take_apart(edit, targets.document, *node, blobs)?);
                }
                Ok(nodes)
            })?;
            Ok(json!({ "nodes": nodes }))
        }))
    }))
}

/// Makes a mesh one of several: the first part stays, the others come after it, and all that is below it stays there.
fn take_apart(
    edit: &mut EditScope<'_>,
    document: DocumentId,
    node: NodeId,
    blobs: &[BlobHash],
) -> Result<Vec<NodeId>, CommandError> {
    let Some((first, rest)) = blobs.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        return Ok(vec![node]);
    };
    let reader = edit.node(document, node)?;
    let parent = reader.node().parent.unwrap_or(NodeId::ROOT);
    let name = reader.string("name").unwrap_or_default();
    let kept = reader.properties().filter_map(|(key, property)| match property {
        Property::Register(value) if !["geometry", "name"].contains(&key.as_str()) => {
            Some((key.clone(), value.clone()))
        }
        _ => None,
    });
    let kept: Vec<(Key, Value)> = kept.collect();
    let mut nodes = vec![node];
    let mut deltas = Vec::with_capacity(rest.len());
    for (blob, number) in rest.iter().zip(2..) {
        let builder =
            kinds::MeshProperties::default().name(format!("{name} {number}").trim_start()).geometry(*blob);
        let mut properties = builder.list();
        properties.extend(kept.iter().cloned());
        let (id, after) = (edit.new_id(), nodes.last().copied());
        deltas.push(Delta::Insert { node: id, kind: kinds::Mesh::KIND.into(), parent, after, properties });
        nodes.push(id);
    }
    edit.push_all(document, deltas)?;
    edit.set(document, node, "geometry", Some(&json!(first)))?;
    Ok(nodes)
}
