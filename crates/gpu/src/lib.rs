//! The shared GPU runtime: adapters, passes and kernels behind types of our own.
//!
//! Owns the choice of an adapter, the device, everything that lies in its memory, and what is recorded for it. Every
//! failure of the driver becomes a [`GpuError`]; none ends the process. Only this crate names wgpu, and it shows
//! nothing of it. Never opens a display: pictures are drawn off screen and read back. Touches no files: what it keeps goes
//! through a [`PipelineStore`].

mod adapter;
mod bind;
mod buffer;
mod commands;
mod device;
mod error;
mod keep;
mod kernel;
mod pipeline;
mod pool;
mod pyramid;
mod readback;
mod shared;
mod target;
#[cfg(test)]
mod tests;
mod texture;
mod timing;

pub use adapter::{Adapter, Choice, Kind, adapters};
pub use bind::{Binding, Bindings, Layout, Slot, SlotKind};
pub use buffer::{Buffer, Use};
pub use commands::{Commands, Pass};
pub use device::{Gpu, Limits};
pub use error::GpuError;
pub use keep::PipelineStore;
pub use kernel::{Kernel, KernelSpec};
pub use pipeline::{Attribute, Blending, Culling, Depth, Pipeline, PipelineSpec, Primitive, Step, Stream};
pub use pyramid::Pyramid;
pub use readback::Reading;
pub use shared::Shared;
pub use target::{Target, TargetSpec};
pub use texture::{Filter, Format, Sampler, SamplerSpec, Texture, TextureSpec, TextureUse, Tiling};
pub use timing::Timing;
