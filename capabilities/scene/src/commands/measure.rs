//! `scene.bounds` and `scene.measure`.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use base::{BlobHash, DocumentId, NodeId};
use document::NodeRef;
use glam::{DMat4, DVec3};
use kernel::{CommandError, QueryScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Shared, is_spatial, rewrite::Reader, scene};
use crate::{
    Sources,
    edit::measure::{Measures, measure},
    frame::Geometry,
    kinds,
    world::{self, Bend, Motion},
};

pub(super) fn register(registrar: &mut Registrar<'_>, shared: &Arc<Shared>) {
    let sources = shared.sources.clone();
    registrar.query("scene.bounds", move |scope, args| bounds(&sources, scope, args));
    let sources = shared.sources.clone();
    registrar.query("scene.measure", move |scope, args| measures(&sources, scope, args));
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The nodes, each with all that is visible below it; all that is visible in the scene when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
    /// The point in time, in s: what moves or bends is measured as it is then.
    #[serde(default)]
    time: f64,
}

/// A node that was asked for, and the meshes that are shown with it.
struct Asked {
    node: NodeId,
    meshes: Vec<Placed>,
}

/// A mesh where it is at the moment that was asked for.
struct Placed {
    node: NodeId,
    geometry: Option<BlobHash>,
    bend: Option<Bend>,
    world_from_local: DMat4,
}

/// What was asked for. A node that is named counts although it is invisible; what is below it only where it is visible.
fn asked(root: NodeRef<'_>, named: &[NodeId], motion: &Motion) -> Result<Vec<Asked>, CommandError> {
    let tops = if named.is_empty() { vec![NodeId::ROOT] } else { named.to_vec() };
    let mut out = Vec::with_capacity(tops.len());
    for node in tops {
        let reader = if node == NodeId::ROOT { Some(root) } else { root.find(node) };
        let reader = reader.ok_or_else(|| CommandError::no_node(node))?;
        let mut meshes = Vec::new();
        let above =
            std::iter::successors(Some(reader), |node| node.parent()).filter(|node| is_spatial(*node));
        let place = above.fold(DMat4::IDENTITY, |inner, outer| world::moved(outer, motion) * inner);
        let mut stack = vec![(reader, place)];
        while let Some((reader, world_from_local)) = stack.pop() {
            if let Some(mesh) = kinds::Mesh::read(reader) {
                let (geometry, bend) = (mesh.geometry(), world::bend(reader, mesh, motion));
                meshes.push(Placed { node: reader.id(), geometry, bend, world_from_local });
            }
            let visible = |node: &NodeRef<'_>| {
                is_spatial(*node) && node.value("visible").and_then(|value| value.as_bool()) != Some(false)
            };
            let below = reader.children().rev().filter(visible);
            stack.extend(below.map(|child| (child, world_from_local * world::moved(child, motion))));
        }
        out.push(Asked { node, meshes });
    }
    Ok(out)
}

/// A box in the world.
#[derive(Clone, Copy)]
struct Extent {
    min: DVec3,
    max: DVec3,
}

impl Extent {
    const EMPTY: Extent = Extent { min: DVec3::INFINITY, max: DVec3::NEG_INFINITY };

    fn of(geometry: &Geometry, world_from_local: DMat4) -> Extent {
        let named = geometry.indices.iter().filter_map(|index| geometry.positions.get(*index as usize));
        named.fold(Extent::EMPTY, |extent, position| {
            let position = world_from_local.transform_point3(position.as_dvec3());
            Extent { min: extent.min.min(position), max: extent.max.max(position) }
        })
    }

    fn union(self, other: Extent) -> Extent {
        Extent { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    fn json(self) -> Json {
        if !self.min.cmple(self.max).all() {
            return Json::Null;
        }
        let list = |vector: DVec3| json!(vector.to_array());
        let center = self.min * 0.5 + self.max * 0.5;
        json!({
            "min": list(self.min), "max": list(self.max), "size": list(self.max - self.min), "center": list(center),
        })
    }
}

fn bounds(sources: &Sources, scope: &mut QueryScope<'_>, args: Args) -> Result<Json, CommandError> {
    each(sources, scope, &args, Extent::of, |parts| {
        parts.iter().fold(Extent::EMPTY, |all, part| all.union(*part)).json()
    })
}

fn measures(sources: &Sources, scope: &mut QueryScope<'_>, args: Args) -> Result<Json, CommandError> {
    let both = |geometry: &Geometry, world_from_local: DMat4| {
        (measure(geometry, world_from_local), Extent::of(geometry, world_from_local))
    };
    each(sources, scope, &args, both, |parts| {
        let extent = parts.iter().fold(Extent::EMPTY, |all, (_, extent)| all.union(*extent));
        let all = parts.iter().map(|(measures, _)| *measures).reduce(Measures::with).unwrap_or_default();
        json!({
            "meshes": parts.len(), "vertices": all.vertices, "triangles": all.triangles, "lines": all.lines,
            "points": all.points, "area": all.area, "watertight": all.watertight,
            "volume": all.watertight.then_some(all.volume), "bounds": extent.json(),
        })
    })
}

/// What `find` finds of each mesh, told by `tell` for all together and for each node that was asked for.
fn each<T: Clone>(
    sources: &Sources,
    scope: &mut QueryScope<'_>,
    args: &Args,
    find: impl Fn(&Geometry, DMat4) -> T,
    tell: impl Fn(&[T]) -> Json,
) -> Result<Json, CommandError> {
    let content = scope.content(args.document)?;
    let root = scene(&content)?.root().at_time(args.time);
    let assets = scope.kernel().assets();
    let motion = Motion::at(root, args.time, &mut |hash| sources.keyframes(hash, &assets))?;
    let asked = asked(root, &args.nodes, &motion)?;
    let limits = assets.limits();
    let world = world::world(root, &motion, limits)
        .map_err(|limit| CommandError::Limit { place: format!("document {}", args.document), limit })?;
    let mut reader = Reader::new(sources);
    let mut shape = |mesh: &Placed| -> Result<Option<(Arc<Geometry>, DMat4)>, CommandError> {
        let Some(hash) = mesh.geometry else { return Ok(None) };
        let geometry = reader.geometry(hash, &assets, limits)?;
        let Some(bend) = &mesh.bend else { return Ok(Some((geometry, mesh.world_from_local))) };
        let (geometry, in_world) = reader.bent(&geometry, bend, &world, &assets, limits)?;
        Ok(Some((geometry, if in_world { DMat4::IDENTITY } else { mesh.world_from_local })))
    };
    let mut found: BTreeMap<NodeId, Option<T>> = BTreeMap::new();
    let mut nodes = Vec::with_capacity(asked.len());
    for Asked { node, meshes } in &asked {
        let mut parts = Vec::with_capacity(meshes.len());
        for mesh in meshes {
            let part = match found.entry(mesh.node) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => {
                    place.insert(shape(mesh)?.map(|(geometry, place)| find(&geometry, place)))
                }
            };
            parts.extend(part.clone());
        }
        let mut told = tell(&parts);
        if let Some(object) = told.as_object_mut() {
            object.insert("node".to_owned(), json!(node));
        }
        nodes.push(told);
    }
    let all: Vec<T> = found.into_values().flatten().collect();
    let mut told = tell(&all);
    if let Some(object) = told.as_object_mut()
        && !args.nodes.is_empty()
    {
        object.insert("nodes".to_owned(), Json::Array(nodes));
    }
    Ok(told)
}
