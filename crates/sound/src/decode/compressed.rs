//! Everything that a decoder has to turn into samples, through Symphonia.

use std::collections::VecDeque;

use bytes::Bytes;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatReader, SeekMode, SeekTo, TrackType};
use symphonia::core::packet::Packet;
use symphonia::core::units::Timestamp;

use super::codecs::{decoder, parameters, preroll, reader};
use super::{Info, Source, gapless};
use crate::{Block, SoundError};

/// How many packets in a row may fail before the rest counts as lost.
const FAILURES: u32 = 256;
/// The longest hole in the time stamps that is filled with silence, in seconds.
const LONGEST_HOLE: u64 = 60;
/// The most silence that damage may make between two seeks, in seconds: hostile time stamps would have no end to it.
const MOST_SILENCE: u64 = 600;
/// More frames than any codec has in a packet.
const LONGEST_PACKET: u64 = 1 << 16;

/// Decoded samples, or the silence in their place, that have not been read yet.
#[derive(Default)]
struct Run {
    /// The first frame, from the start of the original; negative within the encoder's delay.
    start: i64,
    /// All of them: the silent ones first.
    frames: u64,
    /// Silent frames before the samples.
    silent: u64,
    /// Of each channel.
    samples: Vec<Vec<f32>>,
    /// The index in `samples` of the first that counts.
    skip: usize,
}

/// A stretch at whose beginning the decoder begins anew, with the packets before it for its state.
struct Chapter {
    parameters: AudioCodecParameters,
    /// Which stretch is being decoded.
    index: Option<i64>,
    /// The last packets, at most [`BEFORE`].
    recent: VecDeque<Packet>,
}

/// Frames of a chapter, from the first decoded one.
const CHAPTER: i64 = 64 * 1024;
/// Packets before a chapter that give the decoder its state.
const BEFORE: usize = 3;

impl Run {
    fn end(&self) -> i64 {
        self.start.saturating_add_unsigned(self.frames)
    }
}

/// A reader of compressed sound.
pub(super) struct Compressed {
    info: Info,
    bytes: Bytes,
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    /// Frames to one unit of the time stamps; `None` where these are too coarse to tell frames apart.
    frames_per_tick: Option<i64>,
    /// The time stamp of the first frame, in frames.
    origin: i64,
    /// Frames before the wanted one that have to be decoded first, for the decoder's state.
    preroll: i64,
    /// Whether packets say how many frames at their end are padding.
    padded: bool,
    /// For codecs that fill bands with noise, which has to begin alike whichever way a frame was reached.
    chapter: Option<Chapter>,
    run: Run,
    /// The next frame to be read.
    next: u64,
    /// The frame that follows the packets decoded so far; `None` right after a seek.
    follows: Option<i64>,
    failures: u32,
    /// Frames of silence that damage has made since the last seek.
    silence: u64,
    damaged: u64,
    ended: bool,
}

