//! The manifest of a capability: `capability.json`.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::Kind;

/// What a capability brings. What is not built is not in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Manifest {
    /// Its id, which starts the ids of its commands and kinds: `graphics`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it stands in lists: `create`, `code`, `system`.
    pub category: String,
    /// The ids of the capabilities whose commands it calls.
    #[serde(default)]
    pub depends: Vec<String>,
    /// Its commands and queries.
    #[serde(default)]
    pub commands: Vec<CommandDeclaration>,
    /// Its node kinds.
    #[serde(default)]
    pub kinds: Vec<Kind>,
    /// What it reads.
    #[serde(default)]
    pub importers: Vec<Format>,
    /// What it writes.
    #[serde(default)]
    pub exporters: Vec<Format>,
    /// What it shows of documents.
    #[serde(default)]
    pub evaluators: Vec<EvaluatorDeclaration>,
    /// The state machines that it runs.
    #[serde(default)]
    pub charts: Vec<ChartDeclaration>,
    /// The tools that its state machines know.
    #[serde(default)]
    pub tools: Vec<ToolDeclaration>,
    /// Its settings.
    #[serde(default)]
    pub settings: Vec<Setting>,
}

/// A command or query as people meet it. The schema of its arguments comes from their Rust type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CommandDeclaration {
    /// Its id: `graphics.filter.apply`.
    pub id: String,
    /// What people call it, in a menu or the palette.
    pub title: String,
    /// What it does, in a sentence or two.
    pub description: String,
    /// The keys that call it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyBinding>,
    /// When it can be called; always when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub when: String,
    /// Whether a task leaves its document as it is. Queries do, and edits do not, without saying so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reads: bool,
    /// Examples; each is run by a test.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
}

/// Keys that call a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyBinding {
    /// The keys: `Ctrl+Z`, chords with a space between.
    pub keys: String,
    /// The keys are bound only then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub when: String,
}

/// An example of a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What it shows.
    pub title: String,
    /// The steps of a script; the last one is the command.
    pub steps: Vec<Json>,
}

/// A file format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// Its id: `png`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// The extensions of its files, without the dot, the usual one first.
    pub extensions: Vec<String>,
    /// Its media types, the registered one first.
    #[serde(default, rename = "mediaTypes")]
    pub media_types: Vec<String>,
    /// The kind of document that it is read into or written from.
    pub document: String,
    /// Of an exporter: the format in which the document is written first, then read again by whatever capability reads it,
    /// and what was read is written. Empty: it is written at once, by a handler of the capability.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub through: String,
}

/// What draws documents of a kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluatorDeclaration {
    /// Its id: `picture`.
    pub id: String,
    /// What people call what it shows.
    pub title: String,
    /// The kind of document that it draws.
    pub document: String,
}

/// A state machine that runs while people work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChartDeclaration {
    /// Its id: `graphics.tools`.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// The kind of document that has to be in front for it to hear of keys and the pointer; empty for any or none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub document: String,
}

/// A tool: what the pointer does on a document of a kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolDeclaration {
    /// Its id, which is that of a state of its chart: `rectangle`.
    pub id: String,
    /// The chart, which takes the tool up at the event `tool.select.ID`.
    pub chart: String,
    /// What people call it.
    pub title: String,
    /// How it is used, in a sentence.
    pub hint: String,
    /// The key that takes it up; none when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub keys: String,
    /// What the pointer looks like.
    #[serde(default)]
    pub cursor: Cursor,
    /// Its picture: SVG path data of lines on a square of 24 × 24 units.
    pub icon: String,
}

/// What the pointer looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cursor {
    /// An arrow.
    #[default]
    Arrow,
    /// A cross, for what is placed exactly.
    Cross,
    /// A hand that can take hold.
    Hand,
    /// An upright bar, for text.
    Text,
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its key: `text.fontDirectories`.
    pub key: String,
    /// What people call it.
    pub label: String,
    /// What it does.
    pub description: String,
    /// The JSON Schema of its value.
    pub schema: Json,
    /// The value when it is not set.
    #[serde(default)]
    pub default: Json,
}

/// A manifest that is not well-formed.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is no JSON of the right shape.
    #[error("{name}: {source}")]
    Json {
        /// The capability whose manifest it is.
        name: String,
        /// What is wrong and where.
        source: serde_json::Error,
    },
    /// A name in it does not start with the id of the capability.
    #[error("{name}: '{id}' does not start with '{name}.'")]
    Prefix {
        /// The capability.
        name: String,
        /// The id of a command or kind.
        id: String,
    },
    /// A name is declared twice.
    #[error("{name}: '{id}' is declared twice")]
    Twice {
        /// The capability.
        name: String,
        /// The id of a command, kind or property.
        id: String,
    },
}

impl Manifest {
    /// Reads and checks a manifest; `name` is said in errors.
    pub fn parse(name: &str, json: &str) -> Result<Self, ManifestError> {
        let manifest: Manifest = serde_json::from_str(json)
            .map_err(|source| ManifestError::Json { name: name.to_owned(), source })?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ManifestError> {
        let mut seen = std::collections::BTreeSet::new();
        let mut once = |id: String| match seen.insert(id.clone()) {
            true => Ok(()),
            false => Err(ManifestError::Twice { name: self.id.clone(), id }),
        };
        for command in &self.commands {
            once(format!("command {}", command.id))?;
        }
        for chart in &self.charts {
            once(format!("chart {}", chart.id))?;
        }
        for tool in &self.tools {
            once(format!("tool {} of chart {}", tool.id, tool.chart))?;
        }
        for kind in &self.kinds {
            once(format!("kind {}", kind.id))?;
            if !kind.id.starts_with(&format!("{}.", self.id)) {
                return Err(ManifestError::Prefix { name: self.id.clone(), id: kind.id.clone() });
            }
            for property in &kind.properties {
                once(format!("property {} of kind {}", property.name, kind.id))?;
            }
        }
        Ok(())
    }
}
