//! Tracks that are edited together: read from a tree, and written as steps that make the tree say the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base::{Flicks, NodeId};
use document::{Delta, Key, NodeRef, Property, Tree, Value, keyframe};

use super::{
    EditError,
    lane::{Attached, Lane, NewTrack, Transition},
    piece::{Form, Origin, Piece},
};
use crate::kinds;

/// The tracks of a timeline, or of a stack.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// The node that they are below.
    pub home: NodeId,
    /// The tracks, the lowest first. Those of stacks within may follow.
    pub lanes: Vec<Lane>,
}

impl Sequence {
    /// The tracks below a node.
    pub fn read(home: NodeRef<'_>) -> Self {
        let tracks = home.children().filter_map(kinds::Track::read);
        Sequence { home: home.id(), lanes: tracks.map(Lane::read).collect() }
    }

    /// The place of a track, and in it of an item.
    ///
    /// # Errors
    /// The node is no item of these tracks.
    pub fn find(&self, node: NodeId) -> Result<(usize, usize), EditError> {
        let mut lanes = self.lanes.iter().enumerate();
        let found = lanes.find_map(|(lane, track)| Some((lane, track.find(node)?)));
        found.ok_or(EditError::NoItem(node))
    }

    /// The steps that make a tree say what these tracks say.
    pub fn deltas(&self, tree: &Tree) -> Vec<Delta> {
        let mut deltas = Vec::new();
        let kept: BTreeSet<NodeId> = self.lanes.iter().flat_map(Lane::order).collect();
        let mut topmost: BTreeMap<NodeId, NodeId> = BTreeMap::new();
        for lane in &self.lanes {
            if let Some(NewTrack { parent, over, properties }) = &lane.new {
                let last = || tree.node(*parent).and_then(|node| node.children.last().copied());
                let after = over.or_else(|| topmost.get(parent).copied()).or_else(last);
                deltas.push(insertion(lane.node, kinds::Track::KIND, *parent, after, properties.clone()));
                if over.is_none() {
                    topmost.insert(*parent, lane.node);
                }
            }
            lane.write(tree, &mut deltas);
        }
        self.move_markers(tree, &mut deltas);
        for lane in &self.lanes {
            let children = tree.node(lane.node).map(|node| node.children.clone()).unwrap_or_default();
            let gone = children.into_iter().filter(|child| !kept.contains(child));
            deltas.extend(gone.map(|node| Delta::Remove { node }));
        }
        deltas
    }

    /// Markers go with the part of a clip that they are in, and with gaps that are joined.
    fn move_markers(&self, tree: &Tree, deltas: &mut Vec<Delta>) {
        let pieces = || self.lanes.iter().flat_map(|lane| &lane.pieces);
        let mut copies: BTreeMap<NodeId, Vec<&Piece>> = BTreeMap::new();
        for piece in pieces() {
            if let Origin::CopyOf(node) = piece.origin {
                copies.entry(node).or_default().push(piece);
            }
        }
        let originals = pieces().filter(|piece| piece.origin == Origin::There);
        let mut firsts: BTreeMap<NodeId, &Piece> = originals.map(|piece| (piece.node, piece)).collect();
        for (node, copies) in &copies {
            let first = firsts.remove(node);
            for marker in markers(tree, *node) {
                let time = Flicks(marker.time());
                let covers = |piece: &&Piece| piece.in_point <= time && time < piece.out_point();
                let home = first.iter().copied().chain(copies.iter().copied()).find(covers);
                // A marker beside all of the clip stays with what is left of it.
                let home = home.or(first).or(copies.first().copied());
                if let Some(home) = home.filter(|home| home.node != *node) {
                    deltas.push(Delta::Move { node: marker.node().id(), parent: home.node, after: None });
                }
            }
        }
        for piece in pieces() {
            for (node, by) in &piece.adopted {
                for marker in markers(tree, *node) {
                    let id = marker.node().id();
                    if *node != piece.node {
                        deltas.push(Delta::Move { node: id, parent: piece.node, after: None });
                    }
                    let time = Flicks(marker.time()) + *by;
                    deltas.push(Delta::Set { node: id, key: "time".into(), value: Some(time.0.into()) });
                }
            }
        }
    }
}

