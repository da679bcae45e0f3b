//! All packets of a file, listed without decoding.

use std::time::{Duration, Instant};

use base::{LimitExceeded, Limits};
use codecs::CodecError;
use ffmpeg_next::ffi as ff;

use crate::{
    av::{NO_TIME, Packet},
    demux::{Demuxer, Next},
};

/// The most packets in a file.
const MOST_PACKETS: usize = 16 << 20;

/// A packet of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it is shown, in units of the stream.
    pub pts: i64,
    /// When it is decoded, in units of the stream.
    pub dts: i64,
    /// For how long, in units of the stream; 0 when that is not known.
    pub duration: i64,
    /// Where it is in the file; -1 when that is not known.
    pub pos: i64,
    /// Its bytes.
    pub size: i32,
    /// Whether decoding can begin with it.
    pub key: bool,
    /// Whether it is decoded but not shown.
    pub hidden: bool,
    /// Its samples of sound; 0 when that is not known.
    pub samples: u32,
    /// Samples that are to be left out at its beginning and at its end.
    pub skip: (u32, u32),
}

impl Entry {
    /// Of a packet.
    pub fn of(packet: &Packet, samples: u32) -> Self {
        let it = packet.get();
        let side = packet.side_data(ff::AVPacketSideDataType::AV_PKT_DATA_SKIP_SAMPLES);
        Entry {
            pts: it.pts,
            dts: it.dts,
            duration: it.duration.max(0),
            pos: it.pos,
            size: it.size,
            key: it.flags & ff::AV_PKT_FLAG_KEY != 0,
            hidden: it.flags & ff::AV_PKT_FLAG_DISCARD != 0,
            samples,
            skip: skipped(side),
        }
    }

    /// Whether both are the same packet.
    pub fn is(&self, other: &Entry) -> bool {
        (self.pts, self.dts, self.pos, self.size) == (other.pts, other.dts, other.pos, other.size)
    }

    /// When it is shown; when it is decoded, where that is not said.
    pub fn time(&self) -> Option<i64> {
        [self.pts, self.dts].into_iter().find(|time| *time != NO_TIME)
    }
}

/// What side data of samples to be left out says: how many at the beginning and at the end.
pub fn skipped(side: &[u8]) -> (u32, u32) {
    let number = |at: usize| {
        let bytes = side.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
        bytes.map_or(0, u32::from_le_bytes)
    };
    (number(0), number(4))
}

/// All packets of a file.
pub struct Scan {
    /// By stream.
    pub streams: Vec<Vec<Entry>>,
}

/// Lists all packets.
pub fn scan(demuxer: &mut Demuxer, limits: &Limits, begun: Instant) -> Result<Scan, CodecError> {
    let mut streams: Vec<Vec<Entry>> = vec![Vec::new(); demuxer.count()];
    let mut packet = Packet::new()?;
    let mut count = 0_usize;
    // Some time is left for telling what was found.
    let longest = limits.parse_time().mul_f64(0.8);
    loop {
        match demuxer.next(&mut packet) {
            Next::End => break,
            Next::Damaged => continue,
            Next::Packet => {}
        }
        count += 1;
        if count.is_multiple_of(256) {
            check_time(begun.elapsed(), longest, limits)?;
        }
        Limits::check("the number of packets", count as u64, MOST_PACKETS as u64, "importBytes")?;
        let at = packet.get().stream_index as usize;
        if streams.len() <= at {
            streams.resize(demuxer.count().max(at + 1), Vec::new());
        }
        let samples = samples(demuxer, at, &packet);
        if let Some(stream) = streams.get_mut(at).filter(|_| packet.get().size > 0) {
            stream.push(Entry::of(&packet, samples));
        }
    }
    check_time(begun.elapsed(), longest, limits)?;
    streams.resize(streams.len().max(demuxer.count()), Vec::new());
    Ok(Scan { streams })
}

fn check_time(elapsed: Duration, longest: Duration, limits: &Limits) -> Result<(), CodecError> {
    if elapsed <= longest {
        return Ok(());
    }
    let what = "the time to read through the file in seconds".to_owned();
    let found = elapsed.as_secs() + 1;
    Err(LimitExceeded { what, found, limit: limits.parse_seconds, setting: "parseSeconds" }.into())
}

/// How many samples a packet holds, as far as it says so itself.
fn samples(demuxer: &Demuxer, at: usize, packet: &Packet) -> u32 {
    let Some(parameters) = demuxer.parameters(at) else { return 0 };
    if parameters.codec_type != ff::AVMediaType::AVMEDIA_TYPE_AUDIO {
        return 0;
    }
    let it = packet.get();
    if parameters.codec_id == ff::AVCodecID::AV_CODEC_ID_OPUS {
        // SAFETY: the data of a packet is so long.
        let data = unsafe { std::slice::from_raw_parts(it.data, usize::try_from(it.size).unwrap_or(0)) };
        return opus_samples(data);
    }
    let known = std::ptr::from_ref(parameters).cast_mut();
    // SAFETY: it only reads the parameters.
    u32::try_from(unsafe { ff::av_get_audio_frame_duration2(known, it.size) }).unwrap_or(0)
}

/// How many samples at 48 kHz an Opus packet holds.
///
/// Source: RFC 6716, section 3.1.
fn opus_samples(packet: &[u8]) -> u32 {
    let Some(&first) = packet.first() else { return 0 };
    let configuration = first >> 3;
    let frame = match configuration {
        0..12 => [480, 960, 1920, 2880][usize::from(configuration % 4)],
        12..16 => [480, 960][usize::from(configuration % 2)],
        _ => [120, 240, 480, 960][usize::from(configuration % 4)],
    };
    match first & 3 {
        0 => frame,
        1 | 2 => 2 * frame,
        _ => frame * u32::from(packet.get(1).map_or(0, |count| count & 63)),
    }
}
