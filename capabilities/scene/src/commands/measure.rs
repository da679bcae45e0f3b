//! `scene.bounds` and `scene.measure`.

use base::{DocumentId, NodeId};
use document::{NodeRef, Tree};
use glam::{DMat4, DVec3};
use kernel::{CommandError, QueryScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{is_spatial, rewrite::Reader, scene, world_from};
use crate::{
    edit::measure::{Measures, measure},
    frame::Geometry,
    kinds, world,
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.query("scene.bounds", bounds);
    registrar.query("scene.measure", measures);
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
}

/// A node that was asked for, and the meshes that are shown with it.
struct Asked {
    node: NodeId,
    meshes: Vec<(NodeId, DMat4)>,
}

/// What was asked for. A node that is named counts although it is invisible; what is below it only where it is visible.
fn asked(tree: &Tree, named: &[NodeId]) -> Result<Vec<Asked>, CommandError> {
    let tops = if named.is_empty() { vec![NodeId::ROOT] } else { named.to_vec() };
    let mut out = Vec::with_capacity(tops.len());
    for node in tops {
        let reader = tree.get(node).ok_or_else(|| CommandError::no_node(node))?;
        let mut meshes = Vec::new();
        let mut stack = vec![(reader, world_from(reader))];
        while let Some((reader, world_from_local)) = stack.pop() {
            if reader.kind() == kinds::Mesh::KIND {
                meshes.push((reader.id(), world_from_local));
            }
            let visible = |node: &NodeRef<'_>| {
                is_spatial(*node) && node.value("visible").and_then(|value| value.as_bool()) != Some(false)
            };
            let below = reader.children().rev().filter(visible);
            stack.extend(below.map(|child| (child, world_from_local * world::transform(child))));
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

fn bounds(scope: &mut QueryScope<'_>, args: Args) -> Result<Json, CommandError> {
    each(scope, &args, Extent::of, |parts| {
        parts.iter().fold(Extent::EMPTY, |all, part| all.union(*part)).json()
    })
}

fn measures(scope: &mut QueryScope<'_>, args: Args) -> Result<Json, CommandError> {
    let both = |geometry: &Geometry, world_from_local: DMat4| {
        (measure(geometry, world_from_local), Extent::of(geometry, world_from_local))
    };
    each(scope, &args, both, |parts| {
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
    scope: &mut QueryScope<'_>,
    args: &Args,
    find: impl Fn(&Geometry, DMat4) -> T,
    tell: impl Fn(&[T]) -> Json,
) -> Result<Json, CommandError> {
    let content = scope.content(args.document)?;
    let tree = scene(&content)?;
    let asked = asked(tree, &args.nodes)?;
    let assets = scope.kernel().assets();
    let mut reader = Reader::default();
    let mut found: std::collections::BTreeMap<NodeId, Option<T>> = std::collections::BTreeMap::new();
    let mut nodes = Vec::with_capacity(asked.len());
    for Asked { node, meshes } in &asked {
        let mut parts = Vec::with_capacity(meshes.len());
        for (mesh, world_from_local) in meshes {
            if !found.contains_key(mesh) {
                let hash = tree.get(*mesh).and_then(kinds::Mesh::read).and_then(|mesh| mesh.geometry());
                let part = match hash {
                    Some(hash) => {
                        let geometry = reader.geometry(hash, &assets, assets.limits())?;
                        Some(find(&geometry, *world_from_local))
                    }
                    None => None,
                };
                found.insert(*mesh, part);
            }
            parts.extend(found.get(mesh).cloned().flatten());
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
