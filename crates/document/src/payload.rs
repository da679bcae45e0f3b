//! The payload of an event: what a command was asked and what it did to each document.

use std::sync::Arc;

use base::{BlobHash, DocumentId, EventHash};
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::Delta;

/// What an event is to the history of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A change by a command.
    Edit,
    /// Takes back the event named: an edit or a redo.
    Undo(EventHash),
    /// Takes back the undo named.
    Redo(EventHash),
    /// Brings the document to its state after the event named, or before its first event.
    Checkout(Option<EventHash>),
    /// Makes the document, for the first time or anew: nothing before is taken back from here on.
    Start,
}

/// What an event did to one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The document.
    pub document: DocumentId,
    /// What the event is to its history.
    pub role: Role,
    /// What was done.
    pub deltas: Vec<Delta>,
    /// What takes it back, in the order in which it is to be applied.
    pub inverses: Vec<Delta>,
    /// The same for replicas, and for replay.
    pub update: Vec<u8>,
}

/// The payload of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Payload {
    /// The command's arguments, as JSON.
    pub arguments: Arc<str>,
    /// The changes, in the order in which they were made.
    pub changes: Vec<Change>,
    /// The blobs that the changes name: ascending, none twice.
    pub blobs: Vec<BlobHash>,
}

impl Payload {
    /// The bytes that the event's header names by hash.
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(Vec::new());
        // Writing to memory cannot fail.
        let _ = self.write(&mut e);
        e.into_writer()
    }

    fn write(&self, e: &mut Encoder<Vec<u8>>) -> Result<(), encode::Error<std::convert::Infallible>> {
        e.array(3)?.str(&self.arguments)?.array(self.changes.len() as u64)?;
        for change in &self.changes {
            e.array(5)?.bytes(&change.document.value().to_be_bytes())?.encode(change.role)?;
            e.encode(&change.deltas)?.encode(&change.inverses)?.bytes(&change.update)?;
        }
        e.array(self.blobs.len() as u64)?;
        for blob in &self.blobs {
            e.bytes(&blob.0)?;
        }
        Ok(())
    }

    /// The payload of these bytes.
    ///
    /// # Errors
    /// When they are damaged; the error says where.
    pub fn decode(bytes: &[u8]) -> Result<Self, decode::Error> {
        let mut d = Decoder::new(bytes);
        d.array()?;
        let arguments = d.str()?.into();
        let count = d.array()?.unwrap_or(0);
        let mut changes = Vec::new();
        for _ in 0..count {
            d.array()?;
            changes.push(Change {
                document: DocumentId::new(u128::from_be_bytes(fixed(&mut d)?)),
                role: d.decode()?,
                deltas: d.decode()?,
                inverses: d.decode()?,
                update: d.bytes()?.to_vec(),
            });
        }
        let count = d.array()?.unwrap_or(0);
        let blobs = (0..count).map(|_| Ok(BlobHash(fixed(&mut d)?))).collect::<Result<_, decode::Error>>()?;
        Ok(Payload { arguments, changes, blobs })
    }
}

fn fixed<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], decode::Error> {
    let at = d.position();
    d.bytes()?.try_into().map_err(|_| decode::Error::message("bytes of another length were expected").at(at))
}

impl<C> Encode<C> for Role {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        match self {
            Role::Edit => e.array(1)?.u8(0)?,
            Role::Undo(event) => e.array(2)?.u8(1)?.bytes(&event.0)?,
            Role::Redo(event) => e.array(2)?.u8(2)?.bytes(&event.0)?,
            Role::Checkout(Some(event)) => e.array(2)?.u8(3)?.bytes(&event.0)?,
            Role::Checkout(None) => e.array(1)?.u8(3)?,
            Role::Start => e.array(1)?.u8(4)?,
        };
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Role {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let fields = d.array()?;
        let at = d.position();
        Ok(match (d.u8()?, fields) {
            (0, Some(1)) => Role::Edit,
            (1, Some(2)) => Role::Undo(EventHash(fixed(d)?)),
            (2, Some(2)) => Role::Redo(EventHash(fixed(d)?)),
            (3, Some(2)) => Role::Checkout(Some(EventHash(fixed(d)?))),
            (3, Some(1)) => Role::Checkout(None),
            (4, Some(1)) => Role::Start,
            _ => return Err(decode::Error::message("an unknown role in a history").at(at)),
        })
    }
}
