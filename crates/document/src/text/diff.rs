//! The difference of two texts, for a file that was changed from outside.

use std::borrow::Cow;

use imara_diff::{Algorithm, Diff, InternedInput, Token, TokenSource};
use ropey::{Rope, iter::Chunks};

use super::{ChangeSet, ChangeSetBuilder};

/// Stretches of more bytes than this are replaced without a look inside; the differ counts up to 2³¹ lines.
const MAX_COMPARED: usize = 1 << 30;

/// Replaced lines of more bytes than this are not compared word by word.
const MAX_COMPARED_BY_WORDS: usize = 1 << 20;

/// A change set that makes `after` from `before`, with few and small edits.
///
/// What the texts have in common at both ends is skipped chunk by chunk; chunks that the two ropes share are not even
/// read. What lies between is compared by lines with git's histogram algorithm, and replaced lines again by words.
pub fn diff(before: &Rope, after: &Rope) -> ChangeSet {
    let prefix = common_prefix(before.chunks(), after.chunks());
    let shorter = before.len_bytes().min(after.len_bytes());
    let suffix = common_suffix(chunks_from_end(before), chunks_from_end(after), shorter - prefix);
    let old = before.byte_slice(prefix..before.len_bytes() - suffix);
    let new = after.byte_slice(prefix..after.len_bytes() - suffix);

    let mut out = ChangeSetBuilder::new();
    let retained = before.byte_to_char(prefix);
    out.retain(retained);
    if old.len_bytes().max(new.len_bytes()) > MAX_COMPARED {
        out.insert(&Cow::from(new)).delete(old.len_chars());
    } else {
        replace(&Cow::from(old), &Cow::from(new), Some(Unit::Line), &mut out);
    }
    out.retain(before.len_chars() - retained - old.len_chars());
    out.finish_in_memory()
}

/// What is compared as a whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// A line with its end.
    Line,
    /// A run of letters, digits and `_`, a run of white space, or one other character.
    Word,
}

/// Writes the replacement of `old` by `new`: what they share at both ends is retained, and what is in between compared by
/// `unit`, if any.
fn replace(old: &str, new: &str, unit: Option<Unit>, out: &mut ChangeSetBuilder) {
    let prefix = common_prefix([old], [new]);
    let suffix = common_suffix([old], [new], old.len().min(new.len()) - prefix);
    let (head, old, tail) = (&old[..prefix], &old[prefix..old.len() - suffix], &old[old.len() - suffix..]);
    let new = &new[prefix..new.len() - suffix];
    out.retain(head.chars().count());
    match unit {
        Some(unit) if !old.is_empty() && !new.is_empty() => compare(old, new, unit, out),
        _ => {
            out.insert_counted(new, new.chars().count()).delete(old.chars().count());
        }
    }
    out.retain(tail.chars().count());
}

/// Writes the replacement of `old` by `new`, unit by unit.
fn compare(old: &str, new: &str, unit: Unit, out: &mut ChangeSetBuilder) {
    let input = InternedInput::new(Tokens { rest: old, unit }, Tokens { rest: new, unit });
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_no_heuristic(&input);
    let mut old = Walk { rest: old, tokens: &input.before, input: &input };
    let mut new = Walk { rest: new, tokens: &input.after, input: &input };
    let (mut old_passed, mut new_passed) = (0, 0);
    for hunk in diff.hunks() {
        out.retain(old.take(hunk.before.start - old_passed).chars().count());
        new.take(hunk.after.start - new_passed);
        (old_passed, new_passed) = (hunk.before.end, hunk.after.end);
        let (old, new) = (old.take(hunk.before.end - hunk.before.start), new.take(hunk.after.end - hunk.after.start));
        let is_fit_for_words = unit == Unit::Line && old.len().max(new.len()) <= MAX_COMPARED_BY_WORDS;
        replace(old, new, is_fit_for_words.then_some(Unit::Word), out);
    }
    out.retain(old.rest.chars().count());
}

/// The units of a text.
#[derive(Clone, Copy)]
struct Tokens<'a> {
    rest: &'a str,
    unit: Unit,
}

impl<'a> Iterator for Tokens<'a> {
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
        let (token, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        Some(token)
    }
}

impl<'a> TokenSource for Tokens<'a> {
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

/// A walk over the units of one text.
struct Walk<'a> {
    rest: &'a str,
    tokens: &'a [Token],
    input: &'a InternedInput<&'a str>,
}

impl<'a> Walk<'a> {
    /// The text of the next `count` units.
    fn take(&mut self, count: u32) -> &'a str {
        let (taken, tokens) = self.tokens.split_at(count as usize);
        let bytes = taken.iter().map(|token| self.input.interner[*token].len()).sum();
        let (text, rest) = self.rest.split_at(bytes);
        (self.tokens, self.rest) = (tokens, rest);
        text
    }
}

fn chunks_from_end(rope: &Rope) -> Chunks<'_> {
    rope.chunks_at_byte(rope.len_bytes()).0.reversed()
}

/// The bytes that two texts have in common at the start, in whole characters.
fn common_prefix<'a>(a: impl IntoIterator<Item = &'a str>, b: impl IntoIterator<Item = &'a str>) -> usize {
    let (mut a, mut b) = (a.into_iter(), b.into_iter());
    let (mut x, mut y): (&[u8], &[u8]) = (&[], &[]);
    let mut common = 0;
    while refill(&mut x, &mut a) && refill(&mut y, &mut b) {
        let count = x.len().min(y.len());
        if !is_same(&x[..count], &y[..count]) {
            let mut same = x.iter().zip(y).take_while(|(x, y)| x == y).count();
            while is_continuation(x[same]) {
                same -= 1;
            }
            return common + same;
        }
        common += count;
        (x, y) = (&x[count..], &y[count..]);
    }
    common
}

/// The bytes, up to `most`, that two texts have in common at the end, in whole characters; the parts come from the end.
fn common_suffix<'a>(
    a: impl IntoIterator<Item = &'a str>,
    b: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> usize {
    let (mut a, mut b) = (a.into_iter(), b.into_iter());
    let (mut x, mut y): (&[u8], &[u8]) = (&[], &[]);
    let mut common = 0;
    while common < most && refill(&mut x, &mut a) && refill(&mut y, &mut b) {
        let count = x.len().min(y.len()).min(most - common);
        let (x_rest, x_end) = x.split_at(x.len() - count);
        let (y_rest, y_end) = y.split_at(y.len() - count);
        if !is_same(x_end, y_end) {
            let mut same = x_end.iter().rev().zip(y_end.iter().rev()).take_while(|(x, y)| x == y).count();
            while same > 0 && is_continuation(x[x.len() - same]) {
                same -= 1;
            }
            return common + same;
        }
        common += count;
        (x, y) = (x_rest, y_rest);
    }
    common
}

/// Takes the next part once `bytes` is used up; false at the end.
fn refill<'a>(bytes: &mut &'a [u8], parts: &mut impl Iterator<Item = &'a str>) -> bool {
    while bytes.is_empty() {
        let Some(part) = parts.next() else { return false };
        *bytes = part.as_bytes();
    }
    true
}

fn is_same(x: &[u8], y: &[u8]) -> bool {
    std::ptr::eq(x, y) || x == y
}

/// Whether this byte of UTF-8 is not the first one of its character.
fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}
