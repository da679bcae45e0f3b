//! SVG in and out: files to pictures, and pictures' text to SVG.
//!
//! Owns what is particular to the SVG format: containers and encodings, the checks before hostile input may
//! be parsed, and the reading of usvg's tree. Never draws and does no IO: bytes of linked images come from
//! the caller.

mod circles;
mod convert;
mod doctype;
pub mod export;
mod filter;
mod guard;
mod import;
mod references;
mod source;
mod spans;
mod styles;
#[cfg(test)]
mod tests;
mod text;

pub use guard::GuardError;
pub use import::{Imported, Linked, Options, SvgError, import};
pub use source::SourceError;
pub use text::{PaintText, TextPart, escape, number, write_text};

pub(crate) use convert::Converter;
