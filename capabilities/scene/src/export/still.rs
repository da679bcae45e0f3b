//! What is seen of scenes, as pictures.

use std::sync::Arc;

use base::{Diagnostic, Limits};
use document::{Content, Key, Value};
use gpu::Shared;
use kernel::{Assets, CommandError, ExportRequest, Exported, Exporter, Registrar};
use raster::{
    Pixels, Surface,
    codec::{self, Encoding},
};

use crate::{
    Sources, evaluate,
    render::{self, RenderError},
};

/// The size of a picture of which neither side is asked for.
const USUAL: (u32, u32) = (1280, 720);

pub(super) fn register(registrar: &mut Registrar<'_>, gpu: &Shared, sources: &Arc<Sources>) {
    for format in ["png", "jpeg", "webp"] {
        registrar.exporter(format, Arc::new(StillExporter { gpu: gpu.clone(), sources: sources.clone() }));
    }
}

struct StillExporter {
    gpu: Shared,
    sources: Arc<Sources>,
}

impl Exporter for StillExporter {
    fn export(
        &self,
        document: &Content,
        record: &[(Key, Value)],
        request: &ExportRequest,
        assets: &mut Assets<'_>,
        limits: &Limits,
    ) -> Result<Exported, CommandError> {
        let name =
            record.iter().find(|(key, _)| key.as_str() == "name").and_then(|(_, value)| value.as_str());
        let place = name.unwrap_or("the scene");
        let encoding = Encoding::of(&request.format, &request.options)
            .map_err(|error| CommandError::argument("options", format!("{}: {error}", request.format)))?;
        let (width, height) = size(request.size);
        limits
            .check_picture(width.into(), height.into(), 4)
            .map_err(|limit| CommandError::Limit { place: place.to_owned(), limit })?;
        assets.note_gpu();
        let reading = assets.reading();
        let mut seen = evaluate::frame(document, request.time, &reading, &self.sources, (width, height))?;
        let failed = |error: RenderError| CommandError::Failed(format!("{place}: {error}"));
        let drawn = self
            .gpu
            .run(|gpu| render::render(gpu, &seen.frame, width, height), render::is_lost)
            .map_err(failed)?;
        if drawn.unshadowed > 0 {
            let message = format!("{} lights cast no shadows: there are too many that do", drawn.unshadowed);
            seen.warnings.push(Diagnostic::warning(place, message));
        }
        let surface = Surface::with_pixels(drawn.width, drawn.height, Pixels::U8(drawn.rgba));
        let bytes = codec::encode(&surface, &encoding)
            .map_err(|error| CommandError::argument("", error.to_string()))?;
        Ok(Exported { bytes, beside: Vec::new(), diagnostics: seen.warnings })
    }
}

/// The size in pixels: a side left out follows from the other as in the usual size.
fn size(wanted: (Option<u32>, Option<u32>)) -> (u32, u32) {
    let scaled = |side: u32, of: u32, to: u32| {
        let length = f64::from(side) / f64::from(of) * f64::from(to);
        length.round().clamp(1.0, f64::from(u32::MAX)) as u32
    };
    let (width, height) = USUAL;
    match wanted {
        (Some(w), Some(h)) => (w, h),
        (Some(w), None) => (w, scaled(w, width, height)),
        (None, Some(h)) => (scaled(h, height, width), h),
        (None, None) => USUAL,
    }
}
