//! Where the documents of a workspace are while a script runs. A run starts on a branch of its own: what the run before it
//! made is made again, and what was there before goes on from where it was then, unless others have changed it since.

use std::collections::{BTreeMap, BTreeSet};

use base::{Diagnostic, DocumentId, EventHash, StateHash, VersionKey};
use kernel::{CommandError, Context, Kernel, WORKSPACE};
use serde_json::Value as Json;

use crate::{
    Known,
    versions::{Branch, Point},
};

/// Where documents are to be, and where those come from that were there before the script.
#[derive(Default)]
pub(crate) struct Branches {
    /// Where each document is to be, and which version that is of what a step made.
    places: BTreeMap<DocumentId, (Point, Option<VersionKey>)>,
    /// Of documents that were there before: the last point before the script, and what they held then.
    bases: BTreeMap<DocumentId, (Point, StateHash)>,
    /// The documents that may be elsewhere.
    astray: BTreeSet<DocumentId>,
    /// The documents that steps of the script made.
    own: BTreeSet<DocumentId>,
    /// The documents that this run has changed or is about to change.
    touched: BTreeSet<DocumentId>,
    events: BTreeSet<EventHash>,
    /// What the last run did to the list of documents, once this run has begun to change something: its row then says that
    /// a run is going on.
    begun: Option<Option<Branch>>,
}

impl Branches {
    /// The documents that arguments name and that no step of the script has made, as they were before it.
    pub fn outside(
        &mut self,
        kernel: &mut Kernel,
        known: &mut Known<'_>,
        arguments: &Json,
    ) -> Result<BTreeMap<DocumentId, StateHash>, CommandError> {
        let mut found = BTreeMap::new();
        if !known.versions.is_workspace() {
            return Ok(found);
        }
        let mut named = Vec::new();
        documents(arguments, &mut named);
        for document in named {
            if let Some((_, state)) = self.bases.get(&document) {
                found.insert(document, *state);
            } else if !self.own.contains(&document) && kernel.record(document).is_ok() {
                let (base, state) = base_of(kernel, known, document)?;
                self.bases.insert(document, (base, state));
                self.places.insert(document, (base, None));
                self.astray.insert(document);
                found.insert(document, state);
            }
        }
        Ok(found)
    }

    /// Notes that a step of the script made or changed documents, now or in an earlier run.
    pub fn own(&mut self, changed: &[DocumentId]) {
        self.own.extend(changed.iter().filter(|document| !self.bases.contains_key(document)));
    }

    /// Notes, for good, that a step is about to run that may change these documents, so that a run that is broken off is
    /// known for one.
    pub fn begin(
        &mut self,
        kernel: &mut Kernel,
        known: &mut Known<'_>,
        documents: impl Iterator<Item = DocumentId>,
        told: &mut Vec<Diagnostic>,
    ) -> Result<(), CommandError> {
        if !known.versions.is_workspace() {
            return Ok(());
        }
        let first = self.begun.is_none();
        if first {
            let before = known.versions.branch(&known.script, WORKSPACE);
            let version = before.map_or(VersionKey([0; 32]), |before| before.version);
            known.versions.note_branch(&known.script, WORKSPACE, Branch { base: None, tip: None, version });
            self.begun = Some(before);
        }
        if self.touch(kernel, known, documents, told)? || first {
            known.versions.commit();
        }
        Ok(())
    }

    /// Whether the last run was broken off.
    fn follows_broken_off(&self) -> bool {
        self.begun.flatten().is_some_and(|before| before.tip.is_none())
    }

    /// Notes that this run changes documents. Whether there is anything new to keep.
    fn touch(
        &mut self,
        kernel: &mut Kernel,
        known: &mut Known<'_>,
        documents: impl Iterator<Item = DocumentId>,
        told: &mut Vec<Diagnostic>,
    ) -> Result<bool, CommandError> {
        let mut new = false;
        for document in documents {
            if !self.touched.insert(document) || document == WORKSPACE {
                continue;
            }
            let base = self.bases.get(&document).map(|(base, _)| *base);
            let before = known.versions.branch(&known.script, document);
            if base.is_none()
                && !self.follows_broken_off()
                && let Some(tip) = before.and_then(|before| before.tip)
                && let now = kernel.head(document, &self.events)?
                && Point::new(now) != tip
            {
                told.push(changed_since(kernel, document, now));
            }
            let branch = Branch { base, tip: None, version: VersionKey([0; 32]) };
            known.versions.note_branch(&known.script, document, branch);
            new = true;
        }
        Ok(new)
    }

    /// Whether the workspace holds a version: its documents are to be at it then, but for those that are to be left alone.
    pub fn take(
        &mut self,
        kernel: &mut Kernel,
        known: &mut Known<'_>,
        version: VersionKey,
        changed: &[DocumentId],
        but: &BTreeSet<DocumentId>,
    ) -> Result<bool, CommandError> {
        let mut held = Vec::new();
        for document in changed.iter().filter(|document| **document != WORKSPACE) {
            match known.versions.held(version, *document) {
                Some(point) if kernel.has_point(*document, point.event())? => held.push((*document, point)),
                _ => return Ok(false),
            }
        }
        for (document, point) in held.into_iter().filter(|(document, _)| !but.contains(document)) {
            self.places.insert(document, (point, Some(version)));
            self.astray.insert(document);
        }
        Ok(true)
    }

