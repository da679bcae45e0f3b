//! The check of a script as a whole, before its first step runs, and the order of its steps.

use std::collections::BTreeMap;

use jobs::{Cycle, Graph};
use kernel::Registry;
use serde_json::Value as Json;

use crate::{
    Script, ScriptError, Step,
    script::did_you_mean,
    template::{descend, resolve},
};

/// A script that can be run: what each step refers to is there, and no step waits for itself.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The script.
    pub script: Script,
    /// Which of its steps wait for which.
    pub graph: Graph,
}

impl Plan {
    /// Checks a script against the commands that there are.
    ///
    /// # Errors
    /// The first problem, in the order in which the script is read.
    pub fn new(script: Script, registry: &Registry) -> Result<Self, ScriptError> {
        let mut index = BTreeMap::new();
        for (at, step) in script.steps.iter().enumerate() {
            if step.id.is_empty()
                || step.id.contains(['.', '$', '{', '}'])
                || script.vars.contains_key(&step.id)
            {
                let message =
                    "the id of a step is not empty, has none of . $ { } in it, and is no variable's name";
                return Err(script.error_at(step, None, message));
            }
            if let Some(first) = index.insert(step.id.as_str(), at) {
                let line = script.steps[first].line;
                return Err(script.error_at(
                    step,
                    None,
                    format!("a step of this id stands on line {line} already"),
                ));
            }
        }
        for step in &script.steps {
            check_step(&script, step, &index, registry)?;
        }
        let needs =
            |step: &Step| step.needs.iter().filter_map(|need| index.get(need.as_str()).copied()).collect();
        let graph =
            Graph::new(script.steps.iter().map(needs).collect()).map_err(|cycle| circle(&script, &cycle))?;
        check_references(&script, &index, &graph)?;
        check_writers(&script, &graph, registry)?;
        Ok(Plan { script, graph })
    }
}

fn check_step(
    script: &Script,
    step: &Step,
    index: &BTreeMap<&str, usize>,
    registry: &Registry,
) -> Result<(), ScriptError> {
    let command =
        registry.command(&step.command).map_err(|error| script.error_at(step, None, error.to_string()))?;
    if let Some(missing) = step.needs.iter().find(|need| !index.contains_key(need.as_str())) {
        let hint = did_you_mean(base::nearest(missing, index.keys().copied()));
        return Err(script.error_at(step, None, format!("needs '{missing}', which is no step{hint}")));
    }
    if step.timeout_s.is_some_and(|seconds| !(seconds.is_finite() && seconds > 0.0)) {
        return Err(script.error_at(step, None, "timeout_s must be a number above 0"));
    }
    match command.problems(&step.args, true).into_iter().next() {
        Some(problem) => Err(script.error_at(step, Some(problem.argument), problem.message)),
        None => Ok(()),
    }
}

/// The steps that wait for each other, as a sentence.
fn circle(script: &Script, Cycle(steps): &Cycle) -> ScriptError {
    let names: Vec<&str> = steps.iter().map(|at| script.steps[*at].id.as_str()).collect();
    let message = format!("the steps wait for each other: {}", names.join(" needs "));
    let first = steps.iter().min().copied().unwrap_or_default();
    script.error_at(&script.steps[first], None, message)
}

/// Of two steps about one document, one of which changes it, one is done before the other: what comes of the script is
/// else a matter of luck.
fn check_writers(script: &Script, graph: &Graph, registry: &Registry) -> Result<(), ScriptError> {
    /// The step that changed a document last, and those that have read it since.
    #[derive(Default)]
    struct Use {
        writer: Option<usize>,
        readers: Vec<usize>,
    }
    let mut uses: BTreeMap<&str, Use> = BTreeMap::new();
    for at in graph.order().iter().copied() {
        let step = &script.steps[at];
        let Some(document) = step.args.get("document").and_then(Json::as_str) else { continue };
        let writes = registry.command(&step.command).is_ok_and(|command| command.writes());
        let used = uses.entry(document).or_default();
        let earlier = used.writer.iter().chain(used.readers.iter().filter(|_| writes));
        if let Some(other) = earlier.copied().find(|other| !graph.precedes(*other, at)) {
            let other = &script.steps[other].id;
            let message = format!(
                "it runs beside step '{other}', which is about the same document, and one of them changes it: add \
                 '{other}' to needs"
            );
            return Err(script.error_at(step, Some("document".to_owned()), message));
        }
        if writes {
            *used = Use { writer: Some(at), readers: Vec::new() };
        } else {
            used.readers.push(at);
        }
    }
    Ok(())
}

/// Every reference names a variable, or a step that is surely done by then.
fn check_references(
    script: &Script,
    index: &BTreeMap<&str, usize>,
    graph: &Graph,
) -> Result<(), ScriptError> {
    for (at, step) in script.steps.iter().enumerate() {
        let lookup = |path: &[&str]| -> Result<Json, String> {
            let name = path.first().copied().unwrap_or_default();
            if let Some(value) = script.vars.get(name) {
                return descend(value, &path[1..]);
            }
            match index.get(name) {
                Some(other) if graph.precedes(*other, at) => Ok(Json::Null),
                Some(_) => Err(format!("step '{name}' need not be done by then: add it to needs")),
                None => {
                    let known = script.vars.keys().map(String::as_str).chain(index.keys().copied());
                    Err(format!("neither a variable nor a step{}", did_you_mean(base::nearest(name, known))))
                }
            }
        };
        resolve(&step.args, &lookup).map_err(|unresolved| {
            let message = format!("${{{}}}: {}", unresolved.reference, unresolved.message);
            script.error_at(step, Some(unresolved.argument), message)
        })?;
    }
    Ok(())
}
