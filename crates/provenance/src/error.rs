//! What can be wrong with a build record or a statement.

/// Why a statement was not made or not read.
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
