//! The commands that every workspace has: documents, nodes, keyframes, history, selection, clipboard,
//! tools and window.

mod bundle;
mod clipboard;
mod document;
mod history;
mod keyframe;
mod node;
mod selection;
mod tool;
mod window;

pub use node::Fragment;

use crate::{Capability, Registrar};

/// The capability of the workspace itself. Add it first.
pub fn core() -> Box<dyn Capability> {
    Box::new(Core)
}

struct Core;

impl Capability for Core {
    fn manifest(&self) -> &'static str {
        include_str!("../../capability.json")
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        document::register(registrar);
        node::register(registrar);
        keyframe::register(registrar);
        history::register(registrar);
        selection::register(registrar);
        clipboard::register(registrar);
        tool::register(registrar);
        window::register(registrar);
    }
}
