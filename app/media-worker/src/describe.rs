//! What is in a file.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use base::{Flicks, Limits};
use codecs::{CodecError, MediaInfo, SoundInfo, VideoInfo};
use ffmpeg_next::ffi as ff;
use memmap2::Mmap;

use crate::{
    av,
    demux::Demuxer,
    format::{self, Tags},
    memory::Deadline,
    scan,
    sound_table::{Priming, SoundTable},
    table::Table,
    video,
};

/// A file that was looked at.
pub struct Described {
    /// What it holds.
    pub info: MediaInfo,
    /// The pictures of each stream.
    pub tables: BTreeMap<u32, Table>,
    /// The samples of each stream.
    pub sounds: BTreeMap<u32, SoundTable>,
    /// When it begins, in its streams' own time.
    pub origin: Flicks,
    /// It itself, read to the end.
    pub demuxer: Demuxer,
}

/// The name of a codec.
pub fn codec_name(parameters: &ff::AVCodecParameters) -> String {
    // SAFETY: returns a text of FFmpeg's own.
    unsafe { av::text(ff::avcodec_get_name(parameters.codec_id)) }
}

/// Looks at a file.
pub fn describe(
    file: &Arc<Mmap>,
    limits: &Limits,
    deadline: &Deadline,
    begun: Instant,
) -> Result<Described, CodecError> {
    let mut demuxer = Demuxer::open(file, limits, deadline)?;
    for at in 0..demuxer.count() {
        check_size(&demuxer, at, limits)?;
    }
    let mut scan = scan::scan(&mut demuxer, limits, begun)?;
    let (mut tables, mut sounds) = (BTreeMap::new(), BTreeMap::new());
    for at in 0..demuxer.count() {
        let (Some(stream), Some(parameters)) = (demuxer.stream(at), demuxer.parameters(at)) else { continue };
        match parameters.codec_type {
            ff::AVMediaType::AVMEDIA_TYPE_VIDEO
                if stream.disposition & ff::AV_DISPOSITION_ATTACHED_PIC == 0 && is_decoded(parameters) =>
            {
                if let Some(table) = video::table(&mut demuxer, file, &mut scan, at, limits, deadline)? {
                    tables.insert(at as u32, table);
                }
            }
            ff::AVMediaType::AVMEDIA_TYPE_AUDIO if parameters.sample_rate > 0 => {
                let packets = scan.streams.get_mut(at).map(std::mem::take).unwrap_or_default();
                let priming = match parameters.codec_id {
                    ff::AVCodecID::AV_CODEC_ID_OPUS => {
                        Priming::Samples(u32::try_from(parameters.initial_padding).unwrap_or(0))
                    }
                    ff::AVCodecID::AV_CODEC_ID_VORBIS => Priming::Packet,
                    _ => Priming::Samples(0),
                };
                let (unit, rate) = (stream.time_base, parameters.sample_rate as u32);
                let sound = SoundTable::new(packets, unit, rate, priming);
                sounds.extend(sound.map(|sound| (at as u32, sound)));
            }
            _ => {}
        }
    }
    if tables.is_empty() && sounds.is_empty() {
        return Err(CodecError::Unsupported(format!(
            "the file ({}) has no moving pictures or sound that are known",
            container(&demuxer, file)
        )));
    }
    let starts = tables.values().filter_map(|table| Some(table.flicks(table.start()?)));
    let origin = starts.chain(sounds.values().map(SoundTable::start)).min().unwrap_or(Flicks::ZERO);
    let video: Vec<VideoInfo> =
        tables.iter().filter_map(|(&at, table)| video_info(&demuxer, at, table, origin)).collect();
    tables.retain(|at, _| video.iter().any(|video| video.stream == *at));
    let sound: Vec<SoundInfo> =
        sounds.iter().filter_map(|(&at, sound)| sound_info(&demuxer, at, sound, origin)).collect();
    let ends = video.iter().map(|it| it.start + it.duration);
    let duration = ends.chain(sound.iter().map(|it| it.start + it.duration)).max().unwrap_or(Flicks::ZERO);
    let info = MediaInfo { container: container(&demuxer, file), duration, video, sound };
    Ok(Described { info, tables, sounds, origin, demuxer })
}

/// Whether there is something that decodes it.
fn is_decoded(parameters: &ff::AVCodecParameters) -> bool {
    // SAFETY: looks a codec up in FFmpeg's own list.
    !unsafe { ff::avcodec_find_decoder(parameters.codec_id) }.is_null()
}

