//! Where the documents of a workspace are while a script runs. A run starts on a branch of its own: what the run before it
//! made is made again, and what was there before goes on from where it was then, unless others have changed it since.

use std::collections::{BTreeMap, BTreeSet};

use base::{BlobHash, Diagnostic, DocumentId, EventHash, VersionKey};
use kernel::{CommandError, Context, Kernel, Listed, WORKSPACE};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{Known, versions::Point};

/// A version that is none.
const NO_VERSION: VersionKey = VersionKey([0; 32]);

/// Where a document was that was there before the script.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Base {
    point: Point,
    listed: Listed,
}

/// What the last run of a script did to a document, as far as it came.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Branch {
    /// None of a document that the script made.
    base: Option<Base>,
    /// Where it left the document.
    tip: Point,
    /// The hash of what it left in the list of documents.
    listed: BlobHash,
    /// Names what the whole run left there.
    version: VersionKey,
}

/// Where documents are to be, and where those come from that were there before the script.
#[derive(Default)]
pub(crate) struct Branches {
    /// How the script is called in the workspace; none when there is no workspace.
    script: Option<String>,
    /// What the last run did.
    last: BTreeMap<DocumentId, Branch>,
    /// Where each document is to be, and which version that is of what a step made.
    places: BTreeMap<DocumentId, (Point, Option<VersionKey>)>,
    /// The documents that were there before, with the hash of what they were.
    bases: BTreeMap<DocumentId, (Base, BlobHash)>,
    /// The documents that may be elsewhere.
    astray: BTreeSet<DocumentId>,
    /// The documents that steps of the script made.
    own: BTreeSet<DocumentId>,
    /// The documents that this run has changed.
    touched: BTreeSet<DocumentId>,
    events: BTreeSet<EventHash>,
    /// The place in the local order from which on this run does everything itself.
    floor: Option<u64>,
}

impl Branches {
    /// The branches of a script of this name in a workspace, or of one in none.
    pub fn load(kernel: &Kernel, script: Option<&str>) -> Result<Self, CommandError> {
        let Some(script) = script else { return Ok(Branches::default()) };
        let mut last = BTreeMap::new();
        let prefix = prefix(script);
        for (key, text) in kernel.notes(&prefix)? {
            if let (Ok(document), Ok(branch)) = (key[prefix.len()..].parse(), serde_json::from_str(&text)) {
                last.insert(document, branch);
            }
        }
        Ok(Branches { script: Some(script.to_owned()), last, ..Branches::default() })
    }

    /// Whether documents outlast the run.
    pub fn is_workspace(&self) -> bool {
        self.script.is_some()
    }

    /// The documents that arguments name and that no step of the script has made, as they were before it.
    pub fn outside(
        &mut self,
        kernel: &mut Kernel,
        arguments: &Json,
    ) -> Result<BTreeMap<DocumentId, BlobHash>, CommandError> {
        let mut found = BTreeMap::new();
        if !self.is_workspace() {
            return Ok(found);
        }
        for document in documents(arguments) {
            if !self.own.contains(&document) && !self.bases.contains_key(&document) {
                let Some(base) = self.base_of(kernel, document)? else { continue };
                self.begin_at(kernel, document, base)?;
            }
            if let Some((_, state)) = self.bases.get(&document) {
                found.insert(document, *state);
            }
        }
        Ok(found)
    }

    /// What a document was before the script; none of one that the script makes.
    pub fn state(&self, kernel: &mut Kernel, document: DocumentId) -> Option<BlobHash> {
        if let Some((_, state)) = self.bases.get(&document) {
            return Some(*state);
        }
        let is_own = self.own.contains(&document) || !self.is_workspace();
        let content = kernel.content(document).ok().filter(|_| !is_own)?;
        Some(BlobHash::of(&content.hash().0))
    }

