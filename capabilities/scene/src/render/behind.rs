//! The picture of what is behind things that light goes through.

use gpu::{Bindings, Format, Gpu, Pipeline, PipelineSpec, Primitive, Slot, SlotKind, TargetSpec};

use crate::{
    frame::Frame,
    render::{
        Output, RenderError, SAMPLES, TILE,
        batch::Plan,
        environment,
        pipelines::{self, Scope},
        upload::Meshes,
        view::{Part, Shared, Tile, View},
    },
};

/// How it gets smaller level by level.
const SHADER: &str = include_str!(concat!(env!("OUT_DIR"), "/smaller.wgsl"));

/// Draws the light from all that is neither blended nor lets light through, if there is something to see it through. It is as
/// large as the part of the picture, but no larger than a tile: `shared` comes to hold it.
///
/// # Errors
/// What fails on the GPU.
pub(super) fn draw(
    gpu: &Gpu,
    frame: &Frame,
    (view, part): (&View, &Part),
    plan: &Plan<'_>,
    (meshes, materials): (&Meshes, &[Bindings]),
    (shared, output): (&mut Shared, Output),
) -> Result<(), RenderError> {
    let drawn = |material: usize| plan.batches.iter().any(|batch| batch.material == material);
    let mut materials_seen = frame.materials.iter().enumerate();
    if !materials_seen.any(|(place, material)| pipelines::is_transmissive(material) && drawn(place)) {
        return Ok(());
    }
    let shrunk = (f64::from(TILE) / f64::from(part.width.max(part.height))).min(1.0);
    let side = |side: u32| (f64::from(side) * shrunk).round().max(1.0) as u32;
    let spec = TargetSpec {
        width: side(part.width),
        height: side(part.height),
        color: Some(Format::Rgba16Float),
        depth: true,
        samples: SAMPLES,
    };
    let pyramid = gpu.pyramid(spec)?;
    let clip_from_world =
        view.clip_from_world(&Tile { left: 0, top: 0, width: part.width, height: part.height }, part);
    let draws = pipelines::draws(gpu, frame, plan, shared, Scope::Behind(output))?;
    let globals = shared.bind(gpu, clip_from_world)?;
    let mut commands = gpu.commands();
    if let Some(target) = pyramid.targets().first() {
        commands.draw(target, [0.0; 4], |pass| {
            pass.bind(0, &globals);
            for draw in &draws {
                pass.pipeline(&draw.pipeline);
                pass.bind(1, &materials[draw.material]);
                meshes.list[draw.mesh].draw(pass, &meshes.places, draw.style, draw.instances.clone());
            }
        });
    }
    let pipeline = smaller(gpu)?;
    let sampler = gpu.sampler(environment::SAMPLER)?;
    for (larger, target) in pyramid.levels().iter().zip(pyramid.targets().iter().skip(1)) {
        let bindings = gpu.bind(&gpu.layout(&SLOTS)?, &[larger.into(), (&sampler).into()])?;
        commands.draw(target, [0.0; 4], |pass| {
            pass.pipeline(&pipeline);
            pass.bind(0, &bindings);
            pass.draw(0..3, 0..1);
        });
    }
    commands.submit()?;
    let height = (part.whole.1 * shrunk) as f32;
    shared.set_behind(&pyramid, clip_from_world, height);
    Ok(())
}

const SLOTS: [Slot; 2] = [Slot::new(SlotKind::Texture), Slot::new(SlotKind::Sampler)];

fn smaller(gpu: &Gpu) -> Result<Pipeline, RenderError> {
    Ok(gpu.pipeline(&PipelineSpec {
        source: SHADER.into(),
        vertex: "covering_vertex",
        fragment: Some("smaller_fragment"),
        constants: Vec::new(),
        groups: vec![SLOTS.to_vec()],
        streams: Vec::new(),
        primitive: Primitive::Triangles,
        clockwise: false,
        culling: gpu::Culling::None,
        color: Some((Format::Rgba16Float, gpu::Blending::Replace)),
        depth: None,
        samples: 1,
    })?)
}
