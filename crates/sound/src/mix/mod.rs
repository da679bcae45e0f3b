//! Mixing: clips on tracks, effects, and their sum.

mod chain;
mod clip;
mod pan;
mod render;
mod shared;
mod track;

use std::sync::Arc;

use crate::effects::{Biquad, Compressor, Limiter};
use crate::{Envelope, SoundError, Source};

pub use render::render;

/// Opens a fresh reader of a clip's source; called from any thread, once for each clip that sounds, or twice.
pub type OpenSource = Arc<dyn Fn() -> Result<Box<dyn Source>, SoundError> + Send + Sync>;

/// What is to be rendered.
#[derive(Clone)]
pub struct Mix {
    /// Frames per second.
    pub rate: u32,
    /// The number of channels, from 1 to 64: mono, stereo, or 5.1 in the order of WAV (L R C LFE Ls Rs).
    pub channels: u16,
    /// The length.
    pub frames: u64,
    /// The tracks, which are summed.
    pub tracks: Vec<Track>,
    /// What the sum goes through.
    pub master: Chain,
}

/// Effects in their order, then a gain.
#[derive(Clone, Default)]
pub struct Chain {
    /// The effects, first to last.
    pub effects: Vec<Effect>,
    /// The linear gain after the effects, over output frames.
    pub gain: Envelope,
}

/// An effect of a [`Chain`]. What an effect delays is taken off again: the output keeps its time.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A filter of second order.
    Filter(Biquad),
    /// A compressor.
    Compressor(Compressor),
    /// A limiter with look-ahead.
    Limiter(Limiter),
    /// A linear gain, over output frames.
    Gain(Envelope),
}

/// Clips that share gain, pan and effects.
#[derive(Clone)]
pub struct Track {
    /// The clips; where they overlap, they are summed.
    pub clips: Vec<Clip>,
    /// The linear gain over output frames, before the chain.
    pub gain: Envelope,
    /// The balance over output frames, from −1 (left alone) through 0 to 1 (right alone); nothing in mono.
    pub pan: Envelope,
    /// Effects and a gain after them.
    pub chain: Chain,
}

/// A stretch of a source on a track.
#[derive(Clone)]
pub struct Clip {
    /// Opens the source.
    pub source: OpenSource,
    /// The first output frame.
    pub start: u64,
    /// The number of output frames; past the end of the source there is silence.
    pub frames: u64,
    /// Seconds into the source of the clip's first frame. One that lies within a thousandth of a source frame is that frame.
    pub offset: f64,
    /// How fast the source plays, and its pitch with it: 1 is its own speed; below 0 it plays backwards from the offset.
    pub speed: f64,
    /// The linear gain, over frames of the clip.
    pub gain: Envelope,
    /// How it comes in.
    pub fade_in: Option<Fade>,
    /// How it goes out.
    pub fade_out: Option<Fade>,
    /// From −1 (left) to 1 (right), over frames of the clip. Mono sources are panned at equal power (−3 dB in the centre),
    /// all others are balanced (0 dB in the centre); nothing in mono.
    pub pan: Envelope,
}

/// A fade over the first or last frames of a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fade {
    /// Its length.
    pub frames: u64,
    /// Its curve.
    pub shape: FadeShape,
}

/// The curve of a fade, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FadeShape {
    /// A straight line: crossfades of the same sound keep their level.
    Linear,
    /// A quarter of a sine: crossfades of different sounds keep their power.
    EqualPower,
    /// A straight line in decibels from −60 dB.
    Exponential,
    /// Half a cosine, without a corner at either end.
    SCurve,
}

impl FadeShape {
    /// The gain at `t` of the way in, from 0 to 1.
    pub fn gain(self, t: f64) -> f64 {
        use std::f64::consts::{FRAC_PI_2, PI};
        match self {
            FadeShape::Linear => t,
            FadeShape::EqualPower => (t * FRAC_PI_2).sin(),
            FadeShape::Exponential => (1000f64.powf(t) - 1.0) / 999.0,
            FadeShape::SCurve => 0.5 - 0.5 * (t * PI).cos(),
        }
    }
}

impl Default for Track {
    /// An empty track at unity.
    fn default() -> Track {
        Track {
            clips: Vec::new(),
            gain: Envelope::default(),
            pan: Envelope::constant(0.0),
            chain: Chain::default(),
        }
    }
}

impl Clip {
    /// `frames` output frames of `source` from `start` on, from the source's beginning, at its own speed and level.
    pub fn new(source: OpenSource, start: u64, frames: u64) -> Clip {
        Clip {
            source,
            start,
            frames,
            offset: 0.0,
            speed: 1.0,
            gain: Envelope::default(),
            fade_in: None,
            fade_out: None,
            pan: Envelope::constant(0.0),
        }
    }
}

/// What a rendering found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The clips with damage.
    pub damaged: Vec<ClipReport>,
    /// The largest magnitude of an output sample; above 1 is clipped by formats of whole numbers.
    pub peak: f32,
}

/// Damage in a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClipReport {
    /// The track's index in the mix.
    pub track: usize,
    /// The clip's index in the track.
    pub clip: usize,
    /// Source frames that are silent because the file is damaged.
    pub frames: u64,
}
