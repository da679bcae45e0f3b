//! The check of a script as a whole, before its first step runs, and the order of its steps.

use std::collections::BTreeMap;

use jobs::{Cycle, Graph};
use kernel::Registry;
use serde_json::Value as Json;

use crate::{
    Item, Script, ScriptError, Step,
    script::{Source, did_you_mean},
    template::{descend, references, resolve},
};

/// A script that can be run: what each step refers to is there, and no step waits for itself.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The script.
    pub script: Script,
    /// Which of its steps wait for which.
    pub graph: Graph,
    /// The same for those that run at the end whatever happens; the first of them has the number 0.
    pub finally: Graph,
    /// Whether steps take back, or bring back, what the script did last, in whichever document that was: all steps run then,
    /// each after the other. A script that does nothing else goes back in what was done before it.
    pub(crate) goes_back: bool,
    /// The numbers of the steps by their ids.
    pub(crate) index: BTreeMap<String, usize>,
    /// The places of the steps in the order in which they can run.
    place: Vec<usize>,
}

impl Plan {
    /// Checks a script against the commands that there are.
    ///
    /// # Errors
    /// The first problem, in the order in which the script is read.
    pub fn new(script: Script, registry: &Registry) -> Result<Self, ScriptError> {
        let mut index = BTreeMap::new();
        for (at, step) in script.steps.iter().enumerate() {
            let name = step.id.split('[').next().unwrap_or_default();
            if script.vars.contains_key(name) {
                return Err(script.error_at(step, None, "the id of a step is no variable's name"));
            }
            if let Some(first) = index.insert(step.id.as_str(), at) {
                let line = script.steps[first].line;
                let message = format!("a step of this id stands on line {line} already");
                return Err(script.error_at(step, None, message));
            }
        }
        for (at, step) in script.steps.iter().enumerate() {
            check_step(&script, at, step, &index, registry)?;
        }
        let graph = |first: usize, end: usize| {
            let needs = |step: &Step| -> Vec<usize> {
                let needs = step.needs.iter().filter_map(|need| index.get(need.as_str()).copied());
                needs.filter_map(|need| need.checked_sub(first)).collect()
            };
            Graph::new(script.steps[first..end].iter().map(needs).collect())
                .map_err(|cycle| circle(&script, first, &cycle))
        };
        let (main, all) = (script.main, script.steps.len());
        let (graph, finally) = (graph(0, main)?, graph(main, all)?);
        let order = Order { main, graph: &graph, finally: &finally };
        check_references(&script, &index, &order)?;
        check_writers(&script, &order, registry)?;
        let index = index.into_iter().map(|(id, at)| (id.to_owned(), at)).collect();
        let mut plan =
            Plan { place: vec![0; script.steps.len()], script, graph, finally, goes_back: false, index };
        let order: Vec<usize> = plan.order().collect();
        order.into_iter().enumerate().for_each(|(place, at)| plan.place[at] = place);
        plan.goes_back = plan.goes_back(registry);
        Ok(plan)
    }

    fn goes_back(&self, registry: &Registry) -> bool {
        let acts =
            |step: &&Step| registry.command(&step.command).is_ok_and(|command| command.class() != "query");
        let acting: Vec<bool> = self.script.steps.iter().filter(acts).map(goes_back).collect();
        acting.contains(&true) && acting.contains(&false)
    }

    /// The steps in an order in which they can run: the written one where that is possible.
    pub fn order(&self) -> impl Iterator<Item = usize> {
        let last = self.finally.order().iter().map(|at| at + self.script.main);
        self.graph.order().iter().copied().chain(last)
    }

    /// The place of a step in that order, from 0.
    pub(crate) fn place(&self, at: usize) -> usize {
        self.place[at]
    }

    /// The steps that a step names as needed.
    pub(crate) fn needs(&self, at: usize) -> impl Iterator<Item = usize> {
        let (graph, first) = match at.checked_sub(self.script.main) {
            None => (&self.graph, 0),
            Some(_) => (&self.finally, self.script.main),
        };
        graph.needs(at - first).iter().map(move |need| need + first)
    }

    /// Whether a step is surely done, or has failed, before another one starts.
    pub fn precedes(&self, first: usize, then: usize) -> bool {
        Order { main: self.script.main, graph: &self.graph, finally: &self.finally }.precedes(first, then)
    }
}

fn goes_back(step: &Step) -> bool {
    matches!(step.command.as_str(), "history.undo" | "history.redo") && step.args.get("document").is_none()
}

/// The order over all steps, those at the end included.
struct Order<'g> {
    main: usize,
    graph: &'g Graph,
    finally: &'g Graph,
}

