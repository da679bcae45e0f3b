//! Why something was not decoded or encoded.

use base::LimitExceeded;

/// Why a file was not decoded, or not encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// There is nothing here that decodes and encodes.
    #[error("video cannot be read or written: {0}")]
    Unavailable(String),
    /// The file, or a part of it, breaks its format.
    #[error("{place}: {problem}")]
    Damaged {
        /// Where: "byte 1024", "packet 17", "stream 0".
        place: String,
        /// What is wrong there.
        problem: String,
    },
    /// It is well-formed, and nothing here reads or writes it.
    #[error("{0}")]
    Unsupported(String),
    /// It would take more than is allowed.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// What does the work broke off: it crashed, was killed, ran out of memory or took too long.
    #[error("decoding or encoding broke off: {0}")]
    BrokeOff(String),
}
