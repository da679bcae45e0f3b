//! Properties: type, unit, range, default, label and merge rule, and the check of values against them.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// The type of a property's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PropertyType {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// A finite number.
    Number,
    /// A text.
    String,
    /// One of the declared texts.
    Enum,
    /// `#rrggbb` or `#rrggbbaa`, sRGB.
    Color,
    /// Two numbers: x and y.
    Point,
    /// Six numbers, an affine transform: x' = a·x + c·y + e, y' = b·x + d·y + f.
    Transform,
    /// The BLAKE3 hash of a blob.
    Blob,
    /// The id of a node of the same document.
    Node,
    /// The id of another document.
    Document,
    /// Any JSON data; the description says of which shape.
    Json,
}

/// How concurrent changes of a property come together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Merge {
    /// The last written value wins.
    #[default]
    Lww,
    /// Insertions and removals of items come together.
    List,
    /// Entries come together one by one.
    Map,
    /// Edits come together by character.
    Text,
    /// Additions add up.
    Counter,
}

/// The declaration of one property.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertyDeclaration {
    /// Its name: lower camel case.
    pub name: String,
    /// The type of its values, or of its items or entries.
    #[serde(rename = "type")]
    pub value_type: PropertyType,
    /// What people call it.
    pub label: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The value when it is not set.
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub default: Json,
    /// The unit: `px`, `deg`, `s`, `dB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The least number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The greatest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The texts of an enum.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// How concurrent changes come together.
    #[serde(default)]
    pub merge: Merge,
}

/// A value that does not fit its declaration: what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{property} must be {expected}, not {found}")]
pub struct ValueError {
    /// The name of the property.
    pub property: String,
    /// What it must be.
    pub expected: String,
    /// What it was, shortened.
    pub found: String,
}

impl PropertyDeclaration {
    /// Checks a value against type and range and brings it into its one stored form: whole numbers of number
    /// properties become fractions, colours are written canonically.
    pub fn check(&self, value: &Json) -> Result<Json, ValueError> {
        self.conform(value).ok_or_else(|| ValueError {
            property: self.name.clone(),
            expected: self.expectation(),
            found: shortened(value),
        })
    }

    fn conform(&self, value: &Json) -> Option<Json> {
        let in_range = |n: f64| {
            n.is_finite() && self.min.is_none_or(|min| n >= min) && self.max.is_none_or(|max| n <= max)
        };
        match self.value_type {
            PropertyType::Bool => value.as_bool().map(Json::Bool),
            PropertyType::Integer => {
                let n = value
                    .as_i64()
                    .or_else(|| value.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as i64))?;
                in_range(n as f64).then(|| n.into())
            }
            PropertyType::Number => value.as_f64().filter(|n| in_range(*n)).map(Json::from),
            PropertyType::String => value.as_str().map(Json::from),
            PropertyType::Enum => {
                value.as_str().filter(|s| self.values.iter().any(|v| v == s)).map(Json::from)
            }
            PropertyType::Color => value.as_str()?.parse::<base::Color>().ok().map(|c| c.to_string().into()),
            PropertyType::Point => numbers(value, 2),
            PropertyType::Transform => numbers(value, 6),
            PropertyType::Blob => {
                value.as_str()?.parse::<base::BlobHash>().ok().map(|h| h.to_string().into())
            }
            PropertyType::Node => {
                value.as_str()?.parse::<base::NodeId>().ok().map(|id| id.to_string().into())
            }
            PropertyType::Document => {
                value.as_str()?.parse::<base::DocumentId>().ok().map(|id| id.to_string().into())
            }
            PropertyType::Json => Some(value.clone()),
        }
    }

    /// What a value must be, for people: "a number from 0 to 1".
    pub fn expectation(&self) -> String {
        let range = match (self.min, self.max) {
            (Some(min), Some(max)) => format!(" from {min} to {max}"),
            (Some(min), None) => format!(" of at least {min}"),
            (None, Some(max)) => format!(" of at most {max}"),
            (None, None) => String::new(),
        };
        match self.value_type {
            PropertyType::Bool => "true or false".into(),
            PropertyType::Integer => format!("a whole number{range}"),
            PropertyType::Number => format!("a number{range}"),
            PropertyType::String => "a text".into(),
            PropertyType::Enum => format!("one of {}", self.values.join(", ")),
            PropertyType::Color => "a colour (#rgb, #rrggbb or #rrggbbaa)".into(),
            PropertyType::Point => "a point [x, y]".into(),
            PropertyType::Transform => "an affine transform [a, b, c, d, e, f]".into(),
            PropertyType::Blob => "the hash of a blob (64 hexadecimal digits)".into(),
            PropertyType::Node => "the id of a node (32 hexadecimal digits)".into(),
            PropertyType::Document => "the id of a document (32 hexadecimal digits)".into(),
            PropertyType::Json => "JSON data".into(),
        }
    }
}

fn numbers(value: &Json, count: usize) -> Option<Json> {
    let items = value.as_array().filter(|items| items.len() == count)?;
    let numbers: Option<Vec<Json>> =
        items.iter().map(|item| item.as_f64().filter(|n| n.is_finite()).map(Json::from)).collect();
    numbers.map(Json::Array)
}

fn shortened(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_and_brought_into_their_stored_form() {
        let opacity: PropertyDeclaration = serde_json::from_value(serde_json::json!(
            {"name": "opacity", "type": "number", "label": "Opacity", "default": 1, "min": 0, "max": 1}
        ))
        .unwrap();
        assert_eq!(opacity.check(&1.into()), Ok(Json::from(1.0)));
        let error = opacity.check(&2.into()).unwrap_err();
        assert_eq!(error.to_string(), "opacity must be a number from 0 to 1, not 2");
        let color = PropertyDeclaration { name: "fill".into(), value_type: PropertyType::Color, ..opacity };
        assert_eq!(color.check(&"#FFF".into()), Ok("#ffffff".into()));
        assert!(color.check(&"white-ish".into()).is_err());
    }
}
