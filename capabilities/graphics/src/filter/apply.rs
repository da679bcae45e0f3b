//! The entry point: a filter, the element's pixels and the limits of what both may cost.

use tiny_skia::{IntRect, Transform};

use super::{
    model::Filter,
    plan::{check_limits, plan},
    raster::Raster,
    region::{PixelRect, device_region, scale_of},
    run::{Grid, run},
};
use raster::{Depth, Surface};
use raster_gpu::Session;

/// Draws the content of `feImage` on a transparent surface: from the content's name, the transform from the content's
/// space (whose origin is the top left of the primitive's region) to the surface, and the surface's width and height.
/// `None` where there is nothing to draw.
pub type RenderImage<'a> = dyn FnMut(&str, Transform, [u32; 2]) -> Option<Surface> + 'a;

/// Why a filter cannot run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The transform collapses the picture or is not finite.
    #[error("the filtered element's transform has no area or is not finite: give it a scale other than zero")]
    Transform,
    /// The canvas cannot be allocated.
    #[error("a canvas of {width} × {height} pixels is too large to filter: render at a smaller size")]
    Canvas {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Bounds the time of a filter.
    #[error(
        "up to its primitive '{primitive}' the filter takes {found} pixel operations, over the limit of {limit}: \
         render at a smaller size, or use fewer primitives or smaller kernels"
    )]
    TooCostly {
        /// The `result` of the primitive at which the limit is passed.
        primitive: String,
        /// The work asked for.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// Bounds the memory of a filter.
    #[error(
        "at its primitive '{primitive}' the filter holds {found} pixels of intermediate results, over the limit of \
         {limit}: render at a smaller size, or let fewer results be used later on"
    )]
    TooMuchHeld {
        /// The `result` of the primitive at which the limit is passed.
        primitive: String,
        /// The pixels asked for.
        found: u64,
        /// The limit.
        limit: u64,
    },
}

/// Runs `filter` over `source`, the element rendered on a canvas, and returns the outcome on a canvas of that size.
///
/// `pixel_from_user` takes the filter's user space to the canvas. The outcome is transparent outside the filter's
/// region, and everywhere if the region is empty or the filter has no primitives. Primitives work along the axes of
/// the canvas: under rotation or skew a region stands for its bounding box, and lengths scale by the lengths of the
/// unit vectors. What `accelerator` takes, if there is one, comes out the same. To filter along the element's own axes, render it in [`LocalSpace::local`](super::LocalSpace).
///
/// # Errors
/// A transform without area; a filter whose work or memory is over the limits.
pub fn apply(
    filter: &Filter,
    source: Surface,
    pixel_from_user: Transform,
    render_image: &mut RenderImage<'_>,
    accelerator: Option<&Session<'_>>,
) -> Result<Surface, FilterError> {
    let (width, height) = (source.width(), source.height());
    let scale = scale_of(pixel_from_user).ok_or(FilterError::Transform)?;
    let canvas = IntRect::from_xywh(0, 0, width, height).ok_or(FilterError::Canvas { width, height })?;
    let nothing = || Surface::transparent(width, height, Depth::U8);
    let Some(region) = device_region(&filter.region, pixel_from_user, canvas) else { return Ok(nothing()) };
    let Some(whole) = PixelRect::of(&filter.region, pixel_from_user) else { return Ok(nothing()) };
    let whole = whole.moved(-i64::from(region.x()), -i64::from(region.y()));
    let steps = plan(&filter.primitives);
    check_limits(&filter.primitives, &steps, u64::from(region.width()) * u64::from(region.height()))?;

    let grid = Grid { region, whole, scale, pixel_from_user };
    let source = Raster::of(source).cut(region);
    let Some(outcome) = run(filter, &steps, grid, source, (render_image, accelerator)) else {
        return Ok(nothing());
    };
    if region == canvas {
        return Ok(outcome.into_surface());
    }
    let mut output = nothing();
    let (left, top, stride) = (region.x() as usize, region.y() as usize, width as usize);
    let rows = output.samples_mut::<u8>().unwrap_or_default().chunks_mut(stride).skip(top);
    for (to, from) in rows.zip(outcome.pixels.chunks(outcome.width)) {
        to[left..left + from.len()].copy_from_slice(from);
    }
    Ok(output)
}
