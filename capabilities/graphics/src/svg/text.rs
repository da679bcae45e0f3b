//! Writes text as SVG: for files, and to have it laid out.

use std::fmt::Write;

use crate::picture::{
    AlignmentBaseline, BaselineShift, Decoration, DominantBaseline, FontFamily, FontStretch, FontStyle,
    LengthAdjust, Text, TextAnchor, TextChunk, TextPath, TextRendering, TextSpan, TextStyle, WritingMode,
};

/// A part of a text that has a paint of its own.
#[derive(Clone, Copy, Debug)]
pub enum TextPart<'a> {
    /// The glyphs of a span.
    Glyphs(&'a TextStyle),
    /// A line drawn with a span.
    Line(&'a Decoration),
}

/// What the writer of a text leaves to the file that the text goes into.
pub trait PaintText {
    /// The attributes that paint a part: every property of fill and stroke, since parts are nested; escaped,
    /// with a space before each.
    fn paint(&mut self, part: TextPart<'_>) -> String;

    /// The id under which the file defines a line that text follows.
    fn path_id(&mut self, path: &TextPath) -> String;
}

/// The `text` element for `text`; `attributes` are added to it as they are and begin with a space unless
/// empty.
///
/// Reading the element gives an equal text: spaces are kept, chunks and spans stay apart, shifts stay with
/// their characters. Only neighbouring chunks without a position are joined.
pub fn write_text(text: &Text, attributes: &str, paint: &mut dyn PaintText) -> String {
    let mut out = format!("<text xml:space=\"preserve\"{attributes}");
    let characters = text.chunks.iter().flat_map(|chunk| &chunk.spans).filter(|span| is_written(span));
    let characters: usize = characters.map(|span| span.text.chars().count()).sum();
    for (name, values) in [("dx", &text.dx), ("dy", &text.dy), ("rotate", &text.rotate)] {
        if !values.is_empty() {
            let mut values: Vec<String> =
                values.iter().take(characters).map(|value| number(*value)).collect();
            if name == "rotate" && values.len() < characters {
                // The last angle holds for all characters after it.
                values.push("0".to_owned());
            }
            attribute(&mut out, name, &values.join(" "));
        }
    }
    if text.writing_mode == WritingMode::Vertical {
        attribute(&mut out, "writing-mode", "tb");
    }
    attribute_unless(
        &mut out,
        "text-rendering",
        text.rendering.keyword(),
        TextRendering::default().keyword(),
    );
    out.push('>');
    for chunk in &text.chunks {
        write_chunk(chunk, paint, &mut out);
    }
    out.push_str("</text>");
    out
}

/// Escapes text for an attribute value or the content of an element. What XML cannot hold, and what is white
/// space other than a space, becomes a space.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push(' '),
            _ => out.push(character),
        }
    }
    out
}

/// A number as SVG writes it; what is not finite is 0.
pub fn number(value: f64) -> String {
    if value.is_finite() { value.to_string() } else { "0".to_owned() }
}

fn attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, " {name}=\"{}\"", escape(value));
}

fn attribute_unless(out: &mut String, name: &str, value: &str, default: &str) {
    if value != default {
        attribute(out, name, value);
    }
}

/// Spans without text or size have no place in a file.
fn is_written(span: &TextSpan) -> bool {
    !span.text.is_empty() && span.style.size > 0.0 && span.style.size.is_finite()
}

fn write_chunk(chunk: &TextChunk, paint: &mut dyn PaintText, out: &mut String) {
    let spans = || chunk.spans.iter().filter(|span| is_written(span));
    if spans().next().is_none() {
        return;
    }
    if let Some(path) = &chunk.path {
        out.push_str("<textPath");
        attribute(out, "href", &format!("#{}", paint.path_id(path)));
        attribute(out, "startOffset", &number(path.offset));
        out.push('>');
    }
    for (index, span) in spans().enumerate() {
        write_span(chunk, span, index == 0, paint, out);
    }
    if chunk.path.is_some() {
        out.push_str("</textPath>");
    }
}

