//! `.mbd`: a document as a file or a folder of its own, whose diverged copies merge.
//!
//! Both hold the same entries: `document.json` (the record and the state, readable), `manifest.json` (what belongs
//! together), `merge.crdt` (the merge data, from which the document opens) and `blobs/HASH`. Earlier versions wrote files
//! without a manifest, with the state in another layout.

use std::{collections::BTreeMap, sync::Arc};

use base::{BlobHash, DocumentId, Limits, NodeId, StateHash};
use bytes::Bytes;
use document::{Change, Delta, Document, Key, Role, Value};
use serde::Deserialize;
use serde_json::{Value as Json, json};

mod archive;
mod folder;
mod manifest;
mod readable;

use super::document::sha256;
use crate::{
    Blobs, CommandError, Context, DocumentRecord, Kernel, NewDocument, TaskScope, WORKSPACE,
    ports::{Folder, Purpose},
    workspace::{Workspace, known_blobs, record_node},
};
use manifest::{Manifest, Stamp};

pub(super) use archive::recognises;

/// The extension of the files and folders, and the id of the format.
pub(super) const EXTENSION: &str = "mbd";
const FORMAT: u32 = 2;
/// The last format of which there are files without a manifest.
const FORMAT_WITHOUT_MANIFEST: u32 = 1;
const DOCUMENT: &str = "document.json";
const MANIFEST: &str = "manifest.json";
const MERGE: &str = "merge.crdt";
const BLOBS: &str = "blobs/";

/// Where a bundle is read from.
pub(super) enum Source<'a> {
    /// The bytes of a file.
    File(&'a [u8]),
    /// A folder.
    Folder(Box<dyn Folder>),
}

/// What only this format knows of an export.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    folder: Option<bool>,
}

/// What is read of `document.json`: the content comes from the merge data.
#[derive(Deserialize)]
struct Head {
    id: DocumentId,
    kind: String,
    name: String,
    hash: Option<StateHash>,
    record: Record,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Record {
    Members(BTreeMap<Key, Value>),
    /// As in format 1.
    Pairs(Vec<(Key, Value)>),
}

/// A document as it is to be written.
struct Parts {
    id: DocumentId,
    document: Vec<u8>,
    state: StateHash,
    merge: Vec<u8>,
    blobs: Vec<BlobHash>,
}

/// The files of a bundle as they were read.
struct Entries {
    document: Vec<u8>,
    manifest: Option<Manifest>,
    merge: Vec<u8>,
    blobs: BTreeMap<BlobHash, Bytes>,
}

/// A bundle whose parts belong together.
struct Bundle {
    id: DocumentId,
    kind: String,
    name: String,
    record: Vec<(Key, Value)>,
    state: Option<StateHash>,
    snapshot: Vec<u8>,
    blobs: BTreeMap<BlobHash, Bytes>,
}

/// What errors name.
struct Origin<'a> {
    path: &'a str,
    folder: bool,
}

impl Origin<'_> {
    fn place(&self, entry: &str) -> String {
        format!("{}/{entry}", self.path.trim_end_matches('/'))
    }

    /// An entry that does not fit the others.
    fn torn(&self, entry: &str, what: impl ToString) -> CommandError {
        let help = match self.folder {
            true => {
                "an export was interrupted, or files were edited by hand or merged one by one; export the document \
                 again, or take one copy of the folder whole (git checkout) and merge the other with document.merge"
            }
            false => "the file was changed since it was exported; export the document again",
        };
        CommandError::input(self.place(entry), format!("{}: {help}", what.to_string()))
    }
}

/// The folder that a path names, to read a document from.
pub(super) fn folder_at(
    scope: &mut TaskScope<'_>,
    path: &str,
) -> Result<Option<Box<dyn Folder>>, CommandError> {
    Ok(scope.assets().files().folder(path, Purpose::Read)?)
}

/// Writes a document as a bundle: as a folder when the options or the path say so or one is there, else as a file.
pub(super) fn export(
    scope: &mut TaskScope<'_>,
    record: &DocumentRecord,
    path: &str,
    options: Json,
) -> Result<Json, CommandError> {
    let options: Options = serde_json::from_value(options)
        .map_err(|error| CommandError::argument("options", error.to_string()))?;
    let as_folder = match options.folder {
        Some(folder) => folder,
        None => path.ends_with('/') || scope.assets().files().folder(path, Purpose::Write)?.is_some(),
    };
    let content = scope.content(record.id)?;
    let (text, named) = readable::write(record, &content);
    let merge = scope.kernel().snapshot(record.id)?;
    let blobs = known_blobs(&**scope.kernel().log.lock(), named)?;
    let parts = Parts { id: record.id, document: text.into_bytes(), state: content.hash(), merge, blobs };
    match as_folder {
        true => folder::write(scope, path, parts),
        false => {
            let bytes = file(scope, parts)?;
            super::document::written(scope, path, &bytes)
        }
    }
}

