//! How shapes are painted: fills, strokes, and the paint servers that they name.

use std::{fmt, str::FromStr};

use base::Color;
use kurbo::{Affine, Point, Rect};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    form::{self, is_default, is_identity, is_one, one},
    node::Node,
    resource::ResourceId,
};

/// What a fill or stroke is painted with; written `#rrggbb` or `url(#id)`.
#[derive(Clone, Debug, PartialEq)]
pub enum Paint {
    /// One colour; its alpha multiplies the fill's or stroke's opacity.
    Color(Color),
    /// A gradient or pattern of the picture's resources.
    Server(ResourceId),
}

impl Default for Paint {
    fn default() -> Self {
        Paint::Color(Color::BLACK)
    }
}

impl fmt::Display for Paint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Paint::Color(color) => color.fmt(f),
            Paint::Server(id) => write!(f, "url(#{id})"),
        }
    }
}

impl FromStr for Paint {
    type Err = base::ParseColorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("url(#").and_then(|rest| rest.strip_suffix(')')) {
            Some(id) => Ok(Paint::Server(id.into())),
            None => text.parse().map(Paint::Color),
        }
    }
}

impl Serialize for Paint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Paint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Which points are inside a path that crosses itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FillRule {
    /// Inside where the winding number is not zero.
    #[default]
    NonZero,
    /// Inside where the winding number is odd.
    EvenOdd,
}

/// How the inside of a path is painted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fill {
    /// The paint.
    #[serde(default)]
    pub paint: Paint,
    /// Opacity, 0 to 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub opacity: f64,
    /// What counts as inside. Glyphs ignore it: they are filled by winding number.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rule: FillRule,
}

impl Fill {
    /// An opaque fill by winding number.
    pub fn new(paint: Paint) -> Self {
        Fill { paint, opacity: 1.0, rule: FillRule::NonZero }
    }
}

impl Default for Fill {
    fn default() -> Self {
        Fill::new(Paint::default())
    }
}

/// The shape of a line's ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineCap {
    /// Cut at the end point.
    #[default]
    Butt,
    /// A half disc around the end point.
    Round,
    /// A half square around the end point.
    Square,
}

/// The shape of a line's corners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineJoin {
    /// A point, or a bevel past the miter limit.
    #[default]
    Miter,
    /// A point, cut off at the miter limit.
    MiterClip,
    /// A disc.
    Round,
    /// A cut corner.
    Bevel,
}

/// How a path's outline is painted. Lengths are in the path's own units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stroke {
    /// The paint.
    #[serde(default)]
    pub paint: Paint,
    /// Opacity, 0 to 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub opacity: f64,
    /// Line width, above 0.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub width: f64,
    /// The shape of the ends.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cap: LineCap,
    /// The shape of the corners.
    #[serde(default, skip_serializing_if = "is_default")]
    pub join: LineJoin,
    /// The longest miter, as a multiple of the width; at least 1.
    #[serde(default = "default_miter_limit", skip_serializing_if = "is_default_miter_limit")]
    pub miter_limit: f64,
    /// Lengths of dashes and gaps in turn, an even number of them; empty for a solid line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dashes: Vec<f64>,
    /// How far into the dashes the line starts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dash_offset: f64,
}

impl Stroke {
    /// A solid opaque line.
    pub fn new(paint: Paint, width: f64) -> Self {
        Stroke {
            paint,
            opacity: 1.0,
            width,
            cap: LineCap::Butt,
            join: LineJoin::Miter,
            miter_limit: default_miter_limit(),
            dashes: Vec::new(),
            dash_offset: 0.0,
        }
    }
}

impl Default for Stroke {
    fn default() -> Self {
        Stroke::new(Paint::default(), 1.0)
    }
}

fn default_miter_limit() -> f64 {
    4.0
}

fn is_default_miter_limit(limit: &f64) -> bool {
    *limit == default_miter_limit()
}

/// Whether the fill or the stroke is painted first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaintOrder {
    /// The stroke lies over the fill.
    #[default]
    FillStroke,
    /// The fill lies over the stroke.
    StrokeFill,
}

/// What a gradient shows outside its ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spread {
    /// The colour of the nearest end.
    #[default]
    Pad,
    /// The gradient again, mirrored every other time.
    Reflect,
    /// The gradient again.
    Repeat,
}

/// A colour at a place of a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// The place, 0 (start) to 1 (end), not below that of the stop before it.
    pub offset: f64,
    /// The colour; its alpha multiplies the opacity.
    pub color: Color,
    /// Opacity, 0 to 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub opacity: f64,
}

/// A gradient along a line, in the units of the shapes that it paints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinearGradient {
    /// Where offset 0 lies.
    pub start: Point,
    /// Where offset 1 lies.
    pub end: Point,
    /// At least two stops, by offset.
    pub stops: Vec<Stop>,
    /// What lies outside the line's ends.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spread: Spread,
    /// From the gradient's space to that of the shapes.
    #[serde(default, with = "form::affine", skip_serializing_if = "is_identity")]
    pub transform: Affine,
}

/// A gradient between two circles, in the units of the shapes that it paints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RadialGradient {
    /// Centre of the circle where offset 1 lies.
    pub center: Point,
    /// Radius of that circle, above 0.
    pub radius: f64,
    /// Centre of the circle where offset 0 lies.
    pub focus: Point,
    /// Radius of that circle.
    #[serde(default, skip_serializing_if = "is_default")]
    pub focus_radius: f64,
    /// At least two stops, by offset.
    pub stops: Vec<Stop>,
    /// What lies outside the circles.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spread: Spread,
    /// From the gradient's space to that of the shapes.
    #[serde(default, with = "form::affine", skip_serializing_if = "is_identity")]
    pub transform: Affine,
}

/// A tile that repeats over the plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pattern {
    /// The first tile, in the pattern's space; the content's origin is its top left corner.
    #[serde(with = "form::rect")]
    pub tile: Rect,
    /// From the pattern's space to that of the shapes that it paints.
    #[serde(default, with = "form::affine", skip_serializing_if = "is_identity")]
    pub transform: Affine,
    /// What a tile shows, cut off at its edges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Node>,
}