impl Compressed {
    /// A reader of the default sound track of `bytes`, a file in `container`.
    pub(super) fn open(container: &'static str, bytes: Bytes) -> Result<Compressed, SoundError> {
        let format = reader(container, &bytes)?;
        let track = format.default_track(TrackType::Audio).ok_or(SoundError::NoSound { container })?;
        let parameters = parameters(track).ok_or(SoundError::NoSound { container })?;
        let decoder = decoder(container, parameters)?;
        let codec = decoder.codec_info().short_name;
        let ticks = track.time_base.map(|base| (base.numer.get(), base.denom.get()));
        let mut this = Compressed {
            info: Info {
                container,
                codec: codec.to_owned(),
                rate: parameters.sample_rate.unwrap_or(0),
                channels: parameters.channels.as_ref().map_or(0, |channels| channels.count() as u16),
                frames: None,
                bits: parameters
                    .bits_per_sample
                    .filter(|_| codec == "flac" || codec == "alac" || codec.starts_with("pcm"))
                    .and_then(|bits| u16::try_from(bits).ok())
                    .filter(|bits| *bits > 0),
            },
            track: track.id,
            frames_per_tick: None,
            origin: 0,
            preroll: preroll(codec),
            padded: container == "ogg",
            chapter: (codec == "aac").then(|| Chapter {
                parameters: parameters.clone(),
                index: None,
                recent: VecDeque::new(),
            }),
            run: Run::default(),
            next: 0,
            follows: Some(0),
            failures: 0,
            silence: 0,
            damaged: 0,
            ended: false,
            decoder,
            format,
            bytes,
        };
        this.complete_shape()?;
        super::check_shape(container, this.info.rate, this.info.channels)?;
        this.frames_per_tick = match ticks {
            // Matroska rounds its stamps, ADTS has none, and seeks in ADPCM go astray.
            Some((numer, denom))
                if container != "mkv" && container != "adts" && !codec.starts_with("adpcm") =>
            {
                let frames = u64::from(this.info.rate) * u64::from(numer);
                frames.is_multiple_of(denom.into()).then(|| (frames / u64::from(denom)) as i64)
            }
            _ => None,
        };
        this.measure()?;
        Ok(this)
    }

    /// Takes rate and channels from the first packet where the header does not give them.
    fn complete_shape(&mut self) -> Result<(), SoundError> {
        if self.info.rate != 0 && self.info.channels != 0 {
            return Ok(());
        }
        for _ in 0..FAILURES {
            let Ok(Some(packet)) = self.format.next_packet() else { break };
            if packet.track_id != self.track {
                continue;
            }
            if let Ok(decoded) = self.decoder.decode(&packet) {
                self.info.rate = decoded.spec().rate();
                self.info.channels = decoded.num_planes() as u16;
                break;
            }
        }
        self.restart()
    }

    /// Finds where the original's frames begin and end.
    fn measure(&mut self) -> Result<(), SoundError> {
        let Some(track) = self.format.tracks().iter().find(|track| track.id == self.track) else {
            return Ok(());
        };
        let per_tick = self.frames_per_tick;
        let frames = |ticks: u64| per_tick.and_then(|frames| ticks.checked_mul(frames as u64));
        let (start, total, delay) = (track.start_ts.get(), track.num_frames, track.delay);
        match (self.info.container, self.info.codec.as_str()) {
            ("mp4", _) => {
                let total = track
                    .duration
                    .and_then(|duration| frames(duration.get()))
                    .or(total)
                    .filter(|total| *total > 0);
                let trim = gapless::mp4(&self.bytes, self.track);
                self.origin = trim.and_then(|trim| frames(trim.delay)).unwrap_or(0) as i64;
                let left = total.map(|total| total.saturating_sub(self.origin as u64));
                self.info.frames = match (trim.and_then(|trim| trim.frames).and_then(frames), left) {
                    (Some(frames), Some(left)) => Some(frames.min(left)),
                    (frames, left) => frames.or(left),
                };
            }
            ("mp3", _) if delay.is_some() => self.info.frames = total,
            ("mp3" | "adts", _) => {
                // The reader's length is a guess from the bit rate.
                self.info.frames = Some(self.count()?);
            }
            ("mkv", _) => {}
            // Whole packets, of which the last may be longer than what it decodes to.
            ("caf", codec) if !codec.starts_with("pcm") => {}
            _ => {
                self.origin = per_tick.unwrap_or(1).saturating_mul(start).max(0);
                self.info.frames = total.filter(|total| *total > 0);
            }
        }
        self.follows = Some(self.first());
        Ok(())
    }

    /// The frames of all packets, which are read once for it.
    fn count(&mut self) -> Result<u64, SoundError> {
        let mut frames = 0u64;
        while let Ok(Some(packet)) = self.format.next_packet() {
            frames = frames.saturating_add(packet.block_dur().get());
        }
        self.restart()?;
        Ok(frames)
    }

