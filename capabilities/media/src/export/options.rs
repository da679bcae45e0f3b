//! What may be asked of films and sounds that are written.

use codecs::{Codec, Quality, Support};
use kernel::{CommandError, ExportRequest};
use serde::Deserialize;

/// The options of a film.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct FilmOptions {
    /// How pictures are packed.
    pub codec: Option<Codec>,
    /// The constant quality, on the encoder's own scale: lower is better.
    pub crf: Option<f32>,
    /// Bits a second of the pictures.
    pub bit_rate: Option<u64>,
    /// Whether nothing is lost.
    pub lossless: bool,
    /// How much time the encoder takes, in its own words.
    pub preset: Option<String>,
    /// The most frames between two that can be jumped to.
    pub key_interval: Option<u32>,
    /// Bits of a sample of a picture: 8 or 10.
    pub bits: Option<u8>,
    /// Frames a second; those of the timeline otherwise.
    pub frame_rate: Option<f64>,
    /// Whether there is sound.
    pub sound: Option<bool>,
    /// How sound is packed.
    pub sound_codec: Option<Codec>,
    /// Bits a second of the sound.
    pub sound_bit_rate: Option<u64>,
    /// From when on, in seconds.
    pub start: Option<f64>,
    /// Until when, in seconds.
    pub end: Option<f64>,
}

/// The options of a sound.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct SoundOptions {
    /// Bits of a sample: 16, 24, or 32 as a fraction.
    pub bits: Option<u8>,
    /// Whether samples of 16 bits are rounded with noise.
    pub dither: Option<bool>,
    /// Samples a second; those of the timeline otherwise.
    pub sample_rate: Option<u32>,
    /// How it is packed, in a file that takes several.
    pub codec: Option<Codec>,
    /// Bits a second.
    pub bit_rate: Option<u64>,
    /// The loudness that it is brought to, in LUFS.
    pub loudness: Option<f64>,
    /// The true peak that it then may have, in dB.
    pub true_peak: Option<f64>,
    /// From when on, in seconds.
    pub start: Option<f64>,
    /// Until when, in seconds.
    pub end: Option<f64>,
}

/// Reads the options of a request.
pub(super) fn read<O: for<'de> Deserialize<'de>>(request: &ExportRequest) -> Result<O, CommandError> {
    O::deserialize(&request.options)
        .map_err(|error| CommandError::argument("options", format!("{}: {error}", request.format)))
}

impl FilmOptions {
    /// How much is kept.
    pub fn quality(&self) -> Option<Quality> {
        match (self.lossless, self.bit_rate, self.crf) {
            (true, ..) => Some(Quality::Lossless),
            (false, Some(rate), _) => Some(Quality::BitRate(rate)),
            (false, None, Some(crf)) => Some(Quality::Constant(crf)),
            (false, None, None) => None,
        }
    }
}

/// The codecs that a film's format takes for pictures and for sound, the usual ones first.
pub(super) fn codecs_of(format: &str) -> (&'static [Codec], &'static [Codec]) {
    use Codec::{Aac, Av1, Flac, Gif, H264, H265, Mp3, Opus, Pcm, ProRes, Vorbis, Vp9};
    match format {
        "mp4" => (&[H264, H265, Av1, Vp9], &[Aac, Opus, Mp3, Flac]),
        "mov" => (&[ProRes, H264, H265], &[Pcm, Aac]),
        "webm" => (&[Vp9, Av1], &[Opus, Vorbis]),
        "mkv" => (&[H264, H265, Vp9, Av1, ProRes], &[Opus, Aac, Flac, Vorbis, Mp3, Pcm]),
        "gif" => (&[Gif], &[]),
        "framehash" => (&[], &[]),
        "flac" => (&[], &[Flac]),
        "ogg" => (&[], &[Vorbis, Opus, Flac]),
        "mp3" => (&[], &[Mp3]),
        _ => (&[], &[Aac]),
    }
}

/// The samples a second in which a codec takes sound of this rate: the same where it can, else the next more that it
/// takes, else the most.
pub(super) fn rate_for(codec: Codec, rate: u32) -> u32 {
    const OPUS: &[u32] = &[8_000, 12_000, 16_000, 24_000, 48_000];
    const MP3: &[u32] = &[8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
    const AAC: &[u32] =
        &[8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000];
    let taken = match codec {
        Codec::Opus => OPUS,
        Codec::Mp3 => MP3,
        Codec::Aac => AAC,
        _ => return rate,
    };
    taken.iter().copied().find(|taken| *taken >= rate).or(taken.last().copied()).unwrap_or(rate)
}

/// The codec that is asked for, else the first of the usual ones that can be written here.
pub(super) fn choose(
    format: &str,
    asked: Option<Codec>,
    usual: &[Codec],
    support: &Support,
) -> Result<Codec, CommandError> {
    let refused = |message: String| CommandError::argument("options", format!("{format}: {message}"));
    match asked {
        Some(codec) if !usual.contains(&codec) => Err(refused(format!("it does not take {codec:?}"))),
        Some(codec) if support.encoder(codec).is_none() => Err(CommandError::Failed(format!(
            "{format}: nothing here writes {codec:?}; doctor lists what does"
        ))),
        Some(codec) => Ok(codec),
        None => usual.iter().copied().find(|codec| support.encoder(*codec).is_some()).ok_or_else(|| {
            CommandError::Failed(format!(
                "{format}: nothing here writes any of {usual:?}; doctor lists what does"
            ))
        }),
    }
}
