//! Linked assets: documents that others refer to, as they are at one moment, to be drawn within them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base::{DocumentId, StateHash};
use document::{Content, Value};

use crate::{CommandError, Evaluator, Kernel, Pixels, Reading, View};

/// A document that another one refers to.
#[derive(Clone)]
struct Linked {
    name: String,
    content: Content,
    evaluator: Option<Arc<dyn Evaluator>>,
}

/// The documents that a document refers to, and those that these refer to.
#[derive(Clone, Default)]
pub struct Links(BTreeMap<DocumentId, Linked>);

/// No links.
pub(crate) static NONE: Links = Links(BTreeMap::new());

impl Links {
    /// Which documents these are.
    pub fn documents(&self) -> impl Iterator<Item = DocumentId> {
        self.0.keys().copied()
    }

    /// The hash of what a document holds; none when it is not there.
    pub fn hash(&self, document: DocumentId) -> Option<StateHash> {
        self.0.get(&document).map(|linked| linked.content.hash())
    }

    /// Whether a document may look different at another time.
    pub fn moves(&self, document: DocumentId) -> bool {
        let tree = self.0.get(&document).and_then(|linked| linked.content.tree());
        tree.is_some_and(|tree| {
            tree.root().end() > 0.0 || tree.root().descendants().any(|node| node.end() > 0.0)
        })
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
        let linked = self.0.get(&document).ok_or_else(|| CommandError::no_document(document))?;
        let Some(evaluator) = &linked.evaluator else {
            return Err(CommandError::NotApplicable(format!(
                "'{}' is nothing that can be seen",
                linked.name
            )));
        };
        let (width, height) = evaluator.extent(&linked.content, time)?;
        let side = width.max(height);
        if !(side.is_finite() && width > 0.0 && height > 0.0) {
            return Err(CommandError::NotApplicable(format!("'{}' is empty", linked.name)));
        }
        let scale = f64::from(longest.max(1)) / side;
        let pixels = |length: f64| (length * scale).round().max(1.0) as u32;
        let (width, height) = (pixels(width), pixels(height));
        reading
            .limits
            .check_picture(width.into(), height.into(), 4)
            .map_err(|limit| CommandError::Limit { place: format!("'{}'", linked.name), limit })?;
        let view = View { width, height, origin: (0.0, 0.0), scale, time };
        let mut others = self.clone();
        others.0.remove(&document);
        evaluator.draw(&linked.content, &view, &Reading { links: &others, ..*reading })
    }
}

impl Kernel {
    /// The documents that these documents refer to by properties that are declared to, and those that these refer to.
    ///
    /// # Errors
    /// A document cannot be read.
    pub fn links(&mut self, documents: &BTreeSet<DocumentId>) -> Result<Links, CommandError> {
        let mut links = Links::default();
        let mut open: Vec<DocumentId> = documents.iter().copied().collect();
        while let Some(document) = open.pop() {
            // One that is gone is missed by whoever draws it.
            if self.record(document).is_err() {
                continue;
            }
            let content = self.content(document)?;
            for found in self.referred(&content) {
                if links.0.contains_key(&found) {
                    continue;
                }
                let Ok(record) = self.record(found) else { continue };
                let linked = Linked {
                    name: record.name.clone(),
                    content: self.content(found)?,
                    evaluator: self.registry.evaluator(&record.kind).cloned(),
                };
                links.0.insert(found, linked);
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
