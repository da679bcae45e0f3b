//! The primitives of Filter Effects Module Level 1, on the CPU.
//!
//! Owns the description of a resolved filter ([`Filter`]: every attribute has its value, every length is a number in
//! user space) and its execution on pixels ([`apply`]). It never parses SVG or CSS, never renders an element (the
//! caller hands in the source graphic and draws the content of images) and keeps no state between calls.
//!
//! Pixels are premultiplied RGBA with eight bits a channel, tagged with the colour space that a primitive left them
//! in. Every primitive computes each pixel from its inputs alone, so a result is the same for any number of threads.
//!
//! A group with filters is drawn in four steps: [`LocalSpace::of`] splits its transform into an axis-aligned one and
//! the rotation and skew that remain; [`device_region`] of every filter, among the pixels that are seen and those in their
//! [`reach`], gives the pixels needed; the group is rendered there and goes through [`apply`] once per filter; the outcome
//! is drawn through the remaining transform.

mod apply;
mod attributes;
mod color;
mod composite;
mod convolve;
mod displace;
mod lighting;
mod model;
mod morphology;
mod plan;
mod raster;
mod reach;
mod region;
mod run;
#[cfg(test)]
mod tests;
mod turbulence;

pub use apply::{FilterError, RenderImage, apply};
pub use attributes::{
    Channel, ColorMatrix, CompositeOperator, EdgeMode, LightSource, MorphologyOperator, TransferFunction,
    TurbulenceKind,
};
pub use model::{ColorSpace, Filter, Input, Primitive, PrimitiveKind, Region};
pub use reach::{paints_alone, reach};
pub use region::{LocalSpace, device_region};
