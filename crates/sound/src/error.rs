//! What can go wrong with sound.

use base::LimitExceeded;

/// A file or a mix that cannot be decoded or rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SoundError {
    /// The bytes begin like no format that is decoded here.
    #[error("not a sound file that can be decoded: its first bytes belong to no known format")]
    Unrecognised,
    /// The file breaks the rules of its format.
    #[error("the {container} file is malformed at byte {offset}: {what}")]
    Malformed {
        /// The container's name.
        container: &'static str,
        /// Where, in bytes from the start of the file.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// The file is sound, but in a codec or layout that is not decoded here.
    #[error("the {container} file holds {what}, which cannot be decoded here; convert it to WAV or FLAC")]
    Unsupported {
        /// The container's name.
        container: &'static str,
        /// The codec or layout.
        what: String,
    },
    /// A container without a sound track.
    #[error("the {container} file has no sound track")]
    NoSound {
        /// The container's name.
        container: &'static str,
    },
    /// The file asks for more than the limits allow.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// A parameter outside of its range.
    #[error("{what} is {found}; it must be {range}")]
    Parameter {
        /// The parameter's name.
        what: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        range: &'static str,
    },
    /// A clip of a mix failed.
    #[error("track {track}, clip {clip}: {source}")]
    Clip {
        /// The track's index in the mix, from 0.
        track: usize,
        /// The clip's index in the track, from 0.
        clip: usize,
        /// Why.
        source: Box<SoundError>,
    },
    /// A source that is read elsewhere failed.
    #[error("the sound cannot be read: {0}")]
    Source(Box<dyn std::error::Error + Send + Sync>),
    /// What takes the rendered blocks failed.
    #[error("the rendered sound could not be taken: {0}")]
    Sink(Box<dyn std::error::Error + Send + Sync>),
}

impl SoundError {
    /// The parameter `what` with the value `found`, which must be `range`.
    pub(crate) fn parameter(what: &'static str, found: impl ToString, range: &'static str) -> SoundError {
        SoundError::Parameter { what, found: found.to_string(), range }
    }
}
