//! Change sets over each other: two in a row as one, and two of the same text made to follow each other.

use ropey::str_utils::char_to_byte_idx;

use super::{
    ChangeSetBuilder,
    change_set::{ChangeSet, ChangeSetError, Op},
};

/// Whose text comes first where two change sets insert at the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The text of the change set that is rebased.
    Left,
    /// The text of the change set that it is rebased over.
    Right,
}

impl Side {
    /// What the other change set takes when it is rebased in turn.
    pub fn opposite(self) -> Self {
        match self {
            Side::Left => Side::Right,
            Side::Right => Side::Left,
        }
    }
}

impl ChangeSet {
    /// The change set with the effect of this one and then `next`.
    ///
    /// # Errors
    /// [`ChangeSetError::LengthMismatch`] when `next` does not start from the length that this one makes.
    pub fn compose(&self, next: &ChangeSet) -> Result<ChangeSet, ChangeSetError> {
        next.check_before(self.len_after)?;
        let (mut first, mut second) = (Walk::new(self.ops()), Walk::new(next.ops()));
        let mut out = ChangeSetBuilder::new();
        loop {
            match (first.op, second.op) {
                (Some(Op::Delete(_)), _) => {
                    out.delete(first.left);
                    first.advance();
                }
                (_, Some(Op::Insert(text))) => {
                    out.insert_counted(text, second.left);
                    second.advance();
                }
                (Some(_), Some(_)) => {
                    let count = first.left.min(second.left);
                    match (first.take(count), second.take(count)) {
                        (Some(Op::Retain(_)), Some(Op::Retain(_))) => out.retain(count),
                        (Some(Op::Retain(_)), Some(Op::Delete(_))) => out.delete(count),
                        (Some(Op::Insert(text)), Some(Op::Retain(_))) => out.insert_counted(text, count),
                        _ => &mut out,
                    };
                }
                _ => return out.finish(),
            }
        }
    }

    /// The change set with this one's intent on the text that `over` makes; both start from the same text.
    ///
    /// What `over` has deleted already is not deleted again. The two orders meet (the property TP1 of operational
    /// transformation; Ressel, Nitsche-Ruhland and Gunzenhäuser, 1996): `over` and then `self.rebase(over, side)` has the
    /// effect of `self` and then `over.rebase(self, side.opposite())`.
    ///
    /// # Errors
    /// [`ChangeSetError::LengthMismatch`] when the two start from texts of different lengths, and
    /// [`ChangeSetError::TooLong`].
    pub fn rebase(&self, over: &ChangeSet, side: Side) -> Result<ChangeSet, ChangeSetError> {
        self.check_before(over.len_before)?;
        let (mut mine, mut theirs) = (Walk::new(self.ops()), Walk::new(over.ops()));
        let mut out = ChangeSetBuilder::new();
        loop {
            match (mine.op, theirs.op) {
                (Some(Op::Insert(text)), other)
                    if side == Side::Left || !matches!(other, Some(Op::Insert(_))) =>
                {
                    out.insert_counted(text, mine.left);
                    mine.advance();
                }
                (_, Some(Op::Insert(_))) => {
                    out.retain(theirs.left);
                    theirs.advance();
                }
                (Some(_), Some(_)) => {
                    let count = mine.left.min(theirs.left);
                    match (mine.take(count), theirs.take(count)) {
                        (Some(Op::Retain(_)), Some(Op::Retain(_))) => out.retain(count),
                        (Some(Op::Delete(_)), Some(Op::Retain(_))) => out.delete(count),
                        _ => &mut out,
                    };
                }
                _ => return out.finish(),
            }
        }
    }
}

/// A walk over the steps of a change set that can take a part of one.
struct Walk<'a, I> {
    ops: I,
    op: Option<Op<'a>>,
    /// The characters left in `op`.
    left: usize,
}

impl<'a, I: Iterator<Item = Op<'a>>> Walk<'a, I> {
    fn new(ops: I) -> Self {
        let mut walk = Walk { ops, op: None, left: 0 };
        walk.advance();
        walk
    }

    fn advance(&mut self) {
        self.op = self.ops.next();
        self.left = match self.op {
            Some(Op::Retain(count) | Op::Delete(count)) => count,
            Some(Op::Insert(text)) => text.chars().count(),
            None => 0,
        };
    }

    /// The next `count` characters, at most those left in the step.
    fn take(&mut self, count: usize) -> Option<Op<'a>> {
        let op = self.op;
        if count == self.left {
            self.advance();
            return op;
        }
        self.left -= count;
        if let Some(Op::Insert(text)) = op {
            let (head, rest) = text.split_at(char_to_byte_idx(text, count));
            self.op = Some(Op::Insert(rest));
            return Some(Op::Insert(head));
        }
        op
    }
}