fn file(scope: &mut TaskScope<'_>, parts: Parts) -> Result<Vec<u8>, CommandError> {
    let mut blobs = BTreeMap::new();
    for hash in parts.blobs {
        blobs.insert(hash, scope.assets().blob(hash)?);
    }
    let manifest = Manifest {
        state: parts.state,
        document: Stamp::of(&parts.document),
        merge: Stamp::of(&parts.merge),
        blobs: blobs.iter().map(|(hash, bytes)| (*hash, bytes.len() as u64)).collect(),
    };
    let entries = [
        (DOCUMENT.to_owned(), Bytes::from(parts.document)),
        (MANIFEST.to_owned(), manifest.write().into_bytes().into()),
        (MERGE.to_owned(), parts.merge.into()),
    ];
    let blobs = blobs.into_iter().map(|(hash, bytes)| (format!("{BLOBS}{hash}"), bytes));
    archive::pack(entries.into_iter().chain(blobs)).map_err(|error| CommandError::Failed(error.to_string()))
}

fn read(path: &str, source: &Source<'_>, limits: &Limits) -> Result<Bundle, CommandError> {
    let origin = Origin { path, folder: matches!(source, Source::Folder(_)) };
    let entries = match source {
        Source::File(bytes) => archive::unpack(&origin, bytes, limits)?,
        Source::Folder(folder) => folder::read(&origin, &**folder, limits)?,
    };
    sound(&origin, entries)
}

/// Entries whose hashes are right and that are all there.
fn sound(origin: &Origin<'_>, entries: Entries) -> Result<Bundle, CommandError> {
    let Entries { document, manifest, merge, blobs } = entries;
    if let Some(manifest) = &manifest {
        manifest.document.check(origin, DOCUMENT, &document)?;
        manifest.merge.check(origin, MERGE, &merge)?;
        if let Some(hash) = manifest.blobs.keys().find(|hash| !blobs.contains_key(hash)) {
            return Err(origin.torn(&format!("{BLOBS}{hash}"), "is missing"));
        }
    }
    for (hash, bytes) in &blobs {
        if BlobHash::of(bytes) != *hash {
            return Err(origin.torn(&format!("{BLOBS}{hash}"), "does not hold what its name says"));
        }
    }
    let format = manifest::check_format(origin, DOCUMENT, &document)?;
    if manifest.is_none() && format > FORMAT_WITHOUT_MANIFEST {
        return Err(origin.torn(MANIFEST, "is missing"));
    }
    let head: Head = serde_json::from_slice(&document).map_err(|error| origin.torn(DOCUMENT, error))?;
    let record = match head.record {
        Record::Members(members) => members.into_iter().collect(),
        Record::Pairs(pairs) => pairs,
    };
    let state = manifest.map(|manifest| manifest.state).or(head.hash);
    Ok(Bundle { id: head.id, kind: head.kind, name: head.name, record, state, snapshot: merge, blobs })
}

/// A bundle as a document of the workspace, under the id that it had.
pub(super) fn import(
    scope: &mut TaskScope<'_>,
    path: &str,
    name: Option<String>,
    source: &Source<'_>,
) -> Result<Json, CommandError> {
    let bundle = read(path, source, scope.assets().limits())?;
    if scope.record(bundle.id).is_ok() && !scope.context.bounds.unmade.contains(&bundle.id) {
        let message = format!("document {} is in the workspace already: use document.merge", bundle.id);
        return Err(CommandError::NotApplicable(message));
    }
    for blob in bundle.blobs.values() {
        scope.assets().put_blob(blob.clone())?;
    }
    let base =
        bundle.record.iter().find(|(key, _)| key.as_str() == "base").and_then(|(_, value)| value.as_str());
    let base = match base.and_then(|hash| hash.parse::<BlobHash>().ok()) {
        None => None,
        Some(hash) => {
            let text = String::from_utf8(scope.assets().blob(hash)?.into())
                .map_err(|error| CommandError::input(path, error))?;
            Some((text, hash))
        }
    };
    let known = ["kind", "name", "path", "base"];
    let record = bundle.record.into_iter().filter(|(key, _)| !known.contains(&key.as_str())).collect();
    let new = NewDocument {
        kind: bundle.kind.clone(),
        name: name.unwrap_or(bundle.name),
        path: Some(path.to_owned()),
        base,
        record,
    };
    let (context, command, arguments) =
        (scope.context.clone(), scope.command.clone(), scope.arguments.clone());
    let kernel = scope.kernel();
    // The changes come with others' merge data, which doing them again would not give.
    kernel.volatile = true;
    let workspace = kernel.content(WORKSPACE)?;
    let (document, insert) = new.make(bundle.id, kernel.log.lock().replica(), &workspace)?;
    let is_kept = workspace.tree().is_some_and(|tree| tree.node(record_node(bundle.id)).is_some());
    let copy = (bundle.id, bundle.snapshot.as_slice());
    match is_kept {
        true => import_anew(kernel, (&context, command, arguments), path, copy, (document, insert))?,
        false => import_new(kernel, (&context, command, arguments), path, copy, (document, insert))?,
    }
    let state = kernel.content(bundle.id)?.hash();
    if bundle.state.is_some_and(|stated| stated != state) {
        let message = "the merge data give another state than the readable part shows; they are what is used";
        scope.warn([base::Diagnostic::warning(path, message)]);
    }
    Ok(json!({ "document": bundle.id, "kind": bundle.kind, "format": EXTENSION, "root": NodeId::ROOT }))
}

