//! Timelines as films.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

use ::sound::{Block, Mix, Report, SoundError};
use base::{Diagnostic, Flicks, FrameRate, Limits};
use codecs::{
    Codec, CodecError, Color, Container, Encode, EncodeSound, EncodeVideo, Encoder, Layout, Matrix,
    PictureFormat, Primaries, Support, Transfer,
};
use document::{Content, Key, Value};
use kernel::{Assets, CommandError, ExportRequest, Exported, Exporter};

use super::{
    HASHES, Subject,
    hashes::Hashes,
    options::{self, FilmOptions, choose, codecs_of},
    sound::mixed,
};
use crate::{
    Media, info,
    model::{Stack, Thing},
    picture::{Canvas, Drawn, Frame, Rgba, Scene, VideoCanvas, compose, mixes_alone},
    planar::{self, PlanarMut},
    sound, window,
};

pub(super) struct FilmExporter(pub Arc<Media>);

/// Blocks of sound that are mixed ahead.
const AHEAD: usize = 16;

impl Exporter for FilmExporter {
    fn export(
        &self,
        document: &Content,
        record: &[(Key, Value)],
        request: &ExportRequest,
        assets: &mut Assets<'_>,
        limits: &Limits,
    ) -> Result<Exported, CommandError> {
        let mut subject = Subject::read(document, record, limits)?;
        let options: FilmOptions = options::read(request)?;
        let range = subject.range(options.start, options.end)?;
        assets.note_gpu();
        let plan = self.plan(&subject, &options, request, limits)?;
        let mix = match &plan.encode.sound {
            Some(sound) => {
                subject.format.sample_rate = sound.rate;
                Some(mixed(&subject, &self.0, range, assets)?)
            }
            None => None,
        };
        let broken = |error| CommandError::Failed(format!("{}: {error}", subject.name));
        let mut encoder = self.encoder(&plan, &request.format).map_err(broken)?;
        let mut diagnostics = self.run(&plan, &subject, range, mix, encoder.as_mut(), assets)?;
        let bytes = encoder.finish().map_err(broken)?;
        diagnostics.splice(0..0, plan.warning);
        Ok(Exported { bytes, beside: Vec::new(), diagnostics })
    }
}

/// What is written, and how it is drawn.
struct Plan {
    encode: Encode,
    format: PictureFormat,
    color: Color,
    rate: FrameRate,
    frame: Frame,
    /// That another codec was taken than is usual.
    warning: Option<Diagnostic>,
}

