//! A track at work.

use super::chain::{self, Effects};
use super::clip::Voice;
use super::pan::Law;
use super::{Mix, Track};
use crate::{Block, Envelope, SoundError};

/// Frames that stay in the cache from one step to the next.
const PIECE: usize = 4096;

/// A track with its state.
pub(super) struct Lane {
    /// The track's index.
    pub index: usize,
    voices: Vec<(usize, Voice)>,
    gain: Envelope,
    pan: Envelope,
    effects: Effects,
    /// The output frame that the clips give next.
    frame: u64,
    values: Vec<f32>,
    piece: Block,
    /// What the last call rendered.
    pub bus: Block,
    /// Whether `bus` holds nothing but silence.
    pub silent: bool,
}

/// The gain of a track that nothing but a constant changes.
pub(super) fn constant_gain(track: &Track) -> Option<f32> {
    (track.pan.as_constant() == Some(0.0)).then(|| track.gain.as_constant()).flatten()
}

impl Lane {
    /// `track`, the one at `index`, of `mix`, without the clips that `elsewhere` names.
    pub(super) fn new(
        mix: &Mix,
        track: &Track,
        index: usize,
        elsewhere: impl Fn(usize) -> bool,
    ) -> Result<Lane, SoundError> {
        let channels = usize::from(mix.channels);
        let folded = constant_gain(track);
        let clips = track.clips.iter().enumerate().filter(|(clip, _)| !elsewhere(*clip));
        let voices =
            clips.map(|(at, clip)| (at, Voice::new(clip.clone(), mix.rate, folded.unwrap_or(1.0)))).collect();
        Ok(Lane {
            index,
            voices,
            gain: if folded.is_some() { Envelope::default() } else { track.gain.clone() },
            pan: track.pan.clone(),
            effects: Effects::new(&track.chain, mix.rate, channels)?,
            frame: 0,
            values: Vec::new(),
            piece: Block::new(channels, PIECE),
            bus: Block::new(channels, 0),
            silent: true,
        })
    }

    /// Whether it will never sound.
    pub(super) fn is_empty(&self) -> bool {
        self.voices.is_empty()
    }

    /// Clip indices and the frames lost to damage.
    pub(super) fn damaged(&self) -> impl Iterator<Item = (usize, u64)> {
        self.voices.iter().map(|(clip, voice)| (*clip, voice.damaged())).filter(|(_, frames)| *frames > 0)
    }

    /// Renders the next `frames` output frames into `bus`.
    pub(super) fn render(&mut self, frames: usize) -> Result<(), SoundError> {
        self.silent = true;
        // Effects that come late are fed the frames that they hold back, once.
        let mut late = if self.frame == 0 { self.effects.latency() } else { 0 };
        while late > 0 {
            let count = late.min(PIECE);
            self.step(count)?;
            late -= count;
        }
        let mut done = 0;
        while done < frames {
            let count = PIECE.min(frames - done);
            let fresh = self.step(count)?;
            if fresh && self.silent {
                done += count;
                continue;
            }
            if self.silent {
                if self.bus.capacity() < frames {
                    self.bus = Block::new(self.bus.channels(), frames);
                }
                self.bus.set_frames(frames);
                self.bus.channels_mut().for_each(|channel| channel[..done].fill(0.0));
            }
            self.silent = false;
            for (to, from) in self.bus.channels_mut().zip(self.piece.iter()) {
                let to = &mut to[done..done + count];
                if fresh { to.fill(0.0) } else { to.copy_from_slice(from) }
            }
            done += count;
        }
        if self.silent && self.bus.capacity() > 0 {
            self.bus = Block::new(self.bus.channels(), 0);
        }
        Ok(())
    }

    /// Renders the next `count` frames into `piece`; gives whether they are silent, and `piece` means nothing.
    fn step(&mut self, count: usize) -> Result<bool, SoundError> {
        let start = self.frame;
        self.frame += count as u64;
        self.piece.set_frames(count);
        let mut fresh = true;
        for (clip, voice) in &mut self.voices {
            fresh = voice.add(start, &mut self.piece, fresh).map_err(|source| SoundError::Clip {
                track: self.index,
                clip: *clip,
                source: Box::new(source),
            })?;
        }
        if fresh && self.effects.is_empty() {
            return Ok(true);
        }
        if fresh {
            self.piece.silence();
        }
        chain::apply(&self.gain, start, &mut self.piece, &mut self.values);
        self.balance(start);
        self.effects.process(&mut self.piece);
        Ok(false)
    }

    fn balance(&mut self, start: u64) {
        let law = Law::new(self.piece.channels(), self.piece.channels());
        let count = self.piece.frames();
        match self.pan.constant_over(start, count) {
            Some(0.0) => {}
            _ if law == Law::None => {}
            _ => {
                self.values.resize(count, 0.0);
                self.pan.fill(start, &mut self.values);
                for (index, channel) in self.piece.channels_mut().take(2).enumerate() {
                    for (sample, pan) in channel.iter_mut().zip(&self.values) {
                        *sample *= law.gain(index, *pan);
                    }
                }
            }
        }
    }
}
