//! Where the animation that plays puts nodes at a time.

use std::sync::Arc;

use base::{BlobHash, NodeId};
use document::NodeRef;
use glam::{DQuat, DVec3};
use kernel::CommandError;
use rustc_hash::FxHashMap;

use crate::{
    kinds::{self, ChannelPath},
    model::{Path, Sampler},
};

/// Reads key frames.
pub type Samplers<'a> = dyn FnMut(BlobHash) -> Result<Arc<Sampler>, CommandError> + 'a;

/// What an animation makes of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pose {
    /// How far it is moved.
    pub translation: Option<DVec3>,
    /// How it is turned.
    pub rotation: Option<DQuat>,
    /// How it is scaled.
    pub scale: Option<DVec3>,
    /// How much each morph target counts.
    pub weights: Option<Vec<f64>>,
}

/// What the animation that plays in a scene makes of its nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Motion {
    /// The nodes that it changes.
    pub poses: FxHashMap<NodeId, Pose>,
    /// When it is over, and the last keyframe of a property is past, in seconds.
    pub end: f64,
}

impl Motion {
    /// At a time, in seconds.
    ///
    /// # Errors
    /// Key frames cannot be read.
    pub fn at(root: NodeRef<'_>, time: f64, samplers: &mut Samplers<'_>) -> Result<Self, CommandError> {
        let ends = std::iter::once(root).chain(root.descendants()).map(NodeRef::end);
        let mut motion = Motion { end: ends.fold(0.0, f64::max), ..Motion::default() };
        let Some(animation) = playing(root) else { return Ok(motion) };
        for channel in animation.children().filter_map(kinds::Channel::read) {
            let (Some(node), Some(samples)) = (channel.target(), channel.samples()) else { continue };
            let sampler = samplers(samples)?;
            motion.end = motion.end.max(sampler.end());
            let path = path(channel.path());
            let numbers = sampler.at(time, path);
            let pose = motion.poses.entry(node).or_default();
            match (path, numbers.as_slice()) {
                (Path::Translation, [x, y, z]) => pose.translation = Some(DVec3::new(*x, *y, *z)),
                (Path::Scale, [x, y, z]) => pose.scale = Some(DVec3::new(*x, *y, *z)),
                (Path::Rotation, [x, y, z, w]) => {
                    pose.rotation = Some(DQuat::from_xyzw(*x, *y, *z, *w).normalize());
                }
                (Path::Weights, _) => pose.weights = Some(numbers),
                _ => {}
            }
        }
        Ok(motion)
    }
}

/// The node of the animation that plays: the one that is chosen, or the first.
pub fn playing(root: NodeRef<'_>) -> Option<NodeRef<'_>> {
    let world = kinds::World::read(root)?;
    if !world.animated() {
        return None;
    }
    let chosen = world.animation().and_then(|node| root.find(node));
    let is_animation = |node: &NodeRef<'_>| node.kind() == kinds::Animation::KIND;
    let mut lists = root.children().filter(|node| node.kind() == kinds::Animations::KIND);
    chosen.filter(is_animation).or_else(|| lists.find_map(|list| list.children().find(is_animation)))
}

pub(super) fn path(path: ChannelPath) -> Path {
    match path {
        ChannelPath::Translation => Path::Translation,
        ChannelPath::Rotation => Path::Rotation,
        ChannelPath::Scale => Path::Scale,
        ChannelPath::Weights => Path::Weights,
    }
}
