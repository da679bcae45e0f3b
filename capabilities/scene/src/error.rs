//! What can be wrong with a file of a scene.

use base::LimitExceeded;

/// Why a file was not read, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Something in JSON.
    #[error("at {}: {problem}", if pointer.is_empty() { "the top level" } else { pointer })]
    Json {
        /// A JSON pointer (RFC 6901); empty for the whole.
        pointer: String,
        /// What is wrong there.
        problem: String,
    },
    /// Something in binary data.
    #[error("at byte {offset}: {problem}")]
    Byte {
        /// Where, from the start of the file.
        offset: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Something in a text.
    #[error("line {line}: {problem}")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// The file asks for more than is allowed.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

impl ReadError {
    pub(crate) fn json(pointer: impl Into<String>, problem: impl Into<String>) -> Self {
        ReadError::Json { pointer: pointer.into(), problem: problem.into() }
    }

    pub(crate) fn byte(offset: usize, problem: impl Into<String>) -> Self {
        ReadError::Byte { offset, problem: problem.into() }
    }

    pub(crate) fn line(line: usize, problem: impl Into<String>) -> Self {
        ReadError::Line { line, problem: problem.into() }
    }
}
