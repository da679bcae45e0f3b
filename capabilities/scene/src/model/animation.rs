//! Movements: what changes over time, and what it is at a time.

use std::sync::Arc;

use glam::DQuat;

/// Changes of several nodes that belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Animation {
    /// Its name; may be empty.
    pub name: String,
    /// What changes.
    pub channels: Vec<Channel>,
}

/// How one part of a node changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// The number of the node.
    pub node: usize,
    /// Which part.
    pub path: Path,
    /// What it is over time.
    pub sampler: Arc<Sampler>,
}

/// A part of a node that can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// How far it is moved: x, y, z.
    Translation,
    /// How it is turned: a quaternion, x, y, z, w.
    Rotation,
    /// How it is scaled: x, y, z.
    Scale,
    /// How much each morph target of its mesh counts.
    Weights,
}

/// What lies between two key frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// The first one.
    Step,
    /// The straight way; of rotations, the shortest turn.
    #[default]
    Linear,
    /// A cubic curve with given tangents.
    Cubic,
}

/// Key frames: a list of numbers for each of several times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampler {
    /// What lies between.
    pub interpolation: Interpolation,
    /// How many numbers there are at a time; above 0.
    pub width: usize,
    /// In seconds, ascending.
    pub times: Vec<f32>,
    /// The numbers of each time; for cubic curves the tangent before, the numbers and the tangent after.
    pub values: Vec<f32>,
}

impl Sampler {
    /// How many numbers belong to each time.
    pub fn stride(&self) -> usize {
        match self.interpolation {
            Interpolation::Cubic => self.width * 3,
            Interpolation::Step | Interpolation::Linear => self.width,
        }
    }

    /// Whether there is at least one time, and the numbers are as many as the times ask for.
    pub fn is_whole(&self) -> bool {
        self.width > 0 && !self.times.is_empty() && self.values.len() == self.times.len() * self.stride()
    }

    /// The numbers at a time, in seconds: as glTF 2.0, appendix C, interpolates them, in double precision. Before the first
    /// time and after the last they stay. Empty when the sampler is not whole.
    pub fn at(&self, time: f64, path: Path) -> Vec<f64> {
        if !self.is_whole() {
            return Vec::new();
        }
        let next = self.times.partition_point(|key| f64::from(*key) <= time);
        let (before, after) = (next.max(1) - 1, next.min(self.times.len() - 1));
        let first = self.part(before, 1);
        if before == after || next == 0 || self.interpolation == Interpolation::Step {
            return first;
        }
        let [start, end] = [before, after].map(|key| f64::from(self.times[key]));
        let (span, last) = (end - start, self.part(after, 1));
        let t = (time - start) / span;
        match (self.interpolation, path) {
            (Interpolation::Cubic, _) => {
                let (leaving, arriving) = (self.part(before, 2), self.part(after, 0));
                let (t2, t3) = (t * t, t * t * t);
                let mut out: Vec<f64> = (0..self.width)
                    .map(|i| {
                        (2.0 * t3 - 3.0 * t2 + 1.0) * first[i]
                            + span * (t3 - 2.0 * t2 + t) * leaving[i]
                            + (3.0 * t2 - 2.0 * t3) * last[i]
                            + span * (t3 - t2) * arriving[i]
                    })
                    .collect();
                if path == Path::Rotation {
                    let length = out.iter().map(|x| x * x).sum::<f64>().sqrt();
                    out.iter_mut().for_each(|x| *x /= if length > 0.0 { length } else { 1.0 });
                }
                out
            }
            (_, Path::Rotation) if self.width == 4 => {
                let quaternion = |q: &[f64]| DQuat::from_xyzw(q[0], q[1], q[2], q[3]).normalize();
                quaternion(&first).slerp(quaternion(&last), t).to_array().to_vec()
            }
            _ => first.iter().zip(&last).map(|(a, b)| a + (b - a) * t).collect(),
        }
    }

    /// A part of a key frame: of a cubic curve the tangent before it, itself, or the tangent after it.
    fn part(&self, key: usize, part: usize) -> Vec<f64> {
        let skipped = if self.interpolation == Interpolation::Cubic { part * self.width } else { 0 };
        let start = key * self.stride() + skipped;
        self.values[start..start + self.width].iter().map(|x| f64::from(*x)).collect()
    }

    /// The time of the last key frame, in seconds.
    pub fn end(&self) -> f64 {
        self.times.last().map_or(0.0, |time| f64::from(*time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_between_key_frames_are_those_of_the_specification() {
        let sampler = |interpolation, width, values: &[f32]| Sampler {
            interpolation,
            width,
            times: vec![1.0, 3.0],
            values: values.to_vec(),
        };
        let half = 0.5f32.sqrt();
        let turn = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, half, half];
        // The same turn, the other way round about four dimensions.
        let long = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -half, -half];
        let eighth = std::f64::consts::FRAC_PI_8;
        let quarter = [0.0, 0.0, eighth.sin(), eighth.cos()];
        let cubic = [0.0, 1.0, 2.0, 4.0, 5.0, 0.0];
        let cases: [(Sampler, Path, f64, &[f64]); 9] = [
            (sampler(Interpolation::Linear, 1, &[1.0, 5.0]), Path::Weights, 0.0, &[1.0]),
            (sampler(Interpolation::Linear, 1, &[1.0, 5.0]), Path::Weights, 1.5, &[2.0]),
            (sampler(Interpolation::Linear, 1, &[1.0, 5.0]), Path::Weights, 9.0, &[5.0]),
            (sampler(Interpolation::Step, 1, &[1.0, 5.0]), Path::Weights, 2.9, &[1.0]),
            (sampler(Interpolation::Step, 1, &[1.0, 5.0]), Path::Weights, 3.0, &[5.0]),
            (sampler(Interpolation::Linear, 4, &turn), Path::Rotation, 2.0, &quarter),
            (sampler(Interpolation::Linear, 4, &long), Path::Rotation, 2.0, &quarter),
            // 0.5 · 1 + 2 · 0.125 · 2 + 0.5 · 5 − 2 · 0.125 · 4
            (sampler(Interpolation::Cubic, 1, &cubic), Path::Scale, 2.0, &[2.5]),
            (sampler(Interpolation::Cubic, 1, &cubic[..5]), Path::Scale, 2.0, &[]),
        ];
        for (sampler, path, time, expected) in cases {
            let found = sampler.at(time, path);
            assert_eq!(found.len(), expected.len(), "{sampler:?} at {time}");
            let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
            assert!(near, "{sampler:?} at {time}: {found:?}");
        }
    }
}
