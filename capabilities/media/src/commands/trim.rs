//! Edges and cuts moved: trim, roll, slip, slide.

use base::{DocumentId, Flicks, NodeId};
use kernel::{CommandError, EditScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Edge, Editing, groups, named, yes};
use crate::{edit::EditError, time::Time};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("media.clip.trim", trim);
    registrar.edit("media.clip.roll", roll);
    registrar.edit("media.clip.slip", slip);
    registrar.edit("media.clip.slide", slide);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Trim {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The clip, stack or gap.
    #[schemars(with = "String")]
    clip: NodeId,
    /// Which end moves.
    edge: Edge,
    /// When that end is from now on; else `by` is needed.
    to: Option<Time>,
    /// How much later that end is; earlier below 0.
    by: Option<Time>,
    /// Whether what is behind it moves. Otherwise a gap is left, or what is free is taken.
    #[serde(default)]
    ripple: bool,
    /// Whether, when it ripples, all tracks that are not locked do.
    #[serde(default)]
    all: bool,
    /// Whether the clips that are linked to it are trimmed with it.
    #[serde(default = "yes")]
    linked: bool,
}

fn trim(scope: &mut EditScope<'_>, args: Trim) -> Result<Json, CommandError> {
    let mut editing = Editing::of_item(scope, args.document, args.clip)?;
    let group = editing.sequence.group(args.clip, args.linked)?;
    let video = editing.has_video(&group);
    let range = editing.range(args.clip)?;
    let from = if args.edge == Edge::Start { range.start } else { range.end };
    let by = editing.distance(from, args.to.as_ref(), args.by.as_ref(), video)?;
    let mut lanes = Vec::new();
    for node in &group {
        let (lane, place) = editing.sequence.lane_of(*node)?;
        lanes.push(lane.node);
        match args.edge {
            Edge::Start => lane.trim_start(place, by, args.ripple, scope.ids())?,
            Edge::End => lane.trim_end(place, by, args.ripple, scope.ids())?,
        }
    }
    if args.ripple && args.all {
        // What is behind comes later by this much, from then on.
        let (at, later) = match args.edge {
            Edge::Start => (from, -by),
            Edge::End => (from + by.min(Flicks::ZERO), by),
        };
        editing.sequence.shift_others(at, later, &lanes, scope.ids())?;
    }
    editing.commit_and_tell(scope, &group)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Roll {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The clip at the cut.
    #[schemars(with = "String")]
    clip: NodeId,
    /// At which of its ends the cut is.
    #[serde(default = "start")]
    edge: Edge,
    /// When the cut is from now on; else `by` is needed.
    to: Option<Time>,
    /// How much later the cut is; earlier below 0.
    by: Option<Time>,
    /// Whether the cuts of the clips that are linked to it move, too.
    #[serde(default = "yes")]
    linked: bool,
}

fn start() -> Edge {
    Edge::Start
}

fn roll(scope: &mut EditScope<'_>, args: Roll) -> Result<Json, CommandError> {
    let mut editing = Editing::of_item(scope, args.document, args.clip)?;
    let group = editing.sequence.group(args.clip, args.linked)?;
    let video = editing.has_video(&group);
    let range = editing.range(args.clip)?;
    let from = if args.edge == Edge::Start { range.start } else { range.end };
    let by = editing.distance(from, args.to.as_ref(), args.by.as_ref(), video)?;
    let mut touched = Vec::new();
    for node in &group {
        let (lane, place) = editing.sequence.lane_of(*node)?;
        let right = if args.edge == Edge::Start { place } else { place + 1 };
        if let Some(piece) = lane.pieces.get(right).filter(|piece| piece.locked) {
            return Err(EditError::Locked(piece.node).into());
        }
        if right >= lane.pieces.len() {
            return Err(EditError::NoNeighbour { node: *node, side: "after" }.into());
        }
        lane.roll(right, by)?;
        touched.extend(lane.pieces.iter().skip(right.saturating_sub(1)).take(2).map(|piece| piece.node));
    }
    editing.commit_and_tell(scope, &touched)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Slip {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The clips; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    clips: Vec<NodeId>,
    /// How much later the material is that they play, in its own time; earlier below 0.
    by: Time,
    /// Whether the clips that are linked to them slip with them.
    #[serde(default = "yes")]
    linked: bool,
}

fn slip(scope: &mut EditScope<'_>, args: Slip) -> Result<Json, CommandError> {
    let clips = named(scope, args.document, &args.clips)?;
    let first = clips.first().copied().unwrap_or(NodeId::ROOT);
    let mut editing = Editing::of_item(scope, args.document, first)?;
    let by = editing.clock.length("by", &args.by)?;
    let group: Vec<NodeId> = groups(&editing.sequence, &clips, args.linked)?.into_iter().flatten().collect();
    for node in &group {
        let (lane, place) = editing.sequence.lane_of(*node)?;
        lane.slip(place, by)?;
    }
    editing.commit_and_tell(scope, &group)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Slide {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The clip.
    #[schemars(with = "String")]
    clip: NodeId,
    /// When it begins from now on; else `by` is needed.
    to: Option<Time>,
    /// How much later it is; earlier below 0.
    by: Option<Time>,
    /// Whether the clips that are linked to it slide with it.
    #[serde(default = "yes")]
    linked: bool,
}

fn slide(scope: &mut EditScope<'_>, args: Slide) -> Result<Json, CommandError> {
    let mut editing = Editing::of_item(scope, args.document, args.clip)?;
    let group = editing.sequence.group(args.clip, args.linked)?;
    let video = editing.has_video(&group);
    let from = editing.range(args.clip)?.start;
    let by = editing.distance(from, args.to.as_ref(), args.by.as_ref(), video)?;
    for node in &group {
        let (lane, place) = editing.sequence.lane_of(*node)?;
        lane.slide(place, by, scope.ids())?;
    }
    editing.commit_and_tell(scope, &group)
}
