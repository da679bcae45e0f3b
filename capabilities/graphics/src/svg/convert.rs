//! From usvg's resolved tree to a picture.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use base::{BlobHash, Color};
use kurbo::{Affine, BezPath, Point, Rect};

use crate::picture::{
    ClipPath, Effects, Fill, FillRule, Group, Image, ImageRendering, LineCap, LineJoin, LinearGradient, Mask,
    MaskKind, Node, Paint, PaintOrder, Path, Pattern, RadialGradient, Resource, ResourceId, Resources,
    Spread, Stop, Stroke,
};
use raster::blend::BlendMode;

/// Turns usvg nodes into picture nodes and collects the resources and image files that they name.
#[derive(Default)]
pub(crate) struct Converter {
    /// The resources so far.
    pub resources: Resources,
    /// The encoded image files so far.
    pub images: BTreeMap<BlobHash, Arc<Vec<u8>>>,
    /// The names of resources by the address of usvg's object: usvg shares objects, and its ids may repeat
    /// between the trees of nested images.
    named: HashMap<usize, ResourceId>,
}

impl Converter {
    /// The nodes of a group, without the group.
    pub fn children(&mut self, group: &usvg::Group) -> Vec<Node> {
        group.children().iter().map(|child| self.node(child)).collect()
    }

    /// A node.
    pub fn node(&mut self, node: &usvg::Node) -> Node {
        match node {
            usvg::Node::Group(group) => self.group(group),
            usvg::Node::Path(path) => self.path(path),
            usvg::Node::Image(image) => self.image(image),
            usvg::Node::Text(text) => {
                let id = text.id().to_owned();
                Node { id, ..Node::from(self.text(text)) }
            }
        }
    }

    /// A group, or its only child where the two can be one node.
    fn group(&mut self, group: &usvg::Group) -> Node {
        let effects = Effects {
            opacity: opacity(group.opacity()),
            blend_mode: blend_mode(group.blend_mode()),
            isolated: group.isolate(),
            clip: group.clip_path().map(|clip| self.clip_path(clip)),
            mask: group.mask().map(|mask| self.mask(mask)),
            filters: group.filters().iter().map(|filter| self.filter(filter)).collect(),
        };
        let transform = affine(group.transform());
        let mut children = self.children(group);
        let plain = effects == Effects::default();
        let mergeable = |child: &Node| {
            let same_space = child.transform == Affine::IDENTITY && child.effects == Effects::default();
            let one_id = group.id().is_empty() || child.id.is_empty();
            one_id && (plain || same_space)
        };
        if children.len() == 1 && mergeable(&children[0]) {
            let mut node = children.remove(0);
            node.transform = transform * node.transform;
            if !plain {
                node.effects = effects;
            }
            if node.id.is_empty() {
                node.id = group.id().to_owned();
            }
            return node;
        }
        Node { id: group.id().to_owned(), transform, effects, ..Node::from(Group { children }) }
    }

    fn path(&mut self, path: &usvg::Path) -> Node {
        let shape = Path {
            data: bez_path(path.data()),
            fill: path.fill().map(|fill| self.fill(fill)),
            stroke: path.stroke().map(|stroke| self.stroke(stroke)),
            paint_order: paint_order(path.paint_order()),
            anti_alias: path.rendering_mode().use_shape_antialiasing(),
        };
        Node { id: path.id().to_owned(), visible: path.is_visible(), ..Node::from(shape) }
    }

    fn image(&mut self, image: &usvg::Image) -> Node {
        let node = match image.kind() {
            usvg::ImageKind::SVG(tree) => {
                let children = self.children(tree.root());
                let isolated = children.iter().any(blends);
                let effects = Effects { isolated, ..Effects::default() };
                Node { effects, ..Node::from(Group { children }) }
            }
            usvg::ImageKind::JPEG(data)
            | usvg::ImageKind::PNG(data)
            | usvg::ImageKind::GIF(data)
            | usvg::ImageKind::WEBP(data) => {
                let hash = BlobHash::of(data);
                self.images.insert(hash, data.clone());
                let rendering = match image.rendering_mode() {
                    usvg::ImageRendering::OptimizeQuality | usvg::ImageRendering::HighQuality => {
                        ImageRendering::HighQuality
                    }
                    usvg::ImageRendering::Smooth => ImageRendering::Smooth,
                    usvg::ImageRendering::OptimizeSpeed
                    | usvg::ImageRendering::CrispEdges
                    | usvg::ImageRendering::Pixelated => ImageRendering::Pixelated,
                };
                let (width, height) = (number(image.size().width()), number(image.size().height()));
                Image { data: hash, width, height, rendering }.into()
            }
        };
        Node { id: image.id().to_owned(), visible: image.is_visible(), ..node }
    }

