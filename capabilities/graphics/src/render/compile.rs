//! From a picture to a scene: references are followed, geometry is mapped to device space, what cannot be
//! seen is dropped.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use base::{BlobHash, Color, LimitExceeded, Limits};
use kurbo::{Affine, Rect};
use rayon::prelude::*;

use super::{
    Assets, RenderError, View,
    area::Area,
    draw,
    outline::Outline,
    paint::TileKey,
    scene::{Item, Layer, Shape, area_of},
    shade::Shade,
    text::{Layout, LayoutCache},
    texture::{self, Sampling, Texture, Tiling},
};
use crate::picture::{
    Effects, FillRule, Image, ImageRendering, Node, NodeKind, PaintOrder, Path, Picture, ResourceId,
    Resources, Text,
};
use raster::{Depth, Surface, alpha::premultiply_u8};

/// Siblings that are worth compiling in parallel.
const MANY_NODES: usize = 128;

/// Draws a picture whose result is within the limits; `parallel` unless it is nested too deeply for the
/// stacks of other threads. The result is the same.
pub(super) fn render(
    picture: &Picture,
    view: &View,
    assets: &dyn Assets,
    limits: &Limits,
    parallel: bool,
) -> Result<Surface, RenderError> {
    let compiler = Compiler {
        assets,
        limits,
        parallel,
        user_scale: scale_of(view.transform),
        items: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        tiles: Mutex::new(HashMap::new()),
        layouts: lay_out(picture, assets),
        fresh: LayoutCache::default(),
    };
    let canvas = Area::of_size(view.width, view.height);
    let place = Place { transform: view.transform, area: canvas, reach: reach(canvas) };
    let scope = Scope { resources: &picture.resources, images: None, outer: None, within: None, depth: 0 };
    let items = compiler.nodes(&picture.root.children, place, &scope)?;
    let mut surface = Surface::new(view.width, view.height, Depth::U8, limits)?;
    let below = view.background.map_or([0; 4], |Color { r, g, b, a }| premultiply_u8([r, g, b, a]));
    draw::draw(&items, below, &mut surface, parallel);
    Ok(surface)
}

/// The layouts of all texts that are drawn, made together, by the texts' addresses.
fn lay_out(picture: &Picture, assets: &dyn Assets) -> HashMap<usize, Arc<Layout>> {
    fn collect<'p>(nodes: &'p [Node], outer: Affine, texts: &mut Vec<(&'p Text, f64)>) {
        for node in nodes.iter().filter(|node| node.visible) {
            let transform = outer * node.transform;
            match &node.kind {
                NodeKind::Group(group) => collect(&group.children, transform, texts),
                NodeKind::Text(text) => texts.push((text, scale_of(transform))),
                NodeKind::Path(_) | NodeKind::Image(_) => {}
            }
        }
    }
    let mut texts = Vec::new();
    collect(&picture.root.children, Affine::IDENTITY, &mut texts);
    if texts.is_empty() {
        return HashMap::new();
    }
    let fresh = LayoutCache::default();
    let layouts = assets.layouts().unwrap_or(&fresh).get(&texts, assets.fonts());
    texts.iter().map(|(text, _)| std::ptr::from_ref(*text).addr()).zip(layouts).collect()
}

/// The length of a unit under a transform: the square root of the scale of areas.
pub(super) fn scale_of(transform: Affine) -> f64 {
    transform.determinant().abs().sqrt()
}

/// How far outside of a canvas content may matter to filters: two canvases on each side.
pub(super) fn reach(canvas: Area) -> Area {
    let side = canvas.width().max(canvas.height()).min(1 << 20) as u32;
    canvas.grown([side * 2; 2])
}

/// What is shared while a picture is compiled.
pub(super) struct Compiler<'a> {
    pub assets: &'a dyn Assets,
    pub limits: &'a Limits,
    pub parallel: bool,
    /// The scale from user pixels to device pixels.
    user_scale: f64,
    /// Items so far.
    items: AtomicU64,
    /// Bytes of intermediate pictures so far.
    bytes: AtomicU64,
    pub tiles: Mutex<HashMap<TileKey, Option<Arc<Surface>>>>,
    /// By the texts' addresses, for the texts outside of resources.
    layouts: HashMap<usize, Arc<Layout>>,
    /// Further layouts, if the caller keeps none.
    fresh: LayoutCache,
}

/// Where nodes are drawn.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// From the nodes' parent to device pixels.
    pub transform: Affine,
    /// The pixels that can be seen.
    pub area: Area,
    /// The pixels that filters may draw on.
    pub reach: Area,
}

impl Place {
    /// The place of what lies in a space of its own.
    pub fn inside(self, transform: Affine) -> Self {
        Place { transform: self.transform * transform, ..self }
    }

    /// The place with fewer visible pixels.
    pub fn cut(self, area: Area) -> Self {
        Place { area: self.area.intersect(area), ..self }
    }

    /// Whether anything in this place can be seen.
    fn is_visible(self) -> bool {
        let determinant = self.transform.determinant();
        self.transform.is_finite() && determinant.is_finite() && determinant != 0.0 && !self.area.is_empty()
    }
}

