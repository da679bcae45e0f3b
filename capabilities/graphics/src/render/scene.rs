//! What is drawn, in device space: a picture once its references are followed and its geometry is mapped.

use std::sync::Arc;

use super::{area::Area, outline::Outline, shade::Shade};
use crate::picture::{ColorInterpolation, FillRule, MaskKind};
use raster::blend::BlendMode;

/// Something to draw; later items lie over earlier ones.
#[derive(Debug)]
pub(super) enum Item {
    Shape(Shape),
    Layer(Box<Layer>),
}

impl Item {
    /// The pixels that the item can change.
    pub fn area(&self) -> Area {
        match self {
            Item::Shape(shape) => shape.area,
            Item::Layer(layer) => layer.area,
        }
    }
}

/// The pixels that any of the items can change.
pub(super) fn area_of(items: &[Item]) -> Area {
    items.iter().fold(Area::EMPTY, |area, item| area.union(item.area()))
}

/// An outline filled with a shade.
#[derive(Debug)]
pub(super) struct Shape {
    pub outline: Outline,
    pub rule: FillRule,
    /// Whether edges are smoothed.
    pub smooth: bool,
    pub shade: Shade,
    /// The visible pixels that the outline touches.
    pub area: Area,
}

/// Items that are drawn apart and then laid over what is below.
#[derive(Debug)]
pub(super) struct Layer {
    pub items: Vec<Item>,
    pub opacity: f64,
    pub blend_mode: BlendMode,
    pub clip: Option<Arc<Clip>>,
    pub mask: Option<Arc<Mask>>,
    /// The pixels that the layer can change.
    pub area: Area,
    /// How many layers may be alive at once while this one is drawn, itself included.
    pub depth: usize,
}

/// What a clip lets through: the union of its parts, within another clip.
#[derive(Debug)]
pub(super) struct Clip {
    pub parts: Vec<ClipPart>,
    pub within: Option<Arc<Clip>>,
    /// The pixels that it lets anything through to.
    pub area: Area,
}

/// A part of a clip.
#[derive(Debug)]
pub(super) enum ClipPart {
    Shape { outline: Outline, rule: FillRule, smooth: bool },
    Clipped { parts: Vec<ClipPart>, clip: Arc<Clip> },
}

/// Items whose brightness or opacity scales that of a layer, within another mask.
#[derive(Debug)]
pub(super) struct Mask {
    pub items: Vec<Item>,
    /// Outside of it nothing is let through.
    pub region: Outline,
    pub kind: MaskKind,
    pub color_interpolation: ColorInterpolation,
    pub within: Option<Arc<Mask>>,
    /// The pixels that it lets anything through to.
    pub area: Area,
}
