//! What nodes refer to by name: paint servers, clips and masks.

use std::{collections::BTreeMap, fmt};

use kurbo::{Affine, Rect};
use serde::{Deserialize, Serialize};

use super::{
    form::{self, is_default, is_identity},
    node::Node,
    paint::{LinearGradient, Pattern, RadialGradient},
};

/// Names a resource within its picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResourceId(pub String);

impl From<&str> for ResourceId {
    fn from(id: &str) -> Self {
        ResourceId(id.to_owned())
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that nodes refer to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Resource {
    /// A gradient along a line.
    LinearGradient(LinearGradient),
    /// A gradient between two circles.
    RadialGradient(RadialGradient),
    /// A repeating tile.
    Pattern(Pattern),
    /// An outline that cuts content off.
    ClipPath(ClipPath),
    /// A picture whose brightness or opacity scales that of content.
    Mask(Mask),
    /// Nodes that a filter draws (`feImage`).
    Symbol(Symbol),
}

/// The resources of a picture by id. References that are missing or lead in a circle are no errors: such a
/// paint server paints nothing, such a clip or mask has no effect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Resources(pub BTreeMap<ResourceId, Resource>);

impl Resources {
    /// The resource with this id.
    pub fn get(&self, id: &ResourceId) -> Option<&Resource> {
        self.0.get(id)
    }

    /// The clip path with this id.
    pub fn clip_path(&self, id: &ResourceId) -> Option<&ClipPath> {
        match self.get(id)? {
            Resource::ClipPath(clip) => Some(clip),
            _ => None,
        }
    }

    /// The mask with this id.
    pub fn mask(&self, id: &ResourceId) -> Option<&Mask> {
        match self.get(id)? {
            Resource::Mask(mask) => Some(mask),
            _ => None,
        }
    }

    /// Adds a resource under `wish`, or under `wish` and a number if that name is taken; returns the name it
    /// got.
    pub fn insert(&mut self, wish: &str, resource: Resource) -> ResourceId {
        let mut id = ResourceId::from(wish);
        let mut number = 2;
        while self.0.contains_key(&id) {
            id = ResourceId(format!("{wish}-{number}"));
            number += 1;
        }
        self.0.insert(id.clone(), resource);
        id
    }
}

/// Nodes that are drawn only where something refers to them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Symbol {
    /// The nodes, in the space of whoever draws them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Node>,
}

/// An outline that cuts content off: the union of its content's shapes, whatever their paint.
///
/// In the space of the node that refers to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClipPath {
    /// From the content's space to that of the node.
    #[serde(default, with = "form::affine", skip_serializing_if = "is_identity")]
    pub transform: Affine,
    /// Paths and text, which may be clipped themselves; a path counts by its fill rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Node>,
    /// A clip that cuts this one off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<ResourceId>,
}

/// What of a mask's content counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MaskKind {
    /// Brightness times opacity.
    #[default]
    Luminance,
    /// Opacity.
    Alpha,
}

/// The colour space in which brightness is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColorInterpolation {
    /// As the channels are stored.
    #[default]
    #[serde(rename = "sRGB")]
    Srgb,
    /// Proportional to light.
    #[serde(rename = "linearRGB")]
    LinearRgb,
}

/// A picture that scales the opacity of content: nothing shows outside its region.
///
/// In the space of the node that refers to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mask {
    /// Where the mask lets anything through.
    #[serde(with = "form::rect")]
    pub region: Rect,
    /// What of the content counts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kind: MaskKind,
    /// The space in which brightness is measured.
    #[serde(default, skip_serializing_if = "is_default")]
    pub color_interpolation: ColorInterpolation,
    /// The picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Node>,
    /// A mask that scales this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<ResourceId>,
}
