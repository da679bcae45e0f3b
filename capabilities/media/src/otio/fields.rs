//! What the fields of one object of OpenTimelineIO say, as properties, and the fields that say other properties.

use base::{Color, Flicks};
use document::{Key, Value};

use super::{
    OtioError,
    json::Json,
    media,
    own::{self, Properties},
    time::{self, Path},
};
use crate::kinds::{Clip, Gap, Marker, Stack, Timeline, Track, Transition};

/// What an object is read and written among.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The rate at which times are written that have none yet.
    pub rate: f64,
    /// How long what is below lasts, of a stack.
    pub natural: Flicks,
    /// When the own time begins of what a marker marks.
    pub offset: Flicks,
}

/// The properties that fields say, by kind.
fn said(kind: &str, object: &Json) -> &'static [&'static str] {
    match kind {
        Timeline::KIND if is(object, "Timeline") => &["name", "startTime"],
        Timeline::KIND => &["name"],
        Track::KIND => &["name", "content", "enabled"],
        Clip::KIND => &["name", "enabled", "inPoint", "duration", "speed", "target"],
        Gap::KIND => &["name", "duration"],
        Stack::KIND => &["name", "enabled", "inPoint", "duration"],
        Transition::KIND => &["name", "before", "after"],
        Marker::KIND => &["name", "time", "duration", "comment"],
        _ => &["name"],
    }
}

/// Whether an object is of a schema, in any version.
pub fn is(object: &Json, schema: &str) -> bool {
    let name = object.get("OTIO_SCHEMA").and_then(Json::as_str).unwrap_or_default();
    name.split_once('.').map_or(name, |(name, _)| name) == schema
}

/// The properties that an object says, with the names of those that do not fit.
///
/// # Errors
/// A time is none.
pub fn read(
    kind: &str,
    object: &Json,
    setting: &Setting,
    path: &Path<'_>,
) -> Result<(Properties, Vec<String>), OtioError> {
    let (mut properties, dropped) = own::read(kind, object, said(kind, object));
    let mut put = |name: &str, value: Value| {
        if let Some(value) = own::checked(kind, name, &value) {
            properties.insert(name.into(), value);
        }
    };
    if let Some(name) = object.get("name").and_then(Json::as_str) {
        put("name", name.into());
    }
    if let Some(enabled) = object.get("enabled").and_then(Json::as_bool) {
        put("enabled", enabled.into());
    }
    match kind {
        Timeline::KIND => {
            let start = object.get("global_start_time").filter(|start| **start != Json::Null);
            if let Some(start) = start {
                put("startTime", time::read(start, &path.key("global_start_time"))?.0.into());
            }
        }
        Track::KIND if is_sound(object) => put("content", "audio".into()),
        Clip::KIND | Gap::KIND | Stack::KIND => {
            let (start, duration) = range(kind, object, setting, path)?;
            put("inPoint", start.0.into());
            put("duration", duration.0.into());
            if kind == Clip::KIND {
                if let Some(speed) = media::speed(object) {
                    put("speed", speed.into());
                }
                if let Some(target) = media::target(object) {
                    put("target", target.into());
                }
            }
        }
        Transition::KIND => {
            for (name, field) in [("before", "in_offset"), ("after", "out_offset")] {
                let offset = object.get(field).filter(|offset| **offset != Json::Null);
                let Some(offset) = offset else { continue };
                let length = time::read(offset, &path.key(field))?;
                if length < Flicks::ZERO {
                    return Err(path.key(field).error("a transition does not last less than nothing"));
                }
                put(name, length.0.into());
            }
            if is_dissolve(object) {
                properties.remove("form");
            }
        }
        Marker::KIND => {
            let marked = time::read_range(object.get("marked_range"), &path.key("marked_range"))?;
            let (start, duration) = marked.unwrap_or((setting.offset, Flicks::ZERO));
            put("time", (start - setting.offset).0.into());
            put("duration", duration.0.into());
            if let Some(comment) = object.get("comment").and_then(Json::as_str) {
                put("comment", comment.into());
            }
            let name = object.get("color").and_then(Json::as_str).unwrap_or_default();
            let exact = properties.get("color").and_then(Value::as_str).and_then(|color| color.parse().ok());
            if exact.is_none_or(|exact| color_name(exact) != name) {
                properties.remove("color");
                if let Some((_, color)) = COLORS.iter().find(|(known, _)| *known == name)
                    && let Some(color) = own::checked(kind, "color", &Value::from(*color))
                {
                    properties.insert("color".into(), color);
                }
            }
        }
        _ => {}
    }
    Ok((properties, dropped))
}

