//! The header of an event: what the chain hashes.
//!
//! Owns the encoding of headers, in deterministic CBOR (RFC 8949 §4.2.1), and nothing of what an event does: that is the payload, which the header names by hash, so that
//! a payload can be encrypted or pruned while the chain still verifies. Local order is not part of a header.
//!
//! A header is one CBOR map with these integer keys, in this order:
//!
//! | key | field | CBOR |
//! |---|---|---|
//! | 0 | format | unsigned, 1 |
//! | 1 | tenant | text |
//! | 2 | actor | text |
//! | 3 | replica | unsigned |
//! | 4 | sequence | unsigned, from 1 |
//! | 5 | parents | array of byte strings of 32, ascending, none twice |
//! | 6 | command | text |
//! | 7 | time | integer, milliseconds since the Unix epoch |
//! | 8 | payload | byte string of 32 |
//! | 9 | signature | byte string of 64; left out when there is none |

use std::{fmt, sync::Arc};

use base::{ActorId, EventHash, ReplicaId, TenantId};
use minicbor::{Decoder, Encoder, decode, encode};

/// The newest header format, and the only one that this build reads and writes.
pub const FORMAT: u32 = 1;

/// Names the payload of an event: BLAKE3 of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadHash(pub [u8; 32]);

impl PayloadHash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        PayloadHash(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for PayloadHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
    }
}
impl fmt::Debug for PayloadHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Bytes that are no header in this format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Written by a newer program.
    #[error(
        "the event has format {0}, this program reads up to {FORMAT}: open the workspace with a newer version"
    )]
    UnknownFormat(u64),
    /// Not CBOR, or not the map that a header is.
    #[error("the event's header is damaged at byte {position}: {what}")]
    Malformed {
        /// Where in the header, in bytes from its start.
        position: usize,
        /// What was found there or was missing.
        what: String,
    },
    /// The fields can be read, but a writer of this format would have written other bytes.
    #[error("the event's header is not in canonical form")]
    NotCanonical,
}

/// Who did what, when, and on top of which events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// [`FORMAT`].
    pub format: u32,
    /// On whose behalf.
    pub tenant: TenantId,
    /// Who acted.
    pub actor: ActorId,
    /// The copy of the workspace that wrote the event.
    pub replica: ReplicaId,
    /// The number of the event among those of its replica, from 1, without gaps.
    pub sequence: u64,
    /// The heads that the writer saw: ascending, none twice, empty for the first event.
    pub parents: Vec<EventHash>,
    /// The id of the command.
    pub command: Arc<str>,
    /// Milliseconds since the Unix epoch, by the writer's clock.
    pub time: i64,
    /// Names the payload.
    pub payload: PayloadHash,
    /// The writer's signature of [`Header::signing_bytes`].
    pub signature: Option<[u8; 64]>,
}

impl Header {
    /// The canonical bytes: what is stored and hashed.
    pub fn encode(&self) -> Vec<u8> {
        self.encoded(self.signature.as_ref())
    }

    /// The bytes that a signature covers: the header without it.
    pub fn signing_bytes(&self) -> Vec<u8> {
        self.encoded(None)
    }

    /// The name of the event: BLAKE3 of [`Header::encode`].
    pub fn hash(&self) -> EventHash {
        EventHash::of(&self.encode())
    }

    /// Reads exactly what [`Header::encode`] writes.
    ///
    /// # Errors
    /// Bytes in any other form, even when they hold the same fields, so that an event has one name only.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let mut decoder = Decoder::new(bytes);
        let entries = decoder.map().map_err(|e| malformed(&decoder, e))?;
        let format = field(&mut decoder, 0, Decoder::u64)?;
        if format != u64::from(FORMAT) {
            return Err(HeaderError::UnknownFormat(format));
        }
        let header = Header {
            format: FORMAT,
            tenant: TenantId(field(&mut decoder, 1, Decoder::str)?.into()),
            actor: ActorId(field(&mut decoder, 2, Decoder::str)?.into()),
            replica: ReplicaId(field(&mut decoder, 3, Decoder::u64)?),
            sequence: field(&mut decoder, 4, Decoder::u64)?,
            parents: field(&mut decoder, 5, read_parents)?,
            command: field(&mut decoder, 6, Decoder::str)?.into(),
            time: field(&mut decoder, 7, Decoder::i64)?,
            payload: PayloadHash(field(&mut decoder, 8, read_array)?),
            signature: match entries {
                Some(10) => Some(field(&mut decoder, 9, read_array)?),
                _ => None,
            },
        };
        let ascending = header.parents.windows(2).all(|pair| pair[0] < pair[1]);
        if header.sequence == 0 || !ascending || header.encode() != bytes {
            return Err(HeaderError::NotCanonical);
        }
        Ok(header)
    }

    fn encoded(&self, signature: Option<&[u8; 64]>) -> Vec<u8> {
        let names = self.tenant.as_str().len() + self.actor.as_str().len() + self.command.len();
        let mut bytes =
            Vec::with_capacity(96 + names + 34 * self.parents.len() + signature.map_or(0, |_| 67));
        match self.write(&mut Encoder::new(&mut bytes), signature) {
            Ok(()) => bytes,
            Err(error) => unreachable!("a vector takes every byte: {error}"),
        }
    }

    fn write(
        &self,
        encoder: &mut Encoder<&mut Vec<u8>>,
        signature: Option<&[u8; 64]>,
    ) -> Result<(), encode::Error<std::convert::Infallible>> {
        encoder.map(9 + u64::from(signature.is_some()))?;
        encoder.u8(0)?.u32(self.format)?;
        encoder.u8(1)?.str(self.tenant.as_str())?;
        encoder.u8(2)?.str(self.actor.as_str())?;
        encoder.u8(3)?.u64(self.replica.0)?;
        encoder.u8(4)?.u64(self.sequence)?;
        encoder.u8(5)?.array(self.parents.len() as u64)?;
        for parent in &self.parents {
            encoder.bytes(&parent.0)?;
        }
        encoder.u8(6)?.str(&self.command)?;
        encoder.u8(7)?.i64(self.time)?;
        encoder.u8(8)?.bytes(&self.payload.0)?;
        if let Some(signature) = signature {
            encoder.u8(9)?.bytes(signature)?;
        }
        Ok(())
    }
}

