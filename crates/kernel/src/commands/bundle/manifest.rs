//! `manifest.json`: what belongs together. It is written last, so that files of two states are never taken for one.

use std::{collections::BTreeMap, fmt::Write};

use base::{BlobHash, Limits, StateHash};
use serde::Deserialize;

use super::{BLOBS, DOCUMENT, FORMAT, MANIFEST, MERGE, Origin};
use crate::CommandError;

/// Bytes of the manifest beside those of its lines for blobs, at most.
const HEAD_BYTES: u64 = 1 << 16;
/// Bytes of the line for one blob, at most.
const LINE_BYTES: u64 = 100;

/// The parts of a bundle.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    /// The hash of the content.
    pub state: StateHash,
    #[serde(rename = "document.json")]
    pub document: Stamp,
    #[serde(rename = "merge.crdt")]
    pub merge: Stamp,
    /// The size of each blob.
    pub blobs: BTreeMap<BlobHash, u64>,
}

/// What a file is to hold.
#[derive(Debug, Deserialize)]
pub(super) struct Stamp {
    pub bytes: u64,
    pub blake3: BlobHash,
}

#[derive(Deserialize)]
struct Version {
    format: u32,
}

impl Stamp {
    pub fn of(bytes: &[u8]) -> Self {
        Stamp { bytes: bytes.len() as u64, blake3: BlobHash::of(bytes) }
    }

    pub fn check(&self, origin: &Origin<'_>, entry: &str, bytes: &[u8]) -> Result<(), CommandError> {
        match BlobHash::of(bytes) == self.blake3 {
            true => Ok(()),
            false => Err(origin.torn(entry, "is not what manifest.json names")),
        }
    }
}

impl Manifest {
    /// The size of the largest manifest that is read.
    pub fn most_bytes(limits: &Limits) -> u64 {
        limits.nodes.saturating_mul(LINE_BYTES).saturating_add(HEAD_BYTES).min(limits.file_bytes)
    }

    /// A manifest from its bytes, within the limits.
    pub fn parse(origin: &Origin<'_>, bytes: &[u8], limits: &Limits) -> Result<Self, CommandError> {
        let unreadable = |error: serde_json::Error| origin.torn(MANIFEST, error);
        check_format(origin, MANIFEST, bytes)?;
        let manifest: Manifest = serde_json::from_slice(bytes).map_err(unreadable)?;
        manifest.check(origin, limits)?;
        Ok(manifest)
    }

    /// Whether the bundle is within the limits.
    pub fn check(&self, origin: &Origin<'_>, limits: &Limits) -> Result<(), CommandError> {
        let exceeded = |limit| CommandError::Limit { place: origin.place(MANIFEST), limit };
        Limits::check("the number of blobs", self.blobs.len() as u64, limits.nodes, "nodes")
            .map_err(exceeded)?;
        let mut total: u64 = 0;
        for bytes in [self.document.bytes, self.merge.bytes].iter().chain(self.blobs.values()) {
            Limits::check("the size of a file in bytes", *bytes, limits.file_bytes, "fileBytes")
                .map_err(exceeded)?;
            total = total.saturating_add(*bytes);
        }
        Limits::check("the size of all files in bytes", total, limits.expanded_bytes, "expandedBytes")
            .map_err(exceeded)?;
        Ok(())
    }

    /// As JSON, a line for each file.
    pub fn write(&self) -> String {
        let mut out = format!("{{ \"format\": {FORMAT}\n, \"state\": \"{}\"\n", self.state);
        for (name, Stamp { bytes, blake3 }) in [(DOCUMENT, &self.document), (MERGE, &self.merge)] {
            // Writing to memory cannot fail.
            let _ = writeln!(out, ", \"{name}\": {{ \"bytes\": {bytes}, \"blake3\": \"{blake3}\" }}");
        }
        let _ = writeln!(out, ", \"{}\":", BLOBS.trim_end_matches('/'));
        for (at, (hash, bytes)) in self.blobs.iter().enumerate() {
            let _ = writeln!(out, "  {} \"{hash}\": {bytes}", if at == 0 { '{' } else { ',' });
        }
        out.push_str(if self.blobs.is_empty() { "  {}\n}\n" } else { "  }\n}\n" });
        out
    }
}

/// Refuses what a later version wrote, before anything else in it is looked at.
pub(super) fn check_format(origin: &Origin<'_>, entry: &str, bytes: &[u8]) -> Result<u32, CommandError> {
    let Version { format } = serde_json::from_slice(bytes).map_err(|error| origin.torn(entry, error))?;
    match format <= FORMAT {
        true => Ok(format),
        false => {
            let message =
                format!("it has format {format}, this version reads up to {FORMAT}: use a newer one");
            Err(CommandError::input(origin.place(entry), message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin<'_> = Origin { path: "x.mbd", folder: true };

    fn manifest(blobs: &[u64]) -> Manifest {
        let blobs = blobs.iter().map(|bytes| (BlobHash::of(&bytes.to_le_bytes()), *bytes)).collect();
        let state = StateHash::of(b"");
        Manifest { state, document: Stamp::of(b"document"), merge: Stamp::of(b"merge"), blobs }
    }

    #[test]
    fn what_is_written_is_read() {
        for blobs in [&[][..], &[5], &[5, u64::MAX >> 40, 0]] {
            let written = manifest(blobs).write();
            let read = Manifest::parse(&ORIGIN, written.as_bytes(), &Limits::default()).unwrap();
            assert_eq!(read.write(), written);
            assert!(written.lines().all(|line| (line.len() as u64) < LINE_BYTES + 30), "{written}");
        }
    }

    #[test]
    fn what_is_damaged_later_or_too_large_is_refused_by_name() {
        let parse = |text: &str| Manifest::parse(&ORIGIN, text.as_bytes(), &Limits::default()).unwrap_err();
        let marked = manifest(&[]).write().replace("\"state\"", "\n<<<<<<< HEAD\n\"state\"");
        for text in ["", "{}", "[]", "{ \"format\": 2 }", marked.as_str()] {
            let error = parse(text);
            assert_eq!(error.exit_code(), 3, "{text}");
            assert!(error.to_string().starts_with("x.mbd/manifest.json: "), "{error}");
        }
        let later = parse("{ \"format\": 99, \"entries\": [] }").to_string();
        assert!(later.contains("format 99") && later.contains("newer"), "{later}");
        for sizes in [&[u64::MAX][..], &[3 << 30, 2 << 30]] {
            let error = parse(&manifest(sizes).write());
            assert_eq!(error.exit_code(), 5, "{error}");
        }
        let few = Limits { nodes: 1, ..Limits::default() };
        let text = manifest(&[1, 2]).write();
        assert_eq!(Manifest::parse(&ORIGIN, text.as_bytes(), &few).unwrap_err().exit_code(), 5);
    }
}
