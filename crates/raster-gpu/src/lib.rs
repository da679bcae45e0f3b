//! Operations of `raster` as kernels on the GPU.
//!
//! Owns the shaders in `shaders/raster`, what they need in the device's memory, and the choice between them and their
//! references, which are `raster`'s own functions on the processor. A kernel gives the bytes of its reference, whatever the
//! adapter: pictures never follow from which of them made them. Never opens a device before there is enough work for one,
//! and a failure of the GPU never is one of the operation: the reference takes over.

mod accelerator;
pub mod boxes;

pub use accelerator::{Accelerator, Least, Session};
