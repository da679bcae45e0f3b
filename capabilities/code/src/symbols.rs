//! What a text declares: functions, types, headings, keys.

use std::{cmp::Reverse, ops::Range};

use streaming_iterator::StreamingIterator;
use tree_sitter::{Node, QueryCursor};

use crate::syntax::{MANY, QUERY_STATES, Source, Syntax, is_crowded};

/// What a symbol is called at most, in characters.
const NAME_CHARACTERS: usize = 200;

/// Something that a text declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name.
    pub name: String,
    /// What it is: `function`, `method`, `class`, `heading`.
    pub kind: &'static str,
    /// The bytes of all of it.
    pub range: Range<usize>,
    /// The bytes of its name.
    pub name_range: Range<usize>,
    /// The place in the list of what it is within.
    pub container: Option<usize>,
    /// How many symbols it is within.
    pub depth: usize,
}

/// What a text declares, in order; what is within something comes after it.
pub fn symbols(syntax: &Syntax) -> Vec<Symbol> {
    let Some(query) = syntax.language().symbols() else { return Vec::new() };
    if syntax.text().len_bytes() > MANY && is_crowded(syntax.root()) {
        return Vec::new();
    }
    let names = query.capture_names();
    let mut found: Vec<(Symbol, usize)> = Vec::new();
    let mut cursor = QueryCursor::new();
    cursor.set_match_limit(QUERY_STATES);
    let mut matches = cursor.matches(query, syntax.root(), Source(syntax.text()));
    while let Some(one) = matches.next() {
        let mut named: Option<Node<'_>> = None;
        let mut whole: Option<(Node<'_>, &'static str)> = None;
        for capture in one.captures() {
            match names.get(capture.index as usize) {
                Some(&"name") => named = Some(capture.node),
                Some(name) => whole = name.strip_prefix("symbol.").map(|kind| (capture.node, kind)).or(whole),
                None => {}
            }
        }
        let Some((whole, kind)) = whole else { continue };
        let name_range = named.unwrap_or(whole).byte_range();
        let name = label(&Source(syntax.text()).slice(name_range.clone()).to_string());
        let symbol = Symbol { name, kind, range: whole.byte_range(), name_range, container: None, depth: 0 };
        found.push((symbol, one.pattern_index));
    }
    // Of several patterns that fit one name the last one, which is the most exact, counts.
    found.sort_by_key(|(symbol, pattern)| {
        (symbol.range.start, Reverse(symbol.range.end), symbol.name_range.start, Reverse(*pattern))
    });
    let mut nested: Vec<Symbol> = Vec::with_capacity(found.len());
    let mut open: Vec<usize> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for (mut symbol, _) in found {
        if symbol.name.is_empty() || !seen.insert((symbol.name_range.start, symbol.name_range.end)) {
            continue;
        }
        while let Some(last) = open.last().and_then(|index| nested.get(*index)) {
            if last.range.end >= symbol.range.end && last.range != symbol.range {
                break;
            }
            open.pop();
        }
        symbol.container = open.last().copied();
        symbol.depth = open.len();
        open.push(nested.len());
        nested.push(symbol);
    }
    nested
}

/// A name in one line.
fn label(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").trim_matches(['"', '\'']).chars().take(NAME_CHARACTERS).collect()
}
