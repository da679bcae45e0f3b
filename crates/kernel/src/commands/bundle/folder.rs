//! A bundle as a folder: the entries as files, for git.
//!
//! Each file is replaced as a whole, and only when it changes: new blobs first, then the state and the merge data, then the
//! manifest, and only then blobs that are no longer named go. Until the manifest is written, what it names is either all
//! there, the old state, or the folder is refused.

use std::collections::BTreeMap;

use base::{BlobHash, DocumentId, Limits};
use serde_json::{Value as Json, json};

use super::{BLOBS, DOCUMENT, Entries, MANIFEST, MERGE, Manifest, Origin, Parts, Stamp};
use crate::{
    Blobs, CommandError, TaskScope,
    ports::{FileFault, Folder},
};

/// Tells git what it must not do: another line ending, or halves of two states in one file, are no state at all.
const ATTRIBUTES: &str = ".gitattributes";
const ATTRIBUTES_TEXT: &str = "\
# These files belong together: git changes none of their bytes and leaves merging them to document.merge.
* -text -merge
merge.crdt -diff
blobs/* -diff
";

/// How many bytes larger than ours merge data of the same operations may be.
const ROOM: u64 = 1 << 16;

/// Writes a document into a folder. The result tells of the manifest, which names everything else by its hash.
pub(super) fn write(scope: &mut TaskScope<'_>, path: &str, parts: Parts) -> Result<Json, CommandError> {
    let origin = Origin { path, folder: true };
    let folder = scope.assets().files().make_folder(path)?;
    let names = folder.list("")?;
    check_is_ours(&origin, &names)?;
    let mut writer = Writer { folder: &*folder, written: 0, removed: 0 };
    if !names.iter().any(|name| name == ATTRIBUTES) {
        writer.put(ATTRIBUTES, ATTRIBUTES_TEXT.as_bytes())?;
    }
    let mut blobs = BTreeMap::new();
    for hash in parts.blobs {
        scope.check_deadline()?;
        let bytes = scope.assets().blob(hash)?;
        blobs.insert(hash, bytes.len() as u64);
        writer.put(&format!("{BLOBS}{hash}"), &bytes)?;
    }
    let document = parts.document;
    let merge = kept_merge_data(scope, &*folder, parts.id, parts.merge)?;
    let manifest =
        Manifest { state: parts.state, document: Stamp::of(&document), merge: Stamp::of(&merge), blobs };
    manifest.check(&origin, scope.assets().limits())?;
    scope.check_deadline()?;
    let text = manifest.write();
    writer.put(DOCUMENT, &document)?;
    writer.put(MERGE, &merge)?;
    writer.put(MANIFEST, text.as_bytes())?;
    writer.remove_other_blobs(&manifest)?;
    let size = manifest.document.bytes + manifest.merge.bytes + manifest.blobs.values().sum::<u64>();
    Ok(
        json!({ "path": folder.place(), "size": size + text.len() as u64, "blake3": BlobHash::of(text.as_bytes()),
        "sha256": super::sha256(text.as_bytes()), "folder": true, "written": writer.written, "removed": writer.removed }),
    )
}

/// Refuses to mix a document with other files, unless it has been here before.
fn check_is_ours(origin: &Origin<'_>, names: &[String]) -> Result<(), CommandError> {
    if names.iter().any(|name| name == MANIFEST) {
        return Ok(());
    }
    let ours = [DOCUMENT, MERGE, BLOBS.trim_end_matches('/')];
    match names.iter().find(|name| !ours.contains(&name.as_str()) && !name.starts_with(".git")) {
        None => Ok(()),
        Some(other) => {
            let message = "a file that is no part of a document: name a new or an empty folder";
            Err(CommandError::input(origin.place(other), message))
        }
    }
}

/// The merge data that are in the folder where they hold the same as ours: how loro writes them differs by the order in
/// which a copy came to its operations, which is no change.
fn kept_merge_data(
    scope: &mut TaskScope<'_>,
    folder: &dyn Folder,
    id: DocumentId,
    ours: Vec<u8>,
) -> Result<Vec<u8>, CommandError> {
    let there = folder.read(MERGE, 2 * ours.len() as u64 + ROOM).ok().filter(|there| *there != ours);
    match there {
        Some(there) if scope.kernel().is_equal_to(id, &there)? => Ok(there),
        _ => Ok(ours),
    }
}

struct Writer<'a> {
    folder: &'a dyn Folder,
    written: u64,
    removed: u64,
}

impl Writer<'_> {
    /// Replaces a file that holds something else.
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), CommandError> {
        // Whatever keeps it from being read is told by writing it.
        if !self.folder.read(name, bytes.len() as u64).is_ok_and(|there| there == bytes) {
            self.folder.write(name, bytes)?;
            self.written += 1;
        }
        Ok(())
    }

    fn remove_other_blobs(&mut self, manifest: &Manifest) -> Result<(), CommandError> {
        let folder = BLOBS.trim_end_matches('/');
        let mut left = self.folder.list(folder)?;
        let is_old = |name: &String| {
            let hash = name.parse::<BlobHash>().ok().filter(|hash| hash.to_string() == *name);
            hash.is_some_and(|hash| !manifest.blobs.contains_key(&hash))
        };
        let before = self.removed;
        for name in left.extract_if(.., |name| is_old(name)) {
            self.folder.remove(&format!("{BLOBS}{name}"))?;
            self.removed += 1;
        }
        if self.removed > before && left.is_empty() {
            self.folder.remove(folder)?;
        }
        Ok(())
    }
}

/// The entries of a folder. No file is read further than its manifest says.
pub(super) fn read(
    origin: &Origin<'_>,
    folder: &dyn Folder,
    limits: &Limits,
) -> Result<Entries, CommandError> {
    let manifest = folder.read(MANIFEST, Manifest::most_bytes(limits));
    let manifest = manifest.map_err(|error| match error.fault {
        FileFault::Unreadable => origin.torn(MANIFEST, error.message),
        _ => error.into(),
    })?;
    let manifest = Manifest::parse(origin, &manifest, limits)?;
    let file = |name: &str, bytes: u64| {
        folder.read(name, bytes).map_err(|error| match error.fault {
            FileFault::Unreadable => origin.torn(name, error.message),
            FileFault::TooLarge(_) => origin.torn(name, format!("has more than {bytes} bytes")),
            _ => error.into(),
        })
    };
    let document = file(DOCUMENT, manifest.document.bytes)?;
    let merge = file(MERGE, manifest.merge.bytes)?;
    let mut blobs = BTreeMap::new();
    for (hash, bytes) in &manifest.blobs {
        blobs.insert(*hash, file(&format!("{BLOBS}{hash}"), *bytes)?.into());
    }
    Ok(Entries { document, manifest: Some(manifest), merge, blobs })
}
