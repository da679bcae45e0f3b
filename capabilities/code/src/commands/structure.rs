//! Search and replacement by structure, in one text or in all of a language.

use std::collections::BTreeSet;

use base::DocumentId;
use document::{Delta, text::ChangeSet};
use kernel::{CommandError, Kernel, QueryScope, TaskScope};
use ropey::Rope;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::text;
use crate::{
    KIND, Language, NoSyntax, Syntaxes, places,
    structure::{Replacement, Structure, StructureError, outermost},
    syntax::{LARGEST, Source},
};

/// The most characters of a match that are handed out.
const MATCH_CHARACTERS: usize = 1_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Find {
    /// The documents; all texts in the language when absent.
    #[schemars(with = "Option<Vec<String>>")]
    documents: Option<Vec<DocumentId>>,
    /// The id of the language: `rust`. When absent it is that of the first document.
    language: Option<String>,
    /// What to look for: a tree-sitter query with captures, such as `(call_expression function: (identifier) @name) @match`.
    /// A match is what `@match` captures, else all that is captured.
    #[schemars(length(min = 1))]
    query: String,
    /// The most matches to hand out; all are counted.
    #[serde(default = "thousand")]
    #[schemars(range(max = 100_000))]
    limit: usize,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replace {
    /// The documents; all texts in the language when absent.
    #[schemars(with = "Option<Vec<String>>")]
    documents: Option<Vec<DocumentId>>,
    /// The id of the language: `rust`. When absent it is that of the first document.
    language: Option<String>,
    /// What to look for: a tree-sitter query with captures. A match is what `@match` captures, else all that is captured.
    #[schemars(length(min = 1))]
    query: String,
    /// What comes in the place of a match: `@name` or `@{name}` stands for what was captured, `@@` for `@`.
    replacement: String,
}

fn thousand() -> usize {
    1_000
}

/// A text to be searched.
struct Target {
    document: DocumentId,
    text: Rope,
    record: Vec<(document::Key, document::Value)>,
}

/// The texts to be searched, and their language. Texts in other languages are left out.
fn targets(
    kernel: &mut Kernel,
    documents: Option<Vec<DocumentId>>,
    language: Option<&str>,
) -> Result<(Vec<Target>, &'static Language), CommandError> {
    let named = match language {
        None => None,
        Some(id) => Some(Language::of_id(id).ok_or_else(|| CommandError::NotFound {
            what: "language",
            name: id.to_owned(),
            nearest: base::nearest(id, Language::all().map(|language| language.id)).map(str::to_owned),
        })?),
    };
    let all = documents.is_none();
    let listed = match documents {
        Some(documents) => documents,
        None if named.is_none() => {
            return Err(CommandError::argument(
                "language",
                "name the language of the texts, or the documents",
            ));
        }
        None => kernel
            .documents()?
            .into_iter()
            .filter(|record| record.kind == KIND)
            .map(|record| record.id)
            .collect(),
    };
    let mut found = Vec::new();
    let mut language = named;
    for document in listed.into_iter().collect::<BTreeSet<_>>() {
        let record = kernel.record(document)?.properties;
        let content = kernel.content(document)?;
        let text = text(&content, document)?.clone();
        let own = Language::of(&record, &text);
        match (own, language) {
            (None, _) if !all => {
                return Err(CommandError::argument("documents", NoSyntax::Plain.to_string()));
            }
            (Some(own), None) => language = Some(own),
            (own, language) if own != language && all => continue,
            (Some(own), Some(language)) if own != language => {
                let message = format!("document {document} is in {}, not in {}", own.title, language.title);
                return Err(CommandError::argument("documents", message));
            }
            _ => {}
        }
        found.push(Target { document, text, record });
    }
    let language = language.ok_or_else(|| CommandError::argument("documents", "there are none"))?;
    Ok((found, language))
}

fn wrong(argument: &str) -> impl Fn(StructureError) -> CommandError + '_ {
    move |error| CommandError::argument(argument, error.to_string())
}

pub(super) fn find(
    scope: &mut QueryScope<'_>,
    args: Find,
    syntaxes: &Syntaxes,
) -> Result<Json, CommandError> {
    let (targets, language) = targets(scope.kernel(), args.documents, args.language.as_deref())?;
    let structure = Structure::new(&args.query, language).map_err(wrong("query"))?;
    let limit = size_limit(scope.kernel());
    let (mut count, mut shown) = (0, Vec::new());
    for Target { document, text, record } in targets {
        let found = syntaxes
            .with(document, &record, &text, limit, |syntax| structure.find(syntax))
            .map_err(|reason| CommandError::input(format!("document {document}"), reason))?
            .map_err(|error| CommandError::input(format!("document {document}"), error))?;
        count += found.len();
        let room = args.limit.saturating_sub(shown.len());
        shown.extend(found.into_iter().take(room).map(|found| {
            let start = text.byte_to_char(found.range.start);
            let (line, column) = places::line_and_column(&text, start);
            let part =
                |range| -> String { Source(&text).slice(range).chars().take(MATCH_CHARACTERS).collect() };
            let captures: Vec<Json> = found
                .captures
                .into_iter()
                .map(|(name, range)| {
                    let (start, end) = (text.byte_to_char(range.start), text.byte_to_char(range.end));
                    json!({ "name": name, "start": start, "end": end, "text": part(range) })
                })
                .collect();
            json!({
                "document": document,
                "start": start,
                "end": text.byte_to_char(found.range.end),
                "line": line,
                "column": column,
                "text": part(found.range),
                "captures": captures,
            })
        }));
    }
    Ok(json!({ "language": language.id, "count": count, "matches": shown }))
}

pub(super) fn replace(
    scope: &mut TaskScope<'_>,
    args: Replace,
    syntaxes: &Syntaxes,
) -> Result<Json, CommandError> {
    let (edits, count, documents) = {
        let kernel = scope.kernel();
        let (targets, language) = targets(kernel, args.documents, args.language.as_deref())?;
        let structure = Structure::new(&args.query, language).map_err(wrong("query"))?;
        let replacement = Replacement::parse(&args.replacement, &structure).map_err(wrong("replacement"))?;
        let limit = size_limit(kernel);
        let (mut edits, mut count, mut documents) = (Vec::new(), 0, 0);
        for Target { document, text, record } in targets {
            let found = syntaxes
                .with(document, &record, &text, limit, |syntax| structure.find(syntax))
                .map_err(|reason| CommandError::input(format!("document {document}"), reason))?
                .map_err(|error| CommandError::input(format!("document {document}"), error))?;
            let found = outermost(found);
            count += found.len();
            documents += usize::from(!found.is_empty());
            let parts = found.iter().map(|found| {
                let range = text.byte_to_char(found.range.start)..text.byte_to_char(found.range.end);
                (range, replacement.of(found, &text))
            });
            let parts: Vec<_> =
                parts.filter(|(range, new)| text.slice(range.clone()) != new.as_str()).collect();
            let change = ChangeSet::from_edits(text.len_chars(), parts)
                .map_err(|error| CommandError::argument("replacement", error.to_string()))?;
            if !change.is_identity() {
                edits.push((document, Delta::Text { change }));
            }
        }
        (edits, count, documents)
    };
    if !edits.is_empty() {
        scope.edit(|edit| edits.into_iter().try_for_each(|(document, delta)| edit.push(document, delta)))?;
    }
    Ok(json!({ "replacements": count, "documents": documents }))
}

fn size_limit(kernel: &Kernel) -> usize {
    let limit = kernel.settings().get(LARGEST).as_u64().and_then(|limit| limit.try_into().ok());
    limit.unwrap_or(usize::MAX)
}
