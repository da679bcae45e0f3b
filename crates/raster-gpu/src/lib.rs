//! Operations of `raster` as kernels on the GPU.
//!
//! Owns the shaders in `shaders/raster`, what they need in the device's memory, and the choice between them and their
//! references, which are `raster`'s own functions on the processor. Bytes that are blurred, resampled, or blended in a
//! polynomial mode are those of the reference, whatever the adapter; in the other modes they are within one step of it, and
//! floats are within 2e-5. Never opens a device before there is enough work for one, and a failure of the GPU never is one of
//! the operation: the reference takes over.

mod accelerator;
pub mod blend;
pub mod boxes;
mod image;
mod launch;
pub mod resize;

pub use accelerator::{Accelerator, Least, Session};
pub use image::{Image, MaskImage};
