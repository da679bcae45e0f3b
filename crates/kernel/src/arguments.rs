//! Arguments of commands: checked against the schema of their Rust type, with the place of each problem.

use base::nearest;
use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::CommandError;

/// What is wrong with one argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The argument, with the place in it: `size.width`; empty when it is about all of them.
    pub argument: String,
    /// What is wrong.
    pub message: String,
}

impl From<Problem> for CommandError {
    fn from(problem: Problem) -> Self {
        CommandError::Argument { argument: problem.argument, message: problem.message }
    }
}

/// Arguments as their Rust type. They have been checked before, so that what is left are values that no schema tells.
pub(crate) fn parse<A: DeserializeOwned>(json: Json) -> Result<A, CommandError> {
    serde_json::from_value(json).map_err(|error| CommandError::argument("", error.to_string()))
}

pub(crate) fn problems(
    validator: &Validator,
    schema: &Json,
    arguments: &Json,
    placeholders: bool,
) -> Vec<Problem> {
    validator
        .iter_errors(arguments)
        .filter(|error| !(placeholders && is_placeholder(error.instance().as_ref())))
        .map(|error| explain(&error, schema))
        .collect()
}

/// Whether the text stands for something that is known only when the step runs.
fn is_placeholder(value: &Json) -> bool {
    value.as_str().is_some_and(|text| text.contains("${"))
}

fn explain(error: &ValidationError<'_>, schema: &Json) -> Problem {
    let path: Vec<String> = error.instance_path().iter().map(|segment| segment.to_string()).collect();
    let mut argument = path.join(".");
    let message = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let name = unexpected.first().cloned().unwrap_or_default();
            let known: Vec<&str> = match schema.get("properties").and_then(Json::as_object) {
                Some(properties) if path.is_empty() => properties.keys().map(String::as_str).collect(),
                _ => Vec::new(),
            };
            let hint = match nearest(&name, known.iter().copied()) {
                Some(near) => format!("; did you mean '{near}'?"),
                None if known.is_empty() => String::new(),
                None => format!(" (known: {})", known.join(", ")),
            };
            let message = format!("there is no such argument{hint}");
            argument = [path, vec![name]].concat().join(".");
            message
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default().to_owned();
            argument = [path, vec![name]].concat().join(".");
            "is missing".to_owned()
        }
        _ => error.to_string(),
    };
    Problem { argument, message }
}
