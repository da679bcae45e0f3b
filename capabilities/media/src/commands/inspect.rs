//! What is on a timeline, and what is there at a time.

use base::{DocumentId, Flicks, NodeId};
use document::NodeRef;
use kernel::{CommandError, QueryScope, Registrar};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{root, timeline, told_item};
use crate::{
    edit::{Attached, Lane, Sequence},
    kinds::{self, Marker},
    time::{Clock, Time},
};

pub(super) fn register(registrar: &mut Registrar<'_>) {
    registrar.query("media.timeline.inspect", inspect);
    registrar.query("media.pick", pick);
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Inspect {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// Where the tracks are: the timeline itself, or a stack.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
}

fn inspect(scope: &mut QueryScope<'_>, args: Inspect) -> Result<Json, CommandError> {
    let content = scope.content(args.document)?;
    let (tree, root) = timeline(&content)?;
    let clock = Clock::of(root);
    let home = tree.get(args.parent).ok_or_else(|| CommandError::no_node(args.parent))?;
    let sequence = Sequence::read(home);
    let longest = sequence.lanes.iter().map(Lane::end).max().unwrap_or_default();
    let tracks: Vec<Json> = sequence.lanes.iter().map(|lane| told_track(home, &clock, lane)).collect();
    Ok(json!({
        "frameRate": clock.rate, "duration": clock.told_length(longest), "start": clock.told(Flicks::ZERO),
        "tracks": tracks, "markers": markers(home, &clock),
    }))
}

fn told_track(home: NodeRef<'_>, clock: &Clock, lane: &Lane) -> Json {
    let track = home.find(lane.node).and_then(kinds::Track::read);
    let placed = || lane.pieces.iter().zip(lane.ranges());
    let items: Vec<Json> = placed()
        .map(|(piece, range)| {
            let mut told = told_item(clock, lane, piece, range);
            let node = home.find(piece.node);
            told["name"] = json!(node.and_then(|node| node.string("name")).unwrap_or_default());
            let found = node.map(|node| markers(node, clock)).unwrap_or_default();
            if !found.is_empty() {
                told["markers"] = found.into();
            }
            told
        })
        .collect();
    let cuts = placed().take(lane.pieces.len().saturating_sub(1)).filter_map(|(piece, range)| {
        let found = piece.after.iter().find_map(Attached::transition)?;
        let cut = range.end;
        Some(json!({
            "node": found.node, "cut": clock.told(cut),
            "start": clock.told(cut - found.before), "end": clock.told(cut + found.after),
        }))
    });
    json!({
        "node": lane.node, "content": if lane.video { "video" } else { "audio" },
        "name": track.map(|track| track.name()).unwrap_or_default(), "locked": lane.locked,
        "enabled": track.is_some_and(|track| track.enabled()), "duration": clock.told_length(lane.end()),
        "items": items, "transitions": cuts.collect::<Vec<_>>(),
        "markers": home.find(lane.node).map(|node| markers(node, clock)).unwrap_or_default(),
    })
}

fn markers(node: NodeRef<'_>, clock: &Clock) -> Vec<Json> {
    let found = node.children().filter_map(Marker::read);
    let told = found.map(|marker| {
        json!({
            "node": marker.node().id(), "name": marker.name(), "comment": marker.comment(),
            "time": clock.told_length(Flicks(marker.time())),
            "duration": clock.told_length(Flicks(marker.duration())), "color": marker.color().to_string(),
        })
    });
    told.collect()
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pick {
    /// The timeline.
    #[schemars(with = "String")]
    document: DocumentId,
    /// Where the tracks are: the timeline itself, or a stack.
    #[serde(default = "root")]
    #[schemars(with = "String")]
    parent: NodeId,
    /// The time.
    at: Time,
    /// How far away points are told that an edit may snap to.
    #[serde(default = "half_second")]
    within: Time,
}

fn half_second() -> Time {
    Time::Seconds(0.5)
}

fn pick(scope: &mut QueryScope<'_>, args: Pick) -> Result<Json, CommandError> {
    let content = scope.content(args.document)?;
    let (tree, root) = timeline(&content)?;
    let clock = Clock::of(root);
    let home = tree.get(args.parent).ok_or_else(|| CommandError::no_node(args.parent))?;
    let (at, within) = (clock.position("at", &args.at)?, clock.length("within", &args.within)?);
    let sequence = Sequence::read(home);
    let there = sequence.lanes.iter().map(|lane| {
        let transition = lane.under_way(at).map(|(node, _)| node);
        let item = lane
            .at(at)
            .and_then(|place| Some(told_item(&clock, lane, lane.pieces.get(place)?, lane.range(place))));
        json!({ "track": lane.node, "item": item, "transition": transition })
    });
    let mut points: Vec<(Flicks, &'static str, NodeId)> = Vec::new();
    for lane in &sequence.lanes {
        for (piece, range) in lane.pieces.iter().zip(lane.ranges()) {
            points.extend([(range.start, "start", piece.node), (range.end, "end", piece.node)]);
        }
        let marks = lane.pieces.iter().flat_map(|piece| &piece.after).chain(&lane.head);
        let marks = marks.filter(|found| matches!(found, Attached::Other(_)));
        let marks = marks.filter_map(|found| home.find(found.node()).and_then(Marker::read));
        points.extend(marks.map(|marker| (Flicks(marker.time()), "marker", marker.node().id())));
    }
    let marks = home.children().filter_map(Marker::read);
    points.extend(marks.map(|marker| (Flicks(marker.time()), "marker", marker.node().id())));
    points.retain(|(time, ..)| distance(*time, at) <= within);
    points.sort_by_key(|(time, ..)| distance(*time, at));
    let near = points
        .into_iter()
        .map(|(time, what, node)| json!({ "time": clock.told(time), "what": what, "node": node }));
    Ok(
        json!({ "at": clock.told(at), "tracks": there.collect::<Vec<_>>(), "snaps": near.collect::<Vec<_>>() }),
    )
}

fn distance(a: Flicks, b: Flicks) -> Flicks {
    Flicks((a - b).0.saturating_abs())
}
