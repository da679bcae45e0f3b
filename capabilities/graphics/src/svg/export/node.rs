//! Nodes: the tree and what is done to its nodes as a whole.

use crate::picture::{ImageRendering, Node, NodeKind, Path, ResourceId};
use raster::blend::BlendMode;

use super::{
    Exporter,
    attributes::{Attributes, path_data, url},
    paint::Inherited,
    references::{Role, walk},
};
use crate::svg::text::escape;

enum Step<'n> {
    /// A node, and whether something above it is hidden.
    Node(&'n Node, bool),
    EndOfGroup,
}

impl Exporter<'_> {
    /// Writes nodes with all below them.
    pub(super) fn nodes(&mut self, nodes: &[Node]) {
        let mut steps: Vec<Step<'_>> = nodes.iter().rev().map(|node| Step::Node(node, false)).collect();
        while let Some(step) = steps.pop() {
            let (node, hidden) = match step {
                Step::Node(node, hidden) => (node, hidden),
                Step::EndOfGroup => {
                    self.out.close("g");
                    continue;
                }
            };
            let css = match &node.kind {
                NodeKind::Image(image) => rendering_css(image.rendering),
                _ => "",
            };
            let mut attributes = self.node_attributes(node, hidden, css);
            match &node.kind {
                NodeKind::Group(group) => {
                    self.out.open("g", &attributes);
                    if let Some(title) = title(node) {
                        self.out.line(&[&title]);
                    }
                    steps.push(Step::EndOfGroup);
                    let hidden = hidden || !node.visible;
                    steps.extend(group.children.iter().rev().map(|child| Step::Node(child, hidden)));
                }
                NodeKind::Path(path) => {
                    self.path_attributes(path, &mut attributes);
                    self.leaf("path", &attributes, node);
                }
                NodeKind::Image(image) => {
                    let (element, own) = self.image(image, place(node));
                    attributes.append(&own);
                    self.leaf(element, &attributes, node);
                }
                NodeKind::Text(text) => {
                    let text = self.text(text, &attributes, title(node), true);
                    self.out.line(&[&text]);
                }
            }
        }
    }

    fn leaf(&mut self, element: &str, attributes: &Attributes, node: &Node) {
        match title(node) {
            None => self.out.empty(element, attributes),
            Some(title) => {
                self.out.line(&["<", element, attributes.as_str(), ">", &title, "</", element, ">"])
            }
        }
    }

    fn path_attributes(&mut self, path: &Path, attributes: &mut Attributes) {
        self.paint(&path.fill, &path.stroke, path.paint_order, &mut Inherited::default(), attributes);
        if !path.anti_alias {
            attributes.raw("shape-rendering", "crispEdges");
        }
        attributes.raw("d", &path_data(&path.data));
    }

    /// Id, transform, visibility and effects. What is hidden is hidden by inheritance, so that it keeps its place in the
    /// tree of a reader; only filters, which may draw without content, call for its removal from what is displayed.
    fn node_attributes(&mut self, node: &Node, hidden: bool, css: &str) -> Attributes {
        let mut attributes = Attributes::default();
        if let Some(id) = self.names.node(node) {
            attributes.raw("id", id);
        }
        attributes.transform("transform", node.transform);
        if !node.visible && !hidden {
            let filtered = walk(std::slice::from_ref(node)).any(|node| !node.effects.filters.is_empty());
            let (property, value) = if filtered { ("display", "none") } else { ("visibility", "hidden") };
            attributes.raw(property, value);
        }

        let effects = &node.effects;
        attributes.number_unless("opacity", effects.opacity, 1.0);
        if let Some(id) = effects.clip.as_ref().and_then(|clip| self.reference(Role::Clip, clip)) {
            attributes.url("clip-path", &id);
        }
        if let Some(id) = effects.mask.as_ref().and_then(|mask| self.reference(Role::Mask, mask)) {
            attributes.url("mask", &id);
        }
        if !effects.filters.is_empty() {
            let urls: Vec<String> = effects.filters.iter().map(|filter| url(&self.filter(filter))).collect();
            attributes.raw("filter", &urls.join(" "));
        }
        let mut declarations = Vec::new();
        if effects.blend_mode != BlendMode::Normal {
            declarations.push(format!("mix-blend-mode:{}", effects.blend_mode));
        }
        if effects.isolated {
            declarations.push("isolation:isolate".to_owned());
        }
        if !css.is_empty() {
            declarations.push(css.to_owned());
        }
        if !declarations.is_empty() {
            attributes.raw("style", &declarations.join(";"));
        }
        attributes
    }

    /// The id in the file of a resource that is referred to from what is being written, if the reference means anything.
    pub(super) fn reference(&self, role: Role, id: &ResourceId) -> Option<String> {
        let holds = self.references.holds(self.within, role, id, &self.picture.resources);
        if holds { self.names.resource(id).map(str::to_owned) } else { None }
    }
}

/// Where a node is, for messages.
pub(super) fn place(node: &Node) -> &str {
    if node.name.is_empty() { &node.id } else { &node.name }
}

/// The element that holds a node's name, if people have named it.
pub(super) fn title(node: &Node) -> Option<String> {
    (!node.name.is_empty()).then(|| format!("<title>{}</title>", escape(&node.name)))
}

fn rendering_css(rendering: ImageRendering) -> &'static str {
    match rendering {
        ImageRendering::HighQuality => "",
        ImageRendering::Smooth => "image-rendering:smooth",
        ImageRendering::Pixelated => "image-rendering:pixelated",
    }
}