fn markers(tree: &Tree, node: NodeId) -> Vec<kinds::Marker<'_>> {
    tree.get(node).into_iter().flat_map(NodeRef::children).filter_map(kinds::Marker::read).collect()
}

impl Lane {
    /// A track of a tree.
    pub fn read(track: kinds::Track<'_>) -> Self {
        let video = track.content() == kinds::TrackContent::Video;
        let mut lane = Lane {
            node: track.node().id(),
            new: None,
            video,
            locked: track.locked(),
            head: Vec::new(),
            pieces: Vec::new(),
            were: Vec::new(),
        };
        for child in track.node().children() {
            if let Some(piece) = Piece::read(child, video) {
                lane.were.push((piece.node, piece.duration));
                lane.pieces.push(piece);
                continue;
            }
            let attached = match kinds::Transition::read(child) {
                Some(found) => Attached::Transition(Transition {
                    node: child.id(),
                    origin: Origin::There,
                    before: Flicks(found.before().max(0)),
                    after: Flicks(found.after().max(0)),
                }),
                None => Attached::Other(child.id()),
            };
            lane.before(lane.pieces.len()).push(attached);
        }
        lane
    }

    /// All that stands in the track, in order.
    fn order(&self) -> impl Iterator<Item = NodeId> + '_ {
        let pieces = self.pieces.iter();
        let pieces = pieces.flat_map(|piece| std::iter::once(piece.node).chain(nodes(&piece.after)));
        nodes(&self.head).chain(pieces)
    }

    fn write(&self, tree: &Tree, deltas: &mut Vec<Delta>) {
        let there: BTreeMap<NodeId, usize> = match tree.node(self.node) {
            Some(node) => node.children.iter().enumerate().map(|(place, child)| (*child, place)).collect(),
            None => BTreeMap::new(),
        };
        let staying = staying(self.order().filter_map(|node| Some((node, *there.get(&node)?))));
        let mut after = None;
        let place = |node: NodeId, after: Option<NodeId>, deltas: &mut Vec<Delta>| {
            if !staying.contains(&node) {
                deltas.push(Delta::Move { node, parent: self.node, after });
            }
        };
        let attach = |attached: &Attached, after: &mut Option<NodeId>, deltas: &mut Vec<Delta>| {
            match attached.transition().map(|found| (found, &found.origin)) {
                Some((found, Origin::New(properties))) => {
                    let mut list = properties.clone();
                    list.extend(time("before", found.before));
                    list.extend(time("after", found.after));
                    deltas.push(insertion(found.node, kinds::Transition::KIND, self.node, *after, list));
                }
                _ => place(attached.node(), *after, deltas),
            }
            *after = Some(attached.node());
        };
        self.head.iter().for_each(|attached| attach(attached, &mut after, deltas));
        for piece in &self.pieces {
            match (&piece.origin, tree.get(piece.node)) {
                (Origin::There, Some(node)) => {
                    place(piece.node, after, deltas);
                    piece.write(node, self.video, deltas);
                }
                _ => piece.insert(tree, self.node, after, deltas),
            }
            after = Some(piece.node);
            piece.after.iter().for_each(|attached| attach(attached, &mut after, deltas));
        }
    }
}

fn nodes(attached: &[Attached]) -> impl Iterator<Item = NodeId> + '_ {
    attached.iter().map(Attached::node)
}

