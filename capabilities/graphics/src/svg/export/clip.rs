//! Clip paths, whose content SVG restricts to shapes and text: no groups.

use kurbo::Affine;

use crate::picture::{ClipPath, FillRule, Node, NodeKind, ResourceId};

use super::{
    Exporter,
    attributes::{Attributes, path_data},
    node::{place, title},
    references::Role,
};

/// Where the shapes of a group lie.
#[derive(Clone, Copy)]
struct Place<'n> {
    /// From the clip path's content to the space of `clip`.
    outer: Affine,
    /// What cuts the shapes off, in its own space.
    clip: Option<&'n ResourceId>,
    /// From the space of `clip` to that of the group.
    inner: Affine,
    /// Whether the group or something above it is hidden.
    hidden: bool,
}

impl Exporter<'_> {
    /// Writes a clip path. Groups are dissolved: their transforms and clips go to their shapes.
    pub(super) fn clip_path(&mut self, clip: &ClipPath, mut attributes: Attributes) {
        attributes.transform("transform", clip.transform);
        if let Some(id) = clip.clip.as_ref().and_then(|clip| self.reference(Role::Clip, clip)) {
            attributes.url("clip-path", &id);
        }
        self.out.open("clipPath", &attributes);
        let start = Place { outer: Affine::IDENTITY, clip: None, inner: Affine::IDENTITY, hidden: false };
        let mut rest: Vec<(&Node, Place<'_>)> = clip.content.iter().rev().map(|node| (node, start)).collect();
        while let Some((node, place)) = rest.pop() {
            match &node.kind {
                NodeKind::Image(_) => {}
                NodeKind::Path(_) | NodeKind::Text(_) => self.clip_shape(node, place),
                NodeKind::Group(group) => {
                    let place = self.group_place(node, place);
                    rest.extend(group.children.iter().rev().map(|child| (child, place)));
                }
            }
        }
        self.out.close("clipPath");
    }

    fn group_place<'n>(&mut self, group: &'n Node, around: Place<'n>) -> Place<'n> {
        let inner = around.inner * group.transform;
        let own = group.effects.clip.as_ref().filter(|clip| self.reference(Role::Clip, clip).is_some());
        let place = Place { inner, hidden: around.hidden || !group.visible, ..around };
        match (around.clip, own) {
            (_, None) => place,
            (None, Some(_)) => {
                Place { outer: around.outer * inner, clip: own, inner: Affine::IDENTITY, ..place }
            }
            (Some(_), Some(_)) => {
                self.warn_lost_clip(group);
                place
            }
        }
    }

    fn warn_lost_clip(&mut self, node: &Node) {
        let message =
            "groups within a clip path are clipped more than once, and the inner clip is left out".to_owned();
        self.warn(place(node), message, "clip the shapes themselves");
    }

    /// Writes a shape, and where it needs two transforms or two clips also a `use` element around it.
    fn clip_shape(&mut self, node: &Node, place: Place<'_>) {
        let own = node.effects.clip.as_ref().and_then(|clip| self.reference(Role::Clip, clip));
        let around = place.clip.and_then(|clip| self.reference(Role::Clip, clip));
        let inner = place.inner * node.transform;
        let mut attributes = Attributes::default();
        if let Some(id) = self.names.node(node) {
            attributes.raw("id", id);
        }
        if place.hidden || !node.visible {
            attributes.raw("visibility", "hidden");
        }
        if around.is_some() && (own.is_some() || inner != Affine::IDENTITY) {
            let id = self.names.fresh("shape");
            let mut shape = Attributes::default();
            shape.raw("id", &id).transform("transform", inner);
            if let Some(clip) = own {
                shape.url("clip-path", &clip);
            }
            let element = self.clip_element(node, shape);
            self.definitions.line(&[&element]);
            attributes.transform("transform", place.outer);
            if let Some(clip) = around {
                attributes.url("clip-path", &clip);
            }
            attributes.raw("href", &format!("#{id}"));
            self.out.empty("use", &attributes);
            return;
        }
        attributes.transform("transform", place.outer * inner);
        if let Some(clip) = own.or(around) {
            attributes.url("clip-path", &clip);
        }
        let element = self.clip_element(node, attributes);
        self.out.line(&[&element]);
    }

    fn clip_element(&mut self, node: &Node, mut attributes: Attributes) -> String {
        match &node.kind {
            NodeKind::Text(text) => self.text(text, &attributes, title(node), false),
            NodeKind::Path(path) => {
                let rule = path.fill.as_ref().map_or(FillRule::NonZero, |fill| fill.rule);
                if rule == FillRule::EvenOdd {
                    attributes.raw("clip-rule", "evenodd");
                }
                if !path.anti_alias {
                    attributes.raw("shape-rendering", "crispEdges");
                }
                attributes.raw("d", &path_data(&path.data));
                let (start, end) = ("<path", attributes.as_str());
                match title(node) {
                    None => format!("{start}{end}/>"),
                    Some(title) => format!("{start}{end}>{title}</path>"),
                }
            }
            NodeKind::Group(_) | NodeKind::Image(_) => String::new(),
        }
    }
}
