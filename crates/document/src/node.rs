//! One node: its kind, its place and its properties, each with the merge rule it is stored by.

use std::{collections::BTreeMap, sync::Arc};

use base::NodeId;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use serde::{Deserialize, Serialize};

use crate::{Key, Value};

/// A property as stored: the value in the shape that its merge rule needs, so that a program that does not know the
/// node's kind still keeps and merges it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Property {
    /// `lww`: the last written value wins.
    Register(Value),
    /// `map`: entries merge one by one. Never empty.
    Map(Arc<BTreeMap<Key, Value>>),
    /// `text`: edits merge by character. Never empty.
    Text(Arc<str>),
    /// `list`: insertions and removals merge. Never empty.
    List(Arc<[Value]>),
    /// `counter`: additions add up. Never zero.
    Counter(i64),
}

impl Property {
    /// The name of the merge rule.
    pub fn rule(&self) -> &'static str {
        match self {
            Property::Register(_) => "lww",
            Property::Map(_) => "map",
            Property::Text(_) => "text",
            Property::List(_) => "list",
            Property::Counter(_) => "counter",
        }
    }

    /// The value that readers see, whatever the merge rule.
    pub fn to_value(&self) -> Value {
        match self {
            Property::Register(value) => value.clone(),
            Property::Map(map) => Value::Map(map.clone()),
            Property::Text(text) => Value::String(text.clone()),
            Property::List(items) => Value::List(items.clone()),
            Property::Counter(count) => Value::Integer(*count),
        }
    }
}

/// An array of the rule's number and the value.
impl<C> Encode<C> for Property {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        let rule = match self {
            Property::Register(_) => 0,
            Property::Map(_) => 1,
            Property::Text(_) => 2,
            Property::List(_) => 3,
            Property::Counter(_) => 4,
        };
        e.array(2)?.u8(rule)?;
        self.to_value().encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for Property {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        d.array()?;
        let at = d.position();
        match (d.u8()?, Value::decode(d, ctx)?) {
            (0, value) => Ok(Property::Register(value)),
            (1, Value::Map(map)) => Ok(Property::Map(map)),
            (2, Value::String(text)) => Ok(Property::Text(text)),
            (3, Value::List(items)) => Ok(Property::List(items)),
            (4, Value::Integer(count)) => Ok(Property::Counter(count)),
            _ => Err(decode::Error::message("a property whose value does not fit its merge rule").at(at)),
        }
    }
}

/// The properties of a node that are set, sorted by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Properties(Vec<(Key, Property)>);

impl Properties {
    /// The property of this name, if it is set.
    pub fn get(&self, key: &str) -> Option<&Property> {
        self.0.binary_search_by(|(k, _)| k.as_str().cmp(key)).ok().map(|at| &self.0[at].1)
    }

    /// Sets (`Some`) or unsets (`None`) a property; the property before is handed back.
    pub fn set(&mut self, key: &Key, property: Option<Property>) -> Option<Property> {
        match (self.0.binary_search_by(|(k, _)| k.cmp(key)), property) {
            (Ok(at), Some(property)) => Some(std::mem::replace(&mut self.0[at].1, property)),
            (Ok(at), None) => Some(self.0.remove(at).1),
            (Err(at), Some(property)) => {
                self.0.insert(at, (key.clone(), property));
                None
            }
            (Err(_), None) => None,
        }
    }

    /// The properties in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Property)> {
        self.0.iter().map(|(key, property)| (key, property))
    }
}

impl FromIterator<(Key, Property)> for Properties {
    fn from_iter<I: IntoIterator<Item = (Key, Property)>>(properties: I) -> Self {
        let mut sorted: Vec<_> = properties.into_iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        sorted.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Properties(sorted)
    }
}

/// A node of a tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// The node's kind: `graphics.path`.
    pub kind: Key,
    /// The node above; none for the root and the trash.
    pub parent: Option<NodeId>,
    /// The nodes below, in order.
    pub children: imbl::Vector<NodeId>,
    /// What is set on it.
    pub properties: Properties,
}
