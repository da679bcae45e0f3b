//! Waveforms: the least, the largest and the mean power of samples, for drawing at any scale.

use crate::dispatch::wide;
use crate::{Block, SoundError, Source};

/// The samples of one channel over a few frames. Full scale is 32,767; what is above it is drawn as full scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// The least sample.
    pub min: i16,
    /// The largest sample.
    pub max: i16,
    /// The root of the mean square.
    pub rms: u16,
}

/// A waveform at one scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Frames of a peak; the last one may have fewer.
    pub frames: u64,
    /// Peak after peak, and within it channel after channel.
    pub peaks: Vec<Peak>,
}

/// A waveform at several scales, from fine to coarse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peaks {
    /// The number of channels.
    pub channels: u16,
    /// The length of the sound in frames.
    pub frames: u64,
    /// The scales; each one's peaks are of [`FACTOR`] times as many frames as those before.
    pub levels: Vec<Level>,
}

/// How many peaks of one scale make a peak of the next.
pub const FACTOR: usize = 8;
/// A scale with no more peaks than this is the coarsest.
const COARSEST: usize = 256;

impl Peaks {
    /// The finest scale whose peaks are of at least `frames` frames, or the coarsest: what to draw when a pixel is as wide.
    pub fn level_for(&self, frames: u64) -> Option<&Level> {
        self.levels.iter().find(|level| level.frames >= frames).or(self.levels.last())
    }
}

/// The waveform of `source`, from its next frame to its end, with `frames` frames to a peak of the finest scale.
///
/// # Errors
///
/// No frames to a peak, and those of reading.
pub fn peaks(source: &mut dyn Source, frames: usize) -> Result<Peaks, SoundError> {
    if !(1..=1 << 20).contains(&frames) {
        return Err(SoundError::parameter("the number of frames of a peak", frames, "from 1 to 1,048,576"));
    }
    let channels = source.info().channels;
    // Whole peaks to a block: a read is short at the end alone.
    let mut block = Block::new(channels.into(), frames * 4096usize.div_ceil(frames));
    let mut finest = Vec::new();
    let mut total = 0u64;
    while let count @ 1.. = source.read(&mut block)? {
        total += count as u64;
        for start in (0..count).step_by(frames) {
            let end = count.min(start + frames);
            finest.extend(block.iter().map(|channel| wide(|| peak(&channel[start..end]))));
        }
    }
    let mut levels = vec![Level { frames: frames as u64, peaks: finest }];
    let width = usize::from(channels.max(1));
    while let Some(last) = levels.last().filter(|level| level.peaks.len() > COARSEST * width) {
        let merged = last
            .peaks
            .chunks(FACTOR * width)
            .flat_map(|peaks| (0..width).map(move |channel| merge(peaks, channel, width)));
        let level = Level { frames: last.frames * FACTOR as u64, peaks: merged.collect() };
        levels.push(level);
    }
    Ok(Peaks { channels, frames: total, levels })
}

/// The peak of some samples.
#[inline(always)]
fn peak(samples: &[f32]) -> Peak {
    let (mut min, mut max, mut sum) = ([f32::INFINITY; 8], [f32::NEG_INFINITY; 8], [0f32; 8]);
    let (whole, rest) = samples.as_chunks::<8>();
    let last = rest.iter().enumerate();
    let mut take = |lane: usize, sample: f32| {
        min[lane] = if sample < min[lane] { sample } else { min[lane] };
        max[lane] = if sample > max[lane] { sample } else { max[lane] };
        sum[lane] += sample * sample;
    };
    for samples in whole {
        for (lane, sample) in samples.iter().enumerate() {
            take(lane, *sample);
        }
    }
    last.for_each(|(lane, sample)| take(lane, *sample));
    let mean = sum.iter().sum::<f32>() / samples.len().max(1) as f32;
    let whole = |sample: f32| (sample * 32767.0).round() as i16;
    Peak {
        min: whole(min.iter().copied().fold(f32::INFINITY, f32::min)),
        max: whole(max.iter().copied().fold(f32::NEG_INFINITY, f32::max)),
        rms: (mean.sqrt() * 32767.0).round() as u16,
    }
}

/// One peak for those of `channel` in `peaks`, of `width` channels.
fn merge(peaks: &[Peak], channel: usize, width: usize) -> Peak {
    let own = || peaks.iter().skip(channel).step_by(width);
    let power: f64 = own().map(|peak| f64::from(peak.rms).powi(2)).sum();
    Peak {
        min: own().map(|peak| peak.min).min().unwrap_or(0),
        max: own().map(|peak| peak.max).max().unwrap_or(0),
        rms: (power / own().count().max(1) as f64).sqrt().round() as u16,
    }
}
