//! Exporters that go through another format: the document is written in it, read again as a document of another kind that
//! is in no workspace, and that one is written.

use std::sync::Arc;

use base::{IdSource, Limits};
use document::{Content, Key, Tree, Value};
use serde_json::{Map, Value as Json};

use crate::{Assets, CommandError, ExportRequest, Exported, Exporter, FileSource, ImportedContent, Importer};

/// An exporter through another format.
pub(crate) struct Through {
    /// The id of the format between.
    pub format: String,
    /// What writes it.
    pub first: Arc<dyn Exporter>,
    /// What reads it.
    pub importer: Arc<dyn Importer>,
    /// What writes what was read.
    pub second: Arc<dyn Exporter>,
}

impl Exporter for Through {
    /// The options of the format between are in an object of its name, such as `{"quality": 90, "svg": {"theme": "dark"}}`;
    /// the others are those of the format that is asked for.
    fn export(
        &self,
        document: &Content,
        record: &[(Key, Value)],
        request: &ExportRequest,
        assets: &mut Assets<'_>,
        limits: &Limits,
    ) -> Result<Exported, CommandError> {
        let mut options = request.options.as_object().cloned().unwrap_or_default();
        let between = ExportRequest {
            format: self.format.clone(),
            size: (None, None),
            options: options.remove(&self.format).unwrap_or_else(|| Map::new().into()),
            ..request.clone()
        };
        let drawn = self.first.export(document, record, &between, assets, limits)?;
        let source = FileSource { path: &request.name, bytes: &drawn.bytes, format: &self.format };
        let imported = self.importer.import(&source, assets, &mut IdSource::new(&drawn.bytes))?;
        let content = match imported.content {
            ImportedContent::Text(text) => Content::Text(text.as_str().into()),
            ImportedContent::Tree(deltas) => {
                let mut content = Content::Tree(Tree::new(imported.kind.into()));
                content.apply_as_new(&deltas)?;
                content
            }
        };
        let request = ExportRequest { options: Json::Object(options), ..request.clone() };
        let mut exported = self.second.export(&content, &imported.record, &request, assets, limits)?;
        exported.diagnostics.splice(0..0, drawn.diagnostics.into_iter().chain(imported.diagnostics));
        Ok(exported)
    }
}
