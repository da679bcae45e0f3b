//! Content hashes (BLAKE3, 256 bits), one type per thing that is hashed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A text that is no hash of 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a hash of 64 hexadecimal digits")]
pub struct ParseHashError(String);

/// From how many bytes on all cores hash together.
const SPREAD: usize = 1 << 20;

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// The hash of these bytes.
            pub fn of(bytes: &[u8]) -> Self {
                let mut hasher = blake3::Hasher::new();
                match bytes.len() < SPREAD {
                    true => hasher.update(bytes),
                    false => hasher.update_rayon(bytes),
                };
                $name(*hasher.finalize().as_bytes())
            }

            /// The first eight digits: enough for a person to tell hashes apart.
            pub fn short(&self) -> String {
                self.to_string()[..8].to_owned()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl FromStr for $name {
            type Err = ParseHashError;

            fn from_str(text: &str) -> Result<Self, ParseHashError> {
                let hash = blake3::Hash::from_hex(text).map_err(|_| ParseHashError(text.to_owned()))?;
                Ok($name(*hash.as_bytes()))
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

hash_type!(
    /// Names a blob by its content.
    BlobHash
);
hash_type!(
    /// Names a step of a script by all that is known before it runs: the command, its arguments, and the versions that the
    /// steps before it gave.
    StepKey
);
hash_type!(
    /// Names what a step gave by all that it follows from: the step's key and the content of the files that it read.
    VersionKey
);
hash_type!(
    /// Names an event by its encoded header.
    EventHash
);
hash_type!(
    /// Summarises the visible content of a document: what is there and in which order, nothing of how it came about.
    StateHash
);
