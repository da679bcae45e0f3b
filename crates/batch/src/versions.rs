//! What is known of steps that have run: the versions that they gave, and where they are kept.

use std::collections::BTreeMap;

use base::{BlobHash, Diagnostic, DocumentId, EventHash, StepKey, VersionKey};
use kernel::{Bytes, Deed, ports::Stamp};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What a step gave, and what that follows from beside the step itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// Names it.
    pub key: VersionKey,
    /// The result of the command.
    pub result: Json,
    /// What else the user was told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
    /// The files that the step read, by the paths that it asked for; none where there was nothing to be read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reads: BTreeMap<String, Option<BlobHash>>,
    /// The documents that it saw because others refer to them, as they were.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub linked: BTreeMap<DocumentId, VersionKey>,
    /// The hash of the fonts of the machine, if the step saw them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fonts: Option<BlobHash>,
    /// The hash of the adapter and its driver, if a GPU drew what the step gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<BlobHash>,
    /// The files that the step wrote, by the paths that it named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub writes: BTreeMap<String, BlobHash>,
    /// The documents that it changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<DocumentId>,
    /// How long it took, in milliseconds.
    pub ms: i64,
}

/// How a step came about the last time that it ran, so that it can be told what has changed since.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// What the machine and the program were.
    pub environment: String,
    /// The id of the command.
    pub command: String,
    /// Its arguments.
    pub arguments: Json,
    /// The versions that the steps before it gave.
    pub needs: BTreeMap<String, VersionKey>,
    /// The files that it read.
    pub reads: BTreeMap<String, Option<BlobHash>>,
    /// The fonts, if it saw them.
    pub fonts: Option<BlobHash>,
    /// The adapter and its driver, if a GPU drew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<BlobHash>,
    /// The documents that were there before the script, as they were.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub documents: BTreeMap<DocumentId, BlobHash>,
    /// The documents that it saw because others refer to them, as they were.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub linked: BTreeMap<DocumentId, VersionKey>,
    /// Whether it runs every time.
    pub volatile: bool,
}

/// A point in the history of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Point {
    /// Before its first event.
    Start,
    /// After this event.
    After(EventHash),
}

impl Point {
    /// After an event, or before the first one.
    pub fn new(event: Option<EventHash>) -> Self {
        event.map_or(Point::Start, Point::After)
    }

    /// The event.
    pub fn event(self) -> Option<EventHash> {
        if let Point::After(event) = self { Some(event) } else { None }
    }
}

/// Blobs by their names.
pub type Blobs = BTreeMap<BlobHash, Bytes>;

/// A step that has run, to be kept.
pub struct Kept {
    /// The script, by a name that others do not have.
    pub script: String,
    /// The id of the step.
    pub id: String,
    /// Names the step.
    pub step: StepKey,
    /// How it came about.
    pub past: Past,
    /// What it gave; none of a step that is to run every time.
    pub version: Option<Version>,
    /// What it did to documents.
    pub deeds: Vec<Deed>,
    /// The blobs that deeds and writes name.
    pub blobs: Blobs,
}

/// Keeps versions from run to run. Whatever goes wrong with it costs time, never a result: what it cannot give is made anew.
pub trait Versions: Send {
    /// The versions that a step is known to have given, the one used last first.
    fn find(&mut self, step: StepKey) -> Vec<Version>;
    /// What a version did to documents; none when it is no longer there.
    fn deeds(&mut self, version: VersionKey) -> Option<Vec<Deed>>;
    /// A blob; none when it is no longer there.
    fn blob(&mut self, hash: BlobHash) -> Option<Vec<u8>>;
    /// Keeps a step that has run. It is found from now on, and after a crash from [`Versions::commit`] on.
    fn keep(&mut self, kept: Kept);
    /// Makes what was kept outlast this process.
    fn commit(&mut self);
    /// How a step of a script came about the last time that it ran.
    fn past(&mut self, script: &str, id: &str) -> Option<Past>;
    /// The hash of a file by its stamp, if it was taken before.
    fn hash(&mut self, stamp: &Stamp) -> Option<BlobHash>;
    /// Takes note of the hash of a file.
    fn note_hash(&mut self, stamp: Stamp, hash: BlobHash);
    /// The hash of the fonts that steps see.
    fn fonts(&mut self) -> BlobHash;
    /// The hash of the adapter, with its driver, that steps draw on.
    fn gpu(&mut self) -> BlobHash;
    /// Where in its history a document of the workspace is at a version.
    fn held(&mut self, version: VersionKey, document: DocumentId) -> Option<Point>;
    /// Takes note of that.
    fn hold(&mut self, version: VersionKey, document: DocumentId, point: Point);
}
