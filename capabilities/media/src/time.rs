//! Times as people give them in arguments, and as results tell them.

use base::{Flicks, FrameRate, timecode};
use kernel::CommandError;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::kinds;

/// The longest time that an argument may give, in seconds: a little more than three years.
const LONGEST: f64 = 1e8;

/// A point in time, or a length of time.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Time {
    /// In seconds.
    Seconds(f64),
    /// Timecode at the timeline's frame rate, `01:00:00:12` or, as drop-frame, `01:00:00;12`. Or seconds, `12.5s`, or frames of
    /// the timeline, `135f`.
    Text(String),
    /// In frames of the timeline.
    Frame(Frames),
}

/// A whole number of frames.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Frames {
    /// How many there are before it.
    pub frame: i64,
}

/// How a timeline counts its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// Frames a second.
    pub rate: FrameRate,
    /// Samples of sound a second.
    pub samples: FrameRate,
    /// What its timecode says at its beginning.
    pub start: Flicks,
    /// Whether its timecode leaves numbers out.
    pub drop_frame: bool,
}

impl Clock {
    /// That of a timeline.
    pub fn of(timeline: kinds::Timeline<'_>) -> Self {
        let samples = timeline.sample_rate().clamp(8_000, 384_000) as u32;
        Clock {
            rate: timeline.frame_rate().parse().unwrap_or(FrameRate::FILM),
            samples: FrameRate::new(samples, 1).unwrap_or(FrameRate::FILM),
            start: Flicks(timeline.start_time()),
            drop_frame: timeline.drop_frame(),
        }
    }

    /// A point in time of the timeline, 0 at its beginning. Timecode counts from the timeline's start time.
    ///
    /// # Errors
    /// It is not written as a time, or out of range.
    pub fn position(&self, argument: &str, time: &Time) -> Result<Flicks, CommandError> {
        self.read(argument, time, self.start)
    }

    /// A length of time.
    ///
    /// # Errors
    /// It is not written as a time, or out of range.
    pub fn length(&self, argument: &str, time: &Time) -> Result<Flicks, CommandError> {
        self.read(argument, time, Flicks::ZERO)
    }

    fn read(&self, argument: &str, time: &Time, code_start: Flicks) -> Result<Flicks, CommandError> {
        let wrong = |message: String| CommandError::argument(argument, message);
        let seconds = |seconds: f64| match seconds.abs() <= LONGEST {
            true => Ok(Flicks::from_seconds(seconds)),
            false => Err(wrong(format!("a time is at most {LONGEST} s"))),
        };
        let frames = |frames: i64| {
            seconds(frames as f64 / self.rate.number())?;
            Ok(Flicks::from_frame(frames, self.rate))
        };
        match time {
            Time::Seconds(number) => seconds(*number),
            Time::Frame(Frames { frame }) => frames(*frame),
            Time::Text(text) => {
                let text = text.trim();
                let unknown = || wrong(format!("'{text}' is no time: write 12.5s, 135f or 00:00:05:10"));
                if let Some(number) = text.strip_suffix('f') {
                    return frames(number.trim().parse().map_err(|_| unknown())?);
                }
                if !text.contains([':', ';']) {
                    let number = text.strip_suffix('s').unwrap_or(text).trim();
                    return seconds(number.parse().map_err(|_| unknown())?);
                }
                let frame =
                    base::parse_timecode(text, self.rate).map_err(|error| wrong(error.to_string()))?;
                Ok(frames(frame)? - code_start)
            }
        }
    }

    /// The nearest whole frame, or sample, to a time.
    pub fn snapped(&self, time: Flicks, video: bool) -> Flicks {
        let rate = if video { self.rate } else { self.samples };
        Flicks::from_frame(time.nearest_frame(rate), rate)
    }

    /// A point in time as results tell it.
    pub fn told(&self, time: Flicks) -> Json {
        let code = timecode((time + self.start).nearest_frame(self.rate), self.rate, self.drop_frame);
        json!({ "seconds": time.seconds(), "frame": time.frame(self.rate), "timecode": code })
    }

    /// A length of time as results tell it.
    pub fn told_length(&self, time: Flicks) -> Json {
        let code = timecode(time.nearest_frame(self.rate), self.rate, self.drop_frame);
        json!({ "seconds": time.seconds(), "frame": time.frame(self.rate), "timecode": code })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_all_their_forms() {
        let clock = Clock {
            rate: "25".parse().unwrap(),
            samples: "48000".parse().unwrap(),
            start: Flicks(3600 * Flicks::SECOND),
            drop_frame: false,
        };
        let read = |json: Json| clock.position("at", &serde_json::from_value(json).unwrap());
        for (json, seconds) in [
            (json!(2), 2.0),
            (json!(-0.5), -0.5),
            (json!("2.5s"), 2.5),
            (json!("2.5"), 2.5),
            (json!("50f"), 2.0),
            (json!({"frame": 25}), 1.0),
            (json!("01:00:02:05"), 2.2),
        ] {
            assert_eq!(read(json).unwrap(), Flicks::from_seconds(seconds));
        }
        for json in [json!("x"), json!(""), json!("1e300"), json!("NaN"), json!("00:00:00:25"), json!(1e12)] {
            assert!(read(json.clone()).is_err(), "{json}");
        }
        assert_eq!(clock.told(Flicks::from_seconds(1.5))["timecode"], "01:00:01:13");
        assert_eq!(clock.snapped(Flicks::from_seconds(1.01), true), Flicks::from_seconds(1.0));
    }
}
