//! Plain text as one outline.

use std::{fmt::Write, sync::Arc};

use kurbo::{BezPath, Point};
use usvg::{fontdb::Database, tiny_skia_path::PathSegment};

/// How text looks. Lengths are in the unit of its size.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// Font families, the most wanted first, separated by commas.
    pub family: String,
    /// The font size. Above 0.
    pub size: f64,
    /// 1 to 1000: 400 is regular, 700 is bold.
    pub weight: u16,
    /// Whether it is slanted.
    pub italic: bool,
    /// Where lines lie beside x = 0.
    pub anchor: Anchor,
    /// The distance of baselines.
    pub line_height: f64,
    /// Added after each glyph.
    pub letter_spacing: f64,
}

/// Where a line lies beside a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchor {
    /// The place is its left end.
    #[default]
    Start,
    /// The place is its middle.
    Middle,
    /// The place is its right end.
    End,
}

/// The size at which glyphs are laid out: what reads them rounds lengths that are far from it.
const SIZE: f64 = 100.0;

/// The outlines of text, to be filled by the non-zero rule. The first baseline is at y = 0 and y goes down. Characters that
/// no font has, and glyphs that are pictures, are left out.
pub fn outline(text: &str, style: &Style, fonts: &Arc<Database>) -> BezPath {
    let scale = style.size / SIZE;
    let options = usvg::Options { fontdb: fonts.clone(), ..usvg::Options::default() };
    let mut path = BezPath::new();
    let Ok(tree) = usvg::Tree::from_str(&written(text, style, scale), &options) else { return path };
    gather(tree.root(), &mut path);
    path.apply_affine(kurbo::Affine::scale(scale));
    path
}

/// The text as SVG: what lays out the text of drawings lays out this one, too.
fn written(text: &str, style: &Style, scale: f64) -> String {
    let anchor = match style.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let slant = if style.italic { "italic" } else { "normal" };
    let families = style.family.split(',').map(|name| name.trim().trim_matches(['"', '\'']));
    let generic = ["serif", "sans-serif", "cursive", "fantasy", "monospace"];
    let families = families.filter(|name| !name.is_empty()).map(|name| match generic.contains(&name) {
        true => name.to_owned(),
        false => format!("'{}'", name.replace('\'', "")),
    });
    let families = families.collect::<Vec<_>>().join(", ");
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"><text xml:space=\"preserve\" \
         font-size=\"{SIZE}\" font-family=\"{}\" font-weight=\"{}\" font-style=\"{slant}\" text-anchor=\"{anchor}\" \
         letter-spacing=\"{}\">",
        escaped(&families),
        style.weight,
        style.letter_spacing / scale
    );
    for (index, line) in text.lines().enumerate() {
        let y = index as f64 * style.line_height / scale;
        // Writing to a string cannot fail.
        let _ = write!(out, "<tspan x=\"0\" y=\"{y}\">{}</tspan>", escaped(line));
    }
    out.push_str("</text></svg>");
    out
}

/// Text as it may stand in XML; characters that may not stand there are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

fn gather(group: &usvg::Group, out: &mut BezPath) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => gather(group, out),
            usvg::Node::Text(text) => gather(text.flattened(), out),
            usvg::Node::Path(path) => push(path.data(), out),
            usvg::Node::Image(_) => {}
        }
    }
}

fn push(path: &usvg::tiny_skia_path::Path, out: &mut BezPath) {
    let at = |p: usvg::tiny_skia_path::Point| Point::new(f64::from(p.x), f64::from(p.y));
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(p) => out.move_to(at(p)),
            PathSegment::LineTo(p) => out.line_to(at(p)),
            PathSegment::QuadTo(c, p) => out.quad_to(at(c), at(p)),
            PathSegment::CubicTo(c, d, p) => out.curve_to(at(c), at(d), at(p)),
            PathSegment::Close => out.close_path(),
        }
    }
}
