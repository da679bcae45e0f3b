//! What a tool is about to do, shown while a drag lasts.

use base::DocumentId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a preview looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PreviewShape {
    /// A rubber band around the area.
    Area,
    /// A rectangle that fills the area.
    Rectangle,
    /// An ellipse that fills the area.
    Ellipse,
    /// The line from the area's first corner to the opposite one.
    Line,
    /// A line through the points.
    Path,
    /// The outlines of what is selected, moved by width and height.
    Move,
}

/// What a tool is about to do. Lengths are in the document's units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// The document.
    #[schemars(with = "String")]
    pub document: DocumentId,
    /// What it looks like.
    pub shape: PreviewShape,
    /// The left edge of the area.
    #[serde(default)]
    pub x: f64,
    /// Its top edge.
    #[serde(default)]
    pub y: f64,
    /// Its width.
    #[serde(default)]
    pub width: f64,
    /// Its height.
    #[serde(default)]
    pub height: f64,
    /// The points of a path: [x, y] each.
    #[serde(default)]
    pub points: Vec<[f64; 2]>,
}
