//! Search and replacement by structure: queries in the language of tree-sitter over the tree of a text.

use std::{cmp::Reverse, ops::Range};

use ropey::Rope;
use streaming_iterator::StreamingIterator;
use tree_sitter::{Query, QueryCursor, QueryErrorKind};

use crate::{
    Language, Syntax,
    syntax::{MANY, QUERY_STATES, Source, is_crowded},
};

/// Why a query or a replacement cannot be used. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StructureError {
    /// The query is not well-formed, or names what the grammar does not have.
    #[error("line {line}, column {column}: {message}")]
    Query {
        /// Where in the query.
        line: usize,
        /// Where in the line.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// The query has no capture, so that nothing is found by it.
    #[error("the query captures nothing: write @name behind what is to be found")]
    NoCapture,
    /// A capture that the query does not have.
    #[error("column {column}: the query has no capture '@{name}'{} (an '@' itself is written '@@')", did_you_mean(.nearest))]
    Capture {
        /// Where in the replacement.
        column: usize,
        /// The capture asked for.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// The tree is too deep or too broken.
    #[error("the text is too broken, or nested too deeply, to be searched by structure")]
    Crowded,
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean '@{name}'?")).unwrap_or_default()
}

/// What a query found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The bytes of the match: of the capture `@match` where there is one, else of everything captured.
    pub range: Range<usize>,
    /// Each captured node: the name of its capture and its bytes. Names that start with `_` are left out.
    pub captures: Vec<(String, Range<usize>)>,
}

/// A query for one language.
pub struct Structure {
    query: Query,
    whole: Option<u32>,
}

impl Structure {
    /// A query from its text.
    ///
    /// # Errors
    /// [`StructureError::Query`] or [`StructureError::NoCapture`].
    pub fn new(query: &str, language: &'static Language) -> Result<Structure, StructureError> {
        let grammar = language.grammar();
        let query = Query::new(&grammar, query).map_err(|error| {
            let message = match &error.kind {
                QueryErrorKind::NodeType => {
                    let known = (0..grammar.node_kind_count() as u16).filter_map(|id| {
                        grammar.node_kind_for_id(id).filter(|_| grammar.node_kind_is_visible(id))
                    });
                    unknown("node type", &error.message, known, language)
                }
                QueryErrorKind::Field => {
                    let known =
                        (1..=grammar.field_count() as u16).filter_map(|id| grammar.field_name_for_id(id));
                    unknown("field", &error.message, known, language)
                }
                QueryErrorKind::Capture => format!("there is no capture '@{}' in the pattern", error.message),
                QueryErrorKind::Predicate => error.message.clone(),
                QueryErrorKind::Structure => "no text has this structure".to_owned(),
                _ => "this is no query".to_owned(),
            };
            StructureError::Query { line: error.row + 1, column: error.column + 1, message }
        })?;
        if query.capture_names().is_empty() {
            return Err(StructureError::NoCapture);
        }
        let whole = query.capture_index_for_name("match");
        Ok(Structure { query, whole })
    }

    /// All matches in a text, in order of their starts, the outer ones first.
    ///
    /// # Errors
    /// [`StructureError::Crowded`].
    pub fn find(&self, syntax: &Syntax) -> Result<Vec<Found>, StructureError> {
        if syntax.text().len_bytes() > MANY && is_crowded(syntax.root()) {
            return Err(StructureError::Crowded);
        }
        let names = self.query.capture_names();
        let mut cursor = QueryCursor::new();
        cursor.set_match_limit(QUERY_STATES);
        let mut matches = cursor.matches(&self.query, syntax.root(), Source(syntax.text()));
        let mut found = Vec::new();
        while let Some(one) = matches.next() {
            let whole =
                one.captures().iter().filter(|capture| self.whole.is_none_or(|whole| whole == capture.index));
            let ranges = || whole.clone().map(|capture| capture.node.byte_range());
            let (Some(start), Some(end)) =
                (ranges().map(|range| range.start).min(), ranges().map(|range| range.end).max())
            else {
                continue;
            };
            let shown = one.captures().iter().filter_map(|capture| {
                let name = names.get(capture.index as usize).filter(|name| !name.starts_with('_'))?;
                Some(((*name).to_owned(), capture.node.byte_range()))
            });
            found.push(Found { range: start..end, captures: shown.collect() });
        }
        found.sort_by_key(|found| (found.range.start, Reverse(found.range.end)));
        found.dedup();
        Ok(found)
    }
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>, language: &Language) -> String {
    let name = name.trim_matches('"');
    let nearest = base::nearest(name, known).map(|nearest| format!("; did you mean '{nearest}'?"));
    format!("{} has no {what} '{name}'{}", language.title, nearest.unwrap_or_default())
}

