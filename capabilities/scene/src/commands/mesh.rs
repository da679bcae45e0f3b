//! Commands that change the geometry of meshes, each by itself.

use std::sync::Arc;

use base::{DocumentId, NodeId};
use kernel::{CommandError, Registrar, TaskScope, Work};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::{Shared, rewrite::rewrite};
use crate::{
    Sources,
    edit::{decimate, normals, weld},
};

pub(super) fn register(registrar: &mut Registrar<'_>, shared: &Arc<Shared>) {
    let sources = shared.sources.clone();
    registrar.work("scene.normals.flip", move |scope, args| flip(&sources, scope, args));
    let sources = shared.sources.clone();
    registrar.work("scene.normals.recompute", move |scope, args| recompute(&sources, scope, args));
    let sources = shared.sources.clone();
    registrar.work("scene.weld", move |scope, args| weld(&sources, scope, args));
    let sources = shared.sources.clone();
    registrar.work("scene.decimate", move |scope, args| decimate(&sources, scope, args));
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Flip {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The meshes, and nodes that meshes are below; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
}

fn flip(sources: &Arc<Sources>, scope: &mut TaskScope<'_>, args: Flip) -> Result<Work, CommandError> {
    rewrite(scope, sources, args.document, &args.nodes, |geometry| {
        let mut geometry = geometry.clone();
        normals::flip(&mut geometry)?;
        Ok((geometry, Vec::new()))
    })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Recompute {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The meshes, and nodes that meshes are below; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
    /// Over edges where the surface bends by this much at most it is smooth, in degrees; 0 makes every face flat, 180 all of it
    /// smooth.
    #[serde(default = "usual_crease")]
    #[schemars(range(min = 0, max = 180))]
    crease: f64,
}

fn usual_crease() -> f64 {
    30.0
}

fn recompute(
    sources: &Arc<Sources>,
    scope: &mut TaskScope<'_>,
    args: Recompute,
) -> Result<Work, CommandError> {
    let crease = args.crease.to_radians() as f32;
    rewrite(scope, sources, args.document, &args.nodes, move |geometry| {
        Ok((normals::recompute(geometry, crease)?, Vec::new()))
    })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Weld {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The meshes, and nodes that meshes are below; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
    /// Vertices this far from each other, in m of the mesh's own space, become one; 0 for those at exactly the same place.
    #[serde(default = "usual_distance")]
    #[schemars(range(min = 0, max = 1_000_000))]
    distance: f64,
    /// Whether vertices stay apart whose normals, texture coordinates or colours differ, so that hard edges and seams stay.
    #[serde(default = "yes")]
    seams: bool,
}

fn usual_distance() -> f64 {
    0.0001
}

fn yes() -> bool {
    true
}

fn weld(sources: &Arc<Sources>, scope: &mut TaskScope<'_>, args: Weld) -> Result<Work, CommandError> {
    rewrite(scope, sources, args.document, &args.nodes, move |geometry| {
        Ok((weld::weld(geometry, args.distance as f32, args.seams), Vec::new()))
    })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Decimate {
    /// The scene.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The meshes, and nodes that meshes are below; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    nodes: Vec<NodeId>,
    /// What part of the triangles is to be left.
    #[serde(default = "half")]
    #[schemars(range(min = 0, max = 1))]
    ratio: f64,
    /// How far the surface may move, as a part of the longest side of the mesh's box: there are more triangles left than wanted
    /// where it would have to move farther.
    #[serde(default = "hundredth")]
    #[schemars(range(min = 0, max = 1))]
    error: f64,
    /// Whether the borders of open surfaces stay exactly as they are.
    #[serde(rename = "lockBorder", default)]
    lock_border: bool,
}

fn half() -> f64 {
    0.5
}

fn hundredth() -> f64 {
    0.01
}

fn decimate(sources: &Arc<Sources>, scope: &mut TaskScope<'_>, args: Decimate) -> Result<Work, CommandError> {
    rewrite(scope, sources, args.document, &args.nodes, move |geometry| {
        let made = decimate::decimate(geometry, args.ratio as f32, args.error as f32, args.lock_border)?;
        Ok((made.geometry, vec![("error", json!(made.error))]))
    })
}
