//! Node kinds, and the registry of all that are known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{PropertyDeclaration, PropertyType};

/// The declaration of a node kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Its id: `graphics.path`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// Whether it is the kind of a document: of the root, and of nothing else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub document: bool,
    /// Whether it is the kind of a document that is a text, not a node tree.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub text: bool,
    /// The kinds of nodes that may be below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<String>,
    /// Its properties.
    pub properties: Vec<PropertyDeclaration>,
}

impl Kind {
    /// The declaration of a property.
    pub fn property(&self, name: &str) -> Option<&PropertyDeclaration> {
        self.properties.iter().find(|property| property.name == name)
    }
}

/// All known kinds by id.
#[derive(Clone, Debug, Default)]
pub struct Kinds(BTreeMap<String, Kind>);

impl Kinds {
    /// Adds a kind; the kind of that id before is handed back.
    pub fn insert(&mut self, kind: Kind) -> Option<Kind> {
        self.0.insert(kind.id.clone(), kind)
    }

    /// The properties that refer to other documents, with the kinds that have them.
    pub fn document_properties(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.values().flat_map(|kind| {
            let referring =
                kind.properties.iter().filter(|property| property.value_type == PropertyType::Document);
            referring.map(|property| (kind.id.as_str(), property.name.as_str()))
        })
    }

    /// The kind of this id.
    pub fn get(&self, id: &str) -> Option<&Kind> {
        self.0.get(id)
    }

    /// All kinds in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.0.values()
    }
}
