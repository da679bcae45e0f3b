//! Time in whole units, so that sums are exact: flicks, frame rates, timecode.

use std::{fmt, ops, str::FromStr};

use serde::{Deserialize, Serialize};

/// A time or a length of time in flicks, of which a second has 705,600,000: a whole number of them is a frame at 24, 25, 30,
/// 48, 50, 60 and 120 frames a second, at the NTSC rates (24,000, 30,000 and 60,000 / 1,001), and a sample at all usual rates
/// of sound. Holds ± 414 years.
///
/// Source: Facebook, "Flicks" (2018).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flicks(pub i64);

impl Flicks {
    /// Flicks in a second.
    pub const SECOND: i64 = 705_600_000;
    /// No time.
    pub const ZERO: Flicks = Flicks(0);
    /// The last moment there is.
    pub const MAX: Flicks = Flicks(i64::MAX);

    /// The nearest time to so many seconds; what is no number or out of range goes to the nearest that is in it.
    pub fn from_seconds(seconds: f64) -> Self {
        Flicks((seconds * Self::SECOND as f64).round() as i64)
    }

    /// In seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / Self::SECOND as f64
    }

    /// The nearest time to `count · numerator / denominator` seconds; none when it is out of range or the denominator is 0.
    pub fn from_ticks(count: i64, numerator: i64, denominator: i64) -> Option<Self> {
        let whole = i128::from(count) * i128::from(numerator) * i128::from(Self::SECOND);
        i64::try_from(divide_rounded(whole, i128::from(denominator))?).ok().map(Flicks)
    }

    /// When a frame, or a sample, begins.
    pub fn from_frame(frame: i64, rate: FrameRate) -> Self {
        Self::from_ticks(frame, rate.denominator.into(), rate.numerator.into()).unwrap_or(Self::MAX)
    }

    /// The frame that is shown at this time, or the sample: the last that has begun.
    pub fn frame(self, rate: FrameRate) -> i64 {
        // Times of frames are rounded to flicks, so that one that begins half a flick later has begun.
        let twice = (2 * i128::from(self.0) + 1) * i128::from(rate.numerator);
        let unit = 2 * i128::from(rate.denominator) * i128::from(Self::SECOND);
        i64::try_from(twice.div_euclid(unit)).unwrap_or(if self.0 < 0 { i64::MIN } else { i64::MAX })
    }

    /// The nearest beginning of a frame.
    pub fn nearest_frame(self, rate: FrameRate) -> i64 {
        let frames = i128::from(self.0) * i128::from(rate.numerator);
        let unit = i128::from(rate.denominator) * i128::from(Self::SECOND);
        let nearest = divide_rounded(frames, unit).unwrap_or(0);
        i64::try_from(nearest).unwrap_or(if self.0 < 0 { i64::MIN } else { i64::MAX })
    }

    /// This many times as long, to the nearest; held at the ends of the range.
    pub fn scaled(self, factor: f64) -> Self {
        Flicks((self.0 as f64 * factor).round() as i64)
    }
}

/// `a / b` to the nearest whole number, halves away from zero; none when `b` is 0.
fn divide_rounded(a: i128, b: i128) -> Option<i128> {
    let (a, b) = if b < 0 { (-a, -b) } else { (a, b) };
    let half = b / 2;
    (b != 0).then(|| if a < 0 { (a - half) / b } else { (a + half) / b })
}

impl ops::Add for Flicks {
    type Output = Flicks;
    /// Held at the ends of the range.
    fn add(self, other: Flicks) -> Flicks {
        Flicks(self.0.saturating_add(other.0))
    }
}

impl ops::Sub for Flicks {
    type Output = Flicks;
    /// Held at the ends of the range.
    fn sub(self, other: Flicks) -> Flicks {
        Flicks(self.0.saturating_sub(other.0))
    }
}

impl ops::Neg for Flicks {
    type Output = Flicks;
    fn neg(self) -> Flicks {
        Flicks(self.0.saturating_neg())
    }
}

impl std::iter::Sum for Flicks {
    fn sum<I: Iterator<Item = Flicks>>(iter: I) -> Flicks {
        iter.fold(Flicks::ZERO, ops::Add::add)
    }
}

/// How many frames, or samples, a second has: a fraction, since those of NTSC are no whole numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct FrameRate {
    numerator: u32,
    denominator: u32,
}

/// A text that is no rate of frames.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no frame rate: write frames a second, as 25, 29.97 or 30000/1001")]
pub struct ParseFrameRateError(String);

impl FrameRate {
    /// What films have.
    pub const FILM: FrameRate = FrameRate { numerator: 24, denominator: 1 };

