//! Media: timelines of moving pictures and sound, from files and other documents, and into files.
//!
//! Owns the node kinds `media.*`, how they are played and how they are edited. Decodes and encodes video through the port
//! `codecs`, never touches files by itself: bytes come through the kernel's ports.

mod commands;
pub mod edit;
#[allow(missing_docs)]
pub mod kinds;
pub mod model;
pub mod otio;
pub mod time;

use kernel::{Capability, Registrar};

pub use commands::{Mode, Placed, PlacedClip, insert_clip};

/// The capability.
pub fn capability() -> Box<dyn Capability> {
    Box::new(Media)
}

struct Media;

impl Capability for Media {
    fn manifest(&self) -> &'static str {
        include_str!("../capability.json")
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        commands::register(registrar);
        otio::register(registrar);
    }
}
