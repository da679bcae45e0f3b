//! The port.

use std::fmt;

use base::{Flicks, FrameRate, Limits};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{CodecError, Color, MediaInfo, Picture, PictureFormat, PictureMut};

/// Reads and writes files with moving pictures and sound.
pub trait Codecs: Send + Sync {
    /// What it can write here.
    ///
    /// # Errors
    /// There is nothing that reads or writes.
    fn support(&self) -> Result<Support, CodecError>;

    /// What a file holds.
    ///
    /// # Errors
    /// The file breaks its format or a limit, or has no format that is known.
    fn probe(&self, file: &Bytes, limits: &Limits) -> Result<MediaInfo, CodecError>;

    /// Begins to read the pictures of a stream.
    ///
    /// # Errors
    /// As [`Codecs::probe`], or there is no such stream of pictures.
    fn video(&self, file: &Bytes, stream: u32, limits: &Limits) -> Result<Box<dyn VideoReader>, CodecError>;

    /// Begins to read the sound of a stream.
    ///
    /// # Errors
    /// As [`Codecs::probe`], or there is no such stream of sound.
    fn sound(&self, file: &Bytes, stream: u32, limits: &Limits) -> Result<Box<dyn SoundReader>, CodecError>;

    /// Begins to write a file.
    ///
    /// # Errors
    /// The codec is not here, or does not take such pictures or sound.
    fn encode(&self, request: &Encode) -> Result<Box<dyn Encoder>, CodecError>;
}

/// Reads the pictures of a stream. Asking for them in order is quick; any other order gives the same pictures.
pub trait VideoReader: Send {
    /// The picture that is shown at a time after the beginning of the file: the last that has begun, where times count as
    /// equal when they differ by half a unit of the stream's clock. Before the first it is the first, after the last the last.
    ///
    /// # Errors
    /// Nothing could be decoded there or before; decoding broke off.
    fn picture(&mut self, time: Flicks) -> Result<Picture, CodecError>;

    /// A picture by its number, from 0, in the order in which they are shown.
    ///
    /// # Errors
    /// There are fewer; otherwise as [`VideoReader::picture`].
    fn numbered(&mut self, number: u64) -> Result<Picture, CodecError>;

    /// How many packets were damaged and left out so far.
    fn damaged(&self) -> u64;
}

/// Reads the sound of a stream.
pub trait SoundReader: Send {
    /// Goes to a sample: it is what is read next.
    ///
    /// # Errors
    /// Decoding broke off.
    fn seek(&mut self, sample: u64) -> Result<(), CodecError>;

    /// Fills buffers of equal length, one for each channel, with the next samples; says how many there were, which are fewer
    /// only at the end.
    ///
    /// # Errors
    /// Decoding broke off.
    fn read(&mut self, channels: &mut [&mut [f32]]) -> Result<usize, CodecError>;

    /// How many packets were damaged and left out so far.
    fn damaged(&self) -> u64;
}

/// Writes a file. Pictures and sounds may come in any order that keeps them within two seconds of each other. Dropping it
/// before it is finished gives up the file.
pub trait Encoder: Send {
    /// Memory for the next picture; waits until there is some.
    ///
    /// # Errors
    /// Encoding broke off.
    fn canvas(&mut self) -> Result<PictureMut, CodecError>;

    /// The next picture.
    ///
    /// # Errors
    /// Encoding broke off.
    fn picture(&mut self, picture: PictureMut) -> Result<(), CodecError>;

    /// The next samples, as many for each channel, from −1 to 1.
    ///
    /// # Errors
    /// Encoding broke off, or the channels are not as many as were said.
    fn sound(&mut self, channels: &[&[f32]]) -> Result<(), CodecError>;

    /// Ends the file and gives it.
    ///
    /// # Errors
    /// Encoding broke off.
    fn finish(self: Box<Self>) -> Result<Bytes, CodecError>;
}

