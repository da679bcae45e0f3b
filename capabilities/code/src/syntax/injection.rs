//! Texts within a text that are in other languages: scripts in a page, code in a manual, the arguments of macros.
//!
//! They are looked for where somebody looks, parsed then, and kept for the next time.

use std::ops::Range;

use ropey::Rope;
use streaming_iterator::StreamingIterator;
use tree_sitter::{InputEdit, Node, Query, QueryCursor, QueryMatch, Tree};

use super::{Source, is_crowded, parse};
use crate::Language;

/// How deep languages go within one another.
const DEEPEST: usize = 4;
/// How many trees are kept beside those that were looked at last.
const KEPT: usize = 1_000;
/// How many states a query keeps at once.
pub const QUERY_STATES: u32 = 256;

/// From so many bytes on it is made sure that a broken text does not take too long.
pub const MANY: usize = 1 << 15;

/// A text within a text.
pub struct Layer {
    /// Its language.
    pub language: &'static Language,
    /// Its tree.
    pub tree: Tree,
    /// How many texts it is in.
    pub depth: usize,
    /// The ranges of it, in order; never empty.
    ranges: Vec<tree_sitter::Range>,
    /// Whether it may have changed since it was parsed.
    touched: bool,
    seen: bool,
}

impl Layer {
    /// Where it starts, in bytes.
    pub fn start(&self) -> usize {
        self.ranges.first().map_or(0, |range| range.start_byte)
    }

    /// Where it ends.
    pub fn end(&self) -> usize {
        self.ranges.last().map_or(0, |range| range.end_byte)
    }

    /// Takes notice of an edit of the text.
    pub fn edit(&mut self, edit: &InputEdit) {
        self.touched |= edit.start_byte <= self.end() && self.start() <= edit.old_end_byte;
        if edit.start_byte <= self.end() {
            self.tree.edit(edit);
            for range in &mut self.ranges {
                edit.edit_range(range);
            }
        }
    }
}

/// Brings the layers that have a part in a range of bytes up to date.
pub fn find(
    text: &Rope,
    language: &'static Language,
    tree: &Tree,
    layers: &mut Vec<Layer>,
    range: Range<usize>,
) {
    for layer in layers.iter_mut() {
        layer.seen = false;
    }
    let whole = [tree.root_node().range()];
    let mut open = vec![];
    for wanted in wanted(text, language, tree.root_node(), &whole, &range) {
        open.extend(take(text, layers, wanted, 1));
    }
    while let Some(index) = open.pop() {
        let Some(layer) = layers.get(index).filter(|layer| layer.depth < DEEPEST) else { continue };
        let depth = layer.depth + 1;
        for wanted in wanted(text, layer.language, layer.tree.root_node(), &layer.ranges, &range) {
            open.extend(take(text, layers, wanted, depth));
        }
    }
    // What was not found where it should have been is there no more; what is elsewhere may be.
    layers.retain(|layer| layer.seen || layer.end() <= range.start || layer.start() >= range.end);
    if layers.len() > KEPT {
        layers.retain(|layer| layer.seen);
    }
}

/// Ranges of a text and their language.
struct Wanted {
    language: &'static Language,
    ranges: Vec<tree_sitter::Range>,
}

/// The layer that was wanted: as it was, brought up to date, or new. None where it cannot be parsed.
fn take(text: &Rope, layers: &mut Vec<Layer>, wanted: Wanted, depth: usize) -> Option<usize> {
    let Wanted { language, ranges } = wanted;
    let (first, last) = (ranges.first()?.start_byte, ranges.last()?.end_byte);
    let fits = |layer: &Layer| !layer.seen && layer.language == language && layer.depth == depth;
    let same = layers.iter().position(|layer| fits(layer) && !layer.touched && layer.ranges == ranges);
    if let Some(index) = same {
        layers.get_mut(index)?.seen = true;
        return Some(index);
    }
    let near = layers.iter().position(|layer| fits(layer) && (layer.start() == first || layer.end() == last));
    let old = near.and_then(|index| layers.get(index)).map(|layer| &layer.tree);
    let tree = parse(text, language, old, &ranges).ok()?;
    let layer = Layer { language, tree, depth, ranges, touched: false, seen: true };
    match near {
        Some(index) => {
            *layers.get_mut(index)? = layer;
            Some(index)
        }
        None => {
            layers.push(layer);
            Some(layers.len() - 1)
        }
    }
}

