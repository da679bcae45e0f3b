//! `commands`, `kinds` and `formats`: what the program can do, from the same declarations that it runs on.

use kernel::Registry;
use schema::Format;
use serde_json::{Value as Json, json};

use crate::{
    assembly,
    cli::Common,
    report::{Failure, print},
};

/// Lists the commands.
pub fn commands(common: &Common) -> Result<(), Failure> {
    let registry = assembly::registry(common)?;
    if common.json {
        let commands: Vec<Json> =
            registry.commands().map(|command| command_json(command, &registry)).collect();
        return print(json!(commands));
    }
    for command in registry.commands() {
        let declaration = &command.declaration;
        let keys: Vec<&str> = declaration.keys.iter().map(|key| key.keys.as_str()).collect();
        print(format_args!(
            "{:<26} {:<20} {:<14} {}",
            declaration.id,
            declaration.title,
            keys.join(", "),
            declaration.description
        ))?;
    }
    Ok(())
}

fn command_json(command: &kernel::Command, registry: &Registry) -> Json {
    let mut json = json!(command.declaration);
    json["capability"] = command.capability.as_str().into();
    json["class"] = command.class().into();
    json["arguments"] = command.schema.clone();
    if command.declaration.id == "tool.select" {
        json["tools"] = json!(registry.tools().collect::<Vec<_>>());
    }
    json
}

/// Prints the JSON Schema of scripts.
pub fn script_schema(common: &Common) -> Result<(), Failure> {
    let schema = serde_json::to_string_pretty(&batch::schema(&assembly::registry(common)?));
    print(schema.map_err(|error| Failure::new(1, error))?)
}

/// Lists the node kinds.
pub fn kinds(common: &Common) -> Result<(), Failure> {
    let registry = assembly::registry(common)?;
    if common.json {
        return print(json!(registry.kinds().iter().collect::<Vec<_>>()));
    }
    for kind in registry.kinds().iter() {
        print(format_args!("{}: {}. {}", kind.id, kind.title, kind.description))?;
        for property in &kind.properties {
            let unit = property.unit.as_deref().map(|unit| format!(" ({unit})")).unwrap_or_default();
            print(format_args!(
                "    {:<14} {}{unit}: {}",
                property.name,
                property.label,
                property.expectation()
            ))?;
        }
    }
    Ok(())
}

/// Lists the file formats.
pub fn formats(common: &Common) -> Result<(), Failure> {
    let registry = assembly::registry(common)?;
    if common.json {
        let (read, written) = registry.formats();
        return print(
            json!({ "importers": read.collect::<Vec<_>>(), "exporters": written.collect::<Vec<_>>() }),
        );
    }
    for (title, extensions, read, written) in table(&registry) {
        let way = match (read, written) {
            (true, true) => "read, written",
            (true, false) => "read",
            _ => "written",
        };
        print(format_args!("{title:<16} {way:<14} {extensions}"))?;
    }
    Ok(())
}

fn table(registry: &Registry) -> Vec<(String, String, bool, bool)> {
    let (read, written) = registry.formats();
    let (read, written): (Vec<&Format>, Vec<&Format>) = (read.collect(), written.collect());
    let mut ids: Vec<&Format> = read.clone();
    ids.extend(written.iter().filter(|format| read.iter().all(|other| other.id != format.id)));
    let is_in = |list: &[&Format], format: &Format| list.iter().any(|other| other.id == format.id);
    let row = |format: &Format| {
        (format.title.clone(), format.extensions.join(", "), is_in(&read, format), is_in(&written, format))
    };
    ids.into_iter().map(row).collect()
}
