//! Text files as documents and back.

use base::{Diagnostic, IdSource, Limits, Severity};
use document::{Content, Key, Value};
use kernel::{
    Assets, CommandError, ExportRequest, Exported, Exporter, FileSource, Imported, ImportedContent, Importer,
};

use crate::{Encoding, Form, KIND, encoding};

/// The id of the format.
pub const TEXT: &str = "text";

/// How many times the size of a file its import takes at most: the file, its text and the rope.
const COPIES: u64 = 3;

/// Plain text in any of the encodings.
pub struct TextFormat;

impl Importer for TextFormat {
    /// Only what says so of itself: text without a mark may as well be a damaged file of another format, which is then told
    /// from its extension, as text files are.
    fn recognises(&self, _: &str, bytes: &[u8]) -> bool {
        encoding::says_that_it_is_text(bytes)
    }

    fn import(
        &self,
        source: &FileSource<'_>,
        assets: &mut Assets<'_>,
        _: &mut IdSource,
    ) -> Result<Imported, CommandError> {
        let memory = (source.bytes.len() as u64).saturating_mul(COPIES);
        Limits::check(
            "the memory of the import in bytes",
            memory,
            assets.limits().import_bytes,
            "importBytes",
        )
        .map_err(|limit| CommandError::Limit { place: source.path.to_owned(), limit })?;
        let (text, form) =
            Form::decode(source.bytes).map_err(|error| CommandError::input(source.path, error))?;
        Ok(Imported {
            kind: KIND,
            content: ImportedContent::Text(text),
            record: form.record().map(|(name, value)| (name.into(), value)).into(),
            diagnostics: (form.encoding == Encoding::Windows1252)
                .then(|| guessed(source.path))
                .into_iter()
                .collect(),
        })
    }
}

fn guessed(path: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Note,
        place: path.to_owned(),
        message: "this is not UTF-8: read as windows-1252, and written so".to_owned(),
        help: "for UTF-8 from now on, use code.encoding.set".to_owned(),
    }
}

impl Exporter for TextFormat {
    fn export(
        &self,
        document: &Content,
        record: &[(Key, Value)],
        request: &ExportRequest,
        _: &mut Assets<'_>,
        _: &Limits,
    ) -> Result<Exported, CommandError> {
        if let Some((name, _)) = request.options.as_object().and_then(|options| options.iter().next()) {
            return Err(CommandError::argument(format!("options.{name}"), "text has no options"));
        }
        let Some(text) = document.text() else {
            return Err(CommandError::argument("document", "this is a node tree, not a text"));
        };
        let bytes = Form::of(record)
            .and_then(|form| form.encode(text))
            .map_err(|error| CommandError::Failed(error.to_string()))?;
        Ok(Exported { bytes: bytes.into(), beside: Vec::new(), diagnostics: Vec::new() })
    }
}
