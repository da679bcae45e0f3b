//! Texts as rows of units: lines or words.

use imara_diff::{InternedInput, Token, TokenSource};

/// What is compared as a whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A line with its end.
    Line,
    /// A run of letters, digits and `_`, a run of white space, or one other character.
    Word,
}

/// The two texts as rows of units, each named by a number.
pub(super) fn interned<'a>(old: &'a str, new: &'a str, unit: Unit) -> InternedInput<&'a str> {
    InternedInput::new(Units { rest: old, unit }, Units { rest: new, unit })
}

/// A walk over two texts, unit by unit.
pub(super) struct Walk<'a> {
    old: Row<'a>,
    new: Row<'a>,
    input: &'a InternedInput<&'a str>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(old: &'a str, new: &'a str, input: &'a InternedInput<&'a str>) -> Self {
        Walk {
            old: Row { rest: old, tokens: &input.before, passed: 0 },
            new: Row { rest: new, tokens: &input.after, passed: 0 },
            input,
        }
    }

    /// The texts up to the units of these numbers.
    pub(super) fn take_to(&mut self, old: u32, new: u32) -> (&'a str, &'a str) {
        (self.old.take_to(old, self.input), self.new.take_to(new, self.input))
    }

    /// What is left of the texts.
    pub(super) fn rest(&self) -> (&'a str, &'a str) {
        (self.old.rest, self.new.rest)
    }
}

struct Row<'a> {
    rest: &'a str,
    tokens: &'a [Token],
    passed: u32,
}

impl<'a> Row<'a> {
    fn take_to(&mut self, number: u32, input: &InternedInput<&str>) -> &'a str {
        let (taken, tokens) = self.tokens.split_at((number - self.passed) as usize);
        let bytes = taken.iter().map(|token| input.interner[*token].len()).sum();
        let (text, rest) = self.rest.split_at(bytes);
        *self = Row { rest, tokens, passed: number };
        text
    }
}

/// The units of a text.
#[derive(Clone, Copy)]
struct Units<'a> {
    rest: &'a str,
    unit: Unit,
}

impl<'a> Iterator for Units<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let first = self.rest.chars().next()?;
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = match self.unit {
            Unit::Line => self.rest.find('\n').map(|end| end + 1),
            Unit::Word if is_word(first) => self.rest.find(|c| !is_word(c)),
            Unit::Word if first.is_whitespace() => self.rest.find(|c: char| !c.is_whitespace()),
            Unit::Word => Some(first.len_utf8()),
        };
        let (unit, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        Some(unit)
    }
}

impl<'a> TokenSource for Units<'a> {
    type Token = &'a str;
    type Tokenizer = Self;

    fn tokenize(&self) -> Self {
        *self
    }

    fn estimate_tokens(&self) -> u32 {
        let typical_bytes = if self.unit == Unit::Line { 32 } else { 4 };
        u32::try_from(self.rest.len() / typical_bytes).unwrap_or(u32::MAX)
    }
}
