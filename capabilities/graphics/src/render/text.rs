//! Text laid out: glyphs as shapes and images, at their places.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use base::BlobHash;
use kurbo::{BezPath, PathEl};
use rayon::prelude::*;
use usvg::fontdb;

use crate::{
    picture::{Fill, FillRule, Node, NodeKind, Path, Resources, Stroke, Text, TextPath},
    svg::{Converter, PaintText, TextPart, escape, number, write_text},
};

/// A text's glyphs and lines in the text's space.
///
/// The text is written as SVG with a mark in place of each paint, read by usvg with the caller's fonts, and
/// its outlines get their paint back by their marks. So edited text is laid out as text that was read from a
/// file.
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
    /// Lays a text out with the fonts of a catalogue. `scale` is that from the text's space to user pixels;
    /// the steps in which text follows a path depend on it.
    pub fn of(text: &Text, scale: f64, fonts: &Arc<fontdb::Database>) -> Self {
        lay_out(&[Written::of(text, scale)], fonts).pop().unwrap_or_default()
    }
}

/// A text written for being laid out.
struct Written<'a> {
    /// The SVG of the text, and of the paths that it follows.
    source: String,
    /// Whether it follows paths, whose ids are the same in every text.
    has_paths: bool,
    marks: Marks<'a>,
}

impl<'a> Written<'a> {
    fn of(text: &'a Text, scale: f64) -> Self {
        let mut marks = Marks::default();
        for span in text.chunks.iter().flat_map(|chunk| &chunk.spans) {
            let decorations = &span.style.decorations;
            let lines = [&decorations.underline, &decorations.overline, &decorations.line_through];
            lines.into_iter().flatten().for_each(|line| marks.add(TextPart::Line(line)));
            marks.add(TextPart::Glyphs(&span.style));
        }
        let element = write_text(text, "", &mut marks);
        let has_paths = !marks.paths.is_empty();
        let scale = if has_paths && scale.is_finite() { scale } else { 1.0 };
        let paths = marks.paths.concat();
        let source = format!(" transform=\"scale({})\"><defs>{paths}</defs>{element}</g>", number(scale));
        Written { source, has_paths, marks }
    }
}

/// Lays texts out together: fonts are read once for all of them.
fn lay_out(texts: &[Written<'_>], fonts: &Arc<fontdb::Database>) -> Vec<Layout> {
    let mut file = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\">".to_owned();
    for (index, text) in texts.iter().enumerate() {
        file.push_str(&format!("<g id=\"{index}\"{}", text.source));
    }
    file.push_str("</svg>");
    let options = usvg::Options { fontdb: fonts.clone(), ..usvg::Options::default() };
    let mut layouts = vec![Layout::default(); texts.len()];
    let Ok(tree) = usvg::Tree::from_str(&file, &options) else { return layouts };
    for node in tree.root().children() {
        let usvg::Node::Group(group) = node else { continue };
        let index = group.id().parse().unwrap_or(usize::MAX);
        if let (Some(layout), Some(text)) = (layouts.get_mut(index), texts.get(index)) {
            *layout = text.marks.layout(group);
        }
    }
    layouts
}

fn find_text(group: &usvg::Group) -> Option<&usvg::Text> {
    group.children().iter().find_map(|node| match node {
        usvg::Node::Text(text) => Some(text.as_ref()),
        usvg::Node::Group(group) => find_text(group),
        _ => None,
    })
}

/// Colours that stand for the parts of a text.
#[derive(Default)]
struct Marks<'a> {
    parts: Vec<TextPart<'a>>,
    /// The marks by the addresses of the parts.
    numbers: HashMap<usize, usize>,
    paths: Vec<String>,
}

fn address(part: TextPart<'_>) -> usize {
    match part {
        TextPart::Glyphs(style) => std::ptr::from_ref(style).addr(),
        TextPart::Line(line) => std::ptr::from_ref(line).addr(),
    }
}

impl PaintText for Marks<'_> {
    fn paint(&mut self, part: TextPart<'_>) -> String {
        let mark = self.numbers.get(&address(part)).copied().unwrap_or_default();
        format!(" fill=\"#{mark:06x}\"")
    }

    fn path_id(&mut self, path: &TextPath) -> String {
        let id = format!("path{}", self.paths.len());
        self.paths.push(format!("<path id=\"{id}\" d=\"{}\"/>", escape(&path.data.to_svg())));
        id
    }
}

