//! Environment images on the GPU.

use gpu::{Filter, Format, Gpu, GpuError, SamplerSpec, Texture, TextureSpec, TextureUse, Tiling};

use crate::{
    frame::Environment,
    render::{RenderError, prefilter::Level, view},
};

/// How the images are sampled.
pub(super) const SAMPLER: SamplerSpec = SamplerSpec {
    tiling: [Tiling::Repeat, Tiling::Clamp],
    magnified: Filter::Linear,
    minified: Filter::Linear,
    anisotropy: 1,
    compare: false,
};

/// What shines from all sides, on the GPU.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// Radiance: each level as a rougher surface sees it.
    pub(super) map: Texture,
    /// How many levels there are.
    pub(super) levels: f32,
    /// Irradiance over π.
    pub(super) irradiance: Texture,
}

/// Puts an environment on the GPU; the studio needs nothing there.
///
/// # Errors
/// What fails there.
pub(super) fn surroundings(gpu: &Gpu, environment: &Environment) -> Result<Surroundings, RenderError> {
    let Environment::Image { panorama, .. } = environment else {
        let map = view::placeholder(gpu, Format::Rgba16Float)?;
        return Ok(Surroundings { irradiance: map.clone(), map, levels: 1.0 });
    };
    let filtered = panorama.filtered();
    let irradiance = texture(gpu, std::slice::from_ref(&filtered.irradiance))?;
    let levels = filtered.levels.len() as f32;
    Ok(Surroundings { map: texture(gpu, &filtered.levels)?, levels, irradiance })
}

/// A texture of these levels, of which there is at least one.
///
/// # Errors
/// What fails on the GPU.
pub(super) fn texture(gpu: &Gpu, levels: &[Level]) -> Result<Texture, GpuError> {
    let width = levels.first().map_or(0, |level| level.width) as u32;
    let texels: Vec<&[u8]> = levels.iter().map(|level| bytemuck::cast_slice(&level.texels)).collect();
    let spec =
        TextureSpec { width, height: width / 2, format: Format::Rgba16Float, usage: TextureUse::Sampled };
    gpu.texture(spec, &texels)
}
