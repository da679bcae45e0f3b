//! Importers and exporters: documents from bytes and bytes from documents.

use base::{Diagnostic, IdSource, Limits};
use bytes::Bytes;
use document::{Delta, Key, Value};
use serde_json::Value as Json;

use crate::{CommandError, scope::Assets};

/// A file to be read.
pub struct Source<'a> {
    /// Where it is, for messages and for what it refers to.
    pub path: &'a str,
    /// The whole file.
    pub bytes: &'a Bytes,
    /// The id of the format that it was recognised as.
    pub format: &'a str,
}

/// What a file gave.
pub struct Imported {
    /// The kind of document.
    pub kind: &'static str,
    /// Its content.
    pub content: ImportedContent,
    /// What is kept with the document's record.
    pub record: Vec<(Key, Value)>,
    /// What was left out or read otherwise than meant.
    pub diagnostics: Vec<Diagnostic>,
}

/// The content of an imported document.
pub enum ImportedContent {
    /// A tree: what to do to an empty one.
    Tree(Vec<Delta>),
    /// A text: its base.
    Text(String),
}

/// Reads files of some formats.
pub trait Importer: Send + Sync {
    /// Whether these are the first bytes of a file of the format.
    fn recognises(&self, format: &str, bytes: &[u8]) -> bool;
    /// Reads a file. Blobs are kept through `assets`; ids come from `ids`.
    fn import(
        &self,
        source: &Source<'_>,
        assets: &mut Assets<'_>,
        ids: &mut IdSource,
    ) -> Result<Imported, CommandError>;
}

/// What to write.
#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// The name of the file, without its folders; files beside it are named after it.
    pub name: String,
    /// The id of the format.
    pub format: String,
    /// The wanted size in pixels; a side left out follows from the other.
    pub size: (Option<u32>, Option<u32>),
    /// The point in time, in seconds.
    pub time: f64,
    /// What only the format knows, as JSON: `{"quality": 90}`.
    pub options: Json,
}

impl ExportRequest {
    /// The wanted width and height of what has this size itself, in pixels: a side left out follows from the other.
    pub fn pixels(&self, (width, height): (f64, f64)) -> (u32, u32) {
        let whole = |length: f64| length.round().clamp(1.0, f64::from(u32::MAX)) as u32;
        match self.size {
            (Some(w), Some(h)) => (w, h),
            (Some(w), None) => (w, whole(f64::from(w) * height / width)),
            (None, Some(h)) => (whole(f64::from(h) * width / height), h),
            (None, None) => (whole(width), whole(height)),
        }
    }
}

/// Bytes of a written document.
pub struct Exported {
    /// The whole file.
    pub bytes: Bytes,
    /// The files that it refers to.
    pub beside: Vec<FileBeside>,
    /// What was left out or written otherwise than meant.
    pub diagnostics: Vec<Diagnostic>,
}

/// A file that another one refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileBeside {
    /// Its path, seen from the folder of the other one and with slashes: `chair_textures/wood.png`.
    pub path: String,
    /// The whole file.
    pub bytes: Vec<u8>,
}

/// Writes documents of a kind into some formats.
pub trait Exporter: Send + Sync {
    /// Writes a document.
    fn export(
        &self,
        document: &document::Content,
        record: &[(Key, Value)],
        request: &ExportRequest,
        assets: &mut Assets<'_>,
        limits: &Limits,
    ) -> Result<Exported, CommandError>;
}
