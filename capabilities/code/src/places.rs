//! Places in a text: by offset, or by line and column as people count them.

use std::ops::Range;

use ropey::Rope;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::TextError;

/// A place between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Position {
    /// How many characters (Unicode scalar values) come before it.
    Offset(usize),
    /// By line and column.
    Place(LineColumn),
}

/// A place as people count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineColumn {
    /// The line, from 1.
    #[schemars(range(min = 1))]
    line: usize,
    /// The column in characters, from 1; that behind the last character of the line is one, too.
    #[schemars(range(min = 1))]
    column: usize,
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// Its start: an offset in characters, or `{"line", "column"}`.
    start: Position,
    /// Its end: the place behind its last character.
    end: Position,
}

impl Position {
    /// The offset in characters.
    ///
    /// # Errors
    /// [`TextError::Offset`], [`TextError::Line`] or [`TextError::Column`].
    pub fn offset(self, text: &Rope) -> Result<usize, TextError> {
        match self {
            Position::Offset(offset) => {
                let characters = text.len_chars();
                if offset <= characters { Ok(offset) } else { Err(TextError::Offset { offset, characters }) }
            }
            Position::Place(LineColumn { line, column }) => {
                let content = line_content(text, line)?;
                let columns = content.len() + 1;
                match column.checked_sub(1) {
                    Some(before) if column <= columns => Ok(content.start + before),
                    _ => Err(TextError::Column { line, column, columns }),
                }
            }
        }
    }
}

impl Span {
    /// The range in characters.
    ///
    /// # Errors
    /// As [`Position::offset`], and [`TextError::Backwards`].
    pub fn range(self, text: &Rope) -> Result<Range<usize>, TextError> {
        range(self.start, self.end, text)
    }
}

/// The range in characters from one place to another; see [`Span::range`].
pub fn range(start: Position, end: Position, text: &Rope) -> Result<Range<usize>, TextError> {
    let (start, end) = (start.offset(text)?, end.offset(text)?);
    if start <= end { Ok(start..end) } else { Err(TextError::Backwards { start, end }) }
}

/// The line and the column, both from 1, of an offset within the text.
pub fn line_and_column(text: &Rope, offset: usize) -> (usize, usize) {
    let line = text.char_to_line(offset);
    (line + 1, offset - text.line_to_char(line) + 1)
}

/// The range of a line, counted from 1, without its line break.
///
/// # Errors
/// [`TextError::Line`].
pub fn line_content(text: &Rope, line: usize) -> Result<Range<usize>, TextError> {
    let lines = text.len_lines();
    if !(1..=lines).contains(&line) {
        return Err(TextError::Line { line, lines });
    }
    let start = text.line_to_char(line - 1);
    let end = text.line_to_char(line);
    if line == lines {
        return Ok(start..end);
    }
    let is_pair = end - start >= 2 && text.char(end - 1) == '\n' && text.char(end - 2) == '\r';
    Ok(start..end - if is_pair { 2 } else { 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_lead_to_offsets_and_back() {
        let text = Rope::from_str("añb\r\n\rx\n🎉");
        let at = |line, column| Position::Place(LineColumn { line, column }).offset(&text);
        for (line, column, offset) in
            [(1, 1, 0), (1, 4, 3), (2, 1, 5), (3, 1, 6), (3, 2, 7), (4, 1, 8), (4, 2, 9)]
        {
            assert_eq!(at(line, column), Ok(offset));
            assert_eq!(line_and_column(&text, offset), (line, column));
        }
        assert_eq!(at(1, 5), Err(TextError::Column { line: 1, column: 5, columns: 4 }));
        assert_eq!(at(4, 3), Err(TextError::Column { line: 4, column: 3, columns: 2 }));
        assert_eq!(at(1, 0), Err(TextError::Column { line: 1, column: 0, columns: 4 }));
        assert_eq!(at(5, 1), Err(TextError::Line { line: 5, lines: 4 }));
        assert_eq!(at(0, 1), Err(TextError::Line { line: 0, lines: 4 }));
        assert_eq!(Position::Offset(9).offset(&text), Ok(9));
        assert_eq!(Position::Offset(10).offset(&text), Err(TextError::Offset { offset: 10, characters: 9 }));
        let backwards = range(Position::Offset(3), Position::Offset(2), &text);
        assert_eq!(backwards, Err(TextError::Backwards { start: 3, end: 2 }));
    }

    #[test]
    fn only_line_feeds_and_carriage_returns_end_lines() {
        // Vertical tab, form feed, next line, line separator, paragraph separator.
        let text = Rope::from_str("a\u{b}b\u{c}c\u{85}d\u{2028}e\u{2029}f\ng");
        assert_eq!(text.len_lines(), 2);
        assert_eq!(line_content(&text, 1), Ok(0..11));
        assert_eq!(line_and_column(&text, 10), (1, 11));
        assert_eq!(line_and_column(&text, 12), (2, 1));
    }
}
