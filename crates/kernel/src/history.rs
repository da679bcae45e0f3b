//! The history of one document: which edits are in force, what can be undone and redone, and by whom.

use std::collections::HashMap;

use base::{ActorId, EventHash};
use document::Role;

use crate::{CommandError, ports::HistoryRow};

/// An edit that is in force: a link of a chain. Chains share their lower ends, so that each entry knows its own.
#[derive(Clone, Copy, Debug)]
struct Active {
    /// The edit.
    edit: usize,
    /// The event that put it into force: the edit itself, or a redo.
    application: usize,
    /// The link that was put into force before.
    below: Option<usize>,
}

#[derive(Clone, Debug)]
struct Entry {
    row: HistoryRow,
    /// The entry that this one takes back: of an undo, the application; of a redo, the undo.
    inverts: Option<usize>,
    /// The link of the edit that was put into force last of those in force afterwards.
    active: Option<usize>,
    /// The state afterwards, as the entry that first led to it; none is the state before all entries.
    state: Option<usize>,
    /// The state from which this entry led on, when it was the first to lead to its own.
    before: Option<usize>,
    /// The entry that made what this one is about.
    start: Option<usize>,
}

/// The history of one document, derived from its rows in the log.
#[derive(Clone, Debug, Default)]
pub struct History {
    entries: Vec<Entry>,
    links: Vec<Active>,
    index: HashMap<EventHash, usize>,
    /// Per actor the undos that can be redone, the next one last.
    redo: HashMap<ActorId, Vec<usize>>,
    /// Per actor the newest edit.
    edits: HashMap<ActorId, usize>,
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
        let mut active = self.entries.last().and_then(|entry| entry.active);
        let before = self.state_after(at.checked_sub(1));
        let mut state = Some(at);
        let mut start = self.entries.last().and_then(|entry| entry.start);
        let target = |event: &EventHash| self.index.get(event).copied();
        let mut inverts = None;
        match &row.role {
            Role::Edit => {
                active = Some(self.link(at, at, active));
                self.redo.remove(&row.actor);
                self.edits.insert(row.actor.clone(), at);
            }
            Role::Undo(event) => {
                inverts = target(event);
                active = self.without(active, inverts);
                self.redo.entry(row.actor.clone()).or_default().push(at);
            }
            Role::Redo(event) => {
                inverts = target(event);
                if let Some(edit) = inverts.and_then(|undo| self.edit_of(undo)) {
                    active = Some(self.link(edit, at, active));
                }
                if let Some(stack) = self.redo.get_mut(&row.actor)
                    && let Some(place) = stack.iter().rposition(|undo| Some(*undo) == inverts)
                {
                    stack.remove(place);
                }
            }
            Role::Checkout(event) => {
                let to = event.as_ref().and_then(target);
                active = to.and_then(|to| self.entries[to].active);
                start = to.and_then(|to| self.entries[to].start);
                state = self.state_after(to);
                self.redo.clear();
            }
            Role::Start => {
                active = None;
                start = Some(at);
                self.redo.clear();
            }
        }
        // Taking back what led here leads to where that came from.
        if let Some(inverted) = inverts.filter(|inverted| self.state_after(Some(*inverted)) == before) {
            state = self.state_after(inverted.checked_sub(1));
        }
        self.index.insert(row.event, at);
        self.entries.push(Entry { row, inverts, active, state, before, start });
    }

    /// The state after an entry, or before all of them.
    fn state_after(&self, at: Option<usize>) -> Option<usize> {
        at.and_then(|at| self.entries[at].state)
    }

    fn link(&mut self, edit: usize, application: usize, below: Option<usize>) -> usize {
        self.links.push(Active { edit, application, below });
        self.links.len() - 1
    }

    /// A chain, from its newest link down.
    fn chain(&self, top: Option<usize>) -> impl Iterator<Item = Active> + '_ {
        std::iter::successors(top, |at| self.links[*at].below).map(|at| self.links[at])
    }

    /// A chain without an application. Only the links above it are made anew.
    fn without(&mut self, top: Option<usize>, application: Option<usize>) -> Option<usize> {
        let above: Vec<Active> =
            self.chain(top).take_while(|link| Some(link.application) != application).collect();
        let Some(removed) = above.last().map_or(top, |lowest| lowest.below) else { return top };
        let mut below = self.links[removed].below;
        for link in above.into_iter().rev() {
            below = Some(self.link(link.edit, link.application, below));
        }
        below
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

    /// The event that made what the document is now; none when that is what it was before all events.
    pub fn start(&self) -> Option<EventHash> {
        let start = self.entries.last()?.start?;
        Some(self.entries[start].row.event)
    }

    /// The place of an event in the local order; that of the point before all events is 0.
    ///
    /// # Errors
    /// It is none of this document's.
    pub(crate) fn place(&self, event: Option<EventHash>) -> Result<u64, CommandError> {
        let Some(event) = event else { return Ok(0) };
        self.row(event).map(|row| row.ord).ok_or_else(|| CommandError::NotFound {
            what: "revision of this document",
            name: event.to_string(),
            nearest: None,
        })
    }

    /// The row of the edit that an event made, took back or brought back.
    pub fn edit(&self, event: EventHash) -> Option<&HistoryRow> {
        let edit = self.edit_of(*self.index.get(&event)?)?;
        Some(&self.entries[edit].row)
    }

    /// The edits in force, in the order of their application.
    pub fn active(&self) -> impl Iterator<Item = EventHash> + '_ {
        let links: Vec<Active> = self.chain(self.entries.last().and_then(|entry| entry.active)).collect();
        links.into_iter().rev().map(|link| self.entries[link.edit].row.event)
    }

    /// What undoing by `actor` takes back next.
    pub fn undo(&self, actor: &ActorId) -> Option<Step> {
        let mut active = self.chain(self.entries.last()?.active);
        let next = active.find(|link| self.entries[link.edit].row.actor == *actor)?;
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
    /// these applied.
    fn since(&self, at: usize) -> Vec<usize> {
        let target = self.entries[at].state;
        let mut since = Vec::new();
        let mut state = self.entries.last().and_then(|entry| entry.state);
        // States lead on to later ones only, so that the walk back is over once it is before the target.
        while let Some(here) = state.filter(|here| Some(*here) > target) {
            since.push(here);
            state = self.entries[here].before;
        }
        if state != target {
            return self.since_aside(at);
        }
        since.reverse();
        since
    }

    /// The same for a state that the present one does not descend from, such as that after an undo when others have gone
    /// back further since: all that came after the entry, but for what cancels out. A check-out of a state after the
    /// entry leads on from there.
    fn since_aside(&self, at: usize) -> Vec<usize> {
        let later = &self.entries[at + 1..];
        let goal = |entry: &Entry| match &entry.row.role {
            Role::Checkout(Some(event)) => self.index.get(event).copied().filter(|to| *to >= at),
            _ => None,
        };
        let mut kept: HashMap<usize, Vec<usize>> =
            later.iter().filter_map(goal).map(|to| (to, Vec::new())).collect();
        let mut stack: Vec<usize> = Vec::new();
        for (here, entry) in (at + 1..).zip(later) {
            if let Some(back) = goal(entry).and_then(|to| kept.get(&to)) {
                stack.clone_from(back);
            } else if entry.inverts.is_some() && stack.last().copied() == entry.inverts {
                stack.pop();
            } else {
                stack.push(here);
            }
            if let Some(copy) = kept.get_mut(&here) {
                copy.clone_from(&stack);
            }
        }
        stack
    }

    /// The place in the local order of the newest row.
    pub fn last_ord(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.row.ord)
    }

    /// The place of the newest edit by an actor.
    pub fn last_edit_ord(&self, actor: &ActorId) -> u64 {
        self.edits.get(actor).map_or(0, |at| self.entries[*at].row.ord)
    }
}

