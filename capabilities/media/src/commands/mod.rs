//! The commands of timelines.

mod arrange;
mod clip;
mod file;
mod inspect;
mod marker;
mod nest;
mod place;
mod sound;
mod speed;
mod track;
mod transition;
mod trim;

use std::{ops::Range, sync::Arc};

use base::{DocumentId, Flicks, NodeId};
use document::{Content, NodeRef, Tree};
use kernel::{CommandError, EditScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    Media,
    edit::{Form, Lane, Piece, Sequence},
    kinds,
    time::{Clock, Time},
};

pub use place::{Mode, Placed, PlacedClip, insert_clip};

pub(crate) fn register(registrar: &mut Registrar<'_>, media: &Arc<Media>) {
    track::register(registrar);
    clip::register(registrar, media);
    sound::register(registrar, media);
    trim::register(registrar);
    arrange::register(registrar);
    speed::register(registrar);
    nest::register(registrar);
    transition::register(registrar);
    marker::register(registrar);
    inspect::register(registrar);
}

/// The root of a timeline, as the default of arguments that name where tracks are.
fn root() -> NodeId {
    NodeId::ROOT
}

fn yes() -> bool {
    true
}

/// An end of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Edge {
    /// Where it begins.
    Start,
    /// Where it ends.
    End,
}

fn end() -> Edge {
    Edge::End
}

/// Checks that a document is a timeline.
fn timeline(content: &Content) -> Result<(&Tree, kinds::Timeline<'_>), CommandError> {
    let tree = content.tree();
    let root = tree.map(Tree::root).and_then(kinds::Timeline::read);
    tree.zip(root).ok_or_else(|| CommandError::argument("document", "a timeline is needed"))
}

/// Tracks that are being edited, and how their timeline counts time.
struct Editing {
    document: DocumentId,
    clock: Clock,
    sequence: Sequence,
}

impl Editing {
    /// Of the tracks below a node: the timeline itself, or a stack.
    fn of_home(scope: &mut EditScope<'_>, document: DocumentId, home: NodeId) -> Result<Self, CommandError> {
        let (tree, root) = timeline(scope.content(document)?)?;
        let clock = Clock::of(root);
        let node = tree.get(home).ok_or_else(|| CommandError::no_node(home))?;
        if ![kinds::Timeline::KIND, kinds::Stack::KIND].contains(&node.kind()) {
            return Err(CommandError::NotApplicable(format!(
                "node {home}, a {}, holds no tracks",
                node.kind()
            )));
        }
        Ok(Editing { document, clock, sequence: Sequence::read(node) })
    }

    /// Of the tracks that an item of a track is among.
    fn of_item(scope: &mut EditScope<'_>, document: DocumentId, item: NodeId) -> Result<Self, CommandError> {
        timeline(scope.content(document)?)?;
        let track = scope.node(document, item)?.parent();
        let home = track.filter(|track| track.kind() == kinds::Track::KIND).and_then(NodeRef::parent);
        let home = home.ok_or(crate::edit::EditError::NoItem(item))?.id();
        Editing::of_home(scope, document, home)
    }

    /// Of the tracks that a track is among.
    fn of_track(
        scope: &mut EditScope<'_>,
        document: DocumentId,
        track: NodeId,
    ) -> Result<Self, CommandError> {
        timeline(scope.content(document)?)?;
        let node = scope.node(document, track)?;
        let home = node.parent().filter(|_| node.kind() == kinds::Track::KIND).map(NodeRef::id);
        let home = home.ok_or_else(|| {
            CommandError::argument("track", format!("node {track} is a {}, not a track", node.kind()))
        })?;
        Editing::of_home(scope, document, home)
    }

    /// Writes what has changed.
    fn commit(mut self, scope: &mut EditScope<'_>) -> Result<(), CommandError> {
        self.sequence.tidy();
        let deltas = self.sequence.deltas(scope.tree(self.document)?);
        scope.push_all(self.document, deltas)
    }

