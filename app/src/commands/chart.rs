//! `chart`: draws a state machine. The drawing is an SVG text that is imported and exported as any other.

use std::sync::Arc;

use base::Limits;
use kernel::{
    CommandError,
    ports::{FileError, Files},
};
use serde_json::json;
use statechart::{Chart, ChartError, Fault, draw};

use super::{
    current_folder,
    render::{Session, add_size},
};
use crate::{
    assembly::{self, Home},
    cli,
    ports::LocalFiles,
    report::{BAD_INPUT, Failure},
};

/// Exit code: a limit was exceeded.
const OVER_LIMIT: u8 = 5;

/// What the drawing is called where files are.
const DRAWING: &str = "chart.svg";

/// The files of this machine and the drawing among them.
struct WithDrawing {
    files: LocalFiles,
    drawing: String,
}

impl Files for WithDrawing {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        match path == DRAWING {
            true => Ok(self.drawing.clone().into_bytes()),
            false => self.files.read(path),
        }
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<String, FileError> {
        self.files.write(path, bytes)
    }

    fn beside(&self, path: &str, relative: &str) -> Result<String, FileError> {
        self.files.beside(path, relative)
    }
}

/// Draws a chart.
pub fn run(chart: &cli::Chart, common: &cli::Common) -> Result<(), Failure> {
    let folder = current_folder()?;
    let kernel = assembly::kernel_over(common, &Home::Memory { seed: b"chart" }, |settings| {
        let files = assembly::local_files(vec![folder], settings)?;
        let limits = &assembly::limits(settings);
        let bytes = files.read(&chart.input).map_err(|error| Failure::from(CommandError::from(error)))?;
        let drawing = draw::svg(&read(&chart.input, &bytes, limits)?)
            .map_err(|error| Failure::new(OVER_LIMIT, format!("{}: {error}", chart.input)))?;
        Ok(Arc::new(WithDrawing { files, drawing }))
    })?;
    let mut session = Session::new(kernel);
    let imported = session.execute("document.import", json!({ "path": DRAWING }))?;
    let mut args = json!({ "document": imported["document"], "path": chart.output });
    add_size(&mut args, chart.size);
    let output = session.execute("document.export", args)?;
    session.finish(&[output], common)
}

/// The chart in a file; one that begins as XML is SCXML.
fn read(path: &str, bytes: &[u8], limits: &Limits) -> Result<Chart, Failure> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Failure::new(BAD_INPUT, format!("{path}: the file is not a text in UTF-8")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let chart = match text.trim_start().starts_with('<') {
        true => Chart::from_scxml(text, limits),
        false => Chart::from_json(text, limits),
    };
    chart.map_err(|error: ChartError| {
        let code = if matches!(error.fault, Fault::Limit(_)) { OVER_LIMIT } else { BAD_INPUT };
        Failure::new(code, format!("{path}: {error}"))
    })
}
