//! How the parts of a text are to be shown: spans with the names of what they are.

use std::{
    cmp::Reverse,
    ops::{ControlFlow, Range},
};

use streaming_iterator::StreamingIterator;
use tree_sitter::{QueryCursor, QueryCursorOptions, QueryCursorState};

use crate::syntax::{MANY, QUERY_STATES, Source, Syntax, is_crowded, query_reports};

/// A part of a text that is shown alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Highlight {
    /// Its bytes.
    pub range: Range<usize>,
    /// What it is, in the usual names of captures: `keyword`, `function.method`, `string.escape`.
    pub scope: &'static str,
}

/// Names of captures that stand for the usual ones; an empty one is not shown.
const OTHER_NAMES: [(&str, &str); 22] = [
    ("boolean", "constant.builtin"),
    ("charset", "keyword"),
    ("delimiter", "punctuation.delimiter"),
    ("escape", "string.escape"),
    ("float", "number"),
    ("import", "keyword"),
    ("keyframes", "keyword"),
    ("media", "keyword"),
    ("namespace", "module"),
    ("none", "none"),
    ("spell", ""),
    ("nospell", ""),
    ("conceal", ""),
    ("string.special.key", "property"),
    ("supports", "keyword"),
    ("tag.error", "error"),
    ("text.emphasis", "markup.italic"),
    ("text.literal", "markup.raw"),
    ("text.reference", "markup.link"),
    ("text.strong", "markup.bold"),
    ("text.title", "markup.heading"),
    ("text.uri", "markup.link.url"),
];

/// The capture that shows what is below it as plain text.
const NONE: &str = "none";

/// A node that a pattern tells how to show.
struct Painted {
    range: Range<usize>,
    depth: usize,
    pattern: usize,
    scope: &'static str,
}

/// How a range of bytes is to be shown: spans in order, none touching one of the same scope, and nothing where it is plain
/// text. Of two nodes the inner one counts, of two patterns for one node the later one, and what is in another language is
/// shown as that.
pub fn highlights(syntax: &mut Syntax, range: Range<usize>) -> Vec<Highlight> {
    let mut painted = Vec::new();
    let text = syntax.text().clone();
    for (language, tree, depth) in syntax.layers(range.clone()) {
        if range.len() > MANY && is_crowded(tree.root_node()) {
            continue;
        }
        let query = language.highlights();
        let names = query.capture_names();
        let mut cursor = QueryCursor::new();
        cursor.set_match_limit(QUERY_STATES);
        cursor.set_byte_range(range.clone());
        let mut reports = query_reports(range.len());
        let mut bounded = |_: &QueryCursorState| match reports.checked_sub(1) {
            Some(rest) => {
                reports = rest;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(()),
        };
        let options = QueryCursorOptions::new().progress_callback(&mut bounded);
        let mut matches = cursor.matches_with_options(query, tree.root_node(), Source(&text), options);
        while let Some(found) = matches.next() {
            for capture in found.captures() {
                let Some(scope) = names.get(capture.index as usize).and_then(|name| scope(name)) else {
                    continue;
                };
                let node = capture.node.byte_range();
                let shown = node.start.max(range.start)..node.end.min(range.end);
                if shown.start < shown.end {
                    painted
                        .push((node, Painted { range: shown, depth, pattern: found.pattern_index, scope }));
                }
            }
        }
    }
    painted.sort_by_key(|(node, painted)| (node.start, painted.depth, Reverse(node.end), painted.pattern));
    spans(painted.into_iter().map(|(_, painted)| painted))
}

/// The scope of a capture.
fn scope(name: &'static str) -> Option<&'static str> {
    if name.starts_with('_') || name.starts_with("injection.") {
        return None;
    }
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == name);
    Some(other.map_or(name, |(_, usual)| usual)).filter(|scope| !scope.is_empty())
}

/// Lays parts over one another, those that come later above those that come before.
fn spans(painted: impl Iterator<Item = Painted>) -> Vec<Highlight> {
    let mut spans: Vec<Highlight> = Vec::new();
    let mut open: Vec<Painted> = Vec::new();
    let mut at = 0;
    let mut add = |from: usize, to: usize, scope: &'static str| {
        if from >= to || scope == NONE {
            return;
        }
        match spans.last_mut() {
            Some(last) if last.range.end == from && last.scope == scope => last.range.end = to,
            _ => spans.push(Highlight { range: from..to, scope }),
        }
    };
    for next in painted {
        let start = next.range.start;
        while let Some(top) = open.last() {
            if top.range.end > start {
                break;
            }
            add(at.max(top.range.start), top.range.end, top.scope);
            at = at.max(top.range.end);
            open.pop();
        }
        if let Some(top) = open.last() {
            add(at, start, top.scope);
        }
        at = at.max(start);
        open.push(next);
    }
    while let Some(top) = open.pop() {
        add(at, top.range.end, top.scope);
        at = at.max(top.range.end);
    }
    spans
}
