//! Clips split, removed and moved.

use base::{DocumentId, Flicks, NodeId};
use kernel::{CommandError, EditScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Editing, Mode, groups, named, root, yes};
use crate::{
    edit::{EditError, Origin, Piece},
    time::Time,
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("media.clip.split", split);
    registrar.edit("media.clip.remove", remove);
    registrar.edit("media.clip.move", relocate);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Split {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// When the cut is.
    at: Time,
    /// The clips and stacks that are cut; what is there on every track that is not locked when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    clips: Vec<NodeId>,
    /// Where the tracks are when no clip is named: the timeline itself, or a stack.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
    /// Whether the clips that are linked to those named are cut, too.
    #[serde(default = "yes")]
    linked: bool,
}

fn split(scope: &mut EditScope<'_>, args: Split) -> Result<Json, CommandError> {
    let mut editing = match args.clips.first() {
        Some(clip) => Editing::of_item(scope, args.document, *clip)?,
        None => Editing::of_home(scope, args.document, args.parent)?,
    };
    let at = editing.clock.position("at", &args.at)?;
    let sequence = &editing.sequence;
    let wanted: Vec<NodeId> = match args.clips.is_empty() {
        false => groups(sequence, &args.clips, args.linked)?.into_iter().flatten().collect(),
        true => {
            let open = sequence.lanes.iter().filter(|lane| !lane.locked);
            let there = open.filter_map(|lane| lane.pieces.get(lane.at(at)?));
            there.filter(|piece| !piece.is_gap() && !piece.locked).map(|piece| piece.node).collect()
        }
    };
    let at = editing.clock.snapped(at, editing.has_video(&wanted));
    let mut made = Vec::new();
    for node in wanted {
        let (lane, place) = editing.sequence.lane_of(node)?;
        let range = lane.range(place);
        if !(range.start < at && at < range.end) {
            continue;
        }
        if let Some((transition, lasts)) = lane.under_way(at) {
            return Err(EditError::Transition { transition, from: lasts.start, to: lasts.end }.into());
        }
        lane.split(at, scope.ids());
        if let Some(right) = lane.pieces.get(place + 1) {
            made.push(json!({ "left": node, "right": right.node }));
        }
    }
    if made.is_empty() {
        return Err(CommandError::NotApplicable("nothing that can be cut is there at that time".into()));
    }
    let at = editing.clock.told(at);
    editing.commit(scope)?;
    Ok(json!({ "at": at, "clips": made }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Remove {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The clips, stacks and gaps; those selected when absent.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    clips: Vec<NodeId>,
    /// Whether what is behind them comes forward. Otherwise gaps are left.
    #[serde(default)]
    ripple: bool,
    /// Whether, when it ripples, all tracks that are not locked do. Nothing may be there on them.
    #[serde(default)]
    all: bool,
    /// Whether the clips that are linked to them are removed, too.
    #[serde(default = "yes")]
    linked: bool,
}

fn remove(scope: &mut EditScope<'_>, args: Remove) -> Result<Json, CommandError> {
    let clips = named(scope, args.document, &args.clips)?;
    let first = clips.first().copied().unwrap_or(NodeId::ROOT);
    let mut editing = Editing::of_item(scope, args.document, first)?;
    for group in groups(&editing.sequence, &clips, args.linked)? {
        let mut done = Vec::new();
        let mut range = None;
        for node in group {
            let (lane, place) = editing.sequence.lane_of(node)?;
            range.get_or_insert_with(|| lane.range(place));
            done.push(lane.node);
            let taken = lane.take(place..place + 1);
            if !args.ripple {
                let duration = taken.iter().map(|piece| piece.duration).sum();
                lane.pieces.insert(place, Piece::gap(scope.new_id(), duration));
            }
        }
        if let Some(range) = range.filter(|_| args.ripple && args.all) {
            editing.sequence.shift_others(range.start, range.start - range.end, &done, scope.ids())?;
        }
    }
    editing.commit(scope)?;
    Ok(Json::Null)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Move {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The clip or stack.
    #[schemars(with = "String")]
    clip: NodeId,
    /// The track that it goes to; it stays on its own when absent.
    #[schemars(with = "Option<String>")]
    track: Option<NodeId>,
    /// When it begins in the end; it stays when it is when absent.
    start: Option<Time>,
    /// What becomes of what is there.
    #[serde(default)]
    mode: Mode,
    /// Whether what is behind its old place comes forward before it is put in. Otherwise a gap is left.
    #[serde(default)]
    close: bool,
    /// Whether the clips that are linked to it move by as much, each on its own track.
    #[serde(default = "yes")]
    linked: bool,
}

fn relocate(scope: &mut EditScope<'_>, args: Move) -> Result<Json, CommandError> {
    let mut editing = Editing::of_item(scope, args.document, args.clip)?;
    let group = editing.sequence.group(args.clip, args.linked)?;
    let from = editing.range(args.clip)?.start;
    let to = match &args.start {
        Some(start) => {
            let to = editing.clock.position("start", start)?;
            editing.clock.snapped(to, editing.has_video(&group))
        }
        None => from,
    };
    let by = to - from;
    let mut taken: Vec<(NodeId, Piece, Flicks)> = Vec::new();
    for node in &group {
        let (lane, place) = editing.sequence.lane_of(*node)?;
        let start = lane.start(place) + by;
        if start < Flicks::ZERO {
            return Err(EditError::BeforeStart { node: *node, by: Flicks::ZERO - start }.into());
        }
        let home = args.track.filter(|_| *node == args.clip).unwrap_or(lane.node);
        taken.extend(lane.pieces.get(place).map(|piece| (home, piece.clone(), start)));
    }
    for node in &group {
        let (lane, place) = editing.sequence.lane_of(*node)?;
        let gone = lane.take(place..place + 1);
        if !args.close {
            let duration = gone.iter().map(|piece| piece.duration).sum();
            lane.pieces.insert(place, Piece::gap(scope.new_id(), duration));
        }
        lane.tidy();
    }
    let videos: Vec<(NodeId, bool)> =
        editing.sequence.lanes.iter().map(|lane| (lane.node, lane.video)).collect();
    let is_video = |track: NodeId| videos.iter().find(|(node, _)| *node == track).map(|(_, video)| *video);
    let own = track_of(scope, args.document, args.clip)?;
    for (track, mut piece, start) in taken {
        let there = is_video(track).ok_or_else(|| {
            CommandError::argument("track", format!("track {track} is not beside that of the clip"))
        })?;
        if args.track == Some(track) && piece.node == args.clip && Some(there) != is_video(own) {
            return Err(CommandError::argument("track", "pictures and sound go on tracks of their own"));
        }
        let lane = editing.sequence.lanes.iter_mut().find(|lane| lane.node == track);
        let lane = lane.ok_or_else(|| CommandError::no_node(track))?;
        lane.check_unlocked()?;
        piece.origin = Origin::There;
        piece.after.clear();
        match args.mode {
            Mode::Insert => lane.insert(start, vec![piece], scope.ids()),
            Mode::Overwrite => lane.overwrite(start, vec![piece], scope.ids()),
        };
    }
    editing.commit_and_tell(scope, &group)
}

/// The track that an item is in.
fn track_of(scope: &mut EditScope<'_>, document: DocumentId, item: NodeId) -> Result<NodeId, CommandError> {
    let parent = scope.node(document, item)?.parent();
    Ok(parent.map_or(NodeId::ROOT, |track| track.id()))
}
