//! The change set: what turns one text into another, applied to ropes and taken back.

use std::{iter::FusedIterator, ops::Range};

use ropey::{Rope, str_utils::char_to_byte_idx};
use smallvec::SmallVec;

use super::ChangeSetBuilder;

/// Why a change set could not be made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeSetError {
    /// The change set starts from a text of another length.
    #[error("the change set is for a text of {expected} characters, this one has {found}: rebase it first")]
    LengthMismatch {
        /// The length that the change set starts from, in characters.
        expected: usize,
        /// The length that it met, in characters.
        found: usize,
    },
    /// A range that ends before it starts or after the end of the text.
    #[error("the edit of {}..{} is no range of a text of {len} characters", range.start, range.end)]
    OutOfRange {
        /// The range of the edit, in characters.
        range: Range<usize>,
        /// The length of the text, in characters.
        len: usize,
    },
    /// A range that starts before the previous one ends.
    #[error(
        "the edit of {}..{} starts before the one above it ends, at {previous_end}: sort the edits and let none overlap",
        range.start, range.end
    )]
    Overlap {
        /// The range of the edit, in characters.
        range: Range<usize>,
        /// The end of the edit above it.
        previous_end: usize,
    },
    /// A text longer than can be counted.
    #[error("the change set is for a text longer than {} characters", usize::MAX)]
    TooLong,
}

/// One step of a change set, read as a walk over the old text. Counts are characters and never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op<'a> {
    /// Keep this many characters.
    Retain(usize),
    /// Put in this text. Where text is replaced, the new text comes before the [`Op::Delete`].
    Insert(&'a str),
    /// Leave out this many characters.
    Delete(usize),
}

/// One replacement: a range of the old text, in characters, and what stands there in the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit<'a> {
    /// The replaced range of the old text; empty for an insertion.
    pub range: Range<usize>,
    /// The new text; empty for a deletion.
    pub text: &'a str,
}

/// The difference between two texts, as retained, inserted and deleted runs of characters.
///
/// Always in normal form: steps of one kind that touch are one step, and where text is replaced there is one insertion and
/// one deletion, so that equal steps make equal change sets. Each one knows the length of the text that it starts from and
/// of the one that it makes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ChangeSet {
    pub(super) len_before: usize,
    pub(super) len_after: usize,
    /// Sorted, never empty, never touching.
    pub(super) edits: SmallVec<[Edit; 1]>,
    /// The inserted texts, one after the other.
    pub(super) text: String,
}

/// A replacement of `deleted` characters at `start` by `inserted` characters of the change set's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Edit {
    pub(super) start: usize,
    pub(super) deleted: usize,
    pub(super) inserted: usize,
    /// Where the inserted text ends in the change set's text, in bytes; it starts where that of the previous edit ends.
    pub(super) text_end: usize,
}

impl Edit {
    pub(super) fn end(&self) -> usize {
        self.start + self.deleted
    }
}

impl ChangeSet {
    /// The change set that leaves a text of `len` characters as it is.
    pub fn identity(len: usize) -> Self {
        ChangeSet { len_before: len, len_after: len, edits: SmallVec::new(), text: String::new() }
    }

    /// The change set that replaces each range of a text of `len` characters by its new text.
    ///
    /// Ranges are in characters of the old text, sorted, and may touch but not overlap; of several insertions at one
    /// place the first one's text comes first.
    ///
    /// # Errors
    /// [`ChangeSetError::OutOfRange`], [`ChangeSetError::Overlap`] or [`ChangeSetError::TooLong`].
    pub fn from_edits<S: AsRef<str>>(
        len: usize,
        edits: impl IntoIterator<Item = (Range<usize>, S)>,
    ) -> Result<Self, ChangeSetError> {
        let mut builder = ChangeSetBuilder::new();
        let mut previous_end = 0;
        for (range, text) in edits {
            if range.start > range.end || range.end > len {
                return Err(ChangeSetError::OutOfRange { range, len });
            }
            if range.start < previous_end {
                return Err(ChangeSetError::Overlap { range, previous_end });
            }
            builder.retain(range.start - previous_end).insert(text.as_ref()).delete(range.end - range.start);
            previous_end = range.end;
        }
        builder.retain(len - previous_end).finish()
    }

    /// The change set that replaces one range of a text of `len` characters; see [`ChangeSet::from_edits`].
    ///
    /// # Errors
    /// [`ChangeSetError::OutOfRange`] or [`ChangeSetError::TooLong`].
    pub fn replace(len: usize, range: Range<usize>, text: impl AsRef<str>) -> Result<Self, ChangeSetError> {
        if range.start > range.end || range.end > len {
            return Err(ChangeSetError::OutOfRange { range, len });
        }
        let text = String::from(text.as_ref());
        let edit = Edit {
            start: range.start,
            deleted: range.end - range.start,
            inserted: text.chars().count(),
            text_end: text.len(),
        };
        let len_after = (len - edit.deleted).checked_add(edit.inserted).ok_or(ChangeSetError::TooLong)?;
        let is_empty = range.is_empty() && text.is_empty();
        let edits = if is_empty { SmallVec::new() } else { SmallVec::from_buf([edit]) };
        Ok(ChangeSet { len_before: len, len_after, edits, text })
    }

