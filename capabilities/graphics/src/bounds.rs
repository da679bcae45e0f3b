//! Boxes around nodes, effects left aside.

use std::sync::Arc;

use kurbo::{Affine, Rect, Shape};
use usvg::fontdb::Database;

use crate::{
    picture::{Node, NodeKind, Path},
    render::Layout,
};

/// The box around what a node draws, in the space that `outer` leads to from that of its parent; none where it draws nothing.
pub(crate) fn node_bounds(node: &Node, outer: Affine, fonts: &Arc<Database>) -> Option<Rect> {
    if !node.visible {
        return None;
    }
    kind_bounds(&node.kind, outer * node.transform, fonts)
}

/// The box around what is drawn by a node of a kind, in the space that `here` leads to from that of the node.
pub(crate) fn kind_bounds(kind: &NodeKind, here: Affine, fonts: &Arc<Database>) -> Option<Rect> {
    let all = |nodes: &mut dyn Iterator<Item = Option<Rect>>| nodes.flatten().reduce(|a, b| a.union(b));
    match kind {
        NodeKind::Group(group) => {
            all(&mut group.children.iter().map(|child| node_bounds(child, here, fonts)))
        }
        NodeKind::Path(path) => path_bounds(path, here),
        NodeKind::Image(image) => {
            Some(here.transform_rect_bbox(Rect::new(0.0, 0.0, image.width, image.height)))
        }
        NodeKind::Text(text) => {
            let layout = Layout::of(text, 1.0, fonts);
            all(&mut layout.nodes.iter().map(|part| node_bounds(&part.node, here, fonts)))
        }
    }
}

fn path_bounds(path: &Path, here: Affine) -> Option<Rect> {
    if path.data.is_empty() {
        return None;
    }
    let half = path.stroke.as_ref().map_or(0.0, |stroke| stroke.width / 2.0);
    let scale = here.determinant().abs().sqrt();
    Some((here * path.data.clone()).bounding_box().inflate(half * scale, half * scale))
}
