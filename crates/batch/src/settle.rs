//! Doing in the kernel what is known of steps that do not run: before a step that needs it, and in a workspace, whose
//! documents stay, at the end.

use std::collections::{BTreeMap, BTreeSet};

use base::{BlobHash, DocumentId, VersionKey};
use kernel::{CommandError, Deed, Kernel, Response, WORKSPACE};
use serde_json::Value as Json;

use crate::{
    branches::documents,
    lane::{Lanes, Shared},
};

impl Lanes<'_, '_> {
    /// Does in the kernel what is known of the steps before this one. In a workspace, only what the step is about: what
    /// others have done to other documents stays.
    pub(crate) fn settle(
        &self,
        shared: &mut Shared<'_>,
        at: usize,
        arguments: &Json,
    ) -> Result<(), CommandError> {
        if !shared.branches.is_workspace() {
            return self.settle_before(shared, at);
        }
        let mut about = documents(arguments);
        if about.is_empty() && sees_all(shared.kernel, &self.plan.script.steps[at].command, arguments) {
            about = shared.owed_by_document.keys().copied().collect();
            if at >= self.plan.script.main {
                let kept = shared.branches.kept(shared.kernel, &self.outcomes(shared))?;
                about.retain(|document| !kept.contains(document));
            }
        }
        self.settle_documents(shared, Some(at), &about)?;
        // What these refer to is seen in them.
        while let linked = shared.kernel.links(&about)?.documents().collect::<BTreeSet<_>>()
            && !linked.is_subset(&about)
        {
            about.extend(linked);
            self.settle_documents(shared, Some(at), &about)?;
        }
        Ok(())
    }

    /// Leaves the workspace, if there is one, as the steps say that are done. A document that comes to the same as after the
    /// last run, and that no step needed, stays as it is, whatever others have done to it since.
    pub(crate) fn leave(&self, shared: &mut Shared<'_>) -> Result<(), CommandError> {
        if !shared.branches.is_workspace() {
            return Ok(());
        }
        let outcomes = self.outcomes(shared);
        let kept = shared.branches.kept(shared.kernel, &outcomes)?;
        let about: BTreeSet<_> =
            outcomes.keys().filter(|document| !kept.contains(document)).copied().collect();
        self.settle_documents(shared, None, &about)?;
        // A run that was broken off does not tell what the whole script changes.
        if shared.is_complete() {
            let abandoned = shared.branches.abandoned(shared.kernel, &outcomes)?;
            self.settle_documents(shared, None, &abandoned)?;
            shared.branches.forget(shared.kernel, &abandoned)?;
        }
        shared.branches.note_all(shared.kernel, &outcomes, &kept)
    }

    /// What the steps that are done come to in each document.
    fn outcomes(&self, shared: &Shared<'_>) -> BTreeMap<DocumentId, VersionKey> {
        let mut hashers = BTreeMap::new();
        for at in self.plan.order() {
            for document in shared.changed[at].iter().filter(|document| **document != WORKSPACE) {
                let hasher = hashers.entry(*document).or_insert_with(blake3::Hasher::new);
                hasher.update(&shared.versions[at].map_or([0; 32], |version| version.0));
            }
        }
        let named =
            |(document, hasher): (_, blake3::Hasher)| (document, VersionKey(*hasher.finalize().as_bytes()));
        hashers.into_iter().map(named).collect()
    }

    /// Does what is known of all steps before this one.
    fn settle_before(&self, shared: &mut Shared<'_>, at: usize) -> Result<(), CommandError> {
        let mut owed = Vec::new();
        let mut open: Vec<usize> = match at < self.plan.script.main {
            true => self.plan.needs(at).collect(),
            false => (0..self.plan.script.main).collect(),
        };
        while let Some(step) = open.pop() {
            if !std::mem::replace(&mut shared.settled[step], true) {
                open.extend(self.plan.needs(step));
                if std::mem::take(&mut shared.owed[step]) {
                    owed.push(step);
                }
            }
        }
        owed.sort_by_key(|step| self.plan.place(*step));
        owed.into_iter().try_for_each(|step| self.repeat(shared, step))
    }

    /// Brings documents of a workspace to where the steps before this one, or all, leave them.
    fn settle_documents(
        &self,
        shared: &mut Shared<'_>,
        before: Option<usize>,
        about: &BTreeSet<DocumentId>,
    ) -> Result<(), CommandError> {
        shared.branches.list_again(shared.kernel, self.context, about)?;
        let mut about = about.clone();
        let mut held: BTreeMap<usize, bool> = BTreeMap::new();
        let mut open: Vec<DocumentId> = about.iter().copied().collect();
        // A step that is done again is done to all its documents.
        while let Some(document) = open.pop() {
            for step in shared.owed_by_document.get(&document).cloned().unwrap_or_default() {
                let counts = before.is_none_or(|at| self.plan.precedes(step, at));
                if !counts || held.contains_key(&step) {
                    continue;
                }
                let changed: BTreeSet<_> = shared.documents_of(step).collect();
                let is_held = self.is_held(shared, step, &changed)?;
                held.insert(step, is_held);
                if !is_held {
                    open.extend(changed.into_iter().filter(|document| about.insert(*document)));
                }
            }
        }
        let mut steps: Vec<_> = held.into_iter().collect();
        steps.sort_by_key(|(step, _)| self.plan.place(*step));
        for (step, is_held) in steps {
            let of_step: BTreeSet<_> = shared.documents_of(step).filter(|it| about.contains(it)).collect();
            match is_held {
                true => self.take(shared, step, &of_step)?,
                false => {
                    self.bring(shared, &of_step)?;
                    self.repeat(shared, step)?;
                }
            }
            for document in &of_step {
                if let Some(owed) = shared.owed_by_document.get_mut(document) {
                    owed.retain(|other| *other != step);
                }
            }
        }
        self.bring(shared, &about)
    }

