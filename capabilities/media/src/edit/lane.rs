//! A track as it is edited: its items in order, with what stands between them.

use std::ops::Range;

use base::{Flicks, IdSource, NodeId};
use document::{Key, Value};

use super::piece::{Origin, Piece};

/// What stands in a track and takes no time of its own.
#[derive(Clone, Debug, PartialEq)]
pub enum Attached {
    /// A transition at the cut.
    Transition(Transition),
    /// A marker, or what another program has put there.
    Other(NodeId),
}

/// How an item becomes the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// Its node.
    pub node: NodeId,
    /// Where the node comes from.
    pub origin: Origin,
    /// How long it lasts before the cut.
    pub before: Flicks,
    /// How long it lasts after the cut.
    pub after: Flicks,
}

impl Attached {
    /// Its node.
    pub fn node(&self) -> NodeId {
        match self {
            Attached::Transition(transition) => transition.node,
            Attached::Other(node) => *node,
        }
    }

    /// The transition that it is.
    pub fn transition(&self) -> Option<&Transition> {
        match self {
            Attached::Transition(transition) => Some(transition),
            Attached::Other(_) => None,
        }
    }
}

/// Where a track is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTrack {
    /// The node above it.
    pub parent: NodeId,
    /// The track below it; the topmost when absent.
    pub over: Option<NodeId>,
    /// Its properties.
    pub properties: Vec<(Key, Value)>,
}

/// A track.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// Its node.
    pub node: NodeId,
    /// Where it is to be made, if it is.
    pub new: Option<NewTrack>,
    /// Whether it has pictures; otherwise it has sound.
    pub video: bool,
    /// Whether it must not be edited.
    pub locked: bool,
    /// What stands before the first item.
    pub head: Vec<Attached>,
    /// The items, one after the other.
    pub pieces: Vec<Piece>,
    /// The items as they were, each with its length.
    pub(super) were: Vec<(NodeId, Flicks)>,
}

impl Lane {
    /// A track that is to be made.
    pub fn new(node: NodeId, new: NewTrack, video: bool) -> Self {
        Lane {
            node,
            new: Some(new),
            video,
            locked: false,
            head: Vec::new(),
            pieces: Vec::new(),
            were: Vec::new(),
        }
    }

    /// When an item begins; the end of the track where there is none.
    pub fn start(&self, place: usize) -> Flicks {
        self.pieces.iter().take(place).map(|piece| piece.duration).sum()
    }

    /// When it is over.
    pub fn end(&self) -> Flicks {
        self.start(self.pieces.len())
    }

