//! Clips: compiled to outlines, drawn as coverage.

use std::sync::Arc;

use super::{
    RenderError,
    area::Area,
    compile::{Compiler, Place, Scope, scale_of},
    draw::Coverage,
    fill::Scanner,
    outline::Outline,
    scene::{Clip, ClipPart},
};
use crate::picture::{FillRule, Node, NodeKind, ResourceId};

impl Compiler<'_> {
    /// The clip of a node in `place`; `None` if it has none.
    pub fn clip(
        &self,
        id: Option<&ResourceId>,
        place: Place,
        scope: &Scope<'_>,
    ) -> Result<Option<Arc<Clip>>, RenderError> {
        let Some((id, clip)) = id.and_then(|id| Some((id, scope.resources.clip_path(id)?))) else {
            return Ok(None);
        };
        let Some(scope) = scope.content_of(id) else { return Ok(None) };
        let within = self.clip(clip.clip.as_ref(), place, &scope)?;
        let mut parts = Vec::new();
        let area = self.clip_parts(&clip.content, place.inside(clip.transform), &scope, &mut parts)?;
        let area = area.intersect(place.area);
        let area = within.as_ref().map_or(area, |within| area.intersect(within.area));
        Ok(Some(Arc::new(Clip { parts, within, area })))
    }

    fn clip_parts(
        &self,
        nodes: &[Node],
        place: Place,
        scope: &Scope<'_>,
        out: &mut Vec<ClipPart>,
    ) -> Result<Area, RenderError> {
        let mut area = Area::EMPTY;
        for node in nodes.iter().filter(|node| node.visible) {
            let place = place.inside(node.transform);
            if !place.transform.is_finite() {
                continue;
            }
            let clip = self.clip(node.effects.clip.as_ref(), place, scope)?;
            let mut parts = Vec::new();
            let mut part_area = self.clip_node(node, place, scope, &mut parts)?;
            match clip {
                None => out.append(&mut parts),
                Some(clip) => {
                    part_area = part_area.intersect(clip.area);
                    out.push(ClipPart::Clipped { parts, clip });
                }
            }
            area = area.union(part_area);
        }
        Ok(area)
    }

    fn clip_node(
        &self,
        node: &Node,
        place: Place,
        scope: &Scope<'_>,
        out: &mut Vec<ClipPart>,
    ) -> Result<Area, RenderError> {
        match &node.kind {
            NodeKind::Group(group) => self.clip_parts(&group.children, place, scope, out),
            NodeKind::Path(path) => {
                let rule = path.fill.as_ref().map_or(FillRule::NonZero, |fill| fill.rule);
                let outline = Outline::fill(&path.data, place.transform);
                let area = outline.area();
                out.push(ClipPart::Shape { outline, rule, smooth: path.anti_alias });
                Ok(area)
            }
            NodeKind::Text(text) => {
                let layout = self.layout(text, scale_of(place.transform));
                let nodes: Vec<Node> = layout.nodes.iter().map(|node| node.node.clone()).collect();
                self.clip_parts(&nodes, place, scope, out)
            }
            NodeKind::Image(_) => Ok(Area::EMPTY),
        }
    }
}

impl Clip {
    /// What the clip lets through, for the pixels of `area`.
    pub fn coverage(&self, area: Area, scanner: &mut Scanner) -> Coverage {
        let mut coverage = Coverage::new(area);
        add_parts(&self.parts, &mut coverage, scanner);
        if let Some(within) = &self.within {
            coverage.multiply(&within.coverage(area, scanner));
        }
        coverage
    }
}

fn add_parts(parts: &[ClipPart], coverage: &mut Coverage, scanner: &mut Scanner) {
    for part in parts {
        match part {
            ClipPart::Shape { outline, rule, smooth } => {
                scanner.fill(outline, *rule, *smooth, coverage.area, coverage);
            }
            ClipPart::Clipped { parts, clip } => {
                let mut part = Coverage::new(coverage.area);
                add_parts(parts, &mut part, scanner);
                part.multiply(&clip.coverage(coverage.area, scanner));
                coverage.add(&part);
            }
        }
    }
}
