//! Running a plan: one step after the other, each acknowledged once it is durable.

use std::collections::BTreeMap;

use base::{Diagnostic, EventHash};
use kernel::{CommandError, Context, Kernel, Request};
use serde::Serialize;
use serde_json::Value as Json;

use crate::{
    Plan, Step,
    template::{descend, resolve},
};

/// How many steps may be done before they are made durable together.
const GROUP_STEPS: usize = 64;
/// How long a done step may wait for its group, in milliseconds.
const GROUP_MS: i64 = 20;
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
    /// The events that it gave rise to.
    pub events: Vec<EventHash>,
}

/// A run that came to its end, or as far as it came.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The steps that were done and are durable, in the order in which they ran.
    pub steps: Vec<StepReport>,
    /// What else the user should know.
    pub diagnostics: Vec<Diagnostic>,
    /// The step that failed, if one did, and why.
    pub failure: Option<(Step, CommandError)>,
}

/// Hears of the run.
pub trait Progress {
    /// A step is done and durable; `done` of `total` are. `eta_ms` is a guess at the time left.
    fn acknowledged(&mut self, step: &StepReport, done: usize, total: usize, eta_ms: i64);
}

/// Asks from outside to stop, and waits between tries.
pub trait Interrupt {
    /// Whether the run is to stop before the next step.
    fn requested(&self) -> bool;
    /// Waits.
    fn wait(&self, ms: u64);
}

/// Runs a plan. `context` says who acts; ids derive from the script and the step.
pub fn run(
    kernel: &mut Kernel,
    plan: &Plan,
    context: &Context,
    progress: &mut dyn Progress,
    interrupt: &dyn Interrupt,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut results: BTreeMap<&str, Json> = BTreeMap::new();
    let mut waiting: Vec<StepReport> = Vec::new();
    let total = plan.order.len();
    let start = kernel.clock().now();
    let mut group_start = start;
    let seed = match kernel.run_seed() {
        Ok(seed) => [seed.as_slice(), &plan.script.hash].concat(),
        Err(error) => {
            outcome.failure = plan.order.first().map(|at| (plan.script.steps[*at].clone(), error));
            return outcome;
        }
    };
    for at in &plan.order {
        let step = &plan.script.steps[*at];
        if interrupt.requested() {
            outcome.failure = Some((step.clone(), CommandError::Cancelled));
            break;
        }
        let context = Context { seed: [seed.as_slice(), step.id.as_bytes()].concat(), ..context.clone() };
        match attempt(kernel, plan, step, &context, &results, interrupt) {
            Ok((report, diagnostics)) => {
                results.insert(&step.id, report.result.clone());
                outcome.diagnostics.extend(diagnostics);
                waiting.push(report);
            }
            Err(error) => {
                outcome.failure = Some((step.clone(), error));
                break;
            }
        }
        let now = kernel.clock().now();
        if waiting.len() >= GROUP_STEPS || now - group_start >= GROUP_MS {
            if let Err(error) = acknowledge(kernel, &mut waiting, &mut outcome, progress, total, start) {
                outcome.failure = Some((step.clone(), error));
                return outcome;
            }
            group_start = now;
        }
    }
    if let Err(error) = acknowledge(kernel, &mut waiting, &mut outcome, progress, total, start)
        && let Some(last) = plan.order.last()
    {
        outcome.failure = Some((plan.script.steps[*last].clone(), error));
    }
    outcome
}

/// Makes what is waiting durable and says so.
fn acknowledge(
    kernel: &mut Kernel,
    waiting: &mut Vec<StepReport>,
    outcome: &mut Outcome,
    progress: &mut dyn Progress,
    total: usize,
    start: i64,
) -> Result<(), CommandError> {
    kernel.sync()?;
    for report in waiting.drain(..) {
        let done = outcome.steps.len() + 1;
        let eta_ms = (kernel.clock().now() - start) / done as i64 * (total - done) as i64;
        progress.acknowledged(&report, done, total, eta_ms);
        outcome.steps.push(report);
    }
    Ok(())
}

fn attempt(
    kernel: &mut Kernel,
    plan: &Plan,
    step: &Step,
    context: &Context,
    results: &BTreeMap<&str, Json>,
    interrupt: &dyn Interrupt,
) -> Result<(StepReport, Vec<Diagnostic>), CommandError> {
    let lookup = |path: &[&str]| -> Result<Json, String> {
        let name = path.first().copied().unwrap_or_default();
        let value = plan.script.vars.get(name).or_else(|| results.get(name));
        descend(value.unwrap_or(&Json::Null), &path[1..])
    };
    let arguments = resolve(&step.args, &lookup).map_err(|unresolved| {
        CommandError::argument(
            unresolved.argument,
            format!("${{{}}}: {}", unresolved.reference, unresolved.message),
        )
    })?;
    let mut tries = 0;
    loop {
        let started = kernel.clock().now();
        let request =
            Request { command: step.command.clone(), arguments: arguments.clone(), context: context.clone() };
        kernel.set_deadline(step.timeout_s.map(|seconds| (started, seconds)));
        let answer = kernel.execute(request);
        kernel.set_deadline(None);
        match answer {
            Ok(response) => {
                let report = StepReport {
                    id: step.id.clone(),
                    command: step.command.clone(),
                    ms: kernel.clock().now() - started,
                    result: response.result,
                    events: response.events,
                };
                return Ok((report, response.diagnostics));
            }
            Err(error) if tries < step.retry && is_worth_another_try(&error) && !interrupt.requested() => {
                interrupt.wait((100 << tries.min(10)).min(LONGEST_BACK_OFF_MS));
                tries += 1;
            }
            Err(error) => return Err(error),
        }
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
