//! Giving a property a value, by its merge rule.

use std::sync::Arc;

use base::NodeId;
use document::{Delta, Key, Property, Value};
use schema::Merge;

use crate::CommandError;

/// The steps that give a property a value, by its merge rule.
pub(crate) fn assignments(
    node: NodeId,
    key: &Key,
    merge: Merge,
    stored: Option<&Property>,
    value: Option<Value>,
) -> Result<Vec<Delta>, CommandError> {
    let key = key.clone();
    let misfit = |expected: &str| Err(CommandError::argument("value", format!("{key} must be {expected}")));
    match merge {
        Merge::Lww => Ok(vec![Delta::Set { node, key, value }]),
        Merge::Counter => {
            let before = if let Some(Property::Counter(n)) = stored { *n } else { 0 };
            match value.as_ref().map_or(Some(0), Value::as_integer) {
                Some(count) => Ok(vec![Delta::Add { node, key, amount: count - before }]),
                None => misfit("a whole number"),
            }
        }
        Merge::Text => {
            let before = if let Some(Property::Text(text)) = stored { text } else { "" };
            let after = match &value {
                None => "",
                Some(Value::String(text)) => text,
                Some(_) => return misfit("a text"),
            };
            let change = document::text::diff(&before.into(), &after.into());
            Ok(vec![Delta::Splice { node, key, change }])
        }
        Merge::List => {
            let delete = if let Some(Property::List(items)) = stored { items.len() as u32 } else { 0 };
            let insert = match value {
                None => Vec::new(),
                Some(Value::List(items)) => items.to_vec(),
                Some(_) => return misfit("a list"),
            };
            Ok(vec![Delta::Items { node, key, at: 0, delete, insert }])
        }
        Merge::Map => {
            let before = if let Some(Property::Map(map)) = stored { map.clone() } else { Arc::default() };
            let after = match value {
                None => Arc::default(),
                Some(Value::Map(map)) => map,
                Some(_) => return misfit("a map"),
            };
            let gone = before.keys().filter(|entry| !after.contains_key(*entry)).map(|entry| (entry, None));
            let put = after.iter().map(|(entry, value)| (entry, Some(value.clone())));
            Ok(gone
                .chain(put)
                .map(|(entry, value)| Delta::Put { node, key: key.clone(), entry: entry.clone(), value })
                .collect())
        }
    }
}
