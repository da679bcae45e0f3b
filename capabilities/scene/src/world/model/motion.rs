//! Skins, morph targets and animations back to models.

use std::{collections::BTreeSet, sync::Arc};

use base::{BlobHash, NodeId};
use document::NodeRef;
use glam::{DMat4, Mat4};
use kernel::CommandError;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    kinds::{self, ChannelPath},
    model::{Animation, Channel, Model, Node, Path, Sampler, Skin},
};

use super::{
    super::{Bend, motion},
    Gathering, MeshKey, affine,
};

/// Where a node of the document is in the model: at two nodes, if an animation moves it and a matrix comes before that.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// What animations move.
    pub outer: usize,
    /// What has the mesh, and what other nodes are below.
    pub inner: usize,
}

/// What moves in a scene.
#[derive(Default)]
pub(super) struct Moving {
    /// Nodes that some animation moves, turns or scales.
    moved: FxHashSet<NodeId>,
    /// Joints, and what is above them: they are there although they are invisible.
    pub bones: FxHashSet<NodeId>,
    /// Where nodes are in the model.
    pub places: FxHashMap<NodeId, Place>,
    /// The nodes of the model's skins, in their order.
    skins: Vec<NodeId>,
}

impl Moving {
    pub fn of(root: NodeRef<'_>) -> Self {
        let mut out = Moving::default();
        for channel in animations(root).flat_map(NodeRef::children).filter_map(kinds::Channel::read) {
            if channel.path() != ChannelPath::Weights {
                out.moved.extend(channel.target());
            }
        }
        let skins = root.children().filter(|node| node.kind() == kinds::Skins::KIND);
        for joint in skins.flat_map(NodeRef::children).flat_map(joints) {
            let mut above = joint.target().and_then(|target| root.find(target));
            while let Some(node) = above.filter(|node| out.bones.insert(node.id())) {
                above = node.parent();
            }
        }
        out
    }

    /// Whether some animation moves, turns or scales a node.
    pub fn moves(&self, node: NodeId) -> bool {
        self.moved.contains(&node)
    }
}

/// The animations of a scene, the one that plays first.
fn animations(root: NodeRef<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    let first = motion::playing(root);
    let lists = root.children().filter(|node| node.kind() == kinds::Animations::KIND);
    let all = lists.flat_map(NodeRef::children).filter(|node| node.kind() == kinds::Animation::KIND);
    let id = first.map(|first| first.id());
    first.into_iter().chain(all.filter(move |node| Some(node.id()) != id))
}

