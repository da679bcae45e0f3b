//! Textures and how they are sampled.

use crate::{Gpu, GpuError};

/// What a pixel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Four bytes, linear.
    Rgba8,
    /// Four bytes, sRGB with linear alpha: shaders see linear values.
    Rgba8Srgb,
    /// Four half floats.
    Rgba16Float,
    /// Four floats. Not filtered.
    Rgba32Float,
    /// Depth, a float from 0 to 1.
    Depth32,
}

impl Format {
    /// The size of a pixel in bytes.
    pub fn bytes(self) -> u32 {
        match self {
            Format::Rgba8 | Format::Rgba8Srgb | Format::Depth32 => 4,
            Format::Rgba16Float => 8,
            Format::Rgba32Float => 16,
        }
    }

    pub(crate) fn raw(self) -> wgpu::TextureFormat {
        match self {
            Format::Rgba8 => wgpu::TextureFormat::Rgba8Unorm,
            Format::Rgba8Srgb => wgpu::TextureFormat::Rgba8UnormSrgb,
            Format::Rgba16Float => wgpu::TextureFormat::Rgba16Float,
            Format::Rgba32Float => wgpu::TextureFormat::Rgba32Float,
            Format::Depth32 => wgpu::TextureFormat::Depth32Float,
        }
    }
}

/// What a texture is for, beside being sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextureUse {
    /// Nothing else.
    Sampled,
    /// Passes draw into it; it can be read back.
    Drawn,
    /// Passes draw into it with so many samples a pixel; it is not sampled.
    Multisampled(u32),
}

/// What a texture is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextureSpec {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What a pixel is.
    pub format: Format,
    /// What it is for.
    pub usage: TextureUse,
}

/// Pixels in the device's memory.
#[derive(Clone, Debug)]
pub struct Texture {
    pub(crate) raw: wgpu::Texture,
    pub(crate) view: wgpu::TextureView,
    pub(crate) spec: TextureSpec,
}

impl Texture {
    /// What it is.
    pub fn spec(&self) -> TextureSpec {
        self.spec
    }
}

/// Whether pixels are mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// The nearest one counts.
    Nearest,
    /// Neighbours are mixed.
    Linear,
}

/// What lies beside a texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tiling {
    /// The texture again.
    Repeat,
    /// The texture again, every second time mirrored.
    Mirror,
    /// Its edge.
    Clamp,
}

/// How a texture is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SamplerSpec {
    /// What lies beside it, across and down.
    pub tiling: [Tiling; 2],
    /// How it is seen large.
    pub magnified: Filter,
    /// How it is seen small; between its levels, too.
    pub minified: Filter,
    /// The most samples along the direction in which it is seen at a slant: 1 to 16. Above 1 only with linear filters.
    pub anisotropy: u16,
    /// Whether depths are compared: what is sampled is how much lies at the reference or farther, where the nearest is 1.
    pub compare: bool,
}

/// How a texture is sampled, made.
#[derive(Clone, Debug)]
pub struct Sampler {
    pub(crate) raw: wgpu::Sampler,
}

impl Gpu {
    /// A texture with these levels, each half as large as the one before (rounded down, at least 1), rows from the top,
    /// without gaps; without levels its one level starts as zeros.
    ///
    /// # Errors
    /// A side that is 0 or larger than the adapter allows, levels of another size, no memory, a lost device.
    pub fn texture(&self, spec: TextureSpec, levels: &[&[u8]]) -> Result<Texture, GpuError> {
        let texture = self.leveled(spec, levels.len().max(1) as u32)?;
        self.guarded("a texture", || {
            for (level, pixels) in levels.iter().enumerate() {
                self.write(&texture.raw, spec, level as u32, pixels);
            }
        })?;
        Ok(texture)
    }

    /// A texture with so many levels, at least one; they start as zeros.
    pub(crate) fn leveled(&self, spec: TextureSpec, levels: u32) -> Result<Texture, GpuError> {
        let limit = self.limits().texture_side.into();
        Gpu::allow("the width of a texture in pixels", spec.width.into(), limit)?;
        Gpu::allow("the height of a texture in pixels", spec.height.into(), limit)?;
        let (usage, samples) = match spec.usage {
            TextureUse::Sampled => (wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST, 1),
            TextureUse::Drawn => (
                wgpu::TextureUsages::TEXTURE_BINDING
                    | wgpu::TextureUsages::RENDER_ATTACHMENT
                    | wgpu::TextureUsages::COPY_SRC,
                1,
            ),
            TextureUse::Multisampled(samples) => (wgpu::TextureUsages::RENDER_ATTACHMENT, samples),
        };
        let descriptor = wgpu::TextureDescriptor {
            label: None,
            size: size(spec, 0),
            mip_level_count: levels,
            sample_count: samples,
            dimension: wgpu::TextureDimension::D2,
            format: spec.format.raw(),
            usage,
            view_formats: &[],
        };
        self.guarded("a texture", || {
            let raw = self.device().create_texture(&descriptor);
            let view = raw.create_view(&wgpu::TextureViewDescriptor::default());
            Texture { raw, view, spec }
        })
    }

    fn write(&self, texture: &wgpu::Texture, spec: TextureSpec, level: u32, pixels: &[u8]) {
        let size = size(spec, level);
        let layout = wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(size.width * spec.format.bytes()),
            rows_per_image: Some(size.height),
        };
        let place = wgpu::TexelCopyTextureInfo { mip_level: level, ..texture.as_image_copy() };
        self.queue().write_texture(place, pixels, layout, size);
    }

    /// A way of sampling; the same one is made once.
    ///
    /// # Errors
    /// The adapter does not offer it, or the device is lost.
    pub fn sampler(&self, spec: SamplerSpec) -> Result<Sampler, GpuError> {
        if let Some(made) = self.caches().samplers.get(&spec) {
            return Ok(made.clone());
        }
        let filter = |filter| match filter {
            Filter::Nearest => wgpu::FilterMode::Nearest,
            Filter::Linear => wgpu::FilterMode::Linear,
        };
        let [across, down] = spec.tiling.map(|tiling| match tiling {
            Tiling::Repeat => wgpu::AddressMode::Repeat,
            Tiling::Mirror => wgpu::AddressMode::MirrorRepeat,
            Tiling::Clamp => wgpu::AddressMode::ClampToEdge,
        });
        let linear = spec.magnified == Filter::Linear && spec.minified == Filter::Linear;
        let descriptor = wgpu::SamplerDescriptor {
            address_mode_u: across,
            address_mode_v: down,
            mag_filter: filter(spec.magnified),
            min_filter: filter(spec.minified),
            mipmap_filter: match spec.minified {
                Filter::Nearest => wgpu::MipmapFilterMode::Nearest,
                Filter::Linear => wgpu::MipmapFilterMode::Linear,
            },
            anisotropy_clamp: if linear { spec.anisotropy.clamp(1, 16) } else { 1 },
            compare: spec.compare.then_some(wgpu::CompareFunction::GreaterEqual),
            ..Default::default()
        };
        let made = Sampler { raw: self.guarded("a sampler", || self.device().create_sampler(&descriptor))? };
        self.caches().samplers.insert(spec, made.clone());
        Ok(made)
    }
}

/// The size of a level.
fn size(spec: TextureSpec, level: u32) -> wgpu::Extent3d {
    let side = |side: u32| (side >> level).max(1);
    let (width, height) = match level {
        0 => (spec.width, spec.height),
        _ => (side(spec.width), side(spec.height)),
    };
    wgpu::Extent3d { width, height, depth_or_array_layers: 1 }
}
