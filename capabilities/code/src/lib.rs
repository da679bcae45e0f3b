//! Code: text documents, from bytes to characters and back, and the commands that edit and search them.
//!
//! Owns encodings, positions in lines and columns, search and replacement, and the syntax of texts: the languages, their
//! trees, highlights and symbols. Keeps a text as it is: line endings stay mixed
//! where they are mixed, and a file that was read and not edited is written with the same bytes. Never touches a file by
//! itself and holds no selection. An edit never waits for a parser: the syntax follows when somebody asks for it.

mod commands;
mod edits;
mod encoding;
mod endings;
mod error;
mod format;
mod highlight;
mod language;
mod listing;
mod locals;
mod places;
mod rename;
mod replace;
mod search;
mod structure;
mod symbols;
mod syntax;
mod theme;

use std::sync::Arc;

use kernel::{Capability, Registrar};

pub use encoding::{Encoding, Form};
pub use error::TextError;
pub use highlight::{Highlight, highlights};
pub use language::Language;
pub use rename::{RenameError, rename};
pub use symbols::{Symbol, symbols};
pub use syntax::{NoSyntax, Syntax, Syntaxes};
pub use theme::{Style, Theme};

/// The kind of text documents.
pub const KIND: &str = "code.text";

/// The capability. Add it after those whose formats are text, too.
pub fn capability() -> Box<dyn Capability> {
    Box::<Code>::default()
}

#[derive(Default)]
struct Code {
    syntaxes: Arc<Syntaxes>,
}

impl Capability for Code {
    fn manifest(&self) -> &'static str {
        include_str!("../capability.json")
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        commands::register(registrar, &self.syntaxes);
        registrar.importer(format::TEXT, Arc::new(format::TextFormat));
        registrar.exporter(format::TEXT, Arc::new(format::TextFormat));
        for listing in [listing::HTML, listing::SVG] {
            registrar.exporter(listing, Arc::new(listing::Listing));
        }
    }

    fn deactivate(&self) {
        self.syntaxes.clear();
    }
}
