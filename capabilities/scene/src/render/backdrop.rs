//! The environment behind everything.

use bytemuck::{Pod, Zeroable};
use glam::{Mat4, Vec4};
use gpu::{
    Bindings, Blending, Culling, Depth, Gpu, GpuError, Pipeline, PipelineSpec, Primitive, Slot, SlotKind,
    Texture, Use,
};

use crate::{
    frame::{Environment, Frame},
    render::{
        Output, RenderError, environment,
        view::{self, Shared},
    },
};

const SHADER: &str = include_str!(concat!(env!("OUT_DIR"), "/backdrop.wgsl"));

const SLOTS: [Slot; 2] = [Slot::with_vertices(SlotKind::Uniform), Slot::new(SlotKind::Texture)];

/// As `Backdrop` in `backdrop.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Backdrop {
    world_from_clip: Mat4,
    blur: Vec4,
}

/// A picture of light that is seen, on the GPU.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) pipeline: Pipeline,
    map: Texture,
    width: f32,
    blur: f32,
}

/// What is seen behind a frame; none where its environment only shines.
///
/// # Errors
/// What fails on the GPU.
pub(super) fn backdrop(
    gpu: &Gpu,
    frame: &Frame,
    shared: &Shared,
    output: Output,
) -> Result<Option<Seen>, RenderError> {
    let Environment::Image { panorama, backdrop: Some(blur), .. } = &frame.environment else {
        return Ok(None);
    };
    let map = match *blur > 0.0 {
        true => shared.surroundings.map.clone(),
        false => environment::texture(gpu, panorama.seen())?,
    };
    let pipeline = gpu.pipeline(&PipelineSpec {
        source: SHADER.into(),
        vertex: "backdrop_vertex",
        fragment: Some("backdrop_fragment"),
        constants: vec![("ENVIRONMENT", shared.environment), ("TONED", output.is_toned().into())],
        groups: vec![view::SLOTS.to_vec(), SLOTS.to_vec()],
        streams: Vec::new(),
        primitive: Primitive::Triangles,
        clockwise: false,
        culling: Culling::None,
        color: Some((output.format(), Blending::Replace)),
        depth: Some(Depth { write: false, bias: (0, 0) }),
        samples: shared.sampling.samples(),
    })?;
    let width = map.spec().width as f32;
    Ok(Some(Seen { pipeline, map, width, blur: blur.clamp(0.0, 1.0) }))
}

impl Seen {
    /// Binds it for a tile, from whose clip space this matrix leads to the world around the eye.
    ///
    /// # Errors
    /// What fails on the GPU.
    pub(super) fn bind(&self, gpu: &Gpu, world_from_clip: Mat4) -> Result<Bindings, GpuError> {
        let blur = Vec4::new(self.blur, self.width, 0.0, 0.0);
        let uniform = gpu.buffer(Use::Uniform, &[Backdrop { world_from_clip, blur }])?;
        gpu.bind(&gpu.layout(&SLOTS)?, &[(&uniform).into(), (&self.map).into()])
    }
}
