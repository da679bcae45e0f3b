//! Fonts: the one catalogue of those that the kernel's port hands out, and the outlines of plain text.
//!
//! Reads no files by itself, and draws nothing.

mod catalogue;
mod outline;

pub use catalogue::Catalogue;
pub use outline::{Anchor, Style, outline};
/// What a catalogue gives.
pub use usvg::fontdb::Database;
