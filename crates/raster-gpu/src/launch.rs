//! How all kernels are started: what is read, what is written, what is told, and tables.

use bytemuck::Pod;
use gpu::{Binding, Commands, Gpu, GpuError, KernelSpec, Slot, SlotKind, Use};

/// A shader and where it begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shader {
    pub(crate) source: &'static str,
    pub(crate) entry: &'static str,
}

/// A shader's source: files of `shaders/raster`, one after the other.
macro_rules! source {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $name, ".wgsl"))
    };
}
pub(crate) use source;

/// The pixels of a workgroup across and down, for kernels that have no reason for others.
const GROUP: [u32; 2] = [32, 8];

/// The workgroups that cover a picture.
pub(crate) fn groups(width: u32, height: u32) -> [u32; 3] {
    [width.div_ceil(GROUP[0]), height.div_ceil(GROUP[1]), 1]
}

/// Records a run of a shader, whose bindings are `from`, which it reads, `to`, which it writes, `told`, a uniform, and the
/// tables, which it reads.
///
/// # Errors
/// It takes more than the adapter allows, there is no memory, or the device is lost.
pub(crate) fn launch<T: Pod>(
    (gpu, commands): (&Gpu, &mut Commands),
    shader: Shader,
    [from, to]: [Binding<'_>; 2],
    told: T,
    tables: &[Binding<'_>],
    groups: [u32; 3],
) -> Result<(), GpuError> {
    let mut slots = [SlotKind::Storage, SlotKind::StorageMut, SlotKind::Uniform].map(Slot::new).to_vec();
    slots.extend(tables.iter().map(|_| Slot::new(SlotKind::Storage)));
    let kernel = gpu.kernel(&KernelSpec { source: shader.source.into(), entry: shader.entry, slots })?;
    let told = gpu.buffer(Use::Uniform, &[told])?;
    let mut bindings = vec![from, to, (&told).into()];
    bindings.extend_from_slice(tables);
    let bindings = gpu.bind(kernel.layout(), &bindings)?;
    commands.run(&kernel, &bindings, groups)
}