    /// The first decoded frame: negative for an encoder's delay that has no time stamps of its own.
    fn first(&self) -> i64 {
        -self.origin
    }

    /// Begins again with the first packet.
    fn restart(&mut self) -> Result<(), SoundError> {
        self.format = reader(self.info.container, &self.bytes)?;
        self.forget();
        self.follows = Some(self.first());
        Ok(())
    }

    /// Drops everything that depends on the packets so far.
    fn forget(&mut self) {
        self.decoder.reset();
        self.run.frames = 0;
        self.follows = None;
        self.failures = 0;
        self.silence = 0;
        self.ended = false;
        if let Some(chapter) = &mut self.chapter {
            chapter.index = None;
            chapter.recent.clear();
        }
    }

    /// Begins a new chapter where `packet`, which begins at frame `start`, is in one.
    fn turn(&mut self, packet: &Packet, start: i64) {
        let Some(chapter) = &mut self.chapter else { return };
        let index = Some(start.saturating_add(self.origin).div_euclid(CHAPTER));
        if chapter.index != index {
            chapter.index = index;
            if let Ok(fresh) = decoder(self.info.container, &chapter.parameters) {
                self.decoder = fresh;
            }
            for packet in &chapter.recent {
                // Only for the decoder's state; its faults were counted when the packets had their turn.
                let _ = self.decoder.decode(packet);
            }
        }
        if chapter.recent.len() == BEFORE {
            chapter.recent.pop_front();
        }
        chapter.recent.push_back(packet.clone());
    }

    /// Where `packet` begins, from the start of the original.
    fn place(&self, packet: &Packet) -> i64 {
        match (self.frames_per_tick, self.follows) {
            (Some(frames), _) => packet.pts.get().saturating_mul(frames).saturating_sub(self.origin),
            (None, follows) => follows.unwrap_or(0),
        }
    }

    /// Decodes until there is a run that begins at `next` or later, or the sound has ended.
    fn advance(&mut self) {
        while !self.ended && (self.run.frames == 0 || self.run.end() <= self.next as i64) {
            self.run.frames = 0;
            match self.format.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track => self.decode(&packet),
                Ok(Some(_)) => {}
                Ok(None) | Err(Error::IoError(_) | Error::ResetRequired) => self.ended = true,
                Err(_) => {
                    self.failures += 1;
                    self.ended |= self.failures > FAILURES;
                }
            }
        }
    }

    fn decode(&mut self, packet: &Packet) {
        let mut start = self.place(packet);
        self.turn(packet, start);
        let per_tick = self.frames_per_tick.unwrap_or(1) as u64;
        let (mut frames, lost) = match self.decoder.decode(packet) {
            Ok(decoded) if decoded.num_planes() == usize::from(self.info.channels) => {
                decoded.copy_to_vecs_planar::<f32>(&mut self.run.samples);
                self.failures = 0;
                (decoded.frames() as u64, false)
            }
            // A change of channels within the sound; nothing is known of where these would belong.
            Ok(decoded) => (decoded.frames() as u64, true),
            Err(error) => {
                if matches!(error, Error::ResetRequired) {
                    self.decoder.reset();
                }
                self.failures += 1;
                self.ended |= self.failures > FAILURES;
                (packet.block_dur().get().saturating_mul(per_tick).min(LONGEST_PACKET), true)
            }
        };
        if self.padded {
            frames = frames.saturating_sub(packet.trim_end.get());
        }
        let (mut silent, mut skip) = (0, 0);
        if let Some(follows) = self.follows {
            let hole = start.saturating_sub(follows);
            if hole < 0 {
                skip = hole.unsigned_abs().min(frames);
                frames -= skip;
            } else if follows >= 0 && hole.unsigned_abs() <= LONGEST_HOLE * u64::from(self.info.rate) {
                silent = hole.unsigned_abs();
            }
            if hole < 0 || follows >= 0 {
                start = follows;
            }
        }
        if lost {
            silent += frames;
            frames = 0;
        }
        let allowed = (MOST_SILENCE * u64::from(self.info.rate)).saturating_sub(self.silence);
        silent = silent.min(allowed);
        self.silence += silent;
        self.run.start = start;
        self.run.frames = silent + frames;
        self.run.silent = silent;
        self.run.skip = skip as usize;
        self.follows = Some(self.run.end());
        if silent > 0 {
            let heard = start.saturating_add_unsigned(silent).saturating_sub(start.max(self.next as i64));
            self.damaged += heard.max(0).unsigned_abs();
        }
    }
}

