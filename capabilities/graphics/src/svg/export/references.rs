//! Which resources a drawing needs, and which references would close a circle.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::{
    filter::PrimitiveKind,
    picture::{Fill, Node, NodeKind, Paint, Picture, Resource, ResourceId, Resources, Stroke},
};

/// The nodes and all below them, each before its children.
pub(super) fn walk(nodes: &[Node]) -> impl Iterator<Item = &Node> {
    let mut levels = vec![nodes.iter()];
    std::iter::from_fn(move || {
        loop {
            match levels.last_mut()?.next() {
                Some(node) => {
                    levels.push(node.children().iter());
                    return Some(node);
                }
                None => {
                    levels.pop();
                }
            }
        }
    })
}

/// The nodes of a resource.
pub(super) fn content(resource: &Resource) -> &[Node] {
    match resource {
        Resource::LinearGradient(_) | Resource::RadialGradient(_) => &[],
        Resource::Pattern(pattern) => &pattern.content,
        Resource::ClipPath(clip) => &clip.content,
        Resource::Mask(mask) => &mask.content,
        Resource::Symbol(symbol) => &symbol.content,
    }
}

/// What a reference is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Paint,
    Clip,
    Mask,
    Image,
}

impl Role {
    fn fits(self, resource: &Resource) -> bool {
        self == match resource {
            Resource::LinearGradient(_) | Resource::RadialGradient(_) | Resource::Pattern(_) => Role::Paint,
            Resource::ClipPath(_) => Role::Clip,
            Resource::Mask(_) => Role::Mask,
            Resource::Symbol(_) => Role::Image,
        }
    }
}

/// The resources that a drawing refers to, directly or through others.
pub(super) struct References<'a> {
    used: BTreeSet<&'a ResourceId>,
    /// References, as the resource that holds one and the one that is referred to, without which there are no circles.
    cut: HashSet<(&'a ResourceId, &'a ResourceId)>,
}

impl<'a> References<'a> {
    /// Follows all references, depth first.
    pub(super) fn of(picture: &'a Picture) -> Self {
        let resources = &picture.resources;
        let mut references = References { used: BTreeSet::new(), cut: HashSet::new() };
        let mut finished: HashMap<&ResourceId, bool> = HashMap::new();
        let mut path = vec![(None, of_nodes(&picture.root.children, resources).into_iter())];
        while let Some((holder, targets)) = path.last_mut() {
            let holder = *holder;
            let Some(target) = targets.next() else {
                path.pop();
                if let Some(id) = holder {
                    finished.insert(id, true);
                }
                continue;
            };
            match (finished.get(target), holder) {
                (None, _) => {
                    finished.insert(target, false);
                    references.used.insert(target);
                    path.push((Some(target), of_resource(target, resources).into_iter()));
                }
                (Some(false), Some(holder)) => {
                    references.cut.insert((holder, target));
                }
                _ => {}
            }
        }
        references
    }

    /// The resources in the order of their ids.
    pub(super) fn used(&self) -> impl Iterator<Item = &'a ResourceId> {
        self.used.iter().copied()
    }

    /// Whether a reference within the content of `holder`, or of the drawing itself, means anything: it names a
    /// resource of the right kind, and closes no circle.
    pub(super) fn holds(
        &self,
        holder: Option<&ResourceId>,
        role: Role,
        target: &ResourceId,
        resources: &Resources,
    ) -> bool {
        let is_cut = holder.is_some_and(|holder| self.cut.contains(&(holder, target)));
        !is_cut && known(role, target, resources).is_some()
    }
}

fn of_resource<'a>(id: &ResourceId, resources: &'a Resources) -> BTreeSet<&'a ResourceId> {
    let Some(resource) = resources.get(id) else { return BTreeSet::new() };
    let (mut targets, linked): (BTreeSet<_>, _) = match resource {
        Resource::ClipPath(clip) => {
            let clips = walk(&clip.content).filter_map(|node| node.effects.clip.as_ref());
            let targets = clips.filter_map(|id| known(Role::Clip, id, resources)).collect();
            (targets, clip.clip.as_ref().and_then(|id| known(Role::Clip, id, resources)))
        }
        Resource::Mask(mask) => {
            let linked = mask.mask.as_ref().and_then(|id| known(Role::Mask, id, resources));
            (of_nodes(&mask.content, resources), linked)
        }
        other => (of_nodes(content(other), resources), None),
    };
    targets.extend(linked);
    targets
}

fn of_nodes<'a>(nodes: &'a [Node], resources: &'a Resources) -> BTreeSet<&'a ResourceId> {
    let mut targets = BTreeSet::new();
    for node in walk(nodes) {
        let effects = &node.effects;
        let mut paints: Vec<(&Option<Fill>, &Option<Stroke>)> = Vec::new();
        match &node.kind {
            NodeKind::Path(path) => paints.push((&path.fill, &path.stroke)),
            NodeKind::Text(text) => {
                for style in text.chunks.iter().flat_map(|chunk| &chunk.spans).map(|span| &span.style) {
                    paints.push((&style.fill, &style.stroke));
                    let lines = &style.decorations;
                    let lines = [&lines.underline, &lines.overline, &lines.line_through];
                    paints.extend(lines.into_iter().flatten().map(|line| (&line.fill, &line.stroke)));
                }
            }
            NodeKind::Group(_) | NodeKind::Image(_) => {}
        }
        for (fill, stroke) in paints {
            let fill = fill.as_ref().map(|fill| &fill.paint);
            let stroke = stroke.as_ref().map(|stroke| &stroke.paint);
            for paint in [fill, stroke].into_iter().flatten() {
                if let Paint::Server(id) = paint {
                    targets.extend(known(Role::Paint, id, resources));
                }
            }
        }
        targets.extend(effects.clip.as_ref().and_then(|id| known(Role::Clip, id, resources)));
        targets.extend(effects.mask.as_ref().and_then(|id| known(Role::Mask, id, resources)));
        for primitive in effects.filters.iter().flat_map(|filter| &filter.primitives) {
            if let PrimitiveKind::Image { content } = &primitive.kind {
                targets.extend(known(Role::Image, &ResourceId::from(content.as_str()), resources));
            }
        }
    }
    targets
}

/// The id as the resources hold it, if they do and it is that of the right kind.
fn known<'a>(role: Role, id: &ResourceId, resources: &'a Resources) -> Option<&'a ResourceId> {
    let (id, resource) = resources.0.get_key_value(id)?;
    role.fits(resource).then_some(id)
}
