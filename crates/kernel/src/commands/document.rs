//! Commands about documents as wholes.

use std::collections::BTreeMap;

use base::{BlobHash, DocumentId, NodeId};
use bytes::Bytes;
use document::Property;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::bundle;
use crate::{
    Assets, CommandError, EditScope, ExportRequest, FileSource, ImportedContent, NewDocument, QueryScope,
    Registrar, TaskScope, WORKSPACE, Work, workspace::record_node,
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("document.create", create);
    registrar.work("document.import", import);
    registrar.work("document.export", export);
    registrar.task("document.merge", merge);
    registrar.edit("document.rename", rename);
    registrar.edit("document.remove", remove);
    registrar.query("document.list", list);
    registrar.query("document.inspect", inspect);
    registrar.query("workspace.inspect", inspect_workspace);
}

/// No arguments.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A document.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneDocument {
    /// The document.
    #[schemars(with = "String")]
    pub document: DocumentId,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Create {
    /// The kind of document: `graphics.canvas`, `code.text`.
    #[schemars(extend("x-choices" = "documentKinds"))]
    kind: String,
    /// What people call it; the kind's title when absent.
    name: Option<String>,
    /// Properties of its root.
    #[serde(default)]
    properties: BTreeMap<String, Json>,
}

fn create(scope: &mut EditScope<'_>, args: Create) -> Result<Json, CommandError> {
    let registry = scope.registry();
    let documents = || registry.document_kinds();
    let Some(kind) = documents().find(|kind| kind.id == args.kind) else {
        return Err(CommandError::NotFound {
            what: "kind of document",
            nearest: base::nearest(&args.kind, documents().map(|kind| kind.id.as_str())).map(str::to_owned),
            name: args.kind,
        });
    };
    let name = args.name.unwrap_or_else(|| kind.title.clone());
    let text = kind.text;
    let mut new = NewDocument::tree(&args.kind, &name);
    if text {
        new.base = Some((String::new(), scope.put_blob(Bytes::new())?));
    }
    let document = scope.create(new)?;
    for (name, value) in &args.properties {
        scope.set(document, NodeId::ROOT, name, Some(value))?;
    }
    Ok(json!({ "document": document, "root": NodeId::ROOT }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Import {
    /// The file, or the folder of a document that was written as one.
    path: String,
    /// What people call the document; when absent, what a .mbd says, else the name of the file.
    name: Option<String>,
}

fn import(scope: &mut TaskScope<'_>, args: Import) -> Result<Work, CommandError> {
    if let Some(folder) = bundle::folder_at(scope, &args.path)? {
        let source = bundle::Source::Folder(folder);
        return bundle::import(scope, &args.path, args.name, &source).map(all_done);
    }
    let bytes = Bytes::from(scope.assets().read(&args.path)?);
    if bundle::recognises(&bytes) {
        let source = bundle::Source::File(&bytes);
        return bundle::import(scope, &args.path, args.name, &source).map(all_done);
    }
    let file_name = args.path.rsplit(['/', '\\']).next().unwrap_or(&args.path).to_owned();
    let name = args.name.unwrap_or_else(|| file_name.clone());
    let path = args.path;
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let Some((format, importer)) = scope.registry().importer(extension, &bytes) else {
        let known: Vec<&str> = scope.registry().formats().0.map(|format| format.id.as_str()).collect();
        let message = format!("not a file of a known format (known: {})", known.join(", "));
        return Err(CommandError::input(path, message));
    };
    let (format, importer) = (format.id.clone(), importer.clone());
    Ok(Box::new(move |away| {
        let source = FileSource { path: &path, bytes: &bytes, format: &format };
        let (mut assets, ids) = away.assets_and_ids();
        let imported = importer.import(&source, &mut assets, ids)?;
        let base = match &imported.content {
            ImportedContent::Tree(_) => None,
            ImportedContent::Text(text) => Some((text.clone(), assets.put_blob(text.clone())?)),
        };
        away.warn(imported.diagnostics);
        let mut record = imported.record;
        record.push(("source".into(), BlobHash::of(&bytes).into()));
        let (kind, content) = (imported.kind, imported.content);
        let new = NewDocument { kind: kind.into(), name, path: Some(path), base, record };
        Ok(Box::new(move |scope| {
            let document = scope.edit(|edit| {
                let document = edit.create(new)?;
                if let ImportedContent::Tree(deltas) = content {
                    edit.push_all(document, deltas)?;
                }
                Ok(document)
            })?;
            Ok(json!({ "document": document, "kind": kind, "format": format, "root": NodeId::ROOT }))
        }))
    }))
}

/// Work of which nothing is left to be done.
fn all_done(result: Json) -> Work {
    Box::new(|_| Ok(Box::new(|_| Ok(result))))
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Export {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The file; replaced as a whole when it is there. Of .mbd also a folder: one that is there, or a path that ends in `/`.
    path: String,
    /// The format; told from the extension when absent.
    format: Option<String>,
    /// The width in pixels.
    #[schemars(range(min = 1, max = 1_000_000))]
    width: Option<u32>,
    /// The height in pixels; a side left out follows from the other.
    #[schemars(range(min = 1, max = 1_000_000))]
    height: Option<u32>,
    /// The point in time, in seconds.
    #[serde(default)]
    time: f64,
    /// What only the format knows: `{"quality": 90}` for JPEG, `{"folder": true}` for .mbd.
    #[serde(default)]
    options: BTreeMap<String, Json>,
}

fn export(scope: &mut TaskScope<'_>, args: Export) -> Result<Work, CommandError> {
    let record = scope.record(args.document)?;
    let path = args.path;
    let Some(format) = args.format.or_else(|| extension(&path).map(str::to_owned)) else {
        return Err(CommandError::argument("path", format!("'{path}' has no extension: name the format")));
    };
    let options: Json = args.options.into_iter().collect::<serde_json::Map<_, _>>().into();
    if format == bundle::EXTENSION {
        return bundle::export(scope, &record, &path, options).map(all_done);
    }
    let content = scope.content(args.document)?;
    let links = scope.links(args.document)?;
    let (format, exporter) = scope.registry().exporter(&record.kind, &format)?;
    let request = ExportRequest {
        name: path.rsplit(['/', '\\']).next().unwrap_or(&path).to_owned(),
        format: format.id.clone(),
        size: (args.width, args.height),
        time: args.time,
        options,
    };
    Ok(Box::new(move |away| {
        let limits = away.assets().limits().clone();
        let carry_on = || away.carry_on();
        let mut assets = Assets { links: &links, carry_on: Some(&carry_on), ..away.assets() };
        let exported = exporter.export(&content, &record.properties, &request, &mut assets, &limits)?;
        away.warn(exported.diagnostics);
        // The file itself comes last, so that what it refers to is there once it is.
        let mut beside = Vec::with_capacity(exported.beside.len());
        for file in &exported.beside {
            let place = away.assets().files().beside(&path, &file.path)?;
            beside.push(told(away.write(&place, &file.bytes)?, &file.bytes));
        }
        let mut result = told(away.write(&path, &exported.bytes)?, &exported.bytes);
        if !beside.is_empty() {
            result["beside"] = beside.into();
        }
        Ok(Box::new(move |_| Ok(result)))
    }))
}

/// What follows the last dot of the name of a file; only a .mbd may be a folder, with a `/` behind it.
fn extension(path: &str) -> Option<&str> {
    let folder = path.trim_end_matches('/');
    let path = if folder.ends_with(&format!(".{}", bundle::EXTENSION)) { folder } else { path };
    let name = path.rsplit(['/', '\\']).next()?;
    name.rsplit_once('.').map(|(_, extension)| extension)
}

pub(super) fn written(scope: &mut TaskScope<'_>, path: &str, bytes: &[u8]) -> Result<Json, CommandError> {
    Ok(told(scope.write(path, bytes)?, bytes))
}

/// What is told of a file that was written.
fn told(place: String, bytes: &[u8]) -> Json {
    json!({ "path": place, "size": bytes.len(), "blake3": BlobHash::of(bytes), "sha256": sha256(bytes) })
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Merge {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The .mbd file or folder that holds the other copy.
    path: String,
}

fn merge(scope: &mut TaskScope<'_>, args: Merge) -> Result<Json, CommandError> {
    if let Some(folder) = bundle::folder_at(scope, &args.path)? {
        return bundle::merge(scope, args.document, &args.path, &bundle::Source::Folder(folder));
    }
    let bytes = scope.assets().read(&args.path)?;
    bundle::merge(scope, args.document, &args.path, &bundle::Source::File(&bytes))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rename {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The new name.
    name: String,
}

fn rename(scope: &mut EditScope<'_>, args: Rename) -> Result<Json, CommandError> {
    scope.set(WORKSPACE, record_node(args.document), "name", Some(&args.name.into()))?;
    Ok(Json::Null)
}

fn remove(scope: &mut EditScope<'_>, args: OneDocument) -> Result<Json, CommandError> {
    let node = record_node(args.document);
    scope.node(WORKSPACE, node).map_err(|_| CommandError::no_document(args.document))?;
    scope.push(WORKSPACE, document::Delta::Remove { node })?;
    Ok(Json::Null)
}

fn list(scope: &mut QueryScope<'_>, _: Nothing) -> Result<Json, CommandError> {
    Ok(json!({ "documents": scope.documents()? }))
}

fn inspect(scope: &mut QueryScope<'_>, args: OneDocument) -> Result<Json, CommandError> {
    let record = scope.kernel().record(args.document)?;
    let content = scope.content(args.document)?;
    let mut result = json!({ "record": record, "hash": content.hash() });
    if let Some(tree) = content.tree() {
        result["nodes"] = tree.len().into();
        result["properties"] = properties(tree.root().properties());
    }
    if let Some(text) = content.text() {
        result["characters"] = text.len_chars().into();
        result["lines"] = text.len_lines().into();
    }
    Ok(result)
}

/// Properties as JSON.
pub(super) fn properties<'a>(properties: impl Iterator<Item = (&'a document::Key, &'a Property)>) -> Json {
    let map = properties.map(|(key, property)| (key.as_str().to_owned(), property.to_value().to_json()));
    Json::Object(map.collect())
}

fn inspect_workspace(scope: &mut QueryScope<'_>, _: Nothing) -> Result<Json, CommandError> {
    let mut documents = Vec::new();
    let mut hashes = scope.content(WORKSPACE)?.hash().to_string();
    for record in scope.documents()? {
        let hash = scope.content(record.id)?.hash();
        hashes.push_str(&hash.to_string());
        documents.push(json!({ "record": record, "hash": hash }));
    }
    Ok(json!({ "documents": documents, "hash": BlobHash::of(hashes.as_bytes()) }))
}
