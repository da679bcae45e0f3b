//! Playing at any speed, forwards or backwards: a windowed sinc, evaluated where each output frame falls.
//!
//! The window is Kaiser's for a stop band of −100 dB; the pass band reaches to 0.9 of the lower Nyquist frequency. The kernel
//! is tabulated at fractions of a frame, finely enough for the lines between them to stay below the stop band.

use std::f64::consts::PI;
use std::sync::OnceLock;

use crate::dispatch::wide;
use crate::{Block, Info, SoundError, Source};

/// Taps on each side at full bandwidth.
const REACH: f64 = 64.0;
/// Fractions of a frame in the table at full bandwidth.
const FRACTIONS: f64 = 1024.0;
/// Kaiser's β for 100 dB.
const BETA: f64 = 10.06;
/// The cutoff relative to Nyquist, so that the stop band begins there.
const CUTOFF: f64 = 0.95;
/// The fastest that sound is played, in source frames to an output frame.
const FASTEST: f64 = 1024.0;

/// The modified Bessel function of order zero.
fn bessel(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-17 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

/// The kernel at fractions of a frame.
struct Kernel {
    taps: usize,
    fractions: usize,
    /// `fractions` + 1 rows of `taps` weights, each row of sum 1.
    weights: Vec<f32>,
}

/// Half of the kernel at full bandwidth, at every fraction of a frame up to its reach, and one behind it.
fn prototype() -> &'static [f64] {
    static PROTOTYPE: OnceLock<Vec<f64>> = OnceLock::new();
    PROTOTYPE.get_or_init(|| {
        let count = (REACH * FRACTIONS) as usize;
        let value = |index: usize| {
            let x = index as f64 / FRACTIONS;
            let angle = PI * CUTOFF * x;
            let sinc = if index == 0 { 1.0 } else { angle.sin() / angle };
            sinc * bessel(BETA * (1.0 - (x / REACH).powi(2)).max(0.0).sqrt()) / bessel(BETA)
        };
        (0..=count).map(value).chain([0.0]).collect()
    })
}

impl Kernel {
    /// The kernel for `step` source frames to an output frame.
    fn new(step: f64) -> Kernel {
        let prototype = prototype();
        let scale = step.abs().max(1.0);
        let taps = 2 * (REACH * scale / 8.0).ceil() as usize * 8;
        let fractions = (FRACTIONS / scale).ceil().max(16.0) as usize;
        let mut weights = Vec::with_capacity(taps * (fractions + 1));
        let mut row = vec![0.0; taps];
        for fraction in 0..=fractions {
            let at = taps as f64 / 2.0 - 1.0 + fraction as f64 / fractions as f64;
            for (tap, weight) in row.iter_mut().enumerate() {
                let x = (tap as f64 - at).abs() / scale * FRACTIONS;
                let (low, between) = (x as usize, x.fract());
                *weight = match prototype.get(low..low + 2) {
                    Some([a, b]) => a + (b - a) * between,
                    _ => 0.0,
                };
            }
            let sum: f64 = row.iter().sum();
            weights.extend(row.iter().map(|weight| (weight / sum) as f32));
        }
        Kernel { taps, fractions, weights }
    }

    /// The samples at `position`, `position` + `step`, … of `samples`, in which each has its taps around it.
    #[inline(always)]
    fn play(&self, samples: &[f32], position: f64, step: f64, output: &mut [f32]) {
        let before = self.taps / 2 - 1;
        for (index, output) in output.iter_mut().enumerate() {
            let at = position + step * index as f64;
            let whole = at.floor();
            let fraction = (at - whole) * self.fractions as f64;
            let row = fraction as usize;
            let between = (fraction - row as f64) as f32;
            let start = whole as usize - before;
            let Some(samples) = samples.get(start..start + self.taps) else { continue };
            let rows = row * self.taps..(row + 2) * self.taps;
            let Some(rows) = self.weights.get(rows) else { continue };
            let (low, high) = rows.split_at(self.taps);
            let mut sums = [0f32; 8];
            for ((samples, low), high) in
                samples.as_chunks::<8>().0.iter().zip(low.as_chunks::<8>().0).zip(high.as_chunks::<8>().0)
            {
                for lane in 0..8 {
                    sums[lane] += samples[lane] * (low[lane] + (high[lane] - low[lane]) * between);
                }
            }
            *output =
                ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
        }
    }
}

/// A stretch of a source in memory, silent outside of the source.
struct Stretch {
    source: Box<dyn Source>,
    start: i64,
    samples: Vec<Vec<f32>>,
    block: Block,
    /// The frame that the source will read next.
    next: Option<i64>,
    /// The source's frames, once its end has been reached.
    end: Option<u64>,
}