/// The matches that lie in no other one, which are those that can be replaced at once.
pub fn outermost(found: Vec<Found>) -> Vec<Found> {
    let mut kept: Vec<Found> = Vec::with_capacity(found.len());
    for one in found {
        if kept.last().is_none_or(|last| last.range.end <= one.range.start && last.range != one.range) {
            kept.push(one);
        }
    }
    kept
}

/// What comes in the place of a match: text, and captures by `@name`.
pub struct Replacement(Vec<Piece>);

enum Piece {
    Text(String),
    Capture(String),
}

impl Replacement {
    /// A replacement for the matches of a query. `@name`, or `@{name}` where a letter follows, stands for what was captured,
    /// `@@` for `@`. An `@` before anything else stands for itself.
    ///
    /// # Errors
    /// [`StructureError::Capture`].
    pub fn parse(template: &str, structure: &Structure) -> Result<Replacement, StructureError> {
        let names = structure.query.capture_names();
        let mut pieces = vec![Piece::Text(String::new())];
        let mut rest = template;
        while let Some(at) = rest.find('@') {
            let (before, after) = (&rest[..at], &rest[at + 1..]);
            push(&mut pieces, before);
            let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
            let (name, behind) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                Some((name, behind)) if name.chars().all(is_part) && !name.is_empty() => (name, behind),
                _ => {
                    let end = after.find(|c| !is_part(c)).unwrap_or(after.len());
                    // A dot behind a name ends a sentence or leads to a member.
                    let name = after[..end].split('.').next().unwrap_or_default();
                    let dotted = names
                        .iter()
                        .filter(|known| after[..end].starts_with(**known))
                        .max_by_key(|known| known.len());
                    let name = dotted.map_or(name, |known| &after[..known.len()]);
                    (name, &after[name.len()..])
                }
            };
            if let Some(behind) = after.strip_prefix('@') {
                push(&mut pieces, "@");
                rest = behind;
                continue;
            }
            if name.is_empty() {
                push(&mut pieces, "@");
                rest = after;
                continue;
            }
            if !names.contains(&name) {
                let column = template[..template.len() - rest.len() + at].chars().count() + 1;
                let nearest = base::nearest(name, names.iter().copied()).map(str::to_owned);
                return Err(StructureError::Capture { column, name: name.to_owned(), nearest });
            }
            pieces.push(Piece::Capture(name.to_owned()));
            rest = behind;
        }
        push(&mut pieces, rest);
        Ok(Replacement(pieces))
    }

    /// What comes in the place of a match in a text. Of a capture that took several nodes it is all from the first to the
    /// last one.
    pub fn of(&self, found: &Found, text: &Rope) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Capture(name) => {
                    let ranges =
                        || found.captures.iter().filter(|(other, _)| other == name).map(|(_, range)| range);
                    let start = ranges().map(|range| range.start).min();
                    if let (Some(start), Some(end)) = (start, ranges().map(|range| range.end).max()) {
                        out.extend(Source(text).slice(start..end).chunks());
                    }
                }
            }
        }
        out
    }
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}
