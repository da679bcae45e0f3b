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
        let (width, height) = size(request.size, (subject.format.width, subject.format.height));
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

/// The size in pixels: a side left out follows from the other.
pub(super) fn size(wanted: (Option<u32>, Option<u32>), own: (u32, u32)) -> (u32, u32) {
    let scaled = |side: u32, of: u32, to: u32| {
        let length = f64::from(side) / f64::from(of) * f64::from(to);
        length.round().clamp(1.0, f64::from(u32::MAX)) as u32
    };
    match wanted {
        (Some(width), Some(height)) => (width, height),
        (Some(width), None) => (width, scaled(width, own.0, own.1)),
        (None, Some(height)) => (scaled(height, own.1, own.0), height),
        (None, None) => own,
    }
}
