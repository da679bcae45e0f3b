//! What the tests share: events whose payload says which documents and blobs it names.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::Path;

use base::{ActorId, BlobHash, DocumentId, ReplicaId, TenantId};
use document::Role;
use serde_json::{Value, json};
use store::{DocumentEntry, EventContents, NewEvent, Options, Store, VerifyReport};

pub fn document(number: u128) -> DocumentId {
    DocumentId::new(number + 10)
}

pub fn edit(number: u128) -> DocumentEntry {
    DocumentEntry { document: document(number), role: Role::Edit }
}

/// An event with a payload of some text, in the form that [`contents`] reads.
pub fn event(text: &str, documents: &[DocumentEntry], blobs: &[BlobHash]) -> NewEvent {
    let entries: Vec<Value> = documents
        .iter()
        .map(|entry| json!([entry.document, minicbor::to_vec(entry.role).expect("bytes")]))
        .collect();
    let payload = json!({ "documents": entries, "blobs": blobs, "text": text });
    NewEvent {
        tenant: TenantId::default(),
        actor: ActorId::default(),
        command: "test.edit".into(),
        time: 1_700_000_000_000 + text.len() as i64,
        payload: payload.to_string().into_bytes(),
        documents: documents.to_vec(),
        blobs: blobs.to_vec(),
    }
}

/// Reads what [`event`] wrote.
pub fn contents(payload: &[u8]) -> Result<EventContents, String> {
    type Entry = (DocumentId, Vec<u8>);
    #[derive(serde::Deserialize)]
    struct Payload {
        documents: Vec<Entry>,
        blobs: Vec<BlobHash>,
    }
    let payload: Payload = serde_json::from_slice(payload).map_err(|e| e.to_string())?;
    let entry = |(document, role): Entry| {
        Ok(DocumentEntry { document, role: minicbor::decode(&role).map_err(|e| e.to_string())? })
    };
    let documents = payload.documents.into_iter().map(entry).collect::<Result<_, String>>()?;
    Ok(EventContents { documents, blobs: payload.blobs })
}

pub fn options(replica: u64) -> Options {
    Options { replica: Some(ReplicaId(replica)), ..Options::default() }
}

pub fn open(dir: &Path) -> Store {
    Store::open(dir, options(7)).expect("the store opens")
}

pub fn verify(store: &Store) -> VerifyReport {
    store.verify(None, &contents).expect("verification runs")
}

pub fn assert_intact(store: &Store) {
    let report = verify(store);
    assert!(report.is_intact(), "{:#?}", report.findings);
}
