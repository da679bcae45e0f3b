//! XML text, one element a line.

use super::attributes::Attributes;

/// The deepest indentation, in levels, so that deep trees do not consist of spaces.
const MAX_INDENT: usize = 24;

/// Lines of XML.
pub(super) struct Xml {
    text: String,
    depth: usize,
    /// The length of the text when an element was last started.
    started: usize,
}

impl Xml {
    /// Empty text for a place at this depth of the file.
    pub(super) fn new(depth: usize) -> Self {
        Xml { text: String::new(), depth, started: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Starts an element with content of its own lines.
    pub(super) fn open(&mut self, name: &str, attributes: &Attributes) {
        self.line(&["<", name, attributes.as_str(), ">"]);
        self.depth += 1;
        self.started = self.text.len();
    }

    /// Ends the element that was started last; if it has no content, as an empty one.
    pub(super) fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        if self.text.len() == self.started {
            self.text.truncate(self.started - ">\n".len());
            self.text.push_str("/>\n");
            return;
        }
        self.line(&["</", name, ">"]);
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: &Attributes) {
        self.line(&["<", name, attributes.as_str(), "/>"]);
    }

    /// A line of parts that are XML already.
    pub(super) fn line(&mut self, parts: &[&str]) {
        for _ in 0..self.depth.min(MAX_INDENT) {
            self.text.push_str("  ");
        }
        parts.iter().for_each(|part| self.text.push_str(part));
        self.text.push('\n');
    }

    /// Lines that were written for this depth.
    pub(super) fn append(&mut self, lines: &str) {
        self.text.push_str(lines);
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}
