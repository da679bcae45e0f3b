//! What a program and its media worker say to each other over a socket that keeps messages apart (`SOCK_SEQPACKET`).
//!
//! The program asks, the worker answers in the order of asking; only [`Reply::Working`] comes unasked, and says that a long
//! answer is being worked on. Files, pictures and samples never travel in messages: they are in memory files whose
//! descriptors go along with a message, and messages name them by slots. A slot is a memory file of its own, which the
//! program makes, hands over once and lends to the worker with each request that names it.

mod link;

pub use link::{Ended, Link};

use base::{Flicks, Limits};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{CodecError, Color, Encode, MediaInfo, PictureFormat, SoundInfo, Support, VideoInfo};

/// The most bytes in a message.
pub const MESSAGE_BYTES: usize = 96 << 10;

/// The most times in one [`Reply::Times`].
pub const TIMES: usize = 8192;

/// The most samples of each channel in a slot of sound.
pub const SLOT_SAMPLES: usize = 8192;

/// What the program asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// What can be written: [`Reply::Support`].
    Support,
    /// What a file holds: [`Reply::Info`]. The file comes along.
    Probe {
        /// The bounds on it.
        limits: Limits,
    },
    /// Reads the pictures of a stream from now on: [`Reply::Video`]. The file comes along.
    Video {
        /// The stream.
        stream: u32,
        /// The bounds on the file.
        limits: Limits,
    },
    /// Reads the sound of a stream from now on: [`Reply::Sound`]. The file comes along.
    Sound {
        /// The stream.
        stream: u32,
        /// The bounds on the file.
        limits: Limits,
    },
    /// Writes a file from now on: [`Reply::Ready`]. The memory file for it comes along, [`Encode::most_bytes`] long.
    Encode(Box<Encode>),
    /// A new slot. Its memory file comes along; there is no answer.
    Slot {
        /// Its number: how many there were before.
        slot: u32,
        /// How many bytes it has.
        bytes: u64,
    },
    /// When pictures begin, from this one on: [`Reply::Times`].
    Times {
        /// The first that is asked for.
        from: u64,
    },
    /// Decodes a picture into a slot: [`Reply::Picture`].
    Picture {
        /// Its number.
        number: u64,
        /// The slot.
        slot: u32,
    },
    /// Pictures that were asked for before, and not begun, are not wanted any more: each is answered with
    /// [`Reply::Forgotten`]. There is no answer to this itself.
    Forget,
    /// Goes to a sample: [`Reply::Ready`].
    Seek {
        /// The sample.
        sample: u64,
    },
    /// Decodes the next samples into a slot, one channel after the other, each [`SLOT_SAMPLES`] long:
    /// [`Reply::Samples`].
    Samples {
        /// The slot.
        slot: u32,
    },
    /// Encodes the picture in a slot: [`Reply::Free`] as soon as the slot is not read any more.
    Frame {
        /// The slot.
        slot: u32,
    },
    /// Encodes the samples in a slot, one channel after the other, each [`SLOT_SAMPLES`] long: [`Reply::Free`].
    Sounds {
        /// The slot.
        slot: u32,
        /// How many samples of each channel.
        samples: u32,
    },
    /// Ends the file: [`Reply::Finished`].
    Finish,
    /// Gives up what is read or written, and all slots: [`Reply::Closed`].
    Close,
}

/// What the worker answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// It is being worked on.
    Working,
    /// It is done.
    Ready,
    /// What can be written.
    Support(Support),
    /// What a file holds.
    Info(MediaInfo),
    /// Pictures can be asked for.
    Video(VideoOpened),
    /// Samples can be asked for.
    Sound(SoundOpened),
    /// When pictures begin: none when there are no more.
    Times(Vec<Flicks>),
    /// A picture is in its slot.
    Picture(PictureHead),
    /// A picture was not decoded, since it is not wanted any more.
    Forgotten {
        /// The slot that was meant for it.
        slot: u32,
    },
    /// Samples are in their slot.
    Samples {
        /// How many of each channel; 0 at the end.
        samples: u32,
        /// How many packets were damaged so far.
        damaged: u64,
    },
    /// Slots are not read any more.
    Free {
        /// Their numbers.
        slots: Vec<u32>,
    },
    /// The file is written.
    Finished {
        /// How many bytes it has.
        bytes: u64,
    },
    /// All is given up.
    Closed,
    /// It did not work.
    Failed(Failure),
}

