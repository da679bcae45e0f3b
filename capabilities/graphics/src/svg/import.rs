//! Reading SVG files.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use base::{BlobHash, Diagnostic, Limits};
use usvg::{ImageHrefResolver, ImageKind, fontdb};

use super::{
    convert::Converter,
    guard::{self, GuardError},
    source::{self, SourceError},
};
use crate::picture::{Group, Picture};

/// Deep trees are read on a stack of their own.
const STACK_BYTES: usize = 512 << 20;

/// Gives the bytes behind a relative link.
pub type Linked<'f> = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'f;

/// What reading an SVG file depends on besides the file.
#[derive(Clone)]
pub struct Options<'a> {
    /// Bounds on the input.
    pub limits: &'a Limits,
    /// The font catalogue, with its generic families set.
    pub fonts: Arc<fontdb::Database>,
    /// Gives the bytes behind an image's relative link, if they may be read.
    pub linked: Option<&'a Linked<'a>>,
    /// The font family of text that names none.
    pub font_family: String,
    /// The font size of text that names none, in user pixels.
    pub font_size: f64,
    /// Pixels per inch.
    pub dpi: f64,
    /// The reader's languages, as in `en-US`; they choose between the branches of a `switch`.
    pub languages: Vec<String>,
    /// The file's name, for messages.
    pub place: &'a str,
}

impl<'a> Options<'a> {
    /// 96 dpi, English, the default serif font at 12 pixels, no linked files.
    pub fn new(limits: &'a Limits, fonts: Arc<fontdb::Database>) -> Self {
        Options {
            limits,
            fonts,
            linked: None,
            font_family: "Times New Roman".to_owned(),
            font_size: 12.0,
            dpi: 96.0,
            languages: vec!["en".to_owned()],
            place: "",
        }
    }
}

/// What an SVG file holds.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The drawing.
    pub picture: Picture,
    /// The encoded image files that the drawing names.
    pub images: BTreeMap<BlobHash, Arc<Vec<u8>>>,
    /// What could not be read as the file asks for.
    pub diagnostics: Vec<Diagnostic>,
}

/// A file that is no SVG picture.
#[derive(Debug, thiserror::Error)]
pub enum SvgError {
    /// The bytes are no text, or too many.
    #[error("{0}")]
    Source(#[from] SourceError),
    /// The text is not well-formed XML, no SVG, or too costly to read.
    #[error("{0}")]
    Guard(#[from] GuardError),
    /// The picture has no area.
    #[error("line {line}, column {column}: the picture's width or height is not above 0")]
    Size {
        /// Line of the `svg` element, from 1.
        line: u32,
        /// Column of the `svg` element, from 1.
        column: u32,
    },
    /// The tree of elements is deeper or larger than the reader can take once references are followed.
    #[error("the picture cannot be read: {0}")]
    Tree(String),
    /// No thread could be started.
    #[error("no thread for reading the picture could be started: {0}")]
    Thread(#[from] io::Error),
}

/// Reads an SVG or SVGZ file. Text stays text; linked and embedded images become blobs; nested SVG images
/// become groups.
///
/// Never reads files by itself. Fails on input that is malformed, exceeds the limits, or refers to itself in
/// a circle; smaller faults become diagnostics.
pub fn import(bytes: &[u8], options: &Options<'_>) -> Result<Imported, SvgError> {
    let bytes = source::decompressed(bytes, options.limits)?;
    let text = source::decoded(&bytes)?;
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("svg".to_owned()).stack_size(STACK_BYTES);
        let reader = builder.spawn_scoped(scope, || read(&text, options))?;
        reader.join().unwrap_or_else(|_| Err(SvgError::Tree("its reader failed".to_owned())))
    })
}

fn read(text: &str, options: &Options<'_>) -> Result<Imported, SvgError> {
    let xml = guard::parse(text, options.limits)?;
    let diagnostics = Mutex::new(Vec::new());
    let report = |diagnostic: Diagnostic| {
        let mut diagnostics = diagnostics.lock().unwrap_or_else(PoisonError::into_inner);
        if !diagnostics.contains(&diagnostic) {
            diagnostics.push(diagnostic);
        }
    };
    for finding in guard::unsupported(&xml) {
        let place = format!("{}:{}:{}", options.place, finding.line, finding.column);
        report(Diagnostic::warning(place, format!("the element '{}' is not supported", finding.element)));
    }
    let tree = {
        let usvg_options = usvg::Options {
            dpi: options.dpi as f32,
            font_family: options.font_family.clone(),
            font_size: options.font_size as f32,
            languages: options.languages.clone(),
            image_href_resolver: image_resolver(options, &report),
            font_resolver: font_resolver(options, &report),
            fontdb: options.fonts.clone(),
            ..usvg::Options::default()
        };
        usvg::Tree::from_xmltree(&xml, &usvg_options).map_err(|error| match error {
            usvg::Error::InvalidSize => {
                let position = xml.text_pos_at(xml.root_element().range().start);
                SvgError::Size { line: position.row, column: position.col }
            }
            other => SvgError::Tree(other.to_string()),
        })?
    };
    let mut converter = Converter::default();
    let children = converter.children(tree.root());
    let picture = Picture {
        width: f64::from(tree.size().width()),
        height: f64::from(tree.size().height()),
        root: Group { children },
        resources: converter.resources,
    };
    let diagnostics = diagnostics.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Imported { picture, images: converter.images, diagnostics })
}

