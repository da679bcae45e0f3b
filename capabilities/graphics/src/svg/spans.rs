//! From usvg's text to ours.

use super::convert::{Converter, bez_path, number, paint_order};
use crate::picture::{
    AlignmentBaseline, BaselineShift, Decoration, Decorations, DominantBaseline, Font, FontFamily,
    FontStretch, FontStyle, LengthAdjust, Text, TextAnchor, TextChunk, TextPath, TextRendering, TextSpan,
    TextStyle, Variation, WritingMode,
};

impl Converter {
    pub(super) fn text(&mut self, text: &usvg::Text) -> Text {
        let chunks: Vec<TextChunk> = text.chunks().iter().map(|chunk| self.chunk(chunk)).collect();
        let characters =
            chunks.iter().flat_map(|chunk| &chunk.spans).map(|span| span.text.chars().count()).sum();
        Text {
            chunks,
            dx: shifts(text.dx(), characters),
            dy: shifts(text.dy(), characters),
            rotate: shifts(text.rotate(), characters),
            writing_mode: match text.writing_mode() {
                usvg::WritingMode::LeftToRight => WritingMode::Horizontal,
                usvg::WritingMode::TopToBottom => WritingMode::Vertical,
            },
            rendering: match text.rendering_mode() {
                usvg::TextRendering::OptimizeSpeed => TextRendering::OptimizeSpeed,
                usvg::TextRendering::OptimizeLegibility => TextRendering::OptimizeLegibility,
                usvg::TextRendering::GeometricPrecision => TextRendering::GeometricPrecision,
            },
            line_height: None,
        }
    }

    fn chunk(&mut self, chunk: &usvg::TextChunk) -> TextChunk {
        let span = |span: &usvg::TextSpan| TextSpan {
            text: chunk.text().get(span.start()..span.end()).unwrap_or_default().to_owned(),
            style: self.style(span),
        };
        let spans = chunk.spans().iter().map(span).collect();
        TextChunk {
            x: chunk.x().map(number),
            y: chunk.y().map(number),
            anchor: match chunk.anchor() {
                usvg::TextAnchor::Start => TextAnchor::Start,
                usvg::TextAnchor::Middle => TextAnchor::Middle,
                usvg::TextAnchor::End => TextAnchor::End,
            },
            path: match chunk.text_flow() {
                usvg::TextFlow::Linear => None,
                usvg::TextFlow::Path(path) => {
                    Some(TextPath { data: bez_path(path.path()), offset: number(path.start_offset()) })
                }
            },
            spans,
        }
    }

    fn style(&mut self, span: &usvg::TextSpan) -> TextStyle {
        let decorations = span.decoration();
        TextStyle {
            font: font(span.font()),
            size: number(span.font_size().get()),
            fill: span.fill().map(|fill| self.fill(fill)),
            stroke: span.stroke().map(|stroke| self.stroke(stroke)),
            paint_order: paint_order(span.paint_order()),
            visible: span.is_visible(),
            small_caps: span.small_caps(),
            kerning: span.apply_kerning(),
            optical_sizing: span.font_optical_sizing() == usvg::FontOpticalSizing::Auto,
            letter_spacing: number(span.letter_spacing()),
            word_spacing: number(span.word_spacing()),
            length: span.text_length().map(number),
            length_adjust: match span.length_adjust() {
                usvg::LengthAdjust::Spacing => LengthAdjust::Spacing,
                usvg::LengthAdjust::SpacingAndGlyphs => LengthAdjust::SpacingAndGlyphs,
            },
            dominant_baseline: dominant_baseline(span.dominant_baseline()),
            alignment_baseline: alignment_baseline(span.alignment_baseline()),
            baseline_shift: span.baseline_shift().iter().filter_map(baseline_shift).collect(),
            decorations: Decorations {
                underline: decorations.underline().map(|style| self.decoration(style)),
                overline: decorations.overline().map(|style| self.decoration(style)),
                line_through: decorations.line_through().map(|style| self.decoration(style)),
            },
        }
    }

    fn decoration(&mut self, style: &usvg::TextDecorationStyle) -> Decoration {
        Decoration {
            fill: style.fill().map(|fill| self.fill(fill)),
            stroke: style.stroke().map(|stroke| self.stroke(stroke)),
        }
    }
}

/// The shifts of the characters that are there, without the zeros at the end.
fn shifts(values: &[f32], characters: usize) -> Vec<f64> {
    let values = &values[..characters.min(values.len())];
    let used = values.iter().rposition(|value| *value != 0.0).map_or(0, |last| last + 1);
    values[..used].iter().copied().map(number).collect()
}

