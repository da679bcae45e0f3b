//! Renaming what a text defines.

use base::DocumentId;
use document::{Delta, text::ChangeSet};
use kernel::{CommandError, TaskScope};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{text, wrong};
use crate::{
    Syntaxes,
    places::{self, Position},
    rename::{RenameError, rename as renamed},
    syntax::LARGEST,
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Rename {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// Where the name stands, once: an offset in characters, or `{"line", "column"}`, both from 1.
    place: Position,
    /// The new name.
    name: String,
}

pub(super) fn rename(
    scope: &mut TaskScope<'_>,
    args: Rename,
    syntaxes: &Syntaxes,
) -> Result<Json, CommandError> {
    let record = scope.record(args.document)?;
    let content = scope.content(args.document)?;
    let text = text(&content, args.document)?;
    let offset = args.place.offset(text).map_err(wrong("place"))?;
    let limit = scope.kernel().settings().get(LARGEST).as_u64().and_then(|limit| limit.try_into().ok());
    let byte = text.char_to_byte(offset);
    let edits = syntaxes
        .with(args.document, &record.properties, text, limit.unwrap_or(usize::MAX), |syntax| {
            renamed(syntax, byte, &args.name)
        })
        .map_err(|reason| CommandError::argument("document", reason.to_string()))?;
    let at = |byte: usize| {
        let (line, column) = places::line_and_column(text, text.byte_to_char(byte));
        format!("{line}:{column}")
    };
    let new = &args.name;
    let edits = edits.map_err(|error| match error {
        RenameError::NoLocals => CommandError::argument(
            "document",
            "what names mean is not known in this language, or the text is too broken",
        ),
        RenameError::NoName => CommandError::argument("place", format!("there is no name at {}", at(byte))),
        RenameError::Member => {
            let message = format!(
                "the name at {} is known outside of its scope, as that of a member or an import",
                at(byte)
            );
            CommandError::argument("place", message)
        }
        RenameError::Unknown => {
            CommandError::argument("place", format!("the name at {} is not defined in this text", at(byte)))
        }
        RenameError::Invalid => {
            CommandError::argument("name", format!("'{new}' is no name, or a word of the language"))
        }
        RenameError::Collision(place) => {
            let message =
                format!("with the name '{new}', what stands at {} would mean something else", at(place));
            CommandError::argument("name", message)
        }
    })?;
    let ranges = edits
        .iter()
        .map(|(range, new)| (text.byte_to_char(range.start)..text.byte_to_char(range.end), new.as_str()));
    let change = ChangeSet::from_edits(text.len_chars(), ranges)
        .map_err(|error| CommandError::argument("name", error.to_string()))?;
    if !change.is_identity() {
        scope.edit(|edit| edit.push(args.document, Delta::Text { change }))?;
    }
    Ok(json!({ "renamed": edits.len() }))
}