    fn begin_at(
        &mut self,
        kernel: &mut Kernel,
        document: DocumentId,
        base: Base,
    ) -> Result<(), CommandError> {
        let content = kernel.state_after(document, base.point.event())?;
        let state = BlobHash::of(&[content.0.as_slice(), &hash(&base.listed).0].concat());
        self.places.insert(document, (base.point, None));
        self.astray.insert(document);
        self.bases.insert(document, (base, state));
        Ok(())
    }

    /// Where a document was before the script came to it: where the last run found it, as far as nobody else has changed it
    /// since. None when it is not there.
    fn base_of(&self, kernel: &mut Kernel, document: DocumentId) -> Result<Option<Base>, CommandError> {
        let Some(listed) = kernel.listed(document)? else { return Ok(None) };
        let head = Point::new(kernel.head(document, &BTreeSet::new())?);
        let mut base = Base { point: head, listed };
        if let Some(Branch { base: Some(before), tip, listed, .. }) = self.last.get(&document) {
            if *listed == hash(&base.listed) {
                base.listed = before.listed.clone();
            }
            // What was merged stays: merging it again would give nothing.
            if *tip == head
                && kernel.has_content(document, before.point.event())?
                && !kernel.has_merged_since(document, before.point.event())?
            {
                base.point = before.point;
            }
        }
        Ok(base.listed.is_there.then_some(base))
    }

    /// Notes that a step of the script made or changed documents, now or in an earlier run.
    pub fn own(&mut self, changed: &[DocumentId]) {
        self.own.extend(changed.iter().filter(|document| !self.bases.contains_key(document)));
    }

    /// Notes that this run changes documents, and says so where that leaves out what others have done.
    fn touch(
        &mut self,
        kernel: &mut Kernel,
        documents: impl Iterator<Item = DocumentId>,
        told: &mut Vec<Diagnostic>,
    ) -> Result<(), CommandError> {
        for document in documents.filter(|document| *document != WORKSPACE) {
            if self.touched.insert(document)
                && let Some(Branch { base: None, tip, .. }) = self.last.get(&document)
                && let now = kernel.head(document, &self.events)?
                && Point::new(now) != *tip
            {
                told.push(changed_since(kernel, document, now));
            }
        }
        Ok(())
    }

    /// Whether the workspace holds a version of these documents: they are to be at it then.
    pub fn take(
        &mut self,
        kernel: &mut Kernel,
        known: &mut Known<'_>,
        version: VersionKey,
        documents: &BTreeSet<DocumentId>,
    ) -> Result<bool, CommandError> {
        let mut held = Vec::new();
        for document in documents {
            match known.versions.held(version, *document) {
                Some(point) if kernel.has_content(*document, point.event())? => held.push((*document, point)),
                _ => return Ok(false),
            }
        }
        for (document, point) in held {
            self.places.insert(document, (point, Some(version)));
            self.astray.insert(document);
        }
        Ok(true)
    }

    /// Lets the list of documents say of these what it said before the script.
    pub fn list_again(
        &mut self,
        kernel: &mut Kernel,
        context: &Context,
        documents: &BTreeSet<DocumentId>,
    ) -> Result<(), CommandError> {
        for document in documents.iter().filter(|document| !self.touched.contains(document)) {
            if self.astray.contains(document)
                && let Some((base, _)) = self.bases.get(document)
                && let Some(event) = kernel.list_again(context, *document, &base.listed)?
            {
                self.events.insert(event);
            }
        }
        Ok(())
    }

    /// Brings these documents to where they are to be.
    pub fn bring(
        &mut self,
        kernel: &mut Kernel,
        mut known: Option<&mut Known<'_>>,
        context: &Context,
        documents: &BTreeSet<DocumentId>,
        told: &mut Vec<Diagnostic>,
    ) -> Result<(), CommandError> {
        let here: Vec<_> = self.astray.intersection(documents).copied().collect();
        for document in here {
            self.astray.remove(&document);
            let Some((point, version)) = self.places.get(&document).copied() else { continue };
            if kernel.head(document, &BTreeSet::new())? == point.event() {
                continue;
            }
            if kernel.has_merged_since(document, point.event())? {
                return Err(cannot_go_back(kernel, document));
            }
            self.touch(kernel, [document].into_iter(), told)?;
            kernel.hold(true);
            if let Some(event) = kernel.bring(context, document, point.event())? {
                let point = Point::After(event);
                self.events.insert(event);
                self.places.insert(document, (point, version));
                if let (Some(version), Some(known)) = (version, &mut known) {
                    known.versions.hold(version, document, point);
                }
                self.note(kernel, document, NO_VERSION)?;
            }
            kernel.hold(false);
        }
        Ok(())
    }