/// Where an item begins in what it plays, and how long it lasts.
///
/// # Errors
/// A time is none.
pub fn range(
    kind: &str,
    object: &Json,
    setting: &Setting,
    path: &Path<'_>,
) -> Result<(Flicks, Flicks), OtioError> {
    let own = time::read_range(object.get("source_range"), &path.key("source_range"))?;
    Ok(match (kind, own) {
        (Clip::KIND, own) => {
            let available = media::available(object, path)?;
            let (start, duration) = own.or(available).unwrap_or_default();
            (start - available.map_or(Flicks::ZERO, |(begin, _)| begin), duration)
        }
        (Gap::KIND, own) => (Flicks::ZERO, own.map_or(Flicks::ZERO, |(_, duration)| duration)),
        (_, Some(own)) => own,
        (_, None) => (Flicks::ZERO, setting.natural),
    })
}

/// When the own time begins of what markers mark.
pub fn offset(kind: &str, object: &Json) -> Flicks {
    let begin = match kind {
        Clip::KIND => media::available(object, &Path::ROOT).ok().flatten(),
        Gap::KIND => time::read_range(object.get("source_range"), &Path::ROOT).ok().flatten(),
        _ => None,
    };
    begin.map_or(Flicks::ZERO, |(begin, _)| begin)
}

/// Makes an object say these properties. Fields that say them already stay as they are, and so does all else.
pub fn patch(kind: &str, object: &mut Json, wanted: &Properties, setting: &Setting) {
    let before = read(kind, object, setting, &Path::ROOT).map(|(before, _)| before).unwrap_or_default();
    let differs = |name: &str| before.get(name) != wanted.get(name);
    let flicks = |name: &str| Flicks(wanted.get(name).and_then(Value::as_integer).unwrap_or(0));
    let text = |name: &str| wanted.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let rate = setting.rate;
    if differs("name") {
        object.set("name", Json::String(text("name")));
    }
    if differs("enabled") {
        object.set("enabled", Json::Bool(!wanted.contains_key("enabled")));
    }
    match kind {
        Timeline::KIND if differs("startTime") && is(object, "Timeline") => {
            match object.get_mut("global_start_time") {
                Some(start @ Json::Object(_)) => time::patch(start, flicks("startTime"), rate),
                _ => object.set("global_start_time", time::write(flicks("startTime"), rate)),
            }
        }
        Track::KIND if differs("content") => {
            let content = if wanted.contains_key("content") { "Audio" } else { "Video" };
            object.set("kind", Json::text(content));
        }
        Clip::KIND | Gap::KIND | Stack::KIND => {
            if kind == Clip::KIND && differs("target") {
                media::set_target(object, &text("target"));
            }
            if kind == Clip::KIND && differs("speed") {
                let speed = wanted.get("speed").and_then(Value::as_number).unwrap_or(1.0);
                media::set_speed(object, speed);
            }
            let (start, duration) = (flicks("inPoint"), flicks("duration"));
            if range(kind, object, setting, &Path::ROOT).ok() != Some((start, duration)) {
                time::patch_range(object, "source_range", (start + offset(kind, object), duration), rate);
            }
        }
        Transition::KIND => {
            for (name, field) in [("before", "in_offset"), ("after", "out_offset")] {
                if differs(name) {
                    match object.get_mut(field) {
                        Some(offset @ Json::Object(_)) => time::patch(offset, flicks(name), rate),
                        _ => object.set(field, time::write(flicks(name), rate)),
                    }
                }
            }
            if differs("form") {
                let form = if wanted.contains_key("form") { "Custom_Transition" } else { "SMPTE_Dissolve" };
                object.set("transition_type", Json::text(form));
            }
        }
        Marker::KIND => {
            if differs("time") || differs("duration") {
                let marked = (flicks("time") + setting.offset, flicks("duration"));
                time::patch_range(object, "marked_range", marked, rate);
            }
            if differs("comment") {
                object.set("comment", Json::String(text("comment")));
            }
            if differs("color") {
                let color = wanted.get("color").and_then(Value::as_str).and_then(|color| color.parse().ok());
                object.set("color", Json::text(color.map_or("RED", color_name)));
            }
        }
        _ => {}
    }
    patch_own(kind, object, &before, wanted);
}

