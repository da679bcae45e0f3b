//! The shadow map of the first directional light.

use std::collections::HashMap;

use glam::{DVec3, Mat4, Vec3, camera::rh};
use gpu::{
    Bindings, Culling, Depth, Filter, Format, Gpu, Pipeline, PipelineSpec, Primitive, SamplerSpec, Slot,
    SlotKind, TargetSpec, Texture, Tiling, Use,
};

use crate::{
    frame::{Alpha, Frame, LightKind, Topology},
    render::{
        RenderError,
        batch::Plan,
        check::Bounds,
        material,
        pipelines::{self, Style},
        upload::Meshes,
        view::{self, Globals},
    },
};

/// The side of the map in texels.
const SIDE: u32 = 2048;

/// How it is sampled.
pub(super) const SAMPLER: SamplerSpec = SamplerSpec {
    tiling: [Tiling::Clamp; 2],
    magnified: Filter::Linear,
    minified: Filter::Nearest,
    anisotropy: 1,
    compare: true,
};

/// A shadow map.
#[derive(Debug)]
pub(super) struct Shadow {
    pub(super) map: Texture,
    /// From the world around the eye to the map's clip space.
    pub(super) shadow_from_world: Mat4,
    /// The side of a texel in metres.
    pub(super) texel: f32,
    /// The side of a texel as a part of the map.
    pub(super) part: f32,
}

impl Shadow {
    /// What stands for no shadow map.
    ///
    /// # Errors
    /// What fails on the GPU.
    pub(super) fn none(gpu: &Gpu) -> Result<Self, RenderError> {
        let map = view::placeholder(gpu, Format::Depth32)?;
        Ok(Shadow { map, shadow_from_world: Mat4::IDENTITY, texel: 0.0, part: 0.0 })
    }
}

/// The light that casts shadows: its number and its direction.
pub(super) fn sun(frame: &Frame) -> Option<(usize, Vec3)> {
    frame.lights.iter().enumerate().find_map(|(number, light)| match light.kind {
        LightKind::Directional(direction) => Some((number, direction.try_normalize()?)),
        _ => None,
    })
}

/// Draws the map: all that is neither blended nor made of lines or points, fitted to the bounds of the frame.
///
/// # Errors
/// What fails on the GPU.
pub(super) fn draw(
    gpu: &Gpu,
    frame: &Frame,
    plan: &Plan<'_>,
    meshes: &Meshes,
    materials: &[Bindings],
    direction: Vec3,
    eye: DVec3,
) -> Result<Shadow, RenderError> {
    let checked = plan.checked;
    let up = if direction.y.abs() > 0.99 { Vec3::Z } else { Vec3::Y };
    let light_from_world = rh::view::look_to_mat4(Vec3::ZERO, direction, up);
    let mut bounds = Bounds::EMPTY;
    for (number, geometry) in &checked.drawn {
        let mut place = frame.instances[*number].world_from_local.as_dmat4();
        place.w_axis -= eye.extend(0.0);
        let light_from_local = light_from_world * place.as_mat4();
        for corner in checked.geometries[*geometry].1.corners() {
            bounds = bounds.with(light_from_local.transform_point3(corner));
        }
    }
    let size = (bounds.max - bounds.min).max(Vec3::splat(1e-6));
    // Room for the softened edge.
    let margin = size.max_element() * 0.01;
    let (min, max) = (bounds.min - margin, bounds.max + margin);
    let projection = rh::proj::directx::orthographic(min.x, max.x, min.y, max.y, -min.z, -max.z);
    let shadow_from_world = projection * light_from_world;
    let target = TargetSpec { width: SIDE, height: SIDE, color: None, depth: true, samples: 1 };
    let target = gpu.target(target)?;

    let globals = gpu.buffer(Use::Uniform, &[Globals::shadow(shadow_from_world)])?;
    let layout = gpu.layout(&[Slot::with_vertices(SlotKind::Uniform)])?;
    let bindings = gpu.bind(&layout, &[(&globals).into()])?;
    let (mut casting, mut made) = (Vec::new(), HashMap::new());
    for batch in &plan.batches {
        let geometry = checked.geometries[batch.geometry].0;
        let material = &frame.materials[batch.material];
        if geometry.topology == Topology::Triangles && material.alpha != Alpha::Blend {
            let masked = matches!(material.alpha, Alpha::Mask(_))
                && pipelines::style(geometry, material) == Style::Rich;
            let textures = masked.then(|| material::textured(geometry, material));
            let pipeline: Pipeline = match made.get(&textures) {
                Some(pipeline) => Pipeline::clone(pipeline),
                None => gpu.pipeline(&spec(textures))?,
            };
            made.insert(textures, pipeline.clone());
            casting.push((batch, if masked { Style::Rich } else { Style::Flat }, pipeline));
        }
    }
    let mut commands = gpu.commands();
    commands.draw(&target, [0.0; 4], |pass| {
        pass.bind(0, &bindings);
        for (batch, style, pipeline) in &casting {
            pass.pipeline(pipeline);
            if *style == Style::Rich {
                pass.bind(1, &materials[batch.material]);
            }
            meshes.list[batch.geometry].draw(pass, &meshes.places, *style, batch.instances.clone());
        }
    });
    commands.submit()?;
    let map = match target.depth() {
        Some(map) => map.clone(),
        None => return Shadow::none(gpu),
    };
    let texel = (max - min).truncate().max_element() / SIDE as f32;
    Ok(Shadow { map, shadow_from_world, texel, part: 1.0 / SIDE as f32 })
}

/// The pipeline of what casts shadows: as a whole, or where a mask with these textures lets it.
fn spec(textures: Option<i32>) -> PipelineSpec {
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
    let Some(textures) = textures else { return whole };
    PipelineSpec {
        vertex: "masked_shadow_vertex",
        fragment: Some("masked_shadow_fragment"),
        constants: vec![("TEXTURES", textures)],
        groups: vec![vec![Slot::with_vertices(SlotKind::Uniform)], material::SLOTS.to_vec()],
        streams: pipelines::streams(Style::Rich),
        ..whole
    }
}
