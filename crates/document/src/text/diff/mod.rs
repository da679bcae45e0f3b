//! The difference of two texts, for a file that was changed from outside.
//!
//! Linear in the size of the texts but for the stretches that are compared by lines and words, and those are bounded: where
//! a change is too large or too repetitive to be worth it, whole lines or stretches are replaced.

mod anchors;
mod compare;
mod ends;
mod units;

use std::borrow::Cow;

use ropey::{Rope, iter::Chunks};

use super::ChangeSet;
use compare::Comparison;
use ends::{common_prefix, common_suffix};

/// How far what is compared is widened to whole lines, in bytes.
const MAX_WIDENED: usize = 1 << 12;

/// A change set that makes `after` from `before`, with few and small edits.
///
/// What the texts have in common at both ends is skipped chunk by chunk; chunks that the two ropes share are not even
/// read. What lies between is compared by lines with git's histogram algorithm, and replaced lines again by words.
pub fn diff(before: &Rope, after: &Rope) -> ChangeSet {
    let prefix = common_prefix(before.chunks(), after.chunks());
    let shorter = before.len_bytes().min(after.len_bytes());
    let suffix = common_suffix(chunks_from_end(before), chunks_from_end(after), shorter - prefix);
    let has_replacement = prefix + suffix < shorter;
    let (prefix, suffix) = widened_to_lines(before, prefix, suffix);
    let old = before.byte_slice(prefix..before.len_bytes() - suffix);
    let new = after.byte_slice(prefix..after.len_bytes() - suffix);

    let retained = before.byte_to_char(prefix);
    let mut comparison = Comparison::new(retained);
    if has_replacement {
        comparison.compare_lines(&Cow::from(old), &Cow::from(new));
    } else {
        comparison.replace(&Cow::from(old), &Cow::from(new));
    }
    comparison.finish(before.len_chars() - retained - old.len_chars())
}

fn chunks_from_end(rope: &Rope) -> Chunks<'_> {
    rope.chunks_at_byte(rope.len_bytes()).0.reversed()
}

/// The two common ends of a text less what they share with the lines between them.
fn widened_to_lines(text: &Rope, prefix: usize, suffix: usize) -> (usize, usize) {
    let end = text.len_bytes() - suffix;
    let first = text.line_to_byte(text.byte_to_line(prefix));
    let last = text.byte_to_line(end);
    let last = if text.line_to_byte(last) == end { end } else { text.line_to_byte(last + 1) };
    (
        if prefix - first > MAX_WIDENED { prefix } else { first },
        if last - end > MAX_WIDENED { suffix } else { text.len_bytes() - last },
    )
}
