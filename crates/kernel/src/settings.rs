//! Settings: values by key over the defaults that manifests declare.

use std::collections::{BTreeMap, BTreeSet};

use base::{Diagnostic, nearest};
use schema::Setting;
use serde_json::Value as Json;

use crate::{CommandError, Registry};

/// The values that differ from their defaults, and the defaults.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    defaults: BTreeMap<String, Json>,
    values: BTreeMap<String, Json>,
    /// The keys of the values that others may have written.
    foreign: BTreeSet<String>,
}

impl Settings {
    /// The defaults of all capabilities.
    pub fn new(registry: &Registry) -> Self {
        let defaults =
            registry.settings().map(|setting| (setting.key.clone(), setting.default.clone())).collect();
        Settings { defaults, values: BTreeMap::new(), foreign: BTreeSet::new() }
    }

    /// The value of a setting; `null` when it has neither value nor default.
    pub fn get(&self, key: &str) -> &Json {
        self.values.get(key).or_else(|| self.defaults.get(key)).unwrap_or(&Json::Null)
    }

    /// The settings that were given a value, as JSON.
    pub fn given(&self) -> Json {
        self.values
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    /// Whether the value of a setting is the user's own, and not one that came with a workspace.
    pub fn is_own(&self, key: &str) -> bool {
        !self.foreign.contains(key)
    }

    /// The text of a setting, if it is one.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).as_str()
    }

    /// Sets a setting from text as people write it: JSON where it is JSON of the declared type, a text otherwise.
    ///
    /// # Errors
    /// There is no such setting, or the text does not fit it.
    pub fn set_text(&mut self, registry: &Registry, key: &str, text: &str) -> Result<(), CommandError> {
        let setting = declared(registry, key)?;
        let parsed = serde_json::from_str::<Json>(text).ok().filter(|value| fits(setting, value));
        let value = parsed.or_else(|| Some(Json::from(text)).filter(|value| fits(setting, value)));
        let value = value.ok_or_else(|| misfit(setting, text))?;
        self.foreign.remove(key);
        self.values.insert(key.to_owned(), value);
        Ok(())
    }

    /// Sets what a settings file says: an object of values by key, such as `{"actor": "ada"}`. What it says wrong is left
    /// out; those are the warnings, each with the place. `is_own` says whether the file is the user's own.
    pub fn set_all(&mut self, registry: &Registry, file: &str, text: &str, is_own: bool) -> Vec<Diagnostic> {
        let values = match serde_json::from_str::<serde_json::Map<String, Json>>(text) {
            Ok(values) => values,
            Err(error) => {
                let place = format!("{file}:{}", error.line());
                return vec![Diagnostic::warning(
                    &place,
                    format!("the settings are left as they are: {error}"),
                )];
            }
        };
        let mut warnings = Vec::new();
        for (key, value) in values {
            let checked = declared(registry, &key).and_then(|setting| {
                if fits(setting, &value) { Ok(()) } else { Err(misfit(setting, &value)) }
            });
            match checked {
                Ok(()) => {
                    match is_own {
                        true => self.foreign.remove(&key),
                        false => self.foreign.insert(key.clone()),
                    };
                    self.values.insert(key, value);
                }
                Err(error) => {
                    let before = text.find(&format!("\"{key}\"")).map_or("", |at| &text[..at]);
                    let place = format!("{file}:{}", before.lines().count().max(1));
                    warnings.push(Diagnostic::warning(&place, error.to_string()));
                }
            }
        }
        warnings
    }
}

fn declared<'r>(registry: &'r Registry, key: &str) -> Result<&'r Setting, CommandError> {
    registry.settings().find(|setting| setting.key == key).ok_or_else(|| CommandError::NotFound {
        what: "setting",
        name: key.to_owned(),
        nearest: nearest(key, registry.settings().map(|setting| setting.key.as_str())).map(str::to_owned),
    })
}

fn fits(setting: &Setting, value: &Json) -> bool {
    jsonschema::is_valid(&setting.schema, value)
}

fn misfit(setting: &Setting, value: impl std::fmt::Display) -> CommandError {
    let message = format!("'{value}' does not fit: {} ({})", setting.description, setting.schema);
    CommandError::argument(&setting.key, message)
}
