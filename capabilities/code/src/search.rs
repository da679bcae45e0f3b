//! Finding a text or a regular expression, without backtracking: each match takes time linear in the text up to it.
//!
//! The syntax is that of the `regex` crate. `^` and `$` stand at the start and the end of each line, where a line ends with
//! LF, CRLF or CR; `.` does not match those.

use std::ops::Range;

use regex_automata::{
    Input, PatternID,
    meta::{BuildError, Regex},
    util::captures::Captures,
};
use regex_syntax::{
    ParserBuilder,
    hir::{Hir, Look},
};

use crate::TextError;

/// The most memory that a compiled pattern may take, in bytes.
const COMPILED_BYTES: usize = 10 << 20;

/// What is searched for.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The text or regular expression.
    pub pattern: &'a str,
    /// Whether the pattern is a regular expression.
    pub regex: bool,
    /// Whether upper and lower case differ.
    pub match_case: bool,
    /// Whether no letter, digit, mark or connector may stand directly before or behind a match.
    pub whole_word: bool,
}

/// A compiled query.
#[derive(Debug)]
pub struct Finder(Regex);

impl Finder {
    /// The finder of a query.
    ///
    /// # Errors
    /// [`TextError::Pattern`], [`TextError::PatternTooLarge`] or [`TextError::PatternUnusable`].
    pub fn new(query: Query<'_>) -> Result<Self, TextError> {
        let escaped;
        let pattern = if query.regex {
            query.pattern
        } else {
            escaped = regex_syntax::escape(query.pattern);
            &escaped
        };
        let parsed = ParserBuilder::new()
            .case_insensitive(!query.match_case)
            .multi_line(true)
            .crlf(true)
            .build()
            .parse(pattern)
            .map_err(|error| misread(pattern, error))?;
        let hir = match query.whole_word {
            false => parsed,
            true => Hir::concat(vec![
                Hir::look(Look::WordStartHalfUnicode),
                parsed,
                Hir::look(Look::WordEndHalfUnicode),
            ]),
        };
        let config = Regex::config().nfa_size_limit(Some(COMPILED_BYTES));
        let regex = Regex::builder().configure(config).build_from_hir(&hir);
        regex.map(Finder).map_err(|error| unusable(&error))
    }

    /// The matches within a range of a text, from its start to its end; none overlaps another. What stands around the range
    /// counts for `^`, `$` and word boundaries. Ranges are in bytes.
    pub fn matches<'a>(
        &'a self,
        text: &'a str,
        within: Range<usize>,
    ) -> impl Iterator<Item = Range<usize>> + 'a {
        self.0.find_iter(Input::new(text).range(within)).map(|found| found.range())
    }

    /// As [`Finder::matches`], with the groups of each match.
    pub fn captures<'a>(
        &'a self,
        text: &'a str,
        within: Range<usize>,
    ) -> impl Iterator<Item = Captures> + 'a {
        self.0.captures_iter(Input::new(text).range(within))
    }

    /// The number of the group of this name or number.
    pub fn group(&self, name: &str) -> Option<usize> {
        let groups = self.0.group_info();
        let numbered = || name.parse().ok().filter(|index| *index < groups.group_len(PatternID::ZERO));
        groups.to_index(PatternID::ZERO, name).or_else(numbered)
    }
}

fn misread(pattern: &str, error: regex_syntax::Error) -> TextError {
    let (offset, message) = match &error {
        regex_syntax::Error::Parse(error) => (error.span().start.offset, error.kind().to_string()),
        regex_syntax::Error::Translate(error) => (error.span().start.offset, error.kind().to_string()),
        other => (0, other.to_string()),
    };
    let before = pattern.get(..offset).unwrap_or_default();
    TextError::Pattern { column: before.chars().count() + 1, message }
}

fn unusable(error: &BuildError) -> TextError {
    match error.size_limit() {
        Some(limit) => TextError::PatternTooLarge { limit },
        None => TextError::PatternUnusable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: Query<'_>, text: &str) -> Vec<Range<usize>> {
        Finder::new(query).unwrap().matches(text, 0..text.len()).collect()
    }

    const PLAIN: Query<'static> = Query { pattern: "", regex: false, match_case: true, whole_word: false };
    const REGEX: Query<'static> = Query { regex: true, ..PLAIN };

    #[test]
    fn options_say_what_matches() {
        let text = "Straße a.b aXb\r\nÄb äB\rb_b";
        for (query, expected) in [
            (Query { pattern: "a.b", ..PLAIN }, vec!["a.b"]),
            (Query { pattern: "a.b", ..REGEX }, vec!["a.b", "aXb"]),
            (Query { pattern: "äb", match_case: false, ..PLAIN }, vec!["Äb", "äB"]),
            (Query { pattern: "b", whole_word: true, ..PLAIN }, vec!["b"]),
            (Query { pattern: "b|Stra", whole_word: true, ..REGEX }, vec!["b"]),
            (Query { pattern: ".+$", ..REGEX }, vec!["Straße a.b aXb", "Äb äB", "b_b"]),
            (Query { pattern: "^.", ..REGEX }, vec!["S", "Ä", "b"]),
            (Query { pattern: "(?s)B.b", ..REGEX }, vec!["B\rb"]),
        ] {
            let texts: Vec<&str> = found(query, text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(texts, expected, "{query:?}");
        }
    }

    #[test]
    fn a_range_bounds_matches_and_what_is_around_it_counts() {
        let text = "foobar foo\nfoo";
        let within = |query, range| Finder::new(query).unwrap().matches(text, range).collect::<Vec<_>>();
        let foo = Query { pattern: "foo", ..PLAIN };
        assert_eq!(within(foo, 0..10), [0..3, 7..10]);
        assert!(within(foo, 1..9).is_empty());
        assert!(within(Query { whole_word: true, ..foo }, 0..3).is_empty());
        assert_eq!(within(Query { pattern: "^foo$", ..REGEX }, 7..14), std::slice::from_ref(&(11..14)));
        assert_eq!(within(Query { pattern: "f.*", ..REGEX }, 0..2), std::slice::from_ref(&(0..2)));
    }

    #[test]
    fn bad_patterns_are_told_with_their_place() {
        let error = |pattern| Finder::new(Query { pattern, ..REGEX }).unwrap_err();
        assert!(matches!(error("äö(a"), TextError::Pattern { column: 3, .. }));
        assert!(matches!(error(r"ab\p{Nope}"), TextError::Pattern { column: 3, .. }));
        assert!(matches!(error("a**{"), TextError::Pattern { .. }));
        assert!(matches!(error(r"\w{1000}{1000}"), TextError::PatternTooLarge { .. }));
        assert!(matches!(error(&"(".repeat(100_000)), TextError::Pattern { .. }));
        assert!(Finder::new(Query { pattern: "(", ..PLAIN }).is_ok());
    }
}
