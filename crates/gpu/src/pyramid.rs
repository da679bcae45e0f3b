//! Textures that passes draw into level by level.

use crate::{Gpu, GpuError, Target, TargetSpec, Texture, TextureSpec, TextureUse};

/// A texture with all its levels down to one pixel, each half as large as the one before (rounded down, at least 1).
#[derive(Debug)]
pub struct Pyramid {
    texture: Texture,
    levels: Vec<Texture>,
    targets: Vec<Target>,
}

impl Pyramid {
    /// All levels as one texture.
    pub fn texture(&self) -> &Texture {
        &self.texture
    }

    /// Each level as a texture of its own, the largest first.
    pub fn levels(&self) -> &[Texture] {
        &self.levels
    }

    /// Each level as what passes draw into, the largest first: that one alone has depth and more than one sample a pixel.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }
}

impl Gpu {
    /// Makes a pyramid; without a colour it is one of four bytes, linear.
    ///
    /// # Errors
    /// A side that is 0 or larger than the adapter allows, no memory, a lost device.
    pub fn pyramid(&self, spec: TargetSpec) -> Result<Pyramid, GpuError> {
        let format = spec.color.unwrap_or(crate::Format::Rgba8);
        let TargetSpec { width, height, .. } = spec;
        let largest = TextureSpec { width, height, format, usage: TextureUse::Drawn };
        let count = width.max(height).max(1).ilog2() + 1;
        let texture = self.leveled(largest, count)?;
        let level = |level: u32| {
            let side = |side: u32| (side >> level).max(1);
            let spec = TextureSpec { width: side(width), height: side(height), ..largest };
            let view = texture.raw.create_view(&wgpu::TextureViewDescriptor {
                base_mip_level: level,
                mip_level_count: Some(1),
                ..Default::default()
            });
            Texture { raw: texture.raw.clone(), view, spec }
        };
        let levels: Vec<Texture> = (0..count).map(level).collect();
        let mut targets = Vec::with_capacity(levels.len());
        for (number, level) in levels.iter().enumerate() {
            let color = Some(level.clone());
            targets.push(match number {
                0 => self.target_of(TargetSpec { color: Some(format), ..spec }, color)?,
                _ => Target { color, samples: None, depth: None },
            });
        }
        Ok(Pyramid { texture, levels, targets })
    }
}
