//! The check of a script as a whole, before its first step runs, and the order of its steps.

use std::collections::{BTreeMap, BTreeSet};

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
    /// The indices of its steps, in an order in which they can run: the written one where that is possible.
    pub order: Vec<usize>,
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
        let order = order(&script, &index)?;
        check_references(&script, &index)?;
        Ok(Plan { script, order })
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

/// The steps in an order that respects `needs` (Kahn, 1962), the earliest written first.
fn order(script: &Script, index: &BTreeMap<&str, usize>) -> Result<Vec<usize>, ScriptError> {
    let needs =
        |at: usize| script.steps[at].needs.iter().filter_map(|need| index.get(need.as_str()).copied());
    let mut waiting: Vec<BTreeSet<usize>> = (0..script.steps.len()).map(|at| needs(at).collect()).collect();
    let mut ready: BTreeSet<usize> = (0..waiting.len()).filter(|at| waiting[*at].is_empty()).collect();
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for (other, needs) in waiting.iter_mut().enumerate() {
            if needs.remove(&at) && needs.is_empty() {
                ready.insert(other);
            }
        }
    }
    match waiting.iter().position(|needs| !needs.is_empty()) {
        None => Ok(order),
        Some(at) => Err(script.error_at(&script.steps[at], None, cycle(script, &waiting, at))),
    }
}

/// The steps that wait for each other, as a sentence.
fn cycle(script: &Script, waiting: &[BTreeSet<usize>], start: usize) -> String {
    let mut path = vec![start];
    let mut at = start;
    while let Some(next) = waiting[at].first().copied() {
        if let Some(first) = path.iter().position(|seen| *seen == next) {
            path.drain(..first);
            path.push(next);
            break;
        }
        path.push(next);
        at = next;
    }
    let names: Vec<&str> = path.iter().map(|at| script.steps[*at].id.as_str()).collect();
    format!("the steps wait for each other: {}", names.join(" needs "))
}

/// Every reference names a variable, or a step that is surely done by then.
fn check_references(script: &Script, index: &BTreeMap<&str, usize>) -> Result<(), ScriptError> {
    for (at, step) in script.steps.iter().enumerate() {
        let lookup = |path: &[&str]| -> Result<Json, String> {
            let name = path.first().copied().unwrap_or_default();
            if let Some(value) = script.vars.get(name) {
                return descend(value, &path[1..]);
            }
            match index.get(name) {
                Some(other) if precedes(script, index, *other, at) => Ok(Json::Null),
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

/// Whether a step is done before another one starts.
fn precedes(script: &Script, index: &BTreeMap<&str, usize>, first: usize, then: usize) -> bool {
    let mut seen = BTreeSet::new();
    let mut stack = vec![then];
    while let Some(at) = stack.pop() {
        for need in script.steps[at].needs.iter().filter_map(|need| index.get(need.as_str()).copied()) {
            if need == first {
                return true;
            }
            if seen.insert(need) {
                stack.push(need);
            }
        }
    }
    false
}
