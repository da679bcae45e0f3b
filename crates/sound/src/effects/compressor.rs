//! A compressor: feed-forward, in decibels, with a soft knee and a smooth decoupled detector (Giannoulis, Massberg and
//! Reiss, "Digital Dynamic Range Compressor Design", JAES 2012).

use crate::{Block, SoundError};

/// A compressor; all channels share the gain that the loudest needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Compressor {
    /// The level in dBFS above which it works.
    pub threshold_db: f64,
    /// Decibels in for one decibel out above the threshold, from 1 (nothing happens).
    pub ratio: f64,
    /// Seconds in which the gain reduction has done 63 % of its way down.
    pub attack_s: f64,
    /// Seconds in which it has done 63 % of its way up.
    pub release_s: f64,
    /// The width in dB of the bend around the threshold, from 0.
    pub knee_db: f64,
    /// What is added to the level afterwards, in dB.
    pub makeup_db: f64,
}

impl Compressor {
    /// The level in dBFS that a lasting level of `input_db` leaves with.
    pub fn static_curve(&self, input_db: f64) -> f64 {
        input_db - self.reduction(input_db) + self.makeup_db
    }

    /// The decibels that a lasting level of `level` dBFS is reduced by.
    fn reduction(&self, level: f64) -> f64 {
        let slope = 1.0 - 1.0 / self.ratio;
        let over = level - self.threshold_db;
        if 2.0 * over <= -self.knee_db {
            0.0
        } else if 2.0 * over < self.knee_db {
            slope * (over + self.knee_db / 2.0).powi(2) / (2.0 * self.knee_db)
        } else {
            slope * over
        }
    }

    /// Checks each value against its range.
    pub(crate) fn check(&self) -> Result<(), SoundError> {
        let ranges = [
            ("the compressor's threshold in dB", self.threshold_db, -200.0..=200.0, "from -200 to 200"),
            ("the compressor's ratio", self.ratio, 1.0..=f64::INFINITY, "1 or more"),
            ("the compressor's attack in seconds", self.attack_s, 0.0..=60.0, "from 0 to 60"),
            ("the compressor's release in seconds", self.release_s, 0.0..=60.0, "from 0 to 60"),
            ("the compressor's knee in dB", self.knee_db, 0.0..=200.0, "from 0 to 200"),
            ("the compressor's make-up gain in dB", self.makeup_db, -200.0..=200.0, "from -200 to 200"),
        ];
        match ranges.into_iter().find(|(_, value, range, _)| !range.contains(value)) {
            Some((what, value, _, range)) => Err(SoundError::parameter(what, value, range)),
            None => Ok(()),
        }
    }
}

/// What is left of a value after one frame, when 37 % of it are left after `seconds`.
pub(super) fn decay(seconds: f64, rate: u32) -> f64 {
    if seconds <= 0.0 { 0.0 } else { (-1.0 / (seconds * f64::from(rate))).exp() }
}

/// A compressor at work.
pub(crate) struct Compression {
    compressor: Compressor,
    attack: f64,
    release: f64,
    /// The gain reduction in dB, released but not yet smoothed by the attack.
    held: f64,
    /// The gain reduction in dB.
    reduction: f64,
}

impl Compression {
    /// `compressor` at `rate` frames per second.
    pub(crate) fn new(compressor: &Compressor, rate: u32) -> Result<Compression, SoundError> {
        compressor.check()?;
        Ok(Compression {
            compressor: *compressor,
            attack: decay(compressor.attack_s, rate),
            release: decay(compressor.release_s, rate),
            held: 0.0,
            reduction: 0.0,
        })
    }

    /// Compresses the samples of `block`; `gains` is scratch space.
    pub(crate) fn process(&mut self, block: &mut Block, gains: &mut Vec<f32>) {
        super::peak::of_frames(block, gains);
        for gain in gains.iter_mut() {
            let level = 20.0 * f64::from(*gain).max(1e-10).log10();
            let wanted = self.compressor.reduction(level);
            self.held = wanted.max(self.release * self.held + (1.0 - self.release) * wanted);
            self.reduction = self.attack * self.reduction + (1.0 - self.attack) * self.held;
            *gain = crate::gain_from_db(self.compressor.makeup_db - self.reduction) as f32;
        }
        super::peak::scale(block, gains);
    }
}
