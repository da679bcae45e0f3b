//! What a run would do, without doing it.

use std::collections::BTreeMap;

use base::{DocumentId, VersionKey};
use kernel::{CommandError, Kernel};

use crate::{
    Known, Plan, Way,
    branches::Branches,
    known::{Origin, seen, skipped_key},
    lane::GOES_BACK,
    values::Results,
};

/// What would become of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The number of the step.
    pub step: usize,
    /// How it would come to its result.
    pub way: Way,
    /// Why it would run, or not.
    pub reason: String,
}

/// What would become of each step, in the order of the plan: in a workspace, where the script is called so, or in none.
///
/// # Errors
/// The workspace cannot be read.
pub fn preview(
    plan: &Plan,
    mut known: Option<Known<'_>>,
    mut workspace: Option<(&mut Kernel, &str)>,
) -> Result<Vec<Preview>, CommandError> {
    let mut branches = match &workspace {
        Some((kernel, script)) => Branches::load(kernel, Some(script))?,
        None => Branches::default(),
    };
    let mut results = Results::new();
    let mut versions: BTreeMap<usize, VersionKey> = BTreeMap::new();
    let mut running = vec![false; plan.script.steps.len()];
    let mut changed: BTreeMap<usize, Vec<DocumentId>> = BTreeMap::new();
    let mut of_step = |at: usize| {
        let step = &plan.script.steps[at];
        if at >= plan.script.main {
            return (Way::Ran, "it runs at the end of every run".to_owned());
        }
        if let Some(need) = plan.needs(at).find(|need| running[*need]) {
            running[at] = true;
            return (Way::Ran, format!("step '{}' runs", plan.script.steps[need].id));
        }
        let needs = plan
            .needs(at)
            .filter_map(|need| Some((plan.script.steps[need].id.clone(), *versions.get(&need)?)));
        let needs = needs.collect();
        let arguments = match plan.arguments(step, &results) {
            Ok(Some(arguments)) => arguments,
            Ok(None) => {
                versions.insert(at, skipped_key(&needs));
                return (Way::Skipped, "its condition does not hold".to_owned());
            }
            Err(error) => return (Way::Ran, error.to_string()),
        };
        let Some(known) = &mut known else {
            running[at] = true;
            return (Way::Ran, "nothing is kept from run to run".to_owned());
        };
        if plan.goes_back {
            running[at] = true;
            return (Way::Ran, GOES_BACK.to_owned());
        }
        let documents = match &mut workspace {
            Some((kernel, _)) => branches.outside(kernel, &arguments),
            None => Ok(BTreeMap::new()),
        };
        let documents = match documents {
            Ok(documents) => documents,
            Err(error) => return (Way::Ran, error.to_string()),
        };
        let origin = Origin { step, arguments: &arguments, needs, documents };
        let key = known.step_key(&origin);
        let mut seen = |document: DocumentId| {
            let changes = |step: &usize| {
                changed.get(step).is_some_and(|changed| changed.contains(&document))
                    && plan.precedes(*step, at)
            };
            let steps = plan.order().filter(changes).map(|step| versions.get(&step).copied()).collect();
            let before = workspace.as_mut().and_then(|(kernel, _)| branches.state(kernel, document));
            seen(steps, before)
        };
        match known.peek(key, &mut seen) {
            Some(version) => {
                versions.insert(at, version.key);
                results.insert(step.id.clone(), version.result);
                branches.own(&version.changed);
                changed.insert(at, version.changed);
                (Way::Known, "nothing that it follows from has changed".to_owned())
            }
            None => {
                running[at] = true;
                (Way::Ran, known.reason(&origin, &mut seen))
            }
        }
    };
    let previews = plan.order().map(|step| {
        let (way, reason) = of_step(step);
        Preview { step, way, reason }
    });
    Ok(previews.collect())
}