/// What names mean to nodes, and what encloses them.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    pub resources: &'s Resources,
    /// Image files that are not among the assets.
    images: Option<&'s BTreeMap<BlobHash, Arc<Vec<u8>>>>,
    outer: Option<&'s Scope<'s>>,
    /// The resource whose content this is.
    within: Option<&'s ResourceId>,
    depth: u64,
}

impl<'s> Scope<'s> {
    /// The scope one level down.
    fn deeper(&self) -> Scope<'s> {
        Scope { depth: self.depth + 1, ..*self }
    }

    /// The scope of a resource's content, unless this is that content already.
    pub fn content_of<'t>(&'t self, id: &'t ResourceId) -> Option<Scope<'t>> {
        let mut scope = Some(self);
        while let Some(current) = scope {
            if current.within == Some(id) {
                return None;
            }
            scope = current.outer;
        }
        Some(Scope { outer: Some(self), within: Some(id), depth: self.depth + 1, ..*self })
    }
}

impl Compiler<'_> {
    /// The items that draw `nodes`.
    pub fn nodes(&self, nodes: &[Node], place: Place, scope: &Scope<'_>) -> Result<Vec<Item>, RenderError> {
        Limits::check("the nesting of the picture", scope.depth, self.limits.nesting, "nesting")?;
        let some = |nodes: &[Node]| {
            let mut items = Vec::with_capacity(nodes.len());
            for node in nodes {
                self.node(node, place, scope, &mut items)?;
            }
            Ok(items)
        };
        if !self.parallel || nodes.len() < MANY_NODES {
            return some(nodes);
        }
        let parts: Result<Vec<Vec<Item>>, RenderError> = nodes.par_chunks(MANY_NODES / 4).map(some).collect();
        Ok(parts?.into_iter().flatten().collect())
    }

    fn node(
        &self,
        node: &Node,
        place: Place,
        scope: &Scope<'_>,
        out: &mut Vec<Item>,
    ) -> Result<(), RenderError> {
        let place = place.inside(node.transform);
        if !node.visible || !place.is_visible() {
            return Ok(());
        }
        let count = self.items.fetch_add(1, Ordering::Relaxed);
        Limits::check("the number of nodes drawn", count, self.limits.nodes, "nodes")?;
        if !node.effects.filters.is_empty() {
            return self.filtered(node, place, scope, out);
        }
        if !node.effects.need_layer() {
            return self.kind(&node.kind, place, scope, out);
        }
        let effects = &node.effects;
        let clip = self.clip(effects.clip.as_ref(), place, scope)?;
        let place = clip.as_ref().map_or(place, |clip| place.cut(clip.area));
        let mask = self.mask(effects.mask.as_ref(), place, scope)?;
        let place = mask.as_ref().map_or(place, |mask| place.cut(mask.area));
        if place.area.is_empty() || effects.opacity <= 0.0 {
            return Ok(());
        }
        let mut items = Vec::new();
        self.kind(&node.kind, place, scope, &mut items)?;
        push_layer(items, effects, clip, mask, place.area, out);
        Ok(())
    }

    /// The items of a node apart from its effects.
    pub fn kind(
        &self,
        kind: &NodeKind,
        place: Place,
        scope: &Scope<'_>,
        out: &mut Vec<Item>,
    ) -> Result<(), RenderError> {
        match kind {
            NodeKind::Group(group) => out.extend(self.nodes(&group.children, place, &scope.deeper())?),
            NodeKind::Path(path) => self.path(path, place, scope, out)?,
            NodeKind::Image(image) => self.image(image, place, scope, out),
            NodeKind::Text(text) => self.text(text, place, scope, out)?,
        }
        Ok(())
    }

    fn path(
        &self,
        path: &Path,
        place: Place,
        scope: &Scope<'_>,
        out: &mut Vec<Item>,
    ) -> Result<(), RenderError> {
        let fill = |out: &mut Vec<Item>| -> Result<(), RenderError> {
            let Some(fill) = &path.fill else { return Ok(()) };
            let outline = Outline::fill(&path.data, place.transform);
            let shade = |area| self.shade(&fill.paint, fill.opacity, Place { area, ..place }, scope);
            push_shape(outline, fill.rule, path.anti_alias, place.area, shade, out)
        };
        let stroke = |out: &mut Vec<Item>| -> Result<(), RenderError> {
            let Some(stroke) = &path.stroke else { return Ok(()) };
            let outline = Outline::stroke(&path.data, stroke, place.transform);
            let shade = |area| self.shade(&stroke.paint, stroke.opacity, Place { area, ..place }, scope);
            push_shape(outline, FillRule::NonZero, path.anti_alias, place.area, shade, out)
        };
        match path.paint_order {
            PaintOrder::FillStroke => fill(out).and_then(|()| stroke(out)),
            PaintOrder::StrokeFill => stroke(out).and_then(|()| fill(out)),
        }
    }

    fn image(&self, image: &Image, place: Place, scope: &Scope<'_>, out: &mut Vec<Item>) {
        let embedded = scope.images.and_then(|images| images.get(&image.data));
        let bitmap = match embedded {
            Some(file) => self.assets.decode(file),
            None => self.assets.image(&image.data),
        };
        let Some(bitmap) = bitmap.filter(|bitmap| bitmap.width() > 0 && bitmap.height() > 0) else { return };
        let bitmap = match bitmap.depth() {
            Depth::U8 => bitmap,
            Depth::F32 => Arc::new(Surface::clone(&bitmap).into_depth(Depth::U8)),
        };
        let scale = (image.width / f64::from(bitmap.width()), image.height / f64::from(bitmap.height()));
        let device = place.transform * Affine::scale_non_uniform(scale.0, scale.1);
        let sampling = match image.rendering {
            ImageRendering::HighQuality => Sampling::Cubic,
            ImageRendering::Smooth => Sampling::Linear,
            ImageRendering::Pixelated => Sampling::Nearest,
        };
        self.bitmap(bitmap, device, sampling, 1.0, place.area, out);
    }

    fn text(
        &self,
        text: &Text,
        place: Place,
        scope: &Scope<'_>,
        out: &mut Vec<Item>,
    ) -> Result<(), RenderError> {
        let layout = self.layout(text, scale_of(place.transform) / self.user_scale);
        let own = Scope { resources: &layout.resources, images: Some(&layout.images), ..scope.deeper() };
        for node in &layout.nodes {
            let scope = if node.own { &own } else { scope };
            self.node(&node.node, place, scope, out)?;
        }
        Ok(())
    }

    /// A text's layout; `scale` is that from the text's space to user pixels.
    pub fn layout(&self, text: &Text, scale: f64) -> Arc<Layout> {
        if let Some(layout) = self.layouts.get(&std::ptr::from_ref(text).addr()) {
            return layout.clone();
        }
        let cache = self.assets.layouts().unwrap_or(&self.fresh);
        cache.get(&[(text, scale)], self.assets.fonts()).pop().unwrap_or_default()
    }

    /// A transparent picture for an intermediate result, counted against the limits.
    pub fn surface(&self, width: u32, height: u32) -> Result<Surface, LimitExceeded> {
        let bytes = u64::from(width) * u64::from(height) * Depth::U8.bytes_per_pixel();
        let total = self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let what = "the size of intermediate pictures in bytes";
        Limits::check(what, total, self.limits.import_bytes, "importBytes")?;
        Surface::new(width, height, Depth::U8, self.limits)
    }

    /// Adds a bitmap; `device` takes its pixels to device pixels.
    pub fn bitmap(
        &self,
        bitmap: Arc<Surface>,
        device: Affine,
        sampling: Sampling,
        opacity: f64,
        visible: Area,
        out: &mut Vec<Item>,
    ) {
        let frame = Rect::new(0.0, 0.0, bitmap.width().into(), bitmap.height().into());
        let outline = Outline::rect(frame, device);
        let area = outline.area().intersect(visible);
        if area.is_empty() {
            return;
        }
        let accelerator = self.assets.accelerator();
        let resampled = || texture::resampled(&bitmap, device, area, self.limits, accelerator);
        let (bitmap, device) = match sampling {
            Sampling::Nearest => (bitmap, device),
            Sampling::Linear => texture::shrunk(bitmap, device),
            Sampling::Cubic => resampled().unwrap_or_else(|| texture::shrunk(bitmap, device)),
        };
        if let Some(texture) = Texture::new(bitmap, device, sampling, Tiling::Clamp, opacity) {
            let shade = Shade::Texture(Box::new(texture));
            out.push(Item::Shape(Shape { outline, rule: FillRule::NonZero, smooth: true, shade, area }));
        }
    }
}

