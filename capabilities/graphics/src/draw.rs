//! Drawing canvases: decoded images and fonts kept from one drawing to the next.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use base::{BlobHash, Diagnostic, Limits};
use kernel::{CommandError, Reading, ports::FontSource};
use usvg::fontdb::Database;

use crate::{
    fonts::Catalogue,
    pick::IndexCache,
    picture::{Group, Node, NodeKind, Picture, Resource},
    raster::{
        Depth, Surface,
        codec::{self, CodecError},
    },
    render::{self, LayoutCache, RenderError, View},
};

/// What drawings share.
#[derive(Default)]
pub struct Drawing {
    catalogue: Catalogue,
    images: Mutex<BTreeMap<BlobHash, Arc<Surface>>>,
    /// The image file that was read last: as a rule it is drawn next, or placed once more.
    last_read: Mutex<Option<(BlobHash, ReadImage)>>,
    layouts: LayoutCache,
    /// Where the parts of the canvas are that was asked last.
    pub(crate) index: IndexCache,
}

/// An image file, decoded with eight bits a channel.
#[derive(Clone)]
pub struct ReadImage {
    /// Its pixels.
    pub surface: Arc<Surface>,
    /// What is odd about it.
    pub warnings: Vec<Diagnostic>,
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
        self.take_last_read();
        self.index.clear();
    }

    /// Reads the image file with this hash, unless it was the last one to be read.
    pub fn read_image(&self, hash: BlobHash, bytes: &[u8], limits: &Limits) -> Result<ReadImage, CodecError> {
        // Taken before another one is decoded, so that there are not two of them.
        let image = match self.take_last_read() {
            Some((last, image)) if last == hash => image,
            _ => {
                let decoded = codec::decode(bytes, limits)?;
                let surface = Arc::new(decoded.surface.into_depth(Depth::U8));
                ReadImage { surface, warnings: decoded.warnings }
            }
        };
        *self.last_read.lock().unwrap_or_else(PoisonError::into_inner) = Some((hash, image.clone()));
        Ok(image)
    }

    fn take_last_read(&self) -> Option<(BlobHash, ReadImage)> {
        self.last_read.lock().unwrap_or_else(PoisonError::into_inner).take()
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
        let fonts = if nodes(picture).any(|node| matches!(node.kind, NodeKind::Text(_))) {
            self.fonts(reading.fonts)
        } else {
            Arc::default()
        };
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
        let last_read = self.take_last_read();
        let mut kept = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        for hash in images(picture) {
            if wanted.contains_key(&hash) {
                continue;
            }
            let surface = match (kept.get(&hash), &last_read) {
                (Some(surface), _) => surface.clone(),
                (None, Some((last, image))) if *last == hash => image.surface.clone(),
                _ => match codec::decode(&reading.blobs.blob(hash)?, reading.limits) {
                    Ok(decoded) => Arc::new(decoded.surface.into_depth(Depth::U8)),
                    Err(CodecError::Limit(limit)) => {
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

/// Whether a node is a text or has one in it.
pub(crate) fn has_text(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Text(_)) || node.children().iter().any(has_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_read_again_is_not_decoded_again() {
        let limits = Limits::default();
        let white = Surface::filled(3, 2, base::Color::WHITE, &limits).unwrap();
        let file = codec::encode(&white, &codec::Encoding::Png { depth: Depth::U8 }).unwrap();
        let (drawing, hash) = (Drawing::default(), BlobHash::of(&file));
        let read = |hash, bytes: &[u8]| drawing.read_image(hash, bytes, &limits).map(|image| image.surface);
        let first = read(hash, &file).unwrap();
        assert!(Arc::ptr_eq(&first, &read(hash, &file).unwrap()));
        let damaged = &file[..file.len() / 2];
        assert!(read(BlobHash::of(damaged), damaged).is_err());
        assert!(!Arc::ptr_eq(&first, &read(hash, &file).unwrap()));
    }
}
