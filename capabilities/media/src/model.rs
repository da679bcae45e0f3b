//! Timelines as they are played: tracks with items, each with its place in time.

use base::{Flicks, FrameRate, LimitExceeded, Limits, NodeId};
use document::{Content, NodeRef, Tree};

use crate::kinds::{self, TrackContent};

/// What a timeline is played at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Format {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames a second.
    pub rate: FrameRate,
    /// Samples a second in each channel.
    pub sample_rate: u32,
    /// The number of channels.
    pub channels: u16,
}

impl Format {
    /// That of a timeline. A frame rate that is none is taken for 24.
    pub fn of(timeline: kinds::Timeline<'_>) -> Self {
        Format {
            width: timeline.width().clamp(1, 1 << 16) as u32,
            height: timeline.height().clamp(1, 1 << 16) as u32,
            rate: timeline.frame_rate().parse().unwrap_or(FrameRate::FILM),
            sample_rate: timeline.sample_rate().clamp(8_000, 384_000) as u32,
            channels: timeline.channels().clamp(1, 8) as u16,
        }
    }
}

impl Format {
    /// The width and height of its pictures, in pixels.
    pub fn size(&self) -> (f64, f64) {
        (f64::from(self.width), f64::from(self.height))
    }
}

/// Tracks that play at once: those of a timeline, or of a stack in a track.
#[derive(Clone, Debug)]
pub struct Stack<'a> {
    /// The tracks, the lowest first.
    pub tracks: Vec<Track<'a>>,
    /// When the longest of them is over.
    pub duration: Flicks,
}

/// A track.
#[derive(Clone, Debug)]
pub struct Track<'a> {
    /// Its node.
    pub node: kinds::Track<'a>,
    /// Its clips, gaps and stacks, one after the other.
    pub items: Vec<Item<'a>>,
    /// The cuts between them at which there is a transition.
    pub cuts: Vec<Cut<'a>>,
    /// When it is over.
    pub duration: Flicks,
}

/// A clip, a gap or a stack in a track.
#[derive(Clone, Debug)]
pub struct Item<'a> {
    /// What it is.
    pub thing: Thing<'a>,
    /// When it begins.
    pub start: Flicks,
    /// How long it lasts.
    pub duration: Flicks,
}

/// What is in a track.
#[derive(Clone, Debug)]
pub enum Thing<'a> {
    /// A part of a file or document.
    Clip(kinds::Clip<'a>),
    /// Nothing.
    Gap(kinds::Gap<'a>),
    /// Tracks.
    Stack(kinds::Stack<'a>, Stack<'a>),
}

/// A cut at which one item becomes the next over some time.
#[derive(Clone, Copy, Debug)]
pub struct Cut<'a> {
    /// The transition.
    pub node: kinds::Transition<'a>,
    /// The place of the item before it; the next one is behind it.
    pub left: usize,
    /// When it begins.
    pub start: Flicks,
    /// When it ends.
    pub end: Flicks,
}

/// What a track shows, or plays, at a time.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'t, 'a> {
    /// Nothing.
    Nothing,
    /// One item.
    One(&'t Item<'a>),
    /// Two, and how far the first has become the second, from 0 to 1.
    Both(&'t Item<'a>, &'t Item<'a>, kinds::Transition<'a>, f64),
}

impl<'a> Item<'a> {
    /// When it is over.
    pub fn end(&self) -> Flicks {
        self.start + self.duration
    }

    /// Its node.
    pub fn node(&self) -> NodeRef<'a> {
        match &self.thing {
            Thing::Clip(clip) => clip.node(),
            Thing::Gap(gap) => gap.node(),
            Thing::Stack(stack, _) => stack.node(),
        }
    }

    /// The id of its node.
    pub fn id(&self) -> NodeId {
        self.node().id()
    }

    /// Whether it is seen and heard.
    pub fn is_enabled(&self) -> bool {
        match &self.thing {
            Thing::Clip(clip) => clip.enabled(),
            Thing::Gap(_) => false,
            Thing::Stack(stack, _) => stack.enabled(),
        }
    }

    /// Where it begins in what it plays, and how fast it plays.
    pub fn range(&self) -> (Flicks, f64) {
        match &self.thing {
            Thing::Clip(clip) => (Flicks(clip.in_point()), clip.speed()),
            Thing::Stack(stack, _) => (Flicks(stack.in_point()), 1.0),
            Thing::Gap(_) => (Flicks::ZERO, 1.0),
        }
    }

    /// The time, in what it plays, of what is shown for `length` from a time of the track on. Backwards it is that of its end,
    /// so that the frames of a film are the same ones.
    pub fn source_time(&self, time: Flicks, length: Flicks) -> Flicks {
        let (begin, speed) = self.range();
        let played = match speed < 0.0 {
            false => time - self.start,
            true => self.end() - time - length,
        };
        begin + if speed.abs() == 1.0 { played } else { played.scaled(speed.abs()) }
    }
}