/// The most of these that are in their order already: a longest increasing subsequence of their places.
fn staying(nodes: impl Iterator<Item = (NodeId, usize)>) -> BTreeSet<NodeId> {
    let nodes: Vec<(NodeId, usize)> = nodes.collect();
    // For each length, where the sequence of it ends whose last place is least; for each node, the one before it.
    let (mut ends, mut before) = (Vec::<usize>::new(), vec![None; nodes.len()]);
    let place_of = |index: usize| nodes.get(index).map_or(0, |(_, place)| *place);
    for index in 0..nodes.len() {
        let length = ends.partition_point(|end| place_of(*end) < place_of(index));
        if let Some(slot) = before.get_mut(index) {
            *slot = length.checked_sub(1).and_then(|shorter| ends.get(shorter).copied());
        }
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let chain = std::iter::successors(ends.last().copied(), |index| before.get(*index).copied().flatten());
    chain.filter_map(|index| nodes.get(index).map(|(node, _)| *node)).collect()
}

/// A property of time, left out at 0.
fn time(name: &str, value: Flicks) -> Option<(Key, Value)> {
    (value != Flicks::ZERO).then(|| (name.into(), value.0.into()))
}

/// An insertion, its properties sorted.
fn insertion(
    node: NodeId,
    kind: &str,
    parent: NodeId,
    after: Option<NodeId>,
    properties: Vec<(Key, Value)>,
) -> Delta {
    let sorted: BTreeMap<Key, Value> = properties.into_iter().collect();
    Delta::Insert { node, kind: kind.into(), parent, after, properties: sorted.into_iter().collect() }
}

impl Piece {
    /// An item of a tree; none for other nodes.
    pub fn read(node: NodeRef<'_>, video: bool) -> Option<Self> {
        let (form, duration) = match node.kind() {
            kinds::Clip::KIND => (Form::Clip, kinds::Clip::read(node)?.duration()),
            kinds::Gap::KIND => (Form::Gap, kinds::Gap::read(node)?.duration()),
            kinds::Stack::KIND => (Form::Stack, kinds::Stack::read(node)?.duration()),
            _ => return None,
        };
        let plain = Piece::new(node.id(), form, Flicks(duration.max(0)), Vec::new());
        let plain = Piece { origin: Origin::There, ..plain };
        if let Some(stack) = kinds::Stack::read(node) {
            return Some(Piece { in_point: Flicks(stack.in_point()), ..plain });
        }
        let Some(clip) = kinds::Clip::read(node) else { return Some(plain) };
        Some(Piece {
            in_point: Flicks(clip.in_point()),
            speed: clip.speed(),
            fade_in: Flicks(clip.fade_in()),
            fade_out: Flicks(clip.fade_out()),
            link: Some(clip.link()).filter(|link| !link.is_empty()),
            locked: clip.locked(),
            material: material(clip, video),
            ..plain
        })
    }

    /// The properties that say when it plays what, for its kind; those at their defaults without a value.
    fn properties(&self) -> Vec<(&'static str, Option<Value>)> {
        let flicks = |time: Flicks| (time != Flicks::ZERO).then_some(Value::Integer(time.0));
        let mut list = vec![("duration", flicks(self.duration))];
        if self.form != Form::Gap {
            list.push(("inPoint", flicks(self.in_point)));
        }
        if self.form == Form::Clip {
            list.push(("speed", (self.speed != 1.0).then_some(Value::Number(self.speed))));
            list.push(("fadeIn", flicks(self.fade_in)));
            list.push(("fadeOut", flicks(self.fade_out)));
            list.push(("link", self.link.as_ref().map(|link| Value::String(link.clone()))));
        }
        list
    }

    fn kind(&self) -> &'static str {
        match self.form {
            Form::Clip => kinds::Clip::KIND,
            Form::Gap => kinds::Gap::KIND,
            Form::Stack => kinds::Stack::KIND,
        }
    }

    /// Sets what differs.
    fn write(&self, node: NodeRef<'_>, video: bool, deltas: &mut Vec<Delta>) {
        let Some(before) = Piece::read(node, video) else { return };
        for ((key, value), (_, was)) in self.properties().into_iter().zip(before.properties()) {
            if value != was {
                deltas.push(Delta::Set { node: self.node, key: key.into(), value });
            }
        }
    }

    /// Makes its node, as a copy with all that is below where it is one. Markers of copies are moved later.
    fn insert(&self, tree: &Tree, parent: NodeId, after: Option<NodeId>, deltas: &mut Vec<Delta>) {
        let source = match &self.origin {
            Origin::CopyOf(source) => tree.get(*source),
            _ => None,
        };
        let mut list: BTreeMap<Key, Value> = match &self.origin {
            Origin::New(properties) => properties.iter().cloned().collect(),
            _ => source.into_iter().flat_map(registers).collect(),
        };
        for (key, value) in self.properties() {
            match value {
                Some(value) => list.insert(key.into(), value),
                None => list.remove(key),
            };
        }
        deltas.push(insertion(self.node, self.kind(), parent, after, list.into_iter().collect()));
        if let Some(source) = source {
            copy_rest(self.node, source, deltas);
            let tracks = source.children().filter(|child| child.kind() != kinds::Marker::KIND);
            copy_below(self.node, tracks, deltas);
        }
    }
}