/// Writes the properties that no field says where they are others than those that are written.
fn patch_own(kind: &str, object: &mut Json, before: &Properties, wanted: &Properties) {
    let said = said(kind, object);
    let said_by_color = |value: &Value| {
        COLORS.iter().any(|(_, color)| value.as_str() == Some(&Color::to_string(&parsed(color))))
    };
    let own = |properties: &Properties| -> Properties {
        let entries = properties.iter().filter(|(key, value)| {
            let is_color = kind == Marker::KIND && key.as_str() == "color" && said_by_color(value);
            !said.contains(&key.as_str()) && !is_color
        });
        entries.map(|(key, value)| (Key::clone(key), value.clone())).collect()
    };
    let (before, wanted) = (own(before), own(wanted));
    if before != wanted {
        own::write(object, &wanted);
    }
}

fn is_sound(track: &Json) -> bool {
    track.get("kind").and_then(Json::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("audio"))
}

fn is_dissolve(transition: &Json) -> bool {
    transition.get("transition_type").and_then(Json::as_str) == Some("SMPTE_Dissolve")
}

/// The colours of markers.
const COLORS: [(&str, &str); 11] = [
    ("RED", "#e04040"),
    ("PINK", "#ff80c0"),
    ("ORANGE", "#f09030"),
    ("YELLOW", "#f0d030"),
    ("GREEN", "#40b050"),
    ("CYAN", "#30c0d0"),
    ("BLUE", "#4060e0"),
    ("PURPLE", "#8040c0"),
    ("MAGENTA", "#d030d0"),
    ("BLACK", "#000000"),
    ("WHITE", "#ffffff"),
];

fn parsed(color: &str) -> Color {
    color.parse().unwrap_or(Color::rgb(0, 0, 0))
}

/// The name of the colour that is nearest.
fn color_name(color: Color) -> &'static str {
    let far = |other: Color| {
        let part = |a: u8, b: u8| i32::from(a.abs_diff(b)).pow(2);
        part(color.r, other.r) + part(color.g, other.g) + part(color.b, other.b)
    };
    COLORS.iter().min_by_key(|(_, known)| far(parsed(known))).map_or("RED", |(name, _)| name)
}

/// An object that says nothing yet.
pub fn blank(kind: &str, rate: f64) -> Json {
    let (text, null) = (Json::text, Json::Null);
    let empty = || Json::Array(Vec::new());
    let object = || Json::Object(Vec::new());
    let schema = |name: &str| ("OTIO_SCHEMA", text(name));
    let nothing = || time::range(Flicks::ZERO, Flicks::ZERO, rate);
    let base = |name: &str| vec![schema(name), ("metadata", object()), ("name", text(""))];
    let item = |name: &str, range: Json| {
        let more = [
            ("source_range", range),
            ("effects", empty()),
            ("markers", empty()),
            ("enabled", Json::Bool(true)),
        ];
        base(name).into_iter().chain(more).collect::<Vec<_>>()
    };
    let with = |mut entries: Vec<(&'static str, Json)>, more: Vec<(&'static str, Json)>| {
        entries.extend(more);
        Json::object(entries)
    };
    match kind {
        Timeline::KIND => {
            let tracks = with(item("Stack.1", null.clone()), vec![("children", empty())]);
            with(base("Timeline.1"), vec![("global_start_time", null), ("tracks", tracks)])
        }
        Track::KIND => with(item("Track.1", null), vec![("kind", text("Video")), ("children", empty())]),
        Stack::KIND => with(item("Stack.1", null), vec![("children", empty())]),
        Gap::KIND => with(item("Gap.1", nothing()), Vec::new()),
        Clip::KIND => {
            let media = media::reference("MissingReference.1", Vec::new());
            let media = Json::object([("DEFAULT_MEDIA", media)]);
            let active = ("active_media_reference_key", text("DEFAULT_MEDIA"));
            with(item("Clip.2", nothing()), vec![("media_references", media), active])
        }
        Transition::KIND => {
            let offset = || time::write(Flicks::ZERO, rate);
            let offsets = vec![("in_offset", offset()), ("out_offset", offset())];
            let entries = with(base("Transition.1"), offsets);
            let Json::Object(mut entries) = entries else { return null };
            entries.push(("transition_type".into(), text("SMPTE_Dissolve")));
            Json::Object(entries)
        }
        Marker::KIND => {
            let more = vec![("color", text("RED")), ("marked_range", nothing()), ("comment", text(""))];
            with(base("Marker.2"), more)
        }
        _ => with(base("SerializableObjectWithMetadata.1"), Vec::new()),
    }
}