fn check_size(demuxer: &Demuxer, at: usize, limits: &Limits) -> Result<(), CodecError> {
    let Some(parameters) = demuxer.parameters(at) else { return Ok(()) };
    if parameters.codec_type == ff::AVMediaType::AVMEDIA_TYPE_VIDEO {
        let size = |side: i32| u64::try_from(side).unwrap_or(0);
        limits.check_picture(size(parameters.width), size(parameters.height), 4)?;
    }
    Ok(())
}

/// The name of the file's format.
fn container(demuxer: &Demuxer, file: &[u8]) -> String {
    // SAFETY: a context that is open has its format, whose name is FFmpeg's own; so are the metadata.
    let (name, brand) = unsafe {
        let context = demuxer.get();
        (av::text((*context.iformat).name), av::entry(context.metadata, "major_brand"))
    };
    let head = file.get(..64.min(file.len())).unwrap_or_default();
    match name.as_str() {
        "mov,mp4,m4a,3gp,3g2,mj2" if brand.as_deref().is_none_or(|brand| brand.trim() == "qt") => {
            "mov".into()
        }
        "mov,mp4,m4a,3gp,3g2,mj2" => "mp4".into(),
        "matroska,webm" if head.windows(4).any(|word| word == b"webm") => "webm".into(),
        other => other.split(',').next().unwrap_or_default().into(),
    }
}

fn video_info(demuxer: &Demuxer, at: u32, table: &Table, origin: Flicks) -> Option<VideoInfo> {
    let (stream, parameters) = (demuxer.stream(at as usize)?, demuxer.parameters(at as usize)?);
    let mut handed = format::handed(parameters.format)?;
    // The decoder that finds out about a file leaves opacity beside the pictures alone.
    handed.format.alpha |= video::has_alpha(stream, parameters);
    let (width, height) = (u32::try_from(parameters.width).ok()?, u32::try_from(parameters.height).ok()?);
    if width == 0 || height == 0 {
        return None;
    }
    let rate = table.rate(&[stream.avg_frame_rate, stream.r_frame_rate]);
    let (rotation, mirrored) = orientation(stream);
    let start = table.flicks(table.start()?);
    Some(VideoInfo {
        stream: at,
        codec: codec_name(parameters),
        width,
        height,
        pixel_aspect: aspect(stream, parameters),
        rotation,
        mirrored,
        rate: rate.rate,
        variable: rate.variable,
        frames: table.shown.len() as u64,
        format: handed.format,
        color: format::color(Tags::of(parameters), handed, height),
        start: start - origin,
        duration: table.flicks(table.end()?) - start,
    })
}

fn sound_info(demuxer: &Demuxer, at: u32, sound: &SoundTable, origin: Flicks) -> Option<SoundInfo> {
    let parameters = demuxer.parameters(at as usize)?;
    let channels = u16::try_from(parameters.ch_layout.nb_channels).ok().filter(|channels| *channels > 0)?;
    Some(SoundInfo {
        stream: at,
        codec: codec_name(parameters),
        rate: sound.rate,
        channels,
        start: sound.start() - origin,
        duration: sound.duration(),
    })
}

/// How many times as wide as high a pixel is: what the file says, else what the stream in it says.
fn aspect(stream: &ff::AVStream, parameters: &ff::AVCodecParameters) -> (u32, u32) {
    let said = [stream.sample_aspect_ratio, parameters.sample_aspect_ratio].into_iter().find_map(|it| {
        let (wide, high) = (u32::try_from(it.num).ok()?, u32::try_from(it.den).ok()?);
        (wide > 0 && high > 0).then_some((wide, high))
    });
    said.unwrap_or((1, 1))
}

/// By how many degrees pictures are to be turned clockwise, and whether they are mirrored before that.
fn orientation(stream: &ff::AVStream) -> (u16, bool) {
    let mut size = 0;
    // SAFETY: the stream is FFmpeg's; what is returned belongs to it and is so long.
    let bytes = unsafe {
        let kind = ff::AVPacketSideDataType::AV_PKT_DATA_DISPLAYMATRIX;
        let data = ff::av_stream_get_side_data(stream, kind, &mut size);
        if data.is_null() { &[] } else { std::slice::from_raw_parts(data, size) }
    };
    let number = |at: usize| {
        let bytes = bytes.get(at * 4..at * 4 + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        bytes.map(|bytes| f64::from(i32::from_ne_bytes(bytes)))
    };
    // A point (x, y) goes to (a·x + c·y, b·x + d·y).
    let (Some(a), Some(b), Some(c), Some(d)) = (number(0), number(1), number(3), number(4)) else {
        return (0, false);
    };
    let turns = (-c).atan2(d) / std::f64::consts::FRAC_PI_2;
    ((turns.round() as i32).rem_euclid(4) as u16 * 90, a * d - b * c < 0.0)
}
