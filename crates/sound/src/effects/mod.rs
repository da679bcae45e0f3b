//! What changes a stream of samples: filters, compressor, limiter.

mod biquad;
mod compressor;
mod limiter;
mod peak;

pub use biquad::{Biquad, Kind};
pub use compressor::Compressor;
pub use limiter::Limiter;

pub(crate) use biquad::Filter;
pub(crate) use compressor::Compression;
pub(crate) use limiter::Limitation;
