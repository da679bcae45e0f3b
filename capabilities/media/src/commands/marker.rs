//! `media.marker.add`: a note at a time.

use base::{Color, DocumentId, Flicks, NodeId};
use kernel::{CommandError, EditScope, Place, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Editing, root, timeline};
use crate::{
    edit::EditError,
    kinds::{self, Marker, MarkerProperties},
    time::{Clock, Time},
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("media.marker.add", add);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Add {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// What is marked: the timeline itself, a track, a stack, a gap or a clip. A marker of a clip goes where that goes.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    node: NodeId,
    /// When, in the time of the tracks.
    at: Time,
    /// For how long.
    duration: Option<Time>,
    /// What people call it.
    name: Option<String>,
    /// What it says.
    comment: Option<String>,
    /// Its colour.
    #[schemars(with = "Option<String>")]
    color: Option<Color>,
}

fn add(scope: &mut EditScope<'_>, args: Add) -> Result<Json, CommandError> {
    let clock = Clock::of(timeline(scope.content(args.document)?)?.1);
    let at = clock.position("at", &args.at)?;
    let duration = args.duration.as_ref().map(|time| clock.length("duration", time)).transpose()?;
    if duration.is_some_and(|duration| duration < Flicks::ZERO) {
        return Err(CommandError::argument("duration", "it must not be below 0"));
    }
    let kind = scope.node(args.document, args.node)?.kind().to_owned();
    let time = match kind.as_str() {
        kinds::Timeline::KIND | kinds::Track::KIND => at,
        kinds::Clip::KIND | kinds::Gap::KIND | kinds::Stack::KIND => within(scope, &args, at)?,
        other => return Err(CommandError::argument("node", format!("a {other} cannot be marked"))),
    };
    let mut list = MarkerProperties::default()
        .name(args.name.as_deref().unwrap_or(""))
        .comment(args.comment.as_deref().unwrap_or(""))
        .time(time.0)
        .duration(duration.unwrap_or_default().0);
    if let Some(color) = args.color {
        list = list.color(color);
    }
    let node = scope.insert(args.document, args.node, Place::Last, Marker::KIND, list.list())?;
    Ok(json!({ "node": node }))
}

/// A time of the track in the own time of an item.
fn within(scope: &mut EditScope<'_>, args: &Add, at: Flicks) -> Result<Flicks, CommandError> {
    let editing = Editing::of_item(scope, args.document, args.node)?;
    let range = editing.range(args.node)?;
    if !(range.start <= at && at < range.end) {
        let clock = editing.clock;
        let (start, end) = (clock.told(range.start), clock.told(range.end));
        let message = format!("node {} lasts from {} to {}", args.node, start["timecode"], end["timecode"]);
        return Err(CommandError::argument("at", message));
    }
    let (lane, place) = editing.sequence.find(args.node)?;
    let piece = editing.sequence.piece(lane, place).ok_or(EditError::NoItem(args.node))?;
    Ok(match piece.speed < 0.0 {
        false => piece.in_point + piece.played(at - range.start),
        true => piece.in_point + piece.played(range.end - at),
    })
}
