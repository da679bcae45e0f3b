//! What can be wrong with a text, a place in it, or a pattern.

use std::ops::Range;

use document::text::ChangeSetError;

use crate::Encoding;

/// Why a text could not be read, written, edited or searched. Offsets of bytes and characters count from 0, lines and
/// columns from 1; columns count characters (Unicode scalar values).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Bytes that are no text in any encoding that is told from content.
    #[error("byte {offset} (0x{byte:02X}) is not text: neither UTF-8 nor a character of windows-1252")]
    Binary {
        /// The place in the file, in bytes.
        offset: usize,
        /// What stands there.
        byte: u8,
    },
    /// Bytes that are not in the encoding that the byte order mark names.
    #[error("the byte order mark says {encoding}, but what stands at byte {offset} is not {encoding}")]
    Malformed {
        /// The encoding.
        encoding: Encoding,
        /// The place in the file, in bytes.
        offset: usize,
    },
    /// UTF-32.
    #[error("the byte order mark says UTF-32, which is not supported: convert the file to UTF-8")]
    Utf32,
    /// A character that the encoding does not have.
    #[error(
        "{line}:{column}: {encoding} has no '{}' (U+{:04X}): take the character out, or set another encoding with \
         code.encoding.set",
        character.escape_debug(), u32::from(*character)
    )]
    Unmappable {
        /// The line of the character.
        line: usize,
        /// Its column.
        column: usize,
        /// The character.
        character: char,
        /// The encoding.
        encoding: Encoding,
    },
    /// A byte order mark for an encoding that has none.
    #[error("{0} has no byte order mark")]
    NoMark(Encoding),
    /// An encoding that is not known.
    #[error("the document's encoding '{0}' is not known: set another one with code.encoding.set")]
    UnknownEncoding(String),
    /// An offset past the end.
    #[error("offset {offset} is past the end of the text, which has {characters} characters")]
    Offset {
        /// The offset asked for.
        offset: usize,
        /// The length of the text.
        characters: usize,
    },
    /// A line before the first or past the last one.
    #[error("there is no line {line}: the text has the lines 1 to {lines}")]
    Line {
        /// The line asked for.
        line: usize,
        /// How many there are.
        lines: usize,
    },
    /// A column before the first or past the end of its line.
    #[error("there is no column {column} in line {line}, which has the columns 1 to {columns}")]
    Column {
        /// The line.
        line: usize,
        /// The column asked for.
        column: usize,
        /// The last one: that behind the last character.
        columns: usize,
    },
    /// A range that ends before it starts.
    #[error("the range ends at {end}, before it starts at {start}")]
    Backwards {
        /// Where it starts, in characters.
        start: usize,
        /// Where it ends.
        end: usize,
    },
    /// Two edits of the same characters.
    #[error(
        "edit {} replaces {}..{} and edit {} replaces {}..{}: edits may touch, but not overlap",
        first.0, first.1.start, first.1.end, second.0, second.1.start, second.1.end
    )]
    Overlap {
        /// One of them: its place in the list, from 0, and its range in characters.
        first: (usize, Range<usize>),
        /// The other one.
        second: (usize, Range<usize>),
    },
    /// An edit that does not fit the text.
    #[error(transparent)]
    Change(#[from] ChangeSetError),
    /// A pattern that is no regular expression.
    #[error("column {column}: {message}")]
    Pattern {
        /// Where in the pattern.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A pattern whose automaton takes too much memory.
    #[error("the pattern takes more than {limit} bytes when compiled: make its repetitions smaller")]
    PatternTooLarge {
        /// The most that is allowed.
        limit: usize,
    },
    /// A pattern that cannot be compiled.
    #[error("{0}")]
    PatternUnusable(String),
    /// A group that the pattern does not have.
    #[error("column {column}: the pattern has no group '{name}' (a '$' itself is written '$$')")]
    Group {
        /// Where in the replacement.
        column: usize,
        /// The group asked for.
        name: String,
    },
}
