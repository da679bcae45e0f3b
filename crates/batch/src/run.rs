//! Running a plan: steps side by side where they do not wait for each other, each acknowledged once it is durable.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use base::{BlobHash, Diagnostic, EventHash, VersionKey};
use jobs::{Ending, Failure};
use kernel::{CommandError, Context, Kernel};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{
    Known, Origins, Plan, Step,
    branches::Branches,
    lane::{Lanes, Shared},
};

/// The wait before a step is tried a second time, in milliseconds; it doubles with each failure.
const FIRST_BACK_OFF_MS: u64 = 100;
/// The longest wait before a step is tried again, in milliseconds.
const LONGEST_BACK_OFF_MS: u64 = 10_000;

/// How a step came to its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// It ran.
    Ran,
    /// What it gives was known from an earlier run.
    Known,
    /// Its condition did not hold, or it is about what a skipped step would have given.
    Skipped,
}

/// What became of a step.
#[derive(Clone, Debug)]
pub struct StepReport {
    /// The step.
    pub id: String,
    /// The id of its command.
    pub command: String,
    /// How it came to its result.
    pub way: Way,
    /// Why it ran, when what is known of earlier runs was asked.
    pub reason: Option<String>,
    /// How long it took, in milliseconds.
    pub ms: i64,
    /// Its arguments, with everything put in that they refer to.
    pub arguments: Json,
    /// Its result.
    pub result: Json,
    /// The events that it gave rise to.
    pub events: Vec<EventHash>,
    /// Names what it gave, when what is known of earlier runs was asked.
    pub version: Option<VersionKey>,
    /// The files that it read, by the paths that it asked for; none where there was nothing to be read.
    pub reads: BTreeMap<String, Option<BlobHash>>,
    /// The files that it wrote, by the paths that it named.
    pub writes: BTreeMap<String, BlobHash>,
}

impl StepReport {
    /// A step of which nothing is known yet but how it came to its result.
    pub(crate) fn new(step: &Step, way: Way, arguments: Json) -> Self {
        StepReport {
            id: step.id.clone(),
            command: step.command.clone(),
            way,
            reason: None,
            ms: 0,
            arguments,
            result: Json::Null,
            events: Vec::new(),
            version: None,
            reads: BTreeMap::new(),
            writes: BTreeMap::new(),
        }
    }
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
    /// Of a run in which everything was known: the files that this follows from, if their stamps tell whether they have
    /// changed.
    pub origins: Option<Origins>,
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

/// How a plan is run.
pub struct Options<'r, 'v> {
    /// How many steps run side by side.
    pub lanes: usize,
    /// Who acts.
    pub context: &'r Context,
    /// What the ids of what steps make derive from, together with the steps' own.
    pub seed: &'r [u8],
    /// How the script is called in its workspace, where documents outlast the run; none when there is no workspace.
    pub workspace: Option<&'r str>,
    /// What is known from earlier runs; steps of which everything is known do not run.
    pub known: Option<Known<'v>>,
}

/// Runs a plan.
pub fn run(
    kernel: &mut Kernel,
    plan: &Plan,
    options: Options<'_, '_>,
    progress: &mut dyn Progress,
    interrupt: &dyn Interrupt,
) -> Outcome {
    let clock = kernel.clock().clone();
    let Options { lanes, context, seed, workspace, known } = options;
    let branches = Branches::load(kernel, workspace).and_then(|mut branches| {
        if plan.goes_back {
            branches.withdraw(kernel, context)?;
        }
        Ok(branches)
    });
    let branches = match branches {
        Ok(branches) => branches,
        Err(error) => {
            let failure = plan.script.steps.first().map(|step| (step.clone(), error));
            return Outcome { failure, ..Outcome::default() };
        }
    };
    let shared = Shared::new(kernel, progress, plan, branches);
    let run = Lanes {
        plan,
        context,
        seed,
        interrupt,
        clock,
        shared: Mutex::new(shared),
        known: known.map(Mutex::new),
    };
    let given = run.reuse_all();
    let endings = jobs::run_rest(&plan.graph, lanes, &Phase { run: &run, first: 0, stoppable: true }, given);
    let last =
        jobs::run(&plan.finally, lanes, &Phase { run: &run, first: plan.script.main, stoppable: false });
    let (stored, shared, known) = run.end();
    let mut outcome = Outcome { steps: shared.done, diagnostics: shared.diagnostics, ..Outcome::default() };
    // The order of the lanes is chance; the order of the script is not.
    let place: BTreeMap<&str, usize> =
        plan.order().enumerate().map(|(at, step)| (plan.script.steps[step].id.as_str(), at)).collect();
    outcome.steps.sort_by_key(|step| place.get(step.id.as_str()).copied());
    outcome.failure = failure(plan, endings.into_iter().chain(last), stored);
    if outcome.failure.is_none() && outcome.steps.iter().all(|step| step.way != Way::Ran) {
        outcome.origins = known.and_then(Known::into_origins);
    }
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

/// The steps of the script, or those at its end.
struct Phase<'p, 'r, 'v> {
    run: &'p Lanes<'r, 'v>,
    /// The number of its first step.
    first: usize,
    /// Whether it stops when it is asked to.
    stoppable: bool,
}

impl jobs::Work for Phase<'_, '_, '_> {
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