/// The format of a file to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// MPEG-4.
    Mp4,
    /// QuickTime.
    Mov,
    /// WebM.
    WebM,
    /// Matroska.
    Mkv,
    /// Animated GIF.
    Gif,
    /// FLAC.
    Flac,
    /// Ogg.
    Ogg,
    /// MPEG audio layer III.
    Mp3,
    /// MPEG-4 with sound alone.
    M4a,
}

/// How samples are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// H.264.
    H264,
    /// H.265.
    H265,
    /// VP9.
    Vp9,
    /// AV1.
    Av1,
    /// Apple ProRes.
    ProRes,
    /// GIF: 256 colours, chosen for the film.
    Gif,
    /// AAC.
    Aac,
    /// Opus.
    Opus,
    /// Vorbis.
    Vorbis,
    /// FLAC.
    Flac,
    /// MPEG audio layer III.
    Mp3,
    /// Samples as they are.
    Pcm,
}

/// How much of the picture is kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Quality {
    /// A constant quality on the encoder's own scale, as its option crf: lower is better.
    Constant(f32),
    /// So many bits a second, on the average.
    BitRate(u64),
    /// All of it.
    Lossless,
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encode {
    /// The format of the file.
    pub container: Container,
    /// The pictures.
    pub video: Option<EncodeVideo>,
    /// The sound.
    pub sound: Option<EncodeSound>,
    /// The title in the file.
    pub title: Option<String>,
    /// The most that the file may take, in bytes.
    pub most_bytes: u64,
}

/// Pictures to be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodeVideo {
    /// How they are packed.
    pub codec: Codec,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames a second.
    pub rate: FrameRate,
    /// How the samples come.
    pub format: PictureFormat,
    /// What they mean.
    pub color: Color,
    /// How much is kept; what is usual for the codec when none is given.
    pub quality: Option<Quality>,
    /// How much time is taken, as the encoder's own option preset (or cpu-used): "medium", "veryfast", "8".
    pub preset: Option<String>,
    /// The most frames from one that can be jumped to to the next.
    pub key_interval: Option<u32>,
}

/// Sound to be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncodeSound {
    /// How it is packed.
    pub codec: Codec,
    /// Samples a second in each channel.
    pub rate: u32,
    /// The number of channels.
    pub channels: u16,
    /// Bits a second; what is usual when none is given.
    pub bit_rate: Option<u64>,
    /// Bits that a sample keeps, for codecs that lose nothing: 16 or 24.
    pub bits: Option<u8>,
}

/// What can be written here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    /// What does the work, and its version.
    pub library: String,
    /// The codecs that can be written, each with the name of what writes it: "libx264".
    pub encoders: Vec<(Codec, String)>,
    /// The names of the codecs that can be read.
    pub decoders: Vec<String>,
}

impl Support {
    /// What writes a codec; none when nothing does.
    pub fn encoder(&self, codec: Codec) -> Option<&str> {
        self.encoders.iter().find(|(known, _)| *known == codec).map(|(_, name)| name.as_str())
    }
}

/// Where nothing decodes or encodes.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCodecs;

impl NoCodecs {
    fn nothing<T>() -> Result<T, CodecError> {
        Err(CodecError::Unavailable("there is no media worker here".to_owned()))
    }
}

impl Codecs for NoCodecs {
    fn support(&self) -> Result<Support, CodecError> {
        Self::nothing()
    }

    fn probe(&self, _file: &Bytes, _limits: &Limits) -> Result<MediaInfo, CodecError> {
        Self::nothing()
    }

    fn video(
        &self,
        _file: &Bytes,
        _stream: u32,
        _limits: &Limits,
    ) -> Result<Box<dyn VideoReader>, CodecError> {
        Self::nothing()
    }

    fn sound(
        &self,
        _file: &Bytes,
        _stream: u32,
        _limits: &Limits,
    ) -> Result<Box<dyn SoundReader>, CodecError> {
        Self::nothing()
    }

    fn encode(&self, _request: &Encode) -> Result<Box<dyn Encoder>, CodecError> {
        Self::nothing()
    }
}

impl fmt::Debug for dyn Codecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Codecs")
    }
}