/// Adds a layer, unless it shows nothing.
pub(super) fn push_layer(
    items: Vec<Item>,
    effects: &Effects,
    clip: Option<Arc<super::scene::Clip>>,
    mask: Option<Arc<super::scene::Mask>>,
    visible: Area,
    out: &mut Vec<Item>,
) {
    let area = area_of(&items).intersect(visible);
    if area.is_empty() {
        return;
    }
    let depth_of = |item: &Item| match item {
        Item::Shape(_) => 0,
        Item::Layer(layer) => layer.depth,
    };
    let masked = mask.iter().flat_map(|mask| &mask.items);
    let depth = 1 + items.iter().chain(masked).map(depth_of).max().unwrap_or(0);
    let (opacity, blend_mode) = (effects.opacity, effects.blend_mode);
    out.push(Item::Layer(Box::new(Layer { items, opacity, blend_mode, clip, mask, area, depth })));
}

/// Adds a shape, unless it shows nothing.
fn push_shape(
    outline: Outline,
    rule: FillRule,
    smooth: bool,
    visible: Area,
    shade: impl FnOnce(Area) -> Result<Option<Shade>, RenderError>,
    out: &mut Vec<Item>,
) -> Result<(), RenderError> {
    let area = outline.area().intersect(visible);
    if area.is_empty() {
        return Ok(());
    }
    if let Some(shade) = shade(area)? {
        out.push(Item::Shape(Shape { outline, rule, smooth, shade, area }));
    }
    Ok(())
}
