//! The tree of a picture: groups, paths, images and text, and the effects that each may have.

use base::BlobHash;
use kurbo::{Affine, BezPath};
use serde::{Deserialize, Serialize};

use super::{
    form::{self, is_default, is_identity, is_one, is_yes, one, yes},
    paint::{Fill, PaintOrder, Stroke},
    resource::ResourceId,
    text::Text,
};
use crate::filter::Filter;
use raster::blend::BlendMode;

/// One element of a picture. Later siblings lie over earlier ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// The element's id in the file that it came from; empty when it had none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// What people call it; empty when nobody has named it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Whether it is drawn.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub visible: bool,
    /// From the node's space to its parent's.
    #[serde(default, with = "form::affine", skip_serializing_if = "is_identity")]
    pub transform: Affine,
    /// What is done to the node as a whole, in the node's space.
    #[serde(default, skip_serializing_if = "is_default")]
    pub effects: Effects,
    /// What it is.
    #[serde(flatten)]
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum NodeKind {
    /// Nodes that belong together.
    Group(Group),
    /// A shape.
    Path(Path),
    /// A bitmap.
    Image(Image),
    /// Editable text.
    Text(Text),
}

impl Node {
    /// A visible node without name, transform or effects.
    pub fn new(kind: NodeKind) -> Self {
        Node {
            id: String::new(),
            name: String::new(),
            visible: true,
            transform: Affine::IDENTITY,
            effects: Effects::default(),
            kind,
        }
    }

    /// The children, for a group; nothing else has any.
    pub fn children(&self) -> &[Node] {
        match &self.kind {
            NodeKind::Group(group) => &group.children,
            _ => &[],
        }
    }
}

impl From<Group> for Node {
    fn from(group: Group) -> Self {
        Node::new(NodeKind::Group(group))
    }
}
impl From<Path> for Node {
    fn from(path: Path) -> Self {
        Node::new(NodeKind::Path(path))
    }
}
impl From<Image> for Node {
    fn from(image: Image) -> Self {
        Node::new(NodeKind::Image(image))
    }
}
impl From<Text> for Node {
    fn from(text: Text) -> Self {
        Node::new(NodeKind::Text(text))
    }
}

/// What is done to a node as a whole: first the filters, then clip and mask, then opacity, then blending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effects {
    /// Opacity, 0 to 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub opacity: f64,
    /// How the node mixes with what lies below.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blend_mode: BlendMode,
    /// Whether descendants blend among themselves only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub isolated: bool,
    /// What cuts the node off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<ResourceId>,
    /// What scales the node's opacity from place to place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<ResourceId>,
    /// Filters, applied in turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<Filter>,
}

impl Effects {
    /// Whether the node must be drawn apart before it joins what lies below.
    pub fn need_layer(&self) -> bool {
        self.isolated
            || self.opacity != 1.0
            || self.blend_mode != BlendMode::Normal
            || self.clip.is_some()
            || self.mask.is_some()
            || !self.filters.is_empty()
    }
}

impl Default for Effects {
    fn default() -> Self {
        Effects {
            opacity: 1.0,
            blend_mode: BlendMode::Normal,
            isolated: false,
            clip: None,
            mask: None,
            filters: Vec::new(),
        }
    }
}

/// Nodes that belong together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The nodes, the lowest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Node>,
}

/// A shape: an outline and how it is painted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Path {
    /// The outline, in the node's space.
    #[serde(with = "form::path")]
    pub data: BezPath,
    /// How the inside is painted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Fill>,
    /// How the outline is painted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stroke: Option<Stroke>,
    /// Which of the two is painted first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub paint_order: PaintOrder,
    /// Whether edges are smoothed.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub anti_alias: bool,
}

impl Path {
    /// A smooth shape without paint.
    pub fn new(data: BezPath) -> Self {
        Path { data, fill: None, stroke: None, paint_order: PaintOrder::FillStroke, anti_alias: true }
    }
}

/// How a bitmap is resampled; the values of CSS `image-rendering`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageRendering {
    /// As well as possible.
    #[default]
    HighQuality,
    /// By linear interpolation.
    Smooth,
    /// By the nearest pixel.
    Pixelated,
}

/// A bitmap, from the node's origin to `width` and `height`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// The encoded file (PNG, JPEG, GIF or WebP).
    pub data: BlobHash,
    /// Width in the node's space, above 0.
    pub width: f64,
    /// Height in the node's space, above 0.
    pub height: f64,
    /// How it is resampled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rendering: ImageRendering,
}
