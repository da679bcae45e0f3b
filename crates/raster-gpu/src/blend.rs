//! Compositing: the blend modes of [`raster::blend`], with opacity and masks.

use bytemuck::{Pod, Zeroable};
use gpu::{Commands, Gpu, GpuError};
use raster::{
    Depth, PixelRect, Surface,
    blend::{self, BlendMode},
};

use crate::{
    image::{self, Image, MaskImage},
    launch::{Shader, groups, launch, source},
};

/// What lies above a picture, as [`blend::Layer`] has it.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// The picture to put on top.
    pub image: &'a Image,
    /// Where its top left corner goes, in pixels of the picture below.
    pub offset: (i32, i32),
    /// Opacity, 0–1; outside that range it is clamped.
    pub opacity: f32,
    /// How its colours mix with those below.
    pub mode: BlendMode,
    /// What shows of it: a mask aligned with its top left corner, hiding what it does not reach.
    pub mask: Option<&'a MaskImage>,
}

/// As `Layer` in `layer.wgsl`.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Placed {
    size: [u32; 2],
    below: [u32; 2],
    above: [u32; 2],
    mask: [u32; 2],
    opacity: f32,
    parts: u32,
    mode: u32,
    masked: u32,
}

/// Whether an adapter has room for a surface and for layers, one after the other.
pub fn fits(gpu: &Gpu, surface: &Surface, layers: &[blend::Layer<'_>]) -> bool {
    layers.iter().map(|layer| layer.surface).chain([surface]).all(|surface| {
        image::fits(gpu, u64::from(surface.width()) * u64::from(surface.height()), surface.depth())
    })
}

/// Records the blending of a layer onto `below`, in place.
///
/// # Errors
/// It takes more than the adapter allows, there is no memory, or the device is lost.
pub fn record(
    gpu: &Gpu,
    commands: &mut Commands,
    below: &mut Image,
    layer: &Layer<'_>,
) -> Result<(), GpuError> {
    let Some(placed) = placed(below, layer) else { return Ok(()) };
    let none;
    let coverage = match layer.mask {
        Some(mask) => &mask.coverage,
        None => {
            none = gpu.lend(0)?;
            &none
        }
    };
    let [width, height] = placed.size;
    let shader = shader(below.depth(), layer.image.depth(), layer.mode);
    let bindings = [layer.image.binding(), below.binding()];
    launch((gpu, commands), shader, bindings, placed, &[coverage.into()], groups(width, height))
}

/// Blends layers onto a surface on the GPU, from the first, which lies lowest, to the last, as [`blend::composite_layers`]
/// does on the processor.
///
/// # Errors
/// As [`record`].
pub fn composite_layers(
    gpu: &Gpu,
    surface: &Surface,
    layers: &[blend::Layer<'_>],
) -> Result<Surface, GpuError> {
    let mut below = Image::upload(gpu, surface)?;
    for layer in layers {
        let image = Image::upload(gpu, layer.surface)?;
        let mask = layer.mask.map(|mask| MaskImage::upload(gpu, mask)).transpose()?;
        let blend::Layer { offset, opacity, mode, .. } = *layer;
        let layer = Layer { image: &image, offset, opacity, mode, mask: mask.as_ref() };
        // Each on its own, so that the memory of one layer serves the next.
        let mut commands = gpu.commands();
        record(gpu, &mut commands, &mut below, &layer)?;
        commands.submit()?;
    }
    below.download(gpu)
}

/// What of a layer falls on the picture below; none if nothing does.
fn placed(below: &Image, layer: &Layer<'_>) -> Option<Placed> {
    let (x, y) = layer.offset;
    let whole = PixelRect::new(0, 0, below.width(), below.height());
    let mut rect = PixelRect::new(x, y, layer.image.width(), layer.image.height()).intersect(whole)?;
    if let Some(mask) = layer.mask {
        rect = rect.intersect(PixelRect::new(x, y, mask.width, mask.height))?;
    }
    let left = (i64::from(rect.x) - i64::from(x)) as u32;
    let top = (i64::from(rect.y) - i64::from(y)) as u32;
    let inside = |width: u32| [top * width + left, width];
    let opacity = if layer.opacity.is_nan() { 0.0 } else { layer.opacity.clamp(0.0, 1.0) };
    Some(Placed {
        size: [rect.width, rect.height],
        below: [rect.y as u32 * below.width() + rect.x as u32, below.width()],
        above: inside(layer.image.width()),
        mask: layer.mask.map_or([0, 0], |mask| inside(mask.width)),
        opacity,
        parts: (opacity * 32768.0 + 0.5) as u32,
        mode: number(layer.mode),
        masked: layer.mask.is_some().into(),
    })
}

/// Whether the reference blends bytes in this mode with integers.
pub(crate) fn is_polynomial(mode: BlendMode) -> bool {
    use BlendMode::*;
    matches!(
        mode,
        Normal | Multiply | Screen | Overlay | Darken | Lighten | HardLight | Difference | Exclusion
    )
}

/// The number of a mode in `layer.wgsl`.
fn number(mode: BlendMode) -> u32 {
    match mode {
        BlendMode::Normal => 0,
        BlendMode::Multiply => 1,
        BlendMode::Screen => 2,
        BlendMode::Overlay => 3,
        BlendMode::Darken => 4,
        BlendMode::Lighten => 5,
        BlendMode::ColorDodge => 6,
        BlendMode::ColorBurn => 7,
        BlendMode::HardLight => 8,
        BlendMode::SoftLight => 9,
        BlendMode::Difference => 10,
        BlendMode::Exclusion => 11,
        BlendMode::Hue => 12,
        BlendMode::Saturation => 13,
        BlendMode::Color => 14,
        BlendMode::Luminosity => 15,
        BlendMode::PlusLighter => 16,
    }
}

fn shader(below: Depth, above: Depth, mode: BlendMode) -> Shader {
    let source = match (above, below) {
        (Depth::U8, Depth::U8) if is_polynomial(mode) => source!("blend_bytes"),
        (Depth::U8, Depth::U8) => source!("blend_bytes_bytes"),
        (Depth::F32, Depth::U8) => source!("blend_floats_bytes"),
        (Depth::U8, Depth::F32) => source!("blend_bytes_floats"),
        (Depth::F32, Depth::F32) => source!("blend_floats_floats"),
    };
    Shader { source, entry: "blend" }
}
