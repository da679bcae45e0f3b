//! References to media, and the effects that change the speed of a clip.

use base::Flicks;

use super::{
    OtioError,
    fields::is,
    json::Json,
    time::{self, Path},
};

/// The reference that counts, of a clip of either version.
fn active(clip: &Json) -> Option<&Json> {
    match clip.get("media_references") {
        Some(references) => {
            let key = clip.get("active_media_reference_key").and_then(Json::as_str);
            references.get(key.unwrap_or("DEFAULT_MEDIA"))
        }
        None => clip.get("media_reference"),
    }
}

fn active_mut(clip: &mut Json) -> Option<&mut Json> {
    if clip.get("media_references").is_none() {
        return clip.get_mut("media_reference");
    }
    let key =
        clip.get("active_media_reference_key").and_then(Json::as_str).unwrap_or("DEFAULT_MEDIA").to_owned();
    clip.get_mut("media_references")?.get_mut(&key)
}

/// From when to when there is material in the own time of the media.
///
/// # Errors
/// A time is none.
pub fn available(clip: &Json, path: &Path<'_>) -> Result<Option<(Flicks, Flicks)>, OtioError> {
    let path = path.key("media_reference");
    let range = active(clip).and_then(|reference| reference.get("available_range"));
    time::read_range(range, &path.key("available_range"))
}

/// Where the file is that a clip plays.
pub fn target(clip: &Json) -> Option<&str> {
    let reference = active(clip).filter(|reference| is(reference, "ExternalReference"))?;
    reference.get("target_url").and_then(Json::as_str)
}

/// A reference of a schema.
pub fn reference(schema: &str, more: Vec<(&str, Json)>) -> Json {
    let base = [
        ("OTIO_SCHEMA", Json::text(schema)),
        ("metadata", Json::Object(Vec::new())),
        ("name", Json::text("")),
        ("available_range", Json::Null),
        ("available_image_bounds", Json::Null),
    ];
    Json::object(base.into_iter().chain(more))
}

/// Lets a clip play the file there; none where the text is empty.
pub fn set_target(clip: &mut Json, target: &str) {
    let new = match target.is_empty() {
        true => reference("MissingReference.1", Vec::new()),
        false => reference("ExternalReference.1", vec![("target_url", Json::text(target))]),
    };
    let is_first = clip.get("media_references").is_none()
        && clip.get("OTIO_SCHEMA").and_then(Json::as_str) == Some("Clip.1");
    match active_mut(clip) {
        Some(reference) if is(reference, "ExternalReference") && !target.is_empty() => {
            reference.set("target_url", Json::text(target));
        }
        Some(reference) => {
            let kept = ["metadata", "name", "available_range"].map(|key| (key, reference.get(key).cloned()));
            *reference = new;
            kept.into_iter()
                .for_each(|(key, value)| value.into_iter().for_each(|value| reference.set(key, value)));
        }
        None if is_first => clip.set("media_reference", new),
        None => {
            clip.set("media_references", Json::object([("DEFAULT_MEDIA", new)]));
            clip.set("active_media_reference_key", Json::text("DEFAULT_MEDIA"));
        }
    }
}

fn is_warp(effect: &Json) -> bool {
    is(effect, "FreezeFrame") || is(effect, "LinearTimeWarp")
}

/// How fast a clip plays, where an effect says so.
pub fn speed(clip: &Json) -> Option<f64> {
    let effect = clip.get("effects")?.as_array()?.iter().find(|effect| is_warp(effect))?;
    match is(effect, "FreezeFrame") {
        true => Some(0.0),
        false => effect.get("time_scalar").and_then(Json::as_number).filter(|speed| speed.abs() <= 1000.0),
    }
}

/// Makes an effect say how fast a clip plays; none is left at the usual speed.
pub fn set_speed(clip: &mut Json, speed: f64) {
    if !matches!(clip.get("effects"), Some(Json::Array(_))) {
        clip.set("effects", Json::Array(Vec::new()));
    }
    let Some(Json::Array(effects)) = clip.get_mut("effects") else { return };
    let place = effects.iter().position(is_warp);
    let (schema, name) =
        if speed == 0.0 { ("FreezeFrame.1", "FreezeFrame") } else { ("LinearTimeWarp.1", "LinearTimeWarp") };
    let entries = [
        ("OTIO_SCHEMA", Json::text(schema)),
        ("metadata", Json::Object(Vec::new())),
        ("name", Json::text("")),
        ("effect_name", Json::text(name)),
        ("time_scalar", Json::number(speed)),
    ];
    match place.and_then(|place| effects.get_mut(place)) {
        Some(effect) if speed != 1.0 => {
            for (key, value) in entries {
                if key != "metadata" && key != "name" {
                    effect.set(key, value);
                }
            }
        }
        Some(_) => drop(place.map(|place| effects.remove(place))),
        None => effects.push(Json::object(entries)),
    }
}