impl Order<'_> {
    fn precedes(&self, first: usize, then: usize) -> bool {
        match (first.checked_sub(self.main), then.checked_sub(self.main)) {
            (None, None) => self.graph.precedes(first, then),
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (Some(first), Some(then)) => self.finally.precedes(first, then),
        }
    }

    fn all(&self) -> impl Iterator<Item = usize> {
        self.graph.order().iter().copied().chain(self.finally.order().iter().map(|at| at + self.main))
    }
}

fn check_step(
    script: &Script,
    at: usize,
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
    let late = |need: &&String| {
        at < script.main && index.get(need.as_str()).is_some_and(|need| *need >= script.main)
    };
    if let Some(late) = step.needs.iter().find(late) {
        return Err(script.error_at(step, None, format!("needs '{late}', which runs at the end")));
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
fn circle(script: &Script, first: usize, Cycle(steps): &Cycle) -> ScriptError {
    let names: Vec<&str> = steps.iter().map(|at| script.steps[first + at].id.as_str()).collect();
    let message = format!("the steps wait for each other: {}", names.join(" needs "));
    let earliest = steps.iter().min().copied().unwrap_or_default();
    script.error_at(&script.steps[first + earliest], None, message)
}

/// Of two steps about one document, one of which changes it, one is done before the other: what comes of the script is
/// else a matter of luck.
fn check_writers(script: &Script, order: &Order<'_>, registry: &Registry) -> Result<(), ScriptError> {
    /// The step that changed a document last, and those that have read it since.
    #[derive(Default)]
    struct Use {
        writer: Option<usize>,
        readers: Vec<usize>,
    }
    let mut uses: BTreeMap<String, Use> = BTreeMap::new();
    for at in order.all() {
        let step = &script.steps[at];
        let Some(document) = step.args.get("document").and_then(Json::as_str) else { continue };
        let document = written_out(step, document);
        let writes = registry.command(&step.command).is_ok_and(|command| command.writes());
        let used = uses.entry(document).or_default();
        let earlier = used.writer.iter().chain(used.readers.iter().filter(|_| writes));
        if let Some(other) = earlier.copied().find(|other| !order.precedes(*other, at)) {
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

/// A document as a step of a loop refers to it, so that no other step of the loop refers to it alike.
fn written_out(step: &Step, document: &str) -> String {
    match &step.item {
        Some((name, Item::Result(of), _)) => document.replace(&format!("${{{name}."), &format!("${{{of}.")),
        Some((name, _, number))
            if references(document).iter().any(|path| [name.as_str(), "index"].contains(&path[0])) =>
        {
            format!("{document} {number}")
        }
        _ => document.to_owned(),
    }
}

/// Every reference, in arguments and conditions, names a variable, an item, or a step that is surely done by then.
fn check_references(
    script: &Script,
    index: &BTreeMap<&str, usize>,
    order: &Order<'_>,
) -> Result<(), ScriptError> {
    let id = |name: &str| index.get_key_value(name).map(|(id, _)| *id);
    for (at, step) in script.steps.iter().enumerate() {
        let done = |other: &str| match index.get(other) {
            Some(other) if order.precedes(*other, at) => Ok(Json::Null),
            _ => Err(format!("step '{other}' need not be done by then: add it to needs")),
        };
        let lookup = |path: &[&str]| -> Result<Json, String> {
            match script.source(step, path, &id) {
                Some(Source::Value(value, named)) => descend(value, &path[named..]),
                Some(Source::Number(number)) => Ok(number.into()),
                Some(Source::Step(other, _)) => done(other),
                Some(Source::Loop(members)) => {
                    members.iter().map(|member| done(member)).collect::<Result<Vec<_>, _>>().map(Json::Array)
                }
                None => {
                    let steps = index.keys().copied().filter(|id| !id.contains('['));
                    let known =
                        script.vars.keys().chain(script.loops.keys()).map(String::as_str).chain(steps);
                    let name = path.first().copied().unwrap_or_default();
                    Err(format!("neither a variable nor a step{}", did_you_mean(base::nearest(name, known))))
                }
            }
        };
        resolve(&step.args, &lookup).map_err(|unresolved| {
            let message = format!("${{{}}}: {}", unresolved.reference, unresolved.message);
            script.error_at(step, Some(unresolved.argument), message)
        })?;
        for key in step.when.iter().flat_map(|when| when.keys()) {
            let path: Vec<&str> = key.split('.').collect();
            lookup(&path)
                .map_err(|trouble| script.error_at(step, None, format!("when: {key}: {trouble}")))?;
        }
    }
    Ok(())
}
