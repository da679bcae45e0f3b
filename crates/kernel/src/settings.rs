//! Settings: values by key over the defaults that manifests declare.

use std::collections::BTreeMap;

use base::nearest;
use serde_json::Value as Json;

use crate::{CommandError, Registry};

/// The values that differ from their defaults, and the defaults.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    defaults: BTreeMap<String, Json>,
    values: BTreeMap<String, Json>,
}

impl Settings {
    /// The defaults of all capabilities.
    pub fn new(registry: &Registry) -> Self {
        let defaults =
            registry.settings().map(|setting| (setting.key.clone(), setting.default.clone())).collect();
        Settings { defaults, values: BTreeMap::new() }
    }

    /// The value of a setting; `null` when it has neither value nor default.
    pub fn get(&self, key: &str) -> &Json {
        self.values.get(key).or_else(|| self.defaults.get(key)).unwrap_or(&Json::Null)
    }

    /// The text of a setting, if it is one.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).as_str()
    }

    /// Sets a setting from text as people write it: JSON where it is JSON of the declared type, a text otherwise.
    pub fn set_text(&mut self, registry: &Registry, key: &str, text: &str) -> Result<(), CommandError> {
        let Some(setting) = registry.settings().find(|setting| setting.key == key) else {
            return Err(CommandError::NotFound {
                what: "setting",
                name: key.to_owned(),
                nearest: nearest(key, registry.settings().map(|s| s.key.as_str())).map(str::to_owned),
            });
        };
        let fits = |value: &Json| jsonschema::is_valid(&setting.schema, value);
        let parsed = serde_json::from_str::<Json>(text).ok().filter(|value| fits(value));
        let value = parsed.or_else(|| Some(Json::from(text)).filter(|value| fits(value)));
        let value = value.ok_or_else(|| {
            CommandError::argument(
                key,
                format!("'{text}' does not fit: {} ({})", setting.description, setting.schema),
            )
        })?;
        self.values.insert(key.to_owned(), value);
        Ok(())
    }
}
