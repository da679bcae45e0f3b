//! Clips that are summed at their own rate and resampled once, because resampling is linear.

use rayon::prelude::*;

use super::clip::{add_scaled, source_frame};
use super::pan::{Law, matrix};
use super::track::constant_gain;
use super::{Clip, Mix, Track};
use crate::dispatch::wide;
use crate::resample::{Converter, Feed};
use crate::{Block, SoundError};

/// Clips over the same output frames, of one rate, each at a frame of its source and at a constant level.
pub(super) struct Shared {
    start: u64,
    end: u64,
    members: Vec<Member>,
    converter: Converter,
    channels: usize,
    sum: Block,
    /// What the last call rendered: the mix's frames from `at` on.
    pub bus: Block,
    /// The first frame of `bus`, from the first of the round.
    pub at: usize,
}

struct Member {
    track: usize,
    clip: usize,
    clip_of: Clip,
    gain: f32,
    pan: f32,
    lead: i64,
    /// Opened when it is first heard.
    feed: Option<Feed>,
    /// Frames that were silent because the file is damaged, once the feed is closed.
    damaged: u64,
    input: Block,
    bus: Block,
}

/// The constant level of a clip that may be summed before it is resampled.
fn level(track: &Track, clip: &Clip) -> Option<(f32, f32)> {
    let gain = constant_gain(track)?;
    let chain = track.chain.effects.is_empty().then(|| track.chain.gain.as_constant()).flatten()?;
    let plain = clip.speed == 1.0 && clip.fade_in.is_none() && clip.fade_out.is_none();
    plain.then_some(())?;
    Some((gain * chain * clip.gain.as_constant()?, clip.pan.as_constant()?))
}

/// The clips of a mix that are resampled together.
pub(super) struct Groups {
    /// The groups, in the order of their starts.
    pub groups: Vec<Shared>,
    /// Track and clip of those that are in one, in order.
    pub taken: Vec<(usize, usize)>,
}

/// The groups of clips in `mix` that can be resampled together.
pub(super) fn groups(mix: &Mix) -> Result<Groups, SoundError> {
    let mut candidates = Vec::new();
    for (index, track) in mix.tracks.iter().enumerate() {
        for (at, clip) in track.clips.iter().enumerate() {
            if clip.frames > 0
                && let Some(level) = level(track, clip)
            {
                candidates.push((clip.start, clip.frames, index, at, clip, level));
            }
        }
    }
    candidates.sort_by_key(|(start, frames, track, clip, ..)| (*start, *frames, *track, *clip));
    let mut groups: Vec<(u32, Shared)> = Vec::new();
    let mut taken = Vec::new();
    for run in candidates.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).filter(|run| run.len() > 1) {
        let first = groups.len();
        for &(start, frames, track, at, clip, (gain, pan)) in run {
            let error = |source| SoundError::Clip { track, clip: at, source: Box::new(source) };
            let source = (clip.source)().map_err(error)?;
            let (rate, channels) = (source.info().rate, usize::from(mix.channels));
            let frame = source_frame(clip.offset, rate);
            if rate == mix.rate || frame.fract() != 0.0 || frame.abs() > 1e15 {
                continue;
            }
            let place = groups[first..].iter().position(|(own, _)| *own == rate).map(|place| first + place);
            let converter = if place.is_none() { Converter::new(rate, mix.rate, channels) } else { None };
            let place = match (place, converter) {
                (Some(place), _) => place,
                (None, Some(converter)) => {
                    let shared = Shared {
                        start,
                        end: start.saturating_add(frames),
                        members: Vec::new(),
                        converter,
                        channels,
                        sum: Block::new(channels, 0),
                        bus: Block::new(channels, 0),
                        at: 0,
                    };
                    groups.push((rate, shared));
                    groups.len() - 1
                }
                (None, None) => continue,
            };
            let shared = &mut groups[place].1;
            let lead = frame as i64 - shared.converter.lead() as i64;
            shared.members.push(Member {
                track,
                clip: at,
                clip_of: clip.clone(),
                gain,
                pan,
                lead,
                feed: None,
                damaged: 0,
                input: Block::new(0, 0),
                bus: Block::new(channels, 0),
            });
        }
    }
    groups.retain(|(_, shared)| shared.members.len() > 1);
    for (_, shared) in &groups {
        taken.extend(shared.members.iter().map(|member| (member.track, member.clip)));
    }
    taken.sort_unstable();
    Ok(Groups { groups: groups.into_iter().map(|(_, shared)| shared).collect(), taken })
}

