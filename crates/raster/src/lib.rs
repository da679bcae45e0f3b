//! Pixels: what a picture is made of once it has been drawn or decoded.
//!
//! Owns the [`Surface`] (premultiplied RGBA in the sRGB encoding) and the kernels on it: decoding and encoding,
//! compositing, blur, resizing and masks. Every function is pure and gives the same pixels whatever the number of threads.
//! It never reads or writes files, never knows documents or nodes, and holds no state.

pub mod alpha;
pub mod blend;
pub mod boxes;
pub mod codec;
pub mod dispatch;
pub mod hdr;
pub mod lines;
pub mod mask;
pub mod resize;
mod surface;
pub mod weights;

pub use mask::{Mask, MaskSpace};
pub use surface::{Depth, PixelRect, Pixels, PixelsMut, Sample, SizeMismatch, Surface, View};
