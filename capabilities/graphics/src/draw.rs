//! Drawing canvases: decoded images and fonts kept from one drawing to the next.

use std::{collections::BTreeMap, sync::Arc};

use base::{BlobHash, Diagnostic, Limits};
use fonts::Catalogue;
use kernel::{Bytes, CommandError, Reading, ports::FontSource};
use usvg::fontdb::Database;

use crate::{
    images::{self, Images, ReadImage},
    pick::IndexCache,
    picture::{Group, Node, NodeKind, Picture, Resource},
    render::{self, LayoutCache, RenderError, View},
};
use raster::{Surface, codec::CodecError};
use raster_gpu::{Accelerator, Session};

/// What drawings share.
#[derive(Default)]
pub struct Drawing {
    catalogue: Catalogue,
    images: Images,
    layouts: LayoutCache,
    pub(crate) accelerator: Accelerator,
    /// Where the parts of the canvas are that was asked last.
    pub(crate) index: IndexCache,
}

/// A picture that was drawn.
pub struct Drawn {
    /// Its pixels.
    pub surface: Surface,
    /// What went wrong on the way, and changed none of them.
    pub warnings: Vec<Diagnostic>,
}

impl Drawing {
    /// Drawings that leave large filters to this accelerator.
    pub fn new(accelerator: Accelerator) -> Self {
        Drawing { accelerator, ..Drawing::default() }
    }

    /// The fonts.
    pub fn fonts(&self, source: &Arc<dyn FontSource>) -> Arc<Database> {
        self.catalogue.of(source)
    }

    /// Lets go of everything.
    pub fn clear(&self) {
        self.catalogue.clear();
        self.images.clear();
        self.index.clear();
        self.accelerator.close();
    }

    /// Reads the image file with this hash.
    pub fn read_image(&self, hash: BlobHash, bytes: &[u8], limits: &Limits) -> Result<ReadImage, CodecError> {
        self.images.get(hash, || Ok(Bytes::copy_from_slice(bytes)), limits)
    }

    /// Draws a picture; `place` names it in errors.
    pub fn draw(
        &self,
        picture: &Picture,
        view: &View,
        reading: &Reading<'_>,
        place: &str,
    ) -> Result<Drawn, CommandError> {
        let images = self.decode(picture, reading)?;
        let fonts = if nodes(picture).any(|node| matches!(node.kind, NodeKind::Text(_))) {
            self.fonts(reading.fonts)
        } else {
            Arc::default()
        };
        let accelerator = self.accelerator.session();
        let ready = Ready { images, fonts, layouts: &self.layouts, accelerator, limits: reading.limits };
        let drawn = render::render(picture, view, &ready, reading.limits);
        let surface = drawn.map_err(|error| match error {
            RenderError::Limit(limit) => CommandError::Limit { place: place.to_owned(), limit },
            other => CommandError::Failed(format!("{place}: {other}")),
        })?;
        let taken_over = |error: &_| {
            Diagnostic::warning(place, format!("the processor took over from the GPU: {error}"))
                .with_help("the picture is the same; --adapter cpu leaves the GPU alone")
        };
        let warnings = ready.accelerator.failure().map(taken_over).into_iter().collect();
        Ok(Drawn { surface, warnings })
    }

    /// The images of a picture, decoded.
    fn decode(
        &self,
        picture: &Picture,
        reading: &Reading<'_>,
    ) -> Result<BTreeMap<BlobHash, Arc<Surface>>, CommandError> {
        let mut wanted = BTreeMap::new();
        for hash in images_of(picture) {
            if wanted.contains_key(&hash) {
                continue;
            }
            match self.images.get(hash, || reading.blobs.blob(hash).map_err(Unread::Blob), reading.limits) {
                Ok(image) => drop(wanted.insert(hash, image.surface)),
                Err(Unread::Blob(error)) => return Err(error),
                Err(Unread::Codec(CodecError::Limit(limit))) => {
                    return Err(CommandError::Limit { place: format!("image {hash}"), limit });
                }
                // A viewer leaves out what it cannot read; the import has said so.
                Err(Unread::Codec(_)) => {}
            }
        }
        Ok(wanted)
    }
}

/// Why an image of a picture is not there.
enum Unread {
    Blob(CommandError),
    Codec(CodecError),
}

impl From<CodecError> for Unread {
    fn from(error: CodecError) -> Self {
        Unread::Codec(error)
    }
}

struct Ready<'d> {
    images: BTreeMap<BlobHash, Arc<Surface>>,
    fonts: Arc<Database>,
    layouts: &'d LayoutCache,
    accelerator: Session<'d>,
    limits: &'d Limits,
}

impl render::Assets for Ready<'_> {
    fn image(&self, data: &BlobHash) -> Option<Arc<Surface>> {
        self.images.get(data).cloned()
    }

    fn decode(&self, file: &[u8]) -> Option<Arc<Surface>> {
        images::decode(file, self.limits).ok().map(|image| image.surface)
    }

    fn fonts(&self) -> &Arc<Database> {
        &self.fonts
    }

    fn layouts(&self) -> Option<&LayoutCache> {
        Some(self.layouts)
    }

    fn accelerator(&self) -> Option<&Session<'_>> {
        Some(&self.accelerator)
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

fn images_of(picture: &Picture) -> impl Iterator<Item = BlobHash> {
    nodes(picture).filter_map(|node| match &node.kind {
        NodeKind::Image(image) => Some(image.data),
        _ => None,
    })
}

/// Whether a node is a text or has one in it.
pub(crate) fn has_text(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Text(_)) || node.children().iter().any(has_text)
}
