//! Masks: compiled to items, drawn as coverage.

use std::sync::Arc;

use super::{
    RenderError,
    compile::{Compiler, Place, Scope},
    draw::{self, Canvas, Coverage},
    fill::Scanner,
    outline::Outline,
    pixels,
    scene::{Mask, area_of},
    shade::Rgba,
};
use crate::picture::{ColorInterpolation, FillRule, MaskKind, ResourceId};

/// What red, green and blue add to brightness, in 1/65536 (Rec. 709 primaries).
const LUMINANCE: [u32; 3] = [13_933, 46_871, 4_732];

impl Compiler<'_> {
    /// The mask of a node in `place`; `None` if it has none.
    pub fn mask(
        &self,
        id: Option<&ResourceId>,
        place: Place,
        scope: &Scope<'_>,
    ) -> Result<Option<Arc<Mask>>, RenderError> {
        let Some((id, mask)) = id.and_then(|id| Some((id, scope.resources.mask(id)?))) else {
            return Ok(None);
        };
        let Some(scope) = scope.content_of(id) else { return Ok(None) };
        let within = self.mask(mask.mask.as_ref(), place, &scope)?;
        let region = Outline::rect(mask.region, place.transform);
        let visible = place.cut(region.area());
        let items = self.nodes(&mask.content, visible, &scope)?;
        let area = area_of(&items).intersect(visible.area);
        let area = within.as_ref().map_or(area, |within| area.intersect(within.area));
        let (kind, color_interpolation) = (mask.kind, mask.color_interpolation);
        Ok(Some(Arc::new(Mask { items, region, kind, color_interpolation, within, area })))
    }
}

impl Mask {
    /// What the mask lets through, for the pixels of `area`.
    pub fn coverage(&self, area: super::area::Area, scanner: &mut Scanner) -> Coverage {
        let mut coverage = Coverage::new(area);
        scanner.fill(&self.region, FillRule::NonZero, true, area, &mut coverage);
        let mut canvas = Canvas::new(area);
        draw::draw_items(&self.items, &mut canvas, scanner);
        let linear = match self.color_interpolation {
            ColorInterpolation::Srgb => None,
            ColorInterpolation::LinearRgb => Some(linear_table()),
        };
        for (value, pixel) in coverage.values_mut().iter_mut().zip(canvas.pixels()) {
            let amount = match (self.kind, &linear) {
                (MaskKind::Alpha, _) => pixel[3],
                (MaskKind::Luminance, None) => luminance(*pixel),
                (MaskKind::Luminance, Some(table)) => linear_luminance(*pixel, table),
            };
            *value = pixels::scaled(*value, amount);
        }
        if let Some(within) = &self.within {
            coverage.multiply(&within.coverage(area, scanner));
        }
        coverage
    }
}

/// Brightness times opacity, which for premultiplied colour is its weighted sum.
fn luminance(pixel: Rgba) -> u8 {
    let sum: u32 = LUMINANCE.iter().zip(pixel).map(|(weight, channel)| weight * u32::from(channel)).sum();
    ((sum + (1 << 15)) >> 16) as u8
}

/// Brightness of linear light, times opacity.
fn linear_luminance(pixel: Rgba, table: &[f32; 256]) -> u8 {
    let alpha = f32::from(pixel[3]);
    if alpha == 0.0 {
        return 0;
    }
    let straight = |channel: u8| table[((f32::from(channel) * 255.0 / alpha + 0.5) as usize).min(255)];
    let sum: f32 =
        LUMINANCE.iter().zip(pixel).map(|(weight, channel)| *weight as f32 * straight(channel)).sum();
    (sum / 65_536.0 * alpha + 0.5) as u8
}

/// Linear light by sRGB value (IEC 61966-2-1).
fn linear_table() -> [f32; 256] {
    std::array::from_fn(|value| {
        let encoded = value as f32 / 255.0;
        if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
    })
}
