//! Drawing: pictures to pixels.
//!
//! Owns the way from a [`Picture`] to a [`Surface`]: references are followed and geometry is mapped to device
//! space ([`compile`]), then the items are drawn band by band ([`draw`]). Pixels depend on the arguments
//! alone, not on the number of threads. Never changes a picture, never reads files: decoded images and fonts
//! come from the caller's [`Assets`].

mod area;
mod clip;
mod compile;
mod draw;
mod fill;
mod filter;
mod mask;
mod outline;
mod paint;
mod pixels;
mod scene;
mod shade;
#[cfg(test)]
mod tests;
mod text;
mod texture;

use std::{io, sync::Arc};

use base::{BlobHash, Color, LimitExceeded, Limits};
use kurbo::Affine;
use usvg::fontdb;

use crate::{
    filter::FilterError,
    picture::{Node, Picture, Resource},
};
use raster::{Depth, Surface};
use raster_gpu::Session;

pub use text::{Layout, LayoutCache};

/// What drawing needs besides the picture.
pub trait Assets: Sync {
    /// The decoded image file with this hash; one that is not there is not drawn.
    fn image(&self, data: &BlobHash) -> Option<Arc<Surface>>;

    /// Decodes an image file that a font holds (a bitmap glyph, PNG).
    fn decode(&self, file: &[u8]) -> Option<Arc<Surface>>;

    /// The font catalogue, with its generic families set.
    fn fonts(&self) -> &Arc<fontdb::Database>;

    /// Texts laid out before, if the caller keeps them.
    fn layouts(&self) -> Option<&LayoutCache> {
        None
    }

    /// What may do the work of large filters.
    fn accelerator(&self) -> Option<&Session<'_>> {
        None
    }
}

/// What part of the plane is drawn, at what scale, and over what.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Width of the result in pixels.
    pub width: u32,
    /// Height of the result in pixels.
    pub height: u32,
    /// From the picture's user pixels to pixels of the result.
    pub transform: Affine,
    /// What lies below the picture; `None` for nothing.
    pub background: Option<Color>,
}

impl View {
    /// The whole picture, stretched to a size in pixels.
    pub fn stretched(picture: &Picture, width: u32, height: u32) -> Self {
        let (across, down) = (f64::from(width) / picture.width, f64::from(height) / picture.height);
        View { width, height, transform: Affine::scale_non_uniform(across, down), background: None }
    }
}

/// A picture that cannot be drawn.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The result, or what drawing it takes, is too large.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// A filter is too costly.
    #[error("the filter of '{node}' cannot run: {source}")]
    Filter {
        /// The filtered node's name or id.
        node: String,
        /// Why.
        source: FilterError,
    },
    /// No thread could be started.
    #[error("no thread for drawing the picture could be started: {0}")]
    Thread(#[from] io::Error),
    /// The drawing of the picture failed.
    #[error("the picture's drawing failed")]
    Failed,
}

/// Pictures nested deeper than this are drawn on a stack of their own.
const DEEP: usize = 48;
/// The size of that stack.
const STACK_BYTES: usize = 512 << 20;

/// Draws a picture. The result is premultiplied sRGB with eight bits a channel.
///
/// What cannot be shown is left out: nodes with transforms without area, missing images, and references that
/// are missing or lead in a circle.
///
/// # Errors
/// A size, a number of nodes, a nesting, or a cost of filters over the limits.
pub fn render(
    picture: &Picture,
    view: &View,
    assets: &dyn Assets,
    limits: &Limits,
) -> Result<Surface, RenderError> {
    limits.check_picture(view.width.into(), view.height.into(), Depth::U8.bytes_per_pixel())?;
    if nesting(picture) <= DEEP {
        return compile::render(picture, view, assets, limits, true);
    }
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("render".to_owned()).stack_size(STACK_BYTES);
        let thread = builder.spawn_scoped(scope, || compile::render(picture, view, assets, limits, false))?;
        thread.join().unwrap_or(Err(RenderError::Failed))
    })
}

/// At most how deep nodes are nested, in resources that refer to each other, too; more than [`DEEP`] stands
/// for any depth above it.
fn nesting(picture: &Picture) -> usize {
    let mut total = depth(&picture.root.children, DEEP);
    for resource in picture.resources.0.values() {
        let content = match resource {
            Resource::LinearGradient(_) | Resource::RadialGradient(_) => continue,
            Resource::Pattern(pattern) => &pattern.content,
            Resource::ClipPath(clip) => &clip.content,
            Resource::Mask(mask) => &mask.content,
            Resource::Symbol(symbol) => &symbol.content,
        };
        total += 1 + depth(content, DEEP);
        if total > DEEP {
            break;
        }
    }
    total
}

/// How deep nodes are nested; beyond `most` it is not looked further.
fn depth(nodes: &[Node], most: usize) -> usize {
    let below = |node: &Node| match node.children() {
        [] => 0,
        children if most > 0 => depth(children, most - 1),
        _ => 1,
    };
    nodes.iter().map(|node| 1 + below(node)).max().unwrap_or(0)
}
