//! From a source's channels to those of the mix.

use std::f64::consts::FRAC_PI_4;

/// The gain of a channel that goes to two at equal power.
const HALF_POWER: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// What each output channel takes: input channels and their gains, for the centre.
pub(super) fn matrix(from: usize, to: usize) -> Vec<Vec<(usize, f32)>> {
    let h = HALF_POWER;
    match (from, to) {
        (1, 1) => vec![vec![(0, 1.0)]],
        // The panning makes it equal power.
        (1, _) => (0..to).map(|channel| if channel < 2 { vec![(0, 1.0)] } else { Vec::new() }).collect(),
        (2, 1) => vec![vec![(0, 0.5), (1, 0.5)]],
        // ITU-R BS.775: the front, the centre and one surround channel each; the low-frequency effects stay out.
        (6, 2) => vec![vec![(0, 1.0), (2, h), (4, h)], vec![(1, 1.0), (2, h), (5, h)]],
        (6, 1) => vec![vec![(0, h), (1, h), (2, 1.0), (4, 0.5), (5, 0.5)]],
        (_, 1) => vec![(0..from).map(|channel| (channel, 1.0 / from as f32)).collect()],
        _ => (0..to).map(|channel| if channel < from { vec![(channel, 1.0)] } else { Vec::new() }).collect(),
    }
}

/// How a position of the pan changes left and right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Law {
    /// One channel between two: their powers sum to one.
    EqualPower,
    /// Two channels: the further one is turned down.
    Balance,
    /// Nowhere to go.
    None,
}

impl Law {
    /// The law for a source of `from` channels in a mix of `to`.
    pub(super) fn new(from: usize, to: usize) -> Law {
        match (from, to) {
            (_, 0 | 1) => Law::None,
            (1, _) => Law::EqualPower,
            _ => Law::Balance,
        }
    }

    /// The gain of output channel `channel` at `pan`, from −1 to 1.
    pub(super) fn gain(self, channel: usize, pan: f32) -> f32 {
        let pan = pan.clamp(-1.0, 1.0);
        match (self, channel) {
            (Law::EqualPower, 0) => (f64::from(1.0 + pan) * FRAC_PI_4).cos() as f32,
            (Law::EqualPower, 1) => (f64::from(1.0 + pan) * FRAC_PI_4).sin() as f32,
            (Law::Balance, 0) => (1.0 - pan).min(1.0),
            (Law::Balance, 1) => (1.0 + pan).min(1.0),
            // Surround channels stay where they are.
            _ => 1.0,
        }
    }
}