    fn is_held(
        &self,
        shared: &mut Shared<'_>,
        step: usize,
        changed: &BTreeSet<DocumentId>,
    ) -> Result<bool, CommandError> {
        let (Some(version), Some(mut known)) = (shared.versions[step], self.known()) else {
            return Ok(false);
        };
        shared.branches.take(shared.kernel, &mut known, version, changed)
    }

    /// Lets documents be at a version that the workspace holds.
    fn take(
        &self,
        shared: &mut Shared<'_>,
        step: usize,
        documents: &BTreeSet<DocumentId>,
    ) -> Result<(), CommandError> {
        let Some(version) = shared.versions[step] else { return Ok(()) };
        if let Some(mut known) = self.known() {
            shared.branches.take(shared.kernel, &mut known, version, documents)?;
        }
        if !shared.changed[step].contains(&WORKSPACE) {
            return Ok(());
        }
        let mut events = Vec::new();
        for deed in self.deeds(step, version)? {
            events.extend(shared.kernel.repeat_records(self.context, deed, documents)?);
        }
        shared.branches.happened(&events);
        Ok(())
    }

    /// Does again what a step did.
    fn repeat(&self, shared: &mut Shared<'_>, step: usize) -> Result<(), CommandError> {
        let Some(version) = shared.versions[step] else { return Ok(()) };
        let mut events = Vec::new();
        shared.kernel.hold(true);
        for deed in self.deeds(step, version)? {
            for hash in &deed.blobs {
                if shared.kernel.blob(*hash).is_err() {
                    let blob = self.known().and_then(|mut known| known.blob(*hash));
                    shared.kernel.put_blob(blob.ok_or_else(|| self.gone(step))?)?;
                }
            }
            events.extend(shared.kernel.repeat(self.context, deed)?);
        }
        let changed = shared.changed[step].clone();
        self.grew(shared, Some(version), (&changed, &events))?;
        shared.kernel.hold(false);
        Ok(())
    }

    fn deeds(&self, step: usize, version: VersionKey) -> Result<Vec<Deed>, CommandError> {
        let deeds = self.known().and_then(|mut known| known.versions.deeds(version));
        deeds.ok_or_else(|| self.gone(step))
    }

    fn gone(&self, step: usize) -> CommandError {
        CommandError::Failed(format!(
            "what step '{}' did is no longer known: run the script again with --force",
            self.plan.script.steps[step].id
        ))
    }

    fn bring(&self, shared: &mut Shared<'_>, documents: &BTreeSet<DocumentId>) -> Result<(), CommandError> {
        let (mut known, told) = (self.known(), &mut shared.diagnostics);
        shared.branches.bring(shared.kernel, known.as_deref_mut(), self.context, documents, told)
    }

    fn grew(
        &self,
        shared: &mut Shared<'_>,
        version: Option<VersionKey>,
        what: (&[DocumentId], &[base::EventHash]),
    ) -> Result<(), CommandError> {
        let (mut known, told) = (self.known(), &mut shared.diagnostics);
        shared.branches.grew(shared.kernel, known.as_deref_mut(), version, what, told)
    }

    /// Notes what a step did to documents.
    pub(crate) fn note_step(
        &self,
        shared: &mut Shared<'_>,
        at: usize,
        response: &Response,
    ) -> Result<(), CommandError> {
        shared.changed[at].clone_from(&response.changed);
        self.grew(shared, shared.versions[at], (&response.changed, &response.events))
    }

    /// What the ids of what a step makes derive from: the step, and what was there before the script that it is about, so
    /// that what it makes there is not what it made in something else.
    pub(crate) fn seed(&self, step: &str, documents: &BTreeMap<DocumentId, BlobHash>) -> Vec<u8> {
        let mut seed = Vec::new();
        for part in
            [self.seed, step.as_bytes()].into_iter().chain(documents.values().map(|state| &state.0[..]))
        {
            seed.extend((part.len() as u64).to_le_bytes());
            seed.extend(part);
        }
        seed
    }
}

/// Whether a command that names no document is about all of them. Which one a bundle holds is only seen in it.
fn sees_all(kernel: &Kernel, command: &str, arguments: &Json) -> bool {
    let is_query = || kernel.registry().command(command).is_ok_and(|command| command.class() == "query");
    let path = arguments.get("path").and_then(Json::as_str).unwrap_or_default();
    let is_bundle = command == "document.import" && path.trim_end_matches('/').ends_with(".mbd");
    command.starts_with("history.") || is_bundle || is_query()
}
