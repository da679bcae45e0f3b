//! Drawing: frames to pixels.
//!
//! Owns the way from a [`Frame`] to rows of pixels: the frame is checked ([`check`]), its instances are gathered into
//! draws ([`batch`]), what they need goes to the GPU ([`upload`], [`material`], [`environment`], [`shadow`], and
//! [`behind`] where light goes through something), and one pass a tile draws them before the [`backdrop`]. Pixels depend on
//! the frame, the size and the adapter alone. Never changes a frame, never reads files.

mod backdrop;
mod batch;
mod behind;
mod check;
mod environment;
mod lights;
mod material;
mod mips;
mod pipelines;
mod pixels;
pub(crate) mod prefilter;
mod sampling;
mod shadow;
mod shadow_views;
mod sheen;
mod upload;
mod view;

use bytemuck::Pod;
use gpu::{Format, Gpu, GpuError, Texture};
use half::f16;

pub use view::Part;

use pipelines::Scope;

use crate::frame::Frame;

/// A drawn picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Rows from the top: sRGB, premultiplied.
    pub rgba: Vec<[u8; 4]>,
    /// What is not as the frame has it.
    pub lacks: Lacks,
}

/// What of a picture is not as its frame has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lacks {
    /// How many instances were left out because their places or positions are not finite.
    pub instances: usize,
    /// How many lights cast no shadows because there are more than there are shadow maps for.
    pub shadows: usize,
    /// How many images were made smaller because the adapter takes none as large.
    pub sizes: usize,
}

/// A drawn picture in linear light.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Rows from the top: with the primaries of sRGB, premultiplied.
    pub rgba: Vec<[f16; 4]>,
    /// What is not as the frame has it.
    pub lacks: Lacks,
}

impl Linear {
    /// Its pixels in sRGB, premultiplied after they became so; what is brighter than white is white.
    pub fn to_srgb(&self) -> Vec<[f32; 4]> {
        pixels::srgb(&self.rgba)
    }
}

/// What pixels are drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Output {
    /// sRGB in bytes, toned.
    Bytes,
    /// Linear half floats, toned.
    Toned,
    /// Linear half floats as bright as they are.
    Light,
}

impl Output {
    fn format(self) -> Format {
        if self == Output::Bytes { Format::Rgba8Srgb } else { Format::Rgba16Float }
    }

    fn is_toned(self) -> bool {
        self != Output::Light
    }
}

