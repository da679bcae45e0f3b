//! Which blobs content names: every text that reads as a hash may be one.

use base::BlobHash;

use crate::{Content, Delta, Property, Value};

impl Delta {
    /// The hashes that the step puts into the document.
    pub fn hashes(&self, out: &mut Vec<BlobHash>) {
        match self {
            Delta::Insert { properties, .. } => properties.iter().for_each(|(_, value)| value.hashes(out)),
            Delta::Set { value: Some(value), .. } | Delta::Put { value: Some(value), .. } => {
                value.hashes(out)
            }
            Delta::Items { insert, .. } => insert.iter().for_each(|value| value.hashes(out)),
            _ => {}
        }
    }
}

impl Content {
    /// The hashes that the content holds, the trash included: ascending, none twice.
    pub fn hashes(&self) -> Vec<BlobHash> {
        let mut out = Vec::new();
        if let Content::Tree(tree) = self {
            for node in tree.ids().filter_map(|id| tree.node(id)) {
                for (_, property) in node.properties.iter() {
                    match property {
                        Property::Register(value) => value.hashes(&mut out),
                        other => other.to_value().hashes(&mut out),
                    }
                }
            }
        }
        out.sort();
        out.dedup();
        out
    }
}

impl Value {
    fn hashes(&self, out: &mut Vec<BlobHash>) {
        match self {
            Value::String(text) if text.len() == 64 => out.extend(text.parse::<BlobHash>()),
            Value::List(items) => items.iter().for_each(|item| item.hashes(out)),
            Value::Map(map) => map.values().for_each(|value| value.hashes(out)),
            _ => {}
        }
    }
}
