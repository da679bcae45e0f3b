//! Running a plan: steps side by side where they do not wait for each other, each acknowledged once it is durable.

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Diagnostic, DocumentId, EventHash};
use jobs::{Ending, Failure};
use kernel::{Begun, CommandError, Context, Kernel, Request, Response, WORKSPACE, ports::Clock};
use serde::Serialize;
use serde_json::Value as Json;

use crate::{
    Plan, Step,
    script::Source,
    template::{descend, resolve},
};

/// How many steps may be done before they are made durable together.
const GROUP_STEPS: usize = 64;
/// How long a done step may wait for its group, in milliseconds.
const GROUP_MS: i64 = 20;
/// The wait before a step is tried a second time, in milliseconds; it doubles with each failure.
const FIRST_BACK_OFF_MS: u64 = 100;
/// The longest wait before a step is tried again, in milliseconds.
const LONGEST_BACK_OFF_MS: u64 = 10_000;

/// What became of a step.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// The step.
    pub id: String,
    /// The id of its command.
    pub command: String,
    /// How long it took, in milliseconds.
    pub ms: i64,
    /// Its result.
    pub result: Json,
    /// Whether it was skipped: its condition did not hold, or it is about what a skipped step would have given.
    pub skipped: bool,
    /// The events that it gave rise to.
    pub events: Vec<EventHash>,
}

/// A run that came to its end, or as far as it came.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The steps that were done and are durable, in the order of the plan.
    pub steps: Vec<StepReport>,
    /// What else the user should know.
    pub diagnostics: Vec<Diagnostic>,
    /// The step that failed, if one did, and why.
    pub failure: Option<(Step, CommandError)>,
}

/// Hears of the run.
pub trait Progress: Send {
    /// A step is done and durable; `done` of `total` are. `eta_ms` is a guess at the time left.
    fn acknowledged(&mut self, step: &StepReport, done: usize, total: usize, eta_ms: i64);
}

/// Asks from outside to stop.
pub trait Interrupt: Sync {
    /// Whether the run is to stop: no further step is started, and long work is given up.
    fn requested(&self) -> bool;
}

/// Runs a plan on so many lanes. `context` says who acts; ids derive from the script and the step.
pub fn run(
    kernel: &mut Kernel,
    plan: &Plan,
    lanes: usize,
    context: &Context,
    progress: &mut dyn Progress,
    interrupt: &dyn Interrupt,
) -> Outcome {
    let first = || plan.script.steps.first().cloned();
    let seed = match kernel.run_seed() {
        Ok(seed) => [seed.as_slice(), &plan.script.hash].concat(),
        Err(error) => return Outcome { failure: first().map(|step| (step, error)), ..Outcome::default() },
    };
    let clock = kernel.clock().clone();
    let now = clock.now();
    let shared = Shared {
        kernel,
        progress,
        results: BTreeMap::new(),
        writers: BTreeMap::new(),
        waiting: Vec::new(),
        done: Vec::new(),
        diagnostics: Vec::new(),
        total: plan.script.steps.len(),
        start: now,
        group_start: now,
    };
    let run = Run { plan, context, seed, interrupt, clock, shared: Mutex::new(shared) };
    let endings = jobs::run(&plan.graph, lanes, &Phase { run: &run, first: 0, stoppable: true });
    let last =
        jobs::run(&plan.finally, lanes, &Phase { run: &run, first: plan.script.main, stoppable: false });
    let mut shared = run.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    let stored = shared.acknowledge();
    let mut outcome = Outcome { steps: shared.done, diagnostics: shared.diagnostics, failure: None };
    // The order of the lanes is chance; the order of the script is not.
    let place: BTreeMap<&str, usize> =
        plan.order().enumerate().map(|(at, step)| (plan.script.steps[step].id.as_str(), at)).collect();
    outcome.steps.sort_by_key(|step| place.get(step.id.as_str()).copied());
    outcome.failure = failure(plan, endings.into_iter().chain(last), stored);
    outcome
}

