//! How large a state is drawn, and what lies where in it. Lengths are in pixels, places are seen from the state's corner.

use crate::chart::{Chart, Kind, StateId};

use super::{
    arrows::{Arrow, End, Part},
    layers::{Item, Link, arrange},
    measure::width,
    route::{attach, straighten},
    words,
};

pub(super) const TITLE_SIZE: f64 = 14.0;
pub(super) const DETAIL_SIZE: f64 = 11.5;
pub(super) const LABEL_SIZE: f64 = 12.0;
pub(super) const DETAIL_LINE: f64 = 16.0;
pub(super) const LABEL_LINE: f64 = 15.0;
/// The height of a container's title.
pub(super) const TITLE: f64 = 34.0;
/// How far the arrow of a transition from a state to itself reaches out.
pub(super) const LOOP: f64 = 28.0;
pub(super) const DOT: f64 = 6.0;
const HISTORY: f64 = 28.0;
const PADDING: f64 = 18.0;
const GAP: f64 = 24.0;
/// The space between the ends of arrows at one side of a state.
pub(super) const END: f64 = 16.0;

/// A state as it is drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    pub width: f64,
    pub height: f64,
    /// Its corner, seen from its parent's.
    pub place: (f64, f64),
    pub details: Vec<String>,
    /// The text beside the arrow from the state to itself; none without such an arrow.
    pub looped: Vec<String>,
    /// The parts of arrows in it.
    pub tracks: Vec<Track>,
    /// The dot that its initial state is entered from.
    pub dot: Option<(f64, f64)>,
    /// Where the lines between regions are.
    pub separators: Vec<f64>,
    /// Where arrows cross its upper or lower border.
    ports: Vec<(usize, f64)>,
}

/// A part of an arrow: upright lines, to be joined by curves.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub arrow: usize,
    /// For each line its place from the left, and where it begins and ends.
    pub lines: Vec<(f64, f64, f64)>,
    /// The left middle of the label.
    pub label: Option<(f64, f64)>,
}

impl Frame {
    /// How much room is needed to the right of it.
    fn beside(&self) -> f64 {
        let text = self.looped.iter().map(|line| width(line, LABEL_SIZE, false)).fold(0.0, f64::max);
        if self.looped.is_empty() { 0.0 } else { LOOP + 8.0 + text }
    }

    /// Where an arrow crosses its border, from the left.
    pub(super) fn port(&self, arrow: usize) -> Option<f64> {
        self.ports.iter().find(|(at, _)| *at == arrow).map(|(_, x)| *x)
    }

    /// The least size with its title and details.
    fn blank(chart: &Chart, id: StateId, looped: Vec<String>) -> Self {
        let state = chart.state(id);
        let details = words::details(state, chart.transitions_of(id).iter());
        let name = if id == StateId::ROOT { &chart.name } else { &state.id };
        let text = details.iter().map(|line| width(line, DETAIL_SIZE, false));
        let text = text.fold(width(name, TITLE_SIZE, true), f64::max);
        let lines = details.len() as f64 * DETAIL_LINE;
        let (width, height) = match state.kind {
            kind if kind.is_history() => (HISTORY, HISTORY),
            _ => ((text + 32.0).max(72.0), if details.is_empty() { 40.0 } else { 42.0 + lines }),
        };
        Frame { width, height, details, looped, ..Frame::default() }
    }

    /// The height of what stands above its contents.
    fn head(&self, id: StateId, chart: &Chart) -> f64 {
        match id == StateId::ROOT && chart.name.is_empty() {
            true => 0.0,
            false => TITLE + self.details.len() as f64 * DETAIL_LINE,
        }
    }
}

/// Draws a state around those in it, which have been drawn before.
pub(super) fn frame(
    chart: &Chart,
    id: StateId,
    arrows: &[Arrow],
    (parts, ranks): (&[Part], &[(StateId, i32)]),
    looped: Vec<String>,
    frames: &mut [Frame],
) -> Frame {
    let blank = Frame::blank(chart, id, looped);
    match chart.kind(id) {
        Kind::Compound => layered(chart, id, arrows, (parts, ranks), blank, frames),
        Kind::Parallel if !chart.state(id).children.is_empty() => row(chart, id, parts, blank, frames),
        _ => blank,
    }
}

