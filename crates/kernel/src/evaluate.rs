//! Evaluators: pure functions of a capability from a read snapshot to what is seen of it.

use std::sync::Arc;

use base::{BlobHash, Limits, NodeId};
use bytes::Bytes;
use document::Content;
use serde_json::Value as Json;

use crate::{CommandError, Links, ports::FontSource};

/// Where blobs come from.
pub trait Blobs {
    /// A blob.
    ///
    /// # Errors
    /// [`CommandError::NotFound`], or [`CommandError::Storage`] when the log cannot be read.
    fn blob(&self, hash: BlobHash) -> Result<Bytes, CommandError>;
}

/// What drawing reads beside the document. It works on any thread, away from the kernel.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// Images and other data that the document refers to.
    pub blobs: &'a dyn Blobs,
    /// The fonts.
    pub fonts: &'a Arc<dyn FontSource>,
    /// Bounds on what is drawn.
    pub limits: &'a Limits,
    /// The documents that the document refers to.
    pub links: &'a Links,
}

/// The part of a document that is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Width of the result in pixels.
    pub width: u32,
    /// Height of the result in pixels.
    pub height: u32,
    /// What is at the upper left corner of the result, in the document's units.
    pub origin: (f64, f64),
    /// Pixels of the result for one unit of the document.
    pub scale: f64,
    /// The point in time, in seconds.
    pub time: f64,
}

/// What was drawn: rows from the top, premultiplied sRGB with eight bits for red, green, blue and alpha.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pixels {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `width · height` pixels.
    pub rgba: Vec<[u8; 4]>,
}

/// Changes pictures as filters say that documents keep.
pub trait Filters: Send + Sync {
    /// What becomes of a picture whose pixels are `scale` to a unit of lengths in the filters.
    ///
    /// # Errors
    /// These are no filters, or they would take more than is allowed.
    fn apply(&self, pixels: Pixels, filters: &Json, scale: f64) -> Result<Pixels, CommandError>;
}

/// The corners of a box in turn, which need not be upright, in the document's units.
pub type Quad = [[f64; 2]; 4];

/// Draws documents of a kind.
pub trait Evaluator: Send + Sync {
    /// The width and height of a document, in its units: what a window shows when the whole is to be seen.
    ///
    /// # Errors
    /// The document is of another kind than it should be.
    fn extent(&self, document: &Content, time: f64) -> Result<(f64, f64), CommandError>;

    /// Draws a part of a document.
    ///
    /// # Errors
    /// A limit is exceeded, or a blob cannot be read.
    fn draw(&self, document: &Content, view: &View, reading: &Reading<'_>) -> Result<Pixels, CommandError>;

    /// The boxes around nodes, each as the node itself lies; nodes that show nothing are left out.
    ///
    /// # Errors
    /// A limit is exceeded.
    fn outlines(
        &self,
        document: &Content,
        nodes: &[NodeId],
        reading: &Reading<'_>,
    ) -> Result<Vec<Quad>, CommandError> {
        let _ = (document, nodes, reading);
        Ok(Vec::new())
    }
}
