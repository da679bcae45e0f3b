//! Rendering a mix, round by round.

use rayon::prelude::*;

use super::chain::Effects;
use super::shared::{self, Shared};
use super::track::Lane;
use super::{ClipReport, Mix, Report};
use crate::{Block, SoundError};

/// Frames of a round: tracks are rendered side by side, and meet at its end.
const ROUND: usize = 16384;
/// Frames that are summed at once.
const PIECE: usize = 4096;

/// Renders `mix` in blocks of up to 16,384 frames, which `sink` takes in their order.
///
/// Tracks are rendered on all threads and summed in their order, so that the samples do not depend on the number of threads.
/// Clips of another rate that sound over the same frames, at constant levels and without effects of their tracks, are
/// resampled once, as a sum. A clip at unity, at the mix's rate and with its channels goes through bit for bit.
///
/// # Errors
///
/// A parameter outside of its range, [`SoundError::Clip`] for a source that cannot be opened or read, and what `sink` gives.
pub fn render(
    mix: &Mix,
    sink: &mut dyn FnMut(&Block) -> Result<(), SoundError>,
) -> Result<Report, SoundError> {
    let mut engine = Engine::new(mix)?;
    let mut master = Effects::new(&mix.master, mix.rate, mix.channels.into())?;
    let mut late = master.latency();
    let mut left = mix.frames;
    let mut peak = 0f32;
    let mut summed = Block::new(mix.channels.into(), ROUND);
    let mut next = Block::new(mix.channels.into(), ROUND);
    let mut first = true;
    while left > 0 {
        // While the tracks of one round are rendered, the sum of the one before goes through the master and out.
        let mut rendered = Ok(());
        let taken = rayon::in_place_scope(|scope| {
            let (engine, next, rendered) = (&mut engine, &mut next, &mut rendered);
            scope.spawn(move |_| *rendered = engine.round(next));
            if first {
                return Ok(());
            }
            master.process(&mut summed);
            let early = late.min(summed.frames());
            summed.drop_front(early);
            late -= early;
            summed.set_frames(usize::try_from(left).unwrap_or(usize::MAX).min(summed.frames()));
            left -= summed.frames() as u64;
            peak = summed.iter().fold(peak, |peak, channel| crate::dispatch::wide(|| loudest(peak, channel)));
            if summed.is_empty() { Ok(()) } else { sink(&summed) }
        });
        taken?;
        if left > 0 {
            rendered?;
        }
        std::mem::swap(&mut summed, &mut next);
        first = false;
    }
    Ok(Report { damaged: engine.damaged(), peak })
}

#[inline(always)]
fn loudest(peak: f32, samples: &[f32]) -> f32 {
    let mut lanes = [peak; 8];
    let (whole, rest) = samples.as_chunks::<8>();
    for samples in whole {
        for (lane, sample) in lanes.iter_mut().zip(samples) {
            *lane = if sample.abs() > *lane { sample.abs() } else { *lane };
        }
    }
    lanes.iter().chain(rest).fold(peak, |peak, sample| peak.max(sample.abs()))
}

/// Everything up to the sum of the tracks.
struct Engine {
    shared: Vec<Shared>,
    lanes: Vec<Lane>,
    frame: u64,
    /// Frames that will be asked for: those of the mix and those that the master holds back.
    frames: u64,
}

impl Engine {
    fn new(mix: &Mix) -> Result<Engine, SoundError> {
        if !(1..=64).contains(&mix.channels) {
            return Err(SoundError::parameter("the mix's number of channels", mix.channels, "from 1 to 64"));
        }
        if !(1..=1_536_000).contains(&mix.rate) {
            return Err(SoundError::parameter("the mix's sampling rate", mix.rate, "from 1 to 1,536,000"));
        }
        let shared::Groups { groups: shared, taken } = shared::groups(mix)?;
        let mut lanes = Vec::new();
        for (index, track) in mix.tracks.iter().enumerate() {
            let lane = Lane::new(mix, track, index, |clip| taken.binary_search(&(index, clip)).is_ok())?;
            if !lane.is_empty() {
                lanes.push(lane);
            }
        }
        let late = Effects::new(&mix.master, mix.rate, mix.channels.into())?.latency() as u64;
        Ok(Engine { shared, lanes, frame: 0, frames: mix.frames.saturating_add(late) })
    }

    /// Renders the next round and sums it into `output`.
    fn round(&mut self, output: &mut Block) -> Result<(), SoundError> {
        let frames = usize::try_from(self.frames - self.frame).unwrap_or(ROUND).min(ROUND);
        output.set_frames(frames);
        if frames == 0 {
            return Ok(());
        }
        let start = self.frame;
        self.frame += frames as u64;
        let lanes: Vec<_> = self.lanes.par_iter_mut().map(|lane| lane.render(frames)).collect();
        lanes.into_iter().collect::<Result<(), _>>()?;
        for shared in &mut self.shared {
            shared.render(start, frames)?;
        }
        let buses: Vec<_> = self.lanes.iter().filter(|lane| !lane.silent).map(|lane| &lane.bus).collect();
        let parts: Vec<_> = self.shared.iter().map(|shared| (shared.at, &shared.bus)).collect();
        let pieces: Vec<_> = output
            .channels_mut()
            .enumerate()
            .flat_map(|(channel, plane)| {
                plane
                    .chunks_mut(PIECE)
                    .enumerate()
                    .map(move |(piece, samples)| (channel, piece * PIECE, samples))
            })
            .collect();
        pieces.into_par_iter().for_each(|(channel, at, samples)| {
            let end = at + samples.len();
            shared::sum(samples, buses.iter().map(|bus| &bus.channel(channel)[at..end]));
            for (first, bus) in &parts {
                let from = at.max(*first);
                let to = end.min(first + bus.frames());
                if from < to {
                    let part = &bus.channel(channel)[from - first..to - first];
                    let samples = &mut samples[from - at..to - at];
                    crate::dispatch::wide(|| super::clip::add_scaled(samples, part, 1.0));
                }
            }
        });
        Ok(())
    }

    fn damaged(&self) -> Vec<ClipReport> {
        let lanes = self
            .lanes
            .iter()
            .flat_map(|lane| lane.damaged().map(|(clip, frames)| (lane.index, clip, frames)));
        let shared = self.shared.iter().flat_map(Shared::damaged);
        let mut all: Vec<_> =
            lanes.chain(shared).map(|(track, clip, frames)| ClipReport { track, clip, frames }).collect();
        all.sort_by_key(|report| (report.track, report.clip));
        all
    }
}
