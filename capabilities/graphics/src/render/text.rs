//! Text laid out: glyphs as shapes and images, at their places.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use base::BlobHash;
use usvg::fontdb;

use crate::{
    picture::{Fill, FillRule, Node, NodeKind, Path, Resources, Stroke, Text, TextPath},
    svg::{Converter, PaintText, TextPart, escape, number, write_text},
};

/// A text's glyphs and lines in the text's space.
///
/// The text is written as SVG with a mark in place of each paint, read by usvg with the caller's fonts, and its outlines
/// get their paint back by their marks. So edited text is laid out as text that was read from a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// What is drawn, in order.
    pub nodes: Vec<LaidOut>,
    /// The resources of colour glyphs.
    pub resources: Resources,
    /// The image files of bitmap glyphs.
    pub images: BTreeMap<BlobHash, Arc<Vec<u8>>>,
}

/// A part of a layout.
#[derive(Clone, Debug, PartialEq)]
pub struct LaidOut {
    /// What is drawn.
    pub node: Node,
    /// Whether it refers to the layout's own resources (a colour glyph), not to those of the text's picture.
    pub own: bool,
}

impl Layout {
    /// Lays a text out with the fonts of a catalogue. `scale` is that from the text's space to user pixels; the steps in
    /// which text follows a path depend on it.
    pub fn of(text: &Text, scale: f64, fonts: &Arc<fontdb::Database>) -> Self {
        let mut marks = Marks::default();
        let source = source(text, scale, &mut marks);
        Self::from_source(&source, &marks, fonts)
    }

    fn from_source(source: &str, marks: &Marks<'_>, fonts: &Arc<fontdb::Database>) -> Self {
        let options = usvg::Options { fontdb: fonts.clone(), ..usvg::Options::default() };
        let Ok(tree) = usvg::Tree::from_str(source, &options) else { return Layout::default() };
        let mut converter = Converter::default();
        let mut nodes = Vec::new();
        if let Some(text) = find_text(tree.root()) {
            for child in text.flattened().children() {
                match child {
                    usvg::Node::Path(path) => nodes.extend(marks.node(path)),
                    glyph => nodes.push(LaidOut { node: converter.node(glyph), own: true }),
                }
            }
        }
        Layout { nodes, resources: converter.resources, images: converter.images }
    }
}

fn find_text(group: &usvg::Group) -> Option<&usvg::Text> {
    group.children().iter().find_map(|node| match node {
        usvg::Node::Text(text) => Some(text.as_ref()),
        usvg::Node::Group(group) => find_text(group),
        _ => None,
    })
}

/// An SVG file that holds the text alone.
fn source<'a>(text: &'a Text, scale: f64, marks: &mut Marks<'a>) -> String {
    for chunk in &text.chunks {
        for span in &chunk.spans {
            let decorations = &span.style.decorations;
            let lines = [&decorations.underline, &decorations.overline, &decorations.line_through];
            marks.parts.extend(lines.into_iter().flatten().map(TextPart::Line));
            marks.parts.push(TextPart::Glyphs(&span.style));
        }
    }
    let element = write_text(text, "", marks);
    let scale = if marks.paths.is_empty() || !scale.is_finite() { 1.0 } else { scale };
    let paths = marks.paths.concat();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"><defs>{paths}</defs>\
         <g transform=\"scale({})\">{element}</g></svg>",
        number(scale)
    )
}

/// Colours that stand for the parts of a text.
#[derive(Default)]
struct Marks<'a> {
    parts: Vec<TextPart<'a>>,
    paths: Vec<String>,
}

impl PaintText for Marks<'_> {
    fn paint(&mut self, part: TextPart<'_>) -> String {
        let mark = self.parts.iter().position(|known| same(known, &part)).unwrap_or_default();
        format!(" fill=\"#{mark:06x}\"")
    }

    fn path_id(&mut self, path: &TextPath) -> String {
        let id = format!("path{}", self.paths.len());
        self.paths.push(format!("<path id=\"{id}\" d=\"{}\"/>", escape(&path.data.to_svg())));
        id
    }
}

/// Whether two parts are the same object.
fn same(a: &TextPart<'_>, b: &TextPart<'_>) -> bool {
    match (a, b) {
        (TextPart::Glyphs(a), TextPart::Glyphs(b)) => std::ptr::eq(*a, *b),
        (TextPart::Line(a), TextPart::Line(b)) => std::ptr::eq(*a, *b),
        _ => false,
    }
}

impl Marks<'_> {
    /// The shape with the paint that its mark stands for.
    fn node(&self, path: &usvg::Path) -> Option<LaidOut> {
        let usvg::Paint::Color(mark) = path.fill()?.paint() else { return None };
        let mark = u32::from_be_bytes([0, mark.red, mark.green, mark.blue]);
        let part = self.parts.get(mark as usize)?;
        let winding = |fill: &Fill| Fill { rule: FillRule::NonZero, ..fill.clone() };
        let painted = |fill: &Option<Fill>, stroke: &Option<Stroke>| Path {
            fill: fill.as_ref().map(winding),
            stroke: stroke.clone(),
            anti_alias: path.rendering_mode().use_shape_antialiasing(),
            ..Path::new(crate::svg::bez_path(path.data()))
        };
        let shape = match part {
            TextPart::Glyphs(style) => {
                Path { paint_order: style.paint_order, ..painted(&style.fill, &style.stroke) }
            }
            TextPart::Line(line) => painted(&line.fill, &line.stroke),
        };
        let node = Node { visible: path.is_visible(), ..Node::new(NodeKind::Path(shape)) };
        Some(LaidOut { node, own: false })
    }
}

/// Layouts of texts that have been drawn, for drawing them again.
#[derive(Debug, Default)]
pub struct LayoutCache {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The catalogue that the layouts were made with.
    fonts: Option<Arc<fontdb::Database>>,
    /// By the SVG that was laid out, with the text whose paints it got.
    layouts: HashMap<String, (Text, Arc<Layout>)>,
}

/// How many layouts a cache keeps.
const CACHE_CAPACITY: usize = 10_000;

impl LayoutCache {
    /// The layout of a text; see [`Layout::of`]. Layouts made with other fonts than those of the last call are dropped.
    pub fn get(&self, text: &Text, scale: f64, fonts: &Arc<fontdb::Database>) -> Arc<Layout> {
        let mut marks = Marks::default();
        let source = source(text, scale, &mut marks);
        {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if !kept.fonts.as_ref().is_some_and(|known| Arc::ptr_eq(known, fonts)) {
                *kept = Kept { fonts: Some(fonts.clone()), layouts: HashMap::new() };
            }
            if let Some((known, layout)) = kept.layouts.get(&source)
                && known == text
            {
                return layout.clone();
            }
        }
        let layout = Arc::new(Layout::from_source(&source, &marks, fonts));
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.layouts.len() >= CACHE_CAPACITY {
            kept.layouts.clear();
        }
        if kept.fonts.as_ref().is_some_and(|known| Arc::ptr_eq(known, fonts)) {
            kept.layouts.insert(source, (text.clone(), layout.clone()));
        }
        layout
    }
}