/// On whose behalf, and by which command with which arguments.
type By<'a> = (&'a Context, Arc<str>, Arc<str>);

fn import_new(
    kernel: &mut Kernel,
    (context, command, arguments): By<'_>,
    path: &str,
    (id, snapshot): (DocumentId, &[u8]),
    (document, insert): (Document, Delta),
) -> Result<(), CommandError> {
    kernel.workspace.adopt(id, document);
    let taken = merge_in(&mut kernel.workspace, &**kernel.log.lock(), id, path, snapshot);
    let outcome = taken.and_then(|change| {
        let applied = kernel
            .workspace
            .open(&**kernel.log.lock(), WORKSPACE)?
            .document
            .apply(std::slice::from_ref(&insert))?;
        let listed = Change {
            document: WORKSPACE,
            role: Role::Edit,
            deltas: vec![insert],
            inverses: applied.inverses,
            update: applied.update,
        };
        kernel.append(context, command, arguments, vec![listed, Change { role: Role::Start, ..change }])
    });
    if outcome.is_err() {
        kernel.workspace.forget(id);
    }
    outcome.map(|_| ())
}

/// The same of a document that the workspace has kept: its history goes on.
fn import_anew(
    kernel: &mut Kernel,
    (context, command, arguments): By<'_>,
    path: &str,
    (id, snapshot): (DocumentId, &[u8]),
    (mut document, insert): (Document, Delta),
) -> Result<(), CommandError> {
    let (deltas, _) = document.merge(snapshot).map_err(|error| CommandError::input(path, error))?;
    if kernel.has_merged_since(id, None)? {
        return Err(CommandError::NotApplicable(format!(
            "{path}: document {id} has taken in another copy of itself here, and would not take that in again: import it into \
             a new workspace, or use document.merge"
        )));
    }
    // What a build without a workspace made again may not go together with what it made before; then only the content counts.
    let merged = merge_in(&mut kernel.workspace, &**kernel.log.lock(), id, path, snapshot);
    if let Ok(change) = merged
        && (!change.deltas.is_empty() || !change.update.is_empty())
    {
        kernel.append(context, command.clone(), arguments.clone(), vec![change])?;
    }
    let mut list = kernel.content(WORKSPACE)?;
    list.apply_as_new(std::slice::from_ref(&insert))?;
    let contents = [(WORKSPACE, list), (id, document.content().clone())].into();
    let changes = vec![(WORKSPACE, vec![insert]), (id, deltas)];
    kernel.commit_anew(context, command, arguments, changes, contents).map(|_| ())
}

/// Takes in another copy of a document.
pub(super) fn merge(
    scope: &mut TaskScope<'_>,
    document: DocumentId,
    path: &str,
    source: &Source<'_>,
) -> Result<Json, CommandError> {
    let bundle = read(path, source, scope.assets().limits())?;
    if bundle.id != document {
        let message =
            format!("holds document {}, not {document}: only copies of one document merge", bundle.id);
        return Err(CommandError::input(path, message));
    }
    scope.record(document)?;
    for blob in bundle.blobs.values() {
        scope.assets().put_blob(blob.clone())?;
    }
    let (context, command, arguments) =
        (scope.context.clone(), scope.command.clone(), scope.arguments.clone());
    let kernel = scope.kernel();
    kernel.volatile = true;
    let change = merge_in(&mut kernel.workspace, &**kernel.log.lock(), document, path, &bundle.snapshot)?;
    let changed = change.deltas.len();
    // What is not seen now may be once others' changes are merged.
    let nothing_new = change.deltas.is_empty() && change.update.is_empty();
    let event = if nothing_new { None } else { kernel.append(&context, command, arguments, vec![change])? };
    Ok(json!({ "document": document, "changes": changed, "event": event }))
}

fn merge_in(
    workspace: &mut Workspace,
    log: &dyn crate::ports::EventLog,
    id: DocumentId,
    path: &str,
    snapshot: &[u8],
) -> Result<Change, CommandError> {
    let document: &mut Document = &mut workspace.open(log, id)?.document;
    let merged = document.merge(snapshot);
    let (deltas, applied): (Vec<Delta>, _) = match merged {
        Ok(merged) => merged,
        Err(error) => {
            workspace.forget(id);
            return Err(CommandError::input(path, error));
        }
    };
    Ok(Change { document: id, role: Role::Edit, deltas, inverses: applied.inverses, update: applied.update })
}
