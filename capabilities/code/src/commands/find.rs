//! Queries: what a text holds.

use std::ops::Range;

use base::DocumentId;
use kernel::{CommandError, QueryScope};
use ropey::Rope;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{text, wrong};
use crate::{
    Form,
    places::{self, Span},
    search::{Finder, Query},
};

/// The most characters of a match that are handed out.
const MATCH_CHARACTERS: usize = 1_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Find {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// What to look for.
    #[schemars(length(min = 1))]
    pattern: String,
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
    /// The most matches to hand out, from the start; all are counted.
    #[serde(default = "thousand")]
    #[schemars(range(max = 100_000))]
    limit: usize,
}

fn thousand() -> usize {
    1_000
}

pub(super) fn find(scope: &mut QueryScope<'_>, args: Find) -> Result<Json, CommandError> {
    let query = Query {
        pattern: &args.pattern,
        regex: args.regex,
        match_case: args.match_case,
        whole_word: args.whole_word,
    };
    let finder = Finder::new(query).map_err(wrong("pattern"))?;
    let content = scope.content(args.document)?;
    let rope = text(&content, args.document)?;
    let within = bytes_within(args.within, rope)?;
    let text = rope.to_string();
    let mut matches = Vec::new();
    let mut count = 0;
    for found in finder.matches(&text, within) {
        if count < args.limit {
            let (start, end) = (rope.byte_to_char(found.start), rope.byte_to_char(found.end));
            let (line, column) = places::line_and_column(rope, start);
            let shown: String = text[found].chars().take(MATCH_CHARACTERS).collect();
            matches
                .push(json!({ "start": start, "end": end, "line": line, "column": column, "text": shown }));
        }
        count += 1;
    }
    Ok(json!({ "count": count, "matches": matches }))
}

/// The range in bytes of a part of a text; of all of it when none is named.
pub(super) fn bytes_within(within: Option<Span>, text: &Rope) -> Result<Range<usize>, CommandError> {
    let range = match within {
        Some(span) => span.range(text).map_err(wrong("within"))?,
        None => return Ok(0..text.len_bytes()),
    };
    Ok(text.char_to_byte(range.start)..text.char_to_byte(range.end))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Read {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The first line, from 1; that of the text when absent.
    #[schemars(range(min = 1))]
    start_line: Option<usize>,
    /// The last line; that of the text when absent. Its line break is not handed out.
    #[schemars(range(min = 1))]
    end_line: Option<usize>,
}

pub(super) fn read(scope: &mut QueryScope<'_>, args: Read) -> Result<Json, CommandError> {
    let record = scope.kernel().record(args.document)?;
    let form = Form::of(&record.properties).map_err(|error| CommandError::Failed(error.to_string()))?;
    let content = scope.content(args.document)?;
    let text = text(&content, args.document)?;
    let lines = text.len_lines();
    let (first, last) = (args.start_line.unwrap_or(1), args.end_line.unwrap_or(lines));
    let start = places::line_content(text, first).map_err(wrong("startLine"))?.start;
    let end = places::line_content(text, last).map_err(wrong("endLine"))?.end;
    if last < first {
        return Err(CommandError::argument("endLine", format!("line {last} is above line {first}")));
    }
    Ok(json!({
        "text": text.slice(start..end).to_string(),
        "lines": lines,
        "characters": text.len_chars(),
        "encoding": form.encoding,
        "byteOrderMark": form.mark,
    }))
}