/// The regions of a parallel state, side by side.
fn row(chart: &Chart, id: StateId, parts: &[Part], blank: Frame, frames: &mut [Frame]) -> Frame {
    let state = chart.state(id);
    let top = blank.head(id, chart);
    let (mut x, mut bottom) = (0.0, top);
    let mut separators = Vec::new();
    let least = blank.width / state.children.len() as f64;
    let mut histories = 0.0;
    for child in &state.children {
        // A plain state keeps its own border; other regions are bounded by the state and the lines between.
        let margin = if chart.is_leaf(*child) { PADDING } else { 0.0 };
        let frame = &mut frames[child.at()];
        frame.width = frame.width.max(least - 2.0 * margin);
        frame.place = (x + margin, top);
        x += frame.width + frame.beside() + 2.0 * margin;
        separators.push(x);
        bottom = f64::max(bottom, top + frame.height + margin);
    }
    separators.pop();
    // Histories stand in the title.
    for history in &state.histories {
        histories += HISTORY + 8.0;
        frames[history.at()].place = (x - histories - 6.0, (TITLE - HISTORY) / 2.0);
    }
    let mut frame = Frame { width: x, height: bottom + 6.0, separators, ..blank };
    let ends = |part: &Part| match (part.from, part.to) {
        (End::Child(child), border) => (child, border, true),
        (border, End::Child(child)) => (child, border, false),
        _ => (id, End::Start, false),
    };
    for (number, part) in parts.iter().enumerate() {
        let (child, border, leaves) = ends(part);
        let region = &frames[child.at()];
        // Arrows at one side of a region itself stand beside each other.
        let is_beside = |other: &&Part| {
            let (other_child, other_border, _) = ends(other);
            (other_child, other_border) == (child, border) && region.port(other.arrow).is_none()
        };
        let before = parts[..number].iter().filter(is_beside).count() as f64;
        let all = parts.iter().filter(is_beside).count() as f64;
        let space = END.min((region.width - END).max(0.0) / all.max(1.0));
        let own = region.width / 2.0 + (before - (all - 1.0) / 2.0) * space;
        let at = region.place.0 + region.port(part.arrow).unwrap_or(own);
        let (near, far) = match border {
            End::Top => (region.place.1, 0.0),
            End::Bottom => (region.place.1 + region.height, frame.height),
            _ => continue,
        };
        let line = if leaves { (at, near, far) } else { (at, far, near) };
        frame.ports.push((part.arrow, at));
        frame.tracks.push(Track { arrow: part.arrow, lines: vec![line], label: None });
    }
    frame
}

/// What stands for what in the layers of a state.
struct Layered<'a> {
    frames: &'a mut [Frame],
    items: Vec<Item>,
    links: Vec<Link>,
    /// The items of the children.
    children: Vec<(StateId, usize)>,
    start: Option<usize>,
    /// The chain of items of each part, from above to below, with the place of the label in it.
    chains: Vec<(Vec<usize>, Option<usize>)>,
}

