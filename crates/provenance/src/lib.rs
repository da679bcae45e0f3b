//! What is known of a finished build, as a statement that others can check and that a key can sign.
//!
//! Owns the form of the statement (in-toto Statement v1 with the SLSA provenance v1 predicate), the envelope around it
//! (DSSE v1) and its Ed25519 signature, and the forms in which keys are read. Pure functions: no file, clock, network or
//! environment. Draws no random numbers either: Ed25519 signatures are deterministic (RFC 8032), so that the same build
//! and key give the same bytes.
//!
//! ```text
//! Build ── statement ──► JSON text ── sign ──► Envelope ── to_json ──► file
//! file ── Envelope::parse ──► Envelope ── verify ──► JSON text ── subjects ──► names and digests
//! ```
//!
//! Sources: <https://github.com/in-toto/attestation/tree/main/spec/v1>, <https://slsa.dev/spec/v1.0/provenance>,
//! <https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md>.

mod build;
mod envelope;
mod error;
mod key;
mod statement;
mod subject;

pub use build::{Artifact, Build, Program, Sha256, StepRecord};
pub use envelope::{Envelope, PAYLOAD_TYPE, Signature, pae, sign, verify};
pub use error::Error;
pub use key::{PublicKey, SigningKey};
pub use statement::{BUILD_TYPE, LOCAL_BUILDER, PREDICATE_TYPE, STATEMENT_TYPE, statement};
pub use subject::{Subject, subjects};
