//! Pictures to nodes.

use std::collections::BTreeMap;

use base::{IdSource, NodeId};
use document::{Delta, Key, Value};

use crate::{
    filter::{Filter, PrimitiveKind},
    kinds::{
        ClipPathProperties, GroupBlendMode, GroupProperties, ImageBlendMode, ImageProperties, ImageRendering,
        LinearGradientProperties, LinearGradientSpread, MaskChannel, MaskColorSpace, MaskProperties,
        PathBlendMode, PathFillRule, PathLineCap, PathLineJoin, PathPaintOrder, PathProperties,
        PatternProperties, RadialGradientProperties, RadialGradientSpread, SymbolProperties, TextBlendMode,
        TextProperties, TextRendering, TextWritingMode,
    },
    picture::{self, Fill, Node, NodeKind, Paint, Picture, Resource, ResourceId, Stroke, Text},
};

/// The deltas that put all of a picture into an empty canvas: its resources first, its nodes after them.
pub fn insert(picture: &Picture, ids: &mut IdSource) -> Vec<Delta> {
    let mut inserter = Inserter::new(ids);
    let resources = inserter.resources(picture, None);
    inserter.nodes(&picture.root.children, NodeId::ROOT, resources);
    inserter.deltas
}

/// Turns parts of a picture into deltas.
pub struct Inserter<'i> {
    ids: &'i mut IdSource,
    names: BTreeMap<ResourceId, NodeId>,
    /// What has come together so far.
    pub deltas: Vec<Delta>,
}

/// Sets what every drawn node has, through the builder of its kind.
macro_rules! with_effects {
    ($builder:expr, $blend:ident, $node:expr, $inserter:expr) => {{
        let node: &Node = $node;
        let effects = &node.effects;
        let mut builder = $builder
            .name(&node.name)
            .source_id(&node.id)
            .visible(node.visible)
            .transform(node.transform)
            .opacity(effects.opacity)
            .blend_mode($blend::parse(effects.blend_mode.name()).unwrap_or_default())
            .isolated(effects.isolated);
        if let Some(clip) = effects.clip.as_ref().and_then(|id| $inserter.names.get(id)) {
            builder = builder.clip(*clip);
        }
        if let Some(mask) = effects.mask.as_ref().and_then(|id| $inserter.names.get(id)) {
            builder = builder.mask(*mask);
        }
        if !effects.filters.is_empty() {
            builder = builder.filters($inserter.filters(&effects.filters));
        }
        builder
    }};
}

impl<'i> Inserter<'i> {
    /// An inserter that takes fresh ids from `ids`.
    pub fn new(ids: &'i mut IdSource) -> Self {
        Inserter { ids, names: BTreeMap::new(), deltas: Vec::new() }
    }

    /// Inserts the resources of a picture below a new node after `after`, if it has any; gives that node.
    pub fn resources(&mut self, picture: &Picture, after: Option<NodeId>) -> Option<NodeId> {
        if picture.resources.0.is_empty() {
            return after;
        }
        let home = self.push("graphics.resources", NodeId::ROOT, after, Vec::new());
        self.resources_into(picture, home, None);
        Some(home)
    }

    /// Inserts the resources of a picture below `home` after `after`.
    pub fn resources_into(&mut self, picture: &Picture, home: NodeId, after: Option<NodeId>) {
        // Resources refer to each other: all are named before the first is written.
        for id in picture.resources.0.keys() {
            let node = self.ids.next_id();
            self.names.insert(id.clone(), node);
        }
        let mut before = after;
        for (id, resource) in &picture.resources.0 {
            let node = self.names.get(id).copied().unwrap_or(NodeId::ROOT);
            self.resource(node, &id.0, resource, home, before);
            before = Some(node);
        }
    }

    /// Inserts nodes below a parent, the first one after `after`; gives the last one.
    pub fn nodes(&mut self, nodes: &[Node], parent: NodeId, mut after: Option<NodeId>) -> Option<NodeId> {
        for node in nodes {
            after = Some(self.node(node, parent, after));
        }
        after
    }

