//! Timelines of OpenTimelineIO: each file is read into a tree and written again, and must say the same.

use std::{fs, path::Path};

use base::{IdSource, Limits};
use document::{Content, Tree};
use media::otio::{self, json::Json};
use serde_json::json;

use super::self_test::unreadable;
use crate::report::{Failure, print};

/// Runs the case of one file.
pub fn otio(path: &Path) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = fs::read(path).map_err(|error| unreadable(path, error))?;
    let outcome = rewritten(&bytes);
    let message = outcome.as_ref().err().cloned().unwrap_or_default();
    print(json!({ "case": name, "passed": outcome.is_ok(), "message": message }))
}

fn rewritten(bytes: &[u8]) -> Result<(), String> {
    let limits = Limits::default();
    let (element, _) = otio::read(bytes, &limits).map_err(|error| error.to_string())?;
    let mut content = Content::Tree(Tree::new(element.kind.into()));
    content.apply(&element.deltas(&mut IdSource::new(b"self-test"))).map_err(|error| error.to_string())?;
    let written = otio::write(&content).ok_or("the tree is no timeline")?;
    let parsed = |bytes: &[u8]| Json::parse(bytes, &limits).map_err(|error| error.to_string());
    match parsed(bytes)?.difference(&parsed(written.as_bytes())?) {
        None => Ok(()),
        Some(path) => Err(format!("${path} differs")),
    }
}
