//! Property values: JSON's data model with integers kept apart, cheap to clone.

use std::{borrow::Borrow, collections::BTreeMap, fmt, sync::Arc};

use minicbor::{Decode, Decoder, Encode, Encoder, data::Type, decode, encode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// How deep lists and maps may nest in one value.
const MAX_DEPTH: usize = 128;

/// The name of a property, of an entry in a map, or of a node kind. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(Arc<str>);

impl Key {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Key(name.into())
    }
}
impl From<String> for Key {
    fn from(name: String) -> Self {
        Key(name.into())
    }
}
impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl<C> Encode<C> for Key {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.str(&self.0)?;
        Ok(())
    }
}
impl<'b, C> Decode<'b, C> for Key {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        Ok(Key(d.str()?.into()))
    }
}

/// The value of a property. Numbers are finite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// JSON's `null`; only inside lists and maps, since an unset property has no value at all.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// A text.
    String(Arc<str>),
    /// Values in order.
    List(Arc<[Value]>),
    /// Values by name.
    Map(Arc<BTreeMap<Key, Value>>),
}

impl Value {
    /// The number, also of an integer.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Integer(i) => Some(*i as f64),
            Value::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// The whole number, also of a number without a fraction.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Value::Integer(i) => Some(*i),
            Value::Number(n) if n.fract() == 0.0 && n.abs() < 9e15 => Some(*n as i64),
            _ => None,
        }
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(b) = self { Some(*b) } else { None }
    }

    /// The text.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(s) = self { Some(s) } else { None }
    }

    /// The value of JSON data. Integers beyond 64 bits become numbers.
    pub fn from_json(json: &serde_json::Value) -> Value {
        use serde_json::Value as Json;
        match json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(*b),
            Json::Number(n) => match n.as_i64() {
                Some(i) => Value::Integer(i),
                None => Value::Number(n.as_f64().unwrap_or(0.0)),
            },
            Json::String(s) => Value::String(s.as_str().into()),
            Json::Array(items) => Value::List(items.iter().map(Value::from_json).collect()),
            Json::Object(map) => Value::Map(Arc::new(
                map.iter().map(|(k, v)| (k.as_str().into(), Value::from_json(v))).collect(),
            )),
        }
    }

    /// The value as JSON data, names sorted.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Value::Null => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Integer(i) => (*i).into(),
            Value::Number(n) => (*n).into(),
            Value::String(s) => Json::String(s.to_string()),
            Value::List(items) => Json::Array(items.iter().map(Value::to_json).collect()),
            Value::Map(map) => {
                Json::Object(map.iter().map(|(k, v)| (k.as_str().to_owned(), v.to_json())).collect())
            }
        }
    }

    /// A Rust value that serialises as JSON, as a property value.
    pub fn from_typed<T: Serialize>(value: &T) -> Result<Value, serde_json::Error> {
        Ok(Value::from_json(&serde_json::to_value(value)?))
    }

    /// The property value read as a Rust type.
    pub fn to_typed<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(self.to_json())
    }
}

macro_rules! value_from {
    ($($from:ty => |$v:ident| $make:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($v: $from) -> Self {
                $make
            }
        })*
    };
}

value_from! {
    bool => |v| Value::Bool(v);
    i64 => |v| Value::Integer(v);
    f64 => |v| Value::Number(v);
    &str => |v| Value::String(v.into());
    String => |v| Value::String(v.into());
    base::Color => |v| Value::String(v.to_string().into());
    base::NodeId => |v| Value::String(v.to_string().into());
    base::DocumentId => |v| Value::String(v.to_string().into());
    base::BlobHash => |v| Value::String(v.to_string().into());
    kurbo::Point => |v| Value::List([v.x, v.y].map(Value::Number).into());
    kurbo::Affine => |v| Value::List(v.as_coeffs().map(Value::Number).into());
}

impl<C> Encode<C> for Value {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        match self {
            Value::Null => e.null()?,
            Value::Bool(b) => e.bool(*b)?,
            Value::Integer(i) => e.i64(*i)?,
            Value::Number(n) => e.f64(*n)?,
            Value::String(s) => e.str(s)?,
            Value::List(items) => {
                e.array(items.len() as u64)?;
                for item in items.iter() {
                    item.encode(e, ctx)?;
                }
                e
            }
            Value::Map(map) => {
                e.map(map.len() as u64)?;
                for (key, value) in map.iter() {
                    e.str(key.as_str())?;
                    value.encode(e, ctx)?;
                }
                e
            }
        };
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Value {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        decode_value(d, MAX_DEPTH)
    }
}

fn decode_value(d: &mut Decoder<'_>, depth: usize) -> Result<Value, decode::Error> {
    let Some(inner) = depth.checked_sub(1) else {
        return Err(decode::Error::message("a value nests too deep").at(d.position()));
    };
    Ok(match d.datatype()? {
        Type::Null => {
            d.null()?;
            Value::Null
        }
        Type::Bool => Value::Bool(d.bool()?),
        Type::F16 | Type::F32 | Type::F64 => Value::Number(d.f64()?),
        Type::String => Value::String(d.str()?.into()),
        Type::Array => {
            let len = definite(d.array()?, d)?;
            (0..len)
                .map(|_| decode_value(d, inner))
                .collect::<Result<Vec<_>, _>>()
                .map(|v| Value::List(v.into()))?
        }
        Type::Map => {
            let len = definite(d.map()?, d)?;
            let mut map = BTreeMap::new();
            for _ in 0..len {
                let key = Key(d.str()?.into());
                map.insert(key, decode_value(d, inner)?);
            }
            Value::Map(Arc::new(map))
        }
        _ => Value::Integer(d.i64()?),
    })
}

fn definite(len: Option<u64>, d: &Decoder<'_>) -> Result<u64, decode::Error> {
    len.ok_or_else(|| decode::Error::message("indefinite lengths are not used here").at(d.position()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_cbor_and_json() {
        let json = serde_json::json!({"a": [1, -2, 0.5, "é", true, null], "b": {"c": 1e300, "d": 3.0}});
        let value = Value::from_json(&json);
        assert_eq!(value.to_json(), json);
        let bytes = minicbor::to_vec(&value).unwrap();
        assert_eq!(Decoder::new(&bytes).decode::<Value>().unwrap(), value);
        let hostile = vec![0x81; 100_000];
        assert!(Decoder::new(&hostile).decode::<Value>().is_err());
    }
}
