//! Our values and nodes as loro's, and back.

use std::sync::Arc;

use base::NodeId;
use loro::{Container, LoroMap, LoroValue, ValueOrContainer};

use super::{ID, KIND};
use crate::{DeltaError, Key, Node, Properties, Property, Value};

/// The node whose properties are in a map.
pub(super) fn read_node(
    meta: &LoroMap,
    parent: Option<NodeId>,
    children: imbl::Vector<NodeId>,
) -> Result<Node, DeltaError> {
    let mut kind = None;
    let mut properties = Vec::new();
    let mut failure = None;
    meta.for_each(|key, value| match (key, value) {
        (KIND, ValueOrContainer::Value(LoroValue::String(name))) => kind = Some(Key::from(name.as_str())),
        (ID, _) => {}
        (key, value) => match read_property(value) {
            Ok(Some(property)) => properties.push((Key::from(key), property)),
            Ok(None) => {}
            Err(error) => failure = Some(error),
        },
    });
    match failure {
        Some(error) => Err(error),
        None => Ok(Node {
            kind: kind.unwrap_or_else(|| "trash".into()),
            parent,
            children,
            properties: Properties::from_iter(properties),
        }),
    }
}

fn read_property(value: ValueOrContainer) -> Result<Option<Property>, DeltaError> {
    Ok(match value {
        ValueOrContainer::Value(value) => Some(Property::Register(from_loro(&value)?)),
        ValueOrContainer::Container(Container::Map(map)) => match from_loro(&map.get_deep_value())? {
            Value::Map(entries) if !entries.is_empty() => Some(Property::Map(entries)),
            _ => None,
        },
        ValueOrContainer::Container(Container::Text(text)) => {
            let text = text.to_string();
            (!text.is_empty()).then(|| Property::Text(text.into()))
        }
        ValueOrContainer::Container(Container::List(list)) => match from_loro(&list.get_deep_value())? {
            Value::List(items) if !items.is_empty() => Some(Property::List(items)),
            _ => None,
        },
        ValueOrContainer::Container(Container::Counter(counter)) => {
            let count = counter.get_value() as i64;
            (count != 0).then_some(Property::Counter(count))
        }
        ValueOrContainer::Container(other) => {
            return Err(DeltaError::Crdt(format!("a property is a {:?}", other.get_type())));
        }
    })
}

/// A value as loro keeps it.
pub(super) fn to_loro(value: &Value) -> LoroValue {
    match value {
        Value::Null => LoroValue::Null,
        Value::Bool(b) => LoroValue::Bool(*b),
        Value::Integer(i) => LoroValue::I64(*i),
        Value::Number(n) => LoroValue::Double(*n),
        Value::String(s) => LoroValue::from(s.as_ref()),
        Value::List(items) => LoroValue::List(items.iter().map(to_loro).collect::<Vec<_>>().into()),
        Value::Map(map) => {
            // In the order of the keys: loro writes a map in the order that came of how it was filled.
            let entries = map.iter().map(|(key, value)| (key.as_str().to_owned(), to_loro(value)));
            LoroValue::Map(entries.collect::<Vec<_>>().into())
        }
    }
}

fn from_loro(value: &LoroValue) -> Result<Value, DeltaError> {
    Ok(match value {
        LoroValue::Null => Value::Null,
        LoroValue::Bool(b) => Value::Bool(*b),
        LoroValue::I64(i) => Value::Integer(*i),
        LoroValue::Double(n) => Value::Number(*n),
        LoroValue::String(s) => Value::from(s.as_str()),
        LoroValue::List(items) => Value::List(items.iter().map(from_loro).collect::<Result<_, _>>()?),
        LoroValue::Map(map) => {
            let entries = map.iter().map(|(key, value)| Ok((Key::from(key.as_str()), from_loro(value)?)));
            Value::Map(Arc::new(entries.collect::<Result<_, DeltaError>>()?))
        }
        LoroValue::Binary(_) | LoroValue::Container(_) => {
            return Err(DeltaError::Crdt("a property holds what no version of this program writes".into()));
        }
    })
}
