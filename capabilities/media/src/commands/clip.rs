//! `media.clip.add`: a document, or a colour, on a track.

use base::{Color, DocumentId, Flicks, NodeId};
use document::Content;
use kernel::{CommandError, EditScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Editing, Mode, PlacedClip, insert_clip, track::Media};
use crate::{kinds::ClipProperties, model, time::Time};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("media.clip.add", add);
}

/// How long what does not move is shown when nothing is said of it.
const STILL: i64 = 5 * Flicks::SECOND;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Add {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The track; the lowest of the content that is not locked when absent, else a new one.
    #[schemars(with = "Option<String>")]
    track: Option<NodeId>,
    /// The document that the clip shows: a canvas, a scene, another timeline. Else the color is needed.
    #[schemars(with = "Option<String>")]
    source: Option<DocumentId>,
    /// The colour that the clip shows.
    #[schemars(with = "Option<String>")]
    color: Option<Color>,
    /// Whether it is seen or heard, where no track is named.
    #[serde(default)]
    content: Media,
    /// When it begins; at the end of the track when absent.
    start: Option<Time>,
    /// What becomes of what is there.
    #[serde(default)]
    mode: Mode,
    /// Whether, when inserting, all tracks that are not locked go back.
    #[serde(default)]
    all: bool,
    /// Where it begins in the document.
    #[serde(rename = "inPoint")]
    in_point: Option<Time>,
    /// How long it lasts; as long as the document moves, or 5 s, when absent.
    duration: Option<Time>,
    /// How fast it plays; backwards below 0.
    #[serde(default = "one")]
    #[schemars(range(min = -1000, max = 1000))]
    speed: f64,
    /// What people call it.
    name: Option<String>,
}

fn one() -> f64 {
    1.0
}

fn add(scope: &mut EditScope<'_>, args: Add) -> Result<Json, CommandError> {
    let editing = match args.track {
        Some(track) => Editing::of_track(scope, args.document, track)?,
        None => Editing::of_home(scope, args.document, NodeId::ROOT)?,
    };
    let clock = editing.clock;
    let of_track = args.track.and_then(|track| editing.sequence.lanes.iter().find(|lane| lane.node == track));
    let content = match of_track {
        Some(lane) => {
            if lane.video {
                Media::Video
            } else {
                Media::Audio
            }
        }
        None => args.content,
    };
    let list = ClipProperties::default().name(args.name.as_deref().unwrap_or(""));
    let (list, natural) = match (args.source, args.color) {
        (Some(source), None) if source == args.document => {
            return Err(CommandError::argument("source", "a timeline cannot show itself"));
        }
        (Some(source), None) => (list.document(source), length(scope.content(source)?)?),
        (None, Some(color)) => (list.color(color), Flicks::ZERO),
        _ => return Err(CommandError::argument("", "either 'source' or 'color' is needed")),
    };
    let in_point = args.in_point.as_ref().map(|time| clock.length("inPoint", time)).transpose()?;
    let in_point = in_point.unwrap_or_default();
    let rest = natural - in_point;
    let duration = match &args.duration {
        Some(duration) => clock.length("duration", duration)?,
        None if rest <= Flicks::ZERO || args.speed == 0.0 => Flicks(STILL),
        None => rest.scaled(1.0 / args.speed.abs()),
    };
    if duration <= Flicks::ZERO {
        return Err(CommandError::argument("duration", "it must be above 0"));
    }
    let placed = PlacedClip {
        track: args.track,
        content: content.into(),
        start: args.start.as_ref().map(|start| clock.position("start", start)).transpose()?,
        mode: args.mode,
        all: args.all,
        duration,
        in_point,
        speed: args.speed,
        link: None,
        properties: list.list(),
    };
    let placed = insert_clip(scope, args.document, placed)?;
    Ok(json!({
        "node": placed.node, "track": placed.track,
        "start": clock.told(placed.start), "duration": clock.told_length(placed.duration),
    }))
}

/// How long a document moves; 0 when it does not.
fn length(content: &Content) -> Result<Flicks, CommandError> {
    let limits = base::Limits::default();
    if let Some(timeline) = model::timeline(content, &limits) {
        let place = || "the source".to_owned();
        let (_, stack) = timeline.map_err(|limit| CommandError::Limit { place: place(), limit })?;
        return Ok(stack.duration);
    }
    let Some(tree) = content.tree() else {
        return Err(CommandError::argument("source", "a text cannot be shown"));
    };
    let ends = tree.root().descendants().map(|node| node.end());
    Ok(Flicks::from_seconds(ends.fold(tree.root().end(), f64::max)))
}
