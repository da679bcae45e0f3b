//! The arguments of a step, with the variables and the results of the steps before it put in.

use std::{cell::Cell, collections::BTreeMap};

use kernel::CommandError;
use serde_json::Value as Json;

use crate::{
    Plan, Step,
    script::Source,
    template::{descend, resolve},
};

/// The results of the steps that are done, by their ids.
pub(crate) type Results = BTreeMap<String, Json>;

impl Plan {
    /// The value of a reference in a step; none where a step was skipped.
    fn value(&self, step: &Step, path: &[&str], results: &Results) -> Result<Option<Json>, String> {
        let id = |name: &str| self.index.get_key_value(name).map(|(id, _)| id.as_str());
        let value = match self.script.source(step, path, &id) {
            Some(Source::Value(value, named)) => Some(descend(value, &path[named..])?),
            Some(Source::Number(number)) => Some(number.into()),
            Some(Source::Step(other, named)) => {
                results.get(other).map(|value| descend(value, &path[named..])).transpose()?
            }
            Some(Source::Loop(members)) => {
                members.iter().map(|member| results.get(member).cloned()).collect()
            }
            None => None,
        };
        Ok(value)
    }

    /// The arguments of a step; none when it is to be skipped.
    pub(crate) fn arguments(&self, step: &Step, results: &Results) -> Result<Option<Json>, CommandError> {
        if let Some(when) = &step.when {
            let value = |key: &str| {
                self.value(step, &key.split('.').collect::<Vec<_>>(), results).unwrap_or_default()
            };
            let values: BTreeMap<&str, Option<Json>> = when.keys().map(|key| (key, value(key))).collect();
            if !when.eval(&|key: &str| values.get(key)?.as_ref()) {
                return Ok(None);
            }
        }
        let skipped = Cell::new(false);
        let lookup = |path: &[&str]| -> Result<Json, String> {
            let value = self.value(step, path, results)?;
            skipped.set(skipped.get() || value.is_none());
            Ok(value.unwrap_or_default())
        };
        let arguments = resolve(&step.args, &lookup).map_err(|unresolved| {
            CommandError::argument(
                unresolved.argument,
                format!("${{{}}}: {}", unresolved.reference, unresolved.message),
            )
        })?;
        Ok(Some(arguments).filter(|_| !skipped.get()))
    }
}