    /// So many frames in so many seconds; none when either is 0.
    pub fn new(frames: u32, seconds: u32) -> Option<Self> {
        let divisor = greatest_common_divisor(frames, seconds);
        (frames > 0 && seconds > 0)
            .then(|| FrameRate { numerator: frames / divisor, denominator: seconds / divisor })
    }

    /// The rate of so many frames a second; for 23.976, 29.97, 59.94 and the like the one that is meant. None when it is not
    /// above 0 or above a million.
    pub fn from_number(rate: f64) -> Option<Self> {
        if !(rate > 0.0 && rate <= 1e6) {
            return None;
        }
        let nominal = rate.round();
        let ntsc = nominal * 1000.0 / 1001.0;
        if (rate - nominal).abs() < 1e-6 {
            FrameRate::new(nominal as u32, 1)
        } else if nominal >= 1.0 && (rate - ntsc).abs() < 6e-3 {
            FrameRate::new(nominal as u32 * 1000, 1001)
        } else {
            FrameRate::new((rate * 1000.0).round() as u32, 1000)
        }
    }

    /// Frames in [`FrameRate::denominator`] seconds, in lowest terms.
    pub fn numerator(self) -> u32 {
        self.numerator
    }

    /// The seconds.
    pub fn denominator(self) -> u32 {
        self.denominator
    }

    /// Frames a second.
    pub fn number(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// How long a frame is, to the nearest flick.
    pub fn frame(self) -> Flicks {
        Flicks::from_frame(1, self)
    }

    /// Frames that timecode counts as a second.
    fn nominal(self) -> i64 {
        i64::from(self.numerator.div_ceil(self.denominator)).max(1)
    }

    /// How many numbers drop-frame timecode leaves out at each minute but every tenth; none when the rate has no such timecode.
    fn dropped(self) -> Option<i64> {
        (self.denominator == 1001 && self.nominal() % 30 == 0).then(|| self.nominal() / 15)
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(f, "{}", self.numerator),
            denominator => write!(f, "{}/{denominator}", self.numerator),
        }
    }
}

impl FromStr for FrameRate {
    type Err = ParseFrameRateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match text.split_once('/') {
            Some((frames, seconds)) => match (frames.trim().parse(), seconds.trim().parse()) {
                (Ok(frames), Ok(seconds)) => FrameRate::new(frames, seconds),
                _ => None,
            },
            None => text.trim().parse().ok().and_then(FrameRate::from_number),
        };
        parsed.ok_or_else(|| ParseFrameRateError(text.to_owned()))
    }
}

impl From<FrameRate> for String {
    fn from(rate: FrameRate) -> String {
        rate.to_string()
    }
}