    /// The length of the text that the change set starts from, in characters.
    pub fn len_before(&self) -> usize {
        self.len_before
    }

    /// The length of the text that the change set makes, in characters.
    pub fn len_after(&self) -> usize {
        self.len_after
    }

    /// Whether the change set leaves every text as it is.
    pub fn is_identity(&self) -> bool {
        self.edits.is_empty()
    }

    /// The replacements, from the start of the text to its end; none touches another.
    pub fn edits(&self) -> impl DoubleEndedIterator<Item = TextEdit<'_>> + ExactSizeIterator {
        (0..self.edits.len()).map(|index| TextEdit {
            range: self.edits[index].start..self.edits[index].end(),
            text: self.inserted_text(index),
        })
    }

    /// The steps over the old text, up to its end.
    pub fn ops(&self) -> impl FusedIterator<Item = Op<'_>> {
        let mut position = 0;
        let steps = self.edits.iter().enumerate().flat_map(move |(index, edit)| {
            let retained = edit.start - position;
            position = edit.end();
            [Op::Retain(retained), Op::Insert(self.inserted_text(index)), Op::Delete(edit.deleted)]
        });
        let last = self.len_before - self.edits.last().map_or(0, Edit::end);
        steps
            .chain([Op::Retain(last)])
            .filter(|op| !matches!(op, Op::Retain(0) | Op::Insert("") | Op::Delete(0)))
    }

    /// Changes `rope` as the change set says.
    ///
    /// # Errors
    /// [`ChangeSetError::LengthMismatch`], and then the rope is as it was.
    #[inline]
    pub fn apply(&self, rope: &mut Rope) -> Result<(), ChangeSetError> {
        self.check_before(rope.len_chars())?;
        self.apply_checked(rope);
        Ok(())
    }

    /// The change set that takes this one back; `before` is the text that this one starts from.
    ///
    /// # Errors
    /// [`ChangeSetError::LengthMismatch`] when `before` has another length.
    #[inline]
    pub fn invert(&self, before: &Rope) -> Result<ChangeSet, ChangeSetError> {
        self.check_before(before.len_chars())?;
        Ok(self.invert_checked(before))
    }

    /// Changes `rope` and gives what takes the change back: [`ChangeSet::invert`] and [`ChangeSet::apply`] in one.
    ///
    /// # Errors
    /// [`ChangeSetError::LengthMismatch`], and then the rope is as it was.
    #[inline]
    pub fn apply_invertibly(&self, rope: &mut Rope) -> Result<ChangeSet, ChangeSetError> {
        let inverse = self.invert(rope)?;
        self.apply_checked(rope);
        Ok(inverse)
    }

    fn apply_checked(&self, rope: &mut Rope) {
        for (index, edit) in self.edits.iter().enumerate().rev() {
            if edit.deleted > 0 {
                rope.remove(edit.start..edit.end());
            }
            if edit.inserted > 0 {
                rope.insert(edit.start, self.inserted_text(index));
            }
        }
    }

    fn invert_checked(&self, before: &Rope) -> ChangeSet {
        let mut text = String::new();
        let mut shift = Shift::default();
        let edits = self
            .edits
            .iter()
            .map(|edit| {
                push_chars(&mut text, before, edit.start..edit.end());
                let start = shift.of(edit.start);
                shift.pass(edit);
                Edit { start, deleted: edit.inserted, inserted: edit.deleted, text_end: text.len() }
            })
            .collect();
        ChangeSet { len_before: self.len_after, len_after: self.len_before, edits, text }
    }

    pub(super) fn check_before(&self, found: usize) -> Result<(), ChangeSetError> {
        if self.len_before == found {
            return Ok(());
        }
        Err(ChangeSetError::LengthMismatch { expected: self.len_before, found })
    }

    pub(super) fn inserted_text(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |previous| self.edits[previous].text_end);
        &self.text[start..self.edits[index].text_end]
    }
}

impl std::fmt::Debug for ChangeSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.ops()).finish()
    }
}

/// How far the edits passed so far move what follows them.
#[derive(Clone, Copy, Default)]
pub(super) struct Shift {
    inserted: usize,
    deleted: usize,
}

impl Shift {
    pub(super) fn pass(&mut self, edit: &Edit) {
        self.inserted += edit.inserted;
        self.deleted += edit.deleted;
    }

    /// The place in the new text of a position of the old one that lies after every edit passed.
    pub(super) fn of(&self, position: usize) -> usize {
        position - self.deleted + self.inserted
    }
}

/// Appends a range of `rope`, in characters, to `text`: one descent of the tree when the range lies in one chunk.
fn push_chars(text: &mut String, rope: &Rope, range: Range<usize>) {
    if range.is_empty() {
        return;
    }
    let (chunk, _, chunk_start, _) = rope.chunk_at_char(range.start);
    let rest = &chunk[char_to_byte_idx(chunk, range.start - chunk_start)..];
    let wanted = range.end - range.start;
    let length = char_to_byte_idx(rest, wanted);
    if length < rest.len() || rest.chars().count() == wanted {
        text.push_str(&rest[..length]);
        return;
    }
    let slice = rope.slice(range);
    text.reserve(slice.len_bytes());
    slice.chunks().for_each(|chunk| text.push_str(chunk));
}
