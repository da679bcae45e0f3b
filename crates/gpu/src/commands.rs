//! Commands: what the device is to do, recorded and then handed over at once.

use std::{ops::Range, sync::Arc};

use crate::{Bindings, Buffer, Gpu, GpuError, Kernel, Pipeline, Target, pool::Lease};

/// Commands being recorded.
#[derive(Debug)]
pub struct Commands {
    gpu: Gpu,
    pub(crate) encoder: wgpu::CommandEncoder,
    /// What is not to be used again before this is submitted.
    leases: Vec<Arc<Lease>>,
}

/// Drawing into a target, being recorded.
#[derive(Debug)]
pub struct Pass<'a> {
    raw: wgpu::RenderPass<'a>,
    leases: &'a mut Vec<Arc<Lease>>,
}

impl Gpu {
    /// Starts to record.
    pub fn commands(&self) -> Commands {
        let encoder = self.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        Commands { gpu: self.clone(), encoder, leases: Vec::new() }
    }
}

impl Commands {
    /// Draws into a target that starts with this colour (linear, premultiplied) and with nothing near.
    pub fn draw(&mut self, target: &Target, clear: [f64; 4], record: impl FnOnce(&mut Pass<'_>)) {
        let [r, g, b, a] = clear;
        let color = target.color.as_ref().map(|color| {
            let (view, resolve_target, store) = match &target.samples {
                Some(samples) => (&samples.view, Some(&color.view), wgpu::StoreOp::Discard),
                None => (&color.view, None, wgpu::StoreOp::Store),
            };
            let load = wgpu::LoadOp::Clear(wgpu::Color { r, g, b, a });
            let ops = wgpu::Operations { load, store };
            wgpu::RenderPassColorAttachment { view, depth_slice: None, resolve_target, ops }
        });
        let store = if color.is_some() { wgpu::StoreOp::Discard } else { wgpu::StoreOp::Store };
        let depth = target.depth.as_ref().map(|depth| wgpu::RenderPassDepthStencilAttachment {
            view: &depth.view,
            depth_ops: Some(wgpu::Operations { load: wgpu::LoadOp::Clear(0.0), store }),
            stencil_ops: None,
        });
        let colors = [color];
        let raw = self.encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: if colors[0].is_some() { &colors } else { &[] },
            depth_stencil_attachment: depth,
            ..Default::default()
        });
        record(&mut Pass { raw, leases: &mut self.leases });
    }

    /// Runs a kernel over so many workgroups.
    ///
    /// # Errors
    /// More workgroups than the adapter allows.
    pub fn run(
        &mut self,
        kernel: &Kernel,
        bindings: &Bindings,
        workgroups: [u32; 3],
    ) -> Result<(), GpuError> {
        let limit = self.gpu.limits().workgroups.into();
        for count in workgroups {
            Gpu::allow("a kernel in workgroups", count.into(), limit)?;
        }
        let mut pass = self.encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&kernel.raw);
        pass.set_bind_group(0, &bindings.raw, &[]);
        self.leases.extend_from_slice(&bindings.leases);
        let [x, y, z] = workgroups;
        pass.dispatch_workgroups(x, y, z);
        Ok(())
    }

    /// Copies all values of a storage buffer into another that holds at least as many.
    ///
    /// # Errors
    /// The other holds fewer.
    pub fn copy<T>(&mut self, from: &Buffer<T>, to: &Buffer<T>) -> Result<(), GpuError> {
        Gpu::allow("a copy in values", from.len() as u64, to.len() as u64)?;
        self.leases.extend(from.lease.iter().chain(&to.lease).cloned());
        self.encoder.copy_buffer_to_buffer(&from.raw, 0, &to.raw, 0, from.bytes());
        Ok(())
    }

    /// Hands everything over to the device. Returns before it is done; what is read back later waits for it.
    ///
    /// # Errors
    /// Commands that do not fit together, no memory, a lost device.
    pub fn submit(self) -> Result<(), GpuError> {
        self.hand_over().map(drop)
    }

    /// The same, with what to wait for.
    pub(crate) fn hand_over(self) -> Result<wgpu::SubmissionIndex, GpuError> {
        let Commands { gpu, encoder, leases } = self;
        let submitted = gpu.guarded("the commands", || gpu.queue().submit([encoder.finish()]));
        drop(leases);
        submitted
    }

    pub(crate) fn gpu(&self) -> &Gpu {
        &self.gpu
    }
}

impl Pass<'_> {
    /// Draws with this pipeline from now on.
    pub fn pipeline(&mut self, pipeline: &Pipeline) {
        self.raw.set_pipeline(&pipeline.raw);
    }

    /// Draws into this rectangle of the target from now on, in pixels from its upper left corner.
    pub fn viewport(&mut self, [left, top]: [u32; 2], [width, height]: [u32; 2]) {
        let [left, top, width, height] = [left, top, width, height].map(|pixels| pixels as f32);
        self.raw.set_viewport(left, top, width, height, 0.0, 1.0);
    }

    /// Shows this to the shaders as a group from now on.
    pub fn bind(&mut self, group: u32, bindings: &Bindings) {
        self.leases.extend_from_slice(&bindings.leases);
        self.raw.set_bind_group(group, &bindings.raw, &[]);
    }

    /// Reads a stream of the pipeline from this buffer from now on.
    pub fn vertices<T>(&mut self, stream: u32, buffer: &Buffer<T>) {
        self.raw.set_vertex_buffer(stream, buffer.raw.slice(..));
    }

    /// Takes the numbers of vertices from this buffer from now on.
    pub fn indices(&mut self, buffer: &Buffer<u32>) {
        self.raw.set_index_buffer(buffer.raw.slice(..), wgpu::IndexFormat::Uint32);
    }

    /// Draws vertices by their numbers, once for each instance.
    pub fn draw_indexed(&mut self, indices: Range<u32>, instances: Range<u32>) {
        self.raw.draw_indexed(indices, 0, instances);
    }

    /// Draws vertices one after the other, once for each instance.
    pub fn draw(&mut self, vertices: Range<u32>, instances: Range<u32>) {
        self.raw.draw(vertices, instances);
    }
}
