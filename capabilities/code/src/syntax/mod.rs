//! The syntax of a text: its tree and those of the texts in other languages within it, brought from one snapshot to the
//! next by what differs.
//!
//! Parsing is bounded by the text's size in work, not in time, so that the same text always has the same syntax.

mod cache;
mod crowd;
mod difference;
mod injection;
mod text;

use std::ops::{ControlFlow, Range};

use ropey::Rope;
use tree_sitter::{InputEdit, Node, ParseOptions, Parser, Tree};

pub use cache::Syntaxes;
pub use crowd::is_crowded;
pub use difference::{Difference, difference};
pub use text::{Source, query_reports};

use crate::Language;
use injection::Layer;
pub use injection::{MANY, QUERY_STATES};

/// The setting that says how large a text with syntax is at most, in bytes.
pub const LARGEST: &str = "code.syntaxBytes";

/// Parsing reports after a hundred operations; for so many bytes of the text it may do so once, beside what any text may
/// take. Program text takes a hundred bytes and more for each report, dense text less.
const BYTES_PER_REPORT: usize = 40;
const LEAST_REPORTS: usize = 2_000;

/// Why a text has no syntax.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSyntax {
    /// The text is in no language that is known.
    #[error("the text is in no known language: set one with code.language.set")]
    Plain,
    /// The text is larger than the setting allows.
    #[error("the text has {size} bytes, and syntax is for texts of at most {limit}: raise {LARGEST}")]
    TooLarge {
        /// The size of the text in bytes.
        size: usize,
        /// The largest size.
        limit: usize,
    },
    /// Parsing took more work than a text of this size may take.
    #[error("the text is too hard to parse as {0}: set another language, or 'plain', with code.language.set")]
    TooHard(&'static str),
}

/// The syntax of a snapshot of a text.
pub struct Syntax {
    text: Rope,
    language: &'static Language,
    tree: Tree,
    injected: Vec<Layer>,
}

impl Syntax {
    /// The syntax of a text.
    ///
    /// # Errors
    /// [`NoSyntax::TooHard`].
    pub fn new(text: &Rope, language: &'static Language) -> Result<Syntax, NoSyntax> {
        let tree = parse(text, language, None, &[])?;
        Ok(Syntax { text: text.clone(), language, tree, injected: Vec::new() })
    }

    /// Brings the syntax to another text, in about the time that what differs takes.
    ///
    /// # Errors
    /// [`NoSyntax::TooHard`]; then this is of no more use.
    pub fn update(&mut self, text: &Rope) -> Result<(), NoSyntax> {
        let Some(difference) = difference(&self.text, text) else { return Ok(()) };
        let edit = input_edit(&self.text, text, difference);
        self.tree.edit(&edit);
        for layer in &mut self.injected {
            layer.edit(&edit);
        }
        self.tree = parse(text, self.language, Some(&self.tree), &[])?;
        self.text = text.clone();
        Ok(())
    }

    /// The text.
    pub fn text(&self) -> &Rope {
        &self.text
    }

    /// The language of the text.
    pub fn language(&self) -> &'static Language {
        self.language
    }

    /// The root of the text's own tree.
    pub fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// The trees that have a part in a range of bytes, with their languages and how deep each is within others: first that of
    /// the text, which has depth 0.
    pub fn layers(&mut self, range: Range<usize>) -> Vec<(&'static Language, &Tree, usize)> {
        injection::find(&self.text, self.language, &self.tree, &mut self.injected, range.clone());
        let meets = |layer: &&Layer| layer.start() < range.end && layer.end() > range.start;
        let injected =
            self.injected.iter().filter(meets).map(|layer| (layer.language, &layer.tree, layer.depth));
        std::iter::once((self.language, &self.tree, 0)).chain(injected).collect()
    }
}

fn input_edit(old: &Rope, new: &Rope, difference: Difference) -> InputEdit {
    let Difference { start, old_end, new_end } = difference;
    InputEdit {
        start_byte: start,
        old_end_byte: old_end,
        new_end_byte: new_end,
        start_position: text::point(old, start),
        old_end_position: text::point(old, old_end),
        new_end_position: text::point(new, new_end),
    }
}

/// Parses a text, or those ranges of it.
fn parse(
    text: &Rope,
    language: &'static Language,
    old: Option<&Tree>,
    ranges: &[tree_sitter::Range],
) -> Result<Tree, NoSyntax> {
    let too_hard = NoSyntax::TooHard(language.title);
    let mut parser = Parser::new();
    if parser.set_language(&language.grammar()).is_err() || parser.set_included_ranges(ranges).is_err() {
        return Err(too_hard);
    }
    let size = match ranges {
        [] => text.len_bytes(),
        ranges => ranges.iter().map(|range| range.end_byte - range.start_byte).sum(),
    };
    let mut reports = LEAST_REPORTS + size / BYTES_PER_REPORT;
    let mut bounded = |_: &tree_sitter::ParseState| match reports.checked_sub(1) {
        Some(rest) => {
            reports = rest;
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let options = ParseOptions::new().progress_callback(&mut bounded);
    parser.parse_with_options(&mut |byte, _| text::chunk_from(text, byte), old, Some(options)).ok_or(too_hard)
}