    /// Inserts a node, with what is below it.
    pub fn node(&mut self, node: &Node, parent: NodeId, after: Option<NodeId>) -> NodeId {
        match &node.kind {
            NodeKind::Group(group) => {
                let list = with_effects!(GroupProperties::default(), GroupBlendMode, node, self).list();
                let id = self.push("graphics.group", parent, after, list);
                self.nodes(&group.children, id, None);
                id
            }
            NodeKind::Path(path) => {
                let builder = with_effects!(PathProperties::default(), PathBlendMode, node, self);
                let list = self.path(builder, path).list();
                self.push("graphics.path", parent, after, list)
            }
            NodeKind::Image(image) => {
                let rendering = keyword(&image.rendering);
                let list = with_effects!(ImageProperties::default(), ImageBlendMode, node, self)
                    .data(image.data)
                    .width(image.width)
                    .height(image.height)
                    .rendering(ImageRendering::parse(&rendering).unwrap_or_default())
                    .list();
                self.push("graphics.image", parent, after, list)
            }
            NodeKind::Text(text) => {
                let builder = with_effects!(TextProperties::default(), TextBlendMode, node, self);
                let list = self.text(builder, text).list();
                self.push("graphics.text", parent, after, list)
            }
        }
    }

    fn path(&self, builder: PathProperties, path: &picture::Path) -> PathProperties {
        let mut builder = builder
            .data(&path.data.to_svg())
            .anti_alias(path.anti_alias)
            .paint_order(PathPaintOrder::parse(&keyword(&path.paint_order)).unwrap_or_default());
        if let Some(fill) = &path.fill {
            builder = builder
                .fill(&self.paint(&fill.paint).to_string())
                .fill_opacity(fill.opacity)
                .fill_rule(PathFillRule::parse(&keyword(&fill.rule)).unwrap_or_default());
        }
        if let Some(stroke) = &path.stroke {
            builder = builder
                .stroke(&self.paint(&stroke.paint).to_string())
                .stroke_opacity(stroke.opacity)
                .stroke_width(stroke.width)
                .line_cap(PathLineCap::parse(&keyword(&stroke.cap)).unwrap_or_default())
                .line_join(PathLineJoin::parse(&keyword(&stroke.join)).unwrap_or_default())
                .miter_limit(stroke.miter_limit)
                .dash_offset(stroke.dash_offset);
            if !stroke.dashes.is_empty() {
                builder = builder.dashes(numbers(&stroke.dashes));
            }
        }
        builder
    }

    fn text(&self, builder: TextProperties, text: &Text) -> TextProperties {
        let mut text = text.clone();
        for style in text.chunks.iter_mut().flat_map(|chunk| &mut chunk.spans).map(|span| &mut span.style) {
            let lines = &mut style.decorations;
            let decorations = [&mut lines.underline, &mut lines.overline, &mut lines.line_through];
            for decoration in decorations.into_iter().flatten() {
                self.rename(&mut decoration.fill, &mut decoration.stroke);
            }
            self.rename(&mut style.fill, &mut style.stroke);
        }
        let mut builder = builder
            .chunks(typed(&text.chunks))
            .writing_mode(TextWritingMode::parse(text.writing_mode.keyword()).unwrap_or_default())
            .rendering(TextRendering::parse(text.rendering.keyword()).unwrap_or_default())
            .line_height(text.line_height.unwrap_or(0.0));
        if !text.dx.is_empty() {
            builder = builder.dx(numbers(&text.dx));
        }
        if !text.dy.is_empty() {
            builder = builder.dy(numbers(&text.dy));
        }
        if !text.rotate.is_empty() {
            builder = builder.rotate(numbers(&text.rotate));
        }
        builder
    }

    fn rename(&self, fill: &mut Option<Fill>, stroke: &mut Option<Stroke>) {
        if let Some(fill) = fill {
            fill.paint = self.paint(&fill.paint);
        }
        if let Some(stroke) = stroke {
            stroke.paint = self.paint(&stroke.paint);
        }
    }

    /// A paint that names its server by the id of the server's node.
    fn paint(&self, paint: &Paint) -> Paint {
        match paint {
            Paint::Server(id) => match self.names.get(id) {
                Some(node) => Paint::Server(ResourceId(node.to_string())),
                None => paint.clone(),
            },
            color => color.clone(),
        }
    }

