//! The JSON Schema of scripts, so that editors complete them.

use kernel::Registry;
use serde_json::{Value as Json, json};

use crate::read::RawScript;

/// How deep definitions are written out.
const DEEPEST: usize = 12;

/// The schema of scripts over these commands: of a step's arguments it knows what the command takes.
pub fn schema(registry: &Registry) -> Json {
    let mut schema = schemars::schema_for!(RawScript<'_>).to_value();
    let commands: Vec<&str> = registry.commands().map(|command| command.declaration.id.as_str()).collect();
    let step = &mut schema["$defs"]["Step"];
    step["properties"]["command"]["enum"] = json!(commands);
    let cases = registry.commands().map(|command| {
        let mut arguments = command.schema.clone();
        let definitions = arguments.as_object_mut().and_then(|schema| schema.remove("$defs"));
        let required = arguments["required"].as_array().is_some_and(|names| !names.is_empty());
        write_out(&mut arguments, definitions.as_ref().unwrap_or(&Json::Null), DEEPEST);
        allow_references(&mut arguments);
        if let Some(arguments) = arguments.as_object_mut() {
            arguments.remove("$schema");
            arguments.insert("description".into(), command.declaration.description.clone().into());
        }
        let mut then = json!({ "properties": { "args": arguments } });
        if required {
            then["required"] = json!(["args"]);
        }
        json!({ "if": { "properties": { "command": { "const": command.declaration.id } } }, "then": then })
    });
    step["allOf"] = Json::Array(cases.collect());
    schema
}

/// Lets `${…}` stand for any value below.
fn allow_references(schema: &mut Json) {
    let either = |schema: &mut Json| {
        let description = schema.get("description").cloned();
        *schema = json!({ "anyOf": [schema.take(), { "type": "string", "pattern": "\\$\\{" }] });
        if let Some(description) = description {
            schema["description"] = description;
        }
    };
    for property in schema.get_mut("properties").and_then(Json::as_object_mut).into_iter().flatten() {
        allow_references(property.1);
        either(property.1);
    }
    if let Some(items) = schema.get_mut("items") {
        allow_references(items);
        either(items);
    }
}

/// Puts definitions in the place of the references to them. One that refers to itself is followed no further than this.
fn write_out(schema: &mut Json, definitions: &Json, deepest: usize) {
    let name = schema.get("$ref").and_then(Json::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
    let definition = name.and_then(|name| definitions.get(name)).cloned();
    if let (Some(schema), Some(Json::Object(definition))) = (schema.as_object_mut(), definition) {
        schema.remove("$ref");
        for (key, value) in definition.into_iter().filter(|_| deepest > 0) {
            schema.entry(key).or_insert(value);
        }
    }
    let below = deepest.saturating_sub(1);
    match schema {
        Json::Object(map) => map.values_mut().for_each(|value| write_out(value, definitions, below)),
        Json::Array(items) => items.iter_mut().for_each(|value| write_out(value, definitions, below)),
        _ => {}
    }
}
