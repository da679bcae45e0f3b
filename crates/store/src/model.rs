//! The rows that callers hand in and get back.

use std::{convert::Infallible, sync::Arc};

use base::{ActorId, BlobHash, DocumentId, EventHash, ReplicaId, TenantId};
use document::{Role, event::Header};
use minicbor::{Decoder, Encoder, decode, encode};
use rusqlite::Row;

/// A document that an event changes, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentEntry {
    /// The document.
    pub document: DocumentId,
    /// What the event is to the document's history.
    pub role: Role,
}

/// The role as the columns `role` and `target`.
pub(crate) fn role_columns(role: Role) -> (u8, Option<[u8; 32]>) {
    match role {
        Role::Edit => (0, None),
        Role::Undo(target) => (1, Some(target.0)),
        Role::Redo(target) => (2, Some(target.0)),
        Role::Checkout(target) => (3, target.map(|target| target.0)),
        Role::Start => (4, None),
    }
}

/// The role that [`role_columns`] wrote into two columns, of which this is the first; `None` when it wrote no such thing.
pub(crate) fn role_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Role>> {
    let target = row.get::<_, Option<[u8; 32]>>(column + 1)?.map(EventHash);
    Ok(match (row.get(column)?, target) {
        (0, None) => Some(Role::Edit),
        (1, Some(target)) => Some(Role::Undo(target)),
        (2, Some(target)) => Some(Role::Redo(target)),
        (3, target) => Some(Role::Checkout(target)),
        (4, None) => Some(Role::Start),
        _ => None,
    })
}

/// An event to append. The store adds replica, sequence number, parents and hashes.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// On whose behalf.
    pub tenant: TenantId,
    /// Who acts.
    pub actor: ActorId,
    /// The id of the command.
    pub command: Arc<str>,
    /// Milliseconds since the Unix epoch.
    pub time: i64,
    /// Bytes that only the caller can read.
    pub payload: Vec<u8>,
    /// The documents that the event changes, in any order, none twice.
    pub documents: Vec<DocumentEntry>,
    /// The blobs that the payload names: they are kept for as long as the payload is.
    pub blobs: Vec<BlobHash>,
}

/// What a payload says about the rows beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventContents {
    /// As in [`NewEvent::documents`].
    pub documents: Vec<DocumentEntry>,
    /// As in [`NewEvent::blobs`].
    pub blobs: Vec<BlobHash>,
}

/// Where an event went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The name of the event.
    pub hash: EventHash,
    /// Its place in this copy's order, from 1 without gaps.
    pub ord: u64,
    /// Its number among the events of its replica, from 1 without gaps.
    pub sequence: u64,
}

/// An event as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in this copy's order.
    pub ord: u64,
    /// Its name.
    pub hash: EventHash,
    /// Its header, which the hash covers.
    pub header: Header,
}

/// A payload, or the record that it was dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The bytes.
    Bytes(Vec<u8>),
    /// Dropped by [`crate::Store::prune`]; the event changed these documents.
    Pruned(Vec<DocumentEntry>),
}

/// One step in the history of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// The place of the event in this copy's order.
    pub ord: u64,
    /// The event.
    pub hash: EventHash,
    /// Who acted.
    pub actor: ActorId,
    /// The copy of the workspace that wrote it.
    pub replica: ReplicaId,
    /// What it is to the document's history.
    pub role: Role,
    /// The id of the command.
    pub command: Arc<str>,
    /// Milliseconds since the Unix epoch.
    pub time: i64,
}

/// Writes entries as CBOR: an array of (document, role).
pub(crate) fn encode_documents(documents: &[DocumentEntry]) -> Vec<u8> {
    fn write(
        encoder: &mut Encoder<&mut Vec<u8>>,
        documents: &[DocumentEntry],
    ) -> Result<(), encode::Error<Infallible>> {
        encoder.array(documents.len() as u64)?;
        for entry in documents {
            encoder.array(2)?.bytes(&entry.document.value().to_be_bytes())?.encode(entry.role)?;
        }
        Ok(())
    }
    let mut bytes = Vec::new();
    match write(&mut Encoder::new(&mut bytes), documents) {
        Ok(()) => bytes,
        Err(error) => unreachable!("a vector takes every byte: {error}"),
    }
}

/// Reads what [`encode_documents`] writes.
pub(crate) fn decode_documents(bytes: &[u8]) -> Result<Vec<DocumentEntry>, decode::Error> {
    let mut decoder = Decoder::new(bytes);
    let count = decoder.array()?.unwrap_or(0);
    (0..count)
        .map(|_| {
            decoder.array()?;
            let document = decoder.bytes()?.try_into();
            let document = document.map_err(|_| decode::Error::message("a byte string of another length"))?;
            Ok(DocumentEntry {
                document: DocumentId::new(u128::from_be_bytes(document)),
                role: decoder.decode()?,
            })
        })
        .collect()
}
