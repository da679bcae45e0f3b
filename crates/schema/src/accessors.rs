//! Rust accessors, generated from the declarations of kinds by a capability's build script.

use std::fmt::Write;

use crate::{Kind, Merge, PropertyDeclaration, PropertyType};

/// Rust source with, per kind, a reader and a builder of property lists.
///
/// The reader `Path<'a>` of `graphics.path` reads each property at the time of its node, or gives the default; the
/// builder `PathProperties` makes the list for an insertion and leaves out what equals the default. Enums become Rust
/// enums.
pub fn accessors<'a>(kinds: impl IntoIterator<Item = &'a Kind>) -> String {
    let mut out = String::from("// Generated from capability.json.\n");
    for kind in kinds {
        // Writing to a string cannot fail.
        let _ = kind_accessors(&mut out, kind);
    }
    out
}

fn kind_accessors(out: &mut String, kind: &Kind) -> std::fmt::Result {
    let name = camel(kind.id.rsplit('.').next().unwrap_or(&kind.id));
    let registers: Vec<&PropertyDeclaration> =
        kind.properties.iter().filter(|p| p.merge == Merge::Lww).collect();
    writeln!(out, "/// {}: {}", kind.title, kind.description)?;
    writeln!(out, "#[derive(Clone, Copy, Debug)]\npub struct {name}<'a>(document::NodeRef<'a>);\n")?;
    writeln!(out, "impl<'a> {name}<'a> {{")?;
    writeln!(out, "    /// The id of the kind.\n    pub const KIND: &'static str = {:?};\n", kind.id)?;
    writeln!(out, "    /// Reads a node of this kind.")?;
    writeln!(out, "    pub fn read(node: document::NodeRef<'a>) -> Option<Self> {{")?;
    writeln!(out, "        (node.kind() == Self::KIND).then_some({name}(node))\n    }}\n")?;
    writeln!(
        out,
        "    /// The node.\n    pub fn node(self) -> document::NodeRef<'a> {{\n        self.0\n    }}"
    )?;
    for property in &registers {
        reader(out, &name, property)?;
    }
    writeln!(out, "}}\n")?;
    writeln!(out, "/// The properties of a new node of kind {}.", kind.id)?;
    writeln!(out, "#[derive(Clone, Debug, Default)]")?;
    writeln!(
        out,
        "pub struct {name}Properties(std::collections::BTreeMap<&'static str, document::Value>);\n"
    )?;
    writeln!(out, "impl {name}Properties {{")?;
    for property in &registers {
        builder(out, &name, property)?;
    }
    writeln!(out, "    /// The list, sorted by name.")?;
    writeln!(out, "    pub fn list(self) -> Vec<(document::Key, document::Value)> {{")?;
    writeln!(
        out,
        "        self.0.into_iter().map(|(key, value)| (key.into(), value)).collect()\n    }}\n}}\n"
    )?;
    for property in registers.iter().filter(|p| p.value_type == PropertyType::Enum) {
        enumeration(out, &name, property)?;
    }
    Ok(())
}

fn reader(out: &mut String, kind: &str, property: &PropertyDeclaration) -> std::fmt::Result {
    let (key, method) = (&property.name, snake(&property.name));
    let default = &property.default;
    let (result, body) = match property.value_type {
        PropertyType::Bool => {
            let default = default.as_bool().unwrap_or(false);
            ("bool".into(), format!("self.0.value({key:?}).and_then(|v| v.as_bool()).unwrap_or({default})"))
        }
        PropertyType::Integer => {
            let default = default.as_i64().unwrap_or(0);
            ("i64".into(), format!("self.0.value({key:?}).and_then(|v| v.as_integer()).unwrap_or({default})"))
        }
        PropertyType::Number => {
            let default = default.as_f64().unwrap_or(0.0);
            ("f64".into(), format!("self.0.number({key:?}).unwrap_or({default:?})"))
        }
        PropertyType::String => {
            let default = default.as_str().unwrap_or("");
            (
                "std::sync::Arc<str>".into(),
                format!("self.0.string({key:?}).unwrap_or_else(|| {default:?}.into())"),
            )
        }
        PropertyType::Enum => {
            let name = format!("{kind}{}", camel(key));
            (
                name.clone(),
                format!("self.0.string({key:?}).and_then(|s| {name}::parse(&s)).unwrap_or_default()"),
            )
        }
        PropertyType::Color => match default.as_str() {
            Some(default) => (
                "base::Color".into(),
                format!("self.0.string({key:?}).and_then(|s| s.parse().ok()).unwrap_or({})", color(default)),
            ),
            None => {
                ("Option<base::Color>".into(), format!("self.0.string({key:?}).and_then(|s| s.parse().ok())"))
            }
        },
        PropertyType::Point => (
            "kurbo::Point".into(),
            format!(
                "self.0.numbers::<2>({key:?}).map_or(kurbo::Point::ZERO, |[x, y]| kurbo::Point::new(x, y))"
            ),
        ),
        PropertyType::Transform => (
            "kurbo::Affine".into(),
            format!("self.0.numbers::<6>({key:?}).map_or(kurbo::Affine::IDENTITY, kurbo::Affine::new)"),
        ),
        PropertyType::Blob => id_reader("base::BlobHash", key),
        PropertyType::Node => id_reader("base::NodeId", key),
        PropertyType::Document => id_reader("base::DocumentId", key),
        PropertyType::Json => {
            ("Option<std::borrow::Cow<'a, document::Value>>".into(), format!("self.0.value({key:?})"))
        }
    };
    doc(out, property)?;
    writeln!(out, "    pub fn {method}(self) -> {result} {{\n        {body}\n    }}")
}

