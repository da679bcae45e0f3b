//! A rope as tree-sitter reads it.

use ropey::{Rope, RopeSlice, iter::Chunks};
use tree_sitter::{Node, Point, TextProvider};

/// The texts of nodes.
#[derive(Clone, Copy)]
pub struct Source<'a>(pub &'a Rope);

impl<'a> TextProvider<&'a [u8]> for Source<'a> {
    type I = std::iter::Map<Chunks<'a>, fn(&'a str) -> &'a [u8]>;

    fn text(&mut self, node: Node<'_>) -> Self::I {
        self.slice(node.byte_range()).chunks().map(str::as_bytes)
    }
}

impl<'a> Source<'a> {
    /// A range of bytes; empty where it is not one of the text.
    pub fn slice(&self, range: std::ops::Range<usize>) -> RopeSlice<'a> {
        self.0.get_byte_slice(range).unwrap_or_else(|| self.0.slice(0..0))
    }
}

/// What stands at and behind a byte, in one piece; empty at the end.
pub fn chunk_from(text: &Rope, byte: usize) -> &[u8] {
    match text.get_chunk_at_byte(byte) {
        Some((chunk, start, _, _)) => chunk.as_bytes().get(byte - start..).unwrap_or_default(),
        None => &[],
    }
}

/// The place of a byte: how many line feeds come before it, and how many bytes since the last one. Of a carriage return
/// that ends a line by itself, which does for a rope, the parser knows nothing.
pub fn point(text: &Rope, byte: usize) -> Point {
    let line = text.byte_to_line(byte);
    let mut start = line;
    while start > 0 && !ends_with_line_feed(text, text.line_to_byte(start)) {
        start -= 1;
    }
    Point { row: line, column: byte - text.line_to_byte(start) }
}

fn ends_with_line_feed(text: &Rope, byte: usize) -> bool {
    byte > 0 && text.get_byte(byte - 1) == Some(b'\n')
}

/// How many times a query over a range of bytes may report, which it does after a hundred steps.
pub fn query_reports(bytes: usize) -> usize {
    2_000 + bytes / 16
}
