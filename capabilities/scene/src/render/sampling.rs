//! How the edges of triangles become smooth.

use gpu::{
    Blending, Culling, Format, Gpu, Kind, PipelineSpec, Primitive, Slot, SlotKind, Target, TargetSpec,
    Texture,
};

use crate::{
    frame::Topology,
    render::{RenderError, TILE, batch::Plan, view::Tile},
};

const SHADER: &str = include_str!(concat!(env!("OUT_DIR"), "/average.wgsl"));
const SLOTS: [Slot; 1] = [Slot::new(SlotKind::Texture)];

/// From so many triangles on they are about as small as pixels.
const MANY: u64 = 1 << 18;

/// The most rows of pixels that are drawn at once from a larger picture.
const ROWS: u32 = 640;

/// Where the four samples of a pixel come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sampling {
    /// The device takes them.
    Device,
    /// They are the pixels of a picture twice as wide and high. Software asks of each triangle which samples it covers, so that
    /// many small ones take half the time this way.
    Larger,
}

impl Sampling {
    /// What suits a plan on a device.
    pub(super) fn of(gpu: &Gpu, plan: &Plan<'_>) -> Self {
        let geometry = |batch: usize| plan.checked.geometries[plan.batches[batch].geometry].0;
        let batches = || 0..plan.batches.len();
        let count = |batch: usize| {
            geometry(batch).indices.len() as u64 / 3 * plan.batches[batch].instances.len() as u64
        };
        let fits = gpu.limits().texture_side >= 2 * TILE;
        // Lines and points are as wide as a pixel of what they are drawn into.
        let triangles = || batches().all(|batch| geometry(batch).topology == Topology::Triangles);
        let software = gpu.adapter().kind == Kind::Software;
        match software && fits && triangles() && batches().map(count).sum::<u64>() >= MANY {
            true => Sampling::Larger,
            false => Sampling::Device,
        }
    }

    /// The width and height of what is drawn at once, in pixels of a picture of this height. Software keeps all triangles of what
    /// it draws in memory, beside the pixels.
    pub(super) fn tile(self, height: u32) -> (u32, u32) {
        match self {
            Sampling::Device => (TILE, TILE),
            Sampling::Larger => (TILE, height.div_ceil(height.div_ceil(ROWS).max(1)).max(1)),
        }
    }

    /// The samples of a pixel of what is drawn into.
    pub(super) fn samples(self) -> u32 {
        match self {
            Sampling::Device => super::SAMPLES,
            Sampling::Larger => 1,
        }
    }

    /// What a tile is drawn into.
    ///
    /// # Errors
    /// What fails on the GPU.
    pub(super) fn target(self, gpu: &Gpu, tile: &Tile, format: Format) -> Result<Target, RenderError> {
        let scale = if self == Sampling::Larger { 2 } else { 1 };
        let (width, height) = (tile.width * scale, tile.height * scale);
        let spec = TargetSpec { width, height, color: Some(format), depth: true, samples: self.samples() };
        Ok(gpu.target(spec)?)
    }

    /// The pixels of a tile that was drawn.
    ///
    /// # Errors
    /// What fails on the GPU.
    pub(super) fn resolved(self, gpu: &Gpu, target: &Target) -> Result<Option<Texture>, RenderError> {
        let Some(color) = target.color() else { return Ok(None) };
        if self == Sampling::Device {
            return Ok(Some(color.clone()));
        }
        let spec = color.spec();
        let (width, height, format) = (spec.width / 2, spec.height / 2, spec.format);
        let average =
            gpu.target(TargetSpec { width, height, color: Some(format), depth: false, samples: 1 })?;
        let pipeline = gpu.pipeline(&PipelineSpec {
            source: SHADER.into(),
            vertex: "covering_vertex",
            fragment: Some("average_fragment"),
            constants: Vec::new(),
            groups: vec![SLOTS.to_vec()],
            streams: Vec::new(),
            primitive: Primitive::Triangles,
            clockwise: false,
            culling: Culling::None,
            color: Some((format, Blending::Replace)),
            depth: None,
            samples: 1,
        })?;
        let bindings = gpu.bind(&gpu.layout(&SLOTS)?, &[color.into()])?;
        let mut commands = gpu.commands();
        commands.draw(&average, [0.0; 4], |pass| {
            pass.pipeline(&pipeline);
            pass.bind(0, &bindings);
            pass.draw(0..3, 0..1);
        });
        commands.submit()?;
        Ok(average.color().cloned())
    }
}
