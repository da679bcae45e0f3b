//! Media: timelines of moving pictures and sound, from files and other documents, and into files.
//!
//! Owns the node kinds `media.*`, how they are played and how they are edited. Decodes and encodes video through the port
//! `codecs`, never touches files by itself: bytes come through the kernel's ports.

mod commands;
pub mod edit;
mod export;
mod import;
mod info;
mod kept;
#[allow(missing_docs)]
pub mod kinds;
pub mod model;
pub mod otio;
pub mod picture;
pub mod planar;
mod readers;
mod sound;
pub mod time;
mod window;

use std::sync::Arc;

use codecs::Codecs;
use kernel::{Capability, Registrar};

pub use commands::{Mode, Placed, PlacedClip, insert_clip};
pub use kept::Kept;
pub use readers::Readers;
pub use sound::{SoundEffect, mix};

/// What timelines share: open readers, and what was drawn.
pub struct Media {
    readers: Readers,
    kept: Kept,
}

/// The capability, which reads and writes video through this port.
pub fn capability(codecs: Arc<dyn Codecs>) -> Box<dyn Capability> {
    Box::new(Timelines(Arc::new(Media { readers: Readers::new(codecs), kept: Kept::default() })))
}

struct Timelines(Arc<Media>);

impl Capability for Timelines {
    fn manifest(&self) -> &'static str {
        include_str!("../capability.json")
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        commands::register(registrar, &self.0);
        otio::register(registrar, &self.0);
        import::register(registrar, &self.0);
        export::register(registrar, &self.0);
        window::register(registrar, &self.0);
    }

    fn deactivate(&self) {
        self.0.readers.clear();
        self.0.kept.clear();
    }
}
