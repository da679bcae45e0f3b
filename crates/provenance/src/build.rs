//! What is known of a build when it has ended.

use crate::Error;
use base::BlobHash;
use serde_json::{Map, Value};
use sha2::Digest;
use std::{fmt, str::FromStr};

/// A SHA-256 (FIPS 180-4); shown and read as 64 lower-case hexadecimal digits, as in-toto's digest sets have them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Sha256(sha2::Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        data_encoding::HEXLOWER.encode_display(&self.0).fmt(f)
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sha256 {
    type Err = Error;

    /// # Errors
    /// [`Error::Sha256`] when the text is anything else than 64 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok();
        let hash = bytes.and_then(|bytes| bytes.try_into().ok());
        hash.map(Sha256).ok_or_else(|| Error::Sha256(text.to_owned()))
    }
}

/// A file that a build read or wrote: a name and what its content was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// A stable name, such as the path as the script gives it; never a path of this machine alone.
    pub name: String,
    /// The SHA-256 of the content.
    pub sha256: Sha256,
    /// The BLAKE3 of the content, where it is known.
    pub blake3: Option<BlobHash>,
    /// The length of the content in bytes.
    pub size: u64,
}

/// One step that ran, or whose result was taken from the cache.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRecord {
    /// The id in the script; `id[N]` for an item of a loop.
    pub id: String,
    /// The id of the command.
    pub command: String,
    /// The resolved arguments. Secrets stand in them as `secret:NAME` only.
    pub arguments: Map<String, Value>,
    /// The names of the materials that the step read, in any order.
    pub inputs: Vec<String>,
    /// The cache key of the step, in hexadecimal.
    pub key: String,
}

/// The program that ran the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The name of the program, such as `metabuilder`.
    pub name: String,
    /// Its version, such as `0.1.0`.
    pub version: String,
}

/// A finished build.
#[derive(Clone, Debug, PartialEq)]
pub struct Build {
    /// The files that the build wrote, in any order; one at least.
    pub subjects: Vec<Artifact>,
    /// The files that the build read, aside from the script, in any order.
    pub materials: Vec<Artifact>,
    /// The script that was run.
    pub script: Artifact,
    /// The variables that were set from outside, with `--set`; the script's own values are part of the script.
    pub variables: Map<String, Value>,
    /// The settings that were given for this run, by key: those of `--setting`, and `adapter` for `--adapter`.
    pub settings: Map<String, Value>,
    /// The steps, in the order of the script.
    pub steps: Vec<StepRecord>,
    /// Files that the build left behind and that are no result, such as its log; in any order.
    pub byproducts: Vec<Artifact>,
    /// The program that ran the build.
    pub program: Program,
    /// When the build began, in milliseconds since the Unix epoch, UTC; from 1970 to 9999.
    pub started_ms: i64,
    /// When the build ended, in milliseconds since the Unix epoch, UTC; not ahead of `started_ms`.
    pub finished_ms: i64,
    /// Names this run among all runs, so that the statement can be joined with logs.
    pub invocation: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_form_only() {
        let hash = Sha256::of(b"abc");
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), text);
        assert_eq!(text.parse::<Sha256>().unwrap(), hash);
        for wrong in ["", "ba78", &text.to_uppercase(), &format!("{text}00"), &format!(" {}", &text[1..])] {
            assert!(matches!(wrong.parse::<Sha256>(), Err(Error::Sha256(_))), "{wrong}");
        }
    }
}