/// The texts in other languages that have a part in a range.
fn wanted(
    text: &Rope,
    language: &'static Language,
    root: Node<'_>,
    within: &[tree_sitter::Range],
    range: &Range<usize>,
) -> Vec<Wanted> {
    let mut found = Vec::new();
    let Some(query) = language.injections() else { return found };
    let names = (
        query.capture_index_for_name("injection.content"),
        query.capture_index_for_name("injection.language"),
    );
    let (Some(content), named) = names else { return found };
    if range.len() > MANY && is_crowded(root) {
        return found;
    }
    let mut cursor = QueryCursor::new();
    cursor.set_match_limit(QUERY_STATES);
    cursor.set_byte_range(range.clone());
    // Pieces that belong together, as those of a template between its substitutions, by what they are pieces of.
    let mut combined: Vec<(usize, &'static Language, Vec<Node<'_>>)> = Vec::new();
    let mut matches = cursor.matches(query, root, Source(text));
    while let Some(found_match) = matches.next() {
        let Some(language) = language_of(query, found_match, named, text) else { continue };
        let nodes = found_match.captures().iter().filter(|capture| capture.index == content);
        let set =
            |key: &str| query.property_settings(found_match.pattern_index).iter().any(|set| &*set.key == key);
        for node in nodes.map(|capture| capture.node) {
            if set("injection.combined") {
                let parent = node.parent().map_or(node.id(), |parent| parent.id());
                match combined.iter_mut().find(|(id, known, _)| *id == parent && *known == language) {
                    Some((_, _, nodes)) => nodes.push(node),
                    None => combined.push((parent, language, vec![node])),
                }
            } else {
                let ranges = content_ranges(&[node], within, set("injection.include-children"));
                found.push(Wanted { language, ranges });
            }
        }
    }
    for (_, language, nodes) in combined {
        found.push(Wanted { language, ranges: content_ranges(&nodes, within, false) });
    }
    found.retain(|wanted| !wanted.ranges.is_empty());
    found.sort_by_key(|wanted| wanted.ranges.first().map(|range| range.start_byte));
    found.dedup_by(|a, b| a.language == b.language && a.ranges == b.ranges);
    found
}

fn language_of(
    query: &Query,
    found: &QueryMatch<'_, '_>,
    named: Option<u32>,
    text: &Rope,
) -> Option<&'static Language> {
    let settings = query.property_settings(found.pattern_index);
    if let Some(setting) = settings.iter().find(|setting| &*setting.key == "injection.language") {
        return setting.value.as_deref().and_then(Language::named);
    }
    let node = found.captures().iter().find(|capture| Some(capture.index) == named)?.node;
    if node.byte_range().len() > 40 {
        return None;
    }
    Language::named(&Source(text).slice(node.byte_range()).to_string())
}

/// The ranges of nodes without those of their named children, within others.
fn content_ranges(
    nodes: &[Node<'_>],
    within: &[tree_sitter::Range],
    with_children: bool,
) -> Vec<tree_sitter::Range> {
    let mut ranges = Vec::new();
    let mut add = |from: (usize, tree_sitter::Point), to: (usize, tree_sitter::Point)| {
        for outer in within {
            let start = if outer.start_byte > from.0 { (outer.start_byte, outer.start_point) } else { from };
            let end = if outer.end_byte < to.0 { (outer.end_byte, outer.end_point) } else { to };
            if start.0 < end.0 {
                ranges.push(tree_sitter::Range {
                    start_byte: start.0,
                    end_byte: end.0,
                    start_point: start.1,
                    end_point: end.1,
                });
            }
        }
    };
    for node in nodes {
        let mut start = (node.start_byte(), node.start_position());
        if !with_children {
            let mut cursor = node.walk();
            for child in node.named_children(&mut cursor) {
                add(start, (child.start_byte(), child.start_position()));
                start = (child.end_byte(), child.end_position());
            }
        }
        add(start, (node.end_byte(), node.end_position()));
    }
    ranges.sort_by_key(|range| range.start_byte);
    ranges
}
