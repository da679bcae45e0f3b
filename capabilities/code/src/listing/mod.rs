//! Listings: texts written as they are shown, in the colours of a theme.

mod html;
mod svg;

use std::borrow::Cow;

use base::{Diagnostic, Limits};
use document::{Content, Key, Value};
use kernel::{Assets, CommandError, ExportRequest, Exported, Exporter};
use ropey::Rope;
use serde::Deserialize;

use crate::{Highlight, Language, NoSyntax, Syntax, Theme, highlights, places, syntax::LARGEST};

/// The id of the page.
pub const HTML: &str = "html";
/// The id of the drawing.
pub const SVG: &str = "svg";

/// Writes listings.
pub struct Listing;

/// What a listing is to look like.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
struct Options {
    theme: String,
    line_numbers: bool,
    title: Option<String>,
    font_size: f64,
    columns: usize,
    wrap: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            theme: String::new(),
            line_numbers: false,
            title: None,
            font_size: 14.0,
            columns: 0,
            wrap: true,
        }
    }
}

impl Options {
    /// The options of a request, of which each format knows some.
    fn of(request: &ExportRequest) -> Result<Options, CommandError> {
        let known: &[&str] = match request.format.as_str() {
            HTML => &["theme", "lineNumbers", "title"],
            _ => &["theme", "lineNumbers", "fontSize", "columns", "wrap"],
        };
        let given = request.options.as_object().cloned().unwrap_or_default();
        if let Some(name) = given.keys().find(|name| !known.contains(&name.as_str())) {
            let message = format!("there is no such option (known: {})", known.join(", "));
            return Err(CommandError::argument(format!("options.{name}"), message));
        }
        let options: Options = serde_json::from_value(given.into())
            .map_err(|error| CommandError::argument("options", error.to_string()))?;
        if !(1.0..=1000.0).contains(&options.font_size) {
            return Err(CommandError::argument("options.fontSize", "a size is from 1 to 1000 pixels"));
        }
        if options.columns > 10_000 {
            return Err(CommandError::argument("options.columns", "a line has at most 10000 columns"));
        }
        Ok(options)
    }

    fn theme(&self) -> Result<&'static Theme, CommandError> {
        let mut themes = Theme::all().iter();
        let found = themes.find(|theme| self.theme.is_empty() || theme.id == self.theme);
        found.ok_or_else(|| {
            let known: Vec<&str> = Theme::all().iter().map(|theme| theme.id.as_str()).collect();
            let message = format!("there is no theme '{}' (known: {})", self.theme, known.join(", "));
            CommandError::argument("options.theme", message)
        })
    }
}

impl Exporter for Listing {
    fn export(
        &self,
        document: &Content,
        record: &[(Key, Value)],
        request: &ExportRequest,
        assets: &mut Assets<'_>,
        _: &Limits,
    ) -> Result<Exported, CommandError> {
        let Some(text) = document.text() else {
            return Err(CommandError::argument("document", "this is a node tree, not a text"));
        };
        let options = Options::of(request)?;
        let theme = options.theme()?;
        let limit = assets.settings().get(LARGEST).as_u64().and_then(|limit| limit.try_into().ok());
        let (spans, diagnostics) = match spans(text, record, limit.unwrap_or(usize::MAX)) {
            Ok(spans) => (spans, Vec::new()),
            Err(NoSyntax::Plain) => (Vec::new(), Vec::new()),
            Err(reason) => (Vec::new(), vec![Diagnostic::warning(&request.name, reason.to_string())]),
        };
        let name =
            |key: &str| record.iter().find(|(name, _)| name.as_str() == key).and_then(|(_, v)| v.as_str());
        let title = options.title.as_deref().or_else(|| name("name")).unwrap_or(&request.name);
        let lines = Lines { text, spans: &spans, theme };
        let written = match request.format.as_str() {
            HTML => html::write(&lines, title, options.line_numbers),
            _ => svg::write(&lines, &options),
        };
        Ok(Exported { bytes: written.into_bytes().into(), beside: Vec::new(), diagnostics })
    }
}

fn spans(text: &Rope, record: &[(Key, Value)], limit: usize) -> Result<Vec<Highlight>, NoSyntax> {
    let language = Language::of(record, text).ok_or(NoSyntax::Plain)?;
    let size = text.len_bytes();
    if size > limit {
        return Err(NoSyntax::TooLarge { size, limit });
    }
    Ok(highlights(&mut Syntax::new(text, language)?, 0..size))
}

/// A text and how its parts look.
struct Lines<'a> {
    text: &'a Rope,
    spans: &'a [Highlight],
    theme: &'static Theme,
}

/// A part of a line that looks alike: the scope that the theme knows, if any, and its text.
type Part<'a> = (Option<&'static str>, Cow<'a, str>);

impl<'a> Lines<'a> {
    /// How many there are; an empty one at the end is none.
    fn count(&self) -> usize {
        let lines = self.text.len_lines();
        let is_empty = self.text.line_to_char(lines - 1) == self.text.len_chars();
        if is_empty && lines > 1 { lines - 1 } else { lines }
    }

    /// The parts of each line.
    fn iter(&self) -> impl Iterator<Item = Vec<Part<'a>>> {
        let (text, spans, theme) = (self.text, self.spans, self.theme);
        let mut first = 0;
        (1..=self.count()).map(move |line| {
            let content = places::line_content(text, line).unwrap_or_default();
            let (mut at, end) = (text.char_to_byte(content.start), text.char_to_byte(content.end));
            let mut parts: Vec<Part<'a>> = Vec::new();
            while spans.get(first).is_some_and(|span| span.range.end <= at) {
                first += 1;
            }
            let slice = |from: usize, to: usize| Cow::from(text.byte_slice(from..to));
            for span in spans.iter().skip(first).take_while(|span| span.range.start < end) {
                let (from, to) = (span.range.start.max(at), span.range.end.min(end));
                if from > at {
                    parts.push((None, slice(at, from)));
                }
                parts.push((theme.style(span.scope).map(|(name, _)| name), slice(from, to)));
                at = to;
            }
            if at < end {
                parts.push((None, slice(at, end)));
            }
            parts
        })
    }

    /// How many digits the number of the last line has.
    fn digits(&self) -> usize {
        self.count().to_string().len()
    }
}

/// Appends a text so that it stands for itself in HTML and XML. What neither allows is shown by its picture.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push(c),
            '\0'..='\x1f' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{FFFD}')),
            '\x7f' => out.push('\u{2421}'),
            '\u{80}'..='\u{9f}' | '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
}
