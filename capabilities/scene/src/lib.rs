//! Scenes: 3D models, lights and cameras, from files and into files and pictures.
//!
//! Owns the node kinds `scene.*`, the form of geometry as a blob, and the readers of glTF, OBJ, STL and PLY. Never touches
//! files by itself: bytes come through the kernel's ports.

pub mod evaluate;
mod export;
pub mod frame;
pub mod geometry;
pub mod gltf;
pub mod import;
#[allow(missing_docs)]
pub mod kinds;
pub mod model;
pub mod obj;
pub mod ply;
pub mod render;
pub mod stl;
pub mod world;

mod color;
mod error;
mod numbers;
mod polygon;
mod topology;
mod view;

use kernel::{Capability, Registrar};

pub use error::ReadError;

/// The capability, which draws on this device.
pub fn capability(gpu: gpu::Shared) -> Box<dyn Capability> {
    Box::new(Scene { gpu })
}

struct Scene {
    gpu: gpu::Shared,
}

impl Capability for Scene {
    fn manifest(&self) -> &'static str {
        include_str!("../capability.json")
    }

    fn register(&self, registrar: &mut Registrar<'_>) {
        import::register(registrar);
        export::register(registrar, &self.gpu);
    }

    fn deactivate(&self) {
        self.gpu.close();
    }
}
