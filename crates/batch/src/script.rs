//! The script as written: variables and steps, each with the line that it starts on.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use serde_json::{Value as Json, value::RawValue};

/// Where in a script something is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The script's file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The step's id.
    pub step: Option<String>,
    /// The argument of the step's command.
    pub argument: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if let Some(step) = &self.step {
            write!(f, ": step '{step}'")?;
        }
        if let Some(argument) = &self.argument {
            write!(f, ": argument '{argument}'")?;
        }
        Ok(())
    }
}

/// A script that cannot be run as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ScriptError {
    /// Where.
    pub place: Place,
    /// What is wrong, and what was probably meant.
    pub message: String,
}

/// A script.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its file, for messages.
    pub file: String,
    /// Names the script by content: ids that its steps make derive from it.
    pub hash: [u8; 32],
    /// The variables, with what `--set` put in.
    pub vars: BTreeMap<String, Json>,
    /// The steps, in the order written.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its id: other steps refer to it.
    pub id: String,
    /// The id of the command.
    pub command: String,
    /// The arguments, with `${…}` in them.
    pub args: Json,
    /// The steps that must be done before: the one written above when the script does not say.
    pub needs: Vec<String>,
    /// How often it is tried again after a failure.
    pub retry: u32,
    /// How long it may take, in seconds.
    pub timeout_s: Option<f64>,
    /// The line that it starts on.
    pub line: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScript<'a> {
    version: u32,
    #[serde(default, rename = "$schema")]
    _schema: Option<String>,
    #[serde(default)]
    vars: BTreeMap<String, Json>,
    #[serde(borrow)]
    steps: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    id: String,
    command: String,
    #[serde(default)]
    args: serde_json::Map<String, Json>,
    needs: Option<Vec<String>>,
    #[serde(default)]
    retry: u32,
    timeout_s: Option<f64>,
}

impl Script {
    /// Reads a script and puts `set` in the place of its variables. A value that reads as JSON of the variable's type
    /// is taken as such, any other as text.
    ///
    /// # Errors
    /// [`ScriptError`] with the line, for anything that is not of the format.
    pub fn parse(file: &str, text: &str, set: &[(String, String)]) -> Result<Self, ScriptError> {
        let error = |line, step, message: String| ScriptError {
            place: Place { file: file.to_owned(), line, step, argument: None },
            message,
        };
        let raw: RawScript<'_> = serde_json::from_str(text).map_err(|e| error(e.line(), None, plain(&e)))?;
        if raw.version != 1 {
            return Err(error(
                1,
                None,
                format!("version {} is not known: this program reads version 1", raw.version),
            ));
        }
        let mut vars = raw.vars;
        for (name, value) in set {
            let Some(default) = vars.get(name) else {
                let hint = did_you_mean(base::nearest(name, vars.keys().map(String::as_str)));
                return Err(error(
                    1,
                    None,
                    format!("--set {name}: the script has no variable of this name{hint}"),
                ));
            };
            let value = typed_like(default, value).ok_or_else(|| {
                error(1, None, format!("--set {name}={value}: the variable is {}", type_name(default)))
            })?;
            vars.insert(name.clone(), value);
        }
        let mut steps: Vec<Step> = Vec::with_capacity(raw.steps.len());
        for raw in raw.steps {
            let offset = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
            let line = 1 + text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count();
            let step: RawStep = serde_json::from_str(raw.get())
                .map_err(|e| error(line + e.line().saturating_sub(1), step_id(raw), plain(&e)))?;
            let above = || steps.last().map(|step| step.id.clone()).into_iter().collect();
            steps.push(Step {
                needs: step.needs.unwrap_or_else(above),
                id: step.id,
                command: step.command,
                args: step.args.into(),
                retry: step.retry,
                timeout_s: step.timeout_s,
                line,
            });
        }
        Ok(Script { file: file.to_owned(), hash: *blake3::hash(text.as_bytes()).as_bytes(), vars, steps })
    }

    /// An error at a step.
    pub fn error_at(&self, step: &Step, argument: Option<String>, message: impl Into<String>) -> ScriptError {
        let place = Place { file: self.file.clone(), line: step.line, step: Some(step.id.clone()), argument };
        ScriptError { place, message: message.into() }
    }
}

/// The id of a step that does not read as one, if it has one.
fn step_id(raw: &RawValue) -> Option<String> {
    let json: Json = serde_json::from_str(raw.get()).ok()?;
    json.get("id")?.as_str().map(str::to_owned)
}

/// The message without the position, which the place tells.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

pub(crate) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean '{name}'?")).unwrap_or_default()
}

/// The value that a text stands for, given a value of the same type.
fn typed_like(default: &Json, text: &str) -> Option<Json> {
    match default {
        Json::String(_) => Some(text.into()),
        Json::Null => Some(serde_json::from_str(text).unwrap_or_else(|_| text.into())),
        other => serde_json::from_str(text).ok().filter(|value| type_name(value) == type_name(other)),
    }
}

fn type_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "anything",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
