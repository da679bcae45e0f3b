//! Nodes to pictures.

use std::str::FromStr;

use base::{LimitExceeded, Limits, NodeId};
use document::{NodeRef, Tree, Value};
use kurbo::{BezPath, Rect};
use serde::de::DeserializeOwned;

use crate::{
    kinds,
    picture::{
        ClipPath, Effects, Fill, Group, Image, LinearGradient, Mask, Node, NodeKind, Paint, Path, Pattern,
        Picture, RadialGradient, Resource, ResourceId, Resources, Stroke, Symbol, Text,
    },
};
use raster::blend::BlendMode;

/// The picture that a canvas shows at a point in time, in seconds.
///
/// What does not read as what its declaration says — a path that is no path data — is left out, as a viewer does.
///
/// # Errors
/// Nodes nested deeper than the limits allow.
pub fn picture(tree: &Tree, time: f64, limits: &Limits) -> Result<Picture, LimitExceeded> {
    let root = tree.root().at_time(time);
    let (width, height) =
        kinds::Canvas::read(root).map_or((1.0, 1.0), |canvas| (canvas.width(), canvas.height()));
    let children = Reader { nesting: limits.nesting }.children(root, 1)?;
    Ok(Picture { width, height, root: Group { children }, resources: read_resources(root, limits)? })
}

/// What the nodes of a canvas refer to, at its start.
///
/// # Errors
/// Nodes nested deeper than the limits allow.
pub fn resources(tree: &Tree, limits: &Limits) -> Result<Resources, LimitExceeded> {
    read_resources(tree.root().at_time(0.0), limits)
}

fn read_resources(root: NodeRef<'_>, limits: &Limits) -> Result<Resources, LimitExceeded> {
    let reader = Reader { nesting: limits.nesting };
    let mut resources = Resources::default();
    for home in root.children().filter(|child| child.kind() == kinds::Resources::KIND) {
        for child in home.children() {
            if let Some(resource) = reader.resource(child)? {
                resources.0.insert(resource_id(child.id()), resource);
            }
        }
    }
    Ok(resources)
}

/// A drawn node with what is below it; none for other nodes.
///
/// # Errors
/// Nodes nested deeper than the limits allow.
pub fn node(node: NodeRef<'_>, limits: &Limits) -> Result<Option<Node>, LimitExceeded> {
    Reader { nesting: limits.nesting }.node(node, 1)
}

/// The name of a resource within its picture: the id of its node.
pub fn resource_id(node: NodeId) -> ResourceId {
    ResourceId(node.to_string())
}

struct Reader {
    nesting: u64,
}

/// Reads what every drawn node has, through the accessor of its kind.
macro_rules! head {
    ($reader:expr, $kind:expr) => {{
        let reader = $reader;
        Node {
            id: reader.source_id().to_string(),
            name: reader.name().to_string(),
            visible: reader.visible(),
            transform: reader.transform(),
            effects: Effects {
                opacity: reader.opacity(),
                blend_mode: BlendMode::from_str(reader.blend_mode().as_str()).unwrap_or_default(),
                isolated: reader.isolated(),
                clip: reader.clip().map(resource_id),
                mask: reader.mask().map(resource_id),
                filters: reader.filters().and_then(|value| data(&value)).unwrap_or_default(),
            },
            kind: $kind,
        }
    }};
}

impl Reader {
    fn children(&self, parent: NodeRef<'_>, depth: u64) -> Result<Vec<Node>, LimitExceeded> {
        let mut nodes = Vec::new();
        for child in parent.children() {
            nodes.extend(self.node(child, depth)?);
        }
        Ok(nodes)
    }

    fn node(&self, node: NodeRef<'_>, depth: u64) -> Result<Option<Node>, LimitExceeded> {
        Limits::check("the nesting of nodes", depth, self.nesting, "nesting")?;
        if let Some(path) = kinds::Path::read(node) {
            return Ok(Some(head!(path, NodeKind::Path(read_path(path)))));
        }
        if let Some(group) = kinds::Group::read(node) {
            let children = self.children(node, depth + 1)?;
            return Ok(Some(head!(group, NodeKind::Group(Group { children }))));
        }
        if let Some(image) = kinds::Image::read(node) {
            let Some(file) = image.data() else { return Ok(None) };
            let kind = NodeKind::Image(Image {
                data: file,
                width: image.width(),
                height: image.height(),
                rendering: keyword(image.rendering().as_str()),
            });
            return Ok(Some(head!(image, kind)));
        }
        if let Some(text) = kinds::Text::read(node) {
            return Ok(Some(head!(text, NodeKind::Text(read_text(text)))));
        }
        Ok(None)
    }

