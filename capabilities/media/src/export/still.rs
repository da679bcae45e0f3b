//! What a timeline shows at a moment, as a picture.

use std::sync::Arc;

use base::Limits;
use document::{Content, Key, Value};
use kernel::{Assets, CommandError, ExportRequest, Exported, Exporter};
use raster::codec::{self, Encoding};

use super::Subject;
use crate::{Media, window};

pub(super) struct StillExporter(pub Arc<Media>);

impl Exporter for StillExporter {
    fn export(
        &self,
        document: &Content,
        record: &[(Key, Value)],
        request: &ExportRequest,
        assets: &mut Assets<'_>,
        limits: &Limits,
    ) -> Result<Exported, CommandError> {
        let subject = Subject::read(document, record, limits)?;
        let wrong = |error: &dyn std::fmt::Display| {
            CommandError::argument("options", format!("{}: {error}", request.format))
        };
        let encoding = Encoding::of(&request.format, &request.options).map_err(|error| wrong(&error))?;
        let (width, height) = request.pixels(subject.format.size());
        limits
            .check_picture(width.into(), height.into(), 4)
            .map_err(|limit| CommandError::Limit { place: subject.name.to_owned(), limit })?;
        assets.note_gpu();
        let frame = window::stretched(&subject.format, width, height);
        let (surface, warnings) =
            window::picture(&self.0, document, request.time, &frame, &assets.reading())?;
        let bytes = codec::encode(&surface, &encoding).map_err(|error| wrong(&error))?;
        Ok(Exported { bytes: bytes.into(), beside: Vec::new(), diagnostics: warnings })
    }
}