impl FilmExporter {
    fn plan(
        &self,
        subject: &Subject<'_>,
        options: &FilmOptions,
        request: &ExportRequest,
        limits: &Limits,
    ) -> Result<Plan, CommandError> {
        let refused =
            |message: &str| CommandError::argument("options", format!("{}: {message}", request.format));
        // Hashes are those of what is asked for, or else usual, and need no encoder.
        let hashes = request.format == HASHES;
        let support = if hashes { Ok(Support::default()) } else { self.0.readers.codecs().support() };
        let support = support.map_err(|error| CommandError::Failed(format!("{}: {error}", subject.name)))?;
        let (pictures, sounds) = codecs_of(&request.format);
        let codec = match hashes {
            true => options.codec.unwrap_or(Codec::H264),
            false => choose(&request.format, options.codec, pictures, &support)?,
        };
        let (width, height) = request.pixels(subject.format.size());
        let (format, color) = samples_of(codec, options.bits, &subject.stack, (width, height))
            .ok_or_else(|| refused("the codec takes no samples of so many bits"))?;
        // Chroma comes in pairs.
        let (across, down) = format.subsampling(1);
        let (width, height) = (width >> across << across, height >> down << down);
        limits
            .check_picture(width.into(), height.into(), 4)
            .map_err(|limit| CommandError::Limit { place: subject.name.to_owned(), limit })?;
        if width == 0 || height == 0 {
            return Err(refused("its pictures need two pixels across and down"));
        }
        let rate = match options.frame_rate {
            None => subject.format.rate,
            Some(rate) => FrameRate::from_number(rate).ok_or_else(|| refused("frameRate is above 0"))?,
        };
        let wanted = options.sound.unwrap_or_else(|| has_sound(&subject.stack));
        let sound = match wanted && !sounds.is_empty() {
            false => None,
            true => {
                let codec = choose(&request.format, options.sound_codec, sounds, &support)?;
                Some(EncodeSound {
                    codec,
                    rate: options::rate_for(codec, subject.format.sample_rate),
                    channels: subject.format.channels,
                    bit_rate: options.sound_bit_rate,
                    bits: None,
                })
            }
        };
        let usual =
            options.codec.is_none().then(|| pictures.first()).flatten().filter(|usual| **usual != codec);
        let warning = usual.map(|usual| {
            let message = format!("nothing here writes {usual:?}: it is written as {codec:?}");
            Diagnostic::warning(subject.name, message).with_help("doctor lists what can be written")
        });
        let encode = Encode {
            container: match request.format.as_str() {
                "mov" => Container::Mov,
                "webm" => Container::WebM,
                "mkv" => Container::Mkv,
                "gif" => Container::Gif,
                _ => Container::Mp4,
            },
            video: Some(EncodeVideo {
                codec,
                width,
                height,
                rate,
                format,
                color,
                quality: options.quality(),
                preset: options.preset.clone(),
                key_interval: options.key_interval,
            }),
            sound,
            title: None,
            most_bytes: limits.file_bytes,
        };
        let frame = window::stretched(&subject.format, width, height);
        Ok(Plan { encode, format, color, rate, frame, warning })
    }

    /// What takes the frames.
    fn encoder(&self, plan: &Plan, format: &str) -> Result<Box<dyn Encoder>, CodecError> {
        match &plan.encode.video {
            Some(video) if format == HASHES => {
                Ok(Box::new(Hashes::new(video.width, video.height, video.rate, video.format)))
            }
            _ => self.0.readers.codecs().encode(&plan.encode),
        }
    }

    /// Draws all frames and mixes all sound into an encoder.
    fn run(
        &self,
        plan: &Plan,
        subject: &Subject<'_>,
        (start, end): (Flicks, Flicks),
        mix: Option<Mix>,
        encoder: &mut dyn Encoder,
        assets: &Assets<'_>,
    ) -> Result<Vec<Diagnostic>, CommandError> {
        let reading = assets.reading();
        let length = plan.rate.frame();
        let mut scene = Scene::new(&self.0.readers, &self.0.kept, &reading, length);
        let broken = |error| CommandError::Failed(format!("{}: {error}", subject.name));
        let count = ((end - start).0 + length.0 - 1) / length.0.max(1);
        let report = thread::scope(|threads| {
            let mut sound = mix.as_ref().map(|mix| {
                let (sender, blocks) = sync_channel::<Block>(AHEAD);
                let mixer = threads.spawn(move || {
                    ::sound::render(mix, &mut |block| {
                        // Nobody takes it when the film was given up.
                        sender.send(block.clone()).map_err(|error| SoundError::Sink(Box::new(error)))
                    })
                });
                (Sound { blocks, rate: mix.rate, written: 0 }, mixer)
            });
            for number in 0..count {
                assets.carry_on()?;
                let begin = Flicks::from_frame(number, plan.rate);
                let mut picture = encoder.canvas().map_err(broken)?;
                plan.draw(subject, start + begin, &mut PlanarMut::of(&mut picture, plan.color), &mut scene)?;
                encoder.picture(picture).map_err(broken)?;
                if let Some((sound, _)) = &mut sound {
                    sound.write_until(begin + length, encoder).map_err(broken)?;
                }
            }
            let Some((mut sound, mixer)) = sound else { return Ok(Report::default()) };
            sound.write_until(Flicks::MAX, encoder).map_err(broken)?;
            let mixed = mixer.join().unwrap_or_else(|_| Err(SoundError::Sink("the mixer broke off".into())));
            mixed.map_err(|error| subject.wrong_sound(error))
        })?;
        let mut told = scene.warnings();
        told.extend(sound::told(&report, subject.name, true));
        Ok(told)
    }
}

