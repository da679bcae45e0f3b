//! The operations of `raster` as kernels on the GPU.
//!
//! Owns the shaders in `shaders/raster`, what they need in the device's memory, and the choice between them and their
//! references, which are `raster`'s own functions on the processor. Bytes are within one step of the references, and equal
//! to them for the polynomial blend modes; floats are within 2e-5. Never opens a device before there is enough work for
//! one, and a failure of the GPU never is one of the operation: the reference takes over.

mod accelerator;
pub mod blend;
pub mod blur;
mod image;
pub mod resize;
mod sum;

pub use accelerator::{Accelerator, Least};
pub use image::{Image, MaskImage};