    /// Writes what has changed, and tells of items as they are now.
    fn commit_and_tell(self, scope: &mut EditScope<'_>, items: &[NodeId]) -> Result<Json, CommandError> {
        let (document, clock, home) = (self.document, self.clock, self.sequence.home);
        self.commit(scope)?;
        let now = Sequence::read(scope.node(document, home)?);
        let told = items.iter().filter_map(|item| {
            let (lane, place) = now.find(*item).ok()?;
            let lane = now.lanes.get(lane)?;
            Some(told_item(&clock, lane, lane.pieces.get(place)?, lane.range(place)))
        });
        Ok(json!({ "items": told.collect::<Vec<_>>() }))
    }

    /// Whether one of these items is of pictures, so that cuts go to whole frames.
    fn has_video(&self, items: &[NodeId]) -> bool {
        let mut lanes = items.iter().filter_map(|item| self.sequence.find(*item).ok());
        lanes.any(|(lane, _)| self.sequence.lanes.get(lane).is_some_and(|lane| lane.video))
    }

    /// The range of an item in its track.
    fn range(&self, item: NodeId) -> Result<Range<Flicks>, CommandError> {
        let (lane, place) = self.sequence.find(item)?;
        let lane = self.sequence.lanes.get(lane).ok_or_else(|| CommandError::no_node(item))?;
        Ok(lane.range(place))
    }

    /// How far something is to go that is at `from` now: up to a time, or by some.
    fn distance(
        &self,
        from: Flicks,
        to: Option<&Time>,
        by: Option<&Time>,
        video: bool,
    ) -> Result<Flicks, CommandError> {
        match (to, by) {
            (Some(to), None) => Ok(self.clock.snapped(self.clock.position("to", to)?, video) - from),
            (None, Some(by)) => {
                let wanted = from + self.clock.length("by", by)?;
                Ok(self.clock.snapped(wanted, video) - from)
            }
            _ => Err(CommandError::argument("", "either 'to' or 'by' is needed")),
        }
    }
}

/// The nodes named, else those selected; at least one, and none twice.
fn named(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    named: &[NodeId],
) -> Result<Vec<NodeId>, CommandError> {
    let nodes = if named.is_empty() { scope.selection(document).to_vec() } else { named.to_vec() };
    if nodes.is_empty() {
        return Err(CommandError::NotApplicable("no clip is named and none is selected".into()));
    }
    let mut seen = std::collections::BTreeSet::new();
    Ok(nodes.into_iter().filter(|node| seen.insert(*node)).collect())
}

/// The items of the groups that these are in, each once.
fn groups(sequence: &Sequence, nodes: &[NodeId], linked: bool) -> Result<Vec<Vec<NodeId>>, CommandError> {
    let mut done = std::collections::BTreeSet::new();
    let mut out = Vec::new();
    for node in nodes {
        if done.contains(node) {
            continue;
        }
        let mut group = sequence.group(*node, linked)?;
        group.retain(|node| done.insert(*node));
        out.push(group);
    }
    Ok(out)
}

/// An item as results tell it.
fn told_item(clock: &Clock, lane: &Lane, piece: &Piece, range: Range<Flicks>) -> Json {
    let mut told = json!({
        "node": piece.node, "track": lane.node, "kind": shown_form(piece),
        "start": clock.told(range.start), "end": clock.told(range.end),
        "duration": clock.told_length(piece.duration),
    });
    if !piece.is_gap() {
        told["inPoint"] = clock.told_length(piece.in_point);
    }
    if piece.form == Form::Clip {
        told["speed"] = json!(piece.speed);
        told["link"] = json!(piece.link);
    }
    told
}

fn shown_form(piece: &Piece) -> &'static str {
    match piece.form {
        Form::Clip => "clip",
        Form::Gap => "gap",
        Form::Stack => "stack",
    }
}
