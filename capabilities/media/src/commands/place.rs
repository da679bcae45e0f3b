//! Putting a clip on a track.

use base::{DocumentId, Flicks, NodeId};
use document::{Key, Value};
use kernel::{CommandError, EditScope};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Editing;
use crate::{
    edit::{Form, Lane, NewTrack, Piece},
    kinds::{TrackContent, TrackProperties},
};

/// What becomes of what is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// What is there goes back.
    Insert,
    /// What is there is cut away.
    #[default]
    Overwrite,
}

/// A clip and where it goes.
#[derive(Clone, Debug)]
pub struct PlacedClip {
    /// The track; the lowest of its content that is not locked when absent, else a new one.
    pub track: Option<NodeId>,
    /// Whether it goes on a track of pictures or of sound.
    pub content: TrackContent,
    /// When it begins; at the end of the track when absent.
    pub start: Option<Flicks>,
    /// What becomes of what is there.
    pub mode: Mode,
    /// Whether, when inserting, the other tracks go back, too.
    pub all: bool,
    /// How long it lasts; at least one frame, or sample.
    pub duration: Flicks,
    /// Where it begins in what it plays.
    pub in_point: Flicks,
    /// How fast it plays.
    pub speed: f64,
    /// The name of the link to what is edited with it.
    pub link: Option<std::sync::Arc<str>>,
    /// Its other properties.
    pub properties: Vec<(Key, Value)>,
}

/// Where a clip has been put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The clip.
    pub node: NodeId,
    /// Its track.
    pub track: NodeId,
    /// When it begins.
    pub start: Flicks,
    /// How long it lasts.
    pub duration: Flicks,
}

/// Puts a clip on a track of a timeline. Start and duration go to the nearest frame on tracks of pictures, to the nearest
/// sample on tracks of sound.
///
/// # Errors
/// The document is no timeline; the track is none, is locked, or has other content; the start is below 0.
pub fn insert_clip(
    scope: &mut EditScope<'_>,
    document: DocumentId,
    placed: PlacedClip,
) -> Result<Placed, CommandError> {
    let mut editing = match placed.track {
        Some(track) => Editing::of_track(scope, document, track)?,
        None => Editing::of_home(scope, document, NodeId::ROOT)?,
    };
    let video = placed.content == TrackContent::Video;
    let home = editing.sequence.home;
    let wanted = |lane: &Lane| match placed.track {
        Some(track) => lane.node == track,
        None => lane.video == video && !lane.locked,
    };
    let found = editing.sequence.lanes.iter().position(wanted);
    let index = found.unwrap_or_else(|| {
        let list = TrackProperties::default().content(placed.content).list();
        let new = NewTrack { parent: home, over: None, properties: list };
        editing.sequence.lanes.push(Lane::new(scope.new_id(), new, video));
        editing.sequence.lanes.len() - 1
    });
    let clock = editing.clock;
    let unit = if video { clock.rate.frame() } else { clock.samples.frame() };
    let duration = clock.snapped(placed.duration, video).max(unit);
    let node = scope.new_id();
    let lane = editing.sequence.lanes.get_mut(index).ok_or_else(|| CommandError::no_node(home))?;
    if lane.video != video {
        let message = if lane.video { "it is a track of pictures" } else { "it is a track of sound" };
        return Err(CommandError::argument("track", message));
    }
    lane.check_unlocked()?;
    let start = placed.start.map_or(lane.end(), |start| clock.snapped(start, video));
    if start < Flicks::ZERO {
        return Err(CommandError::argument("start", "nothing can begin before the timeline does"));
    }
    let piece = Piece {
        in_point: placed.in_point,
        speed: placed.speed,
        link: placed.link,
        ..Piece::new(node, Form::Clip, duration, placed.properties)
    };
    match placed.mode {
        Mode::Insert => lane.insert(start, vec![piece], scope.ids()),
        Mode::Overwrite => lane.overwrite(start, vec![piece], scope.ids()),
    };
    let track = lane.node;
    if placed.all && placed.mode == Mode::Insert {
        editing.sequence.shift_others(start, duration, &[track], scope.ids())?;
    }
    editing.commit(scope)?;
    Ok(Placed { node, track, start, duration })
}
