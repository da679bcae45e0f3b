//! The loudest sample of each frame, and between the frames.

use crate::Block;
use crate::dispatch::wide;

/// Writes the largest magnitude over the channels for each frame of `block`.
pub(super) fn of_frames(block: &Block, peaks: &mut Vec<f32>) {
    peaks.clear();
    peaks.resize(block.frames(), 0.0);
    for channel in block.iter() {
        peaks.iter_mut().zip(channel).for_each(|(peak, sample)| *peak = peak.max(sample.abs()));
    }
}

/// Multiplies each frame of `block` by its gain.
pub(super) fn scale(block: &mut Block, gains: &[f32]) {
    for channel in block.channels_mut() {
        wide(|| channel.iter_mut().zip(gains).for_each(|(sample, gain)| *sample *= gain));
    }
}

/// Taps of each phase of the interpolation filter.
const TAPS: usize = 12;
/// The first half of the four-fold interpolation filter of ITU-R BS.1770-4, annex 2; the other half mirrors it.
const PHASES: [[f32; TAPS]; 2] = [
    [
        0.001_708_984_4,
        0.010_986_328,
        -0.019_653_32,
        0.033_203_125,
        -0.059_448_242,
        0.137_329_1,
        0.972_167_97,
        -0.102_294_92,
        0.047_607_422,
        -0.026_611_328,
        0.014_892_578,
        -0.008_300_781,
    ],
    [
        -0.029_174_805,
        0.029_296_875,
        -0.051_757_813,
        0.089_111_33,
        -0.166_503_9,
        0.465_087_9,
        0.779_785_16,
        -0.200_317_38,
        0.101_562_5,
        -0.058_227_54,
        0.033_081_055,
        -0.018_920_898,
    ],
];

/// Peaks between the frames, by four-fold interpolation (ITU-R BS.1770-4, annex 2).
pub(super) struct TruePeak {
    history: Vec<[f32; 2 * TAPS]>,
    at: usize,
}

impl TruePeak {
    /// Frames by which a peak is reported late.
    pub(super) const DELAY: usize = TAPS / 2;

    pub(super) fn new(channels: usize) -> TruePeak {
        TruePeak { history: vec![[0.0; 2 * TAPS]; channels], at: 0 }
    }

    /// Writes the largest magnitude over the channels around each frame of `block`, late by [`TruePeak::DELAY`].
    pub(super) fn of_frames(&mut self, block: &Block, peaks: &mut Vec<f32>) {
        peaks.clear();
        peaks.resize(block.frames(), 0.0);
        let mut at = self.at;
        for (channel, history) in block.iter().zip(&mut self.history) {
            at = self.at;
            for (sample, peak) in channel.iter().zip(peaks.iter_mut()) {
                history[at] = *sample;
                history[at + TAPS] = *sample;
                at = (at + 1) % TAPS;
                // From the oldest sample to the newest.
                let window = &history[at..at + TAPS];
                for phase in &PHASES {
                    let forward: f32 = phase.iter().zip(window).map(|(tap, sample)| tap * sample).sum();
                    let mirrored: f32 =
                        phase.iter().rev().zip(window).map(|(tap, sample)| tap * sample).sum();
                    *peak = peak.max(forward.abs()).max(mirrored.abs());
                }
                *peak = peak.max(window[TAPS / 2].abs()).max(window[TAPS / 2 - 1].abs());
            }
        }
        self.at = at;
    }
}
