//! `${…}` in arguments: variables, results of earlier steps, and what is reckoned from them.

use serde_json::Value as Json;

use crate::formula;

/// Something that cannot be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// The argument, with the place in it.
    pub argument: String,
    /// What stands between the braces.
    pub reference: String,
    /// What is wrong with it.
    pub message: String,
}

/// Gives the value of a reference's segments, or what is wrong with it.
pub(crate) type Lookup<'a> = dyn Fn(&[&str]) -> Result<Json, String> + 'a;

/// The arguments with every reference replaced. A text that is one reference becomes its value; in a longer text the
/// value is written out. `$${` stands for `${`.
pub(crate) fn resolve(arguments: &Json, lookup: &Lookup<'_>) -> Result<Json, Unresolved> {
    walk(arguments, "", lookup)
}

fn walk(json: &Json, place: &str, lookup: &Lookup<'_>) -> Result<Json, Unresolved> {
    let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match json {
        Json::String(text) => resolve_text(text, place, lookup),
        Json::Array(items) => {
            let items =
                items.iter().enumerate().map(|(at, item)| walk(item, &below(&at.to_string()), lookup));
            Ok(Json::Array(items.collect::<Result<_, _>>()?))
        }
        Json::Object(map) => {
            let entries =
                map.iter().map(|(name, value)| Ok((name.clone(), walk(value, &below(name), lookup)?)));
            Ok(Json::Object(entries.collect::<Result<_, Unresolved>>()?))
        }
        other => Ok(other.clone()),
    }
}

fn resolve_text(text: &str, place: &str, lookup: &Lookup<'_>) -> Result<Json, Unresolved> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at - 1]);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        let error = |reference: &str, message: String| Unresolved {
            argument: place.to_owned(),
            reference: reference.to_owned(),
            message,
        };
        let Some(end) = rest[at..].find('}') else {
            return Err(error(&rest[at + 2..], "the closing brace is missing".into()));
        };
        let reference = rest[at + 2..at + end].trim();
        let value = formula::value(reference, lookup).map_err(|message| error(reference, message))?;
        if at == 0 && at + end + 1 == text.len() && out.is_empty() {
            return Ok(value);
        }
        out.push_str(&rest[..at]);
        match value {
            Json::String(text) => out.push_str(&text),
            other => out.push_str(&other.to_string()),
        }
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    Ok(out.into())
}

/// The references in a text, each as its segments.
pub(crate) fn references(text: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end);
        if !rest[..at].ends_with('$') {
            found.extend(formula::references(&rest[at + 2..end]));
        }
        rest = &rest[end..];
    }
    found
}

/// The value at a path of names and indices below `json`.
pub(crate) fn descend(mut json: &Json, path: &[&str]) -> Result<Json, String> {
    for segment in path {
        let next = match json {
            Json::Object(map) => map.get(*segment),
            Json::Array(items) => segment.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        json = next.ok_or_else(|| {
            let known = match json {
                Json::Object(map) => map.keys().cloned().collect::<Vec<_>>().join(", "),
                Json::Array(items) => format!("indices below {}", items.len()),
                _ => "nothing".into(),
            };
            format!("there is no '{segment}' (known: {known})")
        })?;
    }
    Ok(json.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_become_values_and_texts() {
        let known = json!({"width": 1280, "photo": {"document": "d1", "sizes": [1, 2]}});
        let lookup = |path: &[&str]| descend(&known, path);
        for (template, expected) in [
            (json!("${width}"), json!(1280)),
            (json!("out/photo-${width}.png"), json!("out/photo-1280.png")),
            (json!({"d": ["${photo.document}", "${ photo.sizes.1 }"]}), json!({"d": ["d1", 2]})),
            (json!("$${width} costs $5"), json!("${width} costs $5")),
            (json!("${width}${width}"), json!("12801280")),
            (json!("out/${width / 256:03}.png"), json!("out/005.png")),
        ] {
            assert_eq!(resolve(&template, &lookup), Ok(expected), "{template}");
        }
        let error = resolve(&json!({"a": {"b": "x${photo.sise}"}}), &lookup).unwrap_err();
        assert_eq!((error.argument.as_str(), error.reference.as_str()), ("a.b", "photo.sise"));
        assert!(resolve(&json!("${width"), &lookup).is_err());
    }
}
