//! Kernels: programs that compute on buffers and textures.

use std::borrow::Cow;

use crate::{Gpu, GpuError, Layout, Slot};

/// What a kernel is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KernelSpec {
    /// The WGSL.
    pub source: Cow<'static, str>,
    /// The name of its function.
    pub entry: &'static str,
    /// The slots of its one group.
    pub slots: Vec<Slot>,
}

/// A kernel, made.
#[derive(Clone, Debug)]
pub struct Kernel {
    pub(crate) raw: wgpu::ComputePipeline,
    layout: Layout,
}

impl Kernel {
    /// The layout of its group.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl Gpu {
    /// A kernel; the same one is made once.
    ///
    /// # Errors
    /// WGSL with mistakes, slots that do not fit it, or a lost device.
    pub fn kernel(&self, spec: &KernelSpec) -> Result<Kernel, GpuError> {
        if let Some(made) = self.caches().kernels.get(spec) {
            return Ok(made.clone());
        }
        let shader = self.shader(&spec.source)?;
        let layout = self.layout(&spec.slots)?;
        let raw = self.guarded("a kernel", || {
            let layout = self.device().create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: None,
                bind_group_layouts: &[Some(&layout.raw)],
                immediate_size: 0,
            });
            self.device().create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(spec.entry),
                layout: Some(&layout),
                module: &shader,
                entry_point: Some(spec.entry),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: self.pipeline_cache(),
            })
        })?;
        let made = Kernel { raw, layout };
        self.caches().kernels.insert(spec.clone(), made.clone());
        Ok(made)
    }

    /// Compiled WGSL; the same one is compiled once.
    pub(crate) fn shader(&self, source: &str) -> Result<wgpu::ShaderModule, GpuError> {
        if let Some(made) = self.caches().shaders.get(source) {
            return Ok(made.clone());
        }
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(Cow::Borrowed(source)),
        };
        let made = self.guarded("a shader", || self.device().create_shader_module(descriptor))?;
        self.caches().shaders.insert(source.to_owned(), made.clone());
        Ok(made)
    }
}