impl Stretch {
    fn new(source: Box<dyn Source>) -> Stretch {
        let channels = usize::from(source.info().channels);
        Stretch {
            source,
            start: 0,
            samples: vec![Vec::new(); channels],
            block: Block::new(channels, 4096),
            next: None,
            end: None,
        }
    }

    fn len(&self) -> usize {
        self.samples.first().map_or(0, Vec::len)
    }

    /// Makes the frames from `start` to `end` present, and those up to `more` before them when they are not yet.
    fn hold(&mut self, start: i64, end: i64, more: i64) -> Result<(), SoundError> {
        let held = self.start + self.len() as i64;
        if start >= self.start && end <= held {
            return Ok(());
        }
        if start >= self.start && start <= held {
            let gone = (start - self.start) as usize;
            self.samples.iter_mut().for_each(|channel| drop(channel.drain(..gone)));
            self.start = start;
        } else {
            self.samples.iter_mut().for_each(Vec::clear);
            self.start = start - more;
        }
        let mut at = self.start + self.len() as i64;
        if at < 0 {
            let silent = (-at).min(end - at);
            self.samples.iter_mut().for_each(|channel| channel.resize(channel.len() + silent as usize, 0.0));
            at += silent;
        }
        if at < end && self.next != Some(at) {
            self.source.seek(at as u64)?;
        }
        while at < end {
            let count = self.source.read(&mut self.block)?;
            if count == 0 {
                let silent = (end - at) as usize;
                self.samples.iter_mut().for_each(|channel| channel.resize(channel.len() + silent, 0.0));
                self.next = None;
                self.end.get_or_insert(at.max(0).unsigned_abs());
                return Ok(());
            }
            for (channel, samples) in self.samples.iter_mut().zip(self.block.iter()) {
                channel.extend_from_slice(samples);
            }
            at += count as i64;
            self.next = Some(at);
        }
        Ok(())
    }
}

/// A source played at another speed, without end: outside of the source there is silence.
pub struct Varispeed {
    stretch: Stretch,
    kernel: Kernel,
    first: f64,
    step: f64,
    played: u64,
}

impl Varispeed {
    /// Plays `source` at `rate` frames per second from its frame `first` on, which may be a fraction, at `speed` times its own
    /// speed; negative speeds go backwards from `first`. Output frame n is the source at `first` + n · `speed` · source rate /
    /// `rate`.
    ///
    /// # Errors
    ///
    /// A speed of zero or out of reach, or a `first` that is no number.
    pub fn new(source: Box<dyn Source>, rate: u32, first: f64, speed: f64) -> Result<Varispeed, SoundError> {
        let step = f64::from(source.info().rate) * speed / f64::from(rate);
        if !(1e-6..=FASTEST).contains(&step.abs()) {
            return Err(SoundError::parameter(
                "the clip's speed",
                speed,
                "other than 0, and at most 1,024 source frames a frame",
            ));
        }
        if !(-1e15..=1e15).contains(&first) {
            return Err(SoundError::parameter(
                "the clip's offset",
                first,
                "a number of seconds within the source",
            ));
        }
        Ok(Varispeed { stretch: Stretch::new(source), kernel: Kernel::new(step), first, step, played: 0 })
    }

    /// What the source says about itself; rate and frames are the source's own.
    pub fn info(&self) -> &Info {
        self.stretch.source.info()
    }

    /// Frames that are silent because the file is damaged.
    pub fn damaged(&self) -> u64 {
        self.stretch.source.damaged()
    }

    /// The source's frames, once its end has been reached.
    pub(crate) fn end(&self) -> Option<u64> {
        self.stretch.end
    }

    /// Makes output frame `frame` the next one.
    pub fn seek(&mut self, frame: u64) {
        self.played = frame;
    }

    /// Fills `block` to its capacity with the next frames, in the source's channels.
    pub fn read(&mut self, block: &mut Block) -> Result<(), SoundError> {
        block.reshape(self.stretch.samples.len());
        block.set_frames(block.capacity());
        let piece = ((65536.0 / self.step.abs()) as usize).clamp(1, 4096);
        let half = (self.kernel.taps / 2) as i64;
        let more = if self.step < 0.0 { i64::from(self.stretch.source.info().rate) } else { 0 };
        let mut done = 0;
        while done < block.frames() {
            let count = piece.min(block.frames() - done);
            let from = self.first + self.step * self.played as f64;
            let to = self.first + self.step * (self.played + count as u64 - 1) as f64;
            let start = from.min(to).floor() as i64 - half;
            let end = from.max(to).floor() as i64 + half + 2;
            self.stretch.hold(start, end, more)?;
            let position = from - self.stretch.start as f64;
            for (samples, output) in self.stretch.samples.iter().zip(block.channels_mut()) {
                let output = &mut output[done..done + count];
                wide(|| self.kernel.play(samples, position, self.step, output));
            }
            done += count;
            self.played += count as u64;
        }
        Ok(())
    }
}
