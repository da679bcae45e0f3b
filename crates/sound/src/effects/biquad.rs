//! Filters of second order, after Robert Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter coefficients".

use std::f64::consts::TAU;

use crate::{Block, SoundError};

/// What a filter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Passes what is below the frequency.
    LowPass,
    /// Passes what is above the frequency.
    HighPass,
    /// Passes what is around the frequency, at 0 dB there.
    BandPass,
    /// Removes what is around the frequency.
    Notch,
    /// Raises or lowers what is below the frequency by the gain.
    LowShelf,
    /// Raises or lowers what is above the frequency by the gain.
    HighShelf,
    /// Raises or lowers what is around the frequency by the gain.
    Peak,
}

/// A filter of second order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Biquad {
    /// What it does.
    pub kind: Kind,
    /// The corner or centre in Hz, above 0 and below half the sampling rate.
    pub frequency: f64,
    /// The quality, above 0; 0.7071 is flattest for passes, and the steepest shelf without a bump.
    pub q: f64,
    /// The gain in dB of shelves and peaks; the other kinds do not look at it.
    pub gain_db: f64,
}

/// A transfer function: (b0 + b1 z⁻¹ + b2 z⁻²) / (1 + a1 z⁻¹ + a2 z⁻²).
#[derive(Clone, Copy, Debug, PartialEq)]
struct Coefficients {
    b: [f64; 3],
    a: [f64; 2],
}

impl Biquad {
    /// The transfer function at `rate` frames per second.
    fn coefficients(&self, rate: u32) -> Result<Coefficients, SoundError> {
        let rate = f64::from(rate);
        if !(self.frequency > 0.0 && self.frequency < rate / 2.0) {
            let range = "above 0 Hz and below half the sampling rate";
            return Err(SoundError::parameter("the filter's frequency", self.frequency, range));
        }
        if !(1e-4..=1e4).contains(&self.q) {
            return Err(SoundError::parameter("the filter's q", self.q, "from 0.0001 to 10,000"));
        }
        if !(-200.0..=200.0).contains(&self.gain_db) {
            return Err(SoundError::parameter("the filter's gain in dB", self.gain_db, "from -200 to 200"));
        }
        let (sin, cos) = (TAU * self.frequency / rate).sin_cos();
        let alpha = sin / (2.0 * self.q);
        let gain = 10f64.powf(self.gain_db / 40.0);
        let root = 2.0 * gain.sqrt() * alpha;
        let (sum, difference) = (gain + 1.0, gain - 1.0);
        let pass = [1.0 + alpha, -2.0 * cos, 1.0 - alpha];
        let (b, a) = match self.kind {
            Kind::LowPass => ([(1.0 - cos) / 2.0, 1.0 - cos, (1.0 - cos) / 2.0], pass),
            Kind::HighPass => ([(1.0 + cos) / 2.0, -1.0 - cos, (1.0 + cos) / 2.0], pass),
            Kind::BandPass => ([alpha, 0.0, -alpha], pass),
            Kind::Notch => ([1.0, -2.0 * cos, 1.0], pass),
            Kind::Peak => (
                [1.0 + alpha * gain, -2.0 * cos, 1.0 - alpha * gain],
                [1.0 + alpha / gain, -2.0 * cos, 1.0 - alpha / gain],
            ),
            Kind::LowShelf => (
                [
                    gain * (sum - difference * cos + root),
                    2.0 * gain * (difference - sum * cos),
                    gain * (sum - difference * cos - root),
                ],
                [
                    sum + difference * cos + root,
                    -2.0 * (difference + sum * cos),
                    sum + difference * cos - root,
                ],
            ),
            Kind::HighShelf => (
                [
                    gain * (sum + difference * cos + root),
                    -2.0 * gain * (difference + sum * cos),
                    gain * (sum + difference * cos - root),
                ],
                [
                    sum - difference * cos + root,
                    2.0 * (difference - sum * cos),
                    sum - difference * cos - root,
                ],
            ),
        };
        Ok(Coefficients { b: b.map(|b| b / a[0]), a: [a[1] / a[0], a[2] / a[0]] })
    }

    /// The level in dB at which a tone of `frequency` Hz leaves the filter at `rate` frames per second.
    ///
    /// # Errors
    ///
    /// A frequency, quality or gain of the filter outside of its range.
    pub fn response_db(&self, frequency: f64, rate: u32) -> Result<f64, SoundError> {
        let Coefficients { b, a } = self.coefficients(rate)?;
        let angle = TAU * frequency / f64::from(rate);
        let power = |c: [f64; 3]| {
            let re = c[0] + c[1] * angle.cos() + c[2] * (2.0 * angle).cos();
            let im = c[1] * angle.sin() + c[2] * (2.0 * angle).sin();
            re * re + im * im
        };
        Ok(10.0 * (power(b) / power([1.0, a[0], a[1]])).log10())
    }
}

/// A filter at work: transposed direct form II in `f64`.
pub(crate) struct Filter {
    coefficients: Coefficients,
    state: Vec<[f64; 2]>,
}

impl Filter {
    /// `biquad` for `channels` channels at `rate` frames per second.
    pub(crate) fn new(biquad: &Biquad, rate: u32, channels: usize) -> Result<Filter, SoundError> {
        Ok(Filter { coefficients: biquad.coefficients(rate)?, state: vec![[0.0; 2]; channels] })
    }

    /// Filters the samples of `block`.
    pub(crate) fn process(&mut self, block: &mut Block) {
        let coefficients = self.coefficients;
        let mut lines = block.channels_mut().zip(&mut self.state);
        // Two at a time: each waits for its own last sample, so that the other one costs nothing.
        while let Some((first, first_state)) = lines.next() {
            match lines.next() {
                Some((second, second_state)) => {
                    let states = [&mut *first_state, &mut *second_state].map(|state| *state);
                    let [a, b] = run([first, second], states, coefficients);
                    (*first_state, *second_state) = (a, b);
                }
                None => [*first_state] = run([first], [*first_state], coefficients),
            }
        }
        for state in self.state.iter_mut().flatten() {
            // Denormal numbers are slow, and far below what is heard.
            if state.abs() < 1e-200 {
                *state = 0.0;
            }
        }
    }
}

fn run<const N: usize>(lines: [&mut [f32]; N], mut states: [[f64; 2]; N], of: Coefficients) -> [[f64; 2]; N] {
    let frames = lines.iter().map(|line| line.len()).min().unwrap_or(0);
    let mut lines = lines.map(|line| &mut line[..frames]);
    for frame in 0..frames {
        for (line, state) in lines.iter_mut().zip(&mut states) {
            let x = f64::from(line[frame]);
            let y = of.b[0] * x + state[0];
            *state = [(of.b[1] * x + state[1]) - of.a[0] * y, of.b[2] * x - of.a[1] * y];
            line[frame] = y as f32;
        }
    }
    states
}
