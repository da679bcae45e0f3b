//! Media files as timelines.

use std::sync::Arc;

use base::{BlobHash, Flicks, FrameRate, IdSource, NodeId};
use codecs::{CodecError, MediaInfo, SoundInfo};
use document::{Delta, Value};
use kernel::{Assets, Bytes, CommandError, FileSource, Imported, ImportedContent, Importer, Registrar};

use crate::{
    Media,
    edit::link_name,
    info,
    kinds::{Clip, ClipProperties, Timeline, TimelineProperties, Track, TrackContent, TrackProperties},
};

/// Whether these are the first bytes of a file of a format.
type Recognises = fn(&[u8]) -> bool;

/// The formats that are recognised, by what files of them begin with.
const FORMATS: [(&str, Recognises); 2] = [("sound", is_sound), ("video", is_video)];

pub(crate) fn register(registrar: &mut Registrar<'_>, media: &Arc<Media>) {
    for (format, _) in FORMATS {
        registrar.importer(format, Arc::new(MediaImporter(media.clone())));
    }
}

/// A file that was taken in.
pub struct TakenIn {
    /// The blob with the whole file.
    pub media: BlobHash,
    /// What is in it.
    pub found: MediaInfo,
}

/// Looks at a media file and keeps it.
///
/// # Errors
/// It is none, is damaged, or exceeds a limit; `path` names it.
pub fn take_in(
    media: &Media,
    path: &str,
    bytes: &Bytes,
    assets: &mut Assets<'_>,
) -> Result<TakenIn, CommandError> {
    let found = look(media, path, bytes, assets)?;
    if found.video.is_empty() && found.sound.is_empty() {
        return Err(CommandError::input(path, "there is neither picture nor sound in it"));
    }
    Ok(TakenIn { media: assets.put_blob(bytes.clone())?, found })
}

/// What is in a media file.
fn look(media: &Media, path: &str, bytes: &Bytes, assets: &Assets<'_>) -> Result<MediaInfo, CommandError> {
    let limits = assets.limits();
    if is_sound(bytes)
        && let Ok(found) = sound::probe(bytes, limits)
    {
        let duration = Flicks::from_frame(found.frames.unwrap_or_default() as i64, samples(found.rate));
        let info = SoundInfo {
            stream: 0,
            codec: found.codec,
            rate: found.rate,
            channels: found.channels,
            start: Flicks::ZERO,
            duration,
        };
        let container = found.container.to_owned();
        return Ok(MediaInfo { container, duration, video: Vec::new(), sound: vec![info] });
    }
    media.readers.codecs().probe(bytes, limits).map_err(|error| match error {
        CodecError::Limit(limit) => CommandError::Limit { place: path.to_owned(), limit },
        CodecError::Damaged { .. } | CodecError::Unsupported(_) => CommandError::input(path, error),
        CodecError::Unavailable(_) | CodecError::BrokeOff(_) => {
            CommandError::Failed(format!("{path}: {error}"))
        }
    })
}

/// Samples a second, as a rate.
pub(crate) fn samples(rate: u32) -> FrameRate {
    FrameRate::new(rate.max(1), 1).unwrap_or(FrameRate::FILM)
}

impl TakenIn {
    /// What is in it, as clips keep it.
    ///
    /// # Errors
    /// It does not fit into a property.
    pub fn info(&self) -> Result<Value, CommandError> {
        Value::from_typed(&self.found).map_err(|error| CommandError::Failed(error.to_string()))
    }

    /// How long its pictures or its sound are, in a timeline of a frame rate; none when it has none.
    pub fn length(&self, content: TrackContent, rate: FrameRate) -> Option<Flicks> {
        let shown = self.found.video.first().map(|video| {
            let frames = (video.start + video.duration).nearest_frame(rate).max(1);
            Flicks::from_frame(frames, rate)
        });
        if content == TrackContent::Video {
            return shown;
        }
        let heard = self.found.sound.first().map(|sound| sound.start + sound.duration)?;
        // Encoders fill up the last packet of sound.
        Some(shown.filter(|shown| heard < *shown + PACKET).map_or(heard, |shown| heard.min(shown)))
    }

