//! Drawing canvases: decoded images and fonts kept from one drawing to the next.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use base::{BlobHash, Limits};
use kernel::{CommandError, Reading, ports::FontSource};
use usvg::fontdb::Database;

use crate::{
    fonts::Catalogue,
    picture::{Group, Node, NodeKind, Picture, Resource},
    raster::{Depth, Surface, codec},
    render::{self, LayoutCache, RenderError, View},
};

/// What drawings share.
#[derive(Default)]
pub struct Drawing {
    catalogue: Catalogue,
    images: Mutex<BTreeMap<BlobHash, Arc<Surface>>>,
    layouts: LayoutCache,
}

impl Drawing {
    /// The fonts.
    pub fn fonts(&self, source: &Arc<dyn FontSource>) -> Arc<Database> {
        self.catalogue.of(source)
    }

    /// Lets go of everything.
    pub fn clear(&self) {
        self.catalogue.clear();
        self.images.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Draws a picture; `place` names it in errors.
    pub fn draw(
        &self,
        picture: &Picture,
        view: &View,
        reading: &Reading<'_>,
        place: &str,
    ) -> Result<Surface, CommandError> {
        let images = self.decode(picture, reading)?;
        let fonts = if has_text(picture) { self.fonts(reading.fonts) } else { Arc::default() };
        let ready = Ready { images, fonts, layouts: &self.layouts, limits: reading.limits };
        render::render(picture, view, &ready, reading.limits).map_err(|error| match error {
            RenderError::Limit(limit) => CommandError::Limit { place: place.to_owned(), limit },
            other => CommandError::Failed(format!("{place}: {other}")),
        })
    }

    /// The images of a picture, decoded. Only these are kept for the next drawing.
    fn decode(
        &self,
        picture: &Picture,
        reading: &Reading<'_>,
    ) -> Result<BTreeMap<BlobHash, Arc<Surface>>, CommandError> {
        let mut wanted = BTreeMap::new();
        let mut kept = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        for hash in images(picture) {
            if wanted.contains_key(&hash) {
                continue;
            }
            let surface = match kept.get(&hash) {
                Some(surface) => surface.clone(),
                None => match codec::decode(&reading.blobs.blob(hash)?, reading.limits) {
                    Ok(decoded) => Arc::new(decoded.surface.into_depth(Depth::U8)),
                    Err(codec::CodecError::Limit(limit)) => {
                        return Err(CommandError::Limit { place: format!("image {hash}"), limit });
                    }
                    // A viewer leaves out what it cannot read; the import has said so.
                    Err(_) => continue,
                },
            };
            wanted.insert(hash, surface);
        }
        *kept = wanted.clone();
        Ok(wanted)
    }
}

struct Ready<'d> {
    images: BTreeMap<BlobHash, Arc<Surface>>,
    fonts: Arc<Database>,
    layouts: &'d LayoutCache,
    limits: &'d Limits,
}

impl render::Assets for Ready<'_> {
    fn image(&self, data: &BlobHash) -> Option<Arc<Surface>> {
        self.images.get(data).cloned()
    }

    fn decode(&self, file: &[u8]) -> Option<Arc<Surface>> {
        codec::decode(file, self.limits).ok().map(|decoded| Arc::new(decoded.surface.into_depth(Depth::U8)))
    }

    fn fonts(&self) -> &Arc<Database> {
        &self.fonts
    }

    fn layouts(&self) -> Option<&LayoutCache> {
        Some(self.layouts)
    }
}

/// All drawn nodes of a picture, those of its resources included.
fn nodes(picture: &Picture) -> impl Iterator<Item = &Node> {
    let resources = picture.resources.0.values().flat_map(|resource| match resource {
        Resource::Pattern(pattern) => pattern.content.as_slice(),
        Resource::ClipPath(clip) => &clip.content,
        Resource::Mask(mask) => &mask.content,
        Resource::Symbol(symbol) => &symbol.content,
        Resource::LinearGradient(_) | Resource::RadialGradient(_) => &[],
    });
    let Group { children } = &picture.root;
    let mut stack: Vec<&Node> = children.iter().chain(resources).collect();
    std::iter::from_fn(move || {
        let node = stack.pop()?;
        stack.extend(node.children());
        Some(node)
    })
}

fn images(picture: &Picture) -> impl Iterator<Item = BlobHash> {
    nodes(picture).filter_map(|node| match &node.kind {
        NodeKind::Image(image) => Some(image.data),
        _ => None,
    })
}

fn has_text(picture: &Picture) -> bool {
    nodes(picture).any(|node| matches!(node.kind, NodeKind::Text(_)))
}
