//! A clip at work: its samples at the mix's rate, in the mix's channels.

use super::pan::{Law, matrix};
use super::{Clip, Fade};
use crate::dispatch::wide;
use crate::resample::Player;
use crate::{Block, SoundError};

/// A clip, opened while it sounds.
pub(super) struct Voice {
    clip: Clip,
    rate: u32,
    /// The linear gain that the track adds to it.
    track_gain: f32,
    playing: Option<Playing>,
    damaged: u64,
}

struct Playing {
    player: Player,
    /// The next frame of the clip.
    next: u64,
    input: Block,
    matrix: Vec<Vec<(usize, f32)>>,
    law: Law,
    curve: Vec<f32>,
    pan: Vec<f32>,
}

/// The frame of a source at `rate` that lies `offset` seconds into it.
pub(super) fn source_frame(offset: f64, rate: u32) -> f64 {
    let frame = offset * f64::from(rate);
    if (frame - frame.round()).abs() < 1e-3 { frame.round() } else { frame }
}

impl Voice {
    /// `clip` in a mix at `rate`, on a track of the constant gain `track_gain`.
    pub(super) fn new(clip: Clip, rate: u32, track_gain: f32) -> Voice {
        Voice { clip, rate, track_gain, playing: None, damaged: 0 }
    }

    /// Source frames that were silent because the file is damaged.
    pub(super) fn damaged(&self) -> u64 {
        self.damaged + self.playing.as_ref().map_or(0, |playing| playing.player.damaged())
    }

    /// Adds the output frames from `start` on to `block`; where `fresh`, what `block` holds has no meaning yet. Gives whether
    /// that is still so.
    pub(super) fn add(&mut self, start: u64, block: &mut Block, fresh: bool) -> Result<bool, SoundError> {
        let end = start + block.frames() as u64;
        let from = self.clip.start.max(start);
        let to = self.clip.start.saturating_add(self.clip.frames).min(end);
        if from >= to {
            if end > self.clip.start {
                self.close();
            }
            return Ok(fresh);
        }
        let (at, count) = ((from - start) as usize, (to - from) as usize);
        let whole = count == block.frames();
        if fresh && !whole {
            block.silence();
        }
        let frame = from - self.clip.start;
        let mut playing = match self.playing.take() {
            Some(playing) if playing.next == frame => playing,
            _ => self.open(frame, block.channels())?,
        };
        if playing.input.capacity() != count {
            playing.input = Block::new(playing.input.channels(), count);
        }
        playing.player.read(&mut playing.input)?;
        playing.next += count as u64;
        self.mix(&mut playing, frame, block, at, fresh && whole);
        self.playing = Some(playing);
        Ok(false)
    }

    fn open(&self, frame: u64, channels: usize) -> Result<Playing, SoundError> {
        let source = (self.clip.source)()?;
        let from = usize::from(source.info().channels);
        let own = source.info().rate;
        let step = self.clip.speed * f64::from(own) / f64::from(self.rate);
        let first = source_frame(self.clip.offset, own) + step * frame as f64;
        Ok(Playing {
            player: Player::new(source, self.rate, first, self.clip.speed)?,
            next: frame,
            input: Block::new(from, 0),
            matrix: matrix(from, channels),
            law: Law::new(from, channels),
            curve: Vec::new(),
            pan: Vec::new(),
        })
    }

    fn close(&mut self) {
        if let Some(playing) = self.playing.take() {
            self.damaged += playing.player.damaged();
        }
    }

    /// Brings what has been read to the mix's channels, at the clip's level, into `block` from its frame `at` on.
    fn mix(&self, playing: &mut Playing, frame: u64, block: &mut Block, at: usize, fresh: bool) {
        let count = playing.input.frames();
        let faded = |fade: Option<Fade>, left: u64| fade.is_some_and(|fade| left < fade.frames);
        let fading = faded(self.clip.fade_in, frame)
            || faded(self.clip.fade_out, self.clip.frames - frame - count as u64);
        let gain = match self.clip.gain.constant_over(frame, count).filter(|_| !fading) {
            Some(gain) => gain * self.track_gain,
            None => {
                self.curve(frame, count, &mut playing.curve);
                for channel in playing.input.channels_mut() {
                    wide(|| scale_by(channel, &playing.curve));
                }
                self.track_gain
            }
        };
        let pan = self.clip.pan.constant_over(frame, count);
        if pan.is_none() {
            playing.pan.resize(count, 0.0);
            self.clip.pan.fill(frame, &mut playing.pan);
        }
        for (index, (output, inputs)) in block.channels_mut().zip(&playing.matrix).enumerate() {
            let output = &mut output[at..at + count];
            let mut fresh = fresh;
            for (input, share) in inputs {
                let samples = playing.input.channel(*input);
                match pan {
                    Some(pan) => {
                        let gain = gain * share * playing.law.gain(index, pan);
                        wide(|| {
                            if fresh {
                                set_scaled(output, samples, gain)
                            } else {
                                add_scaled(output, samples, gain)
                            }
                        });
                    }
                    None => {
                        if fresh {
                            output.fill(0.0);
                        }
                        let gain = gain * share;
                        for ((output, sample), pan) in output.iter_mut().zip(samples).zip(&playing.pan) {
                            *output += sample * gain * playing.law.gain(index, *pan);
                        }
                    }
                }
                fresh = false;
            }
            if fresh {
                output.fill(0.0);
            }
        }
    }

    /// Gain and fades of `count` frames of the clip from `frame` on.
    fn curve(&self, frame: u64, count: usize, curve: &mut Vec<f32>) {
        curve.resize(count, 0.0);
        self.clip.gain.fill(frame, curve);
        if let Some(fade) = self.clip.fade_in {
            let left = usize::try_from(fade.frames.saturating_sub(frame)).unwrap_or(count).min(count);
            for (index, gain) in curve[..left].iter_mut().enumerate() {
                let t = (frame + index as u64) as f64 / fade.frames as f64;
                *gain *= fade.shape.gain(t) as f32;
            }
        }
        if let Some(fade) = self.clip.fade_out {
            for (index, gain) in curve.iter_mut().enumerate() {
                let left = self.clip.frames - frame - index as u64;
                if left < fade.frames {
                    *gain *= fade.shape.gain(left as f64 / fade.frames as f64) as f32;
                }
            }
        }
    }
}

#[inline(always)]
fn scale_by(samples: &mut [f32], gains: &[f32]) {
    samples.iter_mut().zip(gains).for_each(|(sample, gain)| *sample *= gain);
}

#[inline(always)]
pub(super) fn set_scaled(output: &mut [f32], samples: &[f32], gain: f32) {
    output.iter_mut().zip(samples).for_each(|(output, sample)| *output = sample * gain);
}

#[inline(always)]
pub(super) fn add_scaled(output: &mut [f32], samples: &[f32], gain: f32) {
    output.iter_mut().zip(samples).for_each(|(output, sample)| *output += sample * gain);
}