impl Shared {
    /// Renders its part of the `frames` output frames from `start` on into `bus`, which is empty where there is none.
    pub(super) fn render(&mut self, start: u64, frames: usize) -> Result<(), SoundError> {
        self.bus.set_frames(0);
        let from = self.start.max(start);
        let to = self.end.min(start + frames as u64);
        if from >= to {
            if start >= self.end {
                self.members.iter_mut().for_each(Member::close);
            }
            return Ok(());
        }
        let count = (to - from) as usize;
        self.at = (from - start) as usize;
        let needed = self.converter.needs(count);
        if needed > 0 {
            self.members
                .par_iter_mut()
                .map(|member| member.read(needed))
                .collect::<Vec<_>>()
                .into_iter()
                .collect::<Result<(), _>>()?;
            if self.sum.capacity() != needed {
                self.sum = Block::new(self.channels, needed);
            }
            self.sum.set_frames(needed);
            let buses: Vec<_> = self.members.iter().map(|member| &member.bus).collect();
            let planes: Vec<_> = self.sum.channels_mut().enumerate().collect();
            planes.into_par_iter().for_each(|(channel, plane)| {
                sum(plane, buses.iter().map(|bus| bus.channel(channel)));
            });
            self.converter.feed(&self.sum, true);
        }
        if self.bus.capacity() < count {
            self.bus = Block::new(self.channels, count);
        }
        self.bus.set_frames(count);
        for (index, plane) in self.bus.channels_mut().enumerate() {
            plane.copy_from_slice(self.converter.peek(index, count));
        }
        self.converter.advance(count);
        Ok(())
    }

    /// Tracks, clips, and the frames lost to damage.
    pub(super) fn damaged(&self) -> impl Iterator<Item = (usize, usize, u64)> {
        let lost =
            |member: &Member| member.damaged + member.feed.as_ref().map_or(0, |feed| feed.source().damaged());
        self.members
            .iter()
            .map(move |member| (member.track, member.clip, lost(member)))
            .filter(|(.., lost)| *lost > 0)
    }
}

/// The sum of `parts`, in their order.
pub(super) fn sum<'a>(output: &mut [f32], parts: impl Iterator<Item = &'a [f32]>) {
    let mut fresh = true;
    for part in parts {
        if fresh {
            output.copy_from_slice(part);
        } else {
            wide(|| add_scaled(output, part, 1.0));
        }
        fresh = false;
    }
    if fresh {
        output.fill(0.0);
    }
}

impl Member {
    /// Lets go of the source.
    fn close(&mut self) {
        if let Some(feed) = self.feed.take() {
            self.damaged += feed.source().damaged();
            self.input = Block::new(0, 0);
            self.bus = Block::new(self.bus.channels(), 0);
        }
    }

    /// Reads the next `frames` source frames, in the mix's channels and at the clip's level, into `bus`.
    fn read(&mut self, frames: usize) -> Result<(), SoundError> {
        let (track, clip) = (self.track, self.clip);
        self.fill(frames).map_err(|source| SoundError::Clip { track, clip, source: Box::new(source) })
    }

    fn fill(&mut self, frames: usize) -> Result<(), SoundError> {
        let feed = match &mut self.feed {
            Some(feed) => feed,
            feed => feed.insert(Feed::new((self.clip_of.source)()?, self.lead)),
        };
        let from = usize::from(feed.source().info().channels);
        if self.input.capacity() != frames {
            self.input = Block::new(from, frames);
            self.bus = Block::new(self.bus.channels(), frames);
        }
        self.bus.set_frames(frames);
        feed.read(&mut self.input)?;
        let law = Law::new(from, self.bus.channels());
        let table = matrix(from, self.bus.channels());
        for (index, (output, inputs)) in self.bus.channels_mut().zip(table).enumerate() {
            let mut fresh = true;
            for (input, share) in inputs {
                let gain = self.gain * share * law.gain(index, self.pan);
                let samples = self.input.channel(input);
                wide(|| {
                    if fresh {
                        super::clip::set_scaled(output, samples, gain)
                    } else {
                        add_scaled(output, samples, gain)
                    }
                });
                fresh = false;
            }
            if fresh {
                output.fill(0.0);
            }
        }
        Ok(())
    }
}
