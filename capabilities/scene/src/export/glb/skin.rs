//! Skins, and which nodes they are of.

use serde_json::{Value as Json, json};

use crate::model::{Model, Skin};

use super::{asset::Asset, insert_name, mesh::Meshes, node::Nodes};

/// Writes the skins that meshes hang on, and gives them to their nodes.
pub(super) fn write(model: &Model, meshes: &Meshes, nodes: &mut Nodes, asset: &mut Asset) -> Vec<Json> {
    let mut list = Vec::new();
    let mut numbers: Vec<Option<Option<usize>>> = vec![None; model.skins.len()];
    for (index, node) in model.nodes.iter().enumerate() {
        let Some((place, skin)) =
            node.skin.and_then(|skin| Some((numbers.get_mut(skin)?, model.skins.get(skin)?)))
        else {
            continue;
        };
        let has_joints = node.mesh.and_then(|mesh| meshes.written(mesh)).is_some_and(|mesh| mesh.has_joints);
        let Some(inner) = nodes.places.get(index).copied().flatten().filter(|_| has_joints) else { continue };
        let number = *place.get_or_insert_with(|| {
            let written = write_skin(skin, nodes, asset)?;
            list.push(written);
            Some(list.len() - 1)
        });
        if let (Some(number), Some(node)) = (number, nodes.list.get_mut(inner.inner)) {
            node["skin"] = number.into();
        }
    }
    list
}

/// A skin; none when a joint of it is not there.
fn write_skin(skin: &Skin, nodes: &Nodes, asset: &mut Asset) -> Option<Json> {
    let place = |joint: &usize| nodes.places.get(*joint).copied().flatten().map(|place| place.inner);
    let joints: Vec<usize> = skin.joints.iter().map(place).collect::<Option<_>>()?;
    let top = common(&joints, &nodes.parents)?;
    let mut out = json!({ "joints": joints, "skeleton": top });
    insert_name(&mut out, &skin.name);
    if skin.joint_from_mesh.len() == joints.len() {
        let matrices = skin.joint_from_mesh.iter().map(|matrix| matrix.to_cols_array());
        out["inverseBindMatrices"] = asset.lists(matrices, None).into();
    }
    Some(out)
}

/// The lowest node that all joints are, or are below.
fn common(joints: &[usize], parents: &[Option<usize>]) -> Option<usize> {
    let above =
        |joint: usize| std::iter::successors(Some(joint), |node| parents.get(*node).copied().flatten());
    let (first, rest) = joints.split_first()?;
    let mut shared: Vec<usize> = above(*first).collect();
    for joint in rest {
        let of_joint: rustc_hash::FxHashSet<usize> = above(*joint).collect();
        shared.retain(|node| of_joint.contains(node));
    }
    shared.first().copied()
}