    pub(super) fn fill(&mut self, fill: &usvg::Fill) -> Fill {
        let rule = match fill.rule() {
            usvg::FillRule::NonZero => FillRule::NonZero,
            usvg::FillRule::EvenOdd => FillRule::EvenOdd,
        };
        Fill { paint: self.paint(fill.paint()), opacity: opacity(fill.opacity()), rule }
    }

    pub(super) fn stroke(&mut self, stroke: &usvg::Stroke) -> Stroke {
        Stroke {
            paint: self.paint(stroke.paint()),
            opacity: opacity(stroke.opacity()),
            width: number(stroke.width().get()),
            cap: match stroke.linecap() {
                usvg::LineCap::Butt => LineCap::Butt,
                usvg::LineCap::Round => LineCap::Round,
                usvg::LineCap::Square => LineCap::Square,
            },
            join: match stroke.linejoin() {
                usvg::LineJoin::Miter => LineJoin::Miter,
                usvg::LineJoin::MiterClip => LineJoin::MiterClip,
                usvg::LineJoin::Round => LineJoin::Round,
                usvg::LineJoin::Bevel => LineJoin::Bevel,
            },
            miter_limit: number(stroke.miterlimit().get()),
            dashes: stroke.dasharray().unwrap_or_default().iter().copied().map(number).collect(),
            dash_offset: number(stroke.dashoffset()),
        }
    }

    fn paint(&mut self, paint: &usvg::Paint) -> Paint {
        match paint {
            usvg::Paint::Color(color) => Paint::Color(Color::rgb(color.red, color.green, color.blue)),
            usvg::Paint::LinearGradient(gradient) => {
                self.server(Arc::as_ptr(gradient).addr(), gradient.id(), |_| {
                    Resource::LinearGradient(LinearGradient {
                        start: point(gradient.x1(), gradient.y1()),
                        end: point(gradient.x2(), gradient.y2()),
                        stops: stops(gradient.stops()),
                        spread: spread(gradient.spread_method()),
                        transform: affine(gradient.transform()),
                    })
                })
            }
            usvg::Paint::RadialGradient(gradient) => {
                self.server(Arc::as_ptr(gradient).addr(), gradient.id(), |_| {
                    Resource::RadialGradient(RadialGradient {
                        center: point(gradient.cx(), gradient.cy()),
                        radius: number(gradient.r().get()),
                        focus: point(gradient.fx(), gradient.fy()),
                        focus_radius: number(gradient.fr().get()),
                        stops: stops(gradient.stops()),
                        spread: spread(gradient.spread_method()),
                        transform: affine(gradient.transform()),
                    })
                })
            }
            usvg::Paint::Pattern(pattern) => {
                self.server(Arc::as_ptr(pattern).addr(), pattern.id(), |converter| {
                    Resource::Pattern(Pattern {
                        tile: rect(pattern.rect()),
                        transform: affine(pattern.transform()),
                        content: converter.children(pattern.root()),
                    })
                })
            }
        }
    }

    fn server(&mut self, address: usize, id: &str, convert: impl FnOnce(&mut Self) -> Resource) -> Paint {
        Paint::Server(self.resource(address, id, convert))
    }

    fn clip_path(&mut self, clip: &usvg::ClipPath) -> ResourceId {
        self.resource(std::ptr::from_ref(clip).addr(), clip.id(), |converter| {
            Resource::ClipPath(ClipPath {
                transform: affine(clip.transform()),
                content: converter.children(clip.root()),
                clip: clip.clip_path().map(|clip| converter.clip_path(clip)),
            })
        })
    }

    fn mask(&mut self, mask: &usvg::Mask) -> ResourceId {
        self.resource(std::ptr::from_ref(mask).addr(), mask.id(), |converter| {
            Resource::Mask(Mask {
                region: rect(mask.rect()),
                kind: match mask.kind() {
                    usvg::MaskType::Luminance => MaskKind::Luminance,
                    usvg::MaskType::Alpha => MaskKind::Alpha,
                },
                color_interpolation: Default::default(),
                content: converter.children(mask.root()),
                mask: mask.mask().map(|mask| converter.mask(mask)),
            })
        })
    }

