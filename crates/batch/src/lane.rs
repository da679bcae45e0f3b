//! What lanes do: one step after the other, from its arguments to its result, run or known.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::{BlobHash, Diagnostic, DocumentId, StepKey, VersionKey};
use kernel::{
    Begun, Bounds, CommandError, Context, Deed, Kernel, Request, Response, Trace, WORKSPACE, ports::Clock,
};
use serde_json::Value as Json;

use crate::{
    Interrupt, Known, Plan, Progress, StepReport, Way,
    branches::Branches,
    known::{Origin, Seen, seen, skipped_key, version_key},
    values::Results,
    versions::{Blobs, Kept, Version},
};

/// How many steps may be done before they are made durable together.
const GROUP_STEPS: usize = 1024;
/// How long a done step may wait for its group, in milliseconds.
const GROUP_MS: i64 = 20;

/// Why all steps of a script run.
pub(crate) const GOES_BACK: &str =
    "a step takes back what was done last, in whichever document: where it names one, others need not run";

/// What the lanes share, one at a time.
pub(crate) struct Shared<'r> {
    pub kernel: &'r mut Kernel,
    progress: &'r mut dyn Progress,
    /// The results of the steps that are done.
    results: Results,
    /// The step that changed each document last.
    writers: BTreeMap<DocumentId, usize>,
    /// The steps that saw a document because others refer to it.
    readers: BTreeMap<DocumentId, Vec<usize>>,
    /// What the steps that are done gave, by their numbers.
    pub versions: Vec<Option<VersionKey>>,
    /// The documents that they changed.
    pub changed: Vec<Vec<DocumentId>>,
    /// The steps of which what they did to documents is known, but not yet done in the kernel.
    pub owed: Vec<bool>,
    /// The same in a workspace, by the documents that they changed.
    pub owed_by_document: BTreeMap<DocumentId, Vec<usize>>,
    /// The steps from which on backwards nothing is owed.
    pub settled: Vec<bool>,
    pub branches: Branches,
    /// Steps that are done, but not yet durable.
    waiting: Vec<StepReport>,
    /// Steps that are durable.
    pub done: Vec<StepReport>,
    pub diagnostics: Vec<Diagnostic>,
    start: i64,
    group_start: i64,
}

impl<'r> Shared<'r> {
    pub fn new(
        kernel: &'r mut Kernel,
        progress: &'r mut dyn Progress,
        plan: &Plan,
        branches: Branches,
    ) -> Self {
        let (now, total) = (kernel.clock().now(), plan.script.steps.len());
        Shared {
            kernel,
            progress,
            results: Results::new(),
            writers: BTreeMap::new(),
            readers: BTreeMap::new(),
            versions: vec![None; total],
            changed: vec![Vec::new(); total],
            owed: vec![false; total],
            owed_by_document: BTreeMap::new(),
            settled: vec![false; total],
            branches,
            waiting: Vec::new(),
            done: Vec::new(),
            diagnostics: Vec::new(),
            start: now,
            group_start: now,
        }
    }

    /// Takes what is known for what a step would give.
    fn reuse(
        &mut self,
        plan: &Plan,
        at: usize,
        arguments: Json,
        version: Version,
    ) -> Result<(), CommandError> {
        self.note_changes(plan, at, &version.changed)?;
        self.note_links(plan, at, version.linked.keys())?;
        self.versions[at] = Some(version.key);
        self.owed[at] = !version.changed.is_empty();
        let Version { key, result, diagnostics, reads, writes, changed, .. } = version;
        if self.branches.is_workspace() {
            self.branches.own(&changed);
            for document in changed.iter().filter(|document| **document != WORKSPACE) {
                self.owed_by_document.entry(*document).or_default().push(at);
            }
        }
        self.changed[at] = changed;
        self.diagnostics.extend(diagnostics);
        let report = StepReport::new(&plan.script.steps[at], Way::Known, arguments);
        self.take(StepReport { result, version: Some(key), reads, writes, ..report });
        Ok(())
    }

    /// Whether all steps are done.
    pub fn is_complete(&self) -> bool {
        self.waiting.len() + self.done.len() == self.changed.len()
    }

