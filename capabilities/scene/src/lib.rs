//! Scenes: 3D models, lights and cameras, from files and into files and pictures.
//!
//! Owns the node kinds `scene.*`, the form of geometry as a blob, and the readers of glTF, OBJ, STL and PLY. Never touches
//! files by itself: bytes come through the kernel's ports.

mod commands;
pub mod deformation;
pub mod edit;
pub mod evaluate;
pub mod export;
pub mod frame;
pub mod geometry;
pub mod gltf;
pub mod import;
pub mod keyframes;
#[allow(missing_docs)]
pub mod kinds;
pub mod model;
pub mod obj;
pub mod panorama;
pub mod ply;
pub mod render;
pub mod shapes;
pub mod stl;
pub mod world;

mod color;
mod error;
mod numbers;
mod polygon;
mod sources;
mod topology;
mod view;
mod window;

use std::sync::Arc;

use kernel::{Capability, Registrar};

pub use error::ReadError;
pub use sources::Sources;

/// The capability, which draws on this device.
pub fn capability(gpu: gpu::Shared) -> Box<dyn Capability> {
    let sources: Arc<Sources> = Arc::default();
    let shared = Arc::new(commands::Shared::new(sources.clone()));
    Box::new(Scene { gpu, sources, shared })
}

struct Scene {
    gpu: gpu::Shared,
    sources: Arc<Sources>,
    shared: Arc<commands::Shared>,
}

impl Capability for Scene {
    fn manifest(&self) -> &'static str {
        include_str!("../capability.json")
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        commands::register(registrar, &self.shared);
        import::register(registrar, &self.sources);
        window::register(registrar, &self.gpu, &self.sources);
        export::register(registrar, &self.gpu, &self.sources);
    }

    fn deactivate(&self) {
        self.gpu.close();
        self.shared.clear();
    }
}