impl<'a> Track<'a> {
    /// What it shows or plays at a time.
    pub fn at(&self, time: Flicks) -> Shown<'_, 'a> {
        if let Some(cut) = self.cuts.iter().find(|cut| cut.start <= time && time < cut.end)
            && let (Some(left), Some(right)) = (self.items.get(cut.left), self.items.get(cut.left + 1))
        {
            let progress = (time - cut.start).0 as f64 / (cut.end - cut.start).0 as f64;
            return Shown::Both(left, right, cut.node, progress);
        }
        let place = self.items.partition_point(|item| item.end() <= time);
        self.items.get(place).filter(|item| item.start <= time).map_or(Shown::Nothing, Shown::One)
    }

    /// Whether it has pictures.
    pub fn is_video(&self) -> bool {
        self.node.content() == TrackContent::Video
    }
}

/// The tracks of a timeline. Nothing else in its tree counts.
///
/// # Errors
/// Stacks are nested too deeply.
pub fn timeline<'a>(
    content: &'a Content,
    limits: &Limits,
) -> Option<Result<(kinds::Timeline<'a>, Stack<'a>), LimitExceeded>> {
    let root = content.tree().map(Tree::root).and_then(kinds::Timeline::read)?;
    Some(stack(root.node(), 1, limits).map(|stack| (root, stack)))
}

fn stack<'a>(node: NodeRef<'a>, depth: u64, limits: &Limits) -> Result<Stack<'a>, LimitExceeded> {
    Limits::check("the nesting of stacks", depth, limits.nesting, "nesting")?;
    let tracks = node.children().filter_map(kinds::Track::read);
    let tracks = tracks.map(|node| track(node, depth, limits)).collect::<Result<Vec<_>, _>>()?;
    let duration = tracks.iter().map(|track| track.duration).max().unwrap_or_default();
    Ok(Stack { tracks, duration })
}

fn track<'a>(node: kinds::Track<'a>, depth: u64, limits: &Limits) -> Result<Track<'a>, LimitExceeded> {
    let (mut items, mut cuts) = (Vec::<Item<'a>>::new(), Vec::<Cut<'a>>::new());
    let mut end = Flicks::ZERO;
    // The transition that waits for the item behind it.
    let mut pending: Option<kinds::Transition<'a>> = None;
    for child in node.node().children() {
        if let Some(transition) = kinds::Transition::read(child) {
            pending = Some(transition);
            continue;
        }
        let Some((thing, duration)) = thing(child, depth, limits)? else { continue };
        let item = Item { thing, start: end, duration: Flicks(duration.max(0)) };
        if let (Some(transition), Some(left)) = (pending.take(), items.last()) {
            let earliest = cuts.last().map_or(left.start, |cut| cut.end.max(left.start));
            let start = (end - Flicks(transition.before().max(0))).max(earliest);
            let last = (end + Flicks(transition.after().max(0))).min(item.end());
            if start < last {
                cuts.push(Cut { node: transition, left: items.len() - 1, start, end: last });
            }
        }
        end = item.end();
        items.push(item);
    }
    Ok(Track { node, items, cuts, duration: end })
}

fn thing<'a>(
    node: NodeRef<'a>,
    depth: u64,
    limits: &Limits,
) -> Result<Option<(Thing<'a>, i64)>, LimitExceeded> {
    if let Some(clip) = kinds::Clip::read(node) {
        return Ok(Some((Thing::Clip(clip), clip.duration())));
    }
    if let Some(gap) = kinds::Gap::read(node) {
        return Ok(Some((Thing::Gap(gap), gap.duration())));
    }
    let Some(nested) = kinds::Stack::read(node) else { return Ok(None) };
    let tracks = stack(node, depth + 1, limits)?;
    Ok(Some((Thing::Stack(nested, tracks), nested.duration())))
}
