//! Writing WAV.
//!
//! The header needs the length beforehand, so that the file can be streamed; it holds no time stamps, and the same samples
//! give the same bytes. Files over 4 GiB are RF64 (EBU Tech 3306).

use crate::dispatch::wide;
use crate::{Block, SoundError};

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// Whole numbers of 16 bits, dithered or rounded.
    Int16(Dither),
    /// Whole numbers of 24 bits, rounded: their noise is far below that of any converter.
    Int24,
    /// Floating point of 32 bits: the samples as they are, also above full scale.
    Float32,
}

/// What is done about the error of rounding to 16 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dither {
    /// Noise of triangular distribution, two steps wide, before rounding: the error turns into even noise instead of
    /// distortion, as is usual for a master. Samples that are whole 16-bit numbers already (digital silence, untouched 16-bit
    /// sources) stay as they are. The noise depends on the place in the file alone, so that it is always the same.
    #[default]
    Triangular,
    /// Rounding alone.
    None,
}

impl Depth {
    /// Bytes of a sample.
    pub const fn bytes(self) -> u64 {
        match self {
            Depth::Int16(_) => 2,
            Depth::Int24 => 3,
            Depth::Float32 => 4,
        }
    }
}

/// What a WAV file is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Frames per second.
    pub rate: u32,
    /// The number of channels.
    pub channels: u16,
    /// How samples are stored.
    pub depth: Depth,
}

/// Encodes a WAV file of known length, block by block.
pub struct Writer {
    format: Format,
    frames: u64,
    written: u64,
}

/// The first 14 bytes that follow the format tag in a subformat.
const SUBFORMAT: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

impl Writer {
    /// A file of `frames` frames.
    ///
    /// # Errors
    ///
    /// No channels, more than 64, or a rate of zero.
    pub fn new(format: Format, frames: u64) -> Result<Writer, SoundError> {
        if !(1..=64).contains(&format.channels) {
            return Err(SoundError::parameter(
                "the WAV file's number of channels",
                format.channels,
                "from 1 to 64",
            ));
        }
        if format.rate == 0 {
            return Err(SoundError::parameter("the WAV file's sampling rate", 0, "above 0"));
        }
        Ok(Writer { format, frames, written: 0 })
    }

    /// The bytes of a frame.
    fn frame_bytes(&self) -> u64 {
        u64::from(self.format.channels) * self.format.depth.bytes()
    }

    /// The bytes of the samples.
    fn data_bytes(&self) -> u64 {
        self.frames.saturating_mul(self.frame_bytes())
    }

    /// The bytes of the whole file.
    pub fn file_bytes(&self) -> u64 {
        let data = self.data_bytes();
        (self.header().len() as u64).saturating_add(data).saturating_add(data & 1)
    }

    /// The header, which comes first.
    pub fn header(&self) -> Vec<u8> {
        let Format { rate, channels, depth } = self.format;
        let float = depth == Depth::Float32;
        let extensible = channels > 2 || depth == Depth::Int24;
        let tag: u16 = if float { 3 } else { 1 };
        let bits = depth.bytes() as u16 * 8;
        let mut format = Vec::new();
        format.extend(if extensible { 0xfffe } else { tag }.to_le_bytes());
        format.extend(channels.to_le_bytes());
        format.extend(rate.to_le_bytes());
        format.extend(u32::try_from(u64::from(rate) * self.frame_bytes()).unwrap_or(u32::MAX).to_le_bytes());
        format.extend((self.frame_bytes() as u16).to_le_bytes());
        format.extend(bits.to_le_bytes());
        if extensible {
            // Speakers in the usual order; beyond 7.1 no speakers are named.
            let speakers: u32 = match channels {
                1 => 0x4,
                2 => 0x3,
                3 => 0x7,
                4 => 0x33,
                5 => 0x37,
                6 => 0x3f,
                7 => 0x13f,
                8 => 0x63f,
                _ => 0,
            };
            format.extend(22u16.to_le_bytes());
            format.extend(bits.to_le_bytes());
            format.extend(speakers.to_le_bytes());
            format.extend(tag.to_le_bytes());
            format.extend(SUBFORMAT);
        } else if float {
            format.extend(0u16.to_le_bytes());
        }
        let fact = if float || extensible { 12 } else { 0 };
        let data = self.data_bytes();
        let riff = |inner: u64| inner.saturating_add(data).saturating_add(data & 1);
        let inner = 4 + 8 + format.len() as u64 + fact + 8;
        let long = riff(inner) > u64::from(u32::MAX);
        let size = |size: u64| if long { u32::MAX } else { size as u32 }.to_le_bytes();
        let mut header = Vec::new();
        header.extend(if long { b"RF64" } else { b"RIFF" });
        header.extend(size(riff(inner)));
        header.extend(b"WAVE");
        if long {
            header.extend(b"ds64");
            header.extend(28u32.to_le_bytes());
            header.extend(riff(inner + 36).to_le_bytes());
            header.extend(data.to_le_bytes());
            header.extend(self.frames.to_le_bytes());
            header.extend(0u32.to_le_bytes());
        }
        header.extend(b"fmt ");
        header.extend((format.len() as u32).to_le_bytes());
        header.extend(format);
        if fact > 0 {
            header.extend(b"fact");
            header.extend(4u32.to_le_bytes());
            header.extend(size(self.frames));
        }
        header.extend(b"data");
        header.extend(size(data));
        header
    }

