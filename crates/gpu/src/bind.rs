//! What shaders see beside vertices: slots, and what lies in them.

use std::sync::Arc;

use crate::{Buffer, Gpu, GpuError, Sampler, Texture, pool::Lease};

/// A binding of a shader. Its number is its place in the list of its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// What it holds.
    pub kind: SlotKind,
    /// Whether the vertex stage sees it; fragments and kernels always do.
    pub vertex: bool,
}

impl Slot {
    /// A slot that fragments or kernels see.
    pub const fn new(kind: SlotKind) -> Self {
        Slot { kind, vertex: false }
    }

    /// A slot that vertices see, too.
    pub const fn with_vertices(kind: SlotKind) -> Self {
        Slot { kind, vertex: true }
    }
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotKind {
    /// `var<uniform>`.
    Uniform,
    /// `var<storage, read>`.
    Storage,
    /// `var<storage, read_write>`; kernels only.
    StorageMut,
    /// `texture_2d<f32>` that can be filtered.
    Texture,
    /// `texture_2d<f32>` that is only loaded.
    Texels,
    /// `texture_depth_2d`.
    Depth,
    /// `sampler`.
    Sampler,
    /// `sampler_comparison`.
    Comparison,
}

/// The slots of a group.
#[derive(Clone, Debug)]
pub struct Layout {
    pub(crate) raw: wgpu::BindGroupLayout,
}

/// What lies in a slot.
#[derive(Clone, Debug)]
pub struct Binding<'a> {
    raw: wgpu::BindingResource<'a>,
    lease: Option<Arc<Lease>>,
}

impl<'a, T> From<&'a Buffer<T>> for Binding<'a> {
    fn from(buffer: &'a Buffer<T>) -> Self {
        let size = std::num::NonZero::new(buffer.bytes());
        let raw = wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer: &buffer.raw, offset: 0, size });
        Binding { raw, lease: buffer.lease.clone() }
    }
}

impl<'a> From<&'a Texture> for Binding<'a> {
    fn from(texture: &'a Texture) -> Self {
        Binding { raw: wgpu::BindingResource::TextureView(&texture.view), lease: None }
    }
}

impl<'a> From<&'a Sampler> for Binding<'a> {
    fn from(sampler: &'a Sampler) -> Self {
        Binding { raw: wgpu::BindingResource::Sampler(&sampler.raw), lease: None }
    }
}

/// What lies in the slots of a group.
#[derive(Clone, Debug)]
pub struct Bindings {
    pub(crate) raw: wgpu::BindGroup,
    pub(crate) leases: Vec<Arc<Lease>>,
}

impl Gpu {
    /// The layout of a group; the same one is made once.
    ///
    /// # Errors
    /// More slots than the adapter allows, or a lost device.
    pub fn layout(&self, slots: &[Slot]) -> Result<Layout, GpuError> {
        if let Some(made) = self.caches().layouts.get(slots) {
            return Ok(made.clone());
        }
        let entries: Vec<_> = slots.iter().enumerate().map(|(place, slot)| entry(place, *slot)).collect();
        let descriptor = wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries };
        let raw = self.guarded("a layout", || self.device().create_bind_group_layout(&descriptor))?;
        let made = Layout { raw };
        self.caches().layouts.insert(slots.to_vec(), made.clone());
        Ok(made)
    }

    /// Fills the slots of a layout, in their order.
    ///
    /// # Errors
    /// Something that does not fit its slot, or a lost device.
    pub fn bind(&self, layout: &Layout, bindings: &[Binding<'_>]) -> Result<Bindings, GpuError> {
        let resources = bindings.iter().map(|binding| binding.raw.clone());
        let entries: Vec<_> = (0..)
            .zip(resources)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let descriptor = wgpu::BindGroupDescriptor { label: None, layout: &layout.raw, entries: &entries };
        let raw = self.guarded("bindings", || self.device().create_bind_group(&descriptor))?;
        let leases = bindings.iter().filter_map(|binding| binding.lease.clone()).collect();
        Ok(Bindings { raw, leases })
    }
}

fn entry(place: usize, slot: Slot) -> wgpu::BindGroupLayoutEntry {
    let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
    let texture = |sample_type| wgpu::BindingType::Texture {
        sample_type,
        view_dimension: wgpu::TextureViewDimension::D2,
        multisampled: false,
    };
    let ty = match slot.kind {
        SlotKind::Uniform => buffer(wgpu::BufferBindingType::Uniform),
        SlotKind::Storage => buffer(wgpu::BufferBindingType::Storage { read_only: true }),
        SlotKind::StorageMut => buffer(wgpu::BufferBindingType::Storage { read_only: false }),
        SlotKind::Texture => texture(wgpu::TextureSampleType::Float { filterable: true }),
        SlotKind::Texels => texture(wgpu::TextureSampleType::Float { filterable: false }),
        SlotKind::Depth => texture(wgpu::TextureSampleType::Depth),
        SlotKind::Sampler => wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
        SlotKind::Comparison => wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Comparison),
    };
    let seen = match slot.kind {
        SlotKind::StorageMut => wgpu::ShaderStages::COMPUTE,
        _ => wgpu::ShaderStages::FRAGMENT | wgpu::ShaderStages::COMPUTE,
    };
    let vertex = if slot.vertex { wgpu::ShaderStages::VERTEX } else { wgpu::ShaderStages::empty() };
    wgpu::BindGroupLayoutEntry { binding: place as u32, visibility: seen | vertex, ty, count: None }
}
