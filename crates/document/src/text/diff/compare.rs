//! Comparing two texts by lines, and replaced lines by words.

use imara_diff::{Algorithm, Diff, InternedInput};

use super::{
    anchors::anchors,
    ends::common_ends,
    units::{Unit, Walk, interned},
};
use crate::text::{ChangeSet, ChangeSetBuilder};

/// Stretches of more bytes than this are not looked into; lines are counted in 32 bits.
const MAX_TEXT: usize = 1 << 30;

/// Stretches of more lines than this are cut at unique lines, and what is still longer is replaced.
const MAX_LINES: usize = 1 << 16;

/// The lines that one difference compares in all.
const MAX_LINES_IN_ALL: usize = 1 << 20;

/// Replaced lines of more bytes than this are not compared by words.
const MAX_WORDS: usize = 1 << 14;

/// The bytes that one difference compares by words in all.
const MAX_WORDS_IN_ALL: usize = 1 << 20;

/// A walk over two texts that writes down how the second is made from the first.
pub(super) struct Comparison {
    out: ChangeSetBuilder,
    lines_left: usize,
    words_left: usize,
}

impl Comparison {
    /// A comparison of what follows `retained` equal characters.
    pub(super) fn new(retained: usize) -> Self {
        let mut out = ChangeSetBuilder::new();
        out.retain(retained);
        Comparison { out, lines_left: MAX_LINES_IN_ALL, words_left: MAX_WORDS_IN_ALL }
    }

    /// What was written, followed by `retained` equal characters.
    pub(super) fn finish(mut self, retained: usize) -> ChangeSet {
        self.out.retain(retained);
        self.out.finish_in_memory()
    }

    /// Writes how `new` is made from `old`, line by line.
    pub(super) fn compare_lines(&mut self, old: &str, new: &str) {
        if old.len().max(new.len()) > MAX_TEXT {
            return self.replace(old, new);
        }
        let input = interned(old, new, Unit::Line);
        if input.before.len().max(input.after.len()) <= MAX_LINES {
            return self.compare_units(old, new, Unit::Line, &input);
        }
        let mut walk = Walk::new(old, new, &input);
        for (before, after) in anchors(&input) {
            let (old, new) = walk.take_to(before, after);
            self.compare_part(old, new);
            self.retain(walk.take_to(before + 1, after + 1).0);
        }
        let (old, new) = walk.rest();
        self.compare_part(old, new);
    }

    /// Writes how `new` is made from `old`: what they share at both ends is retained, the rest replaced.
    pub(super) fn replace(&mut self, old: &str, new: &str) {
        let (prefix, suffix) = common_ends(old, new);
        let (old_end, new_end) = (old.len() - suffix, new.len() - suffix);
        self.retain(&old[..prefix]);
        let inserted = &new[prefix..new_end];
        self.out
            .insert_counted(inserted, inserted.chars().count())
            .delete(old[prefix..old_end].chars().count());
        self.retain(&old[old_end..]);
    }

    /// Writes how `new` is made from `old`, the lines between two cuts.
    fn compare_part(&mut self, old: &str, new: &str) {
        let lines = old.lines().count().max(new.lines().count());
        if old.is_empty() || new.is_empty() || lines > MAX_LINES.min(self.lines_left) {
            return self.replace(old, new);
        }
        self.lines_left -= lines;
        self.compare_units(old, new, Unit::Line, &interned(old, new, Unit::Line));
    }

    /// Writes how `new` is made from `old`, some replaced lines.
    fn replace_lines(&mut self, old: &str, new: &str) {
        let length = old.len().max(new.len());
        if old.is_empty() || new.is_empty() || length > MAX_WORDS.min(self.words_left) {
            return self.replace(old, new);
        }
        self.words_left -= length;
        self.compare_units(old, new, Unit::Word, &interned(old, new, Unit::Word));
    }

    fn compare_units(&mut self, old: &str, new: &str, unit: Unit, input: &InternedInput<&str>) {
        let mut diff = Diff::compute(Algorithm::Histogram, input);
        diff.postprocess_no_heuristic(input);
        let mut walk = Walk::new(old, new, input);
        for hunk in diff.hunks() {
            self.retain(walk.take_to(hunk.before.start, hunk.after.start).0);
            let (old, new) = walk.take_to(hunk.before.end, hunk.after.end);
            match unit {
                Unit::Line => self.replace_lines(old, new),
                Unit::Word => self.replace(old, new),
            }
        }
        self.retain(walk.rest().0);
    }

    fn retain(&mut self, text: &str) {
        self.out.retain(text.chars().count());
    }
}