fn write_span(
    chunk: &TextChunk,
    span: &TextSpan,
    starts_chunk: bool,
    paint: &mut dyn PaintText,
    out: &mut String,
) {
    let style = &span.style;
    let mut depth = 1;
    let decorations = &style.decorations;
    for (name, decoration) in [
        ("underline", &decorations.underline),
        ("overline", &decorations.overline),
        ("line-through", &decorations.line_through),
    ] {
        if let Some(decoration) = decoration {
            let _ =
                write!(out, "<tspan text-decoration=\"{name}\"{}>", paint.paint(TextPart::Line(decoration)));
            depth += 1;
        }
    }
    let shift = |shift: &BaselineShift| match shift {
        BaselineShift::Sub => "sub".to_owned(),
        BaselineShift::Super => "super".to_owned(),
        BaselineShift::By(by) => number(*by),
    };
    for outer in style.baseline_shift.iter().skip(1).rev() {
        let _ = write!(out, "<tspan baseline-shift=\"{}\">", shift(outer));
        depth += 1;
    }
    out.push_str("<tspan");
    if let Some(inner) = style.baseline_shift.first() {
        attribute(out, "baseline-shift", &shift(inner));
    }
    if starts_chunk {
        for (name, position) in [("x", chunk.x), ("y", chunk.y)] {
            if let Some(position) = position {
                attribute(out, name, &number(position));
            }
        }
    }
    attribute_unless(out, "text-anchor", chunk.anchor.keyword(), TextAnchor::default().keyword());
    write_style(style, out);
    out.push_str(&paint.paint(TextPart::Glyphs(style)));
    out.push('>');
    out.push_str(&escape(&span.text));
    for _ in 0..depth {
        out.push_str("</tspan>");
    }
}

fn write_style(style: &TextStyle, out: &mut String) {
    let font = &style.font;
    if !font.families.is_empty() {
        let families: Vec<String> = font.families.iter().map(family).collect();
        attribute(out, "font-family", &families.join(", "));
    }
    let weight = (u32::from(font.weight) + 50) / 100 * 100;
    attribute_unless(out, "font-weight", &weight.clamp(100, 900).to_string(), "400");
    attribute_unless(out, "font-style", font.style.keyword(), FontStyle::default().keyword());
    attribute_unless(out, "font-stretch", font.stretch.keyword(), FontStretch::default().keyword());
    attribute(out, "font-size", &number(style.size));
    if !style.visible {
        attribute(out, "visibility", "hidden");
    }
    for (name, value) in [("letter-spacing", style.letter_spacing), ("word-spacing", style.word_spacing)] {
        if value != 0.0 {
            attribute(out, name, &number(value));
        }
    }
    if let Some(length) = style.length {
        attribute(out, "textLength", &number(length));
        attribute_unless(
            out,
            "lengthAdjust",
            style.length_adjust.keyword(),
            LengthAdjust::default().keyword(),
        );
    }
    if style.small_caps {
        attribute(out, "font-variant", "small-caps");
    }
    let (dominant, alignment) = (style.dominant_baseline, style.alignment_baseline);
    if dominant != DominantBaseline::NoChange {
        attribute_unless(out, "dominant-baseline", dominant.keyword(), DominantBaseline::default().keyword());
    }
    attribute_unless(out, "alignment-baseline", alignment.keyword(), AlignmentBaseline::default().keyword());

    let mut css = Vec::new();
    if !style.kerning {
        css.push("font-kerning:none".to_owned());
    }
    if !style.optical_sizing {
        css.push("font-optical-sizing:none".to_owned());
    }
    let mut variations: Vec<String> = font
        .variations
        .iter()
        .filter(|variation| {
            variation.axis.len() == 4 && variation.axis.bytes().all(|b| b.is_ascii_alphanumeric())
        })
        .map(|variation| format!("'{}' {}", variation.axis, number(variation.value)))
        .collect();
    if weight != u32::from(font.weight) && !font.variations.iter().any(|variation| variation.axis == "wght") {
        variations.push(format!("'wght' {}", font.weight));
    }
    if !variations.is_empty() {
        css.push(format!("font-variation-settings:{}", variations.join(", ")));
    }
    if !css.is_empty() {
        attribute(out, "style", &css.join(";"));
    }
}

/// A family as CSS writes it. A name with both kinds of quotes loses the double ones.
fn family(family: &FontFamily) -> String {
    match family {
        FontFamily::Named(name) if name.contains('\'') => format!("\"{}\"", name.replace('"', "")),
        FontFamily::Named(name) => format!("'{name}'"),
        generic => generic.name().to_owned(),
    }
}
