//! Commands about a text and its file.

use base::{BlobHash, DocumentId, NodeId};
use kernel::{CommandError, EditScope, NewDocument, TaskScope, WORKSPACE};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::{text, wrong};
use crate::{Encoding, Form, KIND};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    /// What people call the document.
    #[serde(default = "untitled")]
    name: String,
    /// What it starts with.
    #[serde(default)]
    text: String,
}

fn untitled() -> String {
    "Untitled".to_owned()
}

pub(super) fn create(scope: &mut TaskScope<'_>, args: Create) -> Result<Json, CommandError> {
    let blob = scope.assets().put_blob(args.text.clone())?;
    let record = Form::default().record().map(|(name, value)| (name.into(), value)).into();
    let new =
        NewDocument { kind: KIND.into(), name: args.name, path: None, base: Some((args.text, blob)), record };
    let document = scope.edit(|edit| edit.create(new))?;
    Ok(json!({ "document": document, "kind": KIND }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Save {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The file, which is the document's from then on; the one that it was read from or saved to when absent.
    path: Option<String>,
}

pub(super) fn save(scope: &mut TaskScope<'_>, args: Save) -> Result<Json, CommandError> {
    let record = scope.record(args.document)?;
    let Some(path) = args.path.or_else(|| record.path.clone()) else {
        return Err(CommandError::argument("path", "the document has no file yet: name one"));
    };
    let content = scope.content(args.document)?;
    let text = text(&content, args.document)?;
    let bytes = Form::of(&record.properties)
        .and_then(|form| form.encode(text))
        .map_err(|error| CommandError::Failed(format!("{path}: {error}")))?;
    let place = scope.write(&path, &bytes)?;
    if record.path.as_deref() != Some(path.as_str()) {
        let path = path.into();
        scope.edit(|edit| edit.set(WORKSPACE, record_node(args.document), "path", Some(&path)))?;
    }
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(json!({ "path": place, "size": bytes.len(), "blake3": BlobHash::of(&bytes), "sha256": sha256 }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct SetEncoding {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The encoding in which it is saved from now on.
    encoding: Encoding,
    /// Whether a byte order mark comes first. When absent UTF-16, which is not recognised without, gets one.
    byte_order_mark: Option<bool>,
}

pub(super) fn set_encoding(scope: &mut EditScope<'_>, args: SetEncoding) -> Result<Json, CommandError> {
    let mark = args.byte_order_mark.unwrap_or(args.encoding.wants_mark());
    let form = Form { encoding: args.encoding, mark };
    let text = text(scope.content(args.document)?, args.document)?;
    let size = form.encode(text).map_err(wrong("encoding"))?.len();
    for (name, value) in form.record() {
        scope.set(WORKSPACE, record_node(args.document), name, Some(&value.to_json()))?;
    }
    Ok(json!({ "encoding": form.encoding, "byteOrderMark": form.mark, "size": size }))
}

/// The node of the workspace's own document that stands for a document: it has the same bits.
fn record_node(document: DocumentId) -> NodeId {
    NodeId::new(document.value())
}
