//! Media: timelines of moving pictures and sound, from files and other documents, and into files.
//!
//! Owns the node kinds `media.*`, how they are played and how they are edited. Decodes and encodes video through the port
//! `codecs`, never touches files by itself: bytes come through the kernel's ports.

#[allow(missing_docs)]
pub mod kinds;
pub mod model;
pub mod picture;
pub mod planar;

mod info;
mod kept;
mod readers;

pub use info::ClipInfo;
pub use kept::Kept;
pub use readers::Readers;