    /// The properties of a clip that plays its first pictures or sound.
    ///
    /// # Errors
    /// As [`TakenIn::info`].
    pub fn clip(&self, name: &str) -> Result<ClipProperties, CommandError> {
        Ok(ClipProperties::default().name(name).media(self.media).info(self.info()?))
    }
}

/// Longer than a packet of sound.
const PACKET: Flicks = Flicks(Flicks::SECOND / 10);

struct MediaImporter(Arc<Media>);

impl Importer for MediaImporter {
    fn recognises(&self, format: &str, bytes: &[u8]) -> bool {
        FORMATS.iter().any(|(known, is)| *known == format && is(bytes))
    }

    fn import(
        &self,
        source: &FileSource<'_>,
        assets: &mut Assets<'_>,
        ids: &mut IdSource,
    ) -> Result<Imported, CommandError> {
        let taken = take_in(&self.0, source.path, source.bytes, assets)?;
        let file = source.path.rsplit(['/', '\\']).next().unwrap_or(source.path);
        let mut timeline = TimelineProperties::default();
        let mut rate = FrameRate::FILM;
        if let Some(video) = taken.found.video.first() {
            let (width, height) = info::upright_size(video);
            rate = info::frame_rate(video);
            timeline = timeline
                .width(width.round() as i64)
                .height(height.round() as i64)
                .frame_rate(&rate.to_string());
        }
        if let Some(sound) = taken.found.sound.first() {
            timeline = timeline.sample_rate(i64::from(sound.rate.clamp(8_000, 384_000)));
            timeline = timeline.channels(i64::from(sound.channels.clamp(1, 8)));
        }
        let link = link_name(ids.next_id());
        let mut deltas: Vec<Delta> = timeline
            .list()
            .into_iter()
            .map(|(key, value)| Delta::Set { node: NodeId::ROOT, key, value: Some(value) })
            .collect();
        let mut last = None;
        for (content, name) in [(TrackContent::Video, "V1"), (TrackContent::Audio, "A1")] {
            let Some(length) = taken.length(content, rate) else { continue };
            let (track, node) = (ids.next_id(), ids.next_id());
            deltas.push(Delta::Insert {
                node: track,
                kind: Track::KIND.into(),
                parent: NodeId::ROOT,
                after: last,
                properties: TrackProperties::default().name(name).content(content).list(),
            });
            deltas.push(Delta::Insert {
                node,
                kind: Clip::KIND.into(),
                parent: track,
                after: None,
                properties: taken.clip(file)?.duration(length.0).link(&link).list(),
            });
            last = Some(track);
        }
        Ok(Imported {
            kind: Timeline::KIND,
            content: ImportedContent::Tree(deltas),
            record: Vec::new(),
            diagnostics: Vec::new(),
        })
    }
}

/// Whether these are the first bytes of a file of sound alone, as far as they tell.
pub(crate) fn is_sound(bytes: &[u8]) -> bool {
    match sound::recognise(bytes) {
        None | Some("mkv") => false,
        Some("mp4") => [b"M4A ", b"M4B ", b"M4P "].iter().any(|brand| bytes.get(8..12) == Some(*brand)),
        Some(_) => true,
    }
}

/// Whether these are the first bytes of a container of video: MPEG-4 and QuickTime, Matroska and WebM, AVI, Flash video,
/// transport and program streams of MPEG, ASF.
fn is_video(bytes: &[u8]) -> bool {
    let at = |place: usize, magic: &[u8]| bytes.get(place..place + magic.len()) == Some(magic);
    let is_transport = || [0, 188, 376].iter().all(|place| bytes.get(*place) == Some(&0x47));
    at(4, b"ftyp")
        || ["moov", "mdat", "wide", "free", "skip"].iter().any(|atom| at(4, atom.as_bytes()))
        || at(0, &[0x1A, 0x45, 0xDF, 0xA3])
        || (at(0, b"RIFF") && at(8, b"AVI "))
        || at(0, b"FLV\x01")
        || at(0, b"OggS")
        || at(0, &[0, 0, 1, 0xBA])
        || at(0, &[0, 0, 1, 0xB3])
        || at(0, &[0x30, 0x26, 0xB2, 0x75])
        || is_transport()
}
