//! Values with places that are filled in: `$name` from the data of a machine, `$event` from the event at hand.

use serde_json::{Map, Value as Json};

use crate::machine::Scope;

/// A value with everything filled in. An error names what is not there.
pub(crate) fn fill(template: &Json, scope: Scope<'_>) -> Result<Json, String> {
    Ok(match template {
        Json::String(text) => match text.strip_prefix('$') {
            None => template.clone(),
            Some(rest) if rest.starts_with('$') => rest.into(),
            Some(path) => look_up(path, scope).cloned().ok_or_else(|| format!("there is no '{path}'"))?,
        },
        Json::Array(items) => {
            items.iter().map(|item| fill(item, scope)).collect::<Result<Vec<Json>, String>>()?.into()
        }
        Json::Object(entries) => fill_all(entries, scope)?.into(),
        _ => template.clone(),
    })
}

/// All values of an object with everything filled in.
pub(crate) fn fill_all(entries: &Map<String, Json>, scope: Scope<'_>) -> Result<Map<String, Json>, String> {
    entries.iter().map(|(name, value)| Ok((name.clone(), fill(value, scope)?))).collect()
}

/// The value with which filling in gives just this value.
pub(crate) fn literal(value: Json) -> Json {
    match value {
        Json::String(text) if text.starts_with('$') => format!("${text}").into(),
        Json::Array(items) => items.into_iter().map(literal).collect(),
        Json::Object(entries) => entries.into_iter().map(|(name, value)| (name, literal(value))).collect(),
        other => other,
    }
}

fn look_up<'a>(path: &str, scope: Scope<'a>) -> Option<&'a Json> {
    let mut parts = path.split('.');
    let name = parts.next()?;
    let first = match scope.data.get(name) {
        _ if name == "event" => &scope.event?.data,
        found => found?,
    };
    parts.try_fold(first, |value, part| match value {
        Json::Array(items) => items.get(part.parse::<usize>().ok()?),
        Json::Object(entries) => entries.get(part),
        _ => None,
    })
}

impl<'a> Scope<'a> {
    /// The value at a path such as `event.point.0` or `name.part`, as in arguments behind a dollar; none where nothing is.
    pub fn value(self, path: &str) -> Option<&'a Json> {
        look_up(path, self)
    }
}