/// A frame that cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A picture without pixels, or with more than 2³¹.
    #[error("a picture of {width} × {height} pixels cannot be drawn")]
    Size {
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },
    /// A camera that sees nothing: a field of view or a distance out of range, or numbers that are not finite.
    #[error("the camera cannot be used: {0}")]
    Camera(&'static str),
    /// An instance names a material that is not there.
    #[error("instance {instance} names material {material} of {count}")]
    Material {
        /// The number of the instance.
        instance: usize,
        /// The number of the material that it names.
        material: usize,
        /// How many there are.
        count: usize,
    },
    /// A list of a geometry is neither empty nor as long as its positions, or indices do not make up whole primitives.
    #[error("the geometry of instance {instance} has {found} {list}, not {expected}")]
    Length {
        /// The number of the first instance with it.
        instance: usize,
        /// Which list.
        list: &'static str,
        /// How long it is.
        found: usize,
        /// How long it is to be.
        expected: usize,
    },
    /// An index is not below the number of positions.
    #[error("the geometry of instance {instance} has {count} positions, and an index says {index}")]
    Index {
        /// The number of the first instance with it.
        instance: usize,
        /// The index.
        index: u32,
        /// How many positions there are.
        count: usize,
    },
    /// More of something than can be counted out to a GPU.
    #[error("{count} {what} are more than can be drawn at once")]
    Count {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
    /// An image without pixels, or whose pixels do not fill its size.
    #[error("an image of {width} × {height} pixels has {found}")]
    Image {
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
        /// How many pixels it has.
        found: usize,
    },
    /// The GPU fails.
    #[error(transparent)]
    Gpu(#[from] GpuError),
}

/// Whether drawing failed because the device was lost: it may go well with a new one.
pub fn is_lost(error: &RenderError) -> bool {
    matches!(error, RenderError::Gpu(GpuError::Lost { .. }))
}

/// Samples a pixel, unless [`sampling`] finds a better way.
const SAMPLES: u32 = 4;
/// The longest side of what is drawn at once, in pixels: larger pictures are drawn tile by tile, in bounded memory.
const TILE: u32 = 2048;

/// Draws a frame. Colours with light are toned with Khronos PBR Neutral; colours without light and the background stay as
/// they are.
///
/// # Errors
/// A frame that contradicts itself, a picture without pixels or with too many, and whatever fails on the GPU.
pub fn render(gpu: &Gpu, frame: &Frame, width: u32, height: u32) -> Result<Rendered, RenderError> {
    let whole = (f64::from(width), f64::from(height));
    render_part(gpu, frame, &Part { whole, left: 0.0, top: 0.0, width, height })
}

/// Draws a part of a frame's picture.
///
/// # Errors
/// As [`render`].
pub fn render_part(gpu: &Gpu, frame: &Frame, part: &Part) -> Result<Rendered, RenderError> {
    let mut drawn = draw(gpu, frame, part, Output::Bytes, &|color| gpu.read_pixels(color))?;
    pixels::premultiply(&mut drawn.pixels);
    Ok(Rendered { width: part.width, height: part.height, rgba: drawn.pixels, lacks: drawn.lacks })
}

/// Draws a frame in linear light: toned as [`render`] does, or as bright as it is, up to what half floats hold.
///
/// # Errors
/// As [`render`].
pub fn render_linear(
    gpu: &Gpu,
    frame: &Frame,
    width: u32,
    height: u32,
    toned: bool,
) -> Result<Linear, RenderError> {
    let whole = (f64::from(width), f64::from(height));
    let part = Part { whole, left: 0.0, top: 0.0, width, height };
    let output = if toned { Output::Toned } else { Output::Light };
    let Drawn { pixels, lacks } = draw(gpu, frame, &part, output, &|color| gpu.read_halves(color))?;
    let rgba = pixels.into_iter().map(|pixel: [u16; 4]| pixel.map(f16::from_bits)).collect();
    Ok(Linear { width, height, rgba, lacks })
}

/// Reads back what was drawn.
type Read<'r, T> = dyn Fn(&Texture) -> Result<Vec<T>, GpuError> + 'r;

/// What was drawn.
struct Drawn<T> {
    pixels: Vec<T>,
    lacks: Lacks,
}

/// Draws a part of a frame's picture.
fn draw<T: Pod>(
    gpu: &Gpu,
    frame: &Frame,
    part: &Part,
    output: Output,
    read: &Read<'_, T>,
) -> Result<Drawn<T>, RenderError> {
    let Part { width, height, whole, .. } = *part;
    if width == 0 || height == 0 || u64::from(width) * u64::from(height) > 1 << 31 {
        return Err(RenderError::Size { width, height });
    }
    let view = view::View::new(&frame.camera, whole.0 / whole.1)?;
    let checked = check::check(frame)?;
    let plan = batch::plan(frame, &checked, &view);
    let meshes = upload::meshes(gpu, frame, &plan)?;
    let (materials, shrunk) = material::materials(gpu, frame, &plan)?;
    let mut shared = view::Shared::new(gpu, frame, &view, &plan, &meshes, &materials)?;
    behind::draw(gpu, frame, (&view, part), &plan, (&meshes, &materials), (&mut shared, output))?;
    let draws = pipelines::draws(gpu, frame, &plan, &shared, Scope::Picture(output))?;
    let backdrop = backdrop::backdrop(gpu, frame, &shared, output)?;
    let clear = frame.background.map_or([0.0; 4], |color| {
        let color = color.as_dvec4();
        [color.x * color.w, color.y * color.w, color.z * color.w, color.w]
    });

    let largest = shared.sampling.tile(height);
    let is_whole = width <= largest.0 && height <= largest.1;
    let mut pixels = vec![T::zeroed(); if is_whole { 0 } else { (width * height) as usize }];
    for tile in view::tiles((width, height), largest) {
        let target = shared.sampling.target(gpu, &tile, output.format())?;
        let clip_from_world = view.clip_from_world(&tile, part);
        let globals = shared.bind(gpu, clip_from_world)?;
        let world_from_clip = clip_from_world.as_dmat4().inverse().as_mat4();
        let seen = backdrop.as_ref().map(|backdrop| backdrop.bind(gpu, world_from_clip)).transpose()?;
        let mut commands = gpu.commands();
        commands.draw(&target, clear, |pass| {
            pass.bind(0, &globals);
            if let (Some(backdrop), Some(bindings)) = (&backdrop, &seen) {
                pass.pipeline(&backdrop.pipeline);
                pass.bind(1, bindings);
                pass.draw(0..3, 0..1);
            }
            for draw in &draws {
                let mesh = &meshes.list[draw.mesh];
                pass.pipeline(&draw.pipeline);
                pass.bind(1, &materials[draw.material]);
                mesh.draw(pass, &meshes.places, draw.style, draw.instances.clone());
            }
        });
        commands.submit()?;
        let Some(color) = shared.sampling.resolved(gpu, &target)? else { continue };
        // The samples are as large as four pictures: they go as soon as they are drawn.
        drop(target);
        let drawn = read(&color)?;
        drop(color);
        if is_whole {
            pixels = drawn;
        } else {
            tile.place(&drawn, &mut pixels, width);
        }
    }
    let lacks = Lacks { instances: checked.skipped, shadows: shared.unshadowed, sizes: shrunk };
    Ok(Drawn { pixels, lacks })
}