    /// Appends the bytes of `block` to `bytes`.
    ///
    /// # Errors
    ///
    /// Another number of channels than the file's, or more frames than it was to have.
    pub fn push(&mut self, block: &Block, bytes: &mut Vec<u8>) -> Result<(), SoundError> {
        let channels = usize::from(self.format.channels);
        if block.channels() != channels {
            return Err(SoundError::parameter(
                "the block's number of channels",
                block.channels(),
                "that of the WAV file",
            ));
        }
        let after = self.written + block.frames() as u64;
        if after > self.frames {
            return Err(SoundError::parameter(
                "the number of frames",
                after,
                "at most what the WAV file was begun with",
            ));
        }
        let width = self.format.depth.bytes() as usize;
        let start = bytes.len();
        bytes.resize(start + block.frames() * channels * width, 0);
        let out = &mut bytes[start..];
        match self.format.depth {
            Depth::Int24 if channels == 2 => wide(|| stereo24(block.channel(0), block.channel(1), out)),
            Depth::Int24 => interleave::<3>(block, out, |sample, _, _| {
                let [a, b, c, _] = integer24(sample).to_le_bytes();
                [a, b, c]
            }),
            Depth::Float32 => interleave::<4>(block, out, |sample, _, _| sample.to_le_bytes()),
            Depth::Int16(Dither::None) => {
                interleave::<2>(block, out, |sample, _, _| integer16(sample * 32768.0).to_le_bytes());
            }
            Depth::Int16(Dither::Triangular) => {
                let first = self.written;
                interleave::<2>(block, out, |sample, frame, channel| {
                    let place = (first + frame as u64) * channels as u64 + channel as u64;
                    integer16(dithered(sample * 32768.0, place)).to_le_bytes()
                });
            }
        }
        self.written = after;
        Ok(())
    }

    /// Appends what ends the file: silence for frames that never came, and a padding byte.
    pub fn finish(mut self, bytes: &mut Vec<u8>) -> Result<(), SoundError> {
        let left = self.frames - self.written;
        let silence = left.saturating_mul(self.frame_bytes()).saturating_add(self.data_bytes() & 1);
        self.written = self.frames;
        bytes.resize(bytes.len() + usize::try_from(silence).unwrap_or(usize::MAX - bytes.len()), 0);
        Ok(())
    }
}

/// Writes the samples of `block` frame by frame.
fn interleave<const WIDTH: usize>(
    block: &Block,
    out: &mut [u8],
    encode: impl Fn(f32, usize, usize) -> [u8; WIDTH] + Copy,
) {
    let channels = block.channels();
    for (channel, samples) in block.iter().enumerate() {
        wide(
            #[inline(always)]
            || {
                let places = out[channel * WIDTH..].chunks_mut(channels * WIDTH);
                for (frame, (sample, place)) in samples.iter().zip(places).enumerate() {
                    if let Some(place) = place.first_chunk_mut() {
                        *place = encode(*sample, frame, channel);
                    }
                }
            },
        );
    }
}

#[inline(always)]
fn integer24(sample: f32) -> i32 {
    (sample * 8_388_608.0).round_ties_even().clamp(-8_388_608.0, 8_388_607.0) as i32
}

#[inline(always)]
fn integer16(steps: f32) -> i16 {
    steps.round_ties_even().clamp(-32768.0, 32767.0) as i16
}

/// `steps` with triangular noise of ±1, unless it is a whole number.
#[inline(always)]
fn dithered(steps: f32, place: u64) -> f32 {
    if steps == steps.round_ties_even() {
        return steps;
    }
    // SplitMix64's finaliser: two independent halves of 32 bits for each place.
    let mut bits = place.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    let uniform = |bits: u32| (bits >> 8) as f32 * (1.0 / 16_777_216.0);
    steps + (uniform(bits as u32) - uniform((bits >> 32) as u32))
}

/// Two frames are four samples, and three words.
#[inline(always)]
fn stereo24(left: &[f32], right: &[f32], out: &mut [u8]) {
    let (frames, rest) = out.as_chunks_mut::<12>();
    let (left, left_rest) = left.as_chunks::<2>();
    let (right, right_rest) = right.as_chunks::<2>();
    for ((out, left), right) in frames.iter_mut().zip(left).zip(right) {
        let bits = |sample| integer24(sample) as u32 & 0xff_ffff;
        let (a, b, c, d) = (bits(left[0]), bits(right[0]), bits(left[1]), bits(right[1]));
        let words = [a | b << 24, b >> 8 | c << 16, c >> 16 | d << 8];
        for (out, word) in out.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *out = word.to_le_bytes();
        }
    }
    for (out, sample) in rest.chunks_exact_mut(3).zip(left_rest.iter().chain(right_rest)) {
        out.copy_from_slice(&integer24(*sample).to_le_bytes()[..3]);
    }
}
