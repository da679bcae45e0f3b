//! The samples of a stream, from any one on.

use std::{sync::Arc, time::Instant};

use base::Limits;
use codecs::{CodecError, SoundInfo};
use ffmpeg_next::ffi::{self as ff, AVSampleFormat as Av};
use memmap2::Mmap;

use crate::{
    av::{self, Coder, Frame, broke},
    describe::{self, Described},
    memory::Deadline,
    reader::Reader,
    sound_table::{GAP, SoundTable},
    video,
};

/// What is decoded before the sample that is asked for, in seconds: decoders need some to be as if they had come from the
/// beginning. Opus asks for 0.08.
const PREROLL: f64 = 0.3;

/// A stream of sound that is being read.
pub struct SoundSource {
    reader: Reader,
    decoder: Coder,
    frame: Frame,
    table: SoundTable,
    /// What is known of it.
    pub info: SoundInfo,
    /// Decoded and not given yet, by channel.
    pending: Vec<Vec<f32>>,
    /// How many of those are given.
    given: usize,
    /// The sample after those.
    end: i64,
    /// Whether the next that is decoded says where it belongs: so it is after a seek.
    lost: bool,
    /// What is to be given next.
    at: i64,
    drained: bool,
    /// How many packets were damaged.
    pub damaged: u64,
}

impl SoundSource {
    /// Begins to read a stream.
    pub fn open(
        file: Arc<Mmap>,
        stream: u32,
        limits: &Limits,
        deadline: &Deadline,
        begun: Instant,
    ) -> Result<Self, CodecError> {
        let Described { info, mut sounds, demuxer, .. } = describe::describe(&file, limits, deadline, begun)?;
        let known = info.sound.into_iter().find(|sound| sound.stream == stream);
        let (Some(info), Some(table)) = (known, sounds.remove(&stream)) else {
            return Err(CodecError::Unsupported(format!("stream {stream} has no sound")));
        };
        let decoder = video::decoder(&demuxer, stream as usize, limits, "1")?;
        let channels = usize::from(info.channels);
        let mut source = SoundSource {
            reader: Reader::new(file, demuxer, stream as usize, limits, deadline)?,
            decoder,
            frame: Frame::new()?,
            at: i64::from(table.skip),
            table,
            info,
            pending: vec![Vec::new(); channels],
            given: 0,
            end: 0,
            lost: true,
            drained: false,
            damaged: 0,
        };
        source.go_to_packet(0)?;
        Ok(source)
    }

    /// Goes to a sample.
    pub fn seek(&mut self, sample: u64) -> Result<(), CodecError> {
        let sample = i64::try_from(sample.min(self.table.samples)).unwrap_or(i64::MAX);
        self.at = sample.saturating_add(self.table.skip.into());
        let (begin, soon) = (self.end - self.left() as i64, i64::from(self.table.rate));
        if self.at >= begin && self.at <= self.end.saturating_add(soon) && !self.lost {
            return Ok(());
        }
        let preroll = (PREROLL * f64::from(self.table.rate)) as i64;
        let packet = self.table.packet_before(self.at, preroll);
        self.go_to_packet(packet)
    }

    fn go_to_packet(&mut self, packet: usize) -> Result<(), CodecError> {
        self.decoder.flush();
        self.reader.go_to(&self.table.packets, packet)?;
        self.pending.iter_mut().for_each(Vec::clear);
        (self.given, self.lost, self.drained) = (0, true, false);
        Ok(())
    }

    /// Samples that are decoded and not given.
    fn left(&self) -> usize {
        self.pending.first().map_or(0, Vec::len).saturating_sub(self.given)
    }

    /// Puts the next samples into memory, one channel after the other, each `most` long; says how many.
    pub fn read(&mut self, into: &mut [u8], most: usize) -> Result<usize, CodecError> {
        let last = (self.table.samples as i64).saturating_add(self.table.skip.into());
        let wanted = usize::try_from(last - self.at).unwrap_or(0).min(most);
        if into.len() < most * self.pending.len() * size_of::<f32>() {
            return Err(broke("the memory for samples is too small"));
        }
        let mut count = 0;
        while count < wanted {
            let early = usize::try_from(self.at - (self.end - self.left() as i64)).unwrap_or(0);
            self.given += early.min(self.left());
            if self.left() == 0 {
                if !self.decode()? {
                    break;
                }
                continue;
            }
            let some = self.left().min(wanted - count);
            for (channel, samples) in self.pending.iter().enumerate() {
                let begin = (channel * most + count) * size_of::<f32>();
                let from = samples.get(self.given..self.given + some).unwrap_or_default();
                let to = into.get_mut(begin..).unwrap_or_default();
                for (to, from) in to.chunks_exact_mut(size_of::<f32>()).zip(from) {
                    to.copy_from_slice(&from.to_ne_bytes());
                }
            }
            self.given += some;
            self.at += some as i64;
            count += some;
        }
        Ok(count)
    }

