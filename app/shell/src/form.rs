//! Forms for the arguments of commands, made from their schemas.

use serde::Serialize;
use serde_json::{Map, Number, Value as Json};

/// How a value is put in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Input {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// Yes or no.
    Flag,
    /// One of the choices.
    Choice,
    /// JSON; lists may be written with commas alone.
    Json,
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// What it is.
    pub description: String,
    /// Whether the command cannot do without it.
    pub required: bool,
    /// How it is put in.
    pub input: Input,
    /// What can be chosen.
    pub choices: Vec<String>,
    /// What names the choices that no schema can list: `documentKinds`.
    pub source: Option<String>,
    /// What is taken where nothing is put in; empty where that is up to the command.
    pub default: String,
    /// What is put in already.
    pub preset: String,
}

/// The arguments that a schema declares, those that are required first.
pub fn fields(schema: &Json) -> Vec<Field> {
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|n| n == name));
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut fields: Vec<Field> = properties
        .map(|(name, property)| {
            let choices = choices(schema, property);
            Field {
                name: name.clone(),
                label: label(name),
                description: property["description"].as_str().unwrap_or_default().to_owned(),
                required: required(name),
                input: if choices.is_empty() { input(property) } else { Input::Choice },
                choices,
                source: property["x-choices"].as_str().map(str::to_owned),
                default: match &property["default"] {
                    Json::Null => String::new(),
                    Json::String(text) => text.clone(),
                    other => other.to_string(),
                },
                preset: String::new(),
            }
        })
        .collect();
    fields.sort_by_key(|field| !field.required);
    fields
}

/// Puts values into fields, by their names.
pub fn preset(fields: &mut [Field], values: &Map<String, Json>) {
    for field in fields {
        match values.get(&field.name) {
            None | Some(Json::Null) => {}
            Some(Json::String(text)) => field.preset.clone_from(text),
            Some(Json::Number(number)) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => {
                field.preset = format!("{}", number.as_f64().unwrap_or_default());
            }
            Some(other) => field.preset = other.to_string(),
        }
    }
}

/// `strokeWidth` as `Stroke width`.
fn label(name: &str) -> String {
    let mut label = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        match letter {
            _ if label.is_empty() => label.extend(letter.to_uppercase()),
            upper if upper.is_uppercase() => label.extend([' '].into_iter().chain(upper.to_lowercase())),
            other => label.push(other),
        }
    }
    label
}

fn input(property: &Json) -> Input {
    let types: Vec<&str> = match &property["type"] {
        Json::String(one) => vec![one],
        Json::Array(several) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    match types.iter().find(|name| **name != "null") {
        Some(&"string") => Input::Text,
        Some(&"number") => Input::Number,
        Some(&"integer") => Input::Integer,
        Some(&"boolean") => Input::Flag,
        _ => Input::Json,
    }
}

/// The texts that a property may be, where they are counted up.
fn choices(schema: &Json, property: &Json) -> Vec<String> {
    let referred = property["$ref"].as_str().and_then(|path| schema.pointer(path.trim_start_matches('#')));
    let property = referred.unwrap_or(property);
    let texts = |values: &Json| -> Vec<String> {
        values.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let constants = property["oneOf"].as_array().into_iter().flatten().flat_map(|one| match &one["const"] {
        Json::String(text) => vec![text.clone()],
        _ => texts(&one["enum"]),
    });
    [texts(&property["enum"]), constants.collect()].concat()
}

/// The arguments as JSON from what was put in; what was left empty is left out, and `filled_in` are not asked for.
///
/// # Errors
/// The name of the first argument that is missing or no value of its type, and what is wrong with it.
pub fn read(
    fields: &[Field],
    put_in: &Map<String, Json>,
    filled_in: &[&str],
) -> Result<Map<String, Json>, (String, String)> {
    let mut arguments = Map::new();
    for field in fields.iter().filter(|field| !filled_in.contains(&field.name.as_str())) {
        let text = put_in.get(&field.name).and_then(Json::as_str).unwrap_or_default().trim();
        if text.is_empty() {
            if field.required {
                return Err((field.name.clone(), "this is needed".to_owned()));
            }
            continue;
        }
        let value = value(field, text).map_err(|trouble| (field.name.clone(), trouble))?;
        arguments.insert(field.name.clone(), value);
    }
    Ok(arguments)
}

fn value(field: &Field, text: &str) -> Result<Json, String> {
    match field.input {
        Input::Text | Input::Choice => Ok(text.into()),
        Input::Number => text
            .replace(',', ".")
            .parse::<f64>()
            .ok()
            .and_then(Number::from_f64)
            .map(Json::Number)
            .ok_or_else(|| format!("'{text}' is no number")),
        Input::Integer => {
            text.parse::<i64>().map(Json::from).map_err(|_| format!("'{text}' is no whole number"))
        }
        Input::Flag => Ok((text == "true").into()),
        // A list without its brackets, else JSON, else plain text: a colour or a name.
        Input::Json => Ok(serde_json::from_str(text)
            .ok()
            .filter(|_| !text.contains(',') || text.starts_with(['[', '{', '"']))
            .or_else(|| serde_json::from_str(&format!("[{text}]")).ok().filter(|_| text.contains(',')))
            .unwrap_or_else(|| text.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forms_follow_the_schema_and_give_arguments_of_its_types() {
        let schema = json!({
            "properties": {
                "sigma": {"type": ["number", "null"], "description": "How far."},
                "filter": {"$ref": "#/$defs/Name"},
                "count": {"type": "integer", "default": 3},
                "move": {"type": "array"},
                "value": {},
                "regex": {"type": "boolean", "default": false},
            },
            "required": ["filter"],
            "$defs": {"Name": {"oneOf": [{"const": "blur"}, {"enum": ["sharpen"]}]}},
        });
        let fields = fields(&schema);
        let shown: Vec<(&str, &Input, &str)> =
            fields.iter().map(|field| (field.name.as_str(), &field.input, field.default.as_str())).collect();
        assert_eq!(shown[0], ("filter", &Input::Choice, ""));
        assert_eq!((label("strokeWidth"), label("x")), ("Stroke width".to_owned(), "X".to_owned()));
        assert_eq!(fields[0].choices, ["blur", "sharpen"]);
        assert!(shown.contains(&("sigma", &Input::Number, "")));
        assert!(shown.contains(&("count", &Input::Integer, "3")));
        let put_in = |pairs: Json| read(&fields, pairs.as_object().unwrap(), &[]).map(Json::Object);
        assert_eq!(
            put_in(
                json!({"filter": "blur", "sigma": " 2.5 ", "move": "10, 20", "value": "#f80", "regex": "true"})
            ),
            Ok(json!({"filter": "blur", "sigma": 2.5, "move": [10, 20], "value": "#f80", "regex": true})),
        );
        assert_eq!(put_in(json!({})).unwrap_err().0, "filter");
        assert_eq!(put_in(json!({"filter": "blur", "count": "many"})).unwrap_err().0, "count");
    }
}
