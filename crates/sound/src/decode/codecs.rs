//! Symphonia's readers and decoders, and their faults in our words.

use std::io::Cursor;

use bytes::Bytes;
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_AC3, CODEC_ID_DCA, CODEC_ID_EAC3, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_OPUS,
    CODEC_ID_SPEEX,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::common::Limit;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use crate::SoundError;

/// A reader of the packets in `bytes`, a file in `container`.
pub(super) fn reader(container: &'static str, bytes: &Bytes) -> Result<Box<dyn FormatReader>, SoundError> {
    let mut hint = Hint::new();
    hint.with_extension(container);
    let stream =
        MediaSourceStream::new(Box::new(Cursor::new(bytes.clone())), MediaSourceStreamOptions::default());
    // Covers are of no use here.
    let metadata = MetadataOptions::default().limit_visual_bytes(Limit::Maximum(0));
    symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), metadata)
        .map_err(|error| fault(container, bytes.len() as u64, &error))
}

/// `error` in our words; formats do not say where they failed, so the place is the end when the file ends too early.
fn fault(container: &'static str, length: u64, error: &Error) -> SoundError {
    match error {
        Error::Unsupported(what) => SoundError::Unsupported { container, what: (*what).to_owned() },
        Error::IoError(_) => SoundError::Malformed {
            container,
            offset: length,
            what: "the file ends within its header".to_owned(),
        },
        error => SoundError::Malformed { container, offset: 0, what: format!("its header: {error}") },
    }
}

/// A fresh decoder of a track with `parameters`.
pub(super) fn decoder(
    container: &'static str,
    parameters: &AudioCodecParameters,
) -> Result<Box<dyn AudioDecoder>, SoundError> {
    // Trimming is ours, by time stamps; Matroska's are too coarse for that.
    let options = AudioDecoderOptions::default().gapless(container == "mkv");
    symphonia::default::get_codecs().make_audio_decoder(parameters, &options).map_err(|error| match error {
        Error::Unsupported(_) => SoundError::Unsupported { container, what: codec_name(parameters) },
        error => fault(container, 0, &error),
    })
}

/// The name of a codec that is not decoded here.
fn codec_name(parameters: &AudioCodecParameters) -> String {
    let name = match parameters.codec {
        CODEC_ID_OPUS => "Opus",
        CODEC_ID_AC3 => "AC-3",
        CODEC_ID_EAC3 => "E-AC-3",
        CODEC_ID_DCA => "DTS",
        CODEC_ID_SPEEX => "Speex",
        CODEC_ID_AAC => "a profile of AAC other than LC",
        CODEC_ID_MP1 | CODEC_ID_MP2 => "MPEG audio of layer I or II",
        codec => return format!("sound in the codec {codec}"),
    };
    name.to_owned()
}

/// What a track says about its codec; `None` when it is no sound.
pub(super) fn parameters(track: &Track) -> Option<&AudioCodecParameters> {
    match &track.codec_params {
        Some(CodecParameters::Audio(parameters)) => Some(parameters),
        _ => None,
    }
}

/// Frames before the wanted one that have to be decoded for the same samples as in a straight decode.
pub(super) fn preroll(codec: &str) -> i64 {
    match codec {
        // Main data may lie in frames long before (511 bytes of them), at 8 kbit/s in more than twenty of them.
        "mp3" => 32 * 1152,
        "vorbis" => 3 * 8192,
        _ => 0,
    }
}
