//! Pictures in planes of luma and chroma, as video has them: mixed and drawn on without a way through RGB.

mod color;
mod image;
mod ops;
mod overlay;

pub use color::{Coefficients, to_rgba};
pub use image::{Planar, PlanarMut, PlanarRef};
pub use ops::{Part, copy, fill, mix, select};
pub use overlay::Overlay;
