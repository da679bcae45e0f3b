//! Edits of tracks as editors know them: trims, rolls, slips, slides, splits.

use std::{collections::BTreeSet, ops::Range};

use base::{Flicks, IdSource, NodeId};

use super::{EditError, Lane, Origin, Piece, Sequence};

impl Sequence {
    /// The items that are edited with one: those of the same link, if `linked`. Itself comes first.
    ///
    /// # Errors
    /// The node is no item, or one of them is locked.
    pub fn group(&self, node: NodeId, linked: bool) -> Result<Vec<NodeId>, EditError> {
        let (lane, place) = self.find(node)?;
        let link = self.piece(lane, place).and_then(|piece| piece.link.clone()).filter(|_| linked);
        let mut group = vec![node];
        if let Some(link) = link {
            let pieces = self.lanes.iter().flat_map(|lane| &lane.pieces);
            let others = pieces.filter(|piece| piece.node != node && piece.link.as_ref() == Some(&link));
            group.extend(others.map(|piece| piece.node));
        }
        group.iter().try_for_each(|node| self.check_unlocked(*node))?;
        Ok(group)
    }

    /// That neither an item nor its track is locked.
    ///
    /// # Errors
    /// One of them is.
    pub fn check_unlocked(&self, node: NodeId) -> Result<(), EditError> {
        let (lane, place) = self.find(node)?;
        let lane = self.lanes.get(lane).ok_or(EditError::NoItem(node))?;
        lane.check_unlocked()?;
        match lane.pieces.get(place).is_some_and(|piece| piece.locked) {
            true => Err(EditError::Locked(node)),
            false => Ok(()),
        }
    }

    /// An item by its place.
    pub fn piece(&self, lane: usize, place: usize) -> Option<&Piece> {
        self.lanes.get(lane)?.pieces.get(place)
    }

    /// The track that an item is in, and its place there.
    ///
    /// # Errors
    /// The node is no item of these tracks.
    pub fn lane_of(&mut self, node: NodeId) -> Result<(&mut Lane, usize), EditError> {
        let (lane, place) = self.find(node)?;
        Ok((self.lanes.get_mut(lane).ok_or(EditError::NoItem(node))?, place))
    }

    /// Moves what is at and behind a time in the tracks that are not locked and not among `done`: back by making gaps, or
    /// forward by closing them.
    ///
    /// # Errors
    /// Something lies where a gap would be closed.
    pub fn shift_others(
        &mut self,
        at: Flicks,
        by: Flicks,
        done: &[NodeId],
        ids: &mut IdSource,
    ) -> Result<(), EditError> {
        for lane in self.lanes.iter_mut().filter(|lane| !lane.locked && !done.contains(&lane.node)) {
            if by > Flicks::ZERO && at < lane.end() {
                let gap = Piece::gap(ids.next_id(), by);
                lane.insert(at, vec![gap], ids);
            } else if by < Flicks::ZERO {
                lane.close(at..at - by, ids)?;
            }
        }
        Ok(())
    }

    /// Makes all tracks tidy. What is left of an item of which only a later part is left stays that item.
    pub fn tidy(&mut self) {
        let pieces = self.lanes.iter().flat_map(|lane| &lane.pieces);
        let there = pieces.filter(|piece| piece.origin == Origin::There);
        let mut there: BTreeSet<NodeId> = there.map(|piece| piece.node).collect();
        for piece in self.lanes.iter_mut().flat_map(|lane| &mut lane.pieces) {
            if let Origin::CopyOf(node) = piece.origin
                && there.insert(node)
            {
                (piece.node, piece.origin) = (node, Origin::There);
            }
        }
        self.lanes.iter_mut().for_each(Lane::tidy);
    }
}

impl Lane {
    /// That the track is not locked.
    ///
    /// # Errors
    /// It is.
    pub fn check_unlocked(&self) -> Result<(), EditError> {
        if self.locked { Err(EditError::Locked(self.node)) } else { Ok(()) }
    }

    fn piece(&self, place: usize) -> Result<&Piece, EditError> {
        self.pieces.get(place).ok_or(EditError::NoItem(self.node))
    }

    fn piece_mut(&mut self, place: usize) -> Result<&mut Piece, EditError> {
        self.pieces.get_mut(place).ok_or(EditError::NoItem(self.node))
    }

