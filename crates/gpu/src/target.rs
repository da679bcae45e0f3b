//! Targets: what passes draw into, off screen.

use crate::{Format, Gpu, GpuError, Texture, TextureSpec, TextureUse};

/// What a target is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetSpec {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What a pixel is; none where only depth counts.
    pub color: Option<Format>,
    /// Whether there is depth.
    pub depth: bool,
    /// Samples a pixel: 1 or 4.
    pub samples: u32,
}

/// What passes draw into.
#[derive(Debug)]
pub struct Target {
    pub(crate) color: Option<Texture>,
    pub(crate) samples: Option<Texture>,
    pub(crate) depth: Option<Texture>,
}

impl Target {
    /// The colours, of one sample a pixel.
    pub fn color(&self) -> Option<&Texture> {
        self.color.as_ref()
    }

    /// The depths; they can be sampled where there is no colour.
    pub fn depth(&self) -> Option<&Texture> {
        self.depth.as_ref()
    }
}

impl Gpu {
    /// Makes a target.
    ///
    /// # Errors
    /// A side that is 0 or larger than the adapter allows, no memory, a lost device.
    pub fn target(&self, spec: TargetSpec) -> Result<Target, GpuError> {
        let TargetSpec { width, height, .. } = spec;
        let texture = |format, usage| self.texture(TextureSpec { width, height, format, usage }, &[]);
        let color = spec.color.map(|format| texture(format, TextureUse::Drawn)).transpose()?;
        self.target_of(spec, color)
    }

    /// Makes a target of colours that are there.
    pub(crate) fn target_of(&self, spec: TargetSpec, color: Option<Texture>) -> Result<Target, GpuError> {
        let TargetSpec { width, height, .. } = spec;
        let texture = |format, usage| self.texture(TextureSpec { width, height, format, usage }, &[]);
        let many = TextureUse::Multisampled(spec.samples);
        let samples = match spec.color {
            Some(format) if spec.samples > 1 => Some(texture(format, many)?),
            _ => None,
        };
        let depths = if spec.color.is_some() { many } else { TextureUse::Drawn };
        let depth = spec.depth.then(|| texture(Format::Depth32, depths)).transpose()?;
        Ok(Target { color, samples, depth })
    }
}
