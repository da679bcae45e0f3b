//! Loudness after EBU R 128 and ITU-R BS.1770-4.

use ebur128::{EbuR128, Mode};

use crate::{Block, SoundError, Source, db_from_gain, gain_from_db};

/// How loud a sound is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loudness {
    /// Integrated loudness in LUFS; −∞ for silence, or sound below the gate of −70 LUFS.
    pub integrated: f64,
    /// Loudness range in LU (EBU Tech 3342).
    pub range: f64,
    /// The highest loudness of 0.4 s, in LUFS.
    pub momentary_max: f64,
    /// The highest loudness of 3 s, in LUFS.
    pub short_term_max: f64,
    /// The largest sample, in dBFS.
    pub sample_peak: f64,
    /// The true peak, in dBTP.
    pub true_peak: f64,
}

impl Loudness {
    /// The linear gain that brings the sound to `target` LUFS, or as near as the true peak may come to `ceiling` dBTP; one
    /// for silence.
    pub fn gain_to(&self, target: f64, ceiling: f64) -> f64 {
        if !self.integrated.is_finite() {
            return 1.0;
        }
        gain_from_db((target - self.integrated).min(ceiling - self.true_peak))
    }
}

/// Measures the blocks of a sound, one after the other.
pub struct Meter {
    state: EbuR128,
    channels: usize,
    /// Frames between two readings of the momentary and short-term loudness: 0.1 s.
    step: usize,
    /// Frames since the last reading.
    since: usize,
    momentary_max: f64,
    short_term_max: f64,
}

impl Meter {
    /// A meter for `channels` channels, in the order of WAV, at `rate` frames per second.
    ///
    /// # Errors
    ///
    /// A number of channels or a rate that cannot be measured.
    pub fn new(channels: u16, rate: u32) -> Result<Meter, SoundError> {
        let mode = Mode::I | Mode::LRA | Mode::M | Mode::S | Mode::SAMPLE_PEAK | Mode::TRUE_PEAK;
        let state = EbuR128::new(channels.into(), rate, mode).map_err(|_| {
            let found = format!("{channels} channels of {rate} frames per second");
            SoundError::parameter(
                "what is to be measured",
                found,
                "from 1 to 64 channels of 16 to 2,822,400 frames per second",
            )
        })?;
        let step = (rate as usize / 10).max(1);
        Ok(Meter {
            state,
            channels: channels.into(),
            step,
            since: 0,
            momentary_max: f64::NEG_INFINITY,
            short_term_max: f64::NEG_INFINITY,
        })
    }

    /// Measures the frames of `block`.
    ///
    /// # Errors
    ///
    /// Another number of channels than the meter's.
    pub fn add(&mut self, block: &Block) -> Result<(), SoundError> {
        let wrong =
            || SoundError::parameter("the block's number of channels", block.channels(), "that of the meter");
        if block.channels() != self.channels {
            return Err(wrong());
        }
        let mut done = 0;
        while done < block.frames() {
            let count = (self.step - self.since).min(block.frames() - done);
            let planes: Vec<&[f32]> = block.iter().map(|channel| &channel[done..done + count]).collect();
            self.state.add_frames_planar_f32(&planes).map_err(|_| wrong())?;
            done += count;
            self.since += count;
            if self.since == self.step {
                self.since = 0;
                self.momentary_max =
                    self.momentary_max.max(self.state.loudness_momentary().unwrap_or(f64::NEG_INFINITY));
                self.short_term_max =
                    self.short_term_max.max(self.state.loudness_shortterm().unwrap_or(f64::NEG_INFINITY));
            }
        }
        Ok(())
    }

    /// The loudness of everything that was added.
    pub fn finish(&self) -> Loudness {
        let over = |peak: &dyn Fn(u32) -> Option<f64>| {
            (0..self.channels as u32).filter_map(peak).fold(0f64, f64::max)
        };
        let sample = over(&|channel| self.state.sample_peak(channel).ok());
        let between = over(&|channel| self.state.true_peak(channel).ok());
        Loudness {
            integrated: self.state.loudness_global().unwrap_or(f64::NEG_INFINITY),
            range: self.state.loudness_range().unwrap_or(0.0),
            momentary_max: self.momentary_max,
            short_term_max: self.short_term_max,
            sample_peak: db_from_gain(sample),
            true_peak: db_from_gain(between.max(sample)),
        }
    }
}

/// The loudness of `source`, from its next frame to its end.
///
/// # Errors
///
/// Those of [`Meter::new`] and of reading.
pub fn loudness(source: &mut dyn Source) -> Result<Loudness, SoundError> {
    let mut meter = Meter::new(source.info().channels, source.info().rate)?;
    let mut block = Block::new(source.info().channels.into(), 4096);
    while source.read(&mut block)? > 0 {
        meter.add(&block)?;
    }
    Ok(meter.finish())
}