    fn filters(&self, filters: &[Filter]) -> Value {
        let mut filters = filters.to_vec();
        for primitive in filters.iter_mut().flat_map(|filter| &mut filter.primitives) {
            if let PrimitiveKind::Image { content, .. } = &mut primitive.kind
                && let Some(node) = self.names.get(&ResourceId(content.clone()))
            {
                *content = node.to_string();
            }
        }
        typed(&filters)
    }

    fn resource(&mut self, id: NodeId, name: &str, resource: &Resource, home: NodeId, after: Option<NodeId>) {
        let (kind, list, content): (_, _, &[Node]) = match resource {
            Resource::LinearGradient(gradient) => {
                let list = LinearGradientProperties::default()
                    .name(name)
                    .start(gradient.start)
                    .end(gradient.end)
                    .stops(typed(&gradient.stops))
                    .spread(LinearGradientSpread::parse(&keyword(&gradient.spread)).unwrap_or_default())
                    .transform(gradient.transform)
                    .list();
                ("graphics.linearGradient", list, &[])
            }
            Resource::RadialGradient(gradient) => {
                let list = RadialGradientProperties::default()
                    .name(name)
                    .center(gradient.center)
                    .radius(gradient.radius)
                    .focus(gradient.focus)
                    .focus_radius(gradient.focus_radius)
                    .stops(typed(&gradient.stops))
                    .spread(RadialGradientSpread::parse(&keyword(&gradient.spread)).unwrap_or_default())
                    .transform(gradient.transform)
                    .list();
                ("graphics.radialGradient", list, &[])
            }
            Resource::Pattern(pattern) => {
                let tile = rectangle(pattern.tile);
                let list =
                    PatternProperties::default().name(name).tile(tile).transform(pattern.transform).list();
                ("graphics.pattern", list, &pattern.content)
            }
            Resource::ClipPath(clip) => {
                let mut builder = ClipPathProperties::default().name(name).transform(clip.transform);
                if let Some(other) = clip.clip.as_ref().and_then(|id| self.names.get(id)) {
                    builder = builder.clip(*other);
                }
                ("graphics.clipPath", builder.list(), &clip.content)
            }
            Resource::Mask(mask) => {
                let mut builder = MaskProperties::default()
                    .name(name)
                    .region(rectangle(mask.region))
                    .channel(MaskChannel::parse(&keyword(&mask.kind)).unwrap_or_default())
                    .color_space(
                        MaskColorSpace::parse(&keyword(&mask.color_interpolation)).unwrap_or_default(),
                    );
                if let Some(other) = mask.mask.as_ref().and_then(|id| self.names.get(id)) {
                    builder = builder.mask(*other);
                }
                ("graphics.mask", builder.list(), &mask.content)
            }
            Resource::Symbol(symbol) => {
                ("graphics.symbol", SymbolProperties::default().name(name).list(), &symbol.content)
            }
        };
        self.push_as(id, kind, home, after, list);
        self.nodes(content, id, None);
    }

    fn push(&mut self, kind: &str, parent: NodeId, after: Option<NodeId>, list: Vec<(Key, Value)>) -> NodeId {
        let id = self.ids.next_id();
        self.push_as(id, kind, parent, after, list);
        id
    }

    fn push_as(
        &mut self,
        node: NodeId,
        kind: &str,
        parent: NodeId,
        after: Option<NodeId>,
        list: Vec<(Key, Value)>,
    ) {
        self.deltas.push(Delta::Insert { node, kind: kind.into(), parent, after, properties: list });
    }
}

/// Plain data as a value. Such data has names for keys and finite numbers, so that it always is one.
fn typed<T: serde::Serialize>(data: &T) -> Value {
    Value::from_typed(data).unwrap_or(Value::Null)
}

/// The text that a plain enum is written as.
fn keyword<T: serde::Serialize>(value: &T) -> String {
    typed(value).as_str().unwrap_or_default().to_owned()
}

fn numbers(numbers: &[f64]) -> Value {
    Value::List(numbers.iter().map(|number| Value::Number(*number)).collect())
}

fn rectangle(rect: kurbo::Rect) -> Value {
    numbers(&[rect.x0, rect.y0, rect.width(), rect.height()])
}
