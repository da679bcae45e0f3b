//! Geometry of meshes replaced: read, changed away from the kernel, and set where it is still what was read.

use std::{collections::BTreeMap, sync::Arc};

use base::{BlobHash, DocumentId, Limits, NodeId};
use document::Tree;
use kernel::{Away, Blobs, CommandError, EditScope, TaskScope, Work};
use serde_json::{Value as Json, json};

use super::{scene, spatial_of_task};
use crate::{
    Sources,
    edit::EditError,
    frame::{Geometry, Topology},
    geometry, kinds,
    sources::Bent,
    world::{Bend, World},
};

/// The meshes among nodes and below them, each once, in the order of the nodes and of the tree.
pub(super) fn meshes_below(tree: &Tree, nodes: &[NodeId]) -> Vec<NodeId> {
    let mut seen = std::collections::BTreeSet::new();
    nodes
        .iter()
        .filter_map(|node| tree.get(*node))
        .flat_map(|node| std::iter::once(node).chain(node.descendants()))
        .filter(|node| node.kind() == kinds::Mesh::KIND && seen.insert(node.id()))
        .map(|node| node.id())
        .collect()
}

/// Meshes with the blobs of their geometry.
pub(super) struct Targets {
    pub document: DocumentId,
    pub meshes: Vec<(NodeId, BlobHash)>,
}

impl Targets {
    /// The meshes among the nodes named, else those selected, and below them. At least one has geometry.
    pub fn of(
        scope: &mut TaskScope<'_>,
        document: DocumentId,
        named: &[NodeId],
    ) -> Result<Targets, CommandError> {
        let nodes = spatial_of_task(scope, document, named)?;
        let content = scope.content(document)?;
        let tree = scene(&content)?;
        let meshes = meshes_below(tree, &nodes).into_iter().filter_map(|id| {
            let mesh = tree.get(id).and_then(kinds::Mesh::read)?;
            Some((id, mesh.geometry()?, mesh.name().to_owned(), mesh.deformation().is_some()))
        });
        let meshes: Vec<_> = meshes.collect();
        if let Some((_, _, name, _)) = meshes.iter().find(|(.., bends)| *bends) {
            return Err(CommandError::NotApplicable(format!(
                "mesh '{name}' hangs on joints or has morph targets, which would no longer fit its vertices: take away its \
                 deformation first (node.unset)"
            )));
        }
        let meshes: Vec<(NodeId, BlobHash)> =
            meshes.into_iter().map(|(id, geometry, ..)| (id, geometry)).collect();
        if meshes.is_empty() {
            return Err(CommandError::argument("nodes", "there is no mesh among them or below them"));
        }
        Ok(Targets { document, meshes })
    }

    /// Fails when the geometry of a mesh is no longer what was read.
    pub fn check(&self, scope: &mut EditScope<'_>) -> Result<(), CommandError> {
        for (id, hash) in &self.meshes {
            let mesh = kinds::Mesh::read(scope.node(self.document, *id)?);
            if mesh.and_then(|mesh| mesh.geometry()) != Some(*hash) {
                return Err(CommandError::NotApplicable(format!(
                    "mesh {id} has been changed meanwhile: try again"
                )));
            }
        }
        Ok(())
    }

    /// The geometry of each blob once.
    pub fn read(
        &self,
        away: &mut Away,
        sources: &Sources,
    ) -> Result<BTreeMap<BlobHash, Arc<Geometry>>, CommandError> {
        let mut reader = Reader::new(sources);
        for (_, hash) in &self.meshes {
            away.check_deadline()?;
            let assets = away.assets();
            reader.geometry(*hash, &assets, assets.limits())?;
        }
        Ok(reader.known)
    }
}

/// Geometry that has been read, within the limits.
pub(super) struct Reader<'s> {
    sources: &'s Sources,
    pub known: BTreeMap<BlobHash, Arc<Geometry>>,
    bytes: u64,
}

impl<'s> Reader<'s> {
    /// One that has read nothing yet.
    pub fn new(sources: &'s Sources) -> Self {
        Reader { sources, known: BTreeMap::new(), bytes: 0 }
    }

