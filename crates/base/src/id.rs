//! Identifiers: 128-bit ids of documents and nodes, and the source that hands them out.

use std::{fmt, marker::PhantomData, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A text that is no identifier of the expected form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not {expected}")]
pub struct ParseIdError {
    text: String,
    expected: &'static str,
}

/// A 128-bit identifier, written as 32 lower-case hexadecimal digits. `T` keeps the kinds of id apart.
pub struct Id<T>(u128, PhantomData<fn() -> T>);

/// Marks ids of nodes.
pub enum NodeMarker {}
/// Marks ids of documents.
pub enum DocumentMarker {}

/// Names a node within its document. Ours, never the CRDT's.
pub type NodeId = Id<NodeMarker>;
/// Names a document within its workspace.
pub type DocumentId = Id<DocumentMarker>;

impl<T> Id<T> {
    /// The id with this value.
    pub const fn new(value: u128) -> Self {
        Id(value, PhantomData)
    }

    /// The 128 bits.
    pub const fn value(self) -> u128 {
        self.0
    }
}

impl NodeId {
    /// The root of every node tree: the document itself.
    pub const ROOT: Self = Self::new(0);
    /// The hidden parent of every removed node.
    pub const TRASH: Self = Self::new(1);
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> std::hash::Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl<T> FromStr for Id<T> {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let well_formed = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        match u128::from_str_radix(text, 16) {
            Ok(value) if well_formed => Ok(Self::new(value)),
            _ => Err(ParseIdError { text: text.to_owned(), expected: "an id of 32 hexadecimal digits" }),
        }
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Names one copy of a workspace that writes events; it is also the peer id of that copy in every CRDT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplicaId(pub u64);

impl fmt::Display for ReplicaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $local:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                $name(name.into())
            }
        }
        impl Default for $name {
            fn default() -> Self {
                $name($local.into())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type!(
    /// Who acts: a person, an agent or a service.
    ActorId,
    "local"
);
name_type!(
    /// On whose behalf a workspace is kept.
    TenantId,
    "local"
);

/// Hands out fresh ids: the `n`-th id is a hash of the seed and `n`.
///
/// A script seeds it with its own name and the step's id, so that a run repeats exactly; a session seeds it with random bytes.
#[derive(Clone, Debug)]
pub struct IdSource {
    seed: [u8; 32],
    next: u64,
    next_document: u64,
}

impl IdSource {
    /// A source whose ids depend on `seed` alone.
    pub fn new(seed: &[u8]) -> Self {
        IdSource { seed: *blake3::hash(seed).as_bytes(), next: 0, next_document: 0 }
    }

    /// The next id. Never [`NodeId::ROOT`] or [`NodeId::TRASH`].
    pub fn next_id<T>(&mut self) -> Id<T> {
        self.next += 1;
        self.hashed(&(self.next - 1).to_le_bytes())
    }

    /// The next id of a document: it does not depend on how many other ids were handed out, so that a document which is
    /// made anew with other content keeps its own.
    pub fn next_document(&mut self) -> DocumentId {
        self.next_document += 1;
        self.hashed(&[&b"document"[..], &(self.next_document - 1).to_le_bytes()].concat())
    }

    fn hashed<T>(&self, bytes: &[u8]) -> Id<T> {
        let mut hasher = blake3::Hasher::new_keyed(&self.seed);
        hasher.update(bytes);
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        Id::new(u128::from_be_bytes(bytes).max(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_as_written_and_repeat_from_a_seed() {
        let (mut a, mut b) = (IdSource::new(b"seed"), IdSource::new(b"seed"));
        for _ in 0..3 {
            let id: NodeId = a.next_id();
            assert_eq!(id, b.next_id());
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert!("+0000000000000000000000000000001".parse::<NodeId>().is_err());
    }
}
