//! Reading a script: JSON with the lines of its steps, what it includes, and the variables that are set from outside.

use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, value::RawValue};

use crate::{
    Place, Script, ScriptError,
    expand::{self, Written},
    script::did_you_mean,
};

/// How deep scripts may include each other.
const DEEPEST: usize = 16;

/// What reading a script asks of the world.
pub trait World {
    /// The text of a script that another one includes, and what it is called in messages: a path seen from the folder of the
    /// one that includes it.
    fn include(&self, from: &str, path: &str) -> Result<(String, String), String>;

    /// The files whose paths fit a pattern (`in/*.jpg`, `**/*.svg`), sorted.
    fn files(&self, pattern: &str) -> Result<Vec<String>, String>;
}

/// A script: steps that call commands.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Script")]
pub(crate) struct RawScript<'a> {
    /// The version of the format: 1.
    #[schemars(extend("const" = 1))]
    version: u32,
    /// Where this schema is.
    #[serde(default, rename = "$schema")]
    _schema: Option<String>,
    /// Scripts whose variables and steps come before these; paths are seen from this script's folder.
    #[serde(default)]
    include: Vec<String>,
    /// Variables with their defaults: `${name}` in arguments, `--set name=value` on the command line.
    #[serde(default)]
    vars: BTreeMap<String, Json>,
    /// The steps. Each waits for the one above it, unless it says what it needs.
    #[serde(borrow, default)]
    #[schemars(with = "Vec<RawStep>")]
    steps: Vec<&'a RawValue>,
    /// Steps that run at the end, whatever happens.
    #[serde(borrow, default)]
    #[schemars(with = "Vec<RawStep>")]
    finally: Vec<&'a RawValue>,
}

/// A step.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Step")]
pub(crate) struct RawStep {
    /// Its id: `${id.document}` in a later step is what it gave as `document`.
    #[schemars(regex(pattern = r"^[^.${}\[\]]+$"))]
    id: String,
    /// The command.
    command: String,
    /// The arguments of the command.
    #[serde(default)]
    args: serde_json::Map<String, Json>,
    /// The steps that must be done before; the one above when absent. Steps that do not wait for each other run side by side.
    needs: Option<Vec<String>>,
    /// Runs the step once for each item, which `${name}` stands for: a list, a variable that is one, a loop above, the
    /// files of a pattern, or the numbers below a count. `${index}` is the number of the item, from 0.
    #[serde(rename = "for")]
    #[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
    each: Option<BTreeMap<String, Json>>,
    /// Skips the step, and what is about its result, unless this holds: `width > 1000 && photo.format == 'jpeg'`.
    when: Option<String>,
    /// How often it is tried again after a failure.
    #[serde(default)]
    retry: u32,
    /// How long it may take, in seconds.
    #[schemars(range(min = 0.0))]
    timeout_s: Option<f64>,
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    hash: blake3::Hasher,
    vars: BTreeMap<String, Json>,
    steps: Vec<Written>,
    finally: Vec<Written>,
    open: Vec<String>,
}

impl Script {
    /// Reads a script and puts `set` in the place of its variables. A value that reads as JSON of the variable's type
    /// is taken as such, any other as text. What it includes comes before what it says itself.
    ///
    /// # Errors
    /// [`ScriptError`] with the line, for anything that is not of the format.
    pub fn read(
        file: &str,
        text: &str,
        set: &[(String, String)],
        world: &dyn World,
    ) -> Result<Self, ScriptError> {
        let mut reading = Reading::default();
        reading.take(file, text, world)?;
        for (name, value) in set {
            let error = |message: String| error(file, 1, None, message);
            let Some(default) = reading.vars.get(name) else {
                let hint = did_you_mean(base::nearest(name, reading.vars.keys().map(String::as_str)));
                return Err(error(format!("--set {name}: the script has no variable of this name{hint}")));
            };
            let value = typed_like(default, value).ok_or_else(|| {
                error(format!("--set {name}={value}: the variable is {}", type_name(default)))
            })?;
            reading.vars.insert(name.clone(), value);
        }
        let Reading { hash, vars, steps, finally, .. } = reading;
        expand::expand(file, *hash.finalize().as_bytes(), vars, steps, finally, world)
    }
}

impl Reading {
    fn take(&mut self, file: &str, text: &str, world: &dyn World) -> Result<(), ScriptError> {
        self.hash.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        let raw: RawScript<'_> =
            serde_json::from_str(text).map_err(|e| error(file, e.line(), None, plain(&e)))?;
        if raw.version != 1 {
            let message = format!("version {} is not known: this program reads version 1", raw.version);
            return Err(error(file, 1, None, message));
        }
        self.open.push(file.to_owned());
        for path in &raw.include {
            let trouble = |message: String| error(file, 1, None, format!("include '{path}': {message}"));
            let (name, text) = world.include(file, path).map_err(trouble)?;
            if self.open.contains(&name) {
                return Err(trouble("it includes this one again".to_owned()));
            }
            if self.open.len() >= DEEPEST {
                return Err(trouble(format!("scripts include each other more than {DEEPEST} deep")));
            }
            self.take(&name, &text, world)?;
        }
        self.open.pop();
        self.vars.extend(raw.vars);
        let name: Arc<str> = file.into();
        let steps = |raws: Vec<&RawValue>, into: &mut Vec<Written>| {
            let (mut offset, mut line) = (0, 1);
            for raw in raws {
                let start = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
                line += text.as_bytes()[offset..start].iter().filter(|byte| **byte == b'\n').count();
                offset = start;
                let above = into.last().map(|step| step.id.clone());
                into.push(step(&name, line, raw, above)?);
            }
            Ok(())
        };
        steps(raw.steps, &mut self.steps)?;
        steps(raw.finally, &mut self.finally)
    }
}

fn step(file: &Arc<str>, line: usize, raw: &RawValue, above: Option<String>) -> Result<Written, ScriptError> {
    let step: RawStep = serde_json::from_str(raw.get())
        .map_err(|e| error(file, line + e.line().saturating_sub(1), step_id(raw), plain(&e)))?;
    Ok(Written {
        stated_needs: step.needs.is_some(),
        needs: step.needs.unwrap_or_else(|| above.into_iter().collect()),
        id: step.id,
        command: step.command,
        args: step.args.into(),
        each: step.each,
        when: step.when,
        retry: step.retry,
        timeout_s: step.timeout_s,
        file: file.clone(),
        line,
    })
}

pub(crate) fn error(file: &str, line: usize, step: Option<String>, message: String) -> ScriptError {
    ScriptError { place: Place { file: file.to_owned(), line, step, argument: None }, message }
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