    /// The geometry of a blob.
    pub fn geometry(
        &mut self,
        hash: BlobHash,
        blobs: &dyn Blobs,
        limits: &Limits,
    ) -> Result<Arc<Geometry>, CommandError> {
        if let Some(geometry) = self.known.get(&hash) {
            return Ok(geometry.clone());
        }
        let (geometry, bytes) = self.sources.geometry(hash, blobs)?;
        self.spend(bytes, limits)?;
        self.known.insert(hash, geometry.clone());
        Ok(geometry)
    }

    /// A mesh as it is bent in a world, and whether it is in that world's space.
    pub fn bent(
        &mut self,
        geometry: &Arc<Geometry>,
        bend: &Bend,
        world: &World,
        blobs: &dyn Blobs,
        limits: &Limits,
    ) -> Result<(Arc<Geometry>, bool), CommandError> {
        let Bent { geometry, in_world, bytes } = self.sources.bent(geometry, bend, world, blobs)?;
        self.spend(bytes, limits)?;
        Ok((geometry, in_world))
    }

    fn spend(&mut self, bytes: usize, limits: &Limits) -> Result<(), CommandError> {
        self.bytes += bytes as u64;
        Limits::check("the size of the meshes in bytes", self.bytes, limits.import_bytes, "importBytes")
            .map(drop)
            .map_err(|limit| CommandError::Limit { place: "the scene".to_owned(), limit })
    }
}

/// What a change makes of geometry, and what else there is to tell of it.
pub(super) type Changed = (Geometry, Vec<(&'static str, Json)>);

/// Replaces the geometry of the meshes named, else of those selected, and of those below them. Meshes that are not named keep
/// what they shared with them.
pub(super) fn rewrite(
    scope: &mut TaskScope<'_>,
    sources: &Arc<Sources>,
    document: DocumentId,
    named: &[NodeId],
    change: impl Fn(&Geometry) -> Result<Changed, EditError> + Send + 'static,
) -> Result<Work, CommandError> {
    let targets = Targets::of(scope, document, named)?;
    let sources = sources.clone();
    Ok(Box::new(move |away| {
        let mut reader = Reader::new(&sources);
        let mut made: BTreeMap<BlobHash, (BlobHash, Json)> = BTreeMap::new();
        for (node, hash) in &targets.meshes {
            if made.contains_key(hash) {
                continue;
            }
            away.check_deadline()?;
            let mut assets = away.assets();
            let geometry = reader.geometry(*hash, &assets, assets.limits())?;
            reader.known.clear();
            let (geometry, told) = change(&geometry).map_err(|error| refused(*node, error))?;
            let blob = assets.put_blob(geometry::encode(&geometry))?;
            let mut about = counts(&geometry);
            told.into_iter().for_each(|(name, value)| about[name] = value);
            made.insert(*hash, (blob, about));
        }
        Ok(Box::new(move |scope| {
            scope.edit(|edit| {
                targets.check(edit)?;
                for (node, hash) in &targets.meshes {
                    if let Some((blob, _)) = made.get(hash).filter(|(blob, _)| blob != hash) {
                        edit.set(targets.document, *node, "geometry", Some(&json!(blob)))?;
                    }
                }
                Ok(())
            })?;
            let meshes = targets.meshes.iter().filter_map(|(node, hash)| {
                let mut about = made.get(hash)?.1.clone();
                about["node"] = json!(node);
                Some(about)
            });
            Ok(json!({ "meshes": meshes.collect::<Vec<_>>() }))
        }))
    }))
}

/// An edit that is not meant for a mesh.
pub(super) fn refused(node: NodeId, error: EditError) -> CommandError {
    CommandError::argument("nodes", format!("mesh {node}: {error}"))
}

/// How much there is of geometry.
fn counts(geometry: &Geometry) -> Json {
    let (name, width) = match geometry.topology {
        Topology::Triangles => ("triangles", 3),
        Topology::Lines => ("lines", 2),
        Topology::Points => ("points", 1),
    };
    json!({ "vertices": geometry.positions.len(), name: geometry.indices.len() / width })
}
