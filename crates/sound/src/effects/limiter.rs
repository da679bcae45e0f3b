//! A limiter that looks ahead: the gain has come down before the peak comes.

use std::collections::VecDeque;

use super::compressor::decay;
use super::peak::{self, TruePeak};
use crate::{Block, SoundError, gain_from_db};

/// A limiter; all channels share the gain that the loudest needs. Without `true_peak` no sample is above the ceiling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limiter {
    /// The highest level in dBFS (dBTP with `true_peak`), from −100 to 0.
    pub ceiling_db: f64,
    /// Seconds in which the gain has come back by 63 %.
    pub release_s: f64,
    /// Seconds over which the gain comes down before a peak, from 0 to 1; 0.005 is usual.
    pub look_ahead_s: f64,
    /// Whether peaks between samples count, found by four-fold interpolation (within about 0.5 dB).
    pub true_peak: bool,
}

/// A limiter at work.
pub(crate) struct Limitation {
    ceiling: f32,
    release: f64,
    /// Frames over which the gain comes down.
    window: usize,
    /// Frames by which the samples are delayed.
    delay: usize,
    detector: Option<TruePeak>,
    delayed: Vec<VecDeque<f32>>,
    /// The frames and gains that may be the least within the window, in rising order.
    least: VecDeque<(u64, f64)>,
    /// The last `window` released gains, and their sum in units of 2⁻⁵² so that it never drifts.
    recent: VecDeque<u64>,
    sum: u128,
    held: f64,
    frame: u64,
}

/// One, in the units of the sum.
const ONE: f64 = (1u64 << 52) as f64;

impl Limitation {
    /// `limiter` for `channels` channels at `rate` frames per second.
    pub(crate) fn new(limiter: &Limiter, rate: u32, channels: usize) -> Result<Limitation, SoundError> {
        let ranges = [
            ("the limiter's ceiling in dB", limiter.ceiling_db, -100.0..=0.0, "from -100 to 0"),
            ("the limiter's release in seconds", limiter.release_s, 0.0..=60.0, "from 0 to 60"),
            ("the limiter's look-ahead in seconds", limiter.look_ahead_s, 0.0..=1.0, "from 0 to 1"),
        ];
        if let Some((what, value, _, range)) =
            ranges.into_iter().find(|(_, value, range, _)| !range.contains(value))
        {
            return Err(SoundError::parameter(what, value, range));
        }
        let window = (limiter.look_ahead_s * f64::from(rate)).round() as usize + 1;
        let delay = window - 1 + if limiter.true_peak { TruePeak::DELAY } else { 0 };
        Ok(Limitation {
            ceiling: gain_from_db(limiter.ceiling_db) as f32,
            release: decay(limiter.release_s, rate),
            window,
            delay,
            detector: limiter.true_peak.then(|| TruePeak::new(channels)),
            delayed: vec![VecDeque::from(vec![0.0; delay]); channels],
            least: VecDeque::new(),
            recent: VecDeque::from(vec![ONE as u64; window]),
            sum: window as u128 * ONE as u128,
            held: 1.0,
            frame: 0,
        })
    }

    /// Frames by which samples come out late.
    pub(crate) fn latency(&self) -> usize {
        self.delay
    }

    /// Limits the samples of `block`, which leaves with those of earlier frames; `gains` is scratch space.
    pub(crate) fn process(&mut self, block: &mut Block, gains: &mut Vec<f32>) {
        match &mut self.detector {
            Some(detector) => detector.of_frames(block, gains),
            None => peak::of_frames(block, gains),
        }
        for gain in gains.iter_mut() {
            *gain = self.gain_for(*gain);
        }
        for (channel, delayed) in block.channels_mut().zip(&mut self.delayed) {
            for (sample, gain) in channel.iter_mut().zip(gains.iter()) {
                delayed.push_back(*sample);
                let late = delayed.pop_front().unwrap_or(0.0) * gain;
                *sample =
                    if self.detector.is_some() { late } else { late.clamp(-self.ceiling, self.ceiling) };
            }
        }
    }

    /// The gain for the frame that leaves when one with `peak` comes in.
    fn gain_for(&mut self, peak: f32) -> f32 {
        let wanted = if peak > self.ceiling { f64::from(self.ceiling) / f64::from(peak) } else { 1.0 };
        while self.least.back().is_some_and(|(_, gain)| *gain >= wanted) {
            self.least.pop_back();
        }
        self.least.push_back((self.frame, wanted));
        while self.least.front().is_some_and(|(frame, _)| frame + self.window as u64 <= self.frame) {
            self.least.pop_front();
        }
        self.frame += 1;
        let least = self.least.front().map_or(1.0, |(_, gain)| *gain);
        self.held = least.min(self.release * self.held + (1.0 - self.release) * least);
        // A mean over the window turns the step down into a slope that ends where the peak is.
        let units = (self.held * ONE) as u64;
        self.recent.push_back(units);
        self.sum += u128::from(units);
        self.sum -= u128::from(self.recent.pop_front().unwrap_or(0));
        (self.sum as f64 / (self.window as f64 * ONE)) as f32
    }
}
