//! The commands of scenes.

mod array;
mod camera;
mod environment;
mod group;
mod join;
mod light;
mod material;
mod measure;
mod mesh;
mod mirror;
mod outline;
mod pick;
mod picture;
mod rewrite;
mod shape;
mod texture;
mod transform;
mod turntable;

use std::{collections::BTreeSet, sync::Arc};

use base::{DocumentId, NodeId};
use document::{Content, NodeRef, Tree};
use fonts::Catalogue;
use glam::{DMat4, DVec3};
use kernel::{CommandError, EditScope, Registrar, TaskScope};
use serde_json::{Value as Json, json};

use crate::{Sources, edit::place::Parts, kinds, world};

/// What commands keep from one call to the next.
pub(crate) struct Shared {
    fonts: Catalogue,
    indexes: pick::Indexes,
    sources: Arc<Sources>,
}

impl Shared {
    /// Nothing yet, beside what scenes refer to.
    pub fn new(sources: Arc<Sources>) -> Self {
        Shared { fonts: Catalogue::default(), indexes: pick::Indexes::default(), sources }
    }

    /// Lets go of everything.
    pub fn clear(&self) {
        self.fonts.clear();
        self.indexes.clear();
    }
}

pub(crate) fn register(registrar: &mut Registrar<'_>, shared: &Arc<Shared>) {
    shape::register(registrar);
    outline::register(registrar, shared);
    light::register(registrar);
    camera::register(registrar);
    turntable::register(registrar, shared);
    environment::register(registrar);
    group::register(registrar);
    material::register(registrar);
    texture::register(registrar);
    transform::register(registrar);
    array::register(registrar);
    mirror::register(registrar, shared);
    mesh::register(registrar, shared);
    join::register(registrar, shared);
    measure::register(registrar, shared);
    pick::register(registrar, shared);
}

/// The root of a scene, as the default of arguments that name a parent.
fn root() -> NodeId {
    NodeId::ROOT
}

/// The tree of a scene.
fn scene(content: &Content) -> Result<&Tree, CommandError> {
    let tree = content.tree().filter(|tree| tree.root().kind() == kinds::World::KIND);
    tree.ok_or_else(|| CommandError::argument("document", "a scene is needed"))
}

/// Checks that the document is a scene, and that things may be put below this node of it.
fn check_home(scope: &mut EditScope<'_>, document: DocumentId, parent: NodeId) -> Result<(), CommandError> {
    let tree = scene(scope.content(document)?)?;
    let reader = tree.get(parent).ok_or_else(|| CommandError::no_node(parent))?;
    match is_spatial(reader) || parent == NodeId::ROOT {
        true => Ok(()),
        false => {
            Err(CommandError::argument("parent", format!("nothing can be put into a {}", reader.kind())))
        }
    }
}

/// Whether a node has a place in the world.
fn is_spatial(node: NodeRef<'_>) -> bool {
    [kinds::Group::KIND, kinds::Mesh::KIND, kinds::Camera::KIND, kinds::Light::KIND].contains(&node.kind())
}

/// The nodes named, else those selected; at least one, each of them in the world, and none twice.
fn spatial(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    named: &[NodeId],
) -> Result<Vec<NodeId>, CommandError> {
    let nodes = if named.is_empty() { scope.selection(document).to_vec() } else { named.to_vec() };
    checked(scene(scope.content(document)?)?, nodes)
}

/// As [`spatial`], in a task.
fn spatial_of_task(
    scope: &mut TaskScope<'_>,
    document: DocumentId,
    named: &[NodeId],
) -> Result<Vec<NodeId>, CommandError> {
    let content = scope.content(document)?;
    let nodes = match named.is_empty() {
        true => scope.kernel().session().selection(document).to_vec(),
        false => named.to_vec(),
    };
    checked(scene(&content)?, nodes)
}

