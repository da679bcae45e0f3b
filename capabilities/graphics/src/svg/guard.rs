//! Checks on SVG text before it is read: what it expands to, how deep it is nested, and whether it refers to
//! itself.

use base::{LimitExceeded, Limits};
use usvg::roxmltree::{self, Document, ParsingOptions};

use super::{doctype, references};

/// The namespace of SVG's elements.
const SVG: &str = "http://www.w3.org/2000/svg";

/// The most attributes that an element may have: the parser compares each with each.
const MAX_ATTRIBUTES: usize = 10_000;

/// The cost of shaping a character, where that of passing one is 1.
const SHAPING: u64 = 200;
/// The greatest cost of laying out all texts of a file.
const MAX_LAYOUT: u64 = 2_000_000_000;

/// SVG that must not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// Too much of something.
    #[error("{0}")]
    Limit(#[from] LimitExceeded),
    /// Not well-formed.
    #[error("line {line}, column {column}: {message}")]
    Xml {
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
        /// What is wrong.
        message: String,
    },
    /// Elements that need each other to be drawn.
    #[error("line {line}, column {column}: the element refers to itself through {} (break the circle)", .through.join(" → "))]
    Circle {
        /// Line of one of the elements, from 1.
        line: u32,
        /// Column of that element, from 1.
        column: u32,
        /// The elements on the way.
        through: Vec<String>,
    },
}

/// A fault at a byte of the text.
pub(super) fn malformed(text: &str, byte: usize, message: String) -> GuardError {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() as u32 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
    GuardError::Xml { line, column, message }
}

/// Parses XML that may be read as SVG at a bounded cost.
pub(super) fn parse<'a>(text: &'a str, limits: &Limits) -> Result<Document<'a>, GuardError> {
    doctype::check_entities(text, limits)?;
    check_attributes(text)?;
    let options = ParsingOptions {
        allow_dtd: true,
        nodes_limit: u32::try_from(limits.nodes.saturating_mul(4)).unwrap_or(u32::MAX),
        ..ParsingOptions::default()
    };
    let xml = Document::parse_with_options(text, options).map_err(|error| match error {
        // The parser gives these no place of their own.
        roxmltree::Error::UnexpectedEndOfStream | roxmltree::Error::UnclosedRootNode => {
            malformed(text, text.len(), "the file ends before the drawing does".to_owned())
        }
        roxmltree::Error::NodesLimitReached => {
            let limit = limits.nodes;
            let what = "the number of elements and texts".to_owned();
            GuardError::Limit(LimitExceeded { what, found: limit + 1, limit, setting: "nodes" })
        }
        error => {
            let position = error.pos();
            GuardError::Xml { line: position.row, column: position.col, message: without_position(&error) }
        }
    })?;
    let root = xml.root_element();
    if root.tag_name().name() != "svg" || !matches!(root.tag_name().namespace(), None | Some(SVG)) {
        let message =
            format!("the first element is '{}', not an 'svg' of the namespace {SVG}", root.tag_name().name());
        return Err(malformed(text, root.range().start, message));
    }
    check_texts(&xml, text)?;
    references::check(&xml, limits)?;
    Ok(xml)
}

/// The parser's message without the position at its end, which is told apart.
fn without_position(error: &roxmltree::Error) -> String {
    let message = error.to_string();
    let position = error.pos();
    let suffix = format!(" at {}:{}", position.row, position.col);
    message.strip_suffix(&suffix).map(str::to_owned).unwrap_or(message)
}

/// Counts attributes by their quotes, without regard to well-formedness.
fn check_attributes(text: &str) -> Result<(), GuardError> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = text[at..].find('<') {
        let start = at + found;
        let rest = &text[start..];
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")];
        if let Some((_, end)) = skipped.iter().find(|(open, _)| rest.starts_with(open)) {
            at = start + rest.find(end).unwrap_or(rest.len());
            continue;
        }
        let mut quote = None;
        let mut attributes = 0;
        at = start + 1;
        while at < bytes.len() {
            match (quote, bytes[at]) {
                (Some(open), byte) if open == byte => quote = None,
                (Some(_), _) => {}
                (None, byte @ (b'"' | b'\'')) => {
                    quote = Some(byte);
                    attributes += 1;
                }
                (None, b'>') => break,
                (None, _) => {}
            }
            at += 1;
        }
        if attributes > MAX_ATTRIBUTES {
            let message =
                format!("the element has {attributes} attributes, over the limit of {MAX_ATTRIBUTES}");
            return Err(malformed(text, start, message));
        }
    }
    Ok(())
}

/// Checks how long texts take to lay out: each span shapes its whole chunk, and places are counted from a
/// text's start.
fn check_texts(xml: &Document<'_>, source: &str) -> Result<(), GuardError> {
    let mut cost = 0u64;
    let shaping = |chunk: u64, spans: u64| SHAPING.saturating_mul(chunk).saturating_mul(spans);
    for text in xml.descendants().filter(|node| node.has_tag_name((SVG, "text")) || node.has_tag_name("text"))
    {
        let (mut characters, mut chunk, mut spans) = (0u64, 0u64, 0u64);
        for node in text.descendants() {
            let placed = ["x", "y"].iter().any(|name| node.has_attribute(*name));
            if placed || node.has_tag_name((SVG, "textPath")) {
                cost = cost.saturating_add(shaping(chunk, spans));
                (chunk, spans) = (0, 0);
            }
            if let Some(content) = node.text().filter(|_| node.is_text()) {
                let length = content.chars().count() as u64;
                (characters, chunk, spans) = (characters + length, chunk + length, spans + 1);
            }
        }
        cost =
            cost.saturating_add(shaping(chunk, spans)).saturating_add(characters.saturating_mul(characters));
        if cost > MAX_LAYOUT {
            let message = format!(
                "the text of {characters} characters takes too long to lay out: split it into several texts of fewer spans"
            );
            return Err(malformed(source, text.range().start, message));
        }
    }
    Ok(())
}

/// An element that means nothing to the reader.
pub(super) struct Unsupported<'a> {
    pub element: &'a str,
    pub line: u32,
    pub column: u32,
}

/// The first of each kind of element that would show something if the reader knew it.
pub(super) fn unsupported<'a>(xml: &'a Document<'_>) -> Vec<Unsupported<'a>> {
    const UNKNOWN: [&str; 12] = [
        "animate",
        "animateMotion",
        "animateTransform",
        "audio",
        "canvas",
        "font",
        "foreignObject",
        "hatch",
        "iframe",
        "mesh",
        "set",
        "video",
    ];
    let mut found: Vec<Unsupported<'a>> = Vec::new();
    for node in xml.descendants().filter(roxmltree::Node::is_element) {
        let element = node.tag_name().name();
        if UNKNOWN.contains(&element) && !found.iter().any(|known| known.element == element) {
            let position = xml.text_pos_at(node.range().start);
            found.push(Unsupported { element, line: position.row, column: position.col });
        }
    }
    found
}
