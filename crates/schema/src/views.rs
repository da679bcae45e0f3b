//! SQL views: one per kind, with a column per property, over a table `nodes`.

use crate::Kind;

/// The name and the definition of each kind's view, over `nodes(document, id, kind, parent, position, properties)`
/// whose `properties` are JSON: `graphics.path` becomes `graphics_path`.
pub fn views<'a>(kinds: impl IntoIterator<Item = &'a Kind>) -> Vec<(String, String)> {
    kinds.into_iter().map(|kind| (kind.id.replace('.', "_"), definition(kind))).collect()
}

fn definition(kind: &Kind) -> String {
    let mut columns = vec!["document".to_owned(), "id".into(), "parent".into(), "position".into()];
    for property in &kind.properties {
        let name = &property.name;
        let set = format!("json_extract(properties, '$.{name}')");
        let column = match &property.default {
            serde_json::Value::Null => set,
            default => format!("coalesce({set}, {})", literal(default)),
        };
        columns.push(format!("{column} AS \"{name}\""));
    }
    format!("SELECT {} FROM nodes WHERE kind = {}", columns.join(", "), literal(&kind.id.as_str().into()))
}

fn literal(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Bool(b) => u8::from(*b).to_string(),
        serde_json::Value::Number(n) => n.to_string(),
        serde_json::Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        other => format!("'{}'", other.to_string().replace('\'', "''")),
    }
}