    /// Lets the list of documents be as it was before the last run: this run does all of it again, so that what it takes back
    /// is its own.
    pub fn withdraw(&mut self, kernel: &mut Kernel, context: &Context) -> Result<(), CommandError> {
        if self.floor.is_some() || !self.is_workspace() {
            return Ok(());
        }
        for document in self.unmade() {
            if let Some(listed) = kernel.listed(document)? {
                self.events.extend(kernel.list_again(
                    context,
                    document,
                    &Listed { is_there: false, ..listed },
                )?);
            }
        }
        let found = self.last.iter().filter(|(_, branch)| branch.base.is_some());
        for document in found.map(|(document, _)| *document).collect::<Vec<_>>() {
            if let Some(base) = self.base_of(kernel, document)? {
                self.events.extend(kernel.list_again(context, document, &base.listed)?);
            }
        }
        self.floor = Some(kernel.last_ord());
        Ok(())
    }

    /// Where a run that has done something stops taking back.
    pub fn floor(&self) -> u64 {
        self.floor.unwrap_or_default()
    }

    /// The documents that the last run made, and this one has not.
    pub fn unmade(&self) -> BTreeSet<DocumentId> {
        let made = self.last.iter().filter(|(_, branch)| branch.base.is_none());
        made.map(|(document, _)| *document).filter(|document| !self.own.contains(document)).collect()
    }

    /// Takes note of events of this run.
    pub fn happened(&mut self, events: &[EventHash]) {
        self.events.extend(events);
    }

    /// Notes what a step did that ran, or was done again: documents are at this version now.
    pub fn grew(
        &mut self,
        kernel: &mut Kernel,
        mut known: Option<&mut Known<'_>>,
        version: Option<VersionKey>,
        (changed, events): (&[DocumentId], &[EventHash]),
        told: &mut Vec<Diagnostic>,
    ) -> Result<(), CommandError> {
        if !self.is_workspace() {
            return Ok(());
        }
        self.events.extend(events);
        self.touch(kernel, changed.iter().copied(), told)?;
        self.own(changed);
        for document in changed.iter().filter(|document| **document != WORKSPACE) {
            let point = Point::new(kernel.head(*document, &BTreeSet::new())?);
            self.places.insert(*document, (point, version));
            self.astray.remove(document);
            if let (Some(version), Some(known)) = (version, &mut known) {
                known.versions.hold(version, *document, point);
            }
            self.note(kernel, *document, NO_VERSION)?;
        }
        Ok(())
    }

    /// Notes where a document is.
    fn note(
        &self,
        kernel: &mut Kernel,
        document: DocumentId,
        version: VersionKey,
    ) -> Result<(), CommandError> {
        let (Some(script), Some(listed)) = (&self.script, kernel.listed(document)?) else { return Ok(()) };
        let branch = Branch {
            base: self.bases.get(&document).map(|(base, _)| base.clone()),
            tip: Point::new(kernel.head(document, &BTreeSet::new())?),
            listed: hash(&listed),
            version,
        };
        let text = serde_json::to_string(&branch).unwrap_or_default();
        kernel.put_note(&format!("{}{document}", prefix(script)), Some(&text))
    }