/// The properties that an insertion brings.
pub(crate) fn registers(node: NodeRef<'_>) -> Vec<(Key, Value)> {
    let register = |(key, property): (&Key, &Property)| match property {
        Property::Register(value) => Some((key.clone(), value.clone())),
        _ => None,
    };
    node.properties().filter_map(register).collect()
}

/// Copies the properties that an insertion does not bring: keyframes.
fn copy_rest(node: NodeId, source: NodeRef<'_>, deltas: &mut Vec<Delta>) {
    if let Some(Property::Map(frames)) = source.property(keyframe::PROPERTY) {
        deltas.extend(frames.iter().map(|(entry, value)| Delta::Put {
            node,
            key: keyframe::PROPERTY.into(),
            entry: entry.clone(),
            value: Some(value.clone()),
        }));
    }
}

/// Copies nodes with all that is below them. The ids of the copies follow from both.
fn copy_below<'a>(parent: NodeId, sources: impl Iterator<Item = NodeRef<'a>>, deltas: &mut Vec<Delta>) {
    let mut after = None;
    for source in sources {
        let mut ids = base::IdSource::new(format!("{parent} {}", source.id()).as_bytes());
        let node = ids.next_id();
        deltas.push(insertion(node, source.kind(), parent, after, registers(source)));
        copy_rest(node, source, deltas);
        copy_below(node, source.children(), deltas);
        after = Some(node);
    }
}

/// From when to when a clip's file has material; none for what has no end: documents, colours, stills, unknown files. Long
/// tracks are read at each edit, so that of the information, a `codecs::MediaInfo`, only this is looked at.
fn material(clip: kinds::Clip<'_>, video: bool) -> Option<(Flicks, Flicks)> {
    let info = clip.info().filter(|_| clip.document().is_none())?;
    let integer = |value: &Value, name: &str| entry(value, name).and_then(Value::as_integer);
    let range =
        |stream: &Value| Some((Flicks(integer(stream, "start")?), Flicks(integer(stream, "duration")?)));
    let wanted = clip.node().value("stream").and_then(|stream| stream.as_integer());
    let streams = match entry(&info, if video { "video" } else { "sound" }) {
        Some(Value::List(streams)) => &**streams,
        _ => &[],
    };
    let named = streams.iter().find(|stream| wanted.is_some() && integer(stream, "stream") == wanted);
    let (start, duration) = match named.or(streams.first()) {
        Some(stream) => range(stream)?,
        None => (Flicks::ZERO, Flicks(integer(&info, "duration")?)),
    };
    (duration > Flicks::ZERO).then_some((start, start + duration))
}

fn entry<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    if let Value::Map(map) = value { map.get(name) } else { None }
}

/// A name shared by clips that are edited together, made from an id.
pub fn link_name(id: NodeId) -> Arc<str> {
    id.to_string().chars().take(16).collect::<String>().into()
}