/// The first step that failed, and why; else the first one that was not started.
fn failure(
    plan: &Plan,
    endings: impl Iterator<Item = Ending<(), CommandError>>,
    stored: Result<(), CommandError>,
) -> Option<(Step, CommandError)> {
    let mut unstarted = None;
    for (step, ending) in plan.script.steps.iter().zip(endings) {
        match ending {
            Ending::Done(()) => {}
            Ending::Skipped => unstarted = unstarted.or(Some((step, CommandError::Cancelled))),
            Ending::Failed(Failure::Error(error)) => return Some((step.clone(), error)),
            Ending::Failed(Failure::Panic(message)) => {
                return Some((step.clone(), CommandError::Failed(format!("it broke off: {message}"))));
            }
        }
    }
    let last = || plan.order().last().map(|at| &plan.script.steps[at]);
    let failed = unstarted.or_else(|| stored.err().and_then(|error| Some((last()?, error))));
    failed.map(|(step, error)| (step.clone(), error))
}

/// What the lanes share, one at a time.
struct Shared<'r> {
    kernel: &'r mut Kernel,
    progress: &'r mut dyn Progress,
    /// The results of the steps that are done.
    results: BTreeMap<String, Json>,
    /// The step that changed each document last.
    writers: BTreeMap<DocumentId, usize>,
    /// Steps that are done, but not yet durable.
    waiting: Vec<StepReport>,
    /// Steps that are durable.
    done: Vec<StepReport>,
    diagnostics: Vec<Diagnostic>,
    total: usize,
    start: i64,
    group_start: i64,
}

impl Shared<'_> {
    /// Makes what is waiting durable and says so.
    fn acknowledge(&mut self) -> Result<(), CommandError> {
        self.kernel.sync()?;
        for report in self.waiting.drain(..) {
            let done = self.done.len() + 1;
            let eta_ms = (self.kernel.clock().now() - self.start) / done as i64 * (self.total - done) as i64;
            self.progress.acknowledged(&report, done, self.total, eta_ms);
            self.done.push(report);
        }
        Ok(())
    }

    /// Takes in what a step gave.
    fn take(&mut self, plan: &Plan, at: usize, ms: i64, response: Response) -> Result<(), CommandError> {
        let step = &plan.script.steps[at];
        for document in response.changed.iter().filter(|document| **document != WORKSPACE) {
            if let Some(other) = self.writers.insert(*document, at)
                && !plan.precedes(other, at)
                && other != at
            {
                let other = &plan.script.steps[other].id;
                return Err(CommandError::Failed(format!(
                    "it changed document {document}, and so did step '{other}', which runs beside it: add '{other}' to needs"
                )));
            }
        }
        self.results.insert(step.id.clone(), response.result.clone());
        self.diagnostics.extend(response.diagnostics);
        let (id, command) = (step.id.clone(), step.command.clone());
        let (result, events) = (response.result, response.events);
        self.report(StepReport { id, command, ms, result, skipped: false, events })
    }

    /// Notes that a step is done, to be made durable with those around it.
    fn report(&mut self, report: StepReport) -> Result<(), CommandError> {
        self.waiting.push(report);
        let now = self.kernel.clock().now();
        if self.waiting.len() >= GROUP_STEPS || now - self.group_start >= GROUP_MS {
            self.acknowledge()?;
            self.group_start = now;
        }
        Ok(())
    }
}

struct Run<'r> {
    plan: &'r Plan,
    context: &'r Context,
    seed: Vec<u8>,
    interrupt: &'r dyn Interrupt,
    clock: Arc<dyn Clock>,
    shared: Mutex<Shared<'r>>,
}