    /// The name of a resource, which is converted the first time.
    pub(super) fn resource(
        &mut self,
        address: usize,
        id: &str,
        convert: impl FnOnce(&mut Self) -> Resource,
    ) -> ResourceId {
        if let Some(id) = self.named.get(&address) {
            return id.clone();
        }
        let resource = convert(self);
        let id = self.resources.insert(id, resource);
        self.named.insert(address, id.clone());
        id
    }
}

/// Whether the node or anything below it blends other than normally.
fn blends(node: &Node) -> bool {
    node.effects.blend_mode != BlendMode::Normal || node.children().iter().any(blends)
}

/// A single-precision number as the double with the fewest decimals that rounds to it, so that `0.1` stays
/// `0.1`.
pub(super) fn number(value: f32) -> f64 {
    let exact = f64::from(value);
    for scale in [1.0, 1e2, 1e4, 1e6] {
        // Conversion to an integer rounds towards zero, and clamps what is too large for it.
        let rounded = (exact * scale + 0.5f64.copysign(exact)) as i64 as f64 / scale;
        if rounded as f32 == value {
            return rounded;
        }
    }
    exact
}

fn opacity(opacity: usvg::Opacity) -> f64 {
    number(opacity.get())
}

pub(super) fn point(x: f32, y: f32) -> Point {
    Point::new(number(x), number(y))
}

pub(super) fn rect(rect: usvg::NonZeroRect) -> Rect {
    let origin = point(rect.x(), rect.y());
    Rect::from_origin_size(origin, (number(rect.width()), number(rect.height())))
}

pub(super) fn affine(t: usvg::Transform) -> Affine {
    Affine::new([t.sx, t.ky, t.kx, t.sy, t.tx, t.ty].map(number))
}

/// A path.
pub(super) fn bez_path(path: &usvg::tiny_skia_path::Path) -> BezPath {
    use usvg::tiny_skia_path::PathSegment as Segment;
    let at = |p: usvg::tiny_skia_path::Point| point(p.x, p.y);
    let mut out = BezPath::with_capacity(path.len());
    for segment in path.segments() {
        match segment {
            Segment::MoveTo(p) => out.move_to(at(p)),
            Segment::LineTo(p) => out.line_to(at(p)),
            Segment::QuadTo(p1, p) => out.quad_to(at(p1), at(p)),
            Segment::CubicTo(p1, p2, p) => out.curve_to(at(p1), at(p2), at(p)),
            Segment::Close => out.close_path(),
        }
    }
    out
}

pub(super) fn paint_order(order: usvg::PaintOrder) -> PaintOrder {
    match order {
        usvg::PaintOrder::FillAndStroke => PaintOrder::FillStroke,
        usvg::PaintOrder::StrokeAndFill => PaintOrder::StrokeFill,
    }
}

fn spread(spread: usvg::SpreadMethod) -> Spread {
    match spread {
        usvg::SpreadMethod::Pad => Spread::Pad,
        usvg::SpreadMethod::Reflect => Spread::Reflect,
        usvg::SpreadMethod::Repeat => Spread::Repeat,
    }
}

fn stops(stops: &[usvg::Stop]) -> Vec<Stop> {
    let stop = |stop: &usvg::Stop| Stop {
        offset: number(stop.offset().get()),
        color: Color::rgb(stop.color().red, stop.color().green, stop.color().blue),
        opacity: opacity(stop.opacity()),
    };
    stops.iter().map(stop).collect()
}

pub(super) fn blend_mode(mode: usvg::BlendMode) -> BlendMode {
    match mode {
        usvg::BlendMode::Normal => BlendMode::Normal,
        usvg::BlendMode::Multiply => BlendMode::Multiply,
        usvg::BlendMode::Screen => BlendMode::Screen,
        usvg::BlendMode::Overlay => BlendMode::Overlay,
        usvg::BlendMode::Darken => BlendMode::Darken,
        usvg::BlendMode::Lighten => BlendMode::Lighten,
        usvg::BlendMode::ColorDodge => BlendMode::ColorDodge,
        usvg::BlendMode::ColorBurn => BlendMode::ColorBurn,
        usvg::BlendMode::HardLight => BlendMode::HardLight,
        usvg::BlendMode::SoftLight => BlendMode::SoftLight,
        usvg::BlendMode::Difference => BlendMode::Difference,
        usvg::BlendMode::Exclusion => BlendMode::Exclusion,
        usvg::BlendMode::Hue => BlendMode::Hue,
        usvg::BlendMode::Saturation => BlendMode::Saturation,
        usvg::BlendMode::Color => BlendMode::Color,
        usvg::BlendMode::Luminosity => BlendMode::Luminosity,
        usvg::BlendMode::PlusLighter => BlendMode::PlusLighter,
    }
}
