//! A script: variables and steps, each with the place where it is written, and what a reference in it means.

use std::{collections::BTreeMap, fmt, sync::Arc};

use base::Diagnostic;
use kernel::when::When;
use serde_json::Value as Json;

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

/// A script, with what it includes and with its loops written out.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its file, for messages.
    pub file: String,
    /// Names the script by content: ids that its steps make derive from it.
    pub hash: [u8; 32],
    /// The variables, with what `--set` put in.
    pub vars: BTreeMap<String, Json>,
    /// The steps, in the order written; those that run at the end whatever happens come last.
    pub steps: Vec<Step>,
    /// How many of the steps do not belong to those.
    pub main: usize,
    /// The steps that loops were written out to, by the id of the loop.
    pub loops: BTreeMap<String, Vec<String>>,
    /// What the user should know.
    pub warnings: Vec<Diagnostic>,
}

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its id: other steps refer to it. A step of a loop is called `loop[0]`, `loop[1]`, …
    pub id: String,
    /// The id of the command.
    pub command: String,
    /// The arguments, with `${…}` in them.
    pub args: Json,
    /// The steps that must be done before: the one written above when the script does not say.
    pub needs: Vec<String>,
    /// It is skipped unless this holds.
    pub when: Option<When>,
    /// How often it is tried again after a failure.
    pub retry: u32,
    /// How long it may take, in seconds.
    pub timeout_s: Option<f64>,
    /// What the loop gives it: the name of the item, and the item; and its number, from 0.
    pub item: Option<(String, Item, usize)>,
    /// The file that it is written in.
    pub file: Arc<str>,
    /// The line that it starts on.
    pub line: usize,
}

/// What a loop runs over, one at a time.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A value.
    Value(Json),
    /// The result of a step.
    Result(String),
}

/// Where the value of a reference comes from, and how many of its segments say so.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source<'s> {
    /// It is known.
    Value(&'s Json, usize),
    /// It is the number of the step in its loop.
    Number(usize),
    /// The result of a step.
    Step(&'s str, usize),
    /// The results of all steps of a loop, as a list.
    Loop(&'s [String]),
}

impl Script {
    /// An error at a step.
    pub fn error_at(&self, step: &Step, argument: Option<String>, message: impl Into<String>) -> ScriptError {
        let id = Some(step.id.clone());
        let place = Place { file: step.file.to_string(), line: step.line, step: id, argument };
        ScriptError { place, message: message.into() }
    }

    /// What a reference in a step means; none where its name is not known.
    pub(crate) fn source<'s>(
        &'s self,
        step: &'s Step,
        path: &[&str],
        steps: &dyn Fn(&str) -> Option<&'s str>,
    ) -> Option<Source<'s>> {
        let name = *path.first()?;
        match &step.item {
            Some((item, Item::Value(value), _)) if item == name => return Some(Source::Value(value, 1)),
            Some((item, Item::Result(of), _)) if item == name => return Some(Source::Step(of, 1)),
            Some((_, _, number)) if name == "index" => return Some(Source::Number(*number)),
            _ => {}
        }
        if let Some(value) = self.vars.get(name) {
            return Some(Source::Value(value, 1));
        }
        if let Some(members) = self.loops.get(name) {
            let member = path.get(1).and_then(|at| members.get(at.parse::<usize>().ok()?));
            return match (member, path.get(1)) {
                (Some(member), _) => Some(Source::Step(member, 2)),
                (None, None) => Some(Source::Loop(members)),
                (None, Some(_)) => None,
            };
        }
        steps(name).map(|step| Source::Step(step, 1))
    }
}

pub(crate) fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!("; did you mean '{name}'?")).unwrap_or_default()
}