    /// Brings the documents to where they are to be, but for those that are to be left alone.
    pub fn bring(
        &mut self,
        kernel: &mut Kernel,
        known: &mut Known<'_>,
        context: &Context,
        but: &BTreeSet<DocumentId>,
        told: &mut Vec<Diagnostic>,
    ) -> Result<(), CommandError> {
        for document in std::mem::take(&mut self.astray) {
            let Some((point, version)) = self.places.get(&document).copied() else { continue };
            let is_there = kernel.head(document, &BTreeSet::new())? == point.event();
            if is_there || but.contains(&document) {
                continue;
            }
            self.begin(kernel, known, [document].into_iter(), told)?;
            if let Some(event) = kernel.bring(context, document, point.event())? {
                let point = Point::After(event);
                self.events.insert(event);
                self.places.insert(document, (point, version));
                if let Some(version) = version {
                    known.versions.hold(version, document, point);
                }
            }
        }
        Ok(())
    }

    /// Notes what a step did that ran, or was done again: documents are at this version now.
    pub fn grew(
        &mut self,
        kernel: &mut Kernel,
        known: &mut Known<'_>,
        version: Option<VersionKey>,
        (changed, events): (&[DocumentId], &[EventHash]),
        told: &mut Vec<Diagnostic>,
    ) -> Result<(), CommandError> {
        if !known.versions.is_workspace() {
            return Ok(());
        }
        self.events.extend(events);
        self.touch(kernel, known, changed.iter().copied(), told)?;
        self.own(changed);
        for document in changed.iter().filter(|document| **document != WORKSPACE) {
            let point = Point::new(kernel.head(*document, &BTreeSet::new())?);
            self.places.insert(*document, (point, version));
            self.astray.remove(document);
            if let Some(version) = version {
                known.versions.hold(version, *document, point);
            }
        }
        Ok(())
    }

    /// Of these documents, and what steps of the script come to in each, those of which the last run came to the same and
    /// which this run has left alone. What others have done to them since stays.
    pub fn kept(
        &self,
        kernel: &mut Kernel,
        known: &mut Known<'_>,
        outcomes: &BTreeMap<DocumentId, VersionKey>,
    ) -> Result<BTreeSet<DocumentId>, CommandError> {
        let mut kept = BTreeSet::new();
        for (document, version) in outcomes.iter().filter(|(document, _)| !self.touched.contains(document)) {
            let branch = match &self.begun {
                Some(before) if *document == WORKSPACE => *before,
                _ => known.versions.branch(&known.script, *document),
            };
            if let Some(Branch { tip: Some(tip), version: last, .. }) = branch
                && last == *version
                && kernel.has_point(*document, tip.event())?
            {
                kept.insert(*document);
            }
        }
        Ok(kept)
    }

    /// Notes where the run leaves the documents that it did not leave alone.
    pub fn note(
        &self,
        kernel: &mut Kernel,
        known: &mut Known<'_>,
        outcomes: &BTreeMap<DocumentId, VersionKey>,
        kept: &BTreeSet<DocumentId>,
    ) -> Result<(), CommandError> {
        let begun = self.begun.map(|_| WORKSPACE);
        let mut left: BTreeSet<_> = self.touched.iter().chain(outcomes.keys()).copied().collect();
        left.retain(|document| !kept.contains(document));
        for document in left.into_iter().chain(begun).collect::<BTreeSet<_>>() {
            let branch = Branch {
                base: self.bases.get(&document).map(|(base, _)| *base),
                tip: Some(Point::new(kernel.head(document, &BTreeSet::new())?)),
                version: outcomes.get(&document).copied().unwrap_or(VersionKey([0; 32])),
            };
            known.versions.note_branch(&known.script, document, branch);
        }
        Ok(())
    }
}

/// Where a document was before the script came to it, and what it held then.
fn base_of(
    kernel: &mut Kernel,
    known: &mut Known<'_>,
    document: DocumentId,
) -> Result<(Point, StateHash), CommandError> {
    let head = kernel.head(document, &BTreeSet::new())?;
    let branch = known.versions.branch(&known.script, document);
    let is_of_script = |branch: &Branch| branch.tip.is_none_or(|tip| tip == Point::new(head));
    let base = branch.filter(is_of_script).and_then(|branch| branch.base);
    if let Some(base) = base
        && kernel.has_point(document, base.event())?
        && let Ok(state) = kernel.state_after(document, base.event())
    {
        return Ok((base, state));
    }
    Ok((Point::new(head), kernel.state_after(document, head)?))
}

fn changed_since(kernel: &mut Kernel, document: DocumentId, now: Option<EventHash>) -> Diagnostic {
    let name = kernel.record(document).map_or_else(|_| document.to_string(), |record| record.name);
    let message = "it was changed after this script ran last; the script goes on from what it made itself";
    let back = match now {
        Some(event) => {
            format!("history.checkout of document {document}, revision {event}, brings the changes back")
        }
        None => format!("history.undo of document {document} brings the changes back"),
    };
    Diagnostic::warning(&name, message).with_help(&back)
}

/// The ids of documents in arguments.
fn documents(arguments: &Json, found: &mut Vec<DocumentId>) {
    match arguments {
        Json::String(text) => found.extend(text.parse::<DocumentId>().ok().filter(|id| *id != WORKSPACE)),
        Json::Array(items) => items.iter().for_each(|item| documents(item, found)),
        Json::Object(map) => map.values().for_each(|value| documents(value, found)),
        _ => {}
    }
}
