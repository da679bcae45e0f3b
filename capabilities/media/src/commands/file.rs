//! `media.clip.add` of a file: its pictures and its sound, linked.

use std::sync::Arc;

use base::{Flicks, NodeId};
use kernel::{Bytes, CommandError, EditScope, TaskScope, Work};
use serde_json::{Value as Json, json};

use super::{Editing, PlacedClip, clip::Add, insert_clip, track::Content};
use crate::{
    Media,
    edit::link_name,
    import::{self, TakenIn},
    kinds::TrackContent,
};

/// Takes a file in and puts it on tracks.
pub(super) fn add(media: Arc<Media>, scope: &mut TaskScope<'_>, args: Add) -> Result<Work, CommandError> {
    if args.source.is_some() || args.color.is_some() {
        return Err(CommandError::argument("", "only one of 'path', 'source' and 'color' can be given"));
    }
    let path = args.path.clone().unwrap_or_default();
    let bytes = Bytes::from(scope.assets().read(&path)?);
    Ok(Box::new(move |away| {
        let taken = import::take_in(&media, &path, &bytes, &mut away.assets())?;
        Ok(Box::new(move |scope| scope.edit(|edit| put(edit, &args, &path, &taken))))
    }))
}

fn put(scope: &mut EditScope<'_>, args: &Add, path: &str, taken: &TakenIn) -> Result<Json, CommandError> {
    let editing = match args.track {
        Some(track) => Editing::of_track(scope, args.document, track)?,
        None => Editing::of_home(scope, args.document, NodeId::ROOT)?,
    };
    let clock = editing.clock;
    let lane = args.track.and_then(|track| editing.sequence.lanes.iter().find(|lane| lane.node == track));
    let wanted = lane.map(|lane| if lane.video { Content::Video } else { Content::Audio }).or(args.content);
    let length = |content| taken.length(content, clock.rate);
    let contents = [TrackContent::Video, TrackContent::Audio].into_iter().filter(|content| {
        length(*content).is_some() && wanted.is_none_or(|wanted| TrackContent::from(wanted) == *content)
    });
    let contents: Vec<TrackContent> = contents.collect();
    let Some(first) = contents.first() else {
        return Err(CommandError::argument("path", format!("{path} has none of the content that is wanted")));
    };
    let in_point = args.in_point.as_ref().map(|time| clock.length("inPoint", time)).transpose()?;
    let in_point = in_point.unwrap_or_default();
    let asked = args.duration.as_ref().map(|duration| clock.length("duration", duration)).transpose()?;
    let mut start = args.start.as_ref().map(|start| clock.position("start", start)).transpose()?;
    if start.is_none() && contents.len() > 1 {
        // Both begin where the longer of their tracks ends.
        let ends = contents.iter().map(|content| {
            let video = *content == TrackContent::Video;
            let lane = editing.sequence.lanes.iter().find(|lane| lane.video == video && !lane.locked);
            lane.map_or(Flicks::ZERO, |lane| lane.end())
        });
        start = ends.max();
    }
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let link = (contents.len() > 1).then(|| link_name(scope.new_id()));
    let mut made = Vec::new();
    for content in &contents {
        let rest = (length(*content).unwrap_or_default() - in_point).max(Flicks::ZERO);
        let duration = match asked {
            Some(duration) => duration,
            None if args.speed == 0.0 => super::clip::STILL,
            None => rest.scaled(1.0 / args.speed.abs()),
        };
        if duration <= Flicks::ZERO {
            return Err(CommandError::argument("inPoint", "the file is over there"));
        }
        let placed = PlacedClip {
            track: args.track,
            content: *content,
            start,
            mode: args.mode,
            all: args.all && content == first,
            duration,
            in_point,
            speed: args.speed,
            link: link.clone(),
            properties: taken.clip(args.name.as_deref().unwrap_or(name))?.list(),
        };
        let placed = insert_clip(scope, args.document, placed)?;
        start = Some(placed.start);
        let content = if *content == TrackContent::Video { "video" } else { "audio" };
        made.push(json!({
            "node": placed.node, "track": placed.track, "content": content,
            "start": clock.told(placed.start), "duration": clock.told_length(placed.duration),
        }));
    }
    let mut told = made.first().cloned().unwrap_or_default();
    told["clips"] = made.into();
    Ok(told)
}
