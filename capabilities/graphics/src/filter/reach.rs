//! How far around a pixel of the outcome a filter looks, and whether it paints by itself: which pixels need not be
//! computed.

use tiny_skia::Transform;

use super::{
    attributes::{CompositeOperator, EdgeMode},
    color,
    model::{Filter, PrimitiveKind},
    plan::{Source, plan},
    raster::Raster,
    region::scale_of,
};
use raster::boxes::Blur;

/// How many pixels around a pixel of the outcome matter to it, along x and y, with `filter` at the scale of
/// `pixel_from_user`. `None` where pixels at any distance may: a filter that repeats its region.
pub fn reach(filter: &Filter, pixel_from_user: Transform) -> Option<[u32; 2]> {
    let scale = scale_of(pixel_from_user)?.into();
    let mut reached: Vec<[u32; 2]> = Vec::with_capacity(filter.primitives.len());
    for (primitive, step) in filter.primitives.iter().zip(plan(&filter.primitives)) {
        // Whatever nobody reads does not matter.
        let own = if step.last_reader.is_some() { own_reach(&primitive.kind, scale)? } else { [0, 0] };
        let inputs = step.sources.iter().map(|source| match source {
            Source::Graphic | Source::Alpha => [0, 0],
            Source::Step(index) => reached[*index],
        });
        let farthest = inputs.fold([0, 0], |a, b| [a[0].max(b[0]), a[1].max(b[1])]);
        reached.push([0, 1].map(|axis| own[axis].saturating_add(farthest[axis])));
    }
    Some(reached.pop().unwrap_or_default())
}

fn own_reach(kind: &PrimitiveKind, scale: [f32; 2]) -> Option<[u32; 2]> {
    // Casts of floats stop at the ends of their range.
    let pixels = |lengths: [f32; 2]| [0, 1].map(|axis| (lengths[axis] * scale[axis]).abs().ceil() as u32);
    let blurred = |x: f32, y: f32| Blur::new(x * scale[0], y * scale[1]).reach();
    Some(match kind {
        PrimitiveKind::Tile { .. } => return None,
        PrimitiveKind::ConvolveMatrix { edge_mode: EdgeMode::Wrap, .. } => return None,
        PrimitiveKind::ConvolveMatrix { columns, rows, .. } => [*columns, *rows],
        PrimitiveKind::DiffuseLighting { .. } | PrimitiveKind::SpecularLighting { .. } => [1, 1],
        // The nearest pixel is taken, half the scale away at most.
        PrimitiveKind::DisplacementMap { scale: span, .. } if span.is_finite() => {
            pixels([*span / 2.0; 2]).map(|pixels| pixels.saturating_add(1))
        }
        PrimitiveKind::DisplacementMap { .. } => return None,
        PrimitiveKind::DropShadow { dx, dy, std_dev_x, std_dev_y, .. } => {
            let (moved, blurred) = (pixels([*dx, *dy]), blurred(*std_dev_x, *std_dev_y));
            [0, 1].map(|axis| moved[axis].saturating_add(blurred[axis]))
        }
        PrimitiveKind::GaussianBlur { std_dev_x, std_dev_y, .. } => blurred(*std_dev_x, *std_dev_y),
        PrimitiveKind::Morphology { radius_x, radius_y, .. } => pixels([*radius_x, *radius_y]),
        PrimitiveKind::Offset { dx, dy, .. } => pixels([*dx, *dy]),
        PrimitiveKind::Blend { .. }
        | PrimitiveKind::ColorMatrix { .. }
        | PrimitiveKind::ComponentTransfer { .. }
        | PrimitiveKind::Composite { .. }
        | PrimitiveKind::Flood { .. }
        | PrimitiveKind::Image { .. }
        | PrimitiveKind::Merge { .. }
        | PrimitiveKind::Turbulence { .. } => [0, 0],
    })
}

/// Whether a filter may paint pixels that have nothing of its source in their [`reach`].
pub fn paints_alone(filter: &Filter) -> bool {
    let steps = plan(&filter.primitives);
    let read = filter.primitives.iter().zip(&steps).filter(|(_, step)| step.last_reader.is_some());
    read.map(|(primitive, _)| &primitive.kind).any(fills)
}

/// Whether a primitive makes something of transparent inputs.
fn fills(kind: &PrimitiveKind) -> bool {
    let nothing = || Raster::filled(1, 1, [0; 4]);
    let is_something = |raster: Raster| raster.pixels != [[0; 4]];
    match kind {
        PrimitiveKind::DiffuseLighting { .. }
        | PrimitiveKind::SpecularLighting { .. }
        | PrimitiveKind::Flood { .. }
        | PrimitiveKind::Image { .. }
        | PrimitiveKind::Tile { .. }
        | PrimitiveKind::Turbulence { .. } => true,
        PrimitiveKind::ColorMatrix { matrix, .. } => is_something(color::color_matrix(nothing(), matrix)),
        PrimitiveKind::ComponentTransfer { red, green, blue, alpha, .. } => {
            is_something(color::component_transfer(nothing(), [red, green, blue, alpha]))
        }
        PrimitiveKind::Composite { operator: CompositeOperator::Arithmetic { k4, .. }, .. } => *k4 != 0.0,
        PrimitiveKind::ConvolveMatrix { bias, preserve_alpha, .. } => *bias != 0.0 && !preserve_alpha,
        PrimitiveKind::Blend { .. }
        | PrimitiveKind::Composite { .. }
        | PrimitiveKind::DisplacementMap { .. }
        | PrimitiveKind::DropShadow { .. }
        | PrimitiveKind::GaussianBlur { .. }
        | PrimitiveKind::Merge { .. }
        | PrimitiveKind::Morphology { .. }
        | PrimitiveKind::Offset { .. } => false,
    }
}
