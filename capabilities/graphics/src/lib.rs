//! The graphics capability: canvases of raster, vector and text layers.
//!
//! Owns the node kinds `graphics.*`, the drawing model behind them, the CPU renderer, and the picture formats. A GPU only
//! does what gives the same bytes as the processor. Never
//! touches files or fonts by itself: bytes come through the kernel's ports.

mod bounds;
pub mod canvas;
mod commands;
mod draw;
mod evaluate;
mod export;
pub mod filter;
mod filters;
mod images;
mod import;
#[allow(missing_docs)]
pub mod kinds;
mod pick;
pub mod picture;
pub mod render;
pub mod svg;

use std::sync::Arc;

use kernel::{Capability, CommandError, Registrar};

use draw::Drawing;
use raster_gpu::Accelerator;

/// The capability, which leaves large filters and photographs to this accelerator.
pub fn capability(accelerator: Accelerator) -> Box<dyn Capability> {
    Box::new(Graphics(Arc::new(Drawing::new(accelerator))))
}

struct Graphics(Arc<Drawing>);

impl Capability for Graphics {
    fn manifest(&self) -> &'static str {
        include_str!("../capability.json")
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        commands::register(registrar, &self.0);
        import::register(registrar, &self.0);
        export::register(registrar, &self.0);
        evaluate::register(registrar, &self.0);
        registrar.filters(Arc::new(filters::Anywhere(self.0.clone())));
        registrar.chart("graphics.tools", include_str!("../tools.json"));
    }

    fn activate(&self) -> Result<(), CommandError> {
        Ok(())
    }

    fn deactivate(&self) {
        self.0.clear();
    }
}
