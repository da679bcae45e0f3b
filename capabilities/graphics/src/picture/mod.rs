//! Pictures: the resolved, editable drawing model between documents, files and pixels.
//!
//! Owns the types of a drawing — nodes, paint, text, resources — and what can be read from them alone. Every
//! length is in user pixels, every reference resolved, so that drawing needs no context. Never draws, never
//! reads files, never knows documents.

mod form;
mod node;
mod paint;
mod resource;
mod text;
mod text_edit;

pub use node::{Effects, Group, Image, ImageRendering, Node, NodeKind, Path};
pub use paint::{
    Fill, FillRule, LineCap, LineJoin, LinearGradient, Paint, PaintOrder, Pattern, RadialGradient, Spread,
    Stop, Stroke,
};
pub use resource::{ClipPath, ColorInterpolation, Mask, MaskKind, Resource, ResourceId, Resources, Symbol};
pub use text::{
    AlignmentBaseline, BaselineShift, Decoration, Decorations, DominantBaseline, Font, FontFamily,
    FontStretch, FontStyle, LengthAdjust, Text, TextAnchor, TextChunk, TextPath, TextRendering, TextSpan,
    TextStyle, Variation, WritingMode,
};

use serde::{Deserialize, Serialize};

/// A drawing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    /// Width in user pixels, above 0.
    pub width: f64,
    /// Height in user pixels, above 0.
    pub height: f64,
    /// What is drawn, in user pixels from the top left corner; a view box is folded into the transforms
    /// below.
    pub root: Group,
    /// What the nodes refer to.
    #[serde(default, skip_serializing_if = "form::is_default")]
    pub resources: Resources,
}
