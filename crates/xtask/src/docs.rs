//! `cargo xtask docs`: the reference pages under `assets/docs`, from what the program says about itself.

use crate::project::Project;
use crate::table::Table;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::process::Command;

/// The options of `cargo xtask docs`.
#[derive(clap::Args)]
pub struct Options {
    /// Write nothing, and fail where a page differs from what would be written
    #[arg(long)]
    pub check: bool,
}

/// Writes or checks the pages; whether they are (now) as the program says.
pub fn docs(project: &Project, options: &Options) -> Result<bool> {
    let pages = [
        ("commands.md", commands_page(&asked(project, "commands")?)?),
        ("kinds.md", kinds_page(&asked(project, "kinds")?)?),
    ];
    let folder = project.root.join("assets/docs");
    let mut good = true;
    for (name, text) in pages {
        let path = folder.join(name);
        let shown = project.shown(&path);
        let held = fs::read_to_string(&path).unwrap_or_default();
        if held == text {
            println!("{shown}: up to date");
        } else if options.check {
            good = false;
            println!(
                "{shown}: differs from line {} on; run `cargo xtask docs`",
                first_difference(&held, &text)
            );
        } else {
            fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
            fs::write(&path, text).with_context(|| shown.clone())?;
            println!("{shown}: written");
        }
    }
    Ok(good)
}

/// What `metabuilder WORD --json` prints: an array of objects with an `id`, or an object that holds it under WORD.
fn asked(project: &Project, word: &str) -> Result<Vec<Value>> {
    let binary = project.built_binary()?;
    let output = Command::new(&binary)
        .args([word, "--json"])
        .output()
        .with_context(|| binary.display().to_string())?;
    if !output.status.success() {
        bail!("metabuilder {word} --json: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let value: Value =
        serde_json::from_slice(&output.stdout).with_context(|| format!("metabuilder {word} --json"))?;
    let items = value.as_array().or_else(|| value[word].as_array());
    let mut items = items.with_context(|| format!("metabuilder {word} --json prints no array"))?.clone();
    items.sort_by(|a, b| text(a, "id").cmp(text(b, "id")));
    Ok(items)
}

fn commands_page(commands: &[Value]) -> Result<String> {
    let mut page = heading("Commands", "Every command can be called from a script, the palette and a key.");
    let mut group = "";
    for command in commands {
        let id = text(command, "id");
        let first = id.split('.').next().unwrap_or(id);
        if first != group {
            group = first;
            write!(page, "\n## {group}\n")?;
        }
        write!(page, "\n### `{id}`\n\n**{}.** {}\n", text(command, "title"), text(command, "description"))?;
        let keys: Vec<_> =
            list(command, "keys").iter().map(|key| format!("`{}`", text(key, "keys"))).collect();
        if !keys.is_empty() {
            write!(page, "\nKeys: {}\n", keys.join(", "))?;
        }
        if !text(command, "when").is_empty() {
            write!(page, "\nWhen: `{}`\n", text(command, "when"))?;
        }
        page += &arguments(&command["arguments"]);
        if !list(command, "tools").is_empty() {
            let mut table = Table::new(&["tool", "key", "how it is used"]);
            for tool in list(command, "tools") {
                let hint = sentence(text(tool, "title"), text(tool, "hint"));
                table.row([format!("`{}`", text(tool, "id")), format!("`{}`", text(tool, "keys")), hint]);
            }
            write!(page, "\n{}", table.markdown())?;
        }
        for example in list(command, "examples") {
            write!(page, "\n{}:\n\n```json\n", text(example, "title"))?;
            for step in list(example, "steps") {
                writeln!(page, "{step}")?;
            }
            page += "```\n";
        }
    }
    Ok(page)
}

fn kinds_page(kinds: &[Value]) -> Result<String> {
    let mut page =
        heading("Node kinds", "Documents are trees of nodes; a kind says which properties a node has.");
    for kind in kinds {
        write!(
            page,
            "\n## `{}`\n\n**{}.** {}\n",
            text(kind, "id"),
            text(kind, "title"),
            text(kind, "description")
        )?;
        let children: Vec<_> = list(kind, "children")
            .iter()
            .filter_map(Value::as_str)
            .map(|child| format!("`{child}`"))
            .collect();
        if !children.is_empty() {
            write!(page, "\nHolds: {}\n", children.join(", "))?;
        }
        let properties = list(kind, "properties");
        if !properties.is_empty() {
            let mut table = Table::new(&["property", "type", "default", "merge", "what it is"]);
            for property in properties {
                let values: Vec<_> = list(property, "values").iter().filter_map(Value::as_str).collect();
                let value_type =
                    if values.is_empty() { text(property, "type").into() } else { values.join(", ") };
                table.row([
                    format!("`{}`", text(property, "name")),
                    format!(
                        "{value_type}{}",
                        range(&property["min"], &property["max"], text(property, "unit"))
                    ),
                    code(&property["default"]),
                    text(property, "merge").to_owned(),
                    sentence(text(property, "label"), text(property, "description")),
                ]);
            }
            write!(page, "\n{}", table.markdown())?;
        }
    }
    Ok(page)
}

fn heading(title: &str, about: &str) -> String {
    format!(
        "# {title}\n\n{about}\nThis page is written by `cargo xtask docs` from what the program says about itself.\n"
    )
}

/// A table of the arguments from their JSON Schema; nothing for a command without arguments.
fn arguments(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty())
    else {
        return String::new();
    };
    let required = list(schema, "required");
    let mut table = Table::new(&["argument", "type", "default", "what it is"]);
    for (name, property) in properties {
        let default = if required.iter().any(|held| held == name) {
            "required".into()
        } else {
            code(&property["default"])
        };
        let bounds = range(&property["minimum"], &property["maximum"], "");
        table.row([
            format!("`{name}`"),
            format!("{}{bounds}", schema_type(property, schema, 0)),
            default,
            text(property, "description").replace('\n', " "),
        ]);
    }
    format!("\n{}", table.markdown())
}

/// A few words for the type that a JSON Schema describes.
fn schema_type(schema: &Value, root: &Value, depth: usize) -> String {
    let inner = |part: &Value| if depth < 4 { schema_type(part, root, depth + 1) } else { "…".into() };
    if let Some(target) = schema["$ref"].as_str().and_then(|path| root.pointer(path.strip_prefix('#')?)) {
        return inner(target);
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(code).collect::<Vec<_>>().join(", ");
    }
    if !schema["const"].is_null() {
        return code(&schema["const"]);
    }
    for choice in ["anyOf", "oneOf"] {
        let parts: Vec<_> = list(schema, choice).iter().map(&inner).filter(|part| part != "null").collect();
        if !parts.is_empty() {
            return parts.join(" or ");
        }
    }
    let types: Vec<_> = match &schema["type"] {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect()
        }
        _ => vec!["any"],
    };
    if types == ["array"] { format!("array of {}", inner(&schema["items"])) } else { types.join(" or ") }
}