fn layered(
    chart: &Chart,
    id: StateId,
    arrows: &[Arrow],
    (parts, ranks): (&[Part], &[(StateId, i32)]),
    blank: Frame,
    frames: &mut [Frame],
) -> Frame {
    let rank_of =
        |child: StateId| ranks.iter().find(|(state, _)| *state == child).map_or(0, |(_, rank)| *rank);
    let lowest = ranks.iter().map(|(_, rank)| *rank).max().unwrap_or(0);
    let first = parts.iter().filter(|part| part.from == End::Start);
    let start_rank = first.filter_map(|part| match part.to {
        End::Child(child) => Some(rank_of(child) - 1),
        _ => None,
    });
    let start_rank = start_rank.min();
    let rank = |end: End| match end {
        End::Child(child) => rank_of(child),
        End::Start => start_rank.unwrap_or(-1),
        End::Top => -3,
        End::Bottom => lowest + 3,
    };
    // Each part with its ends from above to below, and whether its arrow goes up.
    let spans: Vec<(End, End, bool)> = parts
        .iter()
        .map(|part| match rank(part.from) <= rank(part.to) {
            true => (part.from, part.to, false),
            false => (part.to, part.from, true),
        })
        .collect();
    let label_rank = |at: usize| {
        let (upper, lower, up) = spans[at];
        parts[at].labelled.then(|| if up { rank(lower) - 1 } else { rank(upper) + 1 })
    };
    let mut used: Vec<i32> = ranks.iter().map(|(_, rank)| *rank).chain(start_rank).collect();
    for (at, (upper, lower, _)) in spans.iter().enumerate() {
        used.extend([rank(*upper), rank(*lower)]);
        used.extend(label_rank(at));
    }
    used.sort();
    used.dedup();
    let layer = |rank: i32| used.partition_point(|other| *other < rank);

    for (child, _) in ranks {
        let frame = &mut frames[child.at()];
        let ends = |side: fn(&(End, End, bool)) -> End| {
            spans.iter().filter(|span| side(span) == End::Child(*child)).count()
        };
        if frame.tracks.is_empty() && !chart.kind(*child).is_history() {
            let most = ends(|span| span.0).max(ends(|span| span.1)) as f64;
            frame.width = frame.width.max((most + 1.0) * END);
        }
    }

    let mut drawing = Layered {
        frames,
        items: Vec::new(),
        links: Vec::new(),
        children: Vec::new(),
        start: None,
        chains: Vec::new(),
    };
    for (child, rank) in ranks {
        let frame = &drawing.frames[child.at()];
        let (half, beside) = (frame.width / 2.0, frame.beside());
        let item = Item {
            layer: layer(*rank),
            left: half,
            right: half + beside,
            height: frame.height,
            ..Item::default()
        };
        drawing.children.push((*child, drawing.items.len()));
        drawing.items.push(item);
    }
    if let Some(rank) = start_rank {
        drawing.start = Some(drawing.items.len());
        let (layer, height) = (layer(rank), 2.0 * DOT);
        drawing.items.push(Item { layer, left: DOT, right: DOT, height, ..Item::default() });
    }
    for (at, (upper, lower, _)) in spans.iter().enumerate() {
        let layers = (layer(rank(*upper)), layer(rank(*lower)));
        let label = label_rank(at).map(|rank| (layer(rank), arrows[parts[at].arrow].label.as_slice()));
        drawing.chain(parts[at].arrow, (*upper, *lower), layers, label);
    }
    let rows = arrange(&mut drawing.items, &drawing.links, used.len());
    drawing.finish(id, chart, parts, &spans, &rows, blank)
}