fn id_reader(id: &str, key: &str) -> (String, String) {
    (format!("Option<{id}>"), format!("self.0.string({key:?}).and_then(|s| s.parse().ok())"))
}

fn builder(out: &mut String, kind: &str, property: &PropertyDeclaration) -> std::fmt::Result {
    let (key, method) = (&property.name, snake(&property.name));
    let enumeration = format!("{kind}{}", camel(key));
    let (argument, value) = match property.value_type {
        PropertyType::Bool => ("bool", "value.into()"),
        PropertyType::Integer => ("i64", "value.into()"),
        PropertyType::Number => ("f64", "value.into()"),
        PropertyType::String => ("&str", "value.into()"),
        PropertyType::Enum => (enumeration.as_str(), "value.as_str().into()"),
        PropertyType::Color => ("base::Color", "value.into()"),
        PropertyType::Point => ("kurbo::Point", "value.into()"),
        PropertyType::Transform => ("kurbo::Affine", "value.into()"),
        PropertyType::Blob => ("base::BlobHash", "value.into()"),
        PropertyType::Node => ("base::NodeId", "value.into()"),
        PropertyType::Document => ("base::DocumentId", "value.into()"),
        PropertyType::Json => ("document::Value", "value"),
    };
    doc(out, property)?;
    writeln!(out, "    pub fn {method}(mut self, value: {argument}) -> Self {{")?;
    let insert = format!("self.0.insert({key:?}, {value});");
    let unless = match (property.value_type, &property.default) {
        (PropertyType::Bool, default) => {
            Some(if default.as_bool() == Some(true) { "!value" } else { "value" }.into())
        }
        (PropertyType::Integer, default) => Some(format!("value != {}", default.as_i64().unwrap_or(0))),
        (PropertyType::Number, default) => Some(format!("value != {:?}", default.as_f64().unwrap_or(0.0))),
        (PropertyType::String, default) => Some(match default.as_str() {
            None | Some("") => "!value.is_empty()".into(),
            Some(text) => format!("value != {text:?}"),
        }),
        (PropertyType::Enum, _) => Some(format!("value != {enumeration}::default()")),
        (PropertyType::Transform, _) => Some("value != kurbo::Affine::IDENTITY".into()),
        _ => None,
    };
    match unless {
        Some(condition) => writeln!(out, "        if {condition} {{\n            {insert}\n        }}")?,
        None => writeln!(out, "        {insert}")?,
    }
    writeln!(out, "        self\n    }}")
}

fn enumeration(out: &mut String, kind: &str, property: &PropertyDeclaration) -> std::fmt::Result {
    let name = format!("{kind}{}", camel(&property.name));
    let default = property.default.as_str().unwrap_or_else(|| property.values.first().map_or("", |v| v));
    writeln!(out, "/// {}.", property.label)?;
    writeln!(out, "#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]\npub enum {name} {{")?;
    for value in &property.values {
        if value == default {
            writeln!(out, "    #[default]")?;
        }
        writeln!(out, "    /// `{value}`\n    {},", camel(value))?;
    }
    writeln!(
        out,
        "}}\n\nimpl {name} {{\n    /// The text that is stored.\n    pub fn as_str(self) -> &'static str {{"
    )?;
    writeln!(out, "        match self {{")?;
    for value in &property.values {
        writeln!(out, "            {name}::{} => {value:?},", camel(value))?;
    }
    writeln!(
        out,
        "        }}\n    }}\n\n    /// The value of a stored text.\n    pub fn parse(text: &str) -> Option<Self> {{"
    )?;
    writeln!(out, "        match text {{")?;
    for value in &property.values {
        writeln!(out, "            {value:?} => Some({name}::{}),", camel(value))?;
    }
    writeln!(out, "            _ => None,\n        }}\n    }}\n}}\n")
}

fn doc(out: &mut String, property: &PropertyDeclaration) -> std::fmt::Result {
    let unit = property.unit.as_ref().map(|unit| format!(" ({unit})")).unwrap_or_default();
    let description = match property.description.as_str() {
        "" => String::new(),
        text => format!(": {text}"),
    };
    writeln!(out, "    /// {}{unit}{description}", property.label)
}

fn color(text: &str) -> String {
    let color = text.parse().unwrap_or(base::Color::TRANSPARENT);
    format!("base::Color {{ r: {}, g: {}, b: {}, a: {} }}", color.r, color.g, color.b, color.a)
}

fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut upper = true;
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            upper = true;
        } else if std::mem::take(&mut upper) {
            out.extend(c.to_uppercase());
        } else {
            out.push(c);
        }
    }
    out
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