/// Finds images in data URLs and behind links. Nested SVG files pass the same checks as the file itself.
fn image_resolver<'a>(
    options: &'a Options<'_>,
    report: &'a (dyn Fn(Diagnostic) + Sync),
) -> ImageHrefResolver<'a> {
    let image = move |data: Arc<Vec<u8>>, may_be_svg: bool, usvg_options: &usvg::Options<'_>| {
        if let Some(kind) = bitmap(&data) {
            return Ok(kind);
        }
        if !may_be_svg {
            return Err("its format is not supported".to_owned());
        }
        nested(&data, options.limits, usvg_options)
    };
    let warn = move |what: &str, why: &str| {
        report(Diagnostic::warning(options.place, format!("{what} is left out: {why}")));
    };
    ImageHrefResolver {
        resolve_data: Box::new(move |mime, data, usvg_options| {
            let known = ["image/jpg", "image/jpeg", "image/png", "image/gif", "image/webp"];
            let may_be_svg = matches!(mime, "image/svg+xml" | "text/plain");
            if !may_be_svg && !known.contains(&mime) {
                warn("an embedded image", &format!("its type '{mime}' is not supported"));
                return None;
            }
            image(data, may_be_svg, usvg_options).map_err(|why| warn("an embedded image", &why)).ok()
        }),
        resolve_string: Box::new(move |link, usvg_options| {
            let Some(data) = options.linked.and_then(|linked| linked(link)) else {
                warn(&format!("the image '{link}'"), "it cannot be read");
                return None;
            };
            let extension = link.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
            let may_be_svg = matches!(extension.as_str(), "svg" | "svgz");
            let image = image(Arc::new(data), may_be_svg, usvg_options);
            image.map_err(|why| warn(&format!("the image '{link}'"), &why)).ok()
        }),
    }
}

/// The kind of a bitmap file by its first bytes.
fn bitmap(data: &Arc<Vec<u8>>) -> Option<ImageKind> {
    if data.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(ImageKind::PNG(data.clone()));
    }
    if data.starts_with(b"\xff\xd8\xff") {
        return Some(ImageKind::JPEG(data.clone()));
    }
    if data.starts_with(b"GIF87a") || data.starts_with(b"GIF89a") {
        return Some(ImageKind::GIF(data.clone()));
    }
    if data.starts_with(b"RIFF") && data.get(8..12) == Some(b"WEBP") {
        return Some(ImageKind::WEBP(data.clone()));
    }
    None
}

/// An SVG file within an SVG file, which may not link to further files.
fn nested(data: &[u8], limits: &Limits, options: &usvg::Options<'_>) -> Result<ImageKind, String> {
    let bytes = source::decompressed(data, limits).map_err(|error| error.to_string())?;
    let text = source::decoded(&bytes).map_err(|error| error.to_string())?;
    guard::parse(&text, limits).map_err(|error| error.to_string())?;
    let tree = usvg::Tree::from_data_nested(text.as_bytes(), options).map_err(|error| error.to_string())?;
    Ok(ImageKind::SVG(tree))
}

/// Chooses fonts as usvg does, and reports families that the catalogue lacks.
fn font_resolver<'a>(
    options: &'a Options<'_>,
    report: &'a (dyn Fn(Diagnostic) + Sync),
) -> usvg::FontResolver<'a> {
    let select = usvg::FontResolver::default_font_selector();
    usvg::FontResolver {
        select_font: Box::new(move |font, fonts| {
            let named = |family: &usvg::FontFamily| match family {
                usvg::FontFamily::Named(name) => fonts
                    .faces()
                    .any(|face| face.families.iter().any(|(family, _)| family.eq_ignore_ascii_case(name))),
                _ => true,
            };
            if fonts.is_empty() {
                let message = "text is left out: there are no fonts";
                report(
                    Diagnostic::warning(options.place, message)
                        .with_help("name a folder of fonts in the settings"),
                );
                return None;
            }
            let wished = font.families().first();
            let default =
                matches!(wished, Some(usvg::FontFamily::Named(name)) if *name == options.font_family);
            if !default && !font.families().iter().any(named) {
                let names: Vec<String> = font.families().iter().map(ToString::to_string).collect();
                let message = format!("no font of the family {} is there", names.join(", "));
                report(
                    Diagnostic::warning(options.place, message).with_help("another font stands in for it"),
                );
            }
            select(font, fonts)
        }),
        select_fallback: usvg::FontResolver::default_fallback_selector(),
    }
}