    /// The documents that a step changed.
    pub fn documents_of(&self, step: usize) -> impl Iterator<Item = DocumentId> {
        self.changed[step].iter().copied().filter(|document| *document != WORKSPACE)
    }

    /// Notes that a step is done, to be made durable with those around it.
    fn take(&mut self, report: StepReport) {
        if report.way != Way::Skipped {
            self.results.insert(report.id.clone(), report.result.clone());
        }
        self.waiting.push(report);
    }

    /// What the steps before a step come to in a document.
    fn seen(&mut self, plan: &Plan, at: usize, document: DocumentId) -> VersionKey {
        let changes = |step: &usize| self.changed[*step].contains(&document) && plan.precedes(*step, at);
        let versions = plan.order().filter(changes).map(|step| self.versions[step]);
        seen(versions.collect(), self.branches.state(self.kernel, document))
    }

    /// Notes which documents a step saw because others refer to them.
    fn note_links<'d>(
        &mut self,
        plan: &Plan,
        at: usize,
        linked: impl Iterator<Item = &'d DocumentId>,
    ) -> Result<(), CommandError> {
        for document in linked {
            if let Some(other) = self.writers.get(document)
                && *other != at
                && !plan.precedes(*other, at)
            {
                return Err(beside(
                    plan,
                    *other,
                    &format!("it shows document {document}, which is changed by"),
                ));
            }
            self.readers.entry(*document).or_default().push(at);
        }
        Ok(())
    }

    /// Notes which documents a step changed.
    fn note_changes(&mut self, plan: &Plan, at: usize, changed: &[DocumentId]) -> Result<(), CommandError> {
        for document in changed.iter().filter(|document| **document != WORKSPACE) {
            let is_beside = |other: &usize| *other != at && !plan.precedes(*other, at);
            if let Some(other) = self.writers.insert(*document, at).filter(is_beside) {
                return Err(beside(plan, other, &format!("it changed document {document}, and so did")));
            }
            let readers = self.readers.get(document).into_iter().flatten().copied();
            if let Some(other) = readers.into_iter().find(is_beside) {
                return Err(beside(
                    plan,
                    other,
                    &format!("it changed document {document}, which is shown by"),
                ));
            }
        }
        Ok(())
    }
}

fn beside(plan: &Plan, other: usize, what: &str) -> CommandError {
    let other = &plan.script.steps[other].id;
    CommandError::Failed(format!("{what} step '{other}', which runs beside it: add '{other}' to needs"))
}

/// A run as its lanes see it.
pub(crate) struct Lanes<'r, 'v> {
    pub plan: &'r Plan,
    pub context: &'r Context,
    pub seed: &'r [u8],
    pub interrupt: &'r dyn Interrupt,
    pub clock: Arc<dyn Clock>,
    pub shared: Mutex<Shared<'r>>,
    pub known: Option<Mutex<Known<'v>>>,
}