/// A stream of pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoOpened {
    /// What is known of it.
    pub info: VideoInfo,
    /// Half a unit of its clock.
    pub half_unit: Flicks,
}

/// A stream of sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoundOpened {
    /// What is known of it.
    pub info: SoundInfo,
}

/// What a picture in a slot is; its planes lie as [`PictureFormat::arranged`] says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PictureHead {
    /// Its number.
    pub number: u64,
    /// The slot that it is in.
    pub slot: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// How samples are stored.
    pub format: PictureFormat,
    /// What they mean.
    pub color: Color,
    /// When it is shown.
    pub time: Flicks,
    /// For how long.
    pub duration: Flicks,
    /// How many packets were damaged so far.
    pub damaged: u64,
}

/// Why something did not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// [`CodecError::Damaged`].
    Damaged {
        /// Where.
        place: String,
        /// What.
        problem: String,
    },
    /// [`CodecError::Unsupported`].
    Unsupported(String),
    /// [`CodecError::Limit`].
    Limit {
        /// What was measured.
        what: String,
        /// What the file asks for.
        found: u64,
        /// What is allowed.
        limit: u64,
        /// The setting that raises the limit.
        setting: String,
    },
    /// [`CodecError::BrokeOff`].
    BrokeOff(String),
}

/// The settings that a worker can name as too low.
const SETTINGS: [&str; 4] = ["fileBytes", "pixels", "parseSeconds", "importBytes"];

impl From<CodecError> for Failure {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Damaged { place, problem } => Failure::Damaged { place, problem },
            CodecError::Unsupported(what) => Failure::Unsupported(what),
            CodecError::Limit(limit) => Failure::Limit {
                what: limit.what,
                found: limit.found,
                limit: limit.limit,
                setting: limit.setting.to_owned(),
            },
            CodecError::Unavailable(why) | CodecError::BrokeOff(why) => Failure::BrokeOff(why),
        }
    }
}

impl From<Failure> for CodecError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Damaged { place, problem } => CodecError::Damaged { place, problem },
            Failure::Unsupported(what) => CodecError::Unsupported(what),
            Failure::Limit { what, found, limit, setting } => {
                let known = SETTINGS.into_iter().find(|known| *known == setting);
                let setting = known.unwrap_or("importBytes");
                base::LimitExceeded { what, found, limit, setting }.into()
            }
            Failure::BrokeOff(why) => CodecError::BrokeOff(why),
        }
    }
}

/// The bytes of a message.
///
/// # Errors
/// It would take more than [`MESSAGE_BYTES`].
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, CodecError> {
    let broken = |what: String| CodecError::BrokeOff(format!("a message cannot be sent: {what}"));
    let bytes = postcard::to_stdvec(message).map_err(|error| broken(error.to_string()))?;
    if bytes.len() > MESSAGE_BYTES {
        return Err(broken(format!("it has {} bytes", bytes.len())));
    }
    Ok(bytes)
}

/// The message that bytes say.
///
/// # Errors
/// They say none: the program and its worker are not of the same version.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    postcard::from_bytes(bytes).map_err(|_| {
        CodecError::BrokeOff("the media worker is not of the program's version: build both anew".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_failures_come_through() {
        let limit = base::LimitExceeded { what: "pixels".into(), found: 9, limit: 8, setting: "pixels" };
        for error in [
            CodecError::Limit(limit),
            CodecError::Unsupported("x".into()),
            CodecError::Damaged { place: "byte 1".into(), problem: "y".into() },
        ] {
            let sent = encode(&Reply::Failed(error.clone().into())).unwrap();
            let Reply::Failed(failure) = decode(&sent).unwrap() else { panic!("{sent:?}") };
            assert_eq!(CodecError::from(failure), error);
        }
        let request = Request::Video { stream: 3, limits: Limits::default() };
        assert_eq!(decode::<Request>(&encode(&request).unwrap()).unwrap(), request);
        assert!(decode::<Request>(&[255, 255]).is_err());
        let times = Reply::Times(vec![Flicks::MAX; TIMES]);
        assert_eq!(decode::<Reply>(&encode(&times).unwrap()).unwrap(), times);
    }
}
