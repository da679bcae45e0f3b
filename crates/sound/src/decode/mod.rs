//! From the bytes of a file to samples.

mod aiff;
mod codecs;
mod compressed;
mod convert;
mod gapless;
mod pcm;
mod riff;

use base::Limits;
use bytes::Bytes;

use crate::{Block, SoundError};

/// What a file says about its sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The container: one of the names that [`recognise`] gives, "mp4" for "m4a".
    pub container: &'static str,
    /// The codec: "pcm", "flac", "mp3", "vorbis", "aac", …
    pub codec: String,
    /// Frames per second.
    pub rate: u32,
    /// The number of channels.
    pub channels: u16,
    /// The number of frames, after the encoder's delay and padding have been taken off; `None` where the file does not
    /// say. A damaged file may hold fewer.
    pub frames: Option<u64>,
    /// Bits of a sample, for codecs without loss.
    pub bits: Option<u16>,
}

/// A reader of samples, always in order, from any frame on.
pub trait Source: Send {
    /// What the file says about its sound.
    fn info(&self) -> &Info;

    /// Makes `frame` the next one to be read, exactly; past the end, nothing will be read.
    fn seek(&mut self, frame: u64) -> Result<(), SoundError>;

    /// Gives `block` the source's channels and fills it from the next frame on, up to its capacity; gives the number of
    /// frames, which is below the capacity only at the end, and zero there.
    fn read(&mut self, block: &mut Block) -> Result<usize, SoundError>;

    /// The frames read so far that are silent because what they are decoded from is damaged.
    fn damaged(&self) -> u64 {
        0
    }
}

/// The container that bytes begin with, by its magic numbers: "wav" (also RF64 and BW64), "aiff", "flac", "mp3", "ogg",
/// "m4a" (an MP4 of sound alone, by its brand), "mp4", "mkv", "caf" or "adts". Twelve bytes are enough, but for tags before
/// MP3.
pub fn recognise(first: &[u8]) -> Option<&'static str> {
    let tag = |at: usize| first.get(at..at + 4);
    match (tag(0)?, tag(8)) {
        (b"RIFF" | b"RF64" | b"BW64", Some(b"WAVE")) => Some("wav"),
        (b"FORM", Some(b"AIFF" | b"AIFC")) => Some("aiff"),
        (b"fLaC", _) => Some("flac"),
        (b"OggS", _) => Some("ogg"),
        (b"caff", _) => Some("caf"),
        ([0x1a, 0x45, 0xdf, 0xa3], _) => Some("mkv"),
        ([b'I', b'D', b'3', _], _) => Some(behind_id3(first)),
        (_, brand) if tag(4) == Some(b"ftyp") => match brand {
            Some(b"M4A " | b"M4B " | b"M4P ") => Some("m4a"),
            _ => Some("mp4"),
        },
        (&[0xff, second, third, _], _) => mpeg(second, third),
        _ => None,
    }
}

/// What follows an ID3v2 tag; MP3 where the tag is longer than the bytes given.
fn behind_id3(first: &[u8]) -> &'static str {
    let Some(&[a, b, c, d]) = first.get(6..10) else { return "mp3" };
    let length = [a, b, c, d].iter().fold(0usize, |length, byte| length << 7 | usize::from(byte & 0x7f));
    match first.get(10 + length..) {
        Some([b'f', b'L', b'a', b'C', ..]) => "flac",
        Some(&[0xff, second, third, ..]) => mpeg(second, third).unwrap_or("mp3"),
        _ => "mp3",
    }
}

/// A frame header of MPEG audio: layer III with a valid bit rate and sampling rate, or ADTS.
fn mpeg(second: u8, third: u8) -> Option<&'static str> {
    if second & 0xf6 == 0xf0 {
        return ((third >> 2) & 0xf < 13).then_some("adts");
    }
    let version = (second >> 3) & 3;
    let layer = (second >> 1) & 3;
    (second & 0xe0 == 0xe0 && version != 1 && layer == 1 && third >> 4 != 15 && (third >> 2) & 3 != 3)
        .then_some("mp3")
}

/// What `bytes`, a whole file, say about their sound.
pub fn probe(bytes: &Bytes, limits: &Limits) -> Result<Info, SoundError> {
    Ok(open(bytes.clone(), limits)?.info().clone())
}

/// A reader of the sound in `bytes`, a whole file; of several sound tracks, the default one.
///
/// PCM in WAV and AIFF is read straight from the bytes. Memory is bounded whatever the length of the sound. Damaged packets
/// are silent and counted, and a truncated file gives what is there.
///
/// # Errors
///
/// [`SoundError::Unrecognised`], [`SoundError::Malformed`] with the place, [`SoundError::Unsupported`],
/// [`SoundError::NoSound`], and [`SoundError::Limit`] for a file over `limits`.
pub fn open(bytes: Bytes, limits: &Limits) -> Result<Box<dyn Source>, SoundError> {
    Limits::check("the sound file's size in bytes", bytes.len() as u64, limits.file_bytes, "fileBytes")?;
    let container = match recognise(&bytes).ok_or(SoundError::Unrecognised)? {
        "m4a" => "mp4",
        container => container,
    };
    let layout = match container {
        "wav" => riff::layout(&bytes)?,
        "aiff" => aiff::layout(&bytes)?,
        _ => None,
    };
    match layout {
        Some(layout) => Ok(Box::new(pcm::Pcm::new(container, bytes, layout))),
        None => Ok(Box::new(compressed::Compressed::open(container, bytes)?)),
    }
}

/// Whether frames may come `rate` times a second, and be of `channels` samples each.
fn check_shape(container: &'static str, rate: u32, channels: u16) -> Result<(), SoundError> {
    if !(1..=1_536_000).contains(&rate) {
        return Err(SoundError::Unsupported { container, what: format!("{rate} frames per second") });
    }
    if !(1..=64).contains(&channels) {
        return Err(SoundError::Unsupported { container, what: format!("{channels} channels") });
    }
    Ok(())
}