impl<'r, 'v> Lanes<'r, 'v> {
    fn shared(&self) -> MutexGuard<'_, Shared<'r>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn known(&self) -> Option<MutexGuard<'_, Known<'v>>> {
        self.known.as_ref().map(|known| known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes durable what is left, and hands back what there is to tell.
    pub fn end(self) -> (Result<(), CommandError>, Shared<'r>, Option<Known<'v>>) {
        let left = self.leave(&mut self.shared());
        let stored = left.and_then(|()| self.acknowledge(&mut self.shared()));
        let known = self.known.map(|known| known.into_inner().unwrap_or_else(PoisonError::into_inner));
        (stored, self.shared.into_inner().unwrap_or_else(PoisonError::into_inner), known)
    }

    /// Takes what is known of all steps that need only such steps: of each that it is done, if it is.
    pub fn reuse_all(&self) -> Vec<Option<()>> {
        let mut given = vec![None; self.plan.script.main];
        let Some(mut known) = self.known().filter(|_| !self.plan.goes_back) else { return given };
        let mut shared = self.shared();
        for at in self.plan.graph.order().iter().copied() {
            if self.plan.needs(at).all(|need| given[need].is_some()) {
                // What is wrong with a step is found again by the lane that comes to it.
                given[at] = self.reuse_one(&mut shared, &mut known, at).unwrap_or_default();
            }
        }
        known.versions.commit();
        given
    }

    fn reuse_one(
        &self,
        shared: &mut Shared<'_>,
        known: &mut Known<'_>,
        at: usize,
    ) -> Result<Option<()>, CommandError> {
        let step = &self.plan.script.steps[at];
        let Some(arguments) = self.plan.arguments(step, &shared.results)? else {
            self.skip(shared, at);
            return Ok(Some(()));
        };
        let documents = shared.branches.outside(shared.kernel, &arguments)?;
        let origin = Origin { step, arguments: &arguments, needs: self.needs(at, shared), documents };
        let key = known.step_key(&origin);
        let Some(version) = known.find(key, &mut |document| shared.seen(self.plan, at, document)) else {
            return Ok(None);
        };
        shared.reuse(self.plan, at, arguments, version)?;
        Ok(Some(()))
    }

    /// Does a step.
    pub fn step(&self, at: usize, stoppable: bool) -> Result<(), CommandError> {
        let step = &self.plan.script.steps[at];
        let mut shared = self.shared();
        let started = self.clock.now();
        let Some(arguments) = self.plan.arguments(step, &shared.results)? else {
            self.skip(&mut shared, at);
            return self.acknowledge_some(&mut shared);
        };
        let shared_now = &mut *shared;
        let documents = shared_now.branches.outside(shared_now.kernel, &arguments)?;
        let origin = Origin { step, arguments: &arguments, needs: self.needs(at, &shared), documents };
        let mut question = None;
        // What runs at the end runs whatever happens.
        if let Some(mut known) = self.known().filter(|_| at < self.plan.script.main) {
            let key = known.step_key(&origin);
            let mut seen = |document| shared.seen(self.plan, at, document);
            let found = if self.plan.goes_back { None } else { known.find(key, &mut seen) };
            if let Some(version) = found {
                drop(known);
                shared.reuse(self.plan, at, arguments, version)?;
                return self.acknowledge_some(&mut shared);
            }
            let reason = match self.plan.goes_back {
                true => GOES_BACK.to_owned(),
                false => known.reason(&origin, &mut seen),
            };
            question = Some((key, reason));
        }
        self.settle(&mut shared, at, &arguments)?;
        let request = Request {
            command: step.command.clone(),
            arguments: arguments.clone(),
            context: Context {
                seed: self.seed(&step.id, &origin.documents),
                bounds: self.bounds(&shared, at),
                ..self.context.clone()
            },
            timeout_s: step.timeout_s,
            traced: true,
        };
        // What a step does and where that leaves the documents is noted together: a run that is broken off in between would
        // take its own work for others'.
        shared.kernel.hold(true);
        let mut response = match shared.kernel.begin(request)? {
            Begun::Done(response) => response,
            Begun::Away(errand) => {
                shared.kernel.hold(false);
                if let Some(mut known) = self.known() {
                    // Other processes do not wait for long work.
                    known.versions.commit();
                }
                drop(shared);
                let returned = errand.run_watched(&|| {
                    self.acknowledge_late();
                    stoppable && self.interrupt.requested()
                });
                shared = self.shared();
                shared.kernel.hold(true);
                shared.kernel.finish(returned)?
            }
        };
        shared.note_changes(self.plan, at, &response.changed)?;
        let linked = response.trace.iter().flat_map(|trace| &trace.linked);
        shared.note_links(self.plan, at, linked)?;
        let ms = self.clock.now() - started;
        let mut trace = *response.trace.take().unwrap_or_default();
        let mut report = StepReport::new(step, Way::Ran, arguments.clone());
        report.reads = trace.reads.clone();
        report.writes = trace.writes.iter().map(|written| (written.path.clone(), written.hash)).collect();
        if let Some((key, why)) = question {
            let deeds = std::mem::take(&mut trace.deeds);
            let blobs = blobs(shared.kernel, &deeds, &trace)?;
            let mut seen = |document| shared.seen(self.plan, at, document);
            let version = self.keep(key, origin, trace, &response, (deeds, blobs), (ms, &mut seen));
            shared.versions[at] = version;
            report.reason = Some(why);
        }
        self.note_step(&mut shared, at, &response)?;
        shared.kernel.hold(false);
        shared.settled[at] = true;
        shared.diagnostics.extend(response.diagnostics);
        let Response { result, events, .. } = response;
        let version = shared.versions[at];
        shared.take(StepReport { ms, result, events, version, ..report });
        self.acknowledge_some(&mut shared)
    }

    /// What a step leaves alone.
    fn bounds(&self, shared: &Shared<'_>, at: usize) -> Bounds {
        let mut bounds = Bounds { floor: shared.branches.floor(), ..Bounds::default() };
        if self.plan.script.steps[at].command == "document.import" {
            bounds.unmade = shared.branches.unmade();
        }
        bounds
    }

    fn skip(&self, shared: &mut Shared<'_>, at: usize) {
        shared.versions[at] = Some(skipped_key(&self.needs(at, shared)));
        shared.take(StepReport::new(&self.plan.script.steps[at], Way::Skipped, Json::Null));
    }

    /// The versions that the steps gave that a step needs.
    fn needs(&self, at: usize, shared: &Shared<'_>) -> BTreeMap<String, VersionKey> {
        let steps = &self.plan.script.steps;
        let needs = self.plan.needs(at).filter_map(|need| Some((need, shared.versions[need]?)));
        needs.map(|(need, version)| (steps[need].id.clone(), version)).collect()
    }

    /// Keeps what a step gave, and names it.
    fn keep(
        &self,
        step: StepKey,
        origin: Origin<'_>,
        trace: Trace,
        response: &Response,
        (deeds, blobs): (Vec<Deed>, Blobs),
        (ms, seen): (i64, &mut Seen<'_>),
    ) -> Option<VersionKey> {
        let mut known = self.known()?;
        let id = origin.step.id.clone();
        let past = known.past(origin, &trace, seen);
        let key = version_key(step, &past, &deeds);
        let version = (!trace.volatile).then(|| Version {
            key,
            result: response.result.clone(),
            diagnostics: response.diagnostics.clone(),
            reads: trace.reads,
            linked: past.linked.clone(),
            fonts: past.fonts,
            gpu: past.gpu,
            writes: trace.writes.into_iter().map(|written| (written.path, written.hash)).collect(),
            changed: response.changed.clone(),
            ms,
        });
        let script = known.script.clone();
        known.versions.keep(Kept { script, id, step, past, version, deeds, blobs });
        Some(key)
    }

    /// Makes what is waiting durable while long work is going on.
    fn acknowledge_late(&self) {
        if let Ok(mut shared) = self.shared.try_lock()
            && !shared.waiting.is_empty()
        {
            // Whatever is wrong with the log is met again by the next step.
            let _ = self.acknowledge_some(&mut shared);
        }
    }

    /// Makes what is waiting durable, once it is worth it.
    fn acknowledge_some(&self, shared: &mut Shared<'_>) -> Result<(), CommandError> {
        let now = self.clock.now();
        if shared.waiting.len() >= GROUP_STEPS || now - shared.group_start >= GROUP_MS {
            self.acknowledge(shared)?;
            shared.group_start = now;
        }
        Ok(())
    }

    /// Makes what is waiting durable and says so.
    fn acknowledge(&self, shared: &mut Shared<'_>) -> Result<(), CommandError> {
        shared.kernel.sync()?;
        if let Some(mut known) = self.known() {
            known.versions.commit();
        }
        let total = self.plan.script.steps.len();
        for report in std::mem::take(&mut shared.waiting) {
            let done = shared.done.len() + 1;
            let eta_ms = (self.clock.now() - shared.start) / done as i64 * (total - done) as i64;
            shared.progress.acknowledged(&report, done, total, eta_ms);
            shared.done.push(report);
        }
        Ok(())
    }
}

/// The blobs that outlast a step: the files that it wrote, and those that documents name, but for inputs, which are read
/// again: its result counts only as long as they are the same.
fn blobs(kernel: &Kernel, deeds: &[Deed], trace: &Trace) -> Result<Blobs, CommandError> {
    let mut blobs: Blobs = trace.writes.iter().map(|written| (written.hash, written.bytes.clone())).collect();
    let inputs: BTreeSet<BlobHash> = trace.reads.values().flatten().copied().collect();
    for hash in deeds.iter().flat_map(|deed| &deed.blobs).filter(|hash| !inputs.contains(hash)) {
        blobs.insert(*hash, kernel.blob(*hash)?);
    }
    Ok(blobs)
}