    /// Takes out a range in which nothing is.
    ///
    /// # Errors
    /// Something is there.
    pub fn close(&mut self, range: Range<Flicks>, ids: &mut IdSource) -> Result<(), EditError> {
        let range = range.start..range.end.min(self.end());
        if let Some(node) = self.occupied(range.clone()) {
            return Err(EditError::Occupied { track: self.node, node, from: range.start, to: range.end });
        }
        self.extract(range, ids);
        Ok(())
    }

    /// Lets an item begin so much later, or, below 0, earlier. With `ripple` it stays where it is and what is behind it moves;
    /// else a gap is left before it, or what is free there is taken.
    ///
    /// # Errors
    /// There is no room, no material, or nothing would be left.
    pub fn trim_start(
        &mut self,
        place: usize,
        by: Flicks,
        ripple: bool,
        ids: &mut IdSource,
    ) -> Result<(), EditError> {
        self.check_trim(place, by)?;
        let piece = self.piece(place)?;
        check_material(piece, "before", -by, piece.room_before())?;
        if !ripple {
            if by < Flicks::ZERO {
                self.take_free(place, "before", -by)?;
            }
            self.piece_mut(place)?.trim_start(by);
            if by > Flicks::ZERO {
                let gap = Piece::gap(ids.next_id(), by);
                self.pieces.insert(place, gap);
                self.clear_transitions(place);
                self.clear_transitions(place + 1);
            } else if by < Flicks::ZERO {
                self.drop_empty();
            }
        } else {
            self.piece_mut(place)?.trim_start(by);
        }
        Ok(())
    }

    /// Lets an item end so much later, or, below 0, earlier. With `ripple` what is behind it moves; else a gap is left behind
    /// it, or what is free there is taken.
    ///
    /// # Errors
    /// There is no room, no material, or nothing would be left.
    pub fn trim_end(
        &mut self,
        place: usize,
        by: Flicks,
        ripple: bool,
        ids: &mut IdSource,
    ) -> Result<(), EditError> {
        self.check_trim(place, -by)?;
        let piece = self.piece(place)?;
        check_material(piece, "after", by, piece.room_after())?;
        if !ripple && by > Flicks::ZERO {
            self.take_free(place, "after", by)?;
        }
        self.piece_mut(place)?.trim_end(by);
        if !ripple && by < Flicks::ZERO {
            let gap = Piece::gap(ids.next_id(), -by);
            let others = std::mem::take(&mut self.piece_mut(place)?.after);
            self.pieces.insert(place + 1, gap);
            let others = others.into_iter().filter(|attached| attached.transition().is_none());
            self.piece_mut(place + 1)?.after.extend(others);
        }
        self.drop_empty();
        Ok(())
    }

    fn check_trim(&self, place: usize, by: Flicks) -> Result<(), EditError> {
        let piece = self.piece(place)?;
        match by < piece.duration {
            true => Ok(()),
            false => Err(EditError::Nothing { node: piece.node, duration: piece.duration }),
        }
    }

    /// Shortens the gap beside an item.
    fn take_free(&mut self, place: usize, side: &'static str, wanted: Flicks) -> Result<(), EditError> {
        let node = self.piece(place)?.node;
        let neighbour = if side == "before" { place.checked_sub(1) } else { Some(place + 1) };
        let Some(neighbour) = neighbour.filter(|neighbour| *neighbour < self.pieces.len()) else {
            // Behind the last item there is room without end.
            return match side {
                "after" => Ok(()),
                _ => Err(EditError::Room { node, side, wanted, available: Flicks::ZERO }),
            };
        };
        let is_last = neighbour + 1 == self.pieces.len() && side == "after";
        let gap = self.piece_mut(neighbour)?;
        let available = if gap.is_gap() { gap.duration } else { Flicks::ZERO };
        if wanted > available && !(is_last && gap.is_gap()) {
            return Err(EditError::Room { node, side, wanted, available });
        }
        gap.duration = (gap.duration - wanted).max(Flicks::ZERO);
        Ok(())
    }

    /// Takes away gaps that have come to nothing.
    fn drop_empty(&mut self) {
        self.tidy();
    }