#[cfg(test)]
mod tests {
    use base::ReplicaId;

    use super::*;

    fn event(n: usize) -> EventHash {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&n.to_be_bytes());
        EventHash(hash)
    }

    /// A history whose events are named by their places, from steps such as `a`, an edit by that actor, `a-` and `a+`,
    /// its undo and redo, and `=3`, a check-out of that event.
    fn history(steps: &str) -> History {
        let mut history = History::default();
        for (at, step) in steps.split(' ').enumerate() {
            let actor = ActorId::from(&step[..1]);
            let role = match step.split_at(1) {
                ("=", to) => Role::Checkout(to.parse().ok().map(event)),
                ("!", _) => Role::Start,
                (_, "-") => Role::Undo(history.undo(&actor).unwrap().event),
                (_, "+") => Role::Redo(history.redo(&actor).unwrap().event),
                _ => Role::Edit,
            };
            let (replica, command) = (ReplicaId(1), "edit".into());
            history.push(HistoryRow {
                ord: at as u64 + 1,
                event: event(at),
                actor,
                replica,
                role,
                command,
                time: 0,
            });
        }
        history
    }

    fn places(events: impl Iterator<Item = EventHash>) -> Vec<usize> {
        events.map(|event| usize::from_be_bytes(event.0[..8].try_into().unwrap())).collect()
    }

    #[test]
    fn steps_are_fitted_to_what_is_in_force_since() {
        type Expected<'a> =
            (&'a str, &'a [usize], Option<(usize, &'a [usize])>, Option<(usize, &'a [usize])>);
        let cases: &[Expected<'_>] = &[
            ("a a a", &[0, 1, 2], Some((2, &[])), None),
            ("a a a a- a-", &[0], Some((0, &[])), Some((4, &[]))),
            ("a a a a- a- a+", &[0, 1], Some((5, &[])), Some((3, &[]))),
            ("a a a a- a- a+ a+ a-", &[0, 1], Some((5, &[])), Some((7, &[]))),
            ("a a a- a", &[0, 3], Some((3, &[])), None),
            ("a b a a-", &[0, 1], Some((0, &[1])), Some((3, &[]))),
            ("a b a-", &[1], None, Some((2, &[]))),
            ("a b a- b", &[1, 3], None, Some((2, &[3]))),
            // What b did and took back again is not there to be fitted to.
            ("a b b-", &[0], Some((0, &[])), None),
            ("b a b b- a-", &[0], None, Some((4, &[]))),
            // b's undo is not the newest state when a goes back further.
            ("a b a- b-", &[], None, Some((2, &[3]))),
            ("a a a =0", &[0], Some((0, &[])), None),
            ("a a a =0 a =2", &[0, 1, 2], Some((2, &[])), None),
            ("a a = a", &[3], Some((3, &[])), None),
            ("a a a- ! a", &[4], Some((4, &[])), None),
            ("a ! a =1", &[], None, None),
            ("a ! a =0", &[0], Some((0, &[])), None),
        ];
        for (steps, active, undo, redo) in cases {
            let history = history(steps);
            let actor = ActorId::from("a");
            let fitted = |step: Option<Step>| {
                step.map(|step| {
                    (places([step.event].into_iter())[0], places(step.since.iter().map(|(e, _)| *e)))
                })
            };
            let wanted = |step: &Option<(usize, &[usize])>| step.map(|(at, since)| (at, since.to_vec()));
            assert_eq!(places(history.active()), *active, "{steps}: in force");
            assert_eq!(fitted(history.undo(&actor)), wanted(undo), "{steps}: undo");
            assert_eq!(fitted(history.redo(&actor)), wanted(redo), "{steps}: redo");
        }
    }

    #[test]
    fn what_is_there_was_made_by_the_start_that_it_comes_from() {
        for (steps, start) in [
            ("a a-", None),
            ("a ! a", Some(1)),
            ("! a ! =0 a", Some(0)),
            ("a ! a =0", None),
            ("! a = a", None),
        ] {
            assert_eq!(history(steps).start(), start.map(event), "{steps}");
        }
    }

    #[test]
    fn a_state_aside_of_the_present_one_is_reached_by_what_came_after() {
        // a takes its edit back on top of b's undo; b's redo starts from a state that is no longer below.
        let history = history("a b b- a-");
        let step = history.redo(&ActorId::from("b")).unwrap();
        assert_eq!((places([step.event].into_iter()), step.since), (vec![2], vec![(event(3), true)]));
    }
}
