//! When the pictures of a stream are shown, from its packets alone.

use base::{Flicks, FrameRate};
use ffmpeg_next::ffi as ff;

use crate::{av::NO_TIME, scan::Entry};

/// A picture of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// The number of its packet, in the order of the file.
    pub packet: usize,
    /// When it is shown, in units of the stream.
    pub time: i64,
}

/// The pictures of a stream in the order in which they are shown.
#[derive(Clone, Debug)]
pub struct Table {
    /// The packets in the order of the file.
    pub packets: Vec<Entry>,
    /// The pictures in the order in which they are shown.
    pub shown: Vec<Shown>,
    /// Whether packets say when they are shown. Otherwise pictures are known by counting them from the first.
    pub timed: bool,
    /// The unit of time in seconds.
    pub unit: (i64, i64),
    numbers: Vec<Option<usize>>,
}

/// How often pictures come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Frames a second, on the average.
    pub rate: FrameRate,
    /// Whether they are not equally long.
    pub variable: bool,
}

impl Table {
    /// Of the packets of a stream. Where not all say when they are shown, `reordered` says whether pictures may be shown in
    /// another order than that of the packets.
    pub fn new(packets: Vec<Entry>, unit: ff::AVRational, reordered: bool) -> Self {
        // Packets without any time are parts of pictures.
        let is_timed = |packet: &Entry| packet.pts != NO_TIME || packet.dts == NO_TIME;
        // A file that was cut begins with some that do not say it.
        let mut said = packets.iter().skip_while(|packet| packet.pts == NO_TIME).peekable();
        let some = said.peek().is_some() && said.all(is_timed);
        let seen = packets.iter().enumerate().filter(|(_, packet)| !packet.hidden);
        let mut shown: Vec<Shown> = if some {
            let timed = seen.filter(|(_, packet)| packet.pts != NO_TIME);
            timed.map(|(packet, entry)| Shown { packet, time: entry.pts }).collect()
        } else {
            let mut next = 0;
            let counted = seen.map(|(packet, entry)| {
                let time = if entry.dts == NO_TIME { next } else { entry.dts };
                next = time + entry.duration.max(1);
                Shown { packet, time }
            });
            counted.collect()
        };
        shown.sort_by_key(|shown| (shown.time, shown.packet));
        let unit = (i64::from(unit.num), i64::from(unit.den));
        let mut table = Table { packets, shown, timed: some || !reordered, unit, numbers: Vec::new() };
        table.number();
        table
    }

    fn number(&mut self) {
        self.numbers = vec![None; self.packets.len()];
        for (number, shown) in self.shown.iter().enumerate() {
            if let Some(of_packet) = self.numbers.get_mut(shown.packet) {
                *of_packet = Some(number);
            }
        }
    }

    /// Which picture a packet is; none when it is not shown.
    pub fn number_of(&self, packet: usize) -> Option<usize> {
        self.numbers.get(packet).copied().flatten()
    }

    /// Whether pictures may come first that cannot be decoded, since decoding begins later.
    pub fn begins_late(&self) -> bool {
        let Some(first) = self.packets.first() else { return false };
        !first.key || (self.timed && self.number_of(0).is_some_and(|number| number > 0))
    }

    /// Leaves out all pictures before this one: they are never decoded.
    pub fn begin_at(&mut self, number: usize) {
        self.shown.drain(..number.min(self.shown.len()));
        self.number();
    }

    /// The packets that decoding can begin with, to show a picture: the last comes first, and then ever earlier ones.
    pub fn keys(&self, number: usize) -> impl Iterator<Item = usize> + '_ {
        let target = self.shown.get(number).copied();
        let until = target.filter(|_| self.timed).map_or(0, |target| target.packet + 1);
        let before = self.packets.iter().enumerate().take(until).rev();
        let keys = before.filter(move |(packet, entry)| {
            // Pictures that follow a key packet in the file but are shown before it may need what is before it.
            let early = self.number_of(*packet).is_none_or(|key| key <= number);
            entry.key && early && *packet > 0
        });
        keys.map(|(packet, _)| packet).chain([0])
    }

    /// A time of the stream in flicks.
    pub fn flicks(&self, time: i64) -> Flicks {
        Flicks::from_ticks(time, self.unit.0, self.unit.1).unwrap_or(Flicks::ZERO)
    }

    /// When the first picture is shown, in units of the stream.
    pub fn start(&self) -> Option<i64> {
        self.shown.first().map(|shown| shown.time)
    }

    /// When the last picture ends, in units of the stream.
    pub fn end(&self) -> Option<i64> {
        let last = self.shown.last()?;
        let said = self.packets.get(last.packet).map_or(0, |packet| packet.duration);
        let usual = || {
            let (count, start) = (self.shown.len() as i64, self.start().unwrap_or(last.time));
            if count > 1 { (last.time - start) / (count - 1) } else { 0 }
        };
        Some(last.time.saturating_add(if said > 0 { said } else { usual() }))
    }

    /// How often pictures come: at the first of the rates proposed that all times agree with, but for their rounding.
    pub fn rate(&self, proposed: &[ff::AVRational]) -> Rate {
        let one_a_second = FrameRate::from_number(1.0).unwrap_or(FrameRate::FILM);
        let (Some(start), Some(end), Some(last)) = (self.start(), self.end(), self.shown.last()) else {
            return Rate { rate: one_a_second, variable: false };
        };
        let steps = self.shown.len() as i64 - 1;
        let seconds = |ticks: i64| ticks as f64 * self.unit.0 as f64 / self.unit.1.max(1) as f64;
        let proposed = proposed
            .iter()
            .filter_map(|rate| FrameRate::new(u32::try_from(rate.num).ok()?, u32::try_from(rate.den).ok()?));
        let measured = FrameRate::from_number(if steps > 0 {
            steps as f64 / seconds(last.time - start)
        } else {
            1.0 / seconds(end - start)
        });
        let usable = |rate: &FrameRate| rate.number() <= 1000.0 || steps == 0;
        let candidates: Vec<FrameRate> = proposed.filter(usable).chain(measured).collect();
        let fits = |rate: &&FrameRate| {
            let tick = f64::from(rate.numerator()) / f64::from(rate.denominator());
            self.shown.iter().enumerate().all(|(number, shown)| {
                let off = seconds(shown.time - start) * tick - number as f64;
                (off / tick).abs() <= 1.001 * seconds(1)
            })
        };
        match candidates.iter().find(fits) {
            Some(rate) => Rate { rate: *rate, variable: false },
            None => {
                let average = FrameRate::from_number((steps + 1) as f64 / seconds(end - start));
                Rate { rate: average.or(measured).unwrap_or(one_a_second), variable: true }
            }
        }
    }
}