fn joints(skin: NodeRef<'_>) -> impl Iterator<Item = kinds::Joint<'_>> {
    skin.children().filter_map(kinds::Joint::read)
}

impl Gathering<'_> {
    /// Gives a node a mesh with what bends it.
    pub(super) fn bendable(
        &mut self,
        (hash, node): (BlobHash, NodeRef<'_>),
        mesh: kinds::Mesh<'_>,
        bend: &Bend,
        out: &mut Node,
    ) -> Result<(), CommandError> {
        let material = mesh.material().map(|node| self.material(node)).transpose()?.flatten();
        let skin = bend.skin.and_then(|skin| self.root.find(skin));
        let skin = skin.filter(|skin| skin.kind() == kinds::Skin::KIND && joints(*skin).next().is_some());
        let geometry = self.geometry(hash)?;
        let vertices = geometry.positions.len();
        let (deformation, bytes) =
            self.sources.deformation(bend.deformation, vertices, self.reading.blobs)?;
        let binding = deformation.binding.clone().filter(|_| skin.is_some());
        let mut weights: Vec<f32> = bend.weights.iter().map(|weight| *weight as f32).collect();
        weights.resize(deformation.morphs.len(), 0.0);
        let key: MeshKey = (hash, material, Some((bend.deformation, binding.is_some())));
        let index = match self.meshes.get(&key) {
            Some(index) => *index,
            None => {
                self.spend(bytes)?;
                let index = self.push(geometry, material, &mesh.name());
                if let Some(made) = self.model.meshes.get_mut(index) {
                    made.weights.clone_from(&weights);
                    made.target_names = names(node, weights.len());
                    for primitive in &mut made.primitives {
                        primitive.binding.clone_from(&binding);
                        primitive.morphs = deformation.morphs.clone();
                    }
                }
                self.meshes.insert(key, index);
                index
            }
        };
        out.mesh = Some(index);
        let usual = self.model.meshes.get(index).map(|mesh| &mesh.weights);
        out.weights = Some(weights).filter(|weights| Some(weights) != usual);
        if let (Some(moving), Some(skin)) = (&mut self.moving, skin.filter(|_| binding.is_some())) {
            let found = moving.skins.iter().position(|id| *id == skin.id());
            out.skin = Some(found.unwrap_or(moving.skins.len()));
            if found.is_none() {
                moving.skins.push(skin.id());
            }
        }
        Ok(())
    }

    /// Adds the skins and the animations, once all nodes are there.
    pub(super) fn add_motion(&mut self) -> Result<(), CommandError> {
        let Some(moving) = self.moving.take() else { return Ok(()) };
        for skin in moving.skins.iter().filter_map(|skin| self.root.find(*skin)) {
            let skin = skin_of(skin, &moving, &mut self.model);
            self.model.skins.push(skin);
        }
        join_tops(&mut self.model);
        let mut samplers: FxHashMap<(BlobHash, usize), Arc<Sampler>> = FxHashMap::default();
        for animation in animations(self.root) {
            let name = animation.string("name").map(|name| name.to_string()).unwrap_or_default();
            let mut out = Animation { name, channels: Vec::new() };
            for channel in animation.children().filter_map(kinds::Channel::read) {
                let place = channel.target().and_then(|target| moving.places.get(&target));
                let (Some(place), Some(hash)) = (place, channel.samples()) else { continue };
                let path = motion::path(channel.path());
                let (node, width) = match path {
                    Path::Translation | Path::Scale => (place.outer, 3),
                    Path::Rotation => (place.outer, 4),
                    Path::Weights => (place.inner, morphs(&self.model, place.inner)),
                };
                let sampler = match samplers.get(&(hash, width)) {
                    Some(sampler) => sampler.clone(),
                    None => {
                        let sampler = self.sources.keyframes(hash, self.reading.blobs)?;
                        self.spend((sampler.times.len() + sampler.values.len()) * 4)?;
                        let sampler = if path == Path::Weights { widened(sampler, width) } else { sampler };
                        samplers.insert((hash, width), sampler.clone());
                        sampler
                    }
                };
                if sampler.width != width || width == 0 {
                    continue;
                }
                // Of several channels for the same part the last one counts.
                out.channels.retain(|other: &Channel| (other.node, other.path) != (node, path));
                out.channels.push(Channel { node, path, sampler });
            }
            self.model.animations.push(out);
        }
        Ok(())
    }
}

/// The names of the morph targets of a mesh: none unless there is one for each.
fn names(node: NodeRef<'_>, count: usize) -> Vec<String> {
    let Some(value) = node.value("targetNames") else { return Vec::new() };
    let document::Value::List(items) = value.as_ref() else { return Vec::new() };
    let names: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    names.filter(|names| names.len() == count).unwrap_or_default()
}

/// How many morph targets a node's mesh has.
fn morphs(model: &Model, node: usize) -> usize {
    let mesh = model.nodes.get(node).and_then(|node| model.meshes.get(node.mesh?));
    mesh.and_then(|mesh| mesh.primitives.first()).map_or(0, |primitive| primitive.morphs.len())
}

/// Key frames of this many numbers: those that are missing are 0.
fn widened(sampler: Arc<Sampler>, width: usize) -> Arc<Sampler> {
    if sampler.width == width || sampler.width == 0 {
        return sampler;
    }
    let mut values = Vec::new();
    for part in sampler.values.chunks(sampler.width) {
        values.extend(part.iter().copied().chain(std::iter::repeat(0.0)).take(width));
    }
    Arc::new(Sampler { width, values, ..(*sampler).clone() })
}

/// A skin. Each joint is a node of its own: joints that are not there stay where the world begins, and one that is named again is
/// another node at its place.
fn skin_of(skin: NodeRef<'_>, moving: &Moving, model: &mut Model) -> Skin {
    let name = skin.string("name").map(|name| name.to_string()).unwrap_or_default();
    let mut out = Skin { name, ..Skin::default() };
    let mut seen = BTreeSet::new();
    for node in skin.children().filter(|node| node.kind() == kinds::Joint::KIND) {
        let target = kinds::Joint::read(node).and_then(|joint| joint.target());
        let place = target.and_then(|target| moving.places.get(&target)).map(|place| place.inner);
        let joint = match place.filter(|place| seen.insert(*place)) {
            Some(joint) => joint,
            None => {
                let joint = model.nodes.len();
                match place.and_then(|place| model.nodes.get_mut(place)) {
                    Some(above) => above.children.push(joint),
                    None => model.roots.push(joint),
                }
                model.nodes.push(Node::default());
                joint
            }
        };
        out.joints.push(joint);
        let bind = node.numbers::<16>("bind").map(|list| affine(DMat4::from_cols_array(&list)));
        out.joint_from_mesh.push(bind.filter(Mat4::is_finite).unwrap_or(Mat4::IDENTITY));
    }
    out
}

/// Puts all nodes below one if the joints of some skin have no common node above them, which files ask for.
fn join_tops(model: &mut Model) {
    let mut parents = vec![None; model.nodes.len()];
    for (index, node) in model.nodes.iter().enumerate() {
        for child in &node.children {
            if let Some(parent) = parents.get_mut(*child) {
                *parent = Some(index);
            }
        }
    }
    let top = |joint: &usize| {
        std::iter::successors(Some(*joint), |node| parents.get(*node).copied().flatten()).last()
    };
    let are_apart = |skin: &Skin| {
        let mut tops = skin.joints.iter().map(top);
        let first = tops.next();
        tops.any(|top| Some(top) != first)
    };
    if model.skins.iter().any(are_apart) {
        let children = std::mem::take(&mut model.roots);
        model.roots.push(model.nodes.len());
        model.nodes.push(Node { children, ..Node::default() });
    }
}
