//! The weights of a blur along one direction.

use crate::{Depth, blur::Edge, weights::Weights};

/// How exact the weights are.
struct Quality {
    /// Where the Gaussian is cut off, in standard deviations.
    reach: f64,
    /// The deviation of each half of a wide Gaussian, in steps of the lattice.
    deviation: f64,
}

impl Quality {
    /// Errors below a quarter of an eight-bit step.
    const BYTES: Quality = Quality { reach: 3.6, deviation: 1.0 };
    /// Errors around 1e-5.
    const FLOATS: Quality = Quality { reach: 4.9, deviation: 1.2 };
}

/// What happens along one direction: samples are gathered onto a lattice, then spread over the output.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Inputs → lattice, or → outputs where there is no lattice.
    pub gather: Weights,
    /// Lattice → outputs; `None` where the lattice is the output.
    pub spread: Option<Weights>,
}

impl Axis {
    /// The weights that blur `length` samples, of which there is at least one, with deviation `sigma`, exact enough for the
    /// depth.
    pub fn new(sigma: f32, length: usize, edge: Edge, depth: Depth) -> Self {
        let quality = match depth {
            Depth::U8 => &Quality::BYTES,
            Depth::F32 => &Quality::FLOATS,
        };
        let sigma = if sigma > 0.0 { f64::from(sigma).min(MAX_SIGMA) } else { 0.0 };
        let half = sigma * std::f64::consts::FRAC_1_SQRT_2;
        let step = half / quality.deviation;
        if step < MIN_STEP {
            let centres = (0..length).map(|centre| centre as f64);
            return Axis { gather: gather(centres, sigma, length, edge, quality), spread: None };
        }
        // The lattice reaches as far beyond the picture as it still matters inside.
        let reach = quality.deviation * quality.reach;
        let margin = reach.ceil();
        let count = ((length - 1) as f64 / step + 2.0 * margin).ceil() as usize + 1;
        let centres = (0..count).map(|k| (k as f64 - margin) * step);
        let mut spread = Weights::default();
        for position in (0..length).map(|sample| sample as f64 / step + margin) {
            let nearby = (position - reach).ceil() as usize..=(position + reach) as usize;
            let weight = |k: usize| bell((k as f64 - position) / quality.deviation);
            let total: f64 = nearby.clone().map(weight).sum();
            spread.push(*nearby.start(), nearby.map(|k| weight(k) / total));
        }
        Axis { gather: gather(centres, half, length, edge, quality), spread: Some(spread) }
    }

    /// How many samples there are between gathering and spreading.
    pub(super) fn lattice(&self) -> usize {
        self.gather.len()
    }
}

/// The narrowest lattice that is cheaper than summing directly, in pixels.
const MIN_STEP: f64 = 2.0;

/// Wider Gaussians count as this wide: across a picture they are all but flat.
const MAX_SIGMA: f64 = 65_536.0;

/// Gaussian weights of deviation `sigma` around each of `centres`, over samples 0 to `length`.
fn gather(
    centres: impl Iterator<Item = f64>,
    sigma: f64,
    length: usize,
    edge: Edge,
    quality: &Quality,
) -> Weights {
    let reach = sigma * quality.reach;
    let last = length as i64 - 1;
    let mut gathered = Weights::default();
    let mut weights = Vec::new();
    for centre in centres {
        let nearby = (centre - reach).ceil() as i64..=(centre + reach) as i64;
        let first = (*nearby.start()).clamp(0, last);
        weights.clear();
        weights.resize(((*nearby.end()).clamp(0, last) - first) as usize + 1, 0.0);
        let mut total = 0.0;
        for sample in nearby {
            let weight = if sigma > 0.0 { bell((sample as f64 - centre) / sigma) } else { 1.0 };
            total += weight;
            if edge == Edge::Clamp || (0..=last).contains(&sample) {
                weights[(sample.clamp(0, last) - first) as usize] += weight;
            }
        }
        gathered.push(first as usize, weights.iter().map(|weight| weight / total));
    }
    gathered
}

/// The Gaussian of deviation 1, up to a factor.
fn bell(distance: f64) -> f64 {
    (-0.5 * distance * distance).exp()
}
