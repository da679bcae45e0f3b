//! What a timeline plays, as a file of sound.

use std::sync::Arc;

use ::sound::{
    Block, Mix, SoundError,
    loudness::Meter,
    wav::{self, Depth, Dither},
};
use base::{Flicks, Limits};
use codecs::{Codec, Container, Encode, EncodeSound};
use document::{Content, Key, Value};
use kernel::{Assets, Bytes, CommandError, ExportRequest, Exported, Exporter};

use super::{
    Subject,
    options::{self, SoundOptions, choose, codecs_of},
};
use crate::{Media, sound};

pub(super) struct SoundExporter(pub Arc<Media>);

impl Exporter for SoundExporter {
    fn export(
        &self,
        document: &Content,
        record: &[(Key, Value)],
        request: &ExportRequest,
        assets: &mut Assets<'_>,
        limits: &Limits,
    ) -> Result<Exported, CommandError> {
        let mut subject = Subject::read(document, record, limits)?;
        let options: SoundOptions = options::read(request)?;
        if let Some(rate) = options.sample_rate {
            subject.format.sample_rate = rate.clamp(8_000, 384_000);
        }
        let codec = match request.format.as_str() {
            "wav" => None,
            format => Some(self.codec(format, &request.name, &options, &subject)?),
        };
        if let Some(codec) = codec {
            subject.format.sample_rate = options::rate_for(codec, subject.format.sample_rate);
        }
        let (start, end) = subject.range(options.start, options.end)?;
        let mut mix = mixed(&subject, &self.0, (start, end), assets)?;
        let mut diagnostics = Vec::new();
        if let Some(target) = options.loudness {
            level_out(&mut mix, target, options.true_peak.unwrap_or(-1.0), &subject, assets)?;
        }
        let bytes = match codec {
            None => wav(&mix, &options, &subject, assets, limits, &mut diagnostics)?,
            Some(codec) => {
                self.encoded((&request.format, codec), &mix, &options, &subject, assets, limits)?
            }
        };
        Ok(Exported { bytes, beside: Vec::new(), diagnostics })
    }
}

/// The sound of a part of a timeline.
pub(super) fn mixed(
    subject: &Subject<'_>,
    media: &Media,
    (start, end): (Flicks, Flicks),
    assets: &Assets<'_>,
) -> Result<Mix, CommandError> {
    sound::mix(
        subject.timeline,
        &subject.stack,
        &subject.format,
        (start, end),
        &media.readers,
        &assets.reading(),
    )
}

/// Renders a mix into what takes its blocks, as long as the work is wanted.
pub(super) fn render(
    mix: &Mix,
    subject: &Subject<'_>,
    assets: &Assets<'_>,
    sink: &mut dyn FnMut(&Block) -> Result<(), SoundError>,
) -> Result<::sound::Report, CommandError> {
    let rendered = ::sound::render(mix, &mut |block| {
        assets.carry_on().map_err(|error| SoundError::Sink(Box::new(error)))?;
        sink(block)
    });
    rendered.map_err(|error| subject.wrong_sound(error))
}

/// Brings a mix to a loudness, as near as its true peak allows.
fn level_out(
    mix: &mut Mix,
    target: f64,
    ceiling: f64,
    subject: &Subject<'_>,
    assets: &Assets<'_>,
) -> Result<(), CommandError> {
    let mut meter = Meter::new(mix.channels, mix.rate).map_err(|error| subject.wrong_sound(error))?;
    render(mix, subject, assets, &mut |block| meter.add(block))?;
    let factor = meter.finish().gain_to(target, ceiling);
    mix.master.effects.push(::sound::Effect::Gain(::sound::Envelope::constant(factor as f32)));
    Ok(())
}

fn wav(
    mix: &Mix,
    options: &SoundOptions,
    subject: &Subject<'_>,
    assets: &Assets<'_>,
    limits: &Limits,
    diagnostics: &mut Vec<base::Diagnostic>,
) -> Result<Bytes, CommandError> {
    let depth = match options.bits.unwrap_or(24) {
        16 if options.dither == Some(false) => Depth::Int16(Dither::None),
        16 => Depth::Int16(Dither::Triangular),
        24 => Depth::Int24,
        32 => Depth::Float32,
        other => {
            let message = format!("wav: bits are 16, 24 or 32, not {other}");
            return Err(CommandError::argument("options", message));
        }
    };
    let format = wav::Format { rate: mix.rate, channels: mix.channels, depth };
    let mut writer = wav::Writer::new(format, mix.frames).map_err(|error| subject.wrong_sound(error))?;
    Limits::check("the size of the file in bytes", writer.file_bytes(), limits.file_bytes, "fileBytes")
        .map_err(|limit| CommandError::Limit { place: subject.name.to_owned(), limit })?;
    let mut bytes = Vec::with_capacity(writer.file_bytes() as usize);
    bytes.extend(writer.header());
    let report = render(mix, subject, assets, &mut |block| writer.push(block, &mut bytes))?;
    writer.finish(&mut bytes).map_err(|error| subject.wrong_sound(error))?;
    diagnostics.extend(sound::told(&report, subject.name, depth != Depth::Float32));
    Ok(bytes.into())
}

impl SoundExporter {
    /// How sound is packed in a file of a format, whose name may say it, too.
    fn codec(
        &self,
        format: &str,
        name: &str,
        options: &SoundOptions,
        subject: &Subject<'_>,
    ) -> Result<Codec, CommandError> {
        let support = self.0.readers.codecs().support();
        let support = support.map_err(|error| CommandError::Failed(format!("{}: {error}", subject.name)))?;
        let named = name.to_ascii_lowercase().ends_with(".opus").then_some(Codec::Opus);
        choose(format, options.codec.or(named), codecs_of(format).1, &support)
    }

    fn encoded(
        &self,
        (format, codec): (&str, Codec),
        mix: &Mix,
        options: &SoundOptions,
        subject: &Subject<'_>,
        assets: &Assets<'_>,
        limits: &Limits,
    ) -> Result<Bytes, CommandError> {
        let broken = |error| CommandError::Failed(format!("{}: {error}", subject.name));
        let request = Encode {
            container: match format {
                "flac" => Container::Flac,
                "ogg" => Container::Ogg,
                "mp3" => Container::Mp3,
                _ => Container::M4a,
            },
            video: None,
            sound: Some(EncodeSound {
                codec,
                rate: mix.rate,
                channels: mix.channels,
                bit_rate: options.bit_rate,
                bits: options.bits,
            }),
            title: None,
            most_bytes: limits.file_bytes,
        };
        let mut encoder = self.0.readers.codecs().encode(&request).map_err(broken)?;
        render(mix, subject, assets, &mut |block| {
            let channels: Vec<&[f32]> = block.iter().collect();
            encoder.sound(&channels).map_err(|error| SoundError::Sink(Box::new(error)))
        })?;
        encoder.finish().map_err(broken)
    }
}
