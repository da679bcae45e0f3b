//! Text as text: content with its styles and positions, from which glyphs are laid out whenever it is drawn.

use std::{fmt, str::FromStr};

use kurbo::BezPath;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    form::{self, is_default, is_yes, yes},
    paint::{Fill, PaintOrder, Stroke},
};

/// A text element: chunks in logical order, and shifts of single characters (Unicode code points) counted
/// over all chunks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Text {
    /// The chunks: each starts at a place of its own and is aligned and shaped by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chunks: Vec<TextChunk>,
    /// How far to the right each character and all after it are moved; missing entries are 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dx: Vec<f64>,
    /// How far down each character and all after it are moved; missing entries are 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dy: Vec<f64>,
    /// By how many degrees each character is turned clockwise; missing entries are 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rotate: Vec<f64>,
    /// Which way the text runs.
    #[serde(default, skip_serializing_if = "is_default")]
    pub writing_mode: WritingMode,
    /// What glyph outlines are drawn for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rendering: TextRendering,
    /// Distance of baselines in user pixels for text whose chunks are lines; `None` for text that is no
    /// paragraph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_height: Option<f64>,
}

/// A run of text that starts at a place of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TextChunk {
    /// Where it starts; `None` continues where the chunk before ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    /// Where its baseline lies; `None` continues where the chunk before ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
    /// Which point of the run lies at the start.
    #[serde(default, skip_serializing_if = "is_default")]
    pub anchor: TextAnchor,
    /// The line that it follows, in place of a straight one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<TextPath>,
    /// The content, span by span.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<TextSpan>,
}

/// Text in one style.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TextSpan {
    /// The content. Spaces count as they are; line breaks and tabs are drawn as spaces.
    pub text: String,
    /// How it looks.
    #[serde(flatten)]
    pub style: TextStyle,
}

/// How text looks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TextStyle {
    /// Which font.
    #[serde(default)]
    pub font: Font,
    /// Font size in user pixels, above 0.
    #[serde(default = "default_size")]
    pub size: f64,
    /// How glyphs are filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Fill>,
    /// How glyph outlines are painted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stroke: Option<Stroke>,
    /// Which of the two is painted first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub paint_order: PaintOrder,
    /// Whether the span is drawn; a hidden one keeps its place.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub visible: bool,
    /// Whether small letters are drawn as small capitals, where the font has them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub small_caps: bool,
    /// Whether pairs of glyphs are kerned.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub kerning: bool,
    /// Whether a variable font's optical size follows the font size.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub optical_sizing: bool,
    /// Space added after each glyph, in user pixels.
    #[serde(default, skip_serializing_if = "is_default")]
    pub letter_spacing: f64,
    /// Space added after each word, in user pixels.
    #[serde(default, skip_serializing_if = "is_default")]
    pub word_spacing: f64,
    /// The length that the span is made to fill, in user pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<f64>,
    /// How it is made to fill it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub length_adjust: LengthAdjust,
    /// Which line of the font lies on the baseline, as set for the text.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dominant_baseline: DominantBaseline,
    /// Which line of the font lies on the baseline, as set for the span; stronger than the other unless
    /// `auto` or `baseline`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub alignment_baseline: AlignmentBaseline,
    /// Shifts of the baseline that add up, the innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baseline_shift: Vec<BaselineShift>,
    /// Lines drawn with the text.
    #[serde(default, skip_serializing_if = "is_default")]
    pub decorations: Decorations,
}

fn default_size() -> f64 {
    12.0
}

impl Default for TextStyle {
    fn default() -> Self {
        TextStyle {
            font: Font::default(),
            size: default_size(),
            fill: None,
            stroke: None,
            paint_order: PaintOrder::FillStroke,
            visible: true,
            small_caps: false,
            kerning: true,
            optical_sizing: true,
            letter_spacing: 0.0,
            word_spacing: 0.0,
            length: None,
            length_adjust: LengthAdjust::Spacing,
            dominant_baseline: DominantBaseline::Auto,
            alignment_baseline: AlignmentBaseline::Auto,
            baseline_shift: Vec::new(),
            decorations: Decorations::default(),
        }
    }
}

/// Which font is wanted; the nearest one in the font catalogue is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Font {
    /// Families, the most wanted first; none stands for serif.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<FontFamily>,
    /// Weight: 100, 200 … 900; others are drawn with the nearest, and exactly by variable fonts.
    #[serde(default = "default_weight", skip_serializing_if = "is_default_weight")]
    pub weight: u16,
    /// Upright or slanted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub style: FontStyle,
    /// Narrow or wide.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stretch: FontStretch,
    /// Axes of a variable font, beside those that weight, style and stretch set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variations: Vec<Variation>,
}

fn default_weight() -> u16 {
    400
}

fn is_default_weight(weight: &u16) -> bool {
    *weight == default_weight()
}

impl Font {
    /// The regular upright font of a family.
    pub fn new(family: &str) -> Self {
        Font { families: vec![FontFamily::from(family)], ..Font::default() }
    }
}

impl Default for Font {
    fn default() -> Self {
        Font {
            families: Vec::new(),
            weight: default_weight(),
            style: FontStyle::Normal,
            stretch: FontStretch::Normal,
            variations: Vec::new(),
        }
    }
}

/// A font family by name, or one of the five generic ones. Written as text; a generic name always means the
/// generic family.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum FontFamily {
    Serif,
    SansSerif,
    Cursive,
    Fantasy,
    Monospace,
    Named(String),
}

