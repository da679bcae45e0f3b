//! How fast clips play.

use base::{DocumentId, Flicks, NodeId};
use kernel::{CommandError, EditScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Editing, groups, named, yes};
use crate::{
    edit::{EditError, Form, Piece},
    time::Clock,
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("media.clip.speed", speed);
    registrar.edit("media.clip.reverse", reverse);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Speed {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The clips; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    clips: Vec<NodeId>,
    /// How fast they play from now on: 2 is twice as fast, −1 backwards, 0 a still.
    #[schemars(range(min = -1000, max = 1000))]
    factor: f64,
    /// Whether they last as long as before, and play more or less of their material. Otherwise they play the same of it.
    #[serde(rename = "keepDuration", default)]
    keep_duration: bool,
    /// Whether what is behind them moves when they last longer or shorter. Otherwise a gap is left, or what is free is taken.
    #[serde(default = "yes")]
    ripple: bool,
    /// Whether the clips that are linked to them change with them.
    #[serde(default = "yes")]
    linked: bool,
}

fn speed(scope: &mut EditScope<'_>, args: Speed) -> Result<Json, CommandError> {
    if !args.factor.is_finite() || args.factor.abs() > 1000.0 {
        return Err(CommandError::argument("factor", "it must be from -1000 to 1000"));
    }
    let (mut editing, group) = clips(scope, args.document, &args.clips, args.linked)?;
    let snaps_to_frames = editing.has_video(&group);
    let clock = editing.clock;
    for node in &group {
        let (lane, place) = editing.sequence.lane_of(*node)?;
        let Some(piece) = lane.pieces.get_mut(place) else { continue };
        let played = piece.played(piece.duration);
        let keeps = args.keep_duration || args.factor == 0.0 || piece.speed == 0.0;
        piece.speed = args.factor;
        let duration = if keeps { piece.duration } else { lasting(piece, played, &clock, snaps_to_frames)? };
        if keeps {
            check(piece)?;
        }
        lane.stretch(place, duration, args.ripple, scope.ids())?;
    }
    editing.commit_and_tell(scope, &group)
}

/// How long a clip lasts that plays so much: whole frames or samples, and no more than there is.
fn lasting(piece: &Piece, played: Flicks, clock: &Clock, video: bool) -> Result<Flicks, CommandError> {
    let exact = played.scaled(1.0 / piece.speed.abs());
    let unit = if video { clock.rate.frame() } else { clock.samples.frame() };
    let nearest = clock.snapped(exact, video).max(unit);
    let longest = piece.material.map(|(_, end)| (end - piece.in_point).scaled(1.0 / piece.speed.abs()));
    let duration = if longest.is_some_and(|longest| nearest > longest) { nearest - unit } else { nearest };
    match duration > Flicks::ZERO {
        true => Ok(duration),
        false => Err(EditError::Nothing { node: piece.node, duration: exact }.into()),
    }
}

/// That there is material for all that a clip plays.
fn check(piece: &Piece) -> Result<(), CommandError> {
    let Some((_, end)) = piece.material.filter(|_| piece.speed != 0.0) else { return Ok(()) };
    let available = (end - piece.in_point).max(Flicks::ZERO).scaled(1.0 / piece.speed.abs());
    match piece.out_point() <= end {
        true => Ok(()),
        false => {
            let (clip, wanted) = (piece.node, piece.duration);
            Err(EditError::Material { clip, side: "after", wanted, available }.into())
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Reverse {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The clips; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    clips: Vec<NodeId>,
    /// Whether the clips that are linked to them are reversed, too.
    #[serde(default = "yes")]
    linked: bool,
}

fn reverse(scope: &mut EditScope<'_>, args: Reverse) -> Result<Json, CommandError> {
    let (mut editing, group) = clips(scope, args.document, &args.clips, args.linked)?;
    for node in &group {
        let (lane, place) = editing.sequence.lane_of(*node)?;
        if let Some(piece) = lane.pieces.get_mut(place) {
            piece.speed = if piece.speed == 0.0 { 0.0 } else { -piece.speed };
        }
    }
    editing.commit_and_tell(scope, &group)
}

/// The clips named or selected, with those linked to them.
fn clips(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    wanted: &[NodeId],
    linked: bool,
) -> Result<(Editing, Vec<NodeId>), CommandError> {
    let clips = named(scope, document, wanted)?;
    let first = clips.first().copied().unwrap_or(NodeId::ROOT);
    let editing = Editing::of_item(scope, document, first)?;
    let group: Vec<NodeId> = groups(&editing.sequence, &clips, linked)?.into_iter().flatten().collect();
    for node in &group {
        let (lane, place) = editing.sequence.find(*node)?;
        if editing.sequence.piece(lane, place).is_none_or(|piece| piece.form != Form::Clip) {
            return Err(CommandError::argument("clips", format!("node {node} is no clip")));
        }
    }
    Ok((editing, group))
}
