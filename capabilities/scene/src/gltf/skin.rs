//! Skins.

use glam::Mat4;

use crate::model::Skin;

use super::{
    accessor::{Accessors, Data},
    element::{Component, Shape},
    json::{At, Read},
    node::Nodes,
};

/// Reads all skins. The joints of each have a common node at the top.
pub(super) fn read(root: &At<'_>, accessors: &Accessors<'_>, nodes: &Nodes) -> Read<Vec<Skin>> {
    let mut out = Vec::new();
    for at in root.objects("skins")? {
        at.need("joints")?;
        let joints = at.references("joints", nodes.list.len())?;
        let skeleton = at.reference("skeleton", nodes.list.len())?;
        let matrices = at.get("inverseBindMatrices");
        let matrices =
            matrices.map(|matrices| read_matrices(&matrices, accessors, joints.len())).transpose()?;
        let top = joints.first().map(|joint| nodes.top(*joint));
        if joints.iter().any(|joint| Some(nodes.top(*joint)) != top) {
            return Err(at.error_in("joints", "the joints have no common node above them"));
        }
        if let Some(skeleton) = skeleton {
            let below = nodes.at_or_below(skeleton);
            if joints.iter().any(|joint| below.get(*joint) != Some(&true)) {
                return Err(at.error_in("skeleton", "it is not above all joints"));
            }
        }
        out.push(Skin { name: at.name()?, joints, joint_from_mesh: matrices.unwrap_or_default() });
    }
    Ok(out)
}

fn read_matrices(at: &At<'_>, accessors: &Accessors<'_>, joints: usize) -> Read<Vec<Mat4>> {
    let (index, accessor) = accessors.named(at)?;
    if accessor.shape != Shape::Mat4 || accessor.component != Component::F32 {
        return Err(at.error("matrices of floats are needed"));
    }
    let view = accessor.view.and_then(|view| accessors.buffers.views.get(view));
    if view.is_some_and(|view| view.stride.is_some()) {
        return Err(at.error("the view of matrices may have no stride"));
    }
    if accessor.count < joints {
        return Err(at.error(format!("there are {} matrices for {joints} joints", accessor.count)));
    }
    if accessors.is_blank(index) {
        return Ok(Vec::new());
    }
    let data = accessors.data(index)?;
    let Data::Floats(floats) = &*data else { return Ok(Vec::new()) };
    let (matrices, _) = floats.as_chunks::<16>();
    let is_affine = |m: &[f32; 16]| [m[3], m[7], m[11], m[15]] == [0.0, 0.0, 0.0, 1.0];
    if let Some(i) = matrices.iter().position(|matrix| !is_affine(matrix)) {
        return Err(at.error(format!("matrix {i} is no affine transform")));
    }
    Ok(matrices.iter().take(joints).map(Mat4::from_cols_array).collect())
}
