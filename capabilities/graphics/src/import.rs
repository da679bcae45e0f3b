//! Reading picture files into canvases.

use std::{collections::BTreeMap, sync::Arc};

use base::{BlobHash, Diagnostic, IdSource};
use kernel::{Assets, CommandError, FileSource, Imported, ImportedContent, Importer, Registrar};

use crate::{
    canvas,
    draw::Drawing,
    kinds,
    picture::{Group, Image, Node, NodeKind, Picture},
    svg::{self, Options, SvgError},
};
use raster::codec::{CodecError, Format};

/// The media types by their ids in the manifest.
const RASTER: [(&str, Format); 4] =
    [("png", Format::Png), ("jpeg", Format::Jpeg), ("webp", Format::WebP), ("gif", Format::Gif)];

pub(crate) fn register(registrar: &mut Registrar<'_>, drawing: &Arc<Drawing>) {
    for (id, _) in RASTER {
        registrar.importer(id, Arc::new(PictureImporter(drawing.clone())));
    }
    registrar.importer("svg", Arc::new(PictureImporter(drawing.clone())));
}

struct PictureImporter(Arc<Drawing>);

impl Importer for PictureImporter {
    fn recognises(&self, format: &str, bytes: &[u8]) -> bool {
        match RASTER.iter().find(|(id, _)| *id == format) {
            Some((_, format)) => Format::sniff(bytes) == Some(*format),
            None => is_svg(bytes),
        }
    }

    fn import(
        &self,
        source: &FileSource<'_>,
        assets: &mut Assets<'_>,
        ids: &mut IdSource,
    ) -> Result<Imported, CommandError> {
        let Read { picture, files, diagnostics } =
            read(&self.0, source.path, source.format, source.bytes, assets)?;
        for file in files.values() {
            assets.put_blob(file.to_vec())?;
        }
        let size = kinds::CanvasProperties::default().width(picture.width).height(picture.height).list();
        let mut deltas: Vec<document::Delta> = size
            .into_iter()
            .map(|(key, value)| document::Delta::Set { node: base::NodeId::ROOT, key, value: Some(value) })
            .collect();
        deltas.extend(canvas::insert(&picture, ids));
        Ok(Imported {
            kind: kinds::Canvas::KIND,
            content: ImportedContent::Tree(deltas),
            record: Vec::new(),
            diagnostics,
        })
    }
}

/// A picture file, read.
pub(crate) struct Read {
    pub picture: Picture,
    /// The encoded images that it names.
    pub files: BTreeMap<BlobHash, Arc<Vec<u8>>>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a picture file of a format of the manifest.
pub(crate) fn read(
    drawing: &Drawing,
    path: &str,
    format: &str,
    bytes: &[u8],
    assets: &Assets<'_>,
) -> Result<Read, CommandError> {
    match format {
        "svg" => read_svg(drawing, path, bytes, assets),
        _ => read_raster(drawing, path, bytes, assets),
    }
}

/// The format of the manifest that the content is of; by the content alone.
pub(crate) fn format_of(bytes: &[u8]) -> Option<&'static str> {
    match Format::sniff(bytes) {
        Some(format) => RASTER.iter().find(|(_, other)| *other == format).map(|(id, _)| *id),
        None => is_svg(bytes).then_some("svg"),
    }
}

fn read_raster(
    drawing: &Drawing,
    path: &str,
    bytes: &[u8],
    assets: &Assets<'_>,
) -> Result<Read, CommandError> {
    let failed = |error| match error {
        CodecError::Limit(limit) => CommandError::Limit { place: path.to_owned(), limit },
        other => CommandError::input(path, other),
    };
    // Decoded as a whole, so that a damaged file is refused here and not when it is drawn.
    let data = BlobHash::of(bytes);
    let image = drawing.read_image(data, bytes, assets.limits()).map_err(failed)?;
    let (width, height) = (f64::from(image.surface.width()), f64::from(image.surface.height()));
    let mut node = Node::new(NodeKind::Image(Image { data, width, height, rendering: Default::default() }));
    node.name = stem(path);
    let picture =
        Picture { width, height, root: Group { children: vec![node] }, resources: Default::default() };
    let diagnostics =
        image.warnings.into_iter().map(|warning| Diagnostic { place: path.to_owned(), ..warning });
    Ok(Read {
        picture,
        files: BTreeMap::from([(data, Arc::new(bytes.to_vec()))]),
        diagnostics: diagnostics.collect(),
    })
}

/// The file's name without folder and extension.
pub(crate) fn stem(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

fn read_svg(drawing: &Drawing, path: &str, bytes: &[u8], assets: &Assets<'_>) -> Result<Read, CommandError> {
    let fonts = if may_have_text(bytes) { drawing.fonts(assets.fonts()) } else { Arc::default() };
    let files = assets.files().clone();
    let linked = |href: &str| files.read(&files.beside(path, href).ok()?).ok();
    let options = Options { linked: Some(&linked), place: path, ..Options::new(assets.limits(), fonts) };
    let imported = svg::import(bytes, &options).map_err(|error| match limit_of(&error) {
        Some(limit) => CommandError::Limit { place: path.to_owned(), limit },
        None => CommandError::input(path, error),
    })?;
    Ok(Read { picture: imported.picture, files: imported.images, diagnostics: imported.diagnostics })
}

fn limit_of(error: &SvgError) -> Option<base::LimitExceeded> {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if let Some(limit) = error.downcast_ref::<base::LimitExceeded>() {
            return Some(limit.clone());
        }
        source = error.source();
    }
    None
}

/// Fonts are looked for only when they may be needed: that takes longer than most pictures.
fn may_have_text(bytes: &[u8]) -> bool {
    let compressed = bytes.starts_with(&[0x1f, 0x8b]);
    compressed
        || [&b"text"[..], b"svg+xml", b"t\0e\0x\0t", b"<image"].iter().any(|word| contains(bytes, word))
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

/// Whether the content is SVG: XML whose first element is `svg`, or something compressed.
fn is_svg(bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return true;
    }
    let head = &bytes[..bytes.len().min(4096)];
    let wide = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    let text: Vec<u8> =
        if wide { head.iter().copied().filter(|byte| *byte != 0).collect() } else { head.to_vec() };
    let text = String::from_utf8_lossy(&text);
    let text = text.trim_start_matches(|c: char| !c.is_ascii() || c.is_whitespace());
    let is_markup = text.starts_with("<?xml") || text.starts_with("<!") || text.starts_with("<svg");
    let prefixed =
        text.starts_with('<') && text.split_whitespace().next().is_some_and(|tag| tag.ends_with(":svg"));
    (is_markup && (text.contains("<svg") || text.contains(":svg"))) || prefixed
}
