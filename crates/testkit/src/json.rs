//! Comparison of JSON by what a test cares about.

use serde_json::Value;

/// Checks that `actual` holds everything that `expected` names, and says where it does not.
///
/// Objects may hold further members; arrays must have the same length; numbers compare by value, so that 1 equals
/// 1.0. An expected object with one member that begins with `$` is a matcher instead:
/// `{"$any": true}` takes every value, `{"$contains": x}` a string with that part or an array with an element that
/// matches `x`, `{"$length": n}` a string, array or object of that length, `{"$range": [low, high]}` a number between
/// the two, both included.
pub fn subset(expected: &Value, actual: &Value) -> Result<(), String> {
    compare(expected, actual, "$")
}

fn compare(expected: &Value, actual: &Value, place: &str) -> Result<(), String> {
    if let Some((name, argument)) = matcher(expected) {
        return if matches(name, argument, actual)? {
            Ok(())
        } else {
            Err(format!("{place}: expected {expected}, found {}", short(actual)))
        };
    }
    match (expected, actual) {
        (Value::Object(members), Value::Object(found)) => {
            for (key, value) in members {
                let place = format!("{place}.{key}");
                let Some(held) = found.get(key) else {
                    let keys: Vec<_> = found.keys().map(String::as_str).collect();
                    return Err(format!("{place}: missing; there are {}", keys.join(", ")));
                };
                compare(value, held, &place)?;
            }
            Ok(())
        }
        (Value::Array(items), Value::Array(found)) if items.len() == found.len() => items
            .iter()
            .zip(found)
            .enumerate()
            .try_for_each(|(index, (item, held))| compare(item, held, &format!("{place}[{index}]"))),
        (Value::Array(items), Value::Array(found)) => Err(format!(
            "{place}: expected {} elements, found {}: {}",
            items.len(),
            found.len(),
            short(actual)
        )),
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => Ok(()),
        _ if expected == actual => Ok(()),
        _ => Err(format!("{place}: expected {}, found {}", short(expected), short(actual))),
    }
}

fn matcher(expected: &Value) -> Option<(&str, &Value)> {
    let members = expected.as_object().filter(|members| members.len() == 1)?;
    members
        .iter()
        .next()
        .filter(|(name, _)| name.starts_with('$'))
        .map(|(name, value)| (name.as_str(), value))
}

fn matches(name: &str, argument: &Value, actual: &Value) -> Result<bool, String> {
    Ok(match (name, argument, actual) {
        ("$any", _, _) => true,
        ("$contains", Value::String(part), Value::String(whole)) => whole.contains(part.as_str()),
        ("$contains", item, Value::Array(items)) => items.iter().any(|held| subset(item, held).is_ok()),
        ("$length", length, Value::String(text)) => length.as_u64() == Some(text.chars().count() as u64),
        ("$length", length, Value::Array(items)) => length.as_u64() == Some(items.len() as u64),
        ("$length", length, Value::Object(members)) => length.as_u64() == Some(members.len() as u64),
        ("$range", Value::Array(ends), Value::Number(_)) => match ends.as_slice() {
            [low, high] => low.as_f64() <= actual.as_f64() && actual.as_f64() <= high.as_f64(),
            _ => return Err(format!("$range takes [low, high], not {argument}")),
        },
        ("$contains" | "$length" | "$range", _, _) => false,
        _ => return Err(format!("{name} is no matcher: take $any, $contains, $length or $range")),
    })
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_subset_is_found_and_a_difference_is_placed() {
        let actual = json!({ "outputs": [{ "path": "a.png", "size": 12 }], "rate": 1.0, "name": "überall", "n": null });
        for expected in [
            json!({}),
            json!({ "rate": 1, "n": null }),
            json!({ "outputs": [{ "size": 12 }] }),
            json!({ "outputs": { "$length": 1 }, "name": { "$contains": "über" } }),
            json!({ "outputs": { "$contains": { "path": { "$contains": ".png" } } } }),
            json!({ "rate": { "$range": [0.5, 1] }, "n": { "$any": true } }),
        ] {
            assert_eq!(subset(&expected, &actual), Ok(()), "{expected}");
        }
        for (expected, part) in [
            (
                json!({ "outputs": [{ "path": "b.png" }] }),
                "$.outputs[0].path: expected \"b.png\", found \"a.png\"",
            ),
            (json!({ "outputs": [] }), "expected 0 elements, found 1"),
            (json!({ "size": 1 }), "$.size: missing; there are outputs, rate, name, n"),
            (json!({ "rate": "1" }), "expected \"1\", found 1.0"),
            (json!({ "rate": { "$range": [2, 3] } }), "$.rate: expected {\"$range\":[2,3]}"),
            (json!({ "name": { "$length": 8 } }), "$.name"),
            (json!({ "name": { "$like": 8 } }), "$like is no matcher"),
        ] {
            let message = subset(&expected, &actual).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }
}
