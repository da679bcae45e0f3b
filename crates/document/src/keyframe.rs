//! Keyframes: a map by key id on each node, sampled into values at a time.

use std::collections::BTreeMap;

use base::Color;
use serde::{Deserialize, Serialize};

use crate::{Key, Value};

/// The property that holds a node's keyframes, of merge rule `map`.
pub const PROPERTY: &str = "keyframes";

/// How a value goes on to the next keyframe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// It jumps at the next keyframe.
    Hold,
    /// It changes evenly.
    #[default]
    Linear,
    /// It starts and ends slowly: a cubic Hermite curve with level ends (smoothstep).
    Smooth,
}

/// The value of one property at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Keyframe {
    /// The property that it sets.
    pub property: Key,
    /// When, in seconds.
    pub time: f64,
    /// The value then.
    pub value: Value,
    /// How the value goes on from there.
    #[serde(default)]
    pub interpolation: Interpolation,
}

/// The time of the last keyframe, in seconds; 0 when there is none.
pub(crate) fn end(frames: &BTreeMap<Key, Value>) -> f64 {
    let times = frames.values().filter_map(|frame| match frame {
        Value::Map(frame) => frame.get("time")?.as_number(),
        _ => None,
    });
    times.fold(0.0, f64::max)
}

/// The value of `property` at `time` if it has keyframes; held before the first and after the last.
pub(crate) fn sample(frames: &BTreeMap<Key, Value>, property: &str, time: f64) -> Option<Value> {
    let mut before: Option<Keyframe> = None;
    let mut after: Option<Keyframe> = None;
    for frame in frames.values().filter(|frame| names(frame, property)) {
        let Ok(frame) = frame.to_typed::<Keyframe>() else { continue };
        if frame.time <= time {
            if before.as_ref().is_none_or(|b| frame.time >= b.time) {
                before = Some(frame);
            }
        } else if after.as_ref().is_none_or(|a| frame.time < a.time) {
            after = Some(frame);
        }
    }
    match (before, after) {
        (Some(before), Some(after)) => {
            let t = (time - before.time) / (after.time - before.time);
            let eased = match before.interpolation {
                Interpolation::Hold => return Some(before.value),
                Interpolation::Linear => t,
                Interpolation::Smooth => t * t * (3.0 - 2.0 * t),
            };
            Some(mix(&before.value, &after.value, eased))
        }
        (one, other) => one.or(other).map(|frame| frame.value),
    }
}

fn names(frame: &Value, property: &str) -> bool {
    matches!(frame, Value::Map(map) if map.get("property").and_then(Value::as_str) == Some(property))
}

/// Numbers, colours and lists of equal length mix; anything else holds.
fn mix(a: &Value, b: &Value, t: f64) -> Value {
    if let (Some(x), Some(y)) = (a.as_number(), b.as_number()) {
        return Value::Number(x + (y - x) * t);
    }
    match (a, b) {
        (Value::List(x), Value::List(y)) if x.len() == y.len() => {
            Value::List(x.iter().zip(y.iter()).map(|(x, y)| mix(x, y, t)).collect())
        }
        (Value::String(x), Value::String(y)) => match (x.parse::<Color>(), y.parse::<Color>()) {
            (Ok(x), Ok(y)) => mix_colors(x, y, t).into(),
            _ => a.clone(),
        },
        _ => a.clone(),
    }
}

fn mix_colors(x: Color, y: Color, t: f64) -> Color {
    let channel = |x: u8, y: u8| (f64::from(x) + (f64::from(y) - f64::from(x)) * t).round() as u8;
    Color { r: channel(x.r, y.r), g: channel(x.g, y.g), b: channel(x.b, y.b), a: channel(x.a, y.a) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_between_and_beyond_keyframes() {
        let frames: BTreeMap<Key, Value> = [
            ("a", serde_json::json!({"property": "x", "time": 1.0, "value": 10, "interpolation": "linear"})),
            ("b", serde_json::json!({"property": "x", "time": 3.0, "value": 20, "interpolation": "hold"})),
            ("c", serde_json::json!({"property": "x", "time": 5.0, "value": 0})),
            ("d", serde_json::json!({"property": "fill", "time": 0.0, "value": "#000000"})),
            ("e", serde_json::json!({"property": "fill", "time": 2.0, "value": "#ff0000"})),
        ]
        .into_iter()
        .map(|(id, frame)| (Key::from(id), Value::from_json(&frame)))
        .collect();
        for (time, expected) in [(0.0, 10.0), (2.0, 15.0), (4.0, 20.0), (9.0, 0.0)] {
            assert_eq!(sample(&frames, "x", time).and_then(|v| v.as_number()), Some(expected), "at {time}");
        }
        assert_eq!(sample(&frames, "fill", 1.0), Some(Color::rgb(128, 0, 0).into()));
        assert_eq!(sample(&frames, "y", 1.0), None);
    }
}
