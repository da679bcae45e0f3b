//! Linked assets: documents that others refer to, as they are at one moment, to be drawn within them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base::{DocumentId, StateHash};
use document::{Content, Value};
use serde_json::Value as Json;

use crate::{CommandError, Evaluator, Filters, Kernel, Pixels, Reading, View, trace::Tracer};

/// A document that another one refers to.
#[derive(Clone)]
struct Linked {
    name: String,
    kind: String,
    content: Content,
    evaluator: Option<Arc<dyn Evaluator>>,
}

/// The documents that a document refers to, and those that these refer to.
#[derive(Clone, Default)]
pub struct Links {
    documents: BTreeMap<DocumentId, Linked>,
    filters: Option<Arc<dyn Filters>>,
    /// Which of them were looked at is noted here, if anybody wants to know.
    tracer: Option<Tracer>,
}

/// No links.
pub(crate) static NONE: Links = Links { documents: BTreeMap::new(), filters: None, tracer: None };

impl Links {
    /// Which documents these are.
    pub fn documents(&self) -> impl Iterator<Item = DocumentId> {
        self.documents.keys().copied()
    }

    /// The hash of what a document holds; none when it is not there.
    pub fn hash(&self, document: DocumentId) -> Option<StateHash> {
        self.look(document).map(|linked| linked.content.hash())
    }

    /// Whether a document may look different at another time.
    pub fn moves(&self, document: DocumentId) -> bool {
        let tree = self.look(document).and_then(|linked| linked.content.tree());
        tree.is_some_and(|tree| {
            tree.root().end() > 0.0 || tree.root().descendants().any(|node| node.end() > 0.0)
        })
    }

    /// Whether any of the documents may look different at another time.
    pub fn any_moves(&self) -> bool {
        self.documents.keys().any(|document| self.moves(*document))
    }

    /// Draws a document as a whole at a time, in seconds. Its longer side becomes `longest` pixels.
    ///
    /// # Errors
    /// It is not there, cannot be drawn, or is drawn within itself; a limit is exceeded, or a blob cannot be read.
    pub fn draw(
        &self,
        document: DocumentId,
        longest: u32,
        time: f64,
        reading: &Reading<'_>,
    ) -> Result<Pixels, CommandError> {
        let (width, height) = self.extent(document, time)?;
        let side = width.max(height);
        let scale = f64::from(longest.max(1)) / side;
        let pixels = |length: f64| (length * scale).round().max(1.0) as u32;
        let view = View { width: pixels(width), height: pixels(height), origin: (0.0, 0.0), scale, time };
        self.draw_view(document, &view, reading)
    }

    /// The width and height of a document at a time, in its units.
    ///
    /// # Errors
    /// It is not there, nothing that can be seen, or empty.
    pub fn extent(&self, document: DocumentId, time: f64) -> Result<(f64, f64), CommandError> {
        let (linked, evaluator) = self.evaluator(document)?;
        let (width, height) = evaluator.extent(&linked.content, time)?;
        match width.is_finite() && height.is_finite() && width > 0.0 && height > 0.0 {
            true => Ok((width, height)),
            false => Err(CommandError::NotApplicable(format!("'{}' is empty", linked.name))),
        }
    }

    /// Draws a part of a document.
    ///
    /// # Errors
    /// As [`Links::draw`].
    pub fn draw_view(
        &self,
        document: DocumentId,
        view: &View,
        reading: &Reading<'_>,
    ) -> Result<Pixels, CommandError> {
        let (linked, evaluator) = self.evaluator(document)?;
        reading
            .limits
            .check_picture(view.width.into(), view.height.into(), 4)
            .map_err(|limit| CommandError::Limit { place: format!("'{}'", linked.name), limit })?;
        evaluator.draw(&linked.content, view, &Reading { links: &self.without(document), ..*reading })
    }

    /// The kind of a document, which is always the same; none when it is not there.
    pub fn kind(&self, document: DocumentId) -> Option<&str> {
        self.documents.get(&document).map(|linked| linked.kind.as_str())
    }

    /// The content of a document, and its name; none when it is not there.
    pub fn content(&self, document: DocumentId) -> Option<(&Content, &str)> {
        self.look(document).map(|linked| (&linked.content, linked.name.as_str()))
    }

    /// The others: what a document is drawn with, so that it is not drawn within itself.
    pub fn without(&self, document: DocumentId) -> Links {
        let mut others = self.clone();
        others.documents.remove(&document);
        others
    }

    /// Changes a picture as filters say, whose lengths are `scale` pixels to a unit.
    ///
    /// # Errors
    /// These are no filters, or they would take more than is allowed.
    pub fn filter(&self, pixels: Pixels, filters: &Json, scale: f64) -> Result<Pixels, CommandError> {
        match &self.filters {
            Some(known) => known.apply(pixels, filters, scale),
            None => Err(CommandError::NotApplicable("there is nothing here that filters pictures".into())),
        }
    }

    /// The same, and which of the documents are looked at is noted.
    pub(crate) fn traced(self, tracer: Option<&Tracer>) -> Links {
        Links { tracer: tracer.cloned(), ..self }
    }

    fn look(&self, document: DocumentId) -> Option<&Linked> {
        let linked = self.documents.get(&document)?;
        if let Some(tracer) = &self.tracer {
            tracer.lock().linked.insert(document);
        }
        Some(linked)
    }

    fn evaluator(&self, document: DocumentId) -> Result<(&Linked, &Arc<dyn Evaluator>), CommandError> {
        let linked = self.look(document).ok_or_else(|| CommandError::no_document(document))?;
        match &linked.evaluator {
            Some(evaluator) => Ok((linked, evaluator)),
            None => {
                Err(CommandError::NotApplicable(format!("'{}' is nothing that can be seen", linked.name)))
            }
        }
    }
}

impl Kernel {
    /// The documents that these documents refer to by properties that are declared to, and those that these refer to.
    ///
    /// # Errors
    /// A document cannot be read.
    pub fn links(&mut self, documents: &BTreeSet<DocumentId>) -> Result<Links, CommandError> {
        let mut links = Links { filters: self.registry.filters().cloned(), ..Links::default() };
        let mut open: Vec<DocumentId> = documents.iter().copied().collect();
        while let Some(document) = open.pop() {
            // One that is gone is missed by whoever draws it.
            if self.record(document).is_err() {
                continue;
            }
            let content = self.content(document)?;
            for found in self.referred(&content) {
                if links.documents.contains_key(&found) {
                    continue;
                }
                let Ok(record) = self.record(found) else { continue };
                let linked = Linked {
                    name: record.name.clone(),
                    kind: record.kind.clone(),
                    content: self.content(found)?,
                    evaluator: self.registry.evaluator(&record.kind).cloned(),
                };
                links.documents.insert(found, linked);
                open.push(found);
            }
        }
        Ok(links)
    }

    fn referred(&self, content: &Content) -> BTreeSet<DocumentId> {
        let mut found = BTreeSet::new();
        let Some(tree) = content.tree() else { return found };
        let referring: Vec<(&str, &str)> = self.registry.kinds().document_properties().collect();
        let root = tree.root();
        for node in std::iter::once(root).chain(root.descendants()) {
            for (_, property) in referring.iter().filter(|(kind, _)| *kind == node.kind()) {
                let value = node.value(property);
                if let Some(Value::String(text)) = value.as_deref()
                    && let Ok(document) = text.parse()
                {
                    found.insert(document);
                }
            }
        }
        found
    }
}