    /// Moves the cut before an item: what is before it ends later, or, below 0, earlier.
    ///
    /// # Errors
    /// There is nothing before it, no material, or nothing would be left of one.
    pub fn roll(&mut self, place: usize, by: Flicks) -> Result<(), EditError> {
        let right = self.piece(place)?;
        let node = right.node;
        let left_place = place.checked_sub(1).ok_or(EditError::NoNeighbour { node, side: "before" })?;
        let left = self.piece(left_place)?;
        if left.locked {
            return Err(EditError::Locked(left.node));
        }
        self.check_trim(place, by)?;
        self.check_trim(left_place, -by)?;
        check_material(right, "before", -by, right.room_before())?;
        check_material(left, "after", by, left.room_after())?;
        self.piece_mut(place)?.trim_start(by);
        self.piece_mut(left_place)?.trim_end(by);
        Ok(())
    }

    /// Lets an item play later, or, below 0, earlier material, in the time of its file. Where it is in the track stays.
    ///
    /// # Errors
    /// There is no material.
    pub fn slip(&mut self, place: usize, by: Flicks) -> Result<(), EditError> {
        let piece = self.piece_mut(place)?;
        if let Some((begin, end)) = piece.material {
            let (before, after) = (piece.in_point - begin, end - piece.out_point());
            let clip = piece.node;
            if by < Flicks::ZERO && -by > before.max(Flicks::ZERO) {
                return Err(EditError::Material { clip, side: "before", wanted: -by, available: before });
            }
            if by > Flicks::ZERO && by > after.max(Flicks::ZERO) {
                return Err(EditError::Material { clip, side: "after", wanted: by, available: after });
            }
        }
        piece.in_point = piece.in_point + by;
        Ok(())
    }

    /// Moves an item between its neighbours: the one before it ends, and the one behind it begins, so much later, or, below 0,
    /// earlier.
    ///
    /// # Errors
    /// There is no room, no material, or nothing would be left of a neighbour.
    pub fn slide(&mut self, place: usize, by: Flicks, ids: &mut IdSource) -> Result<(), EditError> {
        let mut place = place;
        let node = self.piece(place)?.node;
        if place == 0 {
            if by < Flicks::ZERO {
                return Err(EditError::BeforeStart { node, by: -by });
            }
            self.pieces.insert(0, Piece::gap(ids.next_id(), Flicks::ZERO));
            place = 1;
        }
        let left = self.piece(place - 1)?;
        if left.locked {
            return Err(EditError::Locked(left.node));
        }
        if !left.is_gap() || -by > left.duration {
            self.check_trim(place - 1, -by)?;
        }
        check_material(left, "after", by, left.room_after())?;
        if let Some(right) = self.pieces.get(place + 1) {
            if right.locked {
                return Err(EditError::Locked(right.node));
            }
            if !right.is_gap() || by > right.duration {
                self.check_trim(place + 1, by)?;
            }
            check_material(right, "before", -by, right.room_before())?;
            self.piece_mut(place + 1)?.trim_start(by);
        }
        self.piece_mut(place - 1)?.trim_end(by);
        self.drop_empty();
        Ok(())
    }

    /// Makes an item last so long, and moves what is behind it, or, without `ripple`, leaves a gap or takes what is free.
    ///
    /// # Errors
    /// There is no room.
    pub fn stretch(
        &mut self,
        place: usize,
        duration: Flicks,
        ripple: bool,
        ids: &mut IdSource,
    ) -> Result<(), EditError> {
        let by = duration - self.piece(place)?.duration;
        if !ripple && by > Flicks::ZERO {
            self.take_free(place, "after", by)?;
        }
        let piece = self.piece_mut(place)?;
        piece.duration = duration;
        (piece.fade_in, piece.fade_out) = (piece.fade_in.min(duration), piece.fade_out.min(duration));
        if !ripple && by < Flicks::ZERO {
            piece.after.retain(|attached| attached.transition().is_none());
            self.pieces.insert(place + 1, Piece::gap(ids.next_id(), -by));
        }
        self.drop_empty();
        Ok(())
    }
}

/// That there is enough material for so much more.
fn check_material(
    piece: &Piece,
    side: &'static str,
    wanted: Flicks,
    available: Option<Flicks>,
) -> Result<(), EditError> {
    match available {
        Some(available) if wanted > Flicks::ZERO && wanted > available => {
            Err(EditError::Material { clip: piece.node, side, wanted, available })
        }
        _ => Ok(()),
    }
}
