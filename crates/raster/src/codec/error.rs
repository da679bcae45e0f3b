//! What can be wrong with a picture file.

use base::LimitExceeded;

use crate::codec::Format;

/// Bytes that are not a picture we can decode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The content has the signature of no known format.
    #[error("the content is no PNG, JPEG, WebP or GIF picture; convert it to one of these")]
    Unknown,
    /// The file ends before the picture does.
    #[error(
        "the {format} data ends at byte {offset}, before the picture is complete; get a whole copy of the file"
    )]
    Truncated {
        /// The format that the content begins as.
        format: Format,
        /// Where it ended: the number of bytes there are.
        offset: u64,
    },
    /// The content breaks the rules of its format.
    #[error("the {format} data is damaged near byte {offset}: {reason}; get another copy of the file")]
    Damaged {
        /// The format.
        format: Format,
        /// Where the damage was noticed.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// The content is valid, but of a kind that we do not decode.
    #[error("the {format} picture uses {feature}, which is not supported; save it again without")]
    Unsupported {
        /// The format.
        format: Format,
        /// What it uses.
        feature: String,
    },
    /// The picture asks for more than the limits allow.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

/// A surface that a format cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A side is zero or too long.
    #[error(
        "a picture of {width}×{height} cannot be saved as {format}: its sides are 1 to {most} pixels; resize it first"
    )]
    Size {
        /// The format asked for.
        format: Format,
        /// Width of the surface.
        width: u32,
        /// Height of the surface.
        height: u32,
        /// The longest side that the format allows.
        most: u32,
    },
    /// A JPEG quality out of range.
    #[error("{0} is no JPEG quality: choose 1 to 100")]
    Quality(u8),
    /// The encoder gave up.
    #[error("the picture cannot be saved as {format}: {reason}")]
    Failed {
        /// The format asked for.
        format: Format,
        /// What the encoder says.
        reason: String,
    },
}
