//! Clips put into stacks, and taken out of them.

use std::collections::BTreeSet;

use base::{DocumentId, NodeId};
use kernel::{CommandError, EditScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Editing, groups, named, yes};
use crate::{
    edit::{EditError, Form, Lane, NewTrack, Piece, Sequence, registers},
    kinds::{StackProperties, TrackContent, TrackProperties},
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.edit("media.clip.nest", nest);
    registrar.edit("media.clip.unnest", unnest);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nest {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The clips and stacks; those selected when absent. Nothing else may lie between them on their tracks.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    clips: Vec<NodeId>,
    /// What people call the stack.
    name: Option<String>,
    /// Whether the clips that are linked to them go with them.
    #[serde(default = "yes")]
    linked: bool,
}

fn nest(scope: &mut EditScope<'_>, args: Nest) -> Result<Json, CommandError> {
    let clips = named(scope, args.document, &args.clips)?;
    let first = clips.first().copied().unwrap_or(NodeId::ROOT);
    let mut editing = Editing::of_item(scope, args.document, first)?;
    let group: Vec<NodeId> = groups(&editing.sequence, &clips, args.linked)?.into_iter().flatten().collect();
    let mut inner = Vec::new();
    let mut made = Vec::new();
    // Pictures and sound come into stacks of their own, each on the lowest track concerned.
    let (pictures, sounds): (Vec<NodeId>, Vec<NodeId>) =
        group.iter().partition(|node| editing.has_video(&[**node]));
    for (video, own) in [(true, pictures), (false, sounds)] {
        let ranges = own.iter().map(|node| editing.range(*node)).collect::<Result<Vec<_>, _>>()?;
        let start = ranges.iter().map(|range| range.start).min().unwrap_or_default();
        let end = ranges.iter().map(|range| range.end).max().unwrap_or_default();
        let mut stack: Option<NodeId> = None;
        for lane in editing.sequence.lanes.iter_mut().filter(|lane| lane.video == video) {
            if !lane.pieces.iter().any(|piece| group.contains(&piece.node)) {
                continue;
            }
            let pieces = lane.detach(start..end, scope.ids());
            if let Some(other) = pieces.iter().find(|piece| !piece.is_gap() && !group.contains(&piece.node)) {
                return Err(
                    EditError::Occupied { track: lane.node, node: other.node, from: start, to: end }.into()
                );
            }
            let home = match stack {
                Some(home) => {
                    let gap = Piece::gap(scope.new_id(), end - start);
                    lane.insert(start, vec![gap], scope.ids());
                    home
                }
                None => {
                    let home = scope.new_id();
                    let list = StackProperties::default().name(args.name.as_deref().unwrap_or("")).list();
                    let piece = Piece::new(home, Form::Stack, end - start, list);
                    lane.insert(start, vec![piece], scope.ids());
                    made.push(home);
                    stack = Some(home);
                    home
                }
            };
            let content = if video { TrackContent::Video } else { TrackContent::Audio };
            let properties = TrackProperties::default().content(content).list();
            let new = NewTrack { parent: home, over: None, properties };
            let mut track = Lane::new(scope.new_id(), new, video);
            track.pieces = pieces;
            inner.push(track);
        }
    }
    editing.sequence.lanes.extend(inner);
    editing.commit(scope)?;
    Ok(json!({ "nodes": made }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Unnest {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// The stack. Its lowest track goes where it is, the others go on new tracks. What the stack itself does to pictures and
    /// sound goes with it.
    #[schemars(with = "String")]
    stack: NodeId,
}

fn unnest(scope: &mut EditScope<'_>, args: Unnest) -> Result<Json, CommandError> {
    let mut editing = Editing::of_item(scope, args.document, args.stack)?;
    editing.sequence.check_unlocked(args.stack)?;
    let (lane, place) = editing.sequence.find(args.stack)?;
    let stack = editing.sequence.piece(lane, place).cloned().ok_or(EditError::NoItem(args.stack))?;
    if stack.form != Form::Stack {
        return Err(CommandError::argument("stack", format!("node {} is no stack", args.stack)));
    }
    let node = scope.node(args.document, args.stack)?;
    let inner = Sequence::read(node);
    let below: Vec<_> =
        inner.lanes.iter().map(|lane| node.find(lane.node).map(registers).unwrap_or_default()).collect();
    let home = editing.sequence.home;
    let Some(outer) = editing.sequence.lanes.get_mut(lane) else { return Ok(Json::Null) };
    let (start, video, mut over) = (outer.start(place), outer.video, outer.node);
    outer.take(place..place + 1);
    let mut own: Option<Vec<Piece>> = None;
    let mut added = Vec::new();
    let inside: BTreeSet<NodeId> =
        inner.lanes.iter().flat_map(|lane| &lane.pieces).map(|piece| piece.node).collect();
    for (mut track, properties) in inner.lanes.into_iter().zip(below) {
        let pieces = track.detach(stack.in_point..stack.out_point(), scope.ids());
        if track.video == video && own.is_none() {
            own = Some(pieces);
            continue;
        }
        let is_beside = track.video == video;
        let new = NewTrack { parent: home, over: is_beside.then_some(over), properties };
        let mut made = Lane::new(scope.new_id(), new, track.video);
        if is_beside {
            over = made.node;
        }
        made.insert(start, pieces, scope.ids());
        added.push(made);
    }
    let pieces = match own {
        Some(pieces) => pieces,
        None => vec![Piece::gap(scope.new_id(), stack.duration)],
    };
    if let Some(outer) = editing.sequence.lanes.get_mut(lane) {
        outer.insert(start, pieces, scope.ids());
    }
    editing.sequence.lanes.extend(added);
    editing.sequence.tidy();
    let pieces = editing.sequence.lanes.iter().flat_map(|lane| &lane.pieces);
    let freed = pieces.filter(|piece| !piece.is_gap() && inside.contains(&piece.node));
    let freed: Vec<NodeId> = freed.map(|piece| piece.node).collect();
    editing.commit(scope)?;
    Ok(json!({ "nodes": freed }))
}