impl FontFamily {
    /// The name, as in CSS but without quotes.
    pub fn name(&self) -> &str {
        match self {
            FontFamily::Serif => "serif",
            FontFamily::SansSerif => "sans-serif",
            FontFamily::Cursive => "cursive",
            FontFamily::Fantasy => "fantasy",
            FontFamily::Monospace => "monospace",
            FontFamily::Named(name) => name,
        }
    }
}

impl From<&str> for FontFamily {
    fn from(name: &str) -> Self {
        match name {
            "serif" => FontFamily::Serif,
            "sans-serif" => FontFamily::SansSerif,
            "cursive" => FontFamily::Cursive,
            "fantasy" => FontFamily::Fantasy,
            "monospace" => FontFamily::Monospace,
            _ => FontFamily::Named(name.to_owned()),
        }
    }
}

impl Serialize for FontFamily {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
impl<'de> Deserialize<'de> for FontFamily {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| FontFamily::from(name.as_str()))
    }
}

/// The value of one axis of a variable font.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variation {
    /// The axis: four printable ASCII characters, such as `wght`.
    pub axis: String,
    /// Its value, in the axis's own units.
    pub value: f64,
}

/// A line that follows text, in the text's space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TextPath {
    /// The line.
    #[serde(with = "form::path")]
    pub data: BezPath,
    /// How far along it the text starts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub offset: f64,
}

/// Lines drawn with text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decorations {
    /// Below the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub underline: Option<Decoration>,
    /// Above the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overline: Option<Decoration>,
    /// Through the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_through: Option<Decoration>,
}

/// How a line is painted that is drawn with text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decoration {
    /// How it is filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Fill>,
    /// How its outline is painted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stroke: Option<Stroke>,
}

/// A shift of the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BaselineShift {
    /// Down, by what the font says.
    Sub,
    /// Up, by what the font says.
    Super,
    /// Up by user pixels.
    By(f64),
}

macro_rules! keywords {
    ($(#[$doc:meta])* $name:ident { $(#[$first_doc:meta])* $first:ident = $first_word:literal, $($(#[$case_doc:meta])* $case:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[allow(missing_docs)]
        pub enum $name {
            $(#[$first_doc])*
            #[default]
            #[serde(rename = $first_word)]
            $first,
            $($(#[$case_doc])* #[serde(rename = $word)] $case,)*
        }

        impl $name {
            /// Every value.
            pub const ALL: &[$name] = &[$name::$first, $($name::$case),*];

            /// The SVG keyword.
            pub fn keyword(self) -> &'static str {
                match self {
                    $name::$first => $first_word,
                    $($name::$case => $word,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.keyword())
            }
        }

        impl FromStr for $name {
            type Err = UnknownKeyword;

            fn from_str(word: &str) -> Result<Self, UnknownKeyword> {
                let found = $name::ALL.iter().find(|value| value.keyword() == word);
                found.copied().ok_or_else(|| UnknownKeyword(word.to_owned()))
            }
        }
    };
}

/// A word that is none of a property's values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a value of this property")]
pub struct UnknownKeyword(String);

keywords! {
    /// Which point of a chunk lies at its start.
    TextAnchor { Start = "start", Middle = "middle", End = "end", }
}
keywords! {
    /// Which way text runs.
    WritingMode {
        /// In rows, from the left.
        Horizontal = "horizontal-tb",
        /// In columns, from the top.
        Vertical = "vertical-rl",
    }
}
keywords! {
    /// What glyph outlines are drawn for.
    TextRendering {
        OptimizeLegibility = "optimizeLegibility",
        /// Fast: edges are not smoothed.
        OptimizeSpeed = "optimizeSpeed",
        GeometricPrecision = "geometricPrecision",
    }
}
keywords! {
    /// Upright or slanted.
    FontStyle { Normal = "normal", Italic = "italic", Oblique = "oblique", }
}
keywords! {
    /// Narrow or wide.
    FontStretch {
        Normal = "normal",
        UltraCondensed = "ultra-condensed",
        ExtraCondensed = "extra-condensed",
        Condensed = "condensed",
        SemiCondensed = "semi-condensed",
        SemiExpanded = "semi-expanded",
        Expanded = "expanded",
        ExtraExpanded = "extra-expanded",
        UltraExpanded = "ultra-expanded",
    }
}
keywords! {
    /// How a span is made to fill a length.
    LengthAdjust {
        /// By the space between glyphs.
        Spacing = "spacing",
        /// By stretching glyphs, too.
        SpacingAndGlyphs = "spacingAndGlyphs",
    }
}
keywords! {
    /// Which line of the font lies on the baseline, as set for the text.
    DominantBaseline {
        Auto = "auto",
        UseScript = "use-script",
        NoChange = "no-change",
        ResetSize = "reset-size",
        Ideographic = "ideographic",
        Alphabetic = "alphabetic",
        Hanging = "hanging",
        Mathematical = "mathematical",
        Central = "central",
        Middle = "middle",
        TextAfterEdge = "text-after-edge",
        TextBeforeEdge = "text-before-edge",
    }
}
keywords! {
    /// Which line of the font lies on the baseline, as set for the span.
    AlignmentBaseline {
        Auto = "auto",
        Baseline = "baseline",
        BeforeEdge = "before-edge",
        TextBeforeEdge = "text-before-edge",
        Middle = "middle",
        Central = "central",
        AfterEdge = "after-edge",
        TextAfterEdge = "text-after-edge",
        Ideographic = "ideographic",
        Alphabetic = "alphabetic",
        Hanging = "hanging",
        Mathematical = "mathematical",
    }
}
