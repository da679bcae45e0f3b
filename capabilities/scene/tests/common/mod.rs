//! Files to documents to frames, through a kernel in memory.
#![allow(dead_code, clippy::unwrap_used)] // Each test uses a part; one that cannot go on fails.

pub mod tube;

use std::{collections::HashMap, sync::Arc};

use base::{BlobHash, Limits};
use document::{Content, Key};
use kernel::{
    Blobs, Bytes, CommandError, Context, Kernel, Links, Reading, Registry, Request, Response,
    ports::{FontBytes, FontSource},
};
use scene::{Sources, evaluate, frame::Frame};
use serde_json::{Value as Json, json};

/// Blobs.
pub struct Kept(HashMap<BlobHash, Bytes>);

impl Blobs for Kept {
    fn blob(&self, hash: BlobHash) -> Result<Bytes, CommandError> {
        self.0.get(&hash).cloned().ok_or(CommandError::Failed(format!("no blob {hash}")))
    }
}

struct NoFonts;

impl FontSource for NoFonts {
    fn files(&self) -> Vec<FontBytes> {
        Vec::new()
    }

    fn generic_family(&self, _: &str) -> Option<String> {
        None
    }
}

/// A kernel with scenes, and these files at hand.
pub fn kernel(files: &[(&str, &[u8])]) -> Kernel {
    let mut registry = Registry::default();
    registry.add(kernel::core()).unwrap();
    registry.add(scene::capability(gpu::Shared::default())).unwrap();
    kernel::ports::memory::kernel(registry, files).0
}

fn respond(kernel: &mut Kernel, command: &str, arguments: Json) -> Response {
    let (command, context) = (command.to_owned(), Context::default());
    let what = format!("{command} {arguments}");
    let request = Request { command, arguments, context, timeout_s: None, traced: false };
    kernel.execute(request).unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// The result of a command.
pub fn run(kernel: &mut Kernel, command: &str, arguments: Json) -> Json {
    respond(kernel, command, arguments).result
}

/// What a document holds, and its blobs.
pub fn content(kernel: &mut Kernel, document: &Json) -> (Content, Kept) {
    let content = kernel.content(document.as_str().unwrap().parse().unwrap()).unwrap();
    let blobs = content.hashes().into_iter().map(|hash| (hash, kernel.blob(hash).unwrap())).collect();
    (content, Kept(blobs))
}

/// Imports a file into a document; every property that it writes is as the manifest declares.
/// A file as a document: its content, its blobs, and what was told.
pub fn imported(name: &str, files: &[(&str, &[u8])]) -> (Content, Kept, Vec<String>) {
    let mut kernel = kernel(files);
    let response = respond(&mut kernel, "document.import", json!({ "path": name }));
    let (content, kept) = content(&mut kernel, &response.result["document"]);
    check_kinds(&kernel, &content);
    (content, kept, response.diagnostics.iter().map(|found| found.message.clone()).collect())
}

fn check_kinds(kernel: &Kernel, content: &Content) {
    let root = content.tree().unwrap().root();
    for node in std::iter::once(root).chain(root.descendants()) {
        for (key, property) in node.properties() {
            let declared = kernel.registry().property(node.kind(), Key::as_str(key)).unwrap().unwrap();
            declared.check(&property.to_value().to_json()).unwrap();
        }
    }
}

/// What is seen of a scene at its start.
pub fn framed(content: &Content, kept: &Kept) -> Frame {
    framed_at(content, kept, 0.0)
}

/// What is seen of a scene at a time, in seconds.
pub fn framed_at(content: &Content, kept: &Kept, time: f64) -> Frame {
    let fonts: Arc<dyn FontSource> = Arc::new(NoFonts);
    let limits = Limits::default();
    let links = Links::default();
    let reading = Reading { blobs: kept, fonts: &fonts, limits: &limits, links: &links };
    evaluate::frame(content, time, &reading, &Sources::default(), (640, 480)).unwrap().frame
}