fn checked(tree: &Tree, nodes: Vec<NodeId>) -> Result<Vec<NodeId>, CommandError> {
    if nodes.is_empty() {
        return Err(CommandError::NotApplicable("no node is named and none is selected".into()));
    }
    let mut seen = BTreeSet::new();
    let mut out = Vec::with_capacity(nodes.len());
    for node in nodes {
        let reader = tree.get(node).ok_or_else(|| CommandError::no_node(node))?;
        if !is_spatial(reader) {
            return Err(CommandError::argument(
                "nodes",
                format!("node {node} is a {}, which has no place in the world", reader.kind()),
            ));
        }
        if seen.insert(node) {
            out.push(node);
        }
    }
    Ok(out)
}

/// Those of the nodes that lie below no other of them.
fn topmost(tree: &Tree, nodes: &[NodeId]) -> Vec<NodeId> {
    let named: BTreeSet<NodeId> = nodes.iter().copied().collect();
    let is_below = |node: &NodeId| {
        let above = std::iter::successors(tree.get(*node).and_then(NodeRef::parent), |above| above.parent());
        above.into_iter().any(|above| named.contains(&above.id()))
    };
    nodes.iter().copied().filter(|node| !is_below(node)).collect()
}

/// From a node's space to the world's.
fn world_from(node: NodeRef<'_>) -> DMat4 {
    std::iter::successors(Some(node), |node| node.parent())
        .filter(|node| is_spatial(*node))
        .fold(DMat4::IDENTITY, |inner, outer| world::transform(outer) * inner)
}

/// The inverse of a transform that is to be undone.
fn inverse(matrix: DMat4, node: NodeId) -> Result<DMat4, CommandError> {
    let inverse = matrix.inverse();
    match inverse.is_finite() {
        true => Ok(inverse),
        false => Err(CommandError::NotApplicable(format!("node {node} is scaled to nothing"))),
    }
}

/// Gives a node this transform to its parent's space. Only what differs is set.
fn place(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    node: NodeId,
    matrix: DMat4,
) -> Result<(), CommandError> {
    if !matrix.is_finite() {
        return Err(CommandError::NotApplicable(format!("node {node} would be infinitely far away")));
    }
    let before = Parts::read(scope.node(document, node)?);
    let after = Parts::of(matrix, &before);
    let numbers = |parts: &Parts| {
        let Parts { position: p, rotation: r, scale: s, .. } = *parts;
        [p.x, p.y, p.z, r.x, r.y, r.z, s.x, s.y, s.z]
    };
    let names =
        ["x", "y", "z", "rotationX", "rotationY", "rotationZ", "scaleX", "scaleY", "scaleZ"].into_iter();
    for (name, (before, after)) in names.zip(numbers(&before).into_iter().zip(numbers(&after))) {
        if before != after {
            scope.set(document, node, name, Some(&after.into()))?;
        }
    }
    if before.matrix != after.matrix {
        let value = after.matrix.map(|matrix| json!(matrix.to_cols_array()));
        scope.set(document, node, "matrix", value.as_ref())?;
    }
    Ok(())
}

/// Three numbers, each finite.
fn vector(argument: &str, numbers: [f64; 3]) -> Result<DVec3, CommandError> {
    let vector = DVec3::from_array(numbers);
    match vector.is_finite() {
        true => Ok(vector),
        false => Err(CommandError::argument(argument, "the numbers must be finite")),
    }
}

/// A material of the scene, as an argument names it.
fn check_material(tree: &Tree, argument: &str, material: NodeId) -> Result<(), CommandError> {
    let reader = tree.get(material).ok_or_else(|| CommandError::no_node(material))?;
    match reader.kind() == kinds::Material::KIND {
        true => Ok(()),
        false => {
            Err(CommandError::argument(argument, format!("a material is needed, not a {}", reader.kind())))
        }
    }
}

/// Sets name and place of a thing that is made, through the builder of its kind.
macro_rules! placed {
    ($builder:expr, $name:expr, $position:expr, $rotation:expr) => {{
        let (position, rotation): (glam::DVec3, glam::DVec3) = ($position, $rotation);
        $builder
            .name($name)
            .x(position.x)
            .y(position.y)
            .z(position.z)
            .rotation_x(rotation.x)
            .rotation_y(rotation.y)
            .rotation_z(rotation.z)
    }};
}
use placed;

/// The result of a command that makes one node.
fn made(node: NodeId) -> Json {
    json!({ "node": node })
}