impl<'a> Marks<'a> {
    fn add(&mut self, part: TextPart<'a>) {
        self.numbers.insert(address(part), self.parts.len());
        self.parts.push(part);
    }

    /// The layout of the text in a group.
    fn layout(&self, group: &usvg::Group) -> Layout {
        let mut converter = Converter::default();
        let mut nodes = Vec::new();
        for child in find_text(group).map(|text| text.flattened().children()).unwrap_or_default() {
            match child {
                usvg::Node::Path(path) => nodes.extend(self.node(path)),
                glyph => nodes.push(LaidOut { node: converter.node(glyph), own: true }),
            }
        }
        Layout { nodes, resources: converter.resources, images: converter.images }
    }

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
            ..Path::new(outline(path.data()))
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

/// A path as it is, without a search for numbers with few decimals.
fn outline(path: &tiny_skia::Path) -> BezPath {
    use tiny_skia::PathSegment as Segment;
    let at = |p: tiny_skia::Point| kurbo::Point::new(f64::from(p.x), f64::from(p.y));
    let elements = path.segments().map(|segment| match segment {
        Segment::MoveTo(p) => PathEl::MoveTo(at(p)),
        Segment::LineTo(p) => PathEl::LineTo(at(p)),
        Segment::QuadTo(p1, p) => PathEl::QuadTo(at(p1), at(p)),
        Segment::CubicTo(p1, p2, p) => PathEl::CurveTo(at(p1), at(p2), at(p)),
        Segment::Close => PathEl::ClosePath,
    });
    BezPath::from_vec(elements.collect())
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

impl Kept {
    fn is_for(&self, fonts: &Arc<fontdb::Database>) -> bool {
        self.fonts.as_ref().is_some_and(|known| Arc::ptr_eq(known, fonts))
    }
}

/// How many layouts a cache keeps.
const CACHE_CAPACITY: usize = 10_000;
/// How many texts are laid out together.
const BATCH: usize = 32;

impl LayoutCache {
    /// The layouts of texts, each with its scale; see [`Layout::of`]. Layouts made with other fonts than
    /// those of the last call are dropped.
    pub fn get(&self, texts: &[(&Text, f64)], fonts: &Arc<fontdb::Database>) -> Vec<Arc<Layout>> {
        let written: Vec<Written<'_>> =
            texts.par_iter().map(|(text, scale)| Written::of(text, *scale)).collect();
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<Option<Arc<Layout>>> = {
            let mut kept = kept();
            if !kept.is_for(fonts) {
                *kept = Kept { fonts: Some(fonts.clone()), layouts: HashMap::new() };
            }
            let known = |(written, (text, _)): (&Written<'_>, &(&Text, f64))| {
                let (known, layout) = kept.layouts.get(&written.source)?;
                (known == *text).then(|| layout.clone())
            };
            written.iter().zip(texts).map(known).collect()
        };
        let missing = written.into_iter().enumerate().filter(|(index, _)| found[*index].is_none());
        let (alone, together): (Vec<_>, Vec<_>) = missing.partition(|(_, written)| written.has_paths);
        let mut batches: Vec<Vec<(usize, Written<'_>)>> = alone.into_iter().map(|text| vec![text]).collect();
        let mut together = together.into_iter().peekable();
        while together.peek().is_some() {
            batches.push(together.by_ref().take(BATCH).collect());
        }
        let laid_out = batches.into_par_iter().flat_map_iter(|batch| {
            let (indices, written): (Vec<usize>, Vec<Written<'_>>) = batch.into_iter().unzip();
            let layouts = lay_out(&written, fonts);
            let sources = written.into_iter().map(|written| written.source);
            indices.into_iter().zip(sources).zip(layouts).collect::<Vec<_>>()
        });
        let laid_out: Vec<((usize, String), Layout)> = laid_out.collect();

        let mut kept = kept();
        if kept.layouts.len() + laid_out.len() > CACHE_CAPACITY {
            kept.layouts.clear();
        }
        let keep = kept.is_for(fonts);
        for ((index, source), layout) in laid_out {
            let layout = Arc::new(layout);
            if keep && kept.layouts.len() < CACHE_CAPACITY {
                kept.layouts.insert(source, (texts[index].0.clone(), layout.clone()));
            }
            found[index] = Some(layout);
        }
        found.into_iter().map(Option::unwrap_or_default).collect()
    }
}