impl<'r> Run<'r> {
    fn shared(&self) -> MutexGuard<'_, Shared<'r>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The value of a reference in a step; none where a step was skipped.
    fn value(&self, step: &Step, path: &[&str], shared: &Shared<'_>) -> Result<Option<Json>, String> {
        let result = |id: &str| shared.results.get(id);
        let id = |name: &str| self.plan.index.get_key_value(name).map(|(id, _)| id.as_str());
        let value = match self.plan.script.source(step, path, &id) {
            Some(Source::Value(value, named)) => Some(descend(value, &path[named..])?),
            Some(Source::Number(number)) => Some(number.into()),
            Some(Source::Step(other, named)) => {
                result(other).map(|value| descend(value, &path[named..])).transpose()?
            }
            Some(Source::Loop(members)) => members.iter().map(|member| result(member).cloned()).collect(),
            None => None,
        };
        Ok(value)
    }

    /// The arguments of a step, with the results of those before it; none when it is to be skipped.
    fn arguments(&self, step: &Step, shared: &Shared<'_>) -> Result<Option<Json>, CommandError> {
        if let Some(when) = &step.when {
            let values: BTreeMap<&str, Option<Json>> = when
                .keys()
                .map(|key| {
                    (key, self.value(step, &key.split('.').collect::<Vec<_>>(), shared).unwrap_or_default())
                })
                .collect();
            if !when.eval(&|key: &str| values.get(key)?.as_ref()) {
                return Ok(None);
            }
        }
        let skipped = Cell::new(false);
        let lookup = |path: &[&str]| -> Result<Json, String> {
            let value = self.value(step, path, shared)?;
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

    fn step(&self, at: usize, stoppable: bool) -> Result<(), CommandError> {
        let step = &self.plan.script.steps[at];
        let mut shared = self.shared();
        let started = shared.kernel.clock().now();
        let Some(arguments) = self.arguments(step, &shared)? else {
            let (id, command) = (step.id.clone(), step.command.clone());
            return shared.report(StepReport {
                id,
                command,
                ms: 0,
                result: Json::Null,
                skipped: true,
                events: Vec::new(),
            });
        };
        let request = Request {
            command: step.command.clone(),
            arguments,
            context: Context {
                seed: [self.seed.as_slice(), step.id.as_bytes()].concat(),
                ..self.context.clone()
            },
            timeout_s: step.timeout_s,
        };
        let response = match shared.kernel.begin(request)? {
            Begun::Done(response) => response,
            Begun::Away(errand) => {
                drop(shared);
                let returned = errand.run_watched(&|| stoppable && self.interrupt.requested());
                shared = self.shared();
                shared.kernel.finish(returned)?
            }
        };
        let ms = shared.kernel.clock().now() - started;
        shared.take(self.plan, at, ms, response)
    }
}

/// The steps of the script, or those at its end.
struct Phase<'p, 'r> {
    run: &'p Run<'r>,
    /// The number of its first step.
    first: usize,
    /// Whether it stops when it is asked to.
    stoppable: bool,
}

impl jobs::Work for Phase<'_, '_> {
    type Output = ();
    type Error = CommandError;

    fn run(&self, job: usize) -> Result<(), CommandError> {
        self.run.step(self.first + job, self.stoppable)
    }

    fn retry(&self, job: usize, failures: u32, error: &CommandError) -> Option<Duration> {
        let step = &self.run.plan.script.steps[self.first + job];
        let again = failures <= step.retry && is_worth_another_try(error);
        let wait = FIRST_BACK_OFF_MS << (failures - 1).min(10);
        again.then(|| Duration::from_millis(wait.min(LONGEST_BACK_OFF_MS)))
    }

    fn stopped(&self) -> bool {
        self.stoppable && self.run.interrupt.requested()
    }

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.run.clock.now()).unwrap_or_default())
    }
}

/// What is wrong with the script itself stays wrong.
fn is_worth_another_try(error: &CommandError) -> bool {
    use CommandError::{Argument, Cancelled, Denied, Limit, Storage, UnknownCommand};
    !matches!(
        error,
        Argument { .. } | Cancelled | Denied(_) | Limit { .. } | Storage(_) | UnknownCommand { .. }
    )
}
