//! Skins and animations to nodes.

use std::sync::Arc;

use base::{BlobHash, NodeId};
use kernel::CommandError;
use rustc_hash::FxHashMap;

use crate::{
    keyframes,
    kinds::{AnimationProperties, ChannelPath, ChannelProperties, JointProperties, SkinProperties},
    model::{Model, Path, Sampler, Skin},
};

use super::{Writer, numbers};

/// Inserts the skins and animations of a model at the top, after a node, once all other nodes are there.
pub(super) fn write(
    writer: &mut Writer<'_, '_>,
    model: &Model,
    mut after: Option<NodeId>,
) -> Result<(), CommandError> {
    if !model.skins.is_empty() {
        let home = writer.push("scene.skins", NodeId::ROOT, after, Vec::new());
        after = Some(home);
        let mut before = None;
        for (index, skin) in model.skins.iter().enumerate() {
            before = Some(write_skin(writer, skin, index, (home, before)));
        }
    }
    if model.animations.is_empty() {
        return Ok(());
    }
    let home = writer.push("scene.animations", NodeId::ROOT, after, Vec::new());
    let mut kept: FxHashMap<*const Sampler, BlobHash> = FxHashMap::default();
    let mut before = None;
    for animation in &model.animations {
        let list = AnimationProperties::default().name(&animation.name).list();
        let id = writer.push("scene.animation", home, before, list);
        before = Some(id);
        let mut above = None;
        for channel in &animation.channels {
            // Weights are those of each mesh that the node became.
            let targets = match channel.path {
                Path::Weights => writer.morphed.get(&channel.node).cloned().unwrap_or_default(),
                _ => writer.nodes.get(&channel.node).copied().into_iter().collect(),
            };
            if targets.is_empty() {
                continue;
            }
            let samples = match kept.get(&Arc::as_ptr(&channel.sampler)) {
                Some(hash) => *hash,
                None => (writer.keep)(keyframes::encode(&channel.sampler).into())?,
            };
            kept.insert(Arc::as_ptr(&channel.sampler), samples);
            let path = match channel.path {
                Path::Translation => ChannelPath::Translation,
                Path::Rotation => ChannelPath::Rotation,
                Path::Scale => ChannelPath::Scale,
                Path::Weights => ChannelPath::Weights,
            };
            for target in targets {
                let list = ChannelProperties::default().target(target).path(path).samples(samples).list();
                above = Some(writer.push("scene.channel", id, above, list));
            }
        }
    }
    Ok(())
}

fn write_skin(
    writer: &mut Writer<'_, '_>,
    skin: &Skin,
    index: usize,
    (home, before): (NodeId, Option<NodeId>),
) -> NodeId {
    let list = SkinProperties::default().name(&skin.name).list();
    let id = match writer.skins.get(index) {
        Some(id) => writer.push_as(*id, "scene.skin", home, before, list),
        None => writer.push("scene.skin", home, before, list),
    };
    let mut above = None;
    for (place, joint) in skin.joints.iter().enumerate() {
        let mut builder = JointProperties::default();
        if let Some(target) = writer.nodes.get(joint) {
            builder = builder.target(*target);
        }
        if let Some(bind) = skin.joint_from_mesh.get(place) {
            builder = builder.bind(numbers(&bind.to_cols_array()));
        }
        above = Some(writer.push("scene.joint", id, above, builder.list()));
    }
    id
}
