//! A bundle as one file: a ZIP archive of the entries, undated and in a fixed order, so that equal documents give equal
//! files.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read, Write},
};

use base::{BlobHash, Limits};
use bytes::Bytes;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter, result::ZipResult, write::SimpleFileOptions};

use super::{BLOBS, DOCUMENT, Entries, MANIFEST, MERGE, Manifest, Origin};
use crate::CommandError;

/// Whether these are the first bytes of a bundle, or at least of an archive that starts like one.
pub(in crate::commands) fn recognises(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") && bytes.get(30..30 + DOCUMENT.len()) == Some(DOCUMENT.as_bytes())
}

/// Entries as an archive.
pub(super) fn pack(entries: impl Iterator<Item = (String, Bytes)>) -> ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .last_modified_time(DateTime::default())
        .compression_method(CompressionMethod::Deflated)
        .unix_permissions(0o644);
    for (name, bytes) in entries {
        archive.start_file(name, options.large_file(bytes.len() > u32::MAX as usize))?;
        archive.write_all(&bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// The entries of an archive.
pub(super) fn unpack(origin: &Origin<'_>, bytes: &[u8], limits: &Limits) -> Result<Entries, CommandError> {
    let path = origin.path;
    let damaged = |what: String| CommandError::input(path, format!("not a sound .mbd file: {what}"));
    let exceeded = |limit| CommandError::Limit { place: path.to_owned(), limit };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(error.to_string()))?;
    let count = archive.len() as u64;
    Limits::check("the number of entries", count, limits.nodes.saturating_add(3), "nodes")
        .map_err(exceeded)?;
    let most = limits.expanded_bytes.min((bytes.len() as u64).saturating_mul(limits.expansion)).max(1 << 20);
    let (mut document, mut manifest, mut merge, mut blobs, mut total) =
        (None, None, None, BTreeMap::new(), 0);
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| damaged(error.to_string()))?;
        let name = entry.name().map_err(|error| damaged(error.to_string()))?.into_owned();
        let mut content = Vec::new();
        entry
            .take(most - total + 1)
            .read_to_end(&mut content)
            .map_err(|error| damaged(format!("{name}: {error}")))?;
        total += content.len() as u64;
        Limits::check("the size of the unpacked file", total, most, "expansion").map_err(exceeded)?;
        match name.as_str() {
            DOCUMENT => document = Some(content),
            MANIFEST => manifest = Some(Manifest::parse(origin, &content, limits)?),
            MERGE => merge = Some(content),
            _ => {
                if let Some(Ok(hash)) = name.strip_prefix(BLOBS).map(str::parse::<BlobHash>) {
                    blobs.insert(hash, content.into());
                }
            }
        }
    }
    match (document, merge) {
        (Some(document), Some(merge)) => Ok(Entries { document, manifest, merge, blobs }),
        _ => Err(damaged(format!("{DOCUMENT} or {MERGE} is missing"))),
    }
}
