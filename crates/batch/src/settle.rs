//! Doing in the kernel what is known of steps that do not run: before a step that needs it, and in a workspace, whose
//! documents stay, at the end.

use std::collections::{BTreeMap, BTreeSet};

use base::{DocumentId, StateHash, VersionKey};
use kernel::{CommandError, Response, WORKSPACE};
use serde_json::Value as Json;

use crate::lane::{Lanes, Shared};

impl Lanes<'_, '_> {
    /// Does in the kernel what is known of the steps before this one.
    pub(crate) fn settle(&self, shared: &mut Shared<'_>, at: usize) -> Result<(), CommandError> {
        let open = match at < self.plan.script.main {
            true => self.plan.needs(at).collect(),
            false => (0..self.plan.script.main).collect(),
        };
        self.settle_all(shared, open, &BTreeSet::new())
    }

    /// Leaves the workspace, if there is one, as the steps say that are done. A document that comes to the same as after the
    /// last run, and that no step needed, stays as it is, whatever others have done to it since.
    pub(crate) fn leave(&self, shared: &mut Shared<'_>) -> Result<(), CommandError> {
        if !self.known().is_some_and(|known| known.versions.is_workspace()) {
            return Ok(());
        }
        let outcomes = self.outcomes(shared);
        let kept = match self.known() {
            Some(mut known) => shared.branches.kept(shared.kernel, &mut known, &outcomes)?,
            None => return Ok(()),
        };
        if outcomes.keys().any(|document| !kept.contains(document)) {
            self.settle_all(shared, (0..self.plan.script.steps.len()).collect(), &kept)?;
        }
        match self.known() {
            Some(mut known) => shared.branches.note(shared.kernel, &mut known, &outcomes, &kept),
            None => Ok(()),
        }
    }

    /// What the steps that are done come to in each document.
    fn outcomes(&self, shared: &Shared<'_>) -> BTreeMap<DocumentId, VersionKey> {
        let mut hashers = BTreeMap::new();
        for at in self.plan.order() {
            for document in &shared.changed[at] {
                let hasher = hashers.entry(*document).or_insert_with(blake3::Hasher::new);
                hasher.update(&shared.versions[at].map_or([0; 32], |version| version.0));
            }
        }
        let named =
            |(document, hasher): (_, blake3::Hasher)| (document, VersionKey(*hasher.finalize().as_bytes()));
        hashers.into_iter().map(named).collect()
    }

    /// Does in the kernel what is known of these steps and those before them, but for some documents.
    fn settle_all(
        &self,
        shared: &mut Shared<'_>,
        mut open: Vec<usize>,
        but: &BTreeSet<DocumentId>,
    ) -> Result<(), CommandError> {
        let mut owed = Vec::new();
        while let Some(step) = open.pop() {
            if !std::mem::replace(&mut shared.settled[step], true) {
                open.extend(self.plan.needs(step));
                if shared.owed[step] {
                    owed.push(step);
                }
            }
        }
        owed.sort_by_key(|step| self.plan.place(*step));
        for step in owed {
            self.pay(shared, step, but)?;
        }
        self.bring(shared, but)
    }

    fn pay(
        &self,
        shared: &mut Shared<'_>,
        at: usize,
        but: &BTreeSet<DocumentId>,
    ) -> Result<(), CommandError> {
        let step = &self.plan.script.steps[at];
        let gone = || {
            CommandError::Failed(format!(
                "what step '{}' did is no longer known: run the script again with --force",
                step.id
            ))
        };
        let Some(version) = shared.versions[at] else { return Ok(()) };
        shared.owed[at] = false;
        let changed = shared.changed[at].clone();
        let (is_held, deeds) = {
            let Some(mut known) = self.known() else { return Ok(()) };
            let is_held = known.versions.is_workspace()
                && shared.branches.take(shared.kernel, &mut known, version, &changed, but)?;
            let is_listed = changed.contains(&WORKSPACE) && !but.contains(&WORKSPACE);
            if is_held && !is_listed {
                return Ok(());
            }
            (is_held, known.versions.deeds(version).ok_or_else(gone)?)
        };
        if !is_held {
            self.bring(shared, but)?;
        }
        self.begin(shared, &BTreeMap::new())?;
        let Some(mut known) = self.known() else { return Ok(()) };
        let mut events = Vec::new();
        for deed in deeds {
            for hash in &deed.blobs {
                if shared.kernel.blob(*hash).is_err() {
                    shared.kernel.put_blob(&known.versions.blob(*hash).ok_or_else(gone)?)?;
                }
            }
            events.extend(match is_held {
                true => shared.kernel.repeat_records(self.context, deed)?,
                false => shared.kernel.repeat(self.context, deed)?,
            });
        }
        let changed = if is_held { &[WORKSPACE] } else { changed.as_slice() };
        let what = (changed, events.as_slice());
        shared.branches.grew(shared.kernel, &mut known, Some(version), what, &mut shared.diagnostics)
    }

    fn bring(&self, shared: &mut Shared<'_>, but: &BTreeSet<DocumentId>) -> Result<(), CommandError> {
        let Some(mut known) = self.known() else { return Ok(()) };
        shared.branches.bring(shared.kernel, &mut known, self.context, but, &mut shared.diagnostics)
    }

    /// The documents that arguments name and that were there before the script.
    pub(crate) fn outside(
        &self,
        shared: &mut Shared<'_>,
        arguments: &Json,
    ) -> Result<BTreeMap<DocumentId, StateHash>, CommandError> {
        match self.known() {
            Some(mut known) => shared.branches.outside(shared.kernel, &mut known, arguments),
            None => Ok(BTreeMap::new()),
        }
    }

    /// Notes, for good, that a step is about to run that is about these documents, which were there before the script.
    pub(crate) fn begin(
        &self,
        shared: &mut Shared<'_>,
        documents: &BTreeMap<DocumentId, StateHash>,
    ) -> Result<(), CommandError> {
        let Some(mut known) = self.known() else { return Ok(()) };
        let documents = documents.keys().copied();
        shared.branches.begin(shared.kernel, &mut known, documents, &mut shared.diagnostics)
    }

    /// Notes what a step did to documents.
    pub(crate) fn grew(
        &self,
        shared: &mut Shared<'_>,
        at: usize,
        response: &Response,
    ) -> Result<(), CommandError> {
        shared.changed[at].clone_from(&response.changed);
        let Some(mut known) = self.known() else { return Ok(()) };
        let (version, what) =
            (shared.versions[at], (response.changed.as_slice(), response.events.as_slice()));
        shared.branches.grew(shared.kernel, &mut known, version, what, &mut shared.diagnostics)
    }
}
