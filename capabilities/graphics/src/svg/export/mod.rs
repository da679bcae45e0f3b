//! Pictures out as SVG: one file that holds everything it needs.
//!
//! Owns the way from a [`Picture`] to SVG text: names that are valid and unique, definitions, nodes, and paint. Text stays
//! text, effects stay effects, bitmaps are embedded. Never draws, never writes references in a circle, and needs no more
//! stack for deep trees and long chains of references.

mod attributes;
mod clip;
mod embed;
mod filter;
mod names;
mod node;
mod paint;
mod primitive;
mod references;
mod resource;
#[cfg(test)]
mod tests;
mod xml;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use base::{BlobHash, Color, Diagnostic};

use crate::picture::{Picture, ResourceId};

use attributes::{Attributes, hex, number};
use embed::ImageKey;
use names::Names;
use references::References;
use xml::Xml;

/// How a picture is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExportOptions {
    /// What lies below the picture; `None` for nothing.
    pub background: Option<Color>,
}

/// The picture as an SVG file, and what the file could not hold. `assets` gives the encoded image files.
///
/// The text depends on the arguments alone. Numbers are exact to nine significant digits and to 10⁻⁶; below 5 · 10⁻¹³ they
/// are 0. The file has every node, also what is not drawn, and every resource that a node refers to. References that are
/// missing, lead in a circle or name the wrong kind of resource are left out, as they are in drawing. Names of nodes become
/// `title` elements. Colours lose their alpha to the opacity beside them.
pub fn export(
    picture: &Picture,
    assets: &dyn Fn(&BlobHash) -> Option<Arc<Vec<u8>>>,
    options: &ExportOptions,
) -> (String, Vec<Diagnostic>) {
    let references = References::of(picture);
    let names = Names::of(picture, &references);
    let mut exporter = Exporter {
        picture,
        assets,
        shared_images: embed::repeated(picture, &references),
        references,
        names,
        out: Xml::new(1),
        definitions: Xml::new(2),
        filters: HashMap::new(),
        text_paths: HashMap::new(),
        images: HashMap::new(),
        within: None,
        warned: HashSet::new(),
        diagnostics: Vec::new(),
    };
    if let Some(color) = options.background {
        exporter.background(color);
    }
    exporter.nodes(&picture.root.children);
    let body = std::mem::replace(&mut exporter.out, Xml::new(2));
    exporter.resources();

    let mut root = Attributes::default();
    root.text("xmlns", "http://www.w3.org/2000/svg");
    let (width, height) = (number(picture.width), number(picture.height));
    root.text("width", &width).text("height", &height).text("viewBox", &format!("0 0 {width} {height}"));
    let mut file = Xml::new(0);
    file.open("svg", &root);
    if !(exporter.out.is_empty() && exporter.definitions.is_empty()) {
        file.open("defs", &Attributes::default());
        file.append(&exporter.out.into_text());
        file.append(&exporter.definitions.into_text());
        file.close("defs");
    }
    file.append(&body.into_text());
    file.close("svg");
    (file.into_text(), exporter.diagnostics)
}

/// The state of one export.
struct Exporter<'a> {
    picture: &'a Picture,
    assets: &'a dyn Fn(&BlobHash) -> Option<Arc<Vec<u8>>>,
    references: References<'a>,
    names: Names,
    /// Where nodes go.
    out: Xml,
    /// Filters, lines that text follows, and images that are shown more than once.
    definitions: Xml,
    /// The ids of filters by their text.
    filters: HashMap<String, String>,
    /// The ids of lines that text follows by their data.
    text_paths: HashMap<String, String>,
    /// The images that are shown more than once.
    shared_images: HashSet<ImageKey>,
    /// The ids of those that are defined.
    images: HashMap<ImageKey, String>,
    /// The resource whose content is being written.
    within: Option<&'a ResourceId>,
    /// The diagnostics as text.
    warned: HashSet<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Exporter<'_> {
    fn background(&mut self, color: Color) {
        let mut attributes = Attributes::default();
        attributes.number("width", self.picture.width).number("height", self.picture.height);
        attributes.text("fill", &hex(color)).number_unless("fill-opacity", f64::from(color.a) / 255.0, 1.0);
        self.out.empty("rect", &attributes);
    }

    fn warn(&mut self, place: &str, message: String, help: &str) {
        let diagnostic = Diagnostic::warning(place, message).with_help(help);
        if self.warned.insert(diagnostic.to_string()) {
            self.diagnostics.push(diagnostic);
        }
    }
}
