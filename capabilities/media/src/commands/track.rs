//! Tracks made, and put in another order; gaps closed.

use base::{DocumentId, NodeId};
use document::Delta;
use kernel::{CommandError, EditScope, Place, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Editing, root};
use crate::{
    kinds::{Track, TrackContent, TrackProperties},
    time::Time,
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("media.track.add", add);
    registrar.edit("media.track.move", relocate);
    registrar.edit("media.gap.close", close);
}

/// What is on a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Content {
    /// Pictures.
    #[default]
    Video,
    /// Sound.
    Audio,
}

impl From<Content> for TrackContent {
    fn from(content: Content) -> Self {
        match content {
            Content::Video => TrackContent::Video,
            Content::Audio => TrackContent::Audio,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Add {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// Where the track is made: the timeline itself, or a stack.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
    /// What is on it.
    #[serde(default)]
    content: Content,
    /// What people call it.
    name: Option<String>,
    /// How many tracks lie below it; above all others when absent.
    index: Option<usize>,
}

fn add(scope: &mut EditScope<'_>, args: Add) -> Result<Json, CommandError> {
    Editing::of_home(scope, args.document, args.parent)?;
    let place = place(scope, args.document, args.parent, args.index, None)?;
    let list =
        TrackProperties::default().content(args.content.into()).name(args.name.as_deref().unwrap_or(""));
    let node = scope.insert(args.document, args.parent, place, Track::KIND, list.list())?;
    Ok(json!({ "node": node }))
}

/// The place at which a track has so many others below it.
fn place(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    parent: NodeId,
    index: Option<usize>,
    moved: Option<NodeId>,
) -> Result<Place, CommandError> {
    let node = scope.node(document, parent)?;
    let siblings: Vec<NodeId> =
        node.children().map(|child| child.id()).filter(|id| Some(*id) != moved).collect();
    let tracks = node.children().filter(|child| child.kind() == Track::KIND && Some(child.id()) != moved);
    let above = index.and_then(|index| tracks.map(|track| track.id()).nth(index));
    let Some(above) = above else {
        return Ok(siblings.last().map_or(Place::First, |last| Place::After(*last)));
    };
    let before = siblings.iter().take_while(|sibling| **sibling != above).last();
    Ok(before.map_or(Place::First, |before| Place::After(*before)))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Move {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The track.
    #[schemars(with = "String")]
    track: NodeId,
    /// How many of the other tracks lie below it from now on.
    index: usize,
}

fn relocate(scope: &mut EditScope<'_>, args: Move) -> Result<Json, CommandError> {
    let parent = Editing::of_track(scope, args.document, args.track)?.sequence.home;
    let after = match place(scope, args.document, parent, Some(args.index), Some(args.track))? {
        Place::After(sibling) => Some(sibling),
        _ => None,
    };
    scope.push(args.document, Delta::Move { node: args.track, parent, after })?;
    Ok(Json::Null)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Close {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The track.
    #[schemars(with = "String")]
    track: NodeId,
    /// A time within the gap; all gaps of the track are closed when absent.
    at: Option<Time>,
}

fn close(scope: &mut EditScope<'_>, args: Close) -> Result<Json, CommandError> {
    let mut editing = Editing::of_track(scope, args.document, args.track)?;
    let at = args.at.as_ref().map(|at| editing.clock.position("at", at)).transpose()?;
    let lanes = &mut editing.sequence.lanes;
    let lane = lanes.iter_mut().find(|lane| lane.node == args.track);
    let lane = lane.ok_or_else(|| CommandError::no_node(args.track))?;
    lane.check_unlocked()?;
    let wanted = at.map(|at| lane.at(at));
    if let Some(place) = wanted
        && !place.and_then(|place| lane.pieces.get(place)).is_some_and(|piece| piece.is_gap())
    {
        return Err(CommandError::NotApplicable("there is no gap at that time".into()));
    }
    let mut closed = Vec::new();
    for place in (0..lane.pieces.len()).rev() {
        let is_gap = lane.pieces.get(place).is_some_and(|piece| piece.is_gap());
        if is_gap && wanted.is_none_or(|wanted| wanted == Some(place)) {
            closed.extend(lane.take(place..place + 1).into_iter().map(|piece| piece.duration));
        }
    }
    let told: Vec<Json> = closed.into_iter().rev().map(|length| editing.clock.told_length(length)).collect();
    editing.commit(scope)?;
    Ok(json!({ "closed": told }))
}
