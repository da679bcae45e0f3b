//! `media.clip.add`: a file, a document, or a colour, on a track.

use std::sync::Arc;

use base::{Color, DocumentId, Flicks, NodeId};
use document::Content as DocumentContent;
use kernel::{CommandError, EditScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Editing, Mode, PlacedClip, file, insert_clip, track::Content};
use crate::{Media, kinds::ClipProperties, model, time::Time};

pub(super) fn register(registrar: &mut Registrar<'_>, media: &Arc<Media>) {
    let media = media.clone();
    registrar.work("media.clip.add", move |scope, args: Add| match &args.path {
        Some(_) => file::add(media.clone(), scope, args),
        None => Ok(Box::new(move |_| Ok(Box::new(move |scope| scope.edit(|edit| add(edit, &args)))))),
    });
}

/// How long what does not move is shown when nothing is said of it.
pub(super) const STILL: Flicks = Flicks(5 * Flicks::SECOND);

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    /// The timeline.
    #[schemars(with = "String")]
    pub(super) document: DocumentId,
    /// The file that the clip plays; its pictures and its sound become linked clips. Else the source or the color is needed.
    pub(super) path: Option<String>,
    /// The track; the lowest of the content that is not locked when absent, else a new one.
    #[schemars(with = "Option<String>")]
    pub(super) track: Option<NodeId>,
    /// The document that the clip shows: a canvas, a scene, another timeline.
    #[schemars(with = "Option<String>")]
    pub(super) source: Option<DocumentId>,
    /// The colour that the clip shows.
    #[schemars(with = "Option<String>")]
    pub(super) color: Option<Color>,
    /// Whether it is seen or heard, where no track is named: of a file both when absent, of others it is seen.
    pub(super) content: Option<Content>,
    /// When it begins; at the end of the track when absent.
    pub(super) start: Option<Time>,
    /// What becomes of what is there.
    #[serde(default)]
    pub(super) mode: Mode,
    /// Whether, when inserting, all tracks that are not locked go back.
    #[serde(default)]
    pub(super) all: bool,
    /// Where it begins in the document.
    #[serde(rename = "inPoint")]
    pub(super) in_point: Option<Time>,
    /// How long it lasts; as long as the document moves, or 5 s, when absent.
    pub(super) duration: Option<Time>,
    /// How fast it plays; backwards below 0.
    #[serde(default = "one")]
    #[schemars(range(min = -1000, max = 1000))]
    pub(super) speed: f64,
    /// What people call it.
    pub(super) name: Option<String>,
}

fn one() -> f64 {
    1.0
}

fn add(scope: &mut EditScope<'_>, args: &Add) -> Result<Json, CommandError> {
    let editing = match args.track {
        Some(track) => Editing::of_track(scope, args.document, track)?,
        None => Editing::of_home(scope, args.document, NodeId::ROOT)?,
    };
    let clock = editing.clock;
    let of_track = args.track.and_then(|track| editing.sequence.lanes.iter().find(|lane| lane.node == track));
    let content = match of_track {
        Some(lane) => {
            if lane.video {
                Content::Video
            } else {
                Content::Audio
            }
        }
        None => args.content.unwrap_or_default(),
    };
    let list = ClipProperties::default().name(args.name.as_deref().unwrap_or(""));
    let (list, natural) = match (args.source, args.color) {
        (Some(source), None) if source == args.document => {
            return Err(CommandError::argument("source", "a timeline cannot show itself"));
        }
        (Some(source), None) => (list.document(source), length(scope.content(source)?)?),
        (None, Some(color)) => (list.color(color), Flicks::ZERO),
        _ => return Err(CommandError::argument("", "one of 'path', 'source' and 'color' is needed")),
    };
    let in_point = args.in_point.as_ref().map(|time| clock.length("inPoint", time)).transpose()?;
    let in_point = in_point.unwrap_or_default();
    let rest = natural - in_point;
    let duration = match &args.duration {
        Some(duration) => clock.length("duration", duration)?,
        None if rest <= Flicks::ZERO || args.speed == 0.0 => STILL,
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
fn length(content: &DocumentContent) -> Result<Flicks, CommandError> {
    let limits = base::Limits::default();
    if let Some(timeline) = model::timeline(content, &limits) {
        let place = || "the source".to_owned();
        let (_, stack) = timeline.map_err(|limit| CommandError::Limit { place: place(), limit })?;
        return Ok(stack.duration);
    }
    let Some(tree) = content.tree() else { return Ok(Flicks::ZERO) };
    let ends = tree.root().descendants().map(|node| node.end());
    Ok(Flicks::from_seconds(ends.fold(tree.root().end(), f64::max)))
}