impl Plan {
    /// Draws what is shown at a time.
    fn draw(
        &self,
        subject: &Subject<'_>,
        time: Flicks,
        to: &mut PlanarMut<'_>,
        scene: &mut Scene<'_>,
    ) -> Result<(), CommandError> {
        let mut canvas = VideoCanvas::new(to.width, to.height, self.format, self.color);
        let background = subject.timeline.background();
        if mixes_alone(&subject.stack, time) {
            canvas.fill(background);
            compose(&mut canvas, &subject.stack, time, &self.frame, scene)?;
        } else {
            let mut pixels = Rgba::new(to.width, to.height);
            pixels.fill(background);
            compose(&mut pixels, &subject.stack, time, &self.frame, scene)?;
            canvas.draw(&Drawn::new(pixels.into_surface(), (0, 0)), 1.0, raster::blend::BlendMode::Normal)?;
        }
        planar::copy(to, canvas.view());
        Ok(())
    }
}

/// Sound on its way to the encoder.
struct Sound {
    blocks: Receiver<Block>,
    rate: u32,
    written: i64,
}

impl Sound {
    /// Writes blocks until they reach a time, or there are no more.
    fn write_until(&mut self, time: Flicks, encoder: &mut dyn Encoder) -> Result<(), CodecError> {
        let until = time.nearest_frame(crate::import::samples(self.rate));
        while self.written < until {
            let Ok(block) = self.blocks.recv() else { return Ok(()) };
            let channels: Vec<&[f32]> = block.iter().collect();
            encoder.sound(&channels)?;
            self.written += block.frames() as i64;
        }
        Ok(())
    }
}

/// Whether any track has sound in it.
fn has_sound(stack: &Stack<'_>) -> bool {
    stack.tracks.iter().any(|track| {
        let nested = |thing: &Thing<'_>| match thing {
            Thing::Clip(clip) => !track.is_video() || clip.document().is_some(),
            Thing::Stack(_, stack) => has_sound(stack),
            Thing::Gap(_) => false,
        };
        track.items.iter().any(|item| nested(&item.thing))
    })
}

/// How the samples of a codec are stored, and what they mean: what those of the lowest clip that fills the picture mean, so
/// that they need not be converted; else those of high-definition video.
fn samples_of(
    codec: Codec,
    bits: Option<u8>,
    stack: &Stack<'_>,
    (width, height): (u32, u32),
) -> Option<(PictureFormat, Color)> {
    let yuv = |layout, bits| PictureFormat { layout, bits, alpha: false };
    let format = match (codec, bits) {
        (Codec::H264 | Codec::H265 | Codec::Vp9 | Codec::Av1, None | Some(8)) => PictureFormat::YUV420,
        (Codec::H264 | Codec::H265 | Codec::Vp9 | Codec::Av1, Some(10)) => yuv(Layout::Yuv420, 10),
        (Codec::ProRes, None | Some(10)) => yuv(Layout::Yuv422, 10),
        (Codec::Gif, None | Some(8)) => {
            let color = Color {
                matrix: Matrix::Identity,
                full_range: true,
                primaries: Primaries::Bt709,
                transfer: Transfer::Srgb,
            };
            return Some((yuv(Layout::Gbr, 8), color));
        }
        _ => return None,
    };
    let clips = stack.tracks.iter().filter(|track| track.is_video()).flat_map(|track| &track.items);
    let mut videos = clips.filter_map(|item| match &item.thing {
        Thing::Clip(clip) => info::video(*clip, &info::read(*clip)?).cloned(),
        _ => None,
    });
    let same = videos.find(|video| (video.width, video.height, video.format) == (width, height, format));
    let color = same.map_or(Color::BT709, |video| video.color);
    Some((format, color))
}