impl TryFrom<String> for FrameRate {
    type Error = ParseFrameRateError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// A text that is no timecode at a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no timecode at {rate} frames a second: {problem}")]
pub struct ParseTimecodeError {
    text: String,
    rate: FrameRate,
    problem: &'static str,
}

/// A frame in timecode: `HH:MM:SS:FF`, or, counted as drop-frame, `HH:MM:SS;FF`, where two (at 59.94, four) numbers of frames
/// are left out at each minute but every tenth, so that the code keeps up with the clock.
///
/// Source: SMPTE ST 12-1.
pub fn timecode(frame: i64, rate: FrameRate, drop_frame: bool) -> String {
    let (nominal, dropped) = (rate.nominal(), rate.dropped().filter(|_| drop_frame));
    let sign = if frame < 0 { "-" } else { "" };
    let mut number = frame.unsigned_abs().min(i64::MAX as u64 / 2) as i64;
    if let Some(dropped) = dropped {
        let in_minute = nominal * 60 - dropped;
        let in_ten_minutes = in_minute * 10 + dropped;
        let (tens, rest) = (number / in_ten_minutes, number % in_ten_minutes);
        let minutes = if rest < nominal * 60 { 0 } else { 1 + (rest - nominal * 60) / in_minute };
        number += dropped * (tens * 9 + minutes);
    }
    let (seconds, frames) = (number / nominal, number % nominal);
    let digits = if nominal > 100 { 3 } else { 2 };
    let mark = if dropped.is_some() { ';' } else { ':' };
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{mark}{frames:0digits$}")
}

/// The frame that a timecode names: drop-frame where its last mark is `;` or `,`.
///
/// # Errors
/// It is not written as timecode, its numbers are out of range, or it names a frame that drop-frame leaves out.
pub fn parse_timecode(text: &str, rate: FrameRate) -> Result<i64, ParseTimecodeError> {
    let wrong = |problem| ParseTimecodeError { text: text.to_owned(), rate, problem };
    let (negative, body) = text.trim().strip_prefix('-').map_or((false, text.trim()), |rest| (true, rest));
    let at = body.rfind([':', ';', ',', '.']).ok_or_else(|| wrong("write HH:MM:SS:FF"))?;
    let (clock, rest) = body.split_at(at);
    let drops = rest.starts_with([';', ',']);
    let number = |part: &str| part.parse::<u32>().map(i64::from).map_err(|_| wrong("write HH:MM:SS:FF"));
    let frames = number(&rest[1..])?;
    let parts = clock.split(':').map(number).collect::<Result<Vec<i64>, _>>()?;
    let [hours, minutes, seconds] = parts[..] else { return Err(wrong("write HH:MM:SS:FF")) };
    let nominal = rate.nominal();
    if minutes > 59 || seconds > 59 || frames >= nominal {
        return Err(wrong("minutes and seconds go to 59, frames to one less than the rate"));
    }
    let mut frame = ((hours * 60 + minutes) * 60 + seconds) * nominal + frames;
    if drops {
        let dropped = rate.dropped().ok_or_else(|| wrong("only 29.97 and 59.94 have drop-frame timecode"))?;
        if seconds == 0 && frames < dropped && minutes % 10 != 0 {
            return Err(wrong("drop-frame leaves this frame out"));
        }
        let minutes = hours * 60 + minutes;
        frame -= dropped * (minutes - minutes / 10);
    }
    Ok(if negative { -frame } else { frame })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> FrameRate {
        text.parse().unwrap()
    }

    #[test]
    fn frames_and_samples_of_usual_rates_are_whole_flicks() {
        for text in
            ["24", "25", "30", "48", "50", "60", "120", "23.976", "29.97", "59.94", "44100", "48000", "96000"]
        {
            let rate = rate(text);
            assert_eq!(
                rate.frame().0 * i64::from(rate.numerator()),
                Flicks::SECOND * i64::from(rate.denominator()),
                "{text}"
            );
            for frame in [0, 1, 2, 1000, 1_000_003, -1] {
                let time = Flicks::from_frame(frame, rate);
                assert_eq!(time.frame(rate), frame, "{text}");
                assert_eq!((time - Flicks(1)).frame(rate), frame - 1, "{text}");
                assert_eq!((time + Flicks(1000)).nearest_frame(rate), frame, "{text}");
            }
        }
    }

    #[test]
    fn frames_of_odd_rates_are_found_again() {
        for text in ["7/3", "12.5", "1000/1001", "90000", "999983", "1/7"] {
            let rate = rate(text);
            for frame in [0, 1, 2, 3, 10, 12_345, -7] {
                assert_eq!(Flicks::from_frame(frame, rate).frame(rate), frame, "{text} {frame}");
            }
        }
    }

    #[test]
    fn rates_are_read_as_meant() {
        for (text, shown) in [
            ("25", "25"),
            ("23.976", "24000/1001"),
            ("23.98", "24000/1001"),
            ("29.97", "30000/1001"),
            ("59.94006", "60000/1001"),
            ("12.5", "25/2"),
            ("50/2", "25"),
        ] {
            assert_eq!(rate(text).to_string(), shown);
        }
        for text in ["", "0", "-1", "1/0", "NaN", "inf", "1e9", "x", "4294967296/1"] {
            assert!(text.parse::<FrameRate>().is_err(), "{text}");
        }
    }

    #[test]
    fn timecode_counts_as_smpte_does() {
        for (at, drop, frame, code) in [
            ("25", false, 0, "00:00:00:00"),
            ("25", false, 90_000, "01:00:00:00"),
            ("24", false, -25, "-00:00:01:01"),
            ("29.97", true, 1799, "00:00:59;29"),
            ("29.97", true, 1800, "00:01:00;02"),
            ("29.97", true, 17_981, "00:09:59;29"),
            ("29.97", true, 17_982, "00:10:00;00"),
            ("29.97", true, 107_892, "01:00:00;00"),
            ("59.94", true, 3600, "00:01:00;04"),
            ("59.94", true, 215_784, "01:00:00;00"),
            ("29.97", false, 1800, "00:01:00:00"),
            ("120", false, 119, "00:00:00:119"),
        ] {
            assert_eq!(timecode(frame, rate(at), drop), code);
            assert_eq!(parse_timecode(code, rate(at)), Ok(frame), "{code}");
        }
        for (at, code) in [
            ("29.97", "00:01:00;00"),
            ("25", "00:01:00;10"),
            ("25", "00:00:00:25"),
            ("25", "00:60:00:00"),
            ("25", "12"),
            ("25", ""),
            ("25", "1:2:3:4:5"),
            ("25", "99999999999:00:00:00"),
        ] {
            assert!(parse_timecode(code, rate(at)).is_err(), "{code}");
        }
    }
}
