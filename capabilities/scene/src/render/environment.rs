//! Environment images on the GPU.

use glam::Vec4;
use gpu::{Filter, Format, Gpu, SamplerSpec, Texture, TextureSpec, TextureUse, Tiling};

use crate::{
    frame::Environment,
    render::{RenderError, prefilter, view},
};

/// How the image is sampled.
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
    pub(super) harmonics: [Vec4; 9],
}

/// Puts an environment on the GPU; the studio needs nothing there.
///
/// # Errors
/// What fails there.
pub(super) fn surroundings(gpu: &Gpu, environment: &Environment) -> Result<Surroundings, RenderError> {
    let Environment::Image { width, height, rgb, .. } = environment else {
        let map = view::placeholder(gpu, Format::Rgba16Float)?;
        return Ok(Surroundings { map, levels: 1.0, harmonics: [Vec4::ZERO; 9] });
    };
    let filtered = prefilter::filter(*width as usize, *height as usize, rgb);
    let levels: Vec<&[u8]> = filtered.levels.iter().map(|level| bytemuck::cast_slice(level)).collect();
    let spec = TextureSpec {
        width: filtered.width as u32,
        height: filtered.height as u32,
        format: Format::Rgba16Float,
        usage: TextureUse::Sampled,
    };
    let map = gpu.texture(spec, &levels)?;
    Ok(Surroundings { map, levels: levels.len() as f32, harmonics: filtered.harmonics })
}
