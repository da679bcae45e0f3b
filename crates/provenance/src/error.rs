//! What can be wrong with a build record, a key, an envelope or a statement.

use ed25519_dalek::pkcs8;

/// Why a statement was not made, a key not read or an envelope not accepted. No message repeats key material.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// in-toto asks for at least one subject.
    #[error("the build wrote no file, so there is nothing to attest: let the script export something")]
    NoSubject,
    /// One name, two contents.
    #[error(
        "'{name}' stands for two different contents: it changed while the build ran, or two steps wrote it; run the build again"
    )]
    Ambiguous {
        /// The name of the artifact.
        name: String,
    },
    /// A step names an input that is no material.
    #[error(
        "step '{step}' reads '{input}', which is not among the materials of the build: record every input with its hash"
    )]
    UnknownInput {
        /// The id of the step.
        step: String,
        /// The name of the input.
        input: String,
    },
    /// A time that RFC 3339 cannot write, or an end ahead of the start.
    #[error(
        "the build ran from {started_ms} to {finished_ms} ms: both have to lie between 1970 and 9999, the start first; set the clock and run the build again"
    )]
    Time {
        /// Milliseconds since the Unix epoch.
        started_ms: i64,
        /// Milliseconds since the Unix epoch.
        finished_ms: i64,
    },

    /// A text that is no SHA-256.
    #[error("'{0}' is not a SHA-256 of 64 lower-case hexadecimal digits")]
    Sha256(String),

    /// Neither PEM nor 32 bytes in hexadecimal or base64.
    #[error(
        "this is not an Ed25519 key: give PEM (for a signing key, what `openssl genpkey -algorithm ed25519` writes) or its 32 bytes in base64 or hexadecimal"
    )]
    KeyForm,
    /// PEM of the wrong kind.
    #[error("this PEM block is a '{found}', but a '{wanted}' is needed{hint}")]
    KeyLabel {
        /// What the block calls itself.
        found: String,
        /// What it has to call itself.
        wanted: &'static str,
        /// How to come by it; starts with `: `, or is empty.
        hint: &'static str,
    },
    /// The block is damaged.
    #[error(
        "the key cannot be read from its PEM block: copy the file anew, or make a new key with `openssl genpkey -algorithm ed25519`"
    )]
    KeyEncoding(#[source] pkcs8::Error),
    /// The key is for another algorithm.
    #[error(
        "this key is for another algorithm than Ed25519: make one with `openssl genpkey -algorithm ed25519`"
    )]
    KeyAlgorithm,
    /// The file holds a private key and the public key of another one, or a public key that is no point of the curve.
    #[error(
        "the parts of this key do not belong together, or it is too weak to be used: make a new one with `openssl genpkey -algorithm ed25519`"
    )]
    KeyInvalid,

    /// The envelope is no JSON of the form that DSSE gives.
    #[error("this is not a DSSE envelope")]
    Envelope(#[source] serde_json::Error),
    /// A field is neither standard nor URL-safe base64 with padding.
    #[error("the field '{field}' of the envelope is not base64: the file is damaged, get it anew")]
    Base64 {
        /// `payload` or `signatures[N].sig`.
        field: String,
    },
    /// No signature in the envelope is by this key over this payload.
    #[error(
        "no signature in the envelope is the one that key {wanted} makes over this payload: the file was changed, or another key signed it ({found})"
    )]
    NotSigned {
        /// The id of the key that was asked for.
        wanted: String,
        /// The key ids that the envelope names, unauthenticated.
        found: String,
    },
    /// Signed, but no in-toto statement.
    #[error("the envelope holds '{0}', not an in-toto statement (application/vnd.in-toto+json)")]
    PayloadType(String),

    /// The payload is not the JSON of a statement.
    #[error("this is not an in-toto statement")]
    Statement(#[source] serde_json::Error),
    /// The statement is of another version, or says something else than provenance.
    #[error("the statement's {field} is '{found}', and only '{wanted}' is understood")]
    Type {
        /// `_type` or `predicateType`.
        field: &'static str,
        /// What the statement says.
        found: String,
        /// What it has to say.
        wanted: &'static str,
    },
}
