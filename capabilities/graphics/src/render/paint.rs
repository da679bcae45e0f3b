//! Paint servers in device space; patterns are drawn once per scale.

use std::sync::{Arc, PoisonError};

use kurbo::Affine;

use super::{
    RenderError,
    area::Area,
    compile::{Compiler, Place, Scope, reach},
    draw,
    shade::{Gradient, Shade},
    texture::{Sampling, Texture, Tiling},
};
use crate::picture::{Paint, Pattern, Resource, ResourceId};
use raster::Surface;

/// The longest side of a pattern's tile in pixels; larger ones are drawn at a smaller scale.
const MAX_TILE_SIDE: f64 = 8192.0;
/// How many times finer than the device a tile is drawn whose sides are no whole numbers of pixels. At the device's own
/// fineness it would be stretched by a part of a pixel, and every edge with it blurred.
const DETAIL: f64 = 2.0;
/// The longest side in device pixels of a tile that is drawn in detail.
const MAX_DETAILED_SIDE: f64 = 1024.0;

/// A pattern's tile: the addresses of its resources and its pattern, and its size in pixels.
pub(super) type TileKey = (usize, ResourceId, u32, u32);

impl Compiler<'_> {
    /// What a paint looks like in device space; `None` where it paints nothing.
    pub fn shade(
        &self,
        paint: &Paint,
        opacity: f64,
        place: Place,
        scope: &Scope<'_>,
    ) -> Result<Option<Shade>, RenderError> {
        let id = match paint {
            Paint::Color(color) => return Ok(Some(Shade::solid(*color, opacity))),
            Paint::Server(id) => id,
        };
        Ok(match scope.resources.get(id) {
            Some(Resource::LinearGradient(gradient)) => Gradient::linear(gradient, opacity, place.transform),
            Some(Resource::RadialGradient(gradient)) => Gradient::radial(gradient, opacity, place.transform),
            Some(Resource::Pattern(pattern)) => self.pattern(id, pattern, opacity, place, scope)?,
            _ => None,
        })
    }

    fn pattern(
        &self,
        id: &ResourceId,
        pattern: &Pattern,
        opacity: f64,
        place: Place,
        scope: &Scope<'_>,
    ) -> Result<Option<Shade>, RenderError> {
        let device = place.transform * pattern.transform;
        let [a, b, c, d, ..] = device.as_coeffs();
        let tile = pattern.tile;
        let (across, down) = (tile.width() * a.hypot(b), tile.height() * c.hypot(d));
        let whole = |length: f64| (length - length.round()).abs() < 1e-6;
        let fits = whole(across) && whole(down) || across.max(down) > MAX_DETAILED_SIDE;
        let detail = if fits { 1.0 } else { DETAIL };
        let side = |length: f64| {
            let pixels = (length * detail).round().min(MAX_TILE_SIDE);
            (pixels >= 1.0).then_some(pixels as u32)
        };
        let (Some(width), Some(height)) = (side(across), side(down)) else { return Ok(None) };
        let scale = (f64::from(width) / tile.width(), f64::from(height) / tile.height());

        let key = (std::ptr::from_ref(scope.resources).addr(), id.clone(), width, height);
        let known = self.tiles.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let bitmap = match known {
            Some(bitmap) => bitmap,
            None => {
                let bitmap = self.tile(id, pattern, (width, height), scale, scope)?;
                self.tiles.lock().unwrap_or_else(PoisonError::into_inner).insert(key, bitmap.clone());
                bitmap
            }
        };
        let Some(bitmap) = bitmap else { return Ok(None) };
        let device = device
            * Affine::translate((tile.x0, tile.y0))
            * Affine::scale_non_uniform(1.0 / scale.0, 1.0 / scale.1);
        let texture = Texture::new(bitmap, device, Sampling::Cubic, Tiling::Repeat, opacity);
        Ok(texture.map(|texture| Shade::Texture(Box::new(texture))))
    }

    fn tile(
        &self,
        id: &ResourceId,
        pattern: &Pattern,
        (width, height): (u32, u32),
        scale: (f64, f64),
        scope: &Scope<'_>,
    ) -> Result<Option<Arc<Surface>>, RenderError> {
        let Some(scope) = scope.content_of(id) else { return Ok(None) };
        let area = Area::of_size(width, height);
        let transform = Affine::scale_non_uniform(scale.0, scale.1);
        let items = self.nodes(&pattern.content, Place { transform, area, reach: reach(area) }, &scope)?;
        if items.is_empty() {
            return Ok(None);
        }
        let mut surface = self.surface(width, height)?;
        draw::draw(&items, [0; 4], &mut surface, self.parallel);
        Ok(Some(Arc::new(surface)))
    }
}