    /// Of these documents, and what steps of the script come to in each, those of which the last run came to the same and
    /// which this run has left alone. What others have done to them since stays.
    pub fn kept(
        &self,
        kernel: &mut Kernel,
        outcomes: &BTreeMap<DocumentId, VersionKey>,
    ) -> Result<BTreeSet<DocumentId>, CommandError> {
        let mut kept = BTreeSet::new();
        if self.floor.is_some() {
            return Ok(kept);
        }
        for (document, version) in outcomes.iter().filter(|(document, _)| !self.touched.contains(document)) {
            if let Some(last) = self.last.get(document)
                && last.version == *version
                && kernel.has_point(*document, last.tip.event())?
            {
                kept.insert(*document);
            }
        }
        Ok(kept)
    }

    /// The documents that were there before the script, that the last run changed, and of which nobody has changed what it
    /// left: they are to be as before it, now that no step changes them.
    pub fn abandoned(
        &mut self,
        kernel: &mut Kernel,
        outcomes: &BTreeMap<DocumentId, VersionKey>,
    ) -> Result<BTreeSet<DocumentId>, CommandError> {
        let is_abandoned = |(document, last): &(&DocumentId, &Branch)| {
            last.base.is_some() && !outcomes.contains_key(document)
        };
        let documents: Vec<_> =
            self.last.iter().filter(is_abandoned).map(|(document, _)| *document).collect();
        let mut abandoned = BTreeSet::new();
        for document in documents {
            let Some(base) = self.base_of(kernel, document)? else { continue };
            let now = Point::new(kernel.head(document, &BTreeSet::new())?);
            if base.point != now || kernel.listed(document)?.as_ref() != Some(&base.listed) {
                if !self.bases.contains_key(&document) {
                    self.begin_at(kernel, document, base)?;
                }
                abandoned.insert(document);
            }
        }
        Ok(abandoned)
    }

    /// Forgets that the script has to do with these documents.
    pub fn forget(&self, kernel: &mut Kernel, documents: &BTreeSet<DocumentId>) -> Result<(), CommandError> {
        let Some(script) = &self.script else { return Ok(()) };
        documents
            .iter()
            .try_for_each(|document| kernel.put_note(&format!("{}{document}", prefix(script)), None))
    }

    /// Notes where the run leaves the documents that it did not leave alone.
    pub fn note_all(
        &self,
        kernel: &mut Kernel,
        outcomes: &BTreeMap<DocumentId, VersionKey>,
        kept: &BTreeSet<DocumentId>,
    ) -> Result<(), CommandError> {
        let mut left = outcomes.iter().filter(|(document, _)| !kept.contains(document));
        left.try_for_each(|(document, version)| self.note(kernel, *document, *version))
    }
}

/// How the keys of notes about a script begin.
fn prefix(script: &str) -> String {
    format!("branch {} {script} ", script.len())
}

fn hash(listed: &Listed) -> BlobHash {
    BlobHash::of(&serde_json::to_vec(listed).unwrap_or_default())
}

fn name(kernel: &mut Kernel, document: DocumentId) -> String {
    kernel.record(document).map_or_else(|_| document.to_string(), |record| record.name)
}

fn changed_since(kernel: &mut Kernel, document: DocumentId, now: Option<EventHash>) -> Diagnostic {
    let message = "it was changed after this script ran last; the script goes on from what it made itself";
    let back = match now {
        Some(event) => {
            format!("history.checkout of document {document}, revision {event}, brings the changes back")
        }
        None => format!("history.undo of document {document} brings the changes back"),
    };
    Diagnostic::warning(name(kernel, document), message).with_help(&back)
}

fn cannot_go_back(kernel: &mut Kernel, document: DocumentId) -> CommandError {
    CommandError::NotApplicable(format!(
        "'{}' has taken in another copy of itself, which a script that goes back before that could not take in again: run it \
         in a new workspace, or without one",
        name(kernel, document)
    ))
}

/// The documents that arguments name.
pub(crate) fn documents(arguments: &Json) -> BTreeSet<DocumentId> {
    fn collect(arguments: &Json, found: &mut BTreeSet<DocumentId>) {
        match arguments {
            Json::String(text) => found.extend(text.parse::<DocumentId>().ok().filter(|id| *id != WORKSPACE)),
            Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Json::Object(map) => map.values().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(arguments, &mut found);
    found
}