fn range(min: &Value, max: &Value, unit: &str) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    match (min.as_f64(), max.as_f64()) {
        (Some(min), Some(max)) => format!(", {min} to {max}{unit}"),
        (Some(min), None) => format!(", from {min}{unit}"),
        (None, Some(max)) => format!(", to {max}{unit}"),
        (None, None) if unit.is_empty() => unit,
        (None, None) => format!(",{unit}"),
    }
}

fn sentence(label: &str, description: &str) -> String {
    let description = description.replace('\n', " ");
    if description.is_empty() { label.into() } else { format!("{label}: {description}") }
}

fn code(value: &Value) -> String {
    if value.is_null() { String::new() } else { format!("`{value}`") }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value[member].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn first_difference(a: &str, b: &str) -> usize {
    a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_show_arguments_and_properties() {
        let command = json!({
            "id": "graphics.blur", "title": "Blur", "description": "Softens.", "keys": [{ "keys": "Ctrl+B" }],
            "arguments": {
                "required": ["sigma"],
                "properties": {
                    "sigma": { "type": "number", "minimum": 0, "maximum": 500, "description": "Radius\nin px." },
                    "mode": { "anyOf": [{ "$ref": "#/$defs/Mode" }, { "type": "null" }], "default": "fast" },
                    "nodes": { "type": ["array", "null"], "items": { "type": "string" } }
                },
                "$defs": { "Mode": { "enum": ["fast", "fine"] } }
            },
            "examples": [{ "title": "A soft edge", "steps": [{ "command": "graphics.blur" }] }]
        });
        let page = commands_page(&[command]).unwrap();
        for part in [
            "## graphics\n\n### `graphics.blur`\n\n**Blur.** Softens.\n\nKeys: `Ctrl+B`",
            "number, 0 to 500",
            "| required | Radius in px. |",
            "`\"fast\"`, `\"fine\"`",
            "array of string",
            "A soft edge:\n\n```json\n{\"command\":\"graphics.blur\"}\n```",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        let kind = json!({ "id": "graphics.canvas", "title": "Canvas", "description": "A picture.", "properties": [
            { "name": "width", "type": "number", "label": "Width", "default": 100, "unit": "px", "min": 1, "merge": "lww" }] });
        let page = kinds_page(&[kind]).unwrap();
        assert!(page.contains("| `width`  | number, from 1 px | `100`   | lww   | Width      |"), "{page}");
    }
}
