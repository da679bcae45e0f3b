//! Building a change set from its steps.

use super::change_set::{ChangeSet, ChangeSetError, Edit};

/// Builds a [`ChangeSet`] step by step over the old text. Empty steps are dropped and neighbours merged.
#[derive(Debug)]
pub struct ChangeSetBuilder {
    changes: ChangeSet,
    too_long: bool,
}

impl ChangeSetBuilder {
    /// A builder at the start of the old text.
    pub fn new() -> Self {
        ChangeSetBuilder { changes: ChangeSet::identity(0), too_long: false }
    }

    /// Keeps the next `count` characters.
    pub fn retain(&mut self, count: usize) -> &mut Self {
        if let Some(before) = self.grown(self.changes.len_before, count)
            && let Some(after) = self.grown(self.changes.len_after, count)
        {
            self.changes.len_before = before;
            self.changes.len_after = after;
        }
        self
    }

    /// Leaves out the next `count` characters.
    pub fn delete(&mut self, count: usize) -> &mut Self {
        if count > 0
            && let Some(before) = self.grown(self.changes.len_before, count)
        {
            self.edit_here().deleted += count;
            self.changes.len_before = before;
        }
        self
    }

    /// Puts `text` in at the current place.
    pub fn insert(&mut self, text: &str) -> &mut Self {
        self.insert_counted(text, text.chars().count())
    }

    /// The change set over the steps so far, whose old text ends at the current place. The builder starts afresh.
    ///
    /// # Errors
    /// [`ChangeSetError::TooLong`] when the steps add up to more characters than can be counted.
    pub fn finish(&mut self) -> Result<ChangeSet, ChangeSetError> {
        let done = std::mem::take(self);
        if done.too_long { Err(ChangeSetError::TooLong) } else { Ok(done.changes) }
    }

    /// The change set over steps of texts in memory, which are never too long to count.
    pub(super) fn finish_in_memory(self) -> ChangeSet {
        debug_assert!(!self.too_long);
        self.changes
    }

    /// Puts in a text of `count` characters.
    pub(super) fn insert_counted(&mut self, text: &str, count: usize) -> &mut Self {
        if count > 0
            && let Some(after) = self.grown(self.changes.len_after, count)
        {
            self.changes.text.push_str(text);
            let text_end = self.changes.text.len();
            let edit = self.edit_here();
            edit.inserted += count;
            edit.text_end = text_end;
            self.changes.len_after = after;
        }
        self
    }

    /// The edit at the current place: the last one if it ends there, else a new one.
    fn edit_here(&mut self) -> &mut Edit {
        let start = self.changes.len_before;
        let edits = &mut self.changes.edits;
        if edits.last().is_none_or(|last| last.end() < start) {
            let text_end = edits.last().map_or(0, |last| last.text_end);
            edits.push(Edit { start, deleted: 0, inserted: 0, text_end });
        }
        let last = edits.len() - 1;
        &mut edits[last]
    }

    fn grown(&mut self, length: usize, count: usize) -> Option<usize> {
        let sum = length.checked_add(count);
        self.too_long |= sum.is_none();
        sum
    }
}

impl Default for ChangeSetBuilder {
    fn default() -> Self {
        Self::new()
    }
}
