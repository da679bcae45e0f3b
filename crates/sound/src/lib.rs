//! Sound: samples in memory, from the bytes of a file to the bytes of a mix.
//!
//! Owns decoding ([`open`]), resampling ([`resample`], [`varispeed`]), effects, mixing ([`render`]), loudness, waveforms
//! and WAV. Samples are planar `f32`, full scale is ±1.0, and a frame is one sample of every channel. Every function is
//! pure and gives the same samples whatever the number of threads. It never reads or writes files, never knows documents
//! or timelines, and encodes no compressed format.

mod block;
mod decode;
mod dispatch;
pub mod effects;
mod envelope;
mod error;
pub mod loudness;
mod mix;
pub mod peaks;
pub mod resample;
pub mod varispeed;
pub mod wav;

pub use block::Block;
pub use bytes::Bytes;
pub use decode::{Info, Source, open, probe, recognise};
pub use envelope::{Envelope, Key};
pub use error::SoundError;
pub use mix::{Chain, Clip, ClipReport, Effect, Fade, FadeShape, Mix, OpenSource, Report, Track, render};

/// The linear factor of `db` decibels: 0 dB is 1.
pub fn gain_from_db(db: f64) -> f64 {
    10f64.powf(db / 20.0)
}

/// The level of the linear factor `gain` in decibels; −∞ for zero.
pub fn db_from_gain(gain: f64) -> f64 {
    20.0 * gain.abs().log10()
}
