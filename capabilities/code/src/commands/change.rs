//! Commands that change texts, each in one event.

use base::DocumentId;
use document::{Delta, text::ChangeSet};
use kernel::{CommandError, EditScope};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{text, wrong};
use crate::{
    edits,
    endings::{self, Ending},
    places::{self, Position, Span},
    replace::{self, Template},
    search::{Finder, Query},
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// What to replace, in any order; edits may touch, but not overlap. All places are those of the text before.
    edits: Vec<OneEdit>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct OneEdit {
    /// Where the replaced text starts: an offset in characters, or `{"line", "column"}`, both from 1.
    start: Position,
    /// The place behind its last character; the start, for an insertion, when absent.
    end: Option<Position>,
    /// What is to stand there.
    text: String,
}

pub(super) fn edit(scope: &mut EditScope<'_>, args: Edit) -> Result<Json, CommandError> {
    let text = text(scope.content(args.document)?, args.document)?;
    let mut resolved = Vec::with_capacity(args.edits.len());
    for (index, edit) in args.edits.into_iter().enumerate() {
        let range = places::range(edit.start, edit.end.unwrap_or(edit.start), text)
            .map_err(|error| CommandError::argument(format!("edits.{index}"), error.to_string()))?;
        resolved.push((range, edit.text));
    }
    let (change, placed) = edits::arrange(text.len_chars(), &resolved).map_err(wrong("edits"))?;
    submit(scope, args.document, change)?;
    let ranges: Vec<Json> =
        placed.into_iter().map(|range| json!({ "start": range.start, "end": range.end })).collect();
    Ok(json!({ "ranges": ranges }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Append {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// What comes behind the last character. A line break is put in only where the text holds one.
    text: String,
}

pub(super) fn append(scope: &mut EditScope<'_>, args: Append) -> Result<Json, CommandError> {
    let end = text(scope.content(args.document)?, args.document)?.len_chars();
    let change =
        ChangeSet::replace(end, end..end, &args.text).map_err(|error| wrong("text")(error.into()))?;
    let range = json!({ "start": end, "end": change.len_after() });
    submit(scope, args.document, change)?;
    Ok(range)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Replace {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// What to look for.
    #[schemars(length(min = 1))]
    pattern: String,
    /// What comes in its place. With `regex`, `$1`, `${1}` and `${name}` stand for groups, `$0` for the whole match and
    /// `$$` for `$`. (In a script, whose own references start with `${`, write `$${`.)
    replacement: String,
    /// Whether the pattern is a regular expression. `^` and `$` match at the start and end of each line.
    #[serde(default)]
    regex: bool,
    /// Whether upper and lower case differ.
    #[serde(default = "super::yes")]
    match_case: bool,
    /// Whether only whole words match.
    #[serde(default)]
    whole_word: bool,
    /// The part of the text to look in; all of it when absent.
    within: Option<Span>,
    /// The most matches to replace, from the start; all when absent.
    limit: Option<usize>,
}

pub(super) fn replace(scope: &mut EditScope<'_>, args: Replace) -> Result<Json, CommandError> {
    let query = Query {
        pattern: &args.pattern,
        regex: args.regex,
        match_case: args.match_case,
        whole_word: args.whole_word,
    };
    let finder = Finder::new(query).map_err(wrong("pattern"))?;
    let template = match args.regex {
        true => Template::parse(&args.replacement, &finder).map_err(wrong("replacement"))?,
        false => Template::text(&args.replacement),
    };
    let rope = text(scope.content(args.document)?, args.document)?;
    let within = super::find::bytes_within(args.within, rope)?;
    let limit = args.limit.unwrap_or(usize::MAX);
    let (change, count) = replace::replace(&rope.to_string(), within, &finder, &template, limit)
        .map_err(wrong("replacement"))?;
    submit(scope, args.document, change)?;
    Ok(json!({ "replacements": count }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetLineEndings {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// How all lines are to end.
    ending: Ending,
}

pub(super) fn set_line_endings(
    scope: &mut EditScope<'_>,
    args: SetLineEndings,
) -> Result<Json, CommandError> {
    let text = text(scope.content(args.document)?, args.document)?.to_string();
    let (change, changed) = endings::convert(&text, args.ending).map_err(wrong("ending"))?;
    submit(scope, args.document, change)?;
    Ok(json!({ "changed": changed }))
}

/// One step, unless nothing changes.
fn submit(scope: &mut EditScope<'_>, document: DocumentId, change: ChangeSet) -> Result<(), CommandError> {
    if change.is_identity() { Ok(()) } else { scope.push(document, Delta::Text { change }) }
}
