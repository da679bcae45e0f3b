//! Transitions at cuts.

use base::{Color, DocumentId, Flicks, NodeId};
use document::Delta;
use kernel::{CommandError, EditScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Edge, Editing, end, named};
use crate::{
    edit::{Attached, EditError, Lane, Origin, Transition},
    kinds::{Transition as Kind, TransitionCurve, TransitionForm, TransitionProperties},
    time::Time,
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("media.transition.add", add);
    registrar.edit("media.transition.remove", remove);
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Form {
    /// The last is mixed with the next.
    #[default]
    Dissolve,
    /// The next is drawn over the last, behind an edge that moves.
    Wipe,
    /// The next pushes the last away.
    Push,
    /// The last goes into a colour, out of which the next comes.
    Dip,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Alignment {
    /// Half of it is before the cut.
    #[default]
    Center,
    /// It begins at the cut.
    Start,
    /// It ends at the cut.
    End,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Add {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The clip at the cut.
    #[schemars(with = "String")]
    clip: NodeId,
    /// At which of its ends the cut is.
    #[serde(default = "end")]
    edge: Edge,
    /// What it looks like.
    #[serde(default)]
    form: Form,
    /// How long it lasts.
    #[serde(default = "one_second")]
    duration: Time,
    /// Where it lies about the cut.
    #[serde(default)]
    alignment: Alignment,
    /// Where a wipe or push goes, in degrees: 0 to the right, 90 downwards.
    #[serde(default)]
    angle: f64,
    /// How wide the edge of a wipe is, as a part of the picture.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    softness: f64,
    /// What a dip goes through; black when absent.
    #[schemars(with = "Option<String>")]
    color: Option<Color>,
    /// Whether sound is mixed as equal sounds are. Otherwise it is mixed as different ones are.
    #[serde(default)]
    linear: bool,
    /// What people call it.
    name: Option<String>,
}

fn one_second() -> Time {
    Time::Seconds(1.0)
}

fn add(scope: &mut EditScope<'_>, args: Add) -> Result<Json, CommandError> {
    let mut editing = Editing::of_item(scope, args.document, args.clip)?;
    editing.sequence.check_unlocked(args.clip)?;
    let clock = editing.clock;
    let (lane, place) = editing.sequence.lane_of(args.clip)?;
    let duration = clock.snapped(clock.length("duration", &args.duration)?, lane.video);
    if duration <= Flicks::ZERO {
        return Err(CommandError::argument("duration", "it must be above 0"));
    }
    let before = match args.alignment {
        Alignment::Start => Flicks::ZERO,
        Alignment::Center => clock.snapped(duration.scaled(0.5), lane.video),
        Alignment::End => duration,
    };
    let right = if args.edge == Edge::Start { place } else { place + 1 };
    lane.clear_transitions(right);
    check(lane, right, args.clip, before, duration - before)?;
    let mut list = TransitionProperties::default()
        .name(args.name.as_deref().unwrap_or(""))
        .form(match args.form {
            Form::Dissolve => TransitionForm::Dissolve,
            Form::Wipe => TransitionForm::Wipe,
            Form::Push => TransitionForm::Push,
            Form::Dip => TransitionForm::Dip,
        })
        .angle(args.angle)
        .softness(args.softness)
        .curve(if args.linear { TransitionCurve::Linear } else { TransitionCurve::EqualPower });
    if let Some(color) = args.color {
        list = list.color(color);
    }
    let node = scope.new_id();
    let transition = Transition { node, origin: Origin::New(list.list()), before, after: duration - before };
    let cut = lane.start(right);
    let (start, end) = (clock.told(cut - before), clock.told(cut + duration - before));
    lane.before(right).insert(0, Attached::Transition(transition));
    editing.commit(scope)?;
    Ok(json!({ "node": node, "start": start, "end": end }))
}

/// That there is a cut before an item at which there are time and material for a transition.
fn check(lane: &Lane, right: usize, clip: NodeId, before: Flicks, after: Flicks) -> Result<(), EditError> {
    let left_place = right.checked_sub(1).ok_or(EditError::NoNeighbour { node: clip, side: "before" })?;
    let pair = lane.pieces.get(left_place).zip(lane.pieces.get(right));
    let (left, right_piece) = pair.ok_or(EditError::NoNeighbour { node: clip, side: "after" })?;
    // What other transitions leave of the two.
    let taken_left = lane.transition_before(left_place).map_or(Flicks::ZERO, |found| found.after);
    let taken_right = lane.transition_before(right + 1).map_or(Flicks::ZERO, |found| found.before);
    for (piece, side, wanted, taken) in
        [(left, "before", before, taken_left), (right_piece, "after", after, taken_right)]
    {
        let available = (piece.duration - taken).max(Flicks::ZERO);
        if wanted > available {
            return Err(EditError::Length { node: piece.node, side, wanted, available });
        }
    }
    for (piece, side, wanted, room) in [
        (left, "after", after, left.room_after()),
        (right_piece, "before", before, right_piece.room_before()),
    ] {
        if let Some(available) = room.filter(|room| wanted > *room) {
            return Err(EditError::Material { clip: piece.node, side, wanted, available });
        }
    }
    Ok(())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Remove {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The transitions; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    transitions: Vec<NodeId>,
}

fn remove(scope: &mut EditScope<'_>, args: Remove) -> Result<Json, CommandError> {
    for node in named(scope, args.document, &args.transitions)? {
        let reader = scope.node(args.document, node)?;
        if reader.kind() != Kind::KIND {
            let message = format!("node {node} is a {}, not a transition", reader.kind());
            return Err(CommandError::argument("transitions", message));
        }
        if let Some(track) =
            reader.parent().and_then(crate::kinds::Track::read).filter(|track| track.locked())
        {
            return Err(EditError::Locked(track.node().id()).into());
        }
        scope.push(args.document, Delta::Remove { node })?;
    }
    Ok(Json::Null)
}
