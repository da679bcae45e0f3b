//! `.mbd`: a document as a file of its own, whose diverged copies merge.
//!
//! A ZIP archive of `document.json` (the record and the state, readable), `merge.crdt` (the merge data, from which the
//! document opens) and `blobs/HASH`. Entries are sorted and undated, so that equal documents give equal files.

use std::io::{Cursor, Read, Write};

use base::{BlobHash, DocumentId, Limits, NodeId};
use document::{Change, Delta, Document, Key, NodeRef, Role, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::document::properties;
use crate::{Blobs, CommandError, DocumentRecord, NewDocument, TaskScope, WORKSPACE, workspace::Workspace};

/// The extension of the files, and the id of the format.
pub(super) const EXTENSION: &str = "mbd";
const FORMAT: u32 = 1;
const DOCUMENT: &str = "document.json";
const MERGE: &str = "merge.crdt";
const BLOBS: &str = "blobs/";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    format: u32,
    id: DocumentId,
    kind: String,
    name: String,
    hash: base::StateHash,
    record: Vec<(Key, Value)>,
    content: Json,
}

/// Whether these are the first bytes of a bundle, or at least of an archive that starts like one.
pub(super) fn recognises(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") && bytes.get(30..30 + DOCUMENT.len()) == Some(DOCUMENT.as_bytes())
}

/// A document as a bundle.
pub(super) fn export(scope: &mut TaskScope<'_>, record: &DocumentRecord) -> Result<Vec<u8>, CommandError> {
    let content = scope.content(record.id)?;
    let readable = match (content.tree(), content.text()) {
        (Some(tree), _) => readable_node(tree.root()),
        (None, text) => Json::from(text.map(|rope| rope.to_string()).unwrap_or_default()),
    };
    let head = Head {
        format: FORMAT,
        id: record.id,
        kind: record.kind.clone(),
        name: record.name.clone(),
        hash: content.hash(),
        record: record.properties.iter().filter(|(key, _)| key.as_str() != "path").cloned().collect(),
        content: readable,
    };
    let head = serde_json::to_value(&head).map_err(failed)?;
    let mut named = Vec::new();
    collect_hashes(&head, &mut named);
    named.sort();
    named.dedup();
    let snapshot = scope.kernel().snapshot(record.id)?;
    let mut entries = vec![
        (DOCUMENT.to_owned(), serde_json::to_vec_pretty(&head).map_err(failed)?),
        (MERGE.to_owned(), snapshot),
    ];
    for hash in named {
        if let Ok(blob) = scope.assets().blob(hash) {
            entries.push((format!("{BLOBS}{hash}"), blob));
        }
    }
    pack(entries).map_err(failed)
}

fn readable_node(node: NodeRef<'_>) -> Json {
    let mut json = json!({ "id": node.id(), "kind": node.kind() });
    if node.properties().len() > 0 {
        json["properties"] = properties(node.properties());
    }
    let children: Vec<Json> = node.children().map(readable_node).collect();
    if !children.is_empty() {
        json["children"] = children.into();
    }
    json
}

/// Whatever text reads as a hash may name a blob.
fn collect_hashes(json: &Json, hashes: &mut Vec<BlobHash>) {
    match json {
        Json::String(text) => hashes.extend(text.parse::<BlobHash>()),
        Json::Array(items) => items.iter().for_each(|item| collect_hashes(item, hashes)),
        Json::Object(map) => map.values().for_each(|value| collect_hashes(value, hashes)),
        _ => {}
    }
}

