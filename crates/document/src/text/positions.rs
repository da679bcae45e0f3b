//! Where the positions of a text are after a change.

use super::change_set::{ChangeSet, Shift};

/// To which side a position keeps when text is inserted at it or the text around it is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Assoc {
    /// Stays before the new text.
    Before,
    /// Moves behind the new text.
    After,
}

impl ChangeSet {
    /// Where `position`, in characters of the old text, is in the new one.
    ///
    /// A position at the start of a replaced range or within it goes to the end of the new text that `assoc` says; one at
    /// the end of a replaced range stays behind the new text. A position past the end of the old text counts as its end.
    pub fn map_position(&self, position: usize, assoc: Assoc) -> usize {
        Mapper::new(self).map(position, assoc)
    }

    /// Where the positions are in the new text; see [`ChangeSet::map_position`].
    ///
    /// One pass over the change set when the positions are sorted; each one that is less than the one above it starts
    /// another pass.
    pub fn map_positions<'a>(
        &'a self,
        positions: impl IntoIterator<Item = (usize, Assoc)> + 'a,
    ) -> impl Iterator<Item = usize> + 'a {
        let mut mapper = Mapper::new(self);
        positions.into_iter().map(move |(position, assoc)| mapper.map(position, assoc))
    }
}

/// A walk over the edits of a change set.
struct Mapper<'a> {
    changes: &'a ChangeSet,
    passed: usize,
    shift: Shift,
    reached: usize,
}

impl<'a> Mapper<'a> {
    fn new(changes: &'a ChangeSet) -> Self {
        Mapper { changes, passed: 0, shift: Shift::default(), reached: 0 }
    }

    fn map(&mut self, position: usize, assoc: Assoc) -> usize {
        if position < self.reached {
            *self = Mapper::new(self.changes);
        }
        self.reached = position.min(self.changes.len_before);
        while let Some(edit) = self.changes.edits.get(self.passed) {
            if edit.start > self.reached {
                break;
            }
            let is_behind = edit.end() < self.reached || (edit.end() == self.reached && edit.deleted > 0);
            if !is_behind {
                let start = self.shift.of(edit.start);
                return if assoc == Assoc::Before { start } else { start + edit.inserted };
            }
            self.shift.pass(edit);
            self.passed += 1;
        }
        self.shift.of(self.reached)
    }
}
