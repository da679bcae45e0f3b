//! A listing as a drawing: real text, laid out on a grid of columns and rows.

use std::fmt::Write;

use super::{Lines, Options, Part, escape};

/// The width of a column and the height of a row, for a font size of one.
const COLUMN: f64 = 0.6;
const ROW: f64 = 1.4;
/// Where in its row a line stands.
const BASELINE: f64 = 1.05;
/// How many columns a tab leads to a multiple of.
const TAB: usize = 4;
/// What is left free around the text, in columns.
const MARGIN: f64 = 2.0;

/// A piece of a row: its first column, its scope, its text.
type Piece = (usize, Option<&'static str>, String);

/// The drawing. The same text gives the same bytes.
pub fn write(lines: &Lines<'_>, options: &Options) -> String {
    let theme = lines.theme;
    let gutter = if options.line_numbers { lines.digits() + 2 } else { 0 };
    let mut rows: Vec<(Option<usize>, Vec<Piece>)> = Vec::new();
    let mut widest = options.columns;
    for (index, parts) in lines.iter().enumerate() {
        for (nth, row) in lay_out(&parts, options.columns, options.wrap, &mut widest).into_iter().enumerate()
        {
            rows.push(((nth == 0).then_some(index + 1), row));
        }
    }
    let size = options.font_size;
    let (column, row) = (size * COLUMN, size * ROW);
    let width = (widest + gutter) as f64 * column + 2.0 * MARGIN * column;
    let height = rows.len() as f64 * row + 2.0 * MARGIN * column;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\">\n\
         <rect width=\"{w}\" height=\"{h}\" fill=\"{}\"/>\n\
         <g font-family=\"monospace\" font-size=\"{}\" fill=\"{}\" xml:space=\"preserve\">\n",
        theme.background,
        number(size),
        theme.foreground,
        w = number(width.ceil()),
        h = number(height.ceil()),
    );
    for (index, (line, pieces)) in rows.iter().enumerate() {
        let y = number(MARGIN * column + index as f64 * row + size * BASELINE);
        let x = |at: usize| number((MARGIN + (at + gutter) as f64) * column);
        // Writing to a string does not fail, here and below.
        if let Some(line) = line.filter(|_| options.line_numbers) {
            let at = number((MARGIN + (gutter - 2) as f64) * column);
            let colour = &theme.line_numbers;
            let _ = writeln!(
                out,
                "<text x=\"{at}\" y=\"{y}\" text-anchor=\"end\" fill=\"{colour}\">{line}</text>"
            );
        }
        if pieces.is_empty() {
            continue;
        }
        let _ = write!(out, "<text y=\"{y}\" xml:space=\"preserve\">");
        for (at, scope, text) in pieces {
            let _ = write!(out, "<tspan x=\"{}\"", x(*at));
            if let Some(style) = scope.and_then(|scope| theme.scopes.get(scope)) {
                let _ = write!(out, " fill=\"{}\"", style.colour);
                out.push_str(if style.bold { " font-weight=\"bold\"" } else { "" });
                out.push_str(if style.italic { " font-style=\"italic\"" } else { "" });
            }
            out.push('>');
            escape(text, &mut out);
            out.push_str("</tspan>");
        }
        out.push_str("</text>\n");
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// The rows of a line: one, or as many as it takes in so many columns, which are as many as it needs where none are given.
fn lay_out(parts: &[Part<'_>], columns: usize, wrap: bool, widest: &mut usize) -> Vec<Vec<Piece>> {
    let mut rows: Vec<Vec<Piece>> = Vec::new();
    let mut row: Vec<Piece> = Vec::new();
    let mut at = 0;
    for (scope, text) in parts {
        let mut piece: Option<Piece> = None;
        for c in text.chars() {
            let width = if c == '\t' { TAB - at % TAB } else { columns_of(c) };
            if columns > 0 && at + width > columns && at > 0 {
                row.extend(piece.take());
                if !wrap {
                    return vec![row];
                }
                rows.push(std::mem::take(&mut row));
                at = 0;
            }
            // Each word is put on the grid by itself, however wide the font's spaces are.
            let is_space = c == ' ' || c == '\t';
            if !is_space && piece.as_ref().is_some_and(|(_, _, text)| text.ends_with(' ')) {
                row.extend(piece.take());
            }
            let (_, _, shown) = piece.get_or_insert_with(|| (at, *scope, String::new()));
            if is_space {
                shown.extend(std::iter::repeat_n(' ', width))
            } else {
                shown.push(c)
            }
            at += width;
            *widest = (*widest).max(at);
        }
        row.extend(piece);
    }
    rows.push(row);
    rows
}

/// How many columns a character takes.
fn columns_of(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36F | 0x200B..=0x200F | 0x20D0..=0x20FF | 0xFE00..=0xFE0F => 0,
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60 => 2,
        0xFFE0..=0xFFE6 | 0x1F300..=0x1F64F | 0x1F680..=0x1F6FF | 0x1F900..=0x1F9FF | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

/// A length with at most three decimals.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
