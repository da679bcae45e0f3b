//! Times of OpenTimelineIO, a number at a rate, and flicks.

use std::fmt;

use base::{Flicks, FrameRate};

use super::{OtioError, json::Json};

/// Where a value is in a file, for messages.
#[derive(Clone, Copy)]
pub struct Path<'a> {
    above: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    /// The file's one value.
    pub const ROOT: Path<'static> = Path { above: None, step: Step::Root };

    /// A value by its name.
    pub fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { above: Some(self), step: Step::Key(key) }
    }

    /// A value by its place.
    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path { above: Some(self), step: Step::Index(index) }
    }

    /// What is wrong there.
    pub fn error(&self, message: impl Into<String>) -> OtioError {
        OtioError::Content { path: self.to_string(), message: message.into() }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(f)?;
        }
        match self.step {
            Step::Root => f.write_str("$"),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// The longest time that is read, either way: 100 years.
const LONGEST: f64 = 100.0 * 366.0 * 86_400.0 * Flicks::SECOND as f64;

/// A time.
///
/// # Errors
/// It is no time, or out of range.
pub fn read(json: &Json, path: &Path<'_>) -> Result<Flicks, OtioError> {
    let number = |key: &str| {
        let value = json.get(key).ok_or_else(|| path.key(key).error("a time has a value and a rate"))?;
        value.as_number().ok_or_else(|| path.key(key).error("a finite number is needed"))
    };
    let (value, rate) = (number("value")?, number("rate")?);
    if value == 0.0 {
        return Ok(Flicks::ZERO);
    }
    if rate <= 0.0 {
        return Err(path.key("rate").error("a rate is above 0"));
    }
    let known = FrameRate::from_number(rate).filter(|known| [1, 1001].contains(&known.denominator()));
    let (frames, seconds) =
        known.map_or((rate, 1.0), |known| (known.numerator().into(), known.denominator().into()));
    let flicks = value * (Flicks::SECOND as f64 * seconds / frames);
    if flicks.abs() > LONGEST || flicks.is_nan() {
        return Err(path.error("times are at most 100 years"));
    }
    let whole = known.filter(|_| value.fract() == 0.0 && value.abs() < 1e15);
    Ok(whole.map_or(Flicks(flicks.round() as i64), |known| Flicks::from_frame(value as i64, known)))
}

/// The rate of a time, if it is one that frames may have.
pub fn frame_rate(json: &Json) -> Option<FrameRate> {
    let rate = json.get("rate")?.as_number()?;
    FrameRate::from_number(rate).filter(|_| (1.0..=1000.0).contains(&rate))
}

/// A time at a rate where that says it exactly, else in flicks.
pub fn write(time: Flicks, rate: f64) -> Json {
    let at = |value: f64, rate: f64| {
        let entries = [
            ("OTIO_SCHEMA", Json::text("RationalTime.1")),
            ("rate", Json::number(rate)),
            ("value", Json::number(value)),
        ];
        Json::object(entries)
    };
    let exact = time.0 as f64 * rate / Flicks::SECOND as f64;
    let nearest = FrameRate::from_number(rate).map(|rate| time.nearest_frame(rate) as f64);
    let candidates = nearest.into_iter().chain([exact]).map(|value| at(value, rate));
    let says = |json: &Json| read(json, &Path::ROOT).is_ok_and(|read| read == time);
    candidates.into_iter().find(says).unwrap_or_else(|| at(time.0 as f64, Flicks::SECOND as f64))
}

/// Sets a time where it says something else, at the rate that it has, else at `rate`.
pub fn patch(json: &mut Json, time: Flicks, rate: f64) {
    if read(json, &Path::ROOT).is_ok_and(|read| read == time) {
        return;
    }
    let own = json.get("rate").and_then(Json::as_number).filter(|own| *own > 0.0);
    let new = write(time, own.unwrap_or(rate));
    match json.get("OTIO_SCHEMA").is_some() {
        true => ["rate", "value"]
            .into_iter()
            .for_each(|key| json.set(key, new.get(key).cloned().unwrap_or(Json::Null))),
        false => *json = new,
    }
}

/// Start and duration of a range; none of `null` or where nothing is.
///
/// # Errors
/// It is no range, or its duration is below 0.
pub fn read_range(json: Option<&Json>, path: &Path<'_>) -> Result<Option<(Flicks, Flicks)>, OtioError> {
    let Some(json) = json.filter(|json| **json != Json::Null) else { return Ok(None) };
    let part = |key: &str| match json.get(key) {
        Some(time) => read(time, &path.key(key)),
        None => Err(path.key(key).error("a range has a start_time and a duration")),
    };
    let (start, duration) = (part("start_time")?, part("duration")?);
    match duration < Flicks::ZERO {
        true => Err(path.key("duration").error("a duration is not below 0")),
        false => Ok(Some((start, duration))),
    }
}

/// Sets a range in an object.
pub fn patch_range(owner: &mut Json, key: &str, (start, duration): (Flicks, Flicks), rate: f64) {
    match owner.get_mut(key).filter(|range| matches!(range, Json::Object(_))) {
        Some(range) => {
            for (key, time) in [("start_time", start), ("duration", duration)] {
                match range.get_mut(key) {
                    Some(own) => patch(own, time, rate),
                    None => range.set(key, write(time, rate)),
                }
            }
        }
        None => owner.set(key, range(start, duration, rate)),
    }
}

/// A range.
pub fn range(start: Flicks, duration: Flicks, rate: f64) -> Json {
    let entries = [
        ("OTIO_SCHEMA", Json::text("TimeRange.1")),
        ("duration", write(duration, rate)),
        ("start_time", write(start, rate)),
    ];
    Json::object(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for rate in [24.0, 25.0, 30_000.0 / 1001.0, 23.976, 48_000.0, 12.5, 7.0 / 3.0, 90_000.0, 0.001] {
            for flicks in [0, 1, -1, 29_400_000, 28_224_000, 1_234_567_891_011, 3_600 * Flicks::SECOND, -705]
            {
                let json = write(Flicks(flicks), rate);
                assert_eq!(read(&json, &Path::ROOT).unwrap(), Flicks(flicks), "{json}");
            }
        }
        let json = write(Flicks::from_frame(30, FrameRate::new(30_000, 1001).unwrap()), 29.97);
        assert_eq!(json.get("value"), Some(&Json::Number("30.0".into())));
    }
}