fn font(font: &usvg::Font) -> Font {
    let family = |family: &usvg::FontFamily| match family {
        usvg::FontFamily::Serif => FontFamily::Serif,
        usvg::FontFamily::SansSerif => FontFamily::SansSerif,
        usvg::FontFamily::Cursive => FontFamily::Cursive,
        usvg::FontFamily::Fantasy => FontFamily::Fantasy,
        usvg::FontFamily::Monospace => FontFamily::Monospace,
        usvg::FontFamily::Named(name) => FontFamily::Named(name.clone()),
    };
    let style = match font.style() {
        usvg::FontStyle::Normal => FontStyle::Normal,
        usvg::FontStyle::Italic => FontStyle::Italic,
        usvg::FontStyle::Oblique => FontStyle::Oblique,
    };
    let stretch = match font.stretch() {
        usvg::FontStretch::UltraCondensed => FontStretch::UltraCondensed,
        usvg::FontStretch::ExtraCondensed => FontStretch::ExtraCondensed,
        usvg::FontStretch::Condensed => FontStretch::Condensed,
        usvg::FontStretch::SemiCondensed => FontStretch::SemiCondensed,
        usvg::FontStretch::Normal => FontStretch::Normal,
        usvg::FontStretch::SemiExpanded => FontStretch::SemiExpanded,
        usvg::FontStretch::Expanded => FontStretch::Expanded,
        usvg::FontStretch::ExtraExpanded => FontStretch::ExtraExpanded,
        usvg::FontStretch::UltraExpanded => FontStretch::UltraExpanded,
    };
    let derived = |tag: &[u8; 4], value: f32| match tag {
        b"wght" => value == f32::from(font.weight()),
        b"wdth" => stretch != FontStretch::Normal && f64::from(value) == stretch_percent(stretch),
        b"ital" => style == FontStyle::Italic && value == 1.0,
        b"slnt" => style == FontStyle::Oblique && value == -12.0,
        _ => false,
    };
    let variations = font
        .variations()
        .iter()
        .filter(|variation| !derived(&variation.tag, variation.value))
        .map(|variation| Variation {
            axis: String::from_utf8_lossy(&variation.tag).into_owned(),
            value: number(variation.value),
        })
        .collect();
    Font {
        families: font.families().iter().map(family).collect(),
        weight: font.weight(),
        style,
        stretch,
        variations,
    }
}

/// The width axis of a variable font for a stretch (CSS Fonts Level 4, section 2.3).
fn stretch_percent(stretch: FontStretch) -> f64 {
    match stretch {
        FontStretch::UltraCondensed => 50.0,
        FontStretch::ExtraCondensed => 62.5,
        FontStretch::Condensed => 75.0,
        FontStretch::SemiCondensed => 87.5,
        FontStretch::Normal => 100.0,
        FontStretch::SemiExpanded => 112.5,
        FontStretch::Expanded => 125.0,
        FontStretch::ExtraExpanded => 150.0,
        FontStretch::UltraExpanded => 200.0,
    }
}

fn baseline_shift(shift: &usvg::BaselineShift) -> Option<BaselineShift> {
    match shift {
        usvg::BaselineShift::Baseline => None,
        usvg::BaselineShift::Subscript => Some(BaselineShift::Sub),
        usvg::BaselineShift::Superscript => Some(BaselineShift::Super),
        usvg::BaselineShift::Number(by) => Some(BaselineShift::By(number(*by))),
    }
}

fn dominant_baseline(baseline: usvg::DominantBaseline) -> DominantBaseline {
    match baseline {
        usvg::DominantBaseline::Auto => DominantBaseline::Auto,
        usvg::DominantBaseline::UseScript => DominantBaseline::UseScript,
        usvg::DominantBaseline::NoChange => DominantBaseline::NoChange,
        usvg::DominantBaseline::ResetSize => DominantBaseline::ResetSize,
        usvg::DominantBaseline::Ideographic => DominantBaseline::Ideographic,
        usvg::DominantBaseline::Alphabetic => DominantBaseline::Alphabetic,
        usvg::DominantBaseline::Hanging => DominantBaseline::Hanging,
        usvg::DominantBaseline::Mathematical => DominantBaseline::Mathematical,
        usvg::DominantBaseline::Central => DominantBaseline::Central,
        usvg::DominantBaseline::Middle => DominantBaseline::Middle,
        usvg::DominantBaseline::TextAfterEdge => DominantBaseline::TextAfterEdge,
        usvg::DominantBaseline::TextBeforeEdge => DominantBaseline::TextBeforeEdge,
    }
}

fn alignment_baseline(baseline: usvg::AlignmentBaseline) -> AlignmentBaseline {
    match baseline {
        usvg::AlignmentBaseline::Auto => AlignmentBaseline::Auto,
        usvg::AlignmentBaseline::Baseline => AlignmentBaseline::Baseline,
        usvg::AlignmentBaseline::BeforeEdge => AlignmentBaseline::BeforeEdge,
        usvg::AlignmentBaseline::TextBeforeEdge => AlignmentBaseline::TextBeforeEdge,
        usvg::AlignmentBaseline::Middle => AlignmentBaseline::Middle,
        usvg::AlignmentBaseline::Central => AlignmentBaseline::Central,
        usvg::AlignmentBaseline::AfterEdge => AlignmentBaseline::AfterEdge,
        usvg::AlignmentBaseline::TextAfterEdge => AlignmentBaseline::TextAfterEdge,
        usvg::AlignmentBaseline::Ideographic => AlignmentBaseline::Ideographic,
        usvg::AlignmentBaseline::Alphabetic => AlignmentBaseline::Alphabetic,
        usvg::AlignmentBaseline::Hanging => AlignmentBaseline::Hanging,
        usvg::AlignmentBaseline::Mathematical => AlignmentBaseline::Mathematical,
    }
}
