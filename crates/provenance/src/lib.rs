//! What is known of a finished build, as a statement that others can check.
//!
//! Owns the form of the statement: in-toto Statement v1 with the SLSA provenance v1 predicate. Pure functions: no file,
//! clock, network or environment, so that the same build gives the same bytes.
//!
//! Sources: <https://github.com/in-toto/attestation/tree/main/spec/v1>, <https://slsa.dev/spec/v1.0/provenance>.

mod build;
mod error;
mod statement;
mod subject;

pub use build::{Artifact, Build, Program, Sha256, StepRecord};
pub use error::Error;
pub use statement::{BUILD_TYPE, LOCAL_BUILDER, PREDICATE_TYPE, STATEMENT_TYPE, statement};
pub use subject::{Subject, subjects};
