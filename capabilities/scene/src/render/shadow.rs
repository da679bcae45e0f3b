//! Shadow maps, side by side in one texture.

use std::collections::HashMap;

use bytemuck::{Pod, Zeroable};
use glam::{Mat4, Vec4};
use gpu::{
    Bindings, Buffer, Culling, Depth, Filter, Format, Gpu, Pipeline, PipelineSpec, Primitive, SamplerSpec,
    Slot, SlotKind, TargetSpec, Texture, Tiling, Use,
};

use crate::{
    frame::{Alpha, Frame, Topology},
    render::{
        RenderError,
        batch::Plan,
        material,
        pipelines::{self, Style},
        shadow_views,
        upload::Meshes,
        view::{self, Globals},
    },
};

pub(super) use shadow_views::{Casting, casting};

/// The side of a map in texels, where there are few.
const SIDE: u32 = 2048;
/// The most texels along a side of the texture.
const MOST: u32 = 4096;

/// How it is sampled.
pub(super) const SAMPLER: SamplerSpec = SamplerSpec {
    tiling: [Tiling::Clamp; 2],
    magnified: Filter::Linear,
    minified: Filter::Nearest,
    anisotropy: 1,
    compare: true,
};

/// As `ShadowView` in `frame.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub(super) struct Lookup {
    clip_from_world: Mat4,
    place: Vec4,
    texel: Vec4,
}

/// Shadow maps, drawn.
#[derive(Debug)]
pub(super) struct Shadows {
    pub(super) map: Texture,
    pub(super) views: Buffer<Lookup>,
}

/// How many maps lie side by side, their side, and the width and height of the texture, in texels.
fn grid(count: usize) -> (u32, u32, [u32; 2]) {
    let columns = (1..).find(|columns| columns * columns >= count as u32).unwrap_or(1);
    let side = SIDE.min(MOST / columns);
    let rows = (count as u32).div_ceil(columns);
    (columns, side, [columns * side, rows * side])
}

/// Draws the maps: all that is neither blended nor lets light through nor is made of lines or points.
///
/// # Errors
/// What fails on the GPU.
pub(super) fn draw(
    gpu: &Gpu,
    frame: &Frame,
    plan: &Plan<'_>,
    meshes: &Meshes,
    materials: &[Bindings],
    casting: &Casting,
) -> Result<Shadows, RenderError> {
    if casting.views.is_empty() {
        let map = view::placeholder(gpu, Format::Depth32)?;
        return Ok(Shadows { map, views: gpu.buffer(Use::Storage, &[Lookup::zeroed()])? });
    }
    let (columns, side, [width, height]) = grid(casting.views.len());
    let target = gpu.target(TargetSpec { width, height, color: None, depth: true, samples: 1 })?;
    let corner = |number: usize| [number as u32 % columns * side, number as u32 / columns * side];
    let layout = gpu.layout(&[Slot::with_vertices(SlotKind::Uniform)])?;
    let (mut lookups, mut drawn) = (Vec::new(), Vec::new());
    let whole = Vec4::new(width as f32, height as f32, width as f32, height as f32);
    for (number, view) in casting.views.iter().enumerate() {
        let [left, top] = corner(number).map(|texels| texels as f32);
        lookups.push(Lookup {
            clip_from_world: view.clip_from_world,
            place: Vec4::new(left, top, side as f32, side as f32) / whole,
            texel: Vec4::new(view.width / side as f32, 1.0 / width as f32, 1.0 / height as f32, 0.0),
        });
        let globals = gpu.buffer(Use::Uniform, &[Globals::shadow(view.clip_from_world)])?;
        drawn.push((corner(number), view, gpu.bind(&layout, &[(&globals).into()])?));
    }
    let casters = casters(gpu, frame, plan)?;
    let mut commands = gpu.commands();
    commands.draw(&target, [0.0; 4], |pass| {
        for (corner, view, bindings) in &drawn {
            pass.viewport(*corner, [side; 2]);
            pass.bind(0, bindings);
            for caster in casters.iter().filter(|caster| view.sees(caster.bounds)) {
                let batch = &plan.batches[caster.batch];
                pass.pipeline(&caster.pipeline);
                if caster.style == Style::Rich {
                    pass.bind(1, &materials[batch.material]);
                }
                let mesh = &meshes.list[batch.geometry];
                mesh.draw(pass, &meshes.places, caster.style, batch.instances.clone());
            }
        }
    });
    commands.submit()?;
    let map = match target.depth() {
        Some(map) => map.clone(),
        None => view::placeholder(gpu, Format::Depth32)?,
    };
    Ok(Shadows { map, views: gpu.buffer(Use::Storage, &lookups)? })
}

/// What casts shadows.
struct Caster {
    batch: usize,
    bounds: super::check::Bounds,
    style: Style,
    pipeline: Pipeline,
}

fn casters(gpu: &Gpu, frame: &Frame, plan: &Plan<'_>) -> Result<Vec<Caster>, RenderError> {
    let (mut casters, mut made) = (Vec::new(), HashMap::new());
    for (number, batch) in plan.batches.iter().enumerate() {
        let geometry = plan.checked.geometries[batch.geometry].0;
        let material = &frame.materials[batch.material];
        let hides = material.alpha != Alpha::Blend && !pipelines::is_transmissive(material);
        if geometry.topology != Topology::Triangles || !hides {
            continue;
        }
        let masked =
            matches!(material.alpha, Alpha::Mask(_)) && pipelines::style(geometry, material) == Style::Rich;
        let key = masked.then(|| (material::textured(geometry, material), material::is_lobed(material)));
        let pipeline: Pipeline = match made.get(&key) {
            Some(pipeline) => Pipeline::clone(pipeline),
            None => gpu.pipeline(&spec(key))?,
        };
        made.insert(key, pipeline.clone());
        let style = if masked { Style::Rich } else { Style::Flat };
        casters.push(Caster { batch: number, bounds: shadow_views::bounds_of(plan, batch), style, pipeline });
    }
    Ok(casters)
}

/// The pipeline of what casts shadows: as a whole, or where a mask with these textures lets it, of a material with lobes or
/// without.
fn spec(masked: Option<(i32, bool)>) -> PipelineSpec {
    let whole = PipelineSpec {
        source: pipelines::SHADER.into(),
        vertex: "shadow_vertex",
        fragment: None,
        constants: Vec::new(),
        groups: vec![vec![Slot::with_vertices(SlotKind::Uniform)]],
        streams: pipelines::streams(Style::Flat),
        primitive: Primitive::Triangles,
        clockwise: false,
        culling: Culling::None,
        color: None,
        depth: Some(Depth { write: true, bias: (0, 2) }),
        samples: 1,
    };
    let Some((textures, lobed)) = masked else { return whole };
    PipelineSpec {
        vertex: "masked_shadow_vertex",
        fragment: Some("masked_shadow_fragment"),
        constants: vec![("TEXTURES", textures)],
        groups: vec![vec![Slot::with_vertices(SlotKind::Uniform)], material::slots(lobed)],
        streams: pipelines::streams(Style::Rich),
        ..whole
    }
}
