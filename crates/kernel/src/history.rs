//! The history of one document: which edits are in force, what can be undone and redone, and by whom.

use std::collections::HashMap;

use base::{ActorId, EventHash};
use document::Role;

use crate::ports::HistoryRow;

/// An edit that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Active {
    /// The edit.
    edit: usize,
    /// The event that put it into force: the edit itself, or a redo.
    application: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    row: HistoryRow,
    /// The entry that this one takes back: of an undo, the application; of a redo, the undo.
    inverts: Option<usize>,
    /// The edits in force afterwards, in the order of their application.
    active: imbl::Vector<Active>,
}

/// The history of one document, derived from its rows in the log.
#[derive(Clone, Debug, Default)]
pub struct History {
    entries: Vec<Entry>,
    index: HashMap<EventHash, usize>,
    /// Per actor the undos that can be redone, the next one last.
    redo: HashMap<ActorId, Vec<usize>>,
}

/// A step back or forth: the event to take back, and the events since that it must be fitted to.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The event whose inverses are to be applied.
    pub event: EventHash,
    /// Its place in the local order.
    pub ord: u64,
    /// What came after it and is still in force, in order, with whether another actor did it.
    pub since: Vec<(EventHash, bool)>,
}

impl History {
    /// Takes in the next row.
    pub fn push(&mut self, row: HistoryRow) {
        let at = self.entries.len();
        let mut active = self.entries.last().map(|entry| entry.active.clone()).unwrap_or_default();
        let target = |event: &EventHash| self.index.get(event).copied();
        let mut inverts = None;
        match &row.role {
            Role::Edit => {
                active.push_back(Active { edit: at, application: at });
                self.redo.remove(&row.actor);
            }
            Role::Undo(event) => {
                inverts = target(event);
                active.retain(|entry| Some(entry.application) != inverts);
                self.redo.entry(row.actor.clone()).or_default().push(at);
            }
            Role::Redo(event) => {
                inverts = target(event);
                if let Some(edit) = inverts.and_then(|undo| self.edit_of(undo)) {
                    active.push_back(Active { edit, application: at });
                }
                if let Some(stack) = self.redo.get_mut(&row.actor) {
                    stack.retain(|undo| Some(*undo) != inverts);
                }
            }
            Role::Checkout(event) => {
                active = event
                    .as_ref()
                    .and_then(target)
                    .map(|to| self.entries[to].active.clone())
                    .unwrap_or_default();
                self.redo.clear();
            }
        }
        self.index.insert(row.event, at);
        self.entries.push(Entry { row, inverts, active });
    }

    /// The edit that an undo took back, or that an edit or redo put into force.
    fn edit_of(&self, mut at: usize) -> Option<usize> {
        loop {
            match self.entries[at].inverts {
                None => return Some(at),
                Some(inverted) => at = inverted,
            }
        }
    }

    /// All rows, in order.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &HistoryRow> + ExactSizeIterator {
        self.entries.iter().map(|entry| &entry.row)
    }

    /// The row of an event.
    pub fn row(&self, event: EventHash) -> Option<&HistoryRow> {
        self.index.get(&event).map(|at| &self.entries[*at].row)
    }

    /// The edits in force, in the order of their application.
    pub fn active(&self) -> impl Iterator<Item = EventHash> + '_ {
        self.entries
            .last()
            .into_iter()
            .flat_map(|entry| entry.active.iter().map(|active| self.entries[active.edit].row.event))
    }

    /// What undoing by `actor` takes back next.
    pub fn undo(&self, actor: &ActorId) -> Option<Step> {
        let active = &self.entries.last()?.active;
        let next = active.iter().rev().find(|active| self.entries[active.edit].row.actor == *actor)?;
        Some(self.step(next.application, actor))
    }

    /// What redoing by `actor` takes back next: an undo.
    pub fn redo(&self, actor: &ActorId) -> Option<Step> {
        let undo = *self.redo.get(actor)?.last()?;
        Some(self.step(undo, actor))
    }

    fn step(&self, at: usize, actor: &ActorId) -> Step {
        let row = &self.entries[at].row;
        let since = self.since(at).into_iter().map(|i| {
            let other = &self.entries[i].row;
            (other.event, other.actor != *actor)
        });
        Step { event: row.event, ord: row.ord, since: since.collect() }
    }

    /// What came after an entry, without what was taken back again: the state now is the state after the entry with
    /// these applied. A check-out of a state after the entry leads on from there.
    fn since(&self, at: usize) -> Vec<usize> {
        let mut stack: imbl::Vector<usize> = imbl::Vector::new();
        let mut stacks = vec![stack.clone()];
        for (offset, entry) in self.entries[at + 1..].iter().enumerate() {
            let here = at + 1 + offset;
            let jump = match &entry.row.role {
                Role::Checkout(Some(event)) => self.index.get(event).and_then(|to| to.checked_sub(at)),
                _ => None,
            };
            if let Some(back) = jump.and_then(|to| stacks.get(to)) {
                stack = back.clone();
            } else if entry.inverts.is_some() && stack.last().copied() == entry.inverts {
                stack.pop_back();
            } else {
                stack.push_back(here);
            }
            stacks.push(stack.clone());
        }
        stack.into_iter().collect()
    }

    /// The place in the local order of the newest row.
    pub fn last_ord(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.row.ord)
    }

    /// The place of the newest edit by an actor.
    pub fn last_edit_ord(&self, actor: &ActorId) -> u64 {
        let edits = self.entries.iter().rev().filter(|entry| entry.row.role == Role::Edit);
        edits.map(|entry| &entry.row).find(|row| row.actor == *actor).map_or(0, |row| row.ord)
    }
}
