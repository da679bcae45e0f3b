//! OpenTimelineIO: timelines from `.otio` files and into them. What is not understood is kept, and written again.
//!
//! Each node keeps the object that it was read from, without what is below it. What is written is that object again, with
//! changes only where it says something other than the node.
//!
//! Source: OpenTimelineIO, "File Format Specification" and the schemas of its release 0.18.

mod element;
mod export;
mod fields;
mod import;
pub mod json;
mod media;
mod own;
mod read;
mod time;
mod write;

use std::sync::Arc;

use base::{Diagnostic, LimitExceeded, Limits};
use document::{Content, Tree};
use kernel::Registrar;

use crate::Media;

pub use element::Element;
use json::{Json, JsonError};

pub(crate) fn register(registrar: &mut Registrar<'_>, media: &Arc<Media>) {
    import::register(registrar, media);
    export::register(registrar);
}

/// A file that cannot be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OtioError {
    /// It is no JSON.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// A value of it is not what it must be.
    #[error("{path}: {message}")]
    Content {
        /// Where it is: `$.tracks.children[0].source_range`.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// It asks for more than the limits allow.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

/// Reads a file, and tells what of it is not shown.
///
/// # Errors
/// It is no JSON, no timeline, has times that are none, or exceeds a limit.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<(Element, Vec<Diagnostic>), OtioError> {
    Limits::check("the file's size in bytes", bytes.len() as u64, limits.file_bytes, "fileBytes")?;
    read::timeline(&Json::parse(bytes, limits)?, limits)
}

/// The file of a timeline; none for other documents.
pub fn write(content: &Content) -> Option<String> {
    let root = content.tree().map(Tree::root)?;
    let element = Element::of(root).filter(|element| element.kind == crate::kinds::Timeline::KIND)?;
    Some(write::timeline(&element).pretty())
}