    /// Decodes some more; whether there was more.
    fn decode(&mut self) -> Result<bool, CodecError> {
        self.pending.iter_mut().for_each(Vec::clear);
        self.given = 0;
        loop {
            self.frame.clear();
            match self.decoder.receive_frame(&mut self.frame) {
                0.. => {
                    self.take()?;
                    return Ok(true);
                }
                av::END => return Ok(false),
                _ if self.drained => return Ok(false),
                _ => match self.reader.read() {
                    None => {
                        self.drained = true;
                        self.decoder.send_packet(None);
                    }
                    Some((_, packet)) => {
                        let sent = self.decoder.send_packet(Some(packet));
                        self.damaged += u64::from(sent < 0 && sent != av::AGAIN);
                    }
                },
            }
        }
    }

    /// Takes what was decoded; what is missing before it is silent.
    fn take(&mut self) -> Result<(), CodecError> {
        let frame = self.frame.get();
        let count = usize::try_from(frame.nb_samples).unwrap_or(0);
        let packet = usize::try_from(frame.pts).ok();
        let due = packet.and_then(|packet| self.table.begins.get(packet)).copied().unwrap_or(self.end);
        if std::mem::take(&mut self.lost) {
            self.end = due.min(self.at);
        }
        let tolerance = (GAP * f64::from(self.table.rate)) as i64;
        // A gap is no longer than the sound: no file makes us fill memory with silence.
        let gap = Some(due - self.end).filter(|gap| gap.abs() > tolerance).unwrap_or(0);
        let silence = usize::try_from(gap).unwrap_or(0);
        let early = usize::try_from(-gap).unwrap_or(0).min(count);
        if silence > MOST_SILENCE {
            return Err(CodecError::Damaged {
                place: format!("packet {}", packet.unwrap_or(0)),
                problem: format!("{silence} samples are missing before it"),
            });
        }
        let channels = usize::try_from(frame.ch_layout.nb_channels).unwrap_or(0);
        for (channel, samples) in self.pending.iter_mut().enumerate() {
            samples.resize(silence, 0.0);
            if channel < channels {
                // SAFETY: a frame that was decoded, of which `channel` is a channel.
                unsafe { append(frame, channel, channels, samples) };
            }
            samples.drain(silence..silence + early.min(samples.len() - silence));
            samples.resize(silence + count - early, 0.0);
        }
        self.end += (silence + count - early) as i64;
        Ok(())
    }
}

/// The longest silence that is put where samples are missing: an hour at 48 kHz.
const MOST_SILENCE: usize = 48_000 * 3600;

/// Appends a channel of decoded sound.
///
/// # Safety
/// It is sound that was decoded, with so many channels, of which `channel` is one.
unsafe fn append(frame: &ff::AVFrame, channel: usize, channels: usize, to: &mut Vec<f32>) {
    let count = usize::try_from(frame.nb_samples).unwrap_or(0);
    let is = |format: Av| frame.format == format as i32;
    macro_rules! read {
        ($type:ty, $planar:expr, $float:expr) => {{
            let float = $float;
            // SAFETY: decoded sound has a plane for each channel, or one with all of them side by side.
            unsafe {
                let (plane, step) = if $planar { (channel, 1) } else { (0, channels) };
                let first = (*frame.extended_data.add(plane)).cast::<$type>();
                let first = if $planar { first } else { first.add(channel) };
                to.extend((0..count).map(|at| float(first.add(at * step).read_unaligned())));
            }
        }};
    }
    let from_i16 = |sample: i16| f32::from(sample) / 32768.0;
    let from_i32 = |sample: i32| (f64::from(sample) / 2_147_483_648.0) as f32;
    let from_u8 = |sample: u8| (f32::from(sample) - 128.0) / 128.0;
    if is(Av::AV_SAMPLE_FMT_FLTP) {
        read!(f32, true, |sample: f32| sample);
    } else if is(Av::AV_SAMPLE_FMT_FLT) {
        read!(f32, false, |sample: f32| sample);
    } else if is(Av::AV_SAMPLE_FMT_S16P) {
        read!(i16, true, from_i16);
    } else if is(Av::AV_SAMPLE_FMT_S16) {
        read!(i16, false, from_i16);
    } else if is(Av::AV_SAMPLE_FMT_S32P) {
        read!(i32, true, from_i32);
    } else if is(Av::AV_SAMPLE_FMT_S32) {
        read!(i32, false, from_i32);
    } else if is(Av::AV_SAMPLE_FMT_DBLP) {
        read!(f64, true, |sample: f64| sample as f32);
    } else if is(Av::AV_SAMPLE_FMT_DBL) {
        read!(f64, false, |sample: f64| sample as f32);
    } else if is(Av::AV_SAMPLE_FMT_U8P) {
        read!(u8, true, from_u8);
    } else if is(Av::AV_SAMPLE_FMT_U8) {
        read!(u8, false, from_u8);
    }
}
