//! Where the samples of a stream are, from its packets alone.

use base::{Flicks, FrameRate};
use ffmpeg_next::ffi as ff;

use crate::scan::Entry;

/// From here on a difference between when samples are due and when they come is a gap, or an overlap: in seconds.
pub const GAP: f64 = 0.04;

/// The samples of a stream.
#[derive(Clone, Debug)]
pub struct SoundTable {
    /// The packets in the order of the file.
    pub packets: Vec<Entry>,
    /// Samples a second.
    pub rate: u32,
    /// The sample that each packet begins with, where 0 is the first that is decoded, before any are left out.
    pub begins: Vec<i64>,
    /// How many are left out at the beginning.
    pub skip: u32,
    /// How many there are, without those that are left out.
    pub samples: u64,
    /// The unit of time in seconds.
    unit: (i64, i64),
}

/// What a codec decodes first, and nobody is to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priming {
    /// So many samples.
    Samples(u32),
    /// What the first packet seems to hold: nothing comes of it but what the second one needs.
    Packet,
}

impl SoundTable {
    /// Of the packets of a stream; none when there are none. Unless the packets say what is left out at the beginning,
    /// that is `priming`.
    pub fn new(packets: Vec<Entry>, unit: ff::AVRational, rate: u32, priming: Priming) -> Option<Self> {
        let first = packets.first()?.time().unwrap_or(0);
        let unit = (i64::from(unit.num), i64::from(unit.den));
        let samples = |ticks: i64| in_samples(ticks, unit, rate);
        let tolerance = (GAP * f64::from(rate)) as i64;
        let mut begins = Vec::with_capacity(packets.len());
        let (mut next, mut end, mut padding) = (0, 0, 0);
        for packet in &packets {
            let due = packet.time().map_or(next, |time| samples(time.saturating_sub(first)));
            // Times of many formats are rounded: where packets say how many samples they hold, those are counted.
            let counted = packet.samples > 0 && (due - next).abs() <= tolerance;
            let begin = if counted { next } else { due };
            begins.push(begin);
            next = begin + if packet.samples > 0 { packet.samples.into() } else { samples(packet.duration) };
            if !packet.hidden {
                // Where packets are known by their duration, that is without what is left out.
                (end, padding) = (next, if packet.samples > 0 { packet.skip.1 } else { 0 });
            }
        }
        let priming = match priming {
            Priming::Samples(samples) => samples,
            Priming::Packet => begins.get(1).and_then(|begin| u32::try_from(*begin).ok()).unwrap_or(0),
        };
        let skip = packets.first().map(|packet| packet.skip.0).filter(|skip| *skip > 0).unwrap_or(priming);
        let samples = end.saturating_sub(i64::from(skip) + i64::from(padding)).max(0) as u64;
        Some(SoundTable { packets, rate, begins, skip, samples, unit })
    }

    /// When the first sample is heard, in the stream's own time.
    pub fn start(&self) -> Flicks {
        let first = self.packets.first().and_then(Entry::time).unwrap_or(0);
        let start = Flicks::from_ticks(first, self.unit.0, self.unit.1).unwrap_or(Flicks::ZERO);
        start + self.long(u64::from(self.skip))
    }

    /// How long it is.
    pub fn duration(&self) -> Flicks {
        self.long(self.samples)
    }

    /// How long so many samples are.
    fn long(&self, samples: u64) -> Flicks {
        let rate = FrameRate::new(self.rate, 1).unwrap_or(FrameRate::FILM);
        Flicks::from_frame(i64::try_from(samples).unwrap_or(i64::MAX), rate)
    }

    /// The packet to begin to decode with, so that what follows this sample is as in a decode from the beginning.
    pub fn packet_before(&self, sample: i64, preroll: i64) -> usize {
        self.begins.partition_point(|begin| *begin <= sample - preroll).saturating_sub(1)
    }
}

/// Ticks of a clock in samples, to the nearest.
fn in_samples(ticks: i64, unit: (i64, i64), rate: u32) -> i64 {
    let samples = i128::from(ticks) * i128::from(unit.0) * i128::from(rate) * 2;
    let denominator = i128::from(unit.1.max(1));
    i64::try_from((samples + denominator).div_euclid(2 * denominator)).unwrap_or(0)
}
