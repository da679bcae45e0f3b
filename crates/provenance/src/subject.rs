//! What a statement says about files, read back.

use crate::statement::{PREDICATE_TYPE, STATEMENT_TYPE};
use crate::{Error, Sha256};
use base::BlobHash;
use serde::Deserialize;

/// A file that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The name that the builder gave it; empty when it gave none.
    pub name: String,
    /// The SHA-256 of its content, when the statement has one.
    pub sha256: Option<Sha256>,
    /// The BLAKE3 of its content, when the statement has one.
    pub blake3: Option<BlobHash>,
}

impl Subject {
    /// Whether the subject is a file with these hashes: it names one of them, and no other value for either. The name
    /// plays no part, as in-toto matches artifacts by digest alone
    /// (<https://github.com/in-toto/attestation/blob/main/spec/v1/digest_set.md>); in-toto would be content with one of
    /// two hashes that agrees.
    pub fn is(&self, sha256: &Sha256, blake3: &BlobHash) -> bool {
        let agree = [self.sha256.map(|hash| hash == *sha256), self.blake3.map(|hash| hash == *blake3)];
        agree.contains(&Some(true)) && !agree.contains(&Some(false))
    }
}

/// The subjects of a provenance statement, in its order. Proves nothing by itself: the text has to come from
/// [`verify`](crate::verify).
///
/// Fields and digests that are not known are ignored, as in-toto's parsing rules ask.
///
/// # Errors
/// [`Error::Statement`] when the text is not the JSON of a statement, or a known digest is malformed; [`Error::Type`] when
/// the statement is of another version, or no SLSA provenance v1.
pub fn subjects(statement: &[u8]) -> Result<Vec<Subject>, Error> {
    let read: Statement = serde_json::from_slice(statement).map_err(Error::Statement)?;
    for (field, found, wanted) in
        [("_type", read.kind, STATEMENT_TYPE), ("predicateType", read.predicate_type, PREDICATE_TYPE)]
    {
        if found != wanted {
            return Err(Error::Type { field, found, wanted });
        }
    }
    let subject = |descriptor: Descriptor| Subject {
        name: descriptor.name,
        sha256: descriptor.digest.sha256,
        blake3: descriptor.digest.blake3,
    };
    Ok(read.subject.into_iter().map(subject).collect())
}

#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    subject: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Descriptor {
    #[serde(default)]
    name: String,
    digest: DigestSet,
}

#[derive(Deserialize)]
struct DigestSet {
    #[serde(default, deserialize_with = "sha256")]
    sha256: Option<Sha256>,
    #[serde(default)]
    blake3: Option<BlobHash>,
}

fn sha256<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Sha256>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: &str, predicate: &str, digest: &str) -> String {
        format!(
            r#"{{"_type":"{kind}","predicateType":"{predicate}","subject":[{{"name":"a","digest":{digest}}}],"later":1}}"#
        )
    }

    #[test]
    fn subjects_are_known_by_their_hashes() {
        let (sha256, blake3) = (Sha256::of(b"abc"), BlobHash::of(b"abc"));
        let (other, other3) = (Sha256::of(b"x"), BlobHash::of(b"x"));
        for (digest, is) in [
            (format!(r#"{{"sha256":"{sha256}"}}"#), true),
            (format!(r#"{{"blake3":"{blake3}"}}"#), true),
            (format!(r#"{{"sha256":"{sha256}","blake3":"{blake3}","later":"zz"}}"#), true),
            (format!(r#"{{"sha256":"{sha256}","blake3":"{other3}"}}"#), false),
            (format!(r#"{{"sha256":"{other}","blake3":"{blake3}"}}"#), false),
            (r#"{"sha1":"00"}"#.into(), false),
            ("{}".into(), false),
        ] {
            let subjects = subjects(text(STATEMENT_TYPE, PREDICATE_TYPE, &digest).as_bytes()).unwrap();
            assert_eq!(subjects.len(), 1);
            assert_eq!(subjects[0].name, "a");
            assert_eq!(subjects[0].is(&sha256, &blake3), is, "{digest}");
        }
    }

    #[test]
    fn other_statements_are_refused() {
        let old = text("https://in-toto.io/Statement/v0.1", PREDICATE_TYPE, "{}");
        assert!(matches!(subjects(old.as_bytes()), Err(Error::Type { field: "_type", .. })));
        let link = text(STATEMENT_TYPE, "https://in-toto.io/attestation/link/v0.3", "{}");
        assert!(matches!(subjects(link.as_bytes()), Err(Error::Type { field: "predicateType", .. })));
        for digest in [r#"{"sha256":"AB"}"#, r#"{"sha256":"","sha256":""}"#, r#"{"blake3":7}"#, "null"] {
            let text = text(STATEMENT_TYPE, PREDICATE_TYPE, digest);
            assert!(matches!(subjects(text.as_bytes()), Err(Error::Statement(_))), "{digest}");
        }
    }
}
