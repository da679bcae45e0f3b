//! Queries about the syntax of a text, and the command that sets its language.

use std::ops::Range;

use base::{Diagnostic, DocumentId, NodeId};
use kernel::{CommandError, EditScope, QueryScope, WORKSPACE};
use ropey::Rope;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{text, wrong};
use crate::{
    Language, NoSyntax, Syntax, Syntaxes, highlights,
    language::{LANGUAGE, PLAIN},
    places,
    symbols::symbols,
    syntax::LARGEST,
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetLanguage {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The id of the language: `rust`; `plain` for none. When absent it is told from the name and the start of the text.
    language: Option<String>,
}

pub(super) fn set_language(scope: &mut EditScope<'_>, args: SetLanguage) -> Result<Json, CommandError> {
    text(scope.content(args.document)?, args.document)?;
    if let Some(id) = args.language.as_deref().filter(|id| *id != PLAIN && Language::of_id(id).is_none()) {
        let ids = Language::all().map(|language| language.id).chain([PLAIN]);
        let nearest = base::nearest(id, ids).map(str::to_owned);
        return Err(CommandError::NotFound { what: "language", name: id.to_owned(), nearest });
    }
    let value = args.language.map(Json::from);
    scope.set(WORKSPACE, NodeId::new(args.document.value()), LANGUAGE, value.as_ref())?;
    Ok(Json::Null)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Lines {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The first line, from 1; that of the text when absent.
    #[schemars(range(min = 1))]
    start_line: Option<usize>,
    /// The last line; that of the text when absent.
    #[schemars(range(min = 1))]
    end_line: Option<usize>,
}

pub(super) fn highlight(
    scope: &mut QueryScope<'_>,
    args: Lines,
    syntaxes: &Syntaxes,
) -> Result<Json, CommandError> {
    let content = scope.content(args.document)?;
    let rope = text(&content, args.document)?;
    let (first, last) = (args.start_line.unwrap_or(1), args.end_line.unwrap_or(rope.len_lines()));
    let start = places::line_content(rope, first).map_err(wrong("startLine"))?.start;
    let end = places::line_content(rope, last).map_err(wrong("endLine"))?.end;
    if last < first {
        return Err(CommandError::argument("endLine", format!("line {last} is above line {first}")));
    }
    let range = rope.char_to_byte(start)..rope.char_to_byte(end);
    let spans = with_syntax(scope, args.document, rope, syntaxes, |syntax| {
        let mut shown = Vec::new();
        for highlight in highlights(syntax, range) {
            for part in by_lines(rope, highlight.range) {
                let (line, column) = places::line_and_column(rope, part.start);
                shown.push(
                    json!({ "line": line, "column": column, "length": part.len(), "scope": highlight.scope }),
                );
            }
        }
        json!({ "language": syntax.language().id, "spans": shown })
    })?;
    Ok(spans.unwrap_or_else(|reason| without(args.document, "spans", &reason)))
}

/// A range of bytes as ranges of characters that each lie within a line.
fn by_lines(text: &Rope, bytes: Range<usize>) -> Vec<Range<usize>> {
    let (start, end) = (text.byte_to_char(bytes.start), text.byte_to_char(bytes.end));
    let (first, last) = (text.char_to_line(start), text.char_to_line(end));
    let part = |line: usize| {
        let content = places::line_content(text, line + 1).unwrap_or(start..start);
        content.start.max(start)..content.end.min(end)
    };
    (first..=last).map(part).filter(|part| part.start < part.end).collect()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OneText {
    /// The document.
    #[schemars(with = "String")]
    document: DocumentId,
}

pub(super) fn list_symbols(
    scope: &mut QueryScope<'_>,
    args: OneText,
    syntaxes: &Syntaxes,
) -> Result<Json, CommandError> {
    let content = scope.content(args.document)?;
    let rope = text(&content, args.document)?;
    let listed = with_syntax(scope, args.document, rope, syntaxes, |syntax| {
        let shown: Vec<Json> = symbols(syntax)
            .into_iter()
            .map(|symbol| {
                let (line, column) =
                    places::line_and_column(rope, rope.byte_to_char(symbol.name_range.start));
                let mut shown = json!({
                    "name": symbol.name,
                    "kind": symbol.kind,
                    "start": rope.byte_to_char(symbol.range.start),
                    "end": rope.byte_to_char(symbol.range.end),
                    "line": line,
                    "column": column,
                    "depth": symbol.depth,
                });
                if let Some(container) = symbol.container {
                    shown["container"] = container.into();
                }
                shown
            })
            .collect();
        json!({ "language": syntax.language().id, "symbols": shown })
    })?;
    Ok(listed.unwrap_or_else(|reason| without(args.document, "symbols", &reason)))
}

/// What there is to tell of a text without syntax: an empty list, and why.
fn without(document: DocumentId, list: &str, reason: &NoSyntax) -> Json {
    let diagnostic = Diagnostic::warning(format!("document {document}"), reason.to_string());
    json!({ list: [], "diagnostics": [diagnostic] })
}

/// What is made of the syntax of a document; why it has none otherwise.
pub(super) fn with_syntax<T>(
    scope: &mut QueryScope<'_>,
    document: DocumentId,
    text: &Rope,
    syntaxes: &Syntaxes,
    use_it: impl FnOnce(&mut Syntax) -> T,
) -> Result<Result<T, NoSyntax>, CommandError> {
    let record = scope.kernel().record(document)?;
    let limit = scope.kernel().settings().get(LARGEST).as_u64().and_then(|limit| limit.try_into().ok());
    Ok(syntaxes.with(document, &record.properties, text, limit.unwrap_or(usize::MAX), use_it))
}
