//! Filtered nodes: drawn apart, along their own axes, and laid down as bitmaps.

use std::sync::Arc;

use kurbo::Affine;
use tiny_skia::{IntRect, Transform};

use super::{
    RenderError,
    area::Area,
    compile::{Compiler, Place, Scope, push_layer, reach},
    draw,
    fill::Scanner,
    scene::{Item, area_of},
    texture::Sampling,
};
use crate::{
    filter::{self, Filter, FilterError, LocalSpace},
    picture::{Effects, Node, Resource, ResourceId},
};
use raster::{Surface, blend::BlendMode};

impl Compiler<'_> {
    /// Adds a node with filters.
    pub fn filtered(
        &self,
        node: &Node,
        place: Place,
        scope: &Scope<'_>,
        out: &mut Vec<Item>,
    ) -> Result<(), RenderError> {
        let effects = &node.effects;
        let Some(space) = LocalSpace::of(skia_transform(place.transform)) else { return Ok(()) };
        let device_from_local = affine(space.device_from_local);
        let local_from_device = device_from_local.inverse();
        let local_area = |area: Area| Area::touched(local_from_device.transform_rect_bbox(area.to_rect()));
        let reach = local_area(place.reach);
        let canvas = needed(effects, space.local, local_area(place.area), reach);
        let regions = effects.filters.iter().filter_map(|filter| {
            let region = filter::device_region(&filter.region, space.local, int_rect(canvas)?)?;
            Some(Area { x0: region.left(), y0: region.top(), x1: region.right(), y1: region.bottom() })
        });
        let region = regions.fold(Area::EMPTY, Area::union);
        if region.is_empty() || effects.opacity <= 0.0 {
            return Ok(());
        }
        // Places inside count from the corner of the region.
        let local = Affine::translate((-f64::from(region.x0), -f64::from(region.y0))) * affine(space.local);
        let area = Area::of_size(region.width() as u32, region.height() as u32);
        let inner = Place { transform: local, area, reach: reach.moved_back(region.x0, region.y0) };
        let mut items = Vec::new();
        self.kind(&node.kind, inner, scope, &mut items)?;
        let area = painted(effects, space.local, area_of(&items), area);
        if area.is_empty() {
            return Ok(());
        }
        let mut surface = self.surface(area.width() as u32, area.height() as u32)?;
        draw::draw_from(&items, (area.x0, area.y0), [0; 4], &mut surface, self.parallel);
        drop(items);
        let local = Affine::translate((-f64::from(area.x0), -f64::from(area.y0))) * local;
        for filter in &effects.filters {
            match self.apply(filter, surface, local, scope) {
                Ok(result) => surface = result,
                Err(Failure::Render(error)) => return Err(error),
                Err(Failure::Filter(FilterError::Transform)) => return Ok(()),
                Err(Failure::Filter(source)) => {
                    let node = if node.name.is_empty() { node.id.clone() } else { node.name.clone() };
                    return Err(RenderError::Filter { node, source });
                }
            }
        }

        let clip = self.clip(effects.clip.as_ref(), inner, scope)?;
        let mask = self.mask(effects.mask.as_ref(), inner, scope)?;
        let mut scanner = Scanner::default();
        let clip = clip.map(|clip| clip.coverage(area, &mut scanner));
        let mask = mask.map(|mask| mask.coverage(area, &mut scanner));
        for coverage in [clip, mask].into_iter().flatten() {
            coverage.scale(surface.samples_mut::<u8>().unwrap_or_default());
        }

        let corner = (region.x0 + area.x0, region.y0 + area.y0);
        let origin = Affine::translate((f64::from(corner.0), f64::from(corner.1)));
        let plain = effects.blend_mode == BlendMode::Normal;
        let opacity = if plain { effects.opacity } else { 1.0 };
        let mut items = Vec::new();
        let device = device_from_local * origin;
        self.bitmap(Arc::new(surface), device, Sampling::Linear, opacity, place.area, &mut items);
        if plain {
            out.append(&mut items);
        } else {
            let effects = Effects { filters: Vec::new(), ..effects.clone() };
            push_layer(items, &effects, None, None, place.area, out);
        }
        Ok(())
    }

    fn apply(
        &self,
        filter: &Filter,
        surface: Surface,
        local: Affine,
        scope: &Scope<'_>,
    ) -> Result<Surface, Failure> {
        let mut failure = None;
        let mut draw_image = |content: &str, transform: Transform, size: [u32; 2]| {
            let drawn = self.symbol(&ResourceId::from(content), affine(transform), size, scope);
            drawn.unwrap_or_else(|error| {
                failure.get_or_insert(error);
                None
            })
        };
        let result = filter::apply(
            filter,
            surface,
            skia_transform(local),
            &mut draw_image,
            self.assets.accelerator(),
        )?;
        match failure {
            Some(error) => Err(Failure::Render(error)),
            None => Ok(result),
        }
    }

    /// Draws the content of `feImage`.
    fn symbol(
        &self,
        id: &ResourceId,
        transform: Affine,
        [width, height]: [u32; 2],
        scope: &Scope<'_>,
    ) -> Result<Option<Surface>, RenderError> {
        let Some(Resource::Symbol(symbol)) = scope.resources.get(id) else { return Ok(None) };
        let Some(scope) = scope.content_of(id) else { return Ok(None) };
        let area = Area::of_size(width, height);
        let items = self.nodes(&symbol.content, Place { transform, area, reach: reach(area) }, &scope)?;
        let mut surface = self.surface(width, height)?;
        draw::draw(&items, [0; 4], &mut surface, self.parallel);
        Ok(Some(surface))
    }
}

/// The pixels among those of `reach` that matter to what is seen of a node: the visible ones, those between which
/// they are sampled, and those at which the filters look.
fn needed(effects: &Effects, local: Transform, visible: Area, reach: Area) -> Area {
    within_reach(effects, local, visible.grown([2; 2])).map_or(reach, |area| area.intersect(reach))
}

/// The pixels among those of `area` that the filters may paint where the node itself paints those of `content`.
fn painted(effects: &Effects, local: Transform, content: Area, area: Area) -> Area {
    if effects.filters.iter().any(filter::paints_alone) {
        return area;
    }
    if content.is_empty() {
        return Area::EMPTY;
    }
    // One more on each side: between them and what is transparent the outcome is sampled.
    within_reach(effects, local, content).map_or(area, |painted| painted.grown([1; 2]).intersect(area))
}

/// The area with all that the filters look at around it; `None` for pixels at any distance.
fn within_reach(effects: &Effects, local: Transform, area: Area) -> Option<Area> {
    effects.filters.iter().try_fold(area, |area, filter| Some(area.grown(filter::reach(filter, local)?)))
}

enum Failure {
    Render(RenderError),
    Filter(FilterError),
}

impl From<FilterError> for Failure {
    fn from(error: FilterError) -> Self {
        Failure::Filter(error)
    }
}

fn skia_transform(transform: Affine) -> Transform {
    let [a, b, c, d, e, f] = transform.as_coeffs().map(|value| value as f32);
    Transform::from_row(a, b, c, d, e, f)
}

fn affine(t: Transform) -> Affine {
    Affine::new([t.sx, t.ky, t.kx, t.sy, t.tx, t.ty].map(f64::from))
}

fn int_rect(area: Area) -> Option<IntRect> {
    IntRect::from_ltrb(area.x0, area.y0, area.x1, area.y1)
}