impl Source for Compressed {
    fn info(&self) -> &Info {
        &self.info
    }

    fn seek(&mut self, frame: u64) -> Result<(), SoundError> {
        let target = i64::try_from(frame).unwrap_or(i64::MAX);
        let ahead = self.follows.is_some_and(|follows| {
            target >= follows && target.saturating_sub(follows) <= i64::from(self.info.rate)
        });
        let within = self.run.frames > 0 && self.run.start <= target && target < self.run.end();
        self.next = frame;
        if within || ahead || self.info.frames.is_some_and(|frames| frame >= frames) {
            return Ok(());
        }
        let raw = target.saturating_add(self.origin);
        let from = match self.chapter {
            Some(_) => raw - raw % CHAPTER - (BEFORE as i64 + 1) * 1024,
            None => raw - self.preroll,
        };
        if let Some(per_tick) = self.frames_per_tick
            && from > 0
        {
            if self.info.container == "flac" {
                // Symphonia's FLAC parser keeps frames from before a seek.
                self.restart()?;
                self.next = frame;
            }
            let stamp = from / per_tick;
            let to = SeekTo::Timestamp { ts: Timestamp::new(stamp), track_id: self.track };
            let sought = self.format.seek(SeekMode::Accurate, to);
            if sought.is_ok_and(|sought| sought.actual_ts.get() <= stamp) {
                self.forget();
                return Ok(());
            }
        }
        if self.follows.is_none_or(|follows| target < follows) || self.ended {
            self.restart()?;
            self.next = frame;
        }
        Ok(())
    }

    fn read(&mut self, block: &mut Block) -> Result<usize, SoundError> {
        block.reshape(usize::from(self.info.channels));
        let left = self.info.frames.map_or(u64::MAX, |frames| frames.saturating_sub(self.next));
        let wanted = block.capacity().min(usize::try_from(left).unwrap_or(usize::MAX));
        block.set_frames(wanted);
        let mut done = 0;
        while done < wanted {
            self.advance();
            if self.ended && (self.run.frames == 0 || self.run.end() <= self.next as i64) {
                break;
            }
            let offset = (self.next as i64).saturating_sub(self.run.start);
            let room = wanted - done;
            let (count, from) = if offset < 0 {
                // Nothing was decoded for the frames right behind a seek.
                (room.min(usize::try_from(offset.unsigned_abs()).unwrap_or(room)), None)
            } else {
                let offset = offset.unsigned_abs();
                let sounding = offset.checked_sub(self.run.silent);
                let left = if sounding.is_some() { self.run.frames } else { self.run.silent } - offset;
                let from = sounding.map(|sounding| self.run.skip + sounding as usize);
                (room.min(usize::try_from(left).unwrap_or(room)), from)
            };
            for (channel, plane) in block.channels_mut().enumerate() {
                let to = &mut plane[done..done + count];
                let samples = from.and_then(|from| self.run.samples.get(channel)?.get(from..from + count));
                match samples {
                    Some(samples) => to.copy_from_slice(samples),
                    None => to.fill(0.0),
                }
            }
            done += count;
            self.next += count as u64;
        }
        block.set_frames(done);
        Ok(done)
    }

    fn damaged(&self) -> u64 {
        self.damaged
    }
}
