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
        check_references(&script, &index, &Precedence::of(&script, &index, &order))?;
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
    let mut dependants: Vec<Vec<usize>> = vec![Vec::new(); waiting.len()];
    for (at, needs) in waiting.iter().enumerate() {
        needs.iter().for_each(|need| dependants[*need].push(at));
    }
    let mut ready: BTreeSet<usize> = (0..waiting.len()).filter(|at| waiting[*at].is_empty()).collect();
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for dependant in &dependants[at] {
            waiting[*dependant].remove(&at);
            if waiting[*dependant].is_empty() {
                ready.insert(*dependant);
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
fn check_references(
    script: &Script,
    index: &BTreeMap<&str, usize>,
    precedence: &Precedence,
) -> Result<(), ScriptError> {
    for (at, step) in script.steps.iter().enumerate() {
        let lookup = |path: &[&str]| -> Result<Json, String> {
            let name = path.first().copied().unwrap_or_default();
            if let Some(value) = script.vars.get(name) {
                return descend(value, &path[1..]);
            }
            match index.get(name) {
                Some(other) if precedence.precedes(*other, at) => Ok(Json::Null),
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

/// Which steps are done before which: steps that each need just the one before them form chains, so that long scripts
/// take no longer than short ones.
struct Precedence {
    /// Of each step its chain and its place in it.
    place: Vec<(usize, usize)>,
    /// Of each chain what its first step needs.
    before: Vec<Vec<usize>>,
}

impl Precedence {
    fn of(script: &Script, index: &BTreeMap<&str, usize>, order: &[usize]) -> Self {
        let mut place = vec![(0, 0); script.steps.len()];
        let mut before: Vec<Vec<usize>> = Vec::new();
        let mut lengths: Vec<usize> = Vec::new();
        for at in order {
            let needs: Vec<usize> =
                script.steps[*at].needs.iter().filter_map(|need| index.get(need.as_str()).copied()).collect();
            let extended = match needs.as_slice() {
                [need] if place[*need].1 + 1 == lengths[place[*need].0] => Some(place[*need].0),
                _ => None,
            };
            let chain = extended.unwrap_or_else(|| {
                before.push(needs);
                lengths.push(0);
                lengths.len() - 1
            });
            place[*at] = (chain, lengths[chain]);
            lengths[chain] += 1;
        }
        Precedence { place, before }
    }

    /// Whether a step is done before another one starts.
    fn precedes(&self, first: usize, then: usize) -> bool {
        let (wanted, wanted_at) = self.place[first];
        let mut seen = BTreeSet::new();
        let mut stack = vec![(then, false)];
        while let Some((at, done)) = stack.pop() {
            let (chain, here) = self.place[at];
            if chain == wanted && (wanted_at < here || (done && wanted_at == here)) {
                return true;
            }
            if seen.insert((chain, here)) {
                stack.extend(self.before[chain].iter().map(|need| (*need, true)));
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_precedes_what_needs_it_directly_or_not() {
        let steps = [
            ("a", "[]"),
            ("b", r#"["a"]"#),
            ("c", r#"["a"]"#),
            ("d", r#"["b", "c"]"#),
            ("e", r#"["d"]"#),
            ("f", "[]"),
        ];
        let steps: Vec<String> = steps
            .iter()
            .map(|(id, needs)| format!(r#"{{"id":"{id}","command":"x","needs":{needs}}}"#))
            .collect();
        let text = format!(r#"{{"version":1,"steps":[{}]}}"#, steps.join(","));
        let script = Script::parse("test", &text, &[]).unwrap();
        let index: BTreeMap<&str, usize> =
            script.steps.iter().enumerate().map(|(at, s)| (s.id.as_str(), at)).collect();
        let order = order(&script, &index).unwrap();
        let precedence = Precedence::of(&script, &index, &order);
        let at = |id: &str| index[id];
        for (first, then, expected) in [
            ("a", "b", true),
            ("a", "e", true),
            ("b", "e", true),
            ("c", "e", true),
            ("d", "e", true),
            ("b", "c", false),
            ("c", "b", false),
            ("e", "d", false),
            ("e", "a", false),
            ("f", "e", false),
            ("a", "a", false),
        ] {
            assert_eq!(precedence.precedes(at(first), at(then)), expected, "{first} before {then}");
        }
    }
}
