//! The SVG text of a chart whose parts have their places.

use std::fmt::Write;

use crate::chart::{Chart, Kind, StateId};

use super::{
    arrows::Arrow,
    frame::{DETAIL_LINE, DETAIL_SIZE, DOT, Frame, LABEL_LINE, LABEL_SIZE, LOOP, TITLE, TITLE_SIZE, Track},
    measure::width,
};

const INK: &str = "#1e293b";
const SOFT: &str = "#64748b";
const LINE: &str = "#475569";
const LABEL: &str = "#4338ca";
const BORDER: &str = "#64748b";
const CONTAINER_BORDER: &str = "#a3b1c9";
/// The paper, and what containers are filled with, one in the other.
const FILLS: [&str; 4] = ["#ffffff", "#f1f5fa", "#e4ebf4", "#f6f8fc"];

/// How long and how wide the head of an arrow is.
const HEAD: (f64, f64) = (9.0, 4.2);

struct Painter<'a> {
    chart: &'a Chart,
    frames: &'a [Frame],
    /// The corners of all states.
    corners: Vec<(f64, f64)>,
    depths: Vec<usize>,
    text: String,
}

pub(super) fn paint(chart: &Chart, arrows: &[Arrow], across: &[usize], frames: &[Frame]) -> String {
    let mut corners = vec![(0.0, 0.0); frames.len()];
    let mut depths = vec![0; frames.len()];
    for at in 1..frames.len() {
        let parent = chart.states[at].parent.map_or(0, StateId::at);
        corners[at] = (corners[parent].0 + frames[at].place.0, corners[parent].1 + frames[at].place.1);
        depths[at] = depths[parent] + 1;
    }
    let (width, height) = (frames[0].width.ceil(), frames[0].height.ceil());
    let text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"Inter\">\n<rect width=\"{width}\" height=\"{height}\" \
         fill=\"{}\"/>\n",
        FILLS[0]
    );
    let mut painter = Painter { chart, frames, corners, depths, text };
    if !chart.name.is_empty() {
        painter.words((18.0, 25.0), &chart.name, 17.0, INK, "font-weight=\"bold\"");
    }
    (1..frames.len()).for_each(|at| painter.state(StateId(at as u32)));
    for (at, arrow) in arrows.iter().enumerate().filter(|(at, _)| !across.contains(at)) {
        painter.arrow(at, arrow);
    }
    across.iter().for_each(|at| painter.across(&arrows[*at]));
    for (at, frame) in frames.iter().enumerate() {
        for track in frame.tracks.iter().filter(|track| track.label.is_some()) {
            painter.label(StateId(at as u32), track, &arrows[track.arrow].label);
        }
    }
    painter.text.push_str("</svg>\n");
    painter.text
}

