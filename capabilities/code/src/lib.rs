//! Code: text documents, from bytes to characters and back, and the commands that edit and search them.
//!
//! Owns encodings, positions in lines and columns, search and replacement. Keeps a text as it is: line endings stay mixed
//! where they are mixed, and a file that was read and not edited is written with the same bytes. Never touches a file by
//! itself, holds no selection, and knows no language: highlighting and completion are not here.

mod commands;
mod edits;
mod encoding;
mod endings;
mod error;
mod format;
mod places;
mod replace;
mod search;

use std::sync::Arc;

use kernel::{Capability, Registrar};

pub use encoding::{Encoding, Form};
pub use error::TextError;

/// The kind of text documents.
pub const KIND: &str = "code.text";

/// The capability. Add it after those whose formats are text, too.
pub fn capability() -> Box<dyn Capability> {
    Box::new(Code)
}

struct Code;

impl Capability for Code {
    fn manifest(&self) -> &'static str {
        include_str!("../capability.json")
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        commands::register(registrar);
        registrar.importer(format::TEXT, Arc::new(format::TextFormat));
        registrar.exporter(format::TEXT, Arc::new(format::TextFormat));
    }
}
