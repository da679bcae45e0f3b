//! Effects on sound, as nodes keep them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sound::{
    Effect,
    effects::{Biquad, Compressor, Kind, Limiter},
};

/// An effect on sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "effect", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum SoundEffect {
    /// Passes what is below a frequency.
    LowPass {
        /// In Hz.
        frequency: f64,
        /// How sharp the corner is.
        #[serde(default = "flattest")]
        q: f64,
    },
    /// Passes what is above a frequency.
    HighPass {
        /// In Hz.
        frequency: f64,
        /// How sharp the corner is.
        #[serde(default = "flattest")]
        q: f64,
    },
    /// Passes what is around a frequency.
    BandPass {
        /// In Hz.
        frequency: f64,
        /// How narrow it is.
        #[serde(default = "one")]
        q: f64,
    },
    /// Removes what is around a frequency.
    Notch {
        /// In Hz.
        frequency: f64,
        /// How narrow it is.
        #[serde(default = "one")]
        q: f64,
    },
    /// Raises or lowers what is below a frequency.
    LowShelf {
        /// In Hz.
        frequency: f64,
        /// In dB.
        gain: f64,
        /// How steep it is.
        #[serde(default = "flattest")]
        q: f64,
    },
    /// Raises or lowers what is above a frequency.
    HighShelf {
        /// In Hz.
        frequency: f64,
        /// In dB.
        gain: f64,
        /// How steep it is.
        #[serde(default = "flattest")]
        q: f64,
    },
    /// Raises or lowers what is around a frequency.
    Peak {
        /// In Hz.
        frequency: f64,
        /// In dB.
        gain: f64,
        /// How narrow it is.
        #[serde(default = "one")]
        q: f64,
    },
    /// Makes what is loud less loud.
    Compressor {
        /// From where on, in dB below full scale.
        threshold: f64,
        /// How many dB above it become one.
        ratio: f64,
        /// How soon, in seconds.
        #[serde(default = "usual_attack")]
        attack: f64,
        /// How soon it is over, in seconds.
        #[serde(default = "usual_release")]
        release: f64,
        /// How wide the bend is, in dB.
        #[serde(default = "usual_knee")]
        knee: f64,
        /// What is added to all, in dB.
        #[serde(default)]
        makeup: f64,
    },
    /// Lets nothing be louder than a level.
    Limiter {
        /// In dB below full scale.
        #[serde(default = "usual_ceiling")]
        ceiling: f64,
        /// How soon it is over, in seconds.
        #[serde(default = "usual_release")]
        release: f64,
        /// How long before it begins, in seconds.
        #[serde(default = "usual_look_ahead")]
        look_ahead: f64,
        /// Whether it counts what lies between samples, too.
        #[serde(default)]
        true_peak: bool,
    },
}

fn flattest() -> f64 {
    std::f64::consts::FRAC_1_SQRT_2
}

fn one() -> f64 {
    1.0
}

fn usual_attack() -> f64 {
    0.01
}

fn usual_release() -> f64 {
    0.1
}

fn usual_knee() -> f64 {
    6.0
}

fn usual_ceiling() -> f64 {
    -1.0
}

fn usual_look_ahead() -> f64 {
    0.005
}

impl SoundEffect {
    /// It as the mixer takes it.
    pub fn made(&self) -> Effect {
        let filter = |kind, frequency, q, gain_db| Effect::Filter(Biquad { kind, frequency, q, gain_db });
        match *self {
            SoundEffect::LowPass { frequency, q } => filter(Kind::LowPass, frequency, q, 0.0),
            SoundEffect::HighPass { frequency, q } => filter(Kind::HighPass, frequency, q, 0.0),
            SoundEffect::BandPass { frequency, q } => filter(Kind::BandPass, frequency, q, 0.0),
            SoundEffect::Notch { frequency, q } => filter(Kind::Notch, frequency, q, 0.0),
            SoundEffect::LowShelf { frequency, gain, q } => filter(Kind::LowShelf, frequency, q, gain),
            SoundEffect::HighShelf { frequency, gain, q } => filter(Kind::HighShelf, frequency, q, gain),
            SoundEffect::Peak { frequency, gain, q } => filter(Kind::Peak, frequency, q, gain),
            SoundEffect::Compressor { threshold, ratio, attack, release, knee, makeup } => {
                Effect::Compressor(Compressor {
                    threshold_db: threshold,
                    ratio,
                    attack_s: attack,
                    release_s: release,
                    knee_db: knee,
                    makeup_db: makeup,
                })
            }
            SoundEffect::Limiter { ceiling, release, look_ahead, true_peak } => Effect::Limiter(Limiter {
                ceiling_db: ceiling,
                release_s: release,
                look_ahead_s: look_ahead,
                true_peak,
            }),
        }
    }
}
