//! Charts as pictures: states as rounded boxes with the ones in them, regions beside each other with dashed lines between,
//! arrows downward where they can be.
//!
//! The states in a state are put in layers, from the inside out; an arrow that leaves a state crosses its lower or upper
//! border at a port.

mod arrows;
mod frame;
mod layers;
mod measure;
mod paint;
mod ranks;
mod route;
mod words;

use crate::chart::{Chart, Kind, StateId};

use arrows::{Arrow, End, Part};
use frame::Frame;

/// A chart with too much in it for a picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a picture of {states} states and {arrows} arrows is over the limit of {MOST} each (draw a part of the chart)"
)]
pub struct TooLarge {
    /// How many states there are.
    pub states: usize,
    /// How many arrows there are.
    pub arrows: usize,
}

/// The most states, and the most arrows, in a picture: beyond it nothing could be told apart.
const MOST: usize = 2_000;

/// A chart as an SVG text. Its texts are set in Inter.
///
/// # Errors
/// [`TooLarge`] with more than 2,000 states or arrows.
pub fn svg(chart: &Chart) -> Result<String, TooLarge> {
    let arrows = arrows::arrows(chart);
    let count = chart.states.len();
    if count.max(arrows.len()) > MOST {
        return Err(TooLarge { states: count - 1, arrows: arrows.len() });
    }
    let (frames, across) = layout(chart, &arrows);
    Ok(paint::paint(chart, &arrows, &across, &frames))
}

/// Where everything lies: all states, and the arrows from region to region, which have no way of their own.
fn layout(chart: &Chart, arrows: &[Arrow]) -> (Vec<Frame>, Vec<usize>) {
    let count = chart.states.len();
    let mut parts: Vec<Vec<Part>> = vec![Vec::new(); count];
    let mut across = Vec::new();
    for (at, arrow) in arrows.iter().enumerate() {
        let part = arrows::main_part(chart, at, arrow);
        let between_regions = chart.kind(arrow.around) == Kind::Parallel
            && matches!((part.from, part.to), (End::Child(_), End::Child(_)));
        match between_regions {
            true => across.push(at),
            false => parts[arrow.around.at()].push(part),
        }
    }
    let ranks: Vec<_> = (0..count).map(|at| ranks::ranks(chart, StateId(at as u32), &parts[at])).collect();
    for at in (0..arrows.len()).filter(|at| !across.contains(at)) {
        let arrow = &arrows[at];
        let part = arrows::main_part(chart, at, arrow);
        let rank = |end| match end {
            End::Child(child) => {
                ranks[arrow.around.at()].iter().find(|(id, _)| *id == child).map(|(_, rank)| *rank)
            }
            _ => None,
        };
        let down = rank(part.from).zip(rank(part.to)).is_none_or(|(from, to)| from < to);
        for (state, part) in arrows::side_parts(chart, at, arrow, down) {
            parts[state.at()].push(part);
        }
    }
    let mut frames = vec![Frame::default(); count];
    // From the inside out: what is in a state comes behind it.
    for at in (0..count).rev() {
        let id = StateId(at as u32);
        let looped = arrows::loops(chart, id).flat_map(words::label).collect();
        frames[at] = frame::frame(chart, id, arrows, (&parts[at], &ranks[at]), looped, &mut frames);
    }
    (frames, across)
}

/// The corner and the size of each state, seen from its parent's corner.
#[cfg(test)]
pub(crate) fn boxes(chart: &Chart) -> Vec<[f64; 4]> {
    let (frames, _) = layout(chart, &arrows::arrows(chart));
    frames.iter().map(|frame| [frame.place.0, frame.place.1, frame.width, frame.height]).collect()
}