impl Layered<'_> {
    /// Adds what a part passes between its ends.
    fn chain(
        &mut self,
        arrow: usize,
        (upper, lower): (End, End),
        (first, last): (usize, usize),
        label: Option<(usize, &[String])>,
    ) {
        let mut chain = Vec::new();
        let mut label_at = None;
        for layer in first..=last {
            let end = if layer == first { Some(upper) } else { (layer == last).then_some(lower) };
            let item = match end {
                Some(End::Child(child)) => {
                    self.children.iter().find(|(id, _)| *id == child).map(|(_, at)| *at)
                }
                Some(End::Start) => self.start,
                _ => None,
            };
            let item = item.unwrap_or_else(|| {
                let mut item = Item { layer, left: 4.0, right: 4.0, passed: true, ..Item::default() };
                if let Some((at, lines)) = label
                    && at == layer
                {
                    let text = lines.iter().map(|line| width(line, LABEL_SIZE, false)).fold(0.0, f64::max);
                    item.right = text + 10.0;
                    item.height = lines.len() as f64 * LABEL_LINE + 2.0;
                    label_at = Some(chain.len());
                }
                self.items.push(item);
                self.items.len() - 1
            });
            chain.push(item);
        }
        let offset = |end: End| match end {
            End::Child(child) => {
                let frame = &self.frames[child.at()];
                frame.port(arrow).map_or(0.0, |x| x - frame.width / 2.0)
            }
            _ => 0.0,
        };
        let count = chain.len();
        for (at, pair) in chain.windows(2).enumerate() {
            self.links.push(Link {
                upper: pair[0],
                upper_offset: if at == 0 { offset(upper) } else { 0.0 },
                lower: pair[1],
                lower_offset: if at + 2 == count { offset(lower) } else { 0.0 },
            });
        }
        self.chains.push((chain, label_at));
    }

    fn finish(
        self,
        id: StateId,
        chart: &Chart,
        parts: &[Part],
        spans: &[(End, End, bool)],
        rows: &[Vec<usize>],
        blank: Frame,
    ) -> Frame {
        let Layered { frames, mut items, links, children, start, chains } = self;
        let left = items.iter().map(|item| item.x - item.left).fold(f64::INFINITY, f64::min);
        let right = items.iter().map(|item| item.x + item.right).fold(0.0, f64::max);
        let width = (right - left + 2.0 * PADDING).max(blank.width);
        items.iter_mut().for_each(|item| item.x += (width - (right - left)) / 2.0 - left);
        chains.iter().for_each(|(chain, label)| straighten(&mut items, rows, chain, *label));
        // The top and the height of each layer.
        let mut y = blank.head(id, chart) + if id == StateId::ROOT { PADDING } else { 4.0 };
        let mut bands = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let height = row.iter().map(|item| items[*item].height).fold(0.0, f64::max);
            bands.push((y, height));
            let slants = links.iter().filter(|link| items[link.upper].layer == at).map(|link| {
                let (upper, lower) =
                    (items[link.upper].x + link.upper_offset, items[link.lower].x + link.lower_offset);
                (upper - lower).abs()
            });
            let slant = slants.fold(0.0, f64::max);
            y += height
                + if at + 1 < rows.len() { (GAP * 0.7 + slant * 0.14).min(2.4 * GAP) } else { PADDING };
        }
        let mut frame = Frame { width, height: y, ..blank };
        let middle = |item: usize| bands[items[item].layer].0 + bands[items[item].layer].1 / 2.0;
        for (child, item) in &children {
            let child = &mut frames[child.at()];
            child.place = (items[*item].x - child.width / 2.0, middle(*item) - child.height / 2.0);
        }
        frame.dot = start.map(|item| (items[item].x, middle(item)));
        let attached = attach(&items, &chains, spans, parts, frames);
        for (at, (chain, label)) in chains.iter().enumerate() {
            let (upper, lower, up) = spans[at];
            let mut lines: Vec<_> = chain
                .iter()
                .map(|item| {
                    let (top, height) = bands[items[*item].layer];
                    (items[*item].x, top, top + height)
                })
                .collect();
            // Within its layer an arrow is upright, so that it crosses nothing that stands there.
            let end = |end: End, x: f64, lower_side: bool| match end {
                End::Child(child) => {
                    let item = chain[if lower_side { 0 } else { chain.len() - 1 }];
                    let (top, height) = bands[items[item].layer];
                    let border = frames[child.at()].place.1;
                    match lower_side {
                        true => (x, border + frames[child.at()].height, top + height),
                        false => (x, top, border),
                    }
                }
                End::Start => {
                    let band = bands[items[chain[0]].layer];
                    frame.dot.map_or((x, 0.0, 0.0), |(x, y)| (x, y + DOT, band.0 + band.1))
                }
                End::Top => (x, 0.0, bands[0].0),
                End::Bottom => (x, bands.last().map_or(0.0, |band| band.0), y),
            };
            if let [first, .., last] = lines.as_mut_slice() {
                *first = end(upper, attached[at].0, true);
                *last = end(lower, attached[at].1, false);
            }
            for (end, x) in [(upper, attached[at].0), (lower, attached[at].1)] {
                if matches!(end, End::Top | End::Bottom) {
                    frame.ports.push((parts[at].arrow, x));
                }
            }
            if up {
                lines.reverse();
                lines.iter_mut().for_each(|(_, begin, end)| std::mem::swap(begin, end));
            }
            let label = label.map(|place| (items[chain[place]].x + 6.0, middle(chain[place])));
            frame.tracks.push(Track { arrow: parts[at].arrow, lines, label });
        }
        frame
    }
}
