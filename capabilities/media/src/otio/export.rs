//! Writing timelines.

use std::sync::Arc;

use base::Limits;
use document::{Content, Key, Value};
use kernel::{Assets, CommandError, ExportRequest, Exported, Exporter, Registrar};

pub(crate) fn register(registrar: &mut Registrar<'_>) {
    registrar.exporter("otio", Arc::new(OtioExporter));
}

struct OtioExporter;

impl Exporter for OtioExporter {
    fn export(
        &self,
        document: &Content,
        _: &[(Key, Value)],
        _: &ExportRequest,
        _: &mut Assets<'_>,
        _: &Limits,
    ) -> Result<Exported, CommandError> {
        let text = super::write(document)
            .ok_or_else(|| CommandError::argument("document", "a timeline is needed"))?;
        Ok(Exported { bytes: text.into_bytes().into(), beside: Vec::new(), diagnostics: Vec::new() })
    }
}
