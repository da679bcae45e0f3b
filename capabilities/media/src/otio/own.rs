//! What OpenTimelineIO has no words for: kept in an object's metadata under `metabuilder`, by the names of our properties.

use std::{collections::BTreeMap, sync::LazyLock};

use document::{Key, Value, keyframe};
use schema::{Kind, Manifest};

use super::json::Json;

/// The name in the metadata.
const NAME: &str = "metabuilder";

/// How deep values may nest.
const DEEPEST: usize = 64;

/// Properties that are set to something other than their defaults. Keyframes are among them, as a map.
pub type Properties = BTreeMap<Key, Value>;

static KINDS: LazyLock<BTreeMap<String, Kind>> = LazyLock::new(|| {
    let manifest = Manifest::parse("capability.json", include_str!("../../capability.json"));
    let kinds = manifest.map(|manifest| manifest.kinds).unwrap_or_default();
    kinds.into_iter().map(|kind| (kind.id.clone(), kind)).collect()
});

/// A property's value in its stored form; none when it does not fit the declaration, or is the default.
pub fn checked(kind: &str, name: &str, value: &Value) -> Option<Value> {
    fitting(kind, name, value).flatten()
}

/// The same, as none within where it is the default.
fn fitting(kind: &str, name: &str, value: &Value) -> Option<Option<Value>> {
    let declaration = KINDS.get(kind)?.property(name)?;
    let checked = declaration.check(&value.to_json()).ok()?;
    let is_default = declaration.default == checked
        || declaration.default.as_f64().is_some_and(|default| checked.as_f64() == Some(default));
    Some((!is_default).then(|| Value::from_json(&checked)))
}

/// A text that the metadata says of a property, whether it fits or not.
pub fn text<'a>(object: &'a Json, name: &str) -> Option<&'a str> {
    object.get("metadata")?.get(NAME)?.get(name)?.as_str()
}

/// What the metadata says of properties that no other field says. What does not fit is left out, and named.
pub fn read(kind: &str, object: &Json, said: &[&str]) -> (Properties, Vec<String>) {
    let (mut properties, mut dropped) = (Properties::new(), Vec::new());
    let Some(Json::Object(entries)) = object.get("metadata").and_then(|metadata| metadata.get(NAME)) else {
        return (properties, dropped);
    };
    for (name, json) in entries {
        let value = to_value(json, DEEPEST);
        let kept = match (name.as_str(), value) {
            (_, None) => None,
            (keyframe::PROPERTY, Some(value)) => keyframes(kind, &value).map(Some),
            (name, Some(value)) if !said.contains(&name) && name != "foreign" => fitting(kind, name, &value),
            _ => None,
        };
        match kept {
            Some(value) => properties.extend(value.map(|value| (Key::from(name.as_str()), value))),
            None => dropped.push(name.clone()),
        }
    }
    (properties, dropped)
}

/// Puts properties into the metadata in the place of those there, as far as no other field says them.
pub fn write(object: &mut Json, properties: &Properties) {
    let entries = properties.iter().map(|(key, value)| (key.as_str(), from_value(value)));
    let own = Json::object(entries);
    if properties.is_empty() {
        if let Some(metadata) = object.get_mut("metadata") {
            metadata.remove(NAME);
        }
    } else if let Some(metadata @ Json::Object(_)) = object.get_mut("metadata") {
        metadata.set(NAME, own);
    } else {
        object.set("metadata", Json::object([(NAME, own)]));
    }
}

fn keyframes(kind: &str, value: &Value) -> Option<Value> {
    let Value::Map(frames) = value else { return None };
    let fits = |frame: &Value| {
        let frame: keyframe::Keyframe = frame.to_typed().ok()?;
        let declaration = KINDS.get(kind)?.property(frame.property.as_str())?;
        (frame.time.is_finite() && declaration.check(&frame.value.to_json()).is_ok()).then_some(())
    };
    (!frames.is_empty() && frames.values().all(|frame| fits(frame).is_some())).then(|| value.clone())
}

/// A value of a property; none where numbers are not finite, or it nests too deeply.
fn to_value(json: &Json, depth: usize) -> Option<Value> {
    let inner = depth.checked_sub(1)?;
    Some(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(text) => match text.parse::<i64>() {
            Ok(whole) => Value::Integer(whole),
            Err(_) => Value::Number(json.as_number()?),
        },
        Json::String(text) => Value::String(text.as_str().into()),
        Json::Array(items) => {
            Value::List(items.iter().map(|item| to_value(item, inner)).collect::<Option<Vec<_>>>()?.into())
        }
        Json::Object(entries) => {
            let entries =
                entries.iter().map(|(key, value)| Some((key.as_str().into(), to_value(value, inner)?)));
            Value::Map(entries.collect::<Option<BTreeMap<Key, Value>>>()?.into())
        }
    })
}

fn from_value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Integer(whole) => Json::Number(whole.to_string()),
        Value::Number(number) => Json::number(*number),
        Value::String(text) => Json::text(text),
        Value::List(items) => Json::Array(items.iter().map(from_value).collect()),
        Value::Map(map) => Json::object(map.iter().map(|(key, value)| (key.as_str(), from_value(value)))),
    }
}
