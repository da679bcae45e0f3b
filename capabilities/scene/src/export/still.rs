//! What is seen of scenes, as pictures.

use std::sync::Arc;

use base::{Diagnostic, Limits};
use document::{Content, Key, Value};
use gpu::{Gpu, Shared};
use kernel::{Assets, CommandError, ExportRequest, Exported, Exporter, Registrar};
use raster::{
    Depth, Pixels, Surface,
    codec::{self, Encoding},
    hdr,
};

use crate::{
    Sources, evaluate,
    render::{self, RenderError},
};

/// The size of a picture of which neither side is asked for.
const USUAL: (f64, f64) = (1280.0, 720.0);

pub(super) fn register(registrar: &mut Registrar<'_>, gpu: &Shared, sources: &Arc<Sources>) {
    for format in ["png", "jpeg", "webp", "exr"] {
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
        let form = Form::of(request)?;
        let (width, height) = request.pixels(USUAL);
        limits
            .check_picture(width.into(), height.into(), form.bytes())
            .map_err(|limit| CommandError::Limit { place: place.to_owned(), limit })?;
        assets.note_gpu();
        let reading = assets.reading();
        let mut seen = evaluate::frame(document, request.time, &reading, &self.sources, (width, height))?;
        let failed = |error: RenderError| CommandError::Failed(format!("{place}: {error}"));
        let light = |toned| {
            let draw = |gpu: &Gpu| render::render_linear(gpu, &seen.frame, width, height, toned);
            self.gpu.run(draw, render::is_lost).map_err(failed)
        };
        let wrong = |error: &dyn std::error::Error| CommandError::argument("", error.to_string());
        let (bytes, lacks) = match form {
            Form::Light => {
                let drawn = light(false)?;
                (hdr::encode(width, height, &drawn.rgba).map_err(|error| wrong(&error))?, drawn.lacks)
            }
            Form::Plain(encoding) => {
                let (pixels, lacks) = match encoding {
                    Encoding::Png { depth: Depth::F32 } => {
                        let drawn = light(true)?;
                        (Pixels::F32(drawn.to_srgb()), drawn.lacks)
                    }
                    _ => {
                        let draw = |gpu: &Gpu| render::render(gpu, &seen.frame, width, height);
                        let drawn = self.gpu.run(draw, render::is_lost).map_err(failed)?;
                        (Pixels::U8(drawn.rgba), drawn.lacks)
                    }
                };
                let surface = Surface::with_pixels(width, height, pixels);
                (codec::encode(&surface, &encoding).map_err(|error| wrong(&error))?, lacks)
            }
        };
        if lacks.shadows > 0 {
            let message = format!("{} lights cast no shadows: there are too many that do", lacks.shadows);
            seen.warnings.push(Diagnostic::warning(place, message));
        }
        if lacks.sizes > 0 {
            let message = format!("images made smaller as the GPU takes none as large: {}", lacks.sizes);
            seen.warnings.push(Diagnostic::warning(place, message));
        }
        Ok(Exported { bytes: bytes.into(), beside: Vec::new(), diagnostics: seen.warnings })
    }
}

/// What a still is written as.
enum Form {
    /// OpenEXR, as bright as it is.
    Light,
    /// For screens.
    Plain(Encoding),
}

impl Form {
    /// What a request asks for.
    fn of(request: &ExportRequest) -> Result<Form, CommandError> {
        let wrong = |error: &dyn std::fmt::Display| {
            CommandError::argument("options", format!("{}: {error}", request.format))
        };
        if request.format != "exr" {
            let encoding = Encoding::of(&request.format, &request.options);
            return encoding.map(Form::Plain).map_err(|error| wrong(&error));
        }
        match request.options.as_object().and_then(|options| options.keys().next()) {
            Some(option) => Err(wrong(&format!("there is no option {option:?}"))),
            None => Ok(Form::Light),
        }
    }

    /// The bytes of a pixel while it is written.
    fn bytes(&self) -> u64 {
        match self {
            Form::Light => 8,
            Form::Plain(Encoding::Png { depth: Depth::F32 }) => 16,
            Form::Plain(_) => 4,
        }
    }
}
