//! A chain of effects at work.

use super::{Chain, Effect};
use crate::dispatch::wide;
use crate::effects::{Compression, Filter, Limitation};
use crate::{Block, Envelope, SoundError};

enum Stage {
    Filter(Filter),
    Compression(Compression),
    Limitation(Box<Limitation>),
    /// A gain whose input is late by so many frames.
    Gain(Envelope, usize),
}

/// A chain of effects with its state. Its output is late by [`Effects::latency`] frames.
pub(super) struct Effects {
    stages: Vec<Stage>,
    latency: usize,
    /// The output frame that comes in next.
    frame: u64,
    gains: Vec<f32>,
}

impl Effects {
    /// `chain` for `channels` channels at `rate` frames per second.
    pub(super) fn new(chain: &Chain, rate: u32, channels: usize) -> Result<Effects, SoundError> {
        let mut latency = 0;
        let mut stages = Vec::new();
        for effect in &chain.effects {
            stages.push(match effect {
                Effect::Filter(biquad) => Stage::Filter(Filter::new(biquad, rate, channels)?),
                Effect::Compressor(compressor) => Stage::Compression(Compression::new(compressor, rate)?),
                Effect::Limiter(limiter) => {
                    let limitation = Limitation::new(limiter, rate, channels)?;
                    latency += limitation.latency();
                    Stage::Limitation(Box::new(limitation))
                }
                Effect::Gain(gain) => Stage::Gain(gain.clone(), latency),
            });
        }
        stages.push(Stage::Gain(chain.gain.clone(), latency));
        stages.retain(|stage| !matches!(stage, Stage::Gain(gain, _) if gain.as_constant() == Some(1.0)));
        Ok(Effects { stages, latency, frame: 0, gains: Vec::new() })
    }

    /// Frames by which the output is late.
    pub(super) fn latency(&self) -> usize {
        self.latency
    }

    /// Whether nothing happens here.
    pub(super) fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Sends the samples of `block` through.
    pub(super) fn process(&mut self, block: &mut Block) {
        for stage in &mut self.stages {
            match stage {
                Stage::Filter(filter) => filter.process(block),
                Stage::Compression(compression) => compression.process(block, &mut self.gains),
                Stage::Limitation(limitation) => limitation.process(block, &mut self.gains),
                Stage::Gain(gain, late) => apply_late(gain, self.frame, *late, block, &mut self.gains),
            }
        }
        self.frame += block.frames() as u64;
    }
}

/// [`apply`] for samples that are `late`: the first of them came in that many frames ago.
fn apply_late(gain: &Envelope, frame: u64, late: usize, block: &mut Block, values: &mut Vec<f32>) {
    let late = late as u64;
    if gain.as_constant().is_some() || frame >= late {
        return apply(gain, frame.saturating_sub(late), block, values);
    }
    // What comes before the first frame is dropped later on; it keeps its level.
    let before = usize::try_from(late - frame).unwrap_or(usize::MAX).min(block.frames());
    values.resize(block.frames(), 0.0);
    let (early, rest) = values.split_at_mut(before);
    gain.fill(0, rest);
    early.fill(1.0);
    for channel in block.channels_mut() {
        channel.iter_mut().zip(values.iter()).for_each(|(sample, gain)| *sample *= gain);
    }
}

/// Multiplies the frames of `block`, of which the first is `start`, by `gain`; a constant of one changes nothing.
pub(super) fn apply(gain: &Envelope, start: u64, block: &mut Block, values: &mut Vec<f32>) {
    match gain.constant_over(start, block.frames()) {
        Some(1.0) => {}
        Some(gain) => block.channels_mut().for_each(|channel| {
            wide(|| channel.iter_mut().for_each(|sample| *sample *= gain));
        }),
        None => {
            values.resize(block.frames(), 0.0);
            gain.fill(start, values);
            for channel in block.channels_mut() {
                wide(|| channel.iter_mut().zip(values.iter()).for_each(|(sample, gain)| *sample *= gain));
            }
        }
    }
}
