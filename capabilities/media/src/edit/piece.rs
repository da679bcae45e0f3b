//! One item of a track as it is edited: when it plays what.

use std::sync::Arc;

use base::{BlobHash, Flicks, NodeId};
use document::{Key, Value};

use super::lane::Attached;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A part of a file or document.
    Clip,
    /// Nothing.
    Gap,
    /// Tracks.
    Stack,
}

/// Where the node of an item comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// It is in the tree.
    There,
    /// It is to be a copy of this one.
    CopyOf(NodeId),
    /// It is to be made, with these properties beside those of the item.
    New(Vec<(Key, Value)>),
}

/// An item of a track.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its node.
    pub node: NodeId,
    /// Where the node comes from.
    pub origin: Origin,
    /// What it is.
    pub form: Form,
    /// How long it lasts.
    pub duration: Flicks,
    /// The earliest time that it plays of its file, document or tracks.
    pub in_point: Flicks,
    /// How fast it plays; backwards below 0, a still at 0.
    pub speed: f64,
    /// How long it fades in.
    pub fade_in: Flicks,
    /// How long it fades out.
    pub fade_out: Flicks,
    /// What it shares with the clips that are edited together with it.
    pub link: Option<Arc<str>>,
    /// Whether it must not be edited.
    pub locked: bool,
    /// From when to when there is material; none where it has no end.
    pub material: Option<(Flicks, Flicks)>,
    /// Items whose markers it is to have, each with by how much they are later. Itself stands for its own.
    pub adopted: Vec<(NodeId, Flicks)>,
    /// What stands behind it in its track, before the next item.
    pub after: Vec<Attached>,
}

impl Piece {
    /// A new item of nothing but its length.
    pub fn new(node: NodeId, form: Form, duration: Flicks, properties: Vec<(Key, Value)>) -> Self {
        Piece {
            node,
            origin: Origin::New(properties),
            form,
            duration,
            in_point: Flicks::ZERO,
            speed: 1.0,
            fade_in: Flicks::ZERO,
            fade_out: Flicks::ZERO,
            link: None,
            locked: false,
            material: None,
            adopted: Vec::new(),
            after: Vec::new(),
        }
    }

    /// A new gap.
    pub fn gap(node: NodeId, duration: Flicks) -> Self {
        Piece::new(node, Form::Gap, duration, Vec::new())
    }

    /// Whether it is a gap.
    pub fn is_gap(&self) -> bool {
        self.form == Form::Gap
    }

    /// How much of its source it plays in this time.
    pub fn played(&self, time: Flicks) -> Flicks {
        match self.speed.abs() {
            1.0 => time,
            speed => time.scaled(speed),
        }
    }

    /// When its source ends that it plays.
    pub fn out_point(&self) -> Flicks {
        self.in_point + self.played(self.duration)
    }

    /// How much earlier it could begin; none when that has no end.
    pub fn room_before(&self) -> Option<Flicks> {
        match self.speed < 0.0 {
            false => self.room_at_in_point(),
            true => self.room_at_out_point(),
        }
    }

    /// How much later it could end; none when that has no end.
    pub fn room_after(&self) -> Option<Flicks> {
        match self.speed < 0.0 {
            false => self.room_at_out_point(),
            true => self.room_at_in_point(),
        }
    }

    fn room_at_in_point(&self) -> Option<Flicks> {
        let (begin, _) = self.material.filter(|_| self.speed != 0.0)?;
        Some((self.in_point - begin).max(Flicks::ZERO).scaled(1.0 / self.speed.abs()))
    }

    fn room_at_out_point(&self) -> Option<Flicks> {
        let (_, end) = self.material.filter(|_| self.speed != 0.0)?;
        Some((end - self.out_point()).max(Flicks::ZERO).scaled(1.0 / self.speed.abs()))
    }

    /// Lets it begin so much later, or, below 0, earlier. Its end stays.
    pub fn trim_start(&mut self, by: Flicks) {
        if self.form != Form::Gap && self.speed > 0.0 {
            self.in_point = self.in_point + self.played(by);
        }
        self.duration = self.duration - by;
    }

    /// Lets it end so much later, or, below 0, earlier. Its beginning stays.
    pub fn trim_end(&mut self, by: Flicks) {
        if self.speed < 0.0 {
            self.in_point = self.in_point - self.played(by);
        }
        self.duration = self.duration + by;
    }

    /// Takes off what is behind a time, counted from its beginning, as an item of its own. Fades out and what stands behind go
    /// with it. `moment` is that time in the track.
    pub fn split_off(&mut self, at: Flicks, moment: Flicks, node: NodeId) -> Piece {
        let mut right = self.clone();
        let rest = self.duration - at;
        right.trim_start(at);
        self.trim_end(Flicks::ZERO - rest);
        right.node = node;
        right.origin = match &self.origin {
            Origin::There => Origin::CopyOf(self.node),
            other => other.clone(),
        };
        // What is cut at the same moment stays together.
        right.link = self.link.as_ref().map(|link| {
            let name = format!("{link} {}", moment.0);
            BlobHash::of(name.as_bytes()).to_string().chars().take(16).collect::<String>().into()
        });
        right.adopted.clear();
        right.fade_in = Flicks::ZERO;
        right.fade_out = right.fade_out.min(right.duration);
        self.fade_in = self.fade_in.min(self.duration);
        self.fade_out = Flicks::ZERO;
        self.after.clear();
        right
    }
}