    fn resource(&self, node: NodeRef<'_>) -> Result<Option<Resource>, LimitExceeded> {
        if let Some(gradient) = kinds::LinearGradient::read(node) {
            return Ok(Some(Resource::LinearGradient(LinearGradient {
                start: gradient.start(),
                end: gradient.end(),
                stops: gradient.stops().and_then(|value| data(&value)).unwrap_or_default(),
                spread: keyword(gradient.spread().as_str()),
                transform: gradient.transform(),
            })));
        }
        if let Some(gradient) = kinds::RadialGradient::read(node) {
            return Ok(Some(Resource::RadialGradient(RadialGradient {
                center: gradient.center(),
                radius: gradient.radius(),
                focus: gradient.focus(),
                focus_radius: gradient.focus_radius(),
                stops: gradient.stops().and_then(|value| data(&value)).unwrap_or_default(),
                spread: keyword(gradient.spread().as_str()),
                transform: gradient.transform(),
            })));
        }
        if let Some(pattern) = kinds::Pattern::read(node) {
            let Some(tile) = pattern.tile().and_then(|value| rectangle(&value)) else { return Ok(None) };
            let content = self.children(node, 1)?;
            return Ok(Some(Resource::Pattern(Pattern { tile, transform: pattern.transform(), content })));
        }
        if let Some(clip) = kinds::ClipPath::read(node) {
            return Ok(Some(Resource::ClipPath(ClipPath {
                transform: clip.transform(),
                content: self.children(node, 1)?,
                clip: clip.clip().map(resource_id),
            })));
        }
        if let Some(mask) = kinds::Mask::read(node) {
            let Some(region) = mask.region().and_then(|value| rectangle(&value)) else { return Ok(None) };
            return Ok(Some(Resource::Mask(Mask {
                region,
                kind: keyword(mask.channel().as_str()),
                color_interpolation: keyword(mask.color_space().as_str()),
                content: self.children(node, 1)?,
                mask: mask.mask().map(resource_id),
            })));
        }
        if kinds::Symbol::read(node).is_some() {
            return Ok(Some(Resource::Symbol(Symbol { content: self.children(node, 1)? })));
        }
        Ok(None)
    }
}

fn read_path(path: kinds::Path<'_>) -> Path {
    let fill = paint(&path.fill()).map(|paint| Fill {
        paint,
        opacity: path.fill_opacity(),
        rule: keyword(path.fill_rule().as_str()),
    });
    let stroke = paint(&path.stroke()).map(|paint| Stroke {
        paint,
        opacity: path.stroke_opacity(),
        width: path.stroke_width(),
        cap: keyword(path.line_cap().as_str()),
        join: keyword(path.line_join().as_str()),
        miter_limit: path.miter_limit(),
        dashes: path.dashes().and_then(|value| data(&value)).unwrap_or_default(),
        dash_offset: path.dash_offset(),
    });
    Path {
        data: BezPath::from_svg(&path.data()).unwrap_or_default(),
        fill,
        stroke: stroke.filter(|stroke| stroke.width > 0.0),
        paint_order: keyword(path.paint_order().as_str()),
        anti_alias: path.anti_alias(),
    }
}

fn read_text(text: kinds::Text<'_>) -> Text {
    let numbers =
        |value: Option<std::borrow::Cow<'_, Value>>| value.and_then(|value| data(&value)).unwrap_or_default();
    Text {
        chunks: text.chunks().and_then(|value| data(&value)).unwrap_or_default(),
        dx: numbers(text.dx()),
        dy: numbers(text.dy()),
        rotate: numbers(text.rotate()),
        writing_mode: text.writing_mode().as_str().parse().unwrap_or_default(),
        rendering: text.rendering().as_str().parse().unwrap_or_default(),
        line_height: Some(text.line_height()).filter(|height| *height > 0.0),
    }
}

/// `none` and what is no paint give none.
fn paint(text: &str) -> Option<Paint> {
    text.parse().ok()
}

/// The value of a plain enum, or its default.
fn keyword<T: DeserializeOwned + Default>(text: &str) -> T {
    serde_json::from_value(text.into()).unwrap_or_default()
}

fn data<T: DeserializeOwned>(value: &Value) -> Option<T> {
    value.to_typed().ok()
}

fn rectangle(value: &Value) -> Option<Rect> {
    let [x, y, width, height]: [f64; 4] = data(value)?;
    Some(Rect::new(x, y, x + width, y + height))
}