fn pack(entries: Vec<(String, Vec<u8>)>) -> zip::result::ZipResult<Vec<u8>> {
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

struct Bundle {
    head: Head,
    snapshot: Vec<u8>,
    blobs: Vec<(BlobHash, Vec<u8>)>,
}

fn unpack(path: &str, bytes: &[u8], limits: &Limits) -> Result<Bundle, CommandError> {
    let damaged = |what: String| CommandError::input(path, format!("not a sound .mbd file: {what}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(error.to_string()))?;
    let most = limits.expanded_bytes.min((bytes.len() as u64).saturating_mul(limits.expansion)).max(1 << 20);
    let (mut head, mut snapshot, mut blobs, mut total) = (None, None, Vec::new(), 0);
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| damaged(error.to_string()))?;
        let name = entry.name().map_err(|error| damaged(error.to_string()))?.into_owned();
        let mut content = Vec::new();
        entry
            .take(most - total + 1)
            .read_to_end(&mut content)
            .map_err(|error| damaged(format!("{name}: {error}")))?;
        total += content.len() as u64;
        Limits::check("the size of the unpacked file", total, most, "expansion")
            .map_err(|limit| CommandError::Limit { place: path.to_owned(), limit })?;
        if name == DOCUMENT {
            let parsed: Head =
                serde_json::from_slice(&content).map_err(|error| damaged(format!("{DOCUMENT}: {error}")))?;
            head = Some(parsed);
        } else if name == MERGE {
            snapshot = Some(content);
        } else if let Some(Ok(hash)) = name.strip_prefix(BLOBS).map(str::parse::<BlobHash>) {
            if BlobHash::of(&content) != hash {
                return Err(damaged(format!("{name} is damaged")));
            }
            blobs.push((hash, content));
        }
    }
    match (head, snapshot) {
        (Some(head), Some(_)) if head.format > FORMAT => {
            Err(damaged(format!("it has format {}, this version reads up to {FORMAT}", head.format)))
        }
        (Some(head), Some(snapshot)) => Ok(Bundle { head, snapshot, blobs }),
        _ => Err(damaged(format!("{DOCUMENT} or {MERGE} is missing"))),
    }
}

/// A bundle as a document of the workspace, under the id that it had.
pub(super) fn import(
    scope: &mut TaskScope<'_>,
    path: &str,
    name: String,
    bytes: &[u8],
) -> Result<Json, CommandError> {
    let limits = scope.assets().limits().clone();
    let Bundle { head, snapshot, blobs } = unpack(path, bytes, &limits)?;
    if scope.record(head.id).is_ok() {
        let message = format!("document {} is in the workspace already: use document.merge", head.id);
        return Err(CommandError::NotApplicable(message));
    }
    for (_, blob) in &blobs {
        scope.assets().put_blob(blob)?;
    }
    let base =
        head.record.iter().find(|(key, _)| key.as_str() == "base").and_then(|(_, value)| value.as_str());
    let base = match base.and_then(|hash| hash.parse::<BlobHash>().ok()) {
        None => None,
        Some(hash) => {
            let text = String::from_utf8(scope.assets().blob(hash)?)
                .map_err(|error| CommandError::input(path, error))?;
            Some((text, hash))
        }
    };
    let known = ["kind", "name", "base"];
    let record = head.record.into_iter().filter(|(key, _)| !known.contains(&key.as_str())).collect();
    let new = NewDocument { kind: head.kind.clone(), name, path: Some(path.to_owned()), base, record };
    let (context, command, arguments) =
        (scope.context.clone(), scope.command.clone(), scope.arguments.clone());
    let kernel = scope.kernel();
    let workspace = kernel.content(WORKSPACE)?;
    let (document, insert) = new.make(head.id, kernel.log.lock().replica(), &workspace)?;
    kernel.workspace.adopt(head.id, document);
    let taken = merge_in(&mut kernel.workspace, &**kernel.log.lock(), head.id, path, &snapshot);
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
        kernel.append(&context, command, arguments, vec![listed, change])
    });
    if let Err(error) = outcome {
        kernel.workspace.forget(head.id);
        return Err(error);
    }
    if kernel.content(head.id)?.hash() != head.hash {
        scope.warn([base::Diagnostic::warning(
            path,
            "the readable part of the file was edited by hand and is not used",
        )]);
    }
    Ok(json!({ "document": head.id, "kind": head.kind, "format": EXTENSION, "root": NodeId::ROOT }))
}

/// Takes in another copy of a document.
pub(super) fn merge(
    scope: &mut TaskScope<'_>,
    document: DocumentId,
    path: &str,
    bytes: &[u8],
) -> Result<Json, CommandError> {
    let limits = scope.assets().limits().clone();
    let Bundle { head, snapshot, blobs } = unpack(path, bytes, &limits)?;
    if head.id != document {
        let message =
            format!("holds document {}, not {document}: only copies of one document merge", head.id);
        return Err(CommandError::input(path, message));
    }
    scope.record(document)?;
    for (_, blob) in &blobs {
        scope.assets().put_blob(blob)?;
    }
    let (context, command, arguments) =
        (scope.context.clone(), scope.command.clone(), scope.arguments.clone());
    let kernel = scope.kernel();
    let change = merge_in(&mut kernel.workspace, &**kernel.log.lock(), document, path, &snapshot)?;
    let changed = change.deltas.len();
    let nothing_new = change.deltas.is_empty();
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

fn failed(error: impl ToString) -> CommandError {
    CommandError::Failed(error.to_string())
}