impl Painter<'_> {
    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a text cannot fail.
        let _ = self.text.write_fmt(element);
        self.text.push('\n');
    }

    fn words(&mut self, (x, y): (f64, f64), text: &str, size: f64, color: &str, more: &str) {
        let text = escaped(text);
        self.put(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{color}\" {more}>{text}</text>"
        ));
    }

    /// The fill behind what lies in a state.
    fn paper(&self, state: StateId) -> &'static str {
        match self.depths[state.at()] {
            0 => FILLS[0],
            depth => FILLS[1 + (depth - 1) % (FILLS.len() - 1)],
        }
    }

    fn is_container(&self, state: StateId) -> bool {
        !self.chart.is_leaf(state)
    }

    /// Whether a state is drawn without a border of its own.
    fn is_region(&self, state: StateId) -> bool {
        self.is_container(state)
            && self.chart.state(state).parent.is_some_and(|parent| self.chart.kind(parent) == Kind::Parallel)
    }

    fn state(&mut self, id: StateId) {
        let (chart, frame) = (self.chart, &self.frames[id.at()]);
        let state = chart.state(id);
        let (x, y) = self.corners[id.at()];
        let (w, h) = (frame.width, frame.height);
        if state.kind.is_history() {
            let (cx, cy, r) = (x + w / 2.0, y + h / 2.0, w / 2.0);
            self.put(format_args!(
                "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"{r:.1}\" fill=\"#ffffff\" stroke=\"{BORDER}\" stroke-width=\"1.4\"/>"
            ));
            let mark = if state.kind == Kind::DeepHistory { "H*" } else { "H" };
            self.words((cx, cy + 4.5), mark, 13.0, INK, "font-weight=\"bold\" text-anchor=\"middle\"");
            return;
        }
        let container = self.is_container(id);
        let (fill, border) = match container {
            true => (self.paper(id), CONTAINER_BORDER),
            false => ("#ffffff", BORDER),
        };
        if !self.is_region(id) {
            self.put(format_args!(
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"10\" fill=\"{fill}\" \
                 stroke=\"{border}\" stroke-width=\"1.4\"/>"
            ));
        }
        if state.kind == Kind::Final {
            let (x, y, w, h) = (x + 3.0, y + 3.0, w - 6.0, h - 6.0);
            self.put(format_args!(
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\" rx=\"7.5\" fill=\"none\" \
                 stroke=\"{border}\" stroke-width=\"1.2\"/>"
            ));
        }
        for separator in &frame.separators {
            let (x, top, bottom) = (x + separator, y + TITLE - 4.0, y + h - 1.0);
            self.put(format_args!(
                "<path d=\"M{x:.1} {top:.1}V{bottom:.1}\" stroke=\"{CONTAINER_BORDER}\" stroke-width=\"1.4\" \
                 stroke-dasharray=\"6 5\" fill=\"none\"/>"
            ));
        }
        let (place, anchor) = match container {
            true => ((x + 14.0, y + 22.0), "font-weight=\"bold\""),
            false => ((x + w / 2.0, y + 25.0), "font-weight=\"bold\" text-anchor=\"middle\""),
        };
        self.words(place, &state.id, TITLE_SIZE, INK, anchor);
        for (at, line) in frame.details.iter().enumerate() {
            let y = y + if container { 38.0 } else { 43.0 } + at as f64 * DETAIL_LINE;
            match container {
                true => self.words((x + 14.0, y), line, DETAIL_SIZE, SOFT, ""),
                false => self.words((x + w / 2.0, y), line, DETAIL_SIZE, SOFT, "text-anchor=\"middle\""),
            }
        }
        if let Some((dx, dy)) = frame.dot {
            self.dot((x + dx, y + dy));
        }
        if !frame.looped.is_empty() {
            self.own_arrow(
                (x + w, y + h.min(60.0) / 2.0),
                state.parent.unwrap_or(StateId::ROOT),
                &frame.looped,
            );
        }
    }

    fn dot(&mut self, (x, y): (f64, f64)) {
        self.put(format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{DOT}\" fill=\"{INK}\"/>"));
    }

    /// The arrow from a state to itself, at its right border.
    fn own_arrow(&mut self, (x, y): (f64, f64), around: StateId, label: &[String]) {
        let (top, bottom, out) = (y - 9.0, y + 9.0, x + LOOP);
        let path = format!(
            "M{x:.1} {top:.1}C{out:.1} {:.1} {out:.1} {:.1} {:.1} {bottom:.1}",
            top - 8.0,
            bottom + 8.0,
            x + 6.0
        );
        self.line(&path);
        self.head((x, bottom), (-1.0, -0.25));
        self.lines((x + LOOP, y), around, label);
    }

    fn line(&mut self, path: &str) {
        self.put(format_args!("<path d=\"{path}\" fill=\"none\" stroke=\"{LINE}\" stroke-width=\"1.5\"/>"));
    }

    /// The head of an arrow whose tip is at a place, in a direction.
    fn head(&mut self, (x, y): (f64, f64), (dx, dy): (f64, f64)) {
        let length = dx.hypot(dy);
        let (dx, dy) = (dx / length, dy / length);
        let (bx, by) = (x - dx * HEAD.0, y - dy * HEAD.0);
        let (sx, sy) = (-dy * HEAD.1, dx * HEAD.1);
        self.put(format_args!(
            "<path d=\"M{x:.1} {y:.1}L{:.1} {:.1}L{:.1} {:.1}Z\" fill=\"{LINE}\"/>",
            bx + sx,
            by + sy,
            bx - sx,
            by - sy
        ));
    }

    /// An arrow with all of its parts: those within the states that it leaves, the one around both, those within the states
    /// that it enters.
    fn arrow(&mut self, at: usize, arrow: &Arrow) {
        if arrow.source.is_none() && arrow.around == StateId::ROOT {
            let (x, y) = self.frames[0].dot.unwrap_or_default();
            self.dot((x, y));
        }
        let mut parts: Vec<(i64, (f64, f64), &Track)> = Vec::new();
        let states = std::iter::successors(arrow.source, |state| self.chart.state(*state).parent)
            .chain(std::iter::successors(Some(arrow.target), |state| self.chart.state(*state).parent))
            .chain([arrow.around]);
        for state in states {
            let depth = self.depths[state.at()] as i64;
            let leaves = arrow.source.is_some_and(|source| self.chart.is_descendant(source, state));
            let order = match state == arrow.around {
                true => 0,
                false if leaves => -depth,
                false => depth,
            };
            let found = self.frames[state.at()].tracks.iter().find(|track| track.arrow == at);
            if let Some(track) = found.filter(|_| !parts.iter().any(|(other, ..)| *other == order)) {
                parts.push((order, self.corners[state.at()], track));
            }
        }
        parts.sort_by_key(|(order, ..)| *order);
        let mut lines = Vec::new();
        for (_, (x, y), track) in parts {
            lines.extend(track.lines.iter().map(|(at, begin, end)| (x + at, y + begin, y + end)));
        }
        let (Some(&(x, y, _)), Some(&(tip_x, begin, tip_y))) = (lines.first(), lines.last()) else { return };
        let earlier = lines.iter().rev().skip(1).map(|(_, _, end)| *end);
        let before = std::iter::once(begin).chain(earlier).find(|y| (y - tip_y).abs() > 0.5);
        let direction = if before.unwrap_or(tip_y - 1.0) < tip_y { 1.0 } else { -1.0 };
        if let Some((_, begin, end)) = lines.last_mut() {
            // The line ends within the head, not at its tip.
            *end -= direction * (HEAD.0 - 2.0);
            *begin = if direction > 0.0 { begin.min(*end) } else { begin.max(*end) };
        }
        if arrow.source.is_some_and(|source| self.is_region(source)) {
            // A region has no border that the arrow could start at.
            self.put(format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{LINE}\"/>"));
        }
        self.line(&path(&lines));
        self.head((tip_x, tip_y), (0.0, direction));
    }

    /// An arrow from one region to another, which has no way of its own.
    fn across(&mut self, arrow: &Arrow) {
        let Some(source) = arrow.source else { return };
        let (from, to) = (self.corners[source.at()], self.corners[arrow.target.at()]);
        let (source, target) = (&self.frames[source.at()], &self.frames[arrow.target.at()]);
        let right = from.0 < to.0;
        let side = if right { 1.0 } else { -1.0 };
        let begin = (from.0 + if right { source.width } else { 0.0 }, from.1 + source.height * 0.7);
        let end = (to.0 + if right { 0.0 } else { target.width }, to.1 + target.height * 0.7);
        let bend = ((end.0 - begin.0).abs() / 2.0).max(40.0) * side;
        let stop = end.0 - side * (HEAD.0 - 2.0);
        let (x1, x2) = (begin.0 + bend, end.0 - bend);
        self.line(&format!(
            "M{:.1} {:.1}C{x1:.1} {:.1} {x2:.1} {:.1} {stop:.1} {:.1}",
            begin.0, begin.1, begin.1, end.1, end.1
        ));
        self.head(end, (side, 0.0));
        let text = arrow.label.iter().map(|line| width(line, LABEL_SIZE, false)).fold(0.0, f64::max);
        let middle = ((begin.0 + end.0 - text) / 2.0, (begin.1 + end.1) / 2.0 - 10.0);
        self.lines(middle, arrow.around, &arrow.label);
    }

    fn label(&mut self, state: StateId, track: &Track, lines: &[String]) {
        let (x, y) = self.corners[state.at()];
        if let Some((dx, dy)) = track.label {
            self.lines((x + dx, y + dy), state, lines);
        }
    }

    /// Lines of a label whose left middle is at a place, with a seam in the colour of what is behind.
    fn lines(&mut self, (x, y): (f64, f64), behind: StateId, lines: &[String]) {
        let paper = self.paper(behind);
        let seam =
            format!("stroke=\"{paper}\" stroke-width=\"4\" stroke-linejoin=\"round\" paint-order=\"stroke\"");
        let top = y - lines.len() as f64 * LABEL_LINE / 2.0 + 11.5;
        for (at, line) in lines.iter().enumerate() {
            self.words((x, top + at as f64 * LABEL_LINE), line, LABEL_SIZE, LABEL, &seam);
        }
    }
}

/// Upright lines joined by curves that leave and meet them upright.
fn path(lines: &[(f64, f64, f64)]) -> String {
    let mut text = String::new();
    let mut last: Option<(f64, f64)> = None;
    for (x, begin, end) in lines {
        // Writing to a text cannot fail.
        let _ = match last {
            None => write!(text, "M{x:.1} {begin:.1}"),
            Some((px, py)) if (px - x).abs() < 0.5 && (py - begin).abs() < 0.5 => Ok(()),
            Some((px, _)) if (px - x).abs() < 0.5 => write!(text, "L{x:.1} {begin:.1}"),
            Some((px, py)) => {
                let middle = (py + begin) / 2.0;
                write!(text, "C{px:.1} {middle:.1} {x:.1} {middle:.1} {x:.1} {begin:.1}")
            }
        };
        if (end - begin).abs() > 0.5 {
            let _ = write!(text, "L{x:.1} {end:.1}");
        }
        last = Some((*x, *end));
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
