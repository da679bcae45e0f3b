//! The index: every part of a canvas that can be picked, the lowest first, with the box around it.

use std::sync::{Arc, Mutex, PoisonError};

use base::{DocumentId, LimitExceeded, Limits, NodeId};
use document::{NodeRef, Tree};
use kurbo::{Affine, Rect};
use usvg::fontdb::Database;

use crate::{
    bounds::kind_bounds,
    canvas, kinds,
    picture::{Effects, NodeKind, Resources},
};

/// A path, image or text that is drawn.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Its node.
    pub node: NodeId,
    /// The outermost group that it is in, else itself.
    pub top: NodeId,
    /// From its space to the canvas.
    pub here: Affine,
    /// The box around it on the canvas, in px, without what cuts it off.
    pub bounds: Rect,
    /// What cuts it off and from which space, the outermost first: its own clip and mask and those of its groups.
    pub cuts: Vec<Cut>,
}

/// The clip or mask of a node, or both.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    /// From the node's space to the canvas.
    pub here: Affine,
    /// Clip and mask, and no other effect.
    pub effects: Effects,
}

/// All parts of a canvas.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The parts, the lowest first.
    pub parts: Vec<Part>,
    /// What their clips and masks are.
    pub resources: Resources,
}

impl Index {
    /// Reads a canvas at its start. What is invisible, wholly transparent or locked is left out, with what is in it.
    ///
    /// # Errors
    /// Nodes nested deeper than the limits allow.
    pub fn of(
        tree: &Tree,
        fonts: &dyn Fn() -> Arc<Database>,
        limits: &Limits,
    ) -> Result<Self, LimitExceeded> {
        let mut index = Index { parts: Vec::new(), resources: canvas::resources(tree, limits)? };
        let reader = Reader { fonts, limits };
        for child in tree.root().at_time(0.0).children() {
            reader.add(child, child.id(), Affine::IDENTITY, &[], 1, &mut index.parts)?;
        }
        Ok(index)
    }
}

struct Reader<'a> {
    fonts: &'a dyn Fn() -> Arc<Database>,
    limits: &'a Limits,
}

impl Reader<'_> {
    fn add(
        &self,
        reader: NodeRef<'_>,
        top: NodeId,
        outer: Affine,
        cuts: &[Cut],
        depth: u64,
        parts: &mut Vec<Part>,
    ) -> Result<(), LimitExceeded> {
        Limits::check("the nesting of nodes", depth, self.limits.nesting, "nesting")?;
        if let Some(group) = kinds::Group::read(reader) {
            if group.locked() || !group.visible() || group.opacity() <= 0.0 {
                return Ok(());
            }
            let here = outer * group.transform();
            let cut = Effects {
                clip: group.clip().map(canvas::resource_id),
                mask: group.mask().map(canvas::resource_id),
                ..Effects::default()
            };
            let cuts = with(cuts, here, cut);
            for child in reader.children() {
                self.add(child, top, here, &cuts, depth + 1, parts)?;
            }
            return Ok(());
        }
        let locked = [
            kinds::Path::read(reader).map(|path| path.locked()),
            kinds::Image::read(reader).map(|image| image.locked()),
            kinds::Text::read(reader).map(|text| text.locked()),
        ];
        if locked.into_iter().flatten().next() != Some(false) {
            return Ok(());
        }
        let Some(node) = canvas::node(reader, self.limits)? else { return Ok(()) };
        if !node.visible || node.effects.opacity <= 0.0 {
            return Ok(());
        }
        let here = outer * node.transform;
        let fonts = match &node.kind {
            NodeKind::Text(_) => (self.fonts)(),
            _ => Arc::default(),
        };
        let Some(bounds) = kind_bounds(&node.kind, here, &fonts).filter(|bounds| bounds.is_finite()) else {
            return Ok(());
        };
        let cut = Effects { clip: node.effects.clip, mask: node.effects.mask, ..Effects::default() };
        parts.push(Part { node: reader.id(), top, here, bounds, cuts: with(cuts, here, cut) });
        Ok(())
    }
}

fn with(cuts: &[Cut], here: Affine, effects: Effects) -> Vec<Cut> {
    let mut cuts = cuts.to_vec();
    if effects.need_layer() {
        cuts.push(Cut { here, effects });
    }
    cuts
}

/// The index of the canvas that was asked last.
#[derive(Debug, Default)]
pub(crate) struct IndexCache(Mutex<Option<(DocumentId, u64, Arc<Index>)>>);

impl IndexCache {
    /// The index of a version of a canvas: that at hand, else a new one.
    pub fn get(
        &self,
        document: DocumentId,
        version: u64,
        read: impl FnOnce() -> Result<Index, LimitExceeded>,
    ) -> Result<Arc<Index>, LimitExceeded> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, at, index)) = &*kept
            && (*of, *at) == (document, version)
        {
            return Ok(index.clone());
        }
        let index = Arc::new(read()?);
        *kept = Some((document, version, index.clone()));
        Ok(index)
    }

    /// Lets go of it.
    pub fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