    /// From when to when each item lasts.
    pub fn ranges(&self) -> impl Iterator<Item = Range<Flicks>> + '_ {
        let mut end = Flicks::ZERO;
        self.pieces.iter().map(move |piece| {
            let start = end;
            end = end + piece.duration;
            start..end
        })
    }

    /// From when to when an item lasts.
    pub fn range(&self, place: usize) -> Range<Flicks> {
        let start = self.start(place);
        start..start + self.pieces.get(place).map_or(Flicks::ZERO, |piece| piece.duration)
    }

    /// The place of an item.
    pub fn find(&self, node: NodeId) -> Option<usize> {
        self.pieces.iter().position(|piece| piece.node == node)
    }

    /// The item that is there at a time.
    pub fn at(&self, time: Flicks) -> Option<usize> {
        let mut end = Flicks::ZERO;
        self.pieces.iter().position(|piece| {
            let start = end;
            end = end + piece.duration;
            start <= time && time < end
        })
    }

    /// The first thing other than a gap within a range.
    pub fn occupied(&self, range: Range<Flicks>) -> Option<NodeId> {
        let mut end = Flicks::ZERO;
        let found = self.pieces.iter().find(|piece| {
            let start = end;
            end = end + piece.duration;
            !piece.is_gap() && start < range.end && range.start < end
        });
        found.map(|piece| piece.node)
    }

    /// What stands before an item.
    pub fn before(&mut self, place: usize) -> &mut Vec<Attached> {
        match place.checked_sub(1).and_then(|before| self.pieces.get_mut(before)) {
            Some(piece) => &mut piece.after,
            None => &mut self.head,
        }
    }

    /// The transition at the cut before an item.
    pub fn transition_before(&self, place: usize) -> Option<&Transition> {
        let attached = match place.checked_sub(1) {
            Some(before) => &self.pieces.get(before)?.after,
            None => return None,
        };
        attached.iter().find_map(Attached::transition)
    }

    /// The transition that is under way at a time within an item, with its range.
    pub fn under_way(&self, time: Flicks) -> Option<(NodeId, Range<Flicks>)> {
        let place = self.at(time)?;
        let range = self.range(place);
        let cuts = [(place, range.start), (place + 1, range.end)];
        cuts.into_iter().find_map(|(place, cut)| {
            let transition = self.transition_before(place).filter(|_| place < self.pieces.len())?;
            let lasts = cut - transition.before..cut + transition.after;
            (lasts.start < time && time < lasts.end).then_some((transition.node, lasts))
        })
    }

    /// Takes away the transitions at the cut before an item.
    pub fn clear_transitions(&mut self, place: usize) {
        self.before(place).retain(|attached| attached.transition().is_none());
    }

    /// Makes a cut at a time, with a gap up to it where the track is shorter. Gives the place of the item behind the cut.
    /// Transitions that reach over it go.
    pub fn split(&mut self, at: Flicks, ids: &mut IdSource) -> usize {
        let mut start = Flicks::ZERO;
        for place in 0..self.pieces.len() {
            if at <= start {
                return place;
            }
            let end = start + self.pieces.get(place).map_or(Flicks::ZERO, |piece| piece.duration);
            if at < end {
                self.cut(place, at - start, at, ids);
                return place + 1;
            }
            start = end;
        }
        if at > start {
            self.pieces.push(Piece::gap(ids.next_id(), at - start));
        }
        self.pieces.len()
    }

    fn cut(&mut self, place: usize, offset: Flicks, at: Flicks, ids: &mut IdSource) {
        self.before(place).retain(|attached| attached.transition().is_none_or(|found| found.after <= offset));
        let Some(piece) = self.pieces.get_mut(place) else { return };
        let rest = piece.duration - offset;
        piece.after.retain(|attached| attached.transition().is_none_or(|found| found.before <= rest));
        let right = piece.split_off(offset, at, ids.next_id());
        self.pieces.insert(place + 1, right);
    }

    /// Takes out what is in a range; what is behind it comes forward.
    pub fn extract(&mut self, range: Range<Flicks>, ids: &mut IdSource) -> Vec<Piece> {
        if range.is_empty() {
            return Vec::new();
        }
        let from = self.split(range.start, ids);
        let to = self.split(range.end, ids);
        self.take(from..to)
    }

    /// Takes out the items of these places; what is behind them comes forward.
    pub fn take(&mut self, places: Range<usize>) -> Vec<Piece> {
        if places.is_empty() || places.end > self.pieces.len() {
            return Vec::new();
        }
        let from = places.start;
        let mut taken: Vec<Piece> = self.pieces.drain(places).collect();
        self.clear_transitions(from);
        let others = taken.iter_mut().flat_map(|piece| std::mem::take(&mut piece.after));
        let others: Vec<Attached> = others.filter(|attached| attached.transition().is_none()).collect();
        self.before(from).extend(others);
        taken
    }

    /// Takes out a range with the transitions within it; what is behind it comes forward.
    pub fn detach(&mut self, range: Range<Flicks>, ids: &mut IdSource) -> Vec<Piece> {
        let from = self.split(range.start, ids);
        let to = self.split(range.end, ids);
        let mut inner: Vec<Vec<Attached>> = self
            .pieces
            .get_mut(from..to)
            .into_iter()
            .flatten()
            .map(|piece| std::mem::take(&mut piece.after))
            .collect();
        if let Some(last) = inner.pop() {
            self.pieces.get_mut(to - 1).into_iter().for_each(|piece| piece.after.clone_from(&last));
        }
        let mut taken = self.take(from..to);
        for (piece, after) in taken.iter_mut().zip(inner) {
            piece.after = after;
        }
        taken
    }

    /// Leaves nothing in a range.
    pub fn lift(&mut self, range: Range<Flicks>, ids: &mut IdSource) -> Vec<Piece> {
        let range = range.start..range.end.min(self.end());
        if range.is_empty() {
            return Vec::new();
        }
        let (start, duration) = (range.start, range.end - range.start);
        let taken = self.extract(range, ids);
        let gap = Piece::gap(ids.next_id(), duration);
        self.insert(start, vec![gap], ids);
        taken
    }

    /// Puts items in at a time; what is behind it goes back. Gives the place of the first.
    pub fn insert(&mut self, at: Flicks, pieces: Vec<Piece>, ids: &mut IdSource) -> usize {
        let place = self.split(at, ids);
        self.clear_transitions(place);
        self.pieces.splice(place..place, pieces);
        place
    }

    /// Puts items in at a time, in the place of what is there.
    pub fn overwrite(&mut self, at: Flicks, pieces: Vec<Piece>, ids: &mut IdSource) -> usize {
        let duration: Flicks = pieces.iter().map(|piece| piece.duration).sum();
        self.extract(at..at + duration, ids);
        self.insert(at, pieces, ids)
    }

    /// Joins gaps that have come to lie side by side, and takes away those without length and at the end. What was there before
    /// stays.
    pub fn tidy(&mut self) {
        let mut place = 0;
        while let Some(piece) = self.pieces.get(place) {
            if piece.is_gap()
                && piece.duration <= Flicks::ZERO
                && !self.were.contains(&(piece.node, piece.duration))
            {
                self.drop_gap(place);
            } else if self.is_joint(place) {
                self.join_gaps(place - 1);
            } else {
                place += 1;
            }
        }
        while let Some(last) = self.pieces.last()
            && last.is_gap()
            && self.were.last().is_none_or(|(node, _)| *node != last.node)
        {
            self.drop_gap(self.pieces.len() - 1);
        }
    }

    fn drop_gap(&mut self, place: usize) {
        if place < self.pieces.len() {
            let gap = self.pieces.remove(place);
            let others = gap.after.into_iter().filter(|attached| attached.transition().is_none());
            self.before(place).extend(others);
        }
    }

    /// Whether two gaps meet before an item that did not meet before.
    fn is_joint(&self, place: usize) -> bool {
        let Some(before) = place.checked_sub(1).and_then(|before| self.pieces.get(before)) else {
            return false;
        };
        let Some(piece) = self.pieces.get(place) else { return false };
        let met = || {
            self.were
                .windows(2)
                .any(|pair| matches!(pair, [(a, _), (b, _)] if *a == before.node && *b == piece.node))
        };
        before.is_gap() && piece.is_gap() && !met()
    }

    fn join_gaps(&mut self, place: usize) {
        if place + 1 >= self.pieces.len() {
            return;
        }
        let second = self.pieces.remove(place + 1);
        let Some(first) = self.pieces.get_mut(place) else { return };
        let shift = first.duration;
        let shifted = second.adopted.iter().map(|(node, by)| (*node, *by + shift));
        let mut adopted: Vec<(NodeId, Flicks)> = shifted.collect();
        if second.origin == Origin::There && second.adopted.iter().all(|(node, _)| *node != second.node) {
            adopted.push((second.node, shift));
        }
        if first.origin != Origin::There && second.origin == Origin::There {
            (first.node, first.origin) = (second.node, Origin::There);
        }
        first.adopted.extend(adopted);
        first.duration = first.duration + second.duration;
        first.after.extend(second.after.into_iter().filter(|attached| attached.transition().is_none()));
    }
}