/// Reads the next map entry, which must have this key.
fn field<'b, T>(
    decoder: &mut Decoder<'b>,
    key: u8,
    read: impl FnOnce(&mut Decoder<'b>) -> Result<T, decode::Error>,
) -> Result<T, HeaderError> {
    let found = decoder.u8().map_err(|e| malformed(decoder, e))?;
    if found != key {
        let what = format!("the key {key} is missing");
        return Err(HeaderError::Malformed { position: decoder.position(), what });
    }
    read(decoder).map_err(|e| malformed(decoder, e))
}

fn read_parents(decoder: &mut Decoder<'_>) -> Result<Vec<EventHash>, decode::Error> {
    let Some(count) = decoder.array()? else {
        return Err(decode::Error::message("an array of unknown length"));
    };
    (0..count).map(|_| read_array(decoder).map(EventHash)).collect()
}

fn read_array<const N: usize>(decoder: &mut Decoder<'_>) -> Result<[u8; N], decode::Error> {
    decoder.bytes()?.try_into().map_err(|_| decode::Error::message("a byte string of another length"))
}

fn malformed(decoder: &Decoder<'_>, error: decode::Error) -> HeaderError {
    HeaderError::Malformed {
        position: error.position().unwrap_or(decoder.position()),
        what: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_set, option, prelude::*};

    use super::*;

    fn headers() -> impl Strategy<Value = Header> {
        let names = ("[a-z]{0,30}", "[a-zà-ž]{0,9}", "[a-z.]{0,300}");
        let numbers = (any::<u64>(), 1..u64::MAX, any::<i64>());
        let bytes = (
            btree_set(any::<[u8; 32]>(), 0..4),
            any::<[u8; 32]>(),
            option::of(prop::array::uniform32(any::<u8>())),
        );
        (names, numbers, bytes).prop_map(|((tenant, actor, command), (replica, sequence, time), bytes)| {
            Header {
                format: FORMAT,
                tenant: tenant.as_str().into(),
                actor: actor.as_str().into(),
                replica: ReplicaId(replica),
                sequence,
                parents: bytes.0.into_iter().map(EventHash).collect(),
                command: command.into(),
                time,
                payload: PayloadHash(bytes.1),
                signature: bytes.2.map(|half| std::array::from_fn(|i| half[i % 32])),
            }
        })
    }

    proptest! {
        #[test]
        fn a_header_reads_back_and_has_one_form_only(header in headers(), at in any::<prop::sample::Index>(), bit in 0..8u8) {
            let bytes = header.encode();
            prop_assert_eq!(Header::decode(&bytes), Ok(header.clone()));
            prop_assert_eq!(header.hash(), EventHash::of(&bytes));
            let unsigned = Header { signature: None, ..header };
            prop_assert_eq!(unsigned.signing_bytes(), unsigned.encode());

            let mut damaged = bytes.clone();
            damaged[at.index(bytes.len())] ^= 1 << bit;
            if let Ok(read) = Header::decode(&damaged) {
                prop_assert_eq!(read.encode(), damaged);
            }
            prop_assert!(Header::decode(&bytes[..at.index(bytes.len())]).is_err());
        }
    }

    #[test]
    fn other_encodings_of_the_same_fields_are_refused() {
        let header = Header {
            format: FORMAT,
            tenant: TenantId::default(),
            actor: ActorId::default(),
            replica: ReplicaId(7),
            sequence: 1,
            parents: vec![EventHash([1; 32]), EventHash([2; 32])],
            command: "text.insert".into(),
            time: -1,
            payload: PayloadHash::of(b""),
            signature: None,
        };
        let bytes = header.encode();
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(&bytes[..20]), "a9000101656c6f63616c02656c6f63616c030704");
        assert_eq!(hex(&header.signing_bytes()), hex(&bytes));

        let unsorted = Header { parents: header.parents.iter().rev().copied().collect(), ..header.clone() };
        assert_eq!(Header::decode(&unsorted.encode()), Err(HeaderError::NotCanonical));
        let unnumbered = Header { sequence: 0, ..header };
        assert_eq!(Header::decode(&unnumbered.encode()), Err(HeaderError::NotCanonical));
        assert_eq!(Header::decode(&[bytes.as_slice(), &[0]].concat()), Err(HeaderError::NotCanonical));

        // The replica as a two-byte integer, and a map without a length.
        let at = bytes.windows(2).position(|pair| pair == [3, 7]).expect("the replica");
        let longer = [&bytes[..=at], &[0x18, 7], &bytes[at + 2..]].concat();
        assert_eq!(Header::decode(&longer), Err(HeaderError::NotCanonical));
        let endless = [&[0xbf], &bytes[1..], &[0xff]].concat();
        assert_eq!(Header::decode(&endless), Err(HeaderError::NotCanonical));

        let mut newer = bytes.clone();
        newer[2] = 2;
        assert_eq!(Header::decode(&newer), Err(HeaderError::UnknownFormat(2)));
    }
}
