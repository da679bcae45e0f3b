//! Pictures that scenes refer to: files, and what other documents show.

use base::{BlobHash, DocumentId, Limits};
use kernel::{Away, CommandError, DocumentRecord, TaskScope};

/// A picture that a scene refers to.
pub(super) struct Picture {
    /// The document that shows it.
    pub(super) document: Option<DocumentId>,
    /// Its file.
    pub(super) blob: Option<BlobHash>,
    /// The name of the document or the file.
    pub(super) name: String,
}

/// Where a picture is to come from.
pub(super) enum Origin {
    /// A file: its path and its bytes.
    File(String, Vec<u8>),
    /// Another document.
    Document(DocumentRecord),
}

impl Origin {
    /// The one that the arguments `path` and `source` of a command name.
    ///
    /// # Errors
    /// Both or neither is given, the source is the scene itself (`itself` says what that would be) or not there, or the file
    /// cannot be read.
    pub(super) fn named(
        scope: &mut TaskScope<'_>,
        scene: DocumentId,
        (path, source): (Option<&str>, Option<DocumentId>),
        itself: &str,
    ) -> Result<Self, CommandError> {
        match (path, source) {
            (Some(path), None) => Ok(Origin::File(path.to_owned(), scope.assets().read(path)?)),
            (None, Some(source)) if source != scene => Ok(Origin::Document(scope.record(source)?)),
            (None, Some(_)) => Err(CommandError::argument("source", itself)),
            _ => Err(CommandError::argument("", "either a path or a source is needed")),
        }
    }

    /// Keeps its file, if `check` finds no fault with it.
    ///
    /// # Errors
    /// Those of `check`, or the file cannot be kept.
    pub(super) fn kept(
        self,
        away: &mut Away,
        check: impl FnOnce(&str, &[u8], &Limits) -> Result<(), CommandError>,
    ) -> Result<Picture, CommandError> {
        match self {
            Origin::Document(record) => {
                Ok(Picture { document: Some(record.id), blob: None, name: record.name })
            }
            Origin::File(path, bytes) => {
                check(&path, &bytes, away.assets().limits())?;
                let name = path.rsplit(['/', '\\']).next().unwrap_or(&path).to_owned();
                Ok(Picture { document: None, blob: Some(away.assets().put_blob(bytes)?), name })
            }
        }
    }
}
