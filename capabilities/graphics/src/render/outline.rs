//! Outlines in device space: paths and strokes turned into line segments.

use kurbo::{Affine, BezPath, PathEl, Point, Rect};
use tiny_skia::{Path as SkiaPath, PathBuilder, PathSegment, PathStroker, StrokeDash};

use super::area::Area;
use crate::picture::{LineCap, LineJoin, Stroke};

/// The greatest distance in pixels between a curve and the segments that stand for it.
const TOLERANCE: f32 = 0.1;
/// The most segments for one curve.
const MAX_SEGMENTS: f32 = 512.0;
/// The most dashes of one stroke; a line with more of them is drawn solid.
const MAX_DASHES: f64 = 200_000.0;

/// A closed outline as line segments in device pixels.
#[derive(Clone, Debug, Default)]
pub(super) struct Outline {
    /// Segments from (x0, y0) to (x1, y1), without horizontal ones.
    pub lines: Vec<[f32; 4]>,
    /// What the segments span: left, top, right, bottom.
    bounds: Option<[f32; 4]>,
}

impl Outline {
    /// The inside of a path. Nothing if the path is not finite.
    pub fn fill(path: &BezPath, device: Affine) -> Self {
        let mut pen = Pen::default();
        let map = |point: Point| {
            let point = device * point;
            [point.x as f32, point.y as f32]
        };
        for element in path.elements() {
            match *element {
                PathEl::MoveTo(p) => pen.move_to(map(p)),
                PathEl::LineTo(p) => pen.line_to(map(p)),
                PathEl::QuadTo(p1, p) => pen.quad_to(map(p1), map(p)),
                PathEl::CurveTo(p1, p2, p) => pen.cubic_to(map(p1), map(p2), map(p)),
                PathEl::ClosePath => pen.close(),
            }
        }
        pen.finish()
    }

    /// The line along a path. Nothing if path or stroke are not finite.
    pub fn stroke(path: &BezPath, stroke: &Stroke, device: Affine) -> Self {
        stroked(path, stroke, device).unwrap_or_default()
    }

    /// A rectangle.
    pub fn rect(rect: Rect, device: Affine) -> Self {
        use kurbo::Shape;
        Self::fill(&rect.to_path(0.1), device)
    }

    /// The pixels that the outline touches.
    pub fn area(&self) -> Area {
        match self.bounds {
            Some([x0, y0, x1, y1]) => Area::touched(Rect::new(x0.into(), y0.into(), x1.into(), y1.into())),
            None => Area::EMPTY,
        }
    }
}

/// Strokes in the path's space, where the pen is round, and maps the result.
fn stroked(path: &BezPath, stroke: &Stroke, device: Affine) -> Option<Outline> {
    if !(stroke.width > 0.0 && stroke.width.is_finite()) {
        return None;
    }
    let [a, b, c, d, e, f] = device.as_coeffs().map(|value| value as f32);
    let transform = tiny_skia::Transform::from_row(a, b, c, d, e, f);
    let resolution = PathStroker::compute_resolution_scale(&transform);
    let there_and_back = there_and_back(path, stroke);
    let (solid, cap) = match &there_and_back {
        Some((line, cap)) => (skia_path(line)?, *cap),
        None => (skia_path(path)?, stroke.cap),
    };
    let pen = tiny_skia::Stroke {
        width: stroke.width as f32,
        miter_limit: stroke.miter_limit.max(1.0) as f32,
        line_cap: match cap {
            LineCap::Butt => tiny_skia::LineCap::Butt,
            LineCap::Round => tiny_skia::LineCap::Round,
            LineCap::Square => tiny_skia::LineCap::Square,
        },
        line_join: match stroke.join {
            LineJoin::Miter => tiny_skia::LineJoin::Miter,
            LineJoin::MiterClip => tiny_skia::LineJoin::MiterClip,
            LineJoin::Round => tiny_skia::LineJoin::Round,
            LineJoin::Bevel => tiny_skia::LineJoin::Bevel,
        },
        dash: None,
    };
    let dashed = dashes(path, stroke).and_then(|dash| solid.dash(&dash, resolution));
    let outline = dashed.as_ref().unwrap_or(&solid).stroke(&pen, resolution)?;

    let mut pen = Pen::default();
    let map = |point: tiny_skia::Point| {
        let (x, y) = (f64::from(point.x), f64::from(point.y));
        let point = device * Point::new(x, y);
        [point.x as f32, point.y as f32]
    };
    for segment in outline.segments() {
        match segment {
            PathSegment::MoveTo(p) => pen.move_to(map(p)),
            PathSegment::LineTo(p) => pen.line_to(map(p)),
            PathSegment::QuadTo(p1, p) => pen.quad_to(map(p1), map(p)),
            PathSegment::CubicTo(p1, p2, p) => pen.cubic_to(map(p1), map(p2), map(p)),
            PathSegment::Close => pen.close(),
        }
    }
    Some(pen.finish())
}

/// The open line that a closed one of two points looks like, and the caps that its joins look like. Both sides of the
/// closed one have the same outline, and what the two cover of a pixel at the edge would count twice.
fn there_and_back(path: &BezPath, stroke: &Stroke) -> Option<(BezPath, LineCap)> {
    let &[PathEl::MoveTo(from), PathEl::LineTo(to), PathEl::ClosePath] = path.elements() else { return None };
    let cap = match stroke.join {
        // A line that turns back has no mitre.
        LineJoin::Miter | LineJoin::Bevel => LineCap::Butt,
        LineJoin::Round => LineCap::Round,
        LineJoin::MiterClip => return None,
    };
    let line = BezPath::from_vec(vec![PathEl::MoveTo(from), PathEl::LineTo(to)]);
    (from != to && stroke.dashes.is_empty()).then_some((line, cap))
}

fn skia_path(path: &BezPath) -> Option<SkiaPath> {
    let mut builder = PathBuilder::with_capacity(path.elements().len(), path.elements().len() * 2);
    for element in path.elements() {
        match *element {
            PathEl::MoveTo(p) => builder.move_to(p.x as f32, p.y as f32),
            PathEl::LineTo(p) => builder.line_to(p.x as f32, p.y as f32),
            PathEl::QuadTo(p1, p) => builder.quad_to(p1.x as f32, p1.y as f32, p.x as f32, p.y as f32),
            PathEl::CurveTo(p1, p2, p) => {
                let [x1, y1, x2, y2] = [p1.x, p1.y, p2.x, p2.y].map(|value| value as f32);
                builder.cubic_to(x1, y1, x2, y2, p.x as f32, p.y as f32);
            }
            PathEl::ClosePath => builder.close(),
        }
    }
    builder.finish()
}

/// The dashes of a stroke, unless there are none or far too many to see.
fn dashes(path: &BezPath, stroke: &Stroke) -> Option<StrokeDash> {
    if stroke.dashes.is_empty() {
        return None;
    }
    let period: f64 = stroke.dashes.iter().sum();
    let length: f64 = path.segments().map(|segment| control_length(&segment)).sum();
    if length / period * stroke.dashes.len() as f64 > MAX_DASHES {
        return None;
    }
    let mut dashes: Vec<f32> = stroke.dashes.iter().map(|length| *length as f32).collect();
    if !dashes.len().is_multiple_of(2) {
        dashes.extend_from_within(..);
    }
    StrokeDash::new(dashes, stroke.dash_offset as f32)
}

/// The length of a segment's control polygon, which is at least that of the segment.
fn control_length(segment: &kurbo::PathSeg) -> f64 {
    match segment {
        kurbo::PathSeg::Line(line) => line.p0.distance(line.p1),
        kurbo::PathSeg::Quad(quad) => quad.p0.distance(quad.p1) + quad.p1.distance(quad.p2),
        kurbo::PathSeg::Cubic(cubic) => {
            cubic.p0.distance(cubic.p1) + cubic.p1.distance(cubic.p2) + cubic.p2.distance(cubic.p3)
        }
    }
}

/// Collects segments; open parts are closed.
#[derive(Default)]
struct Pen {
    lines: Vec<[f32; 4]>,
    start: [f32; 2],
    at: [f32; 2],
    low: Option<[f32; 2]>,
    high: [f32; 2],
}

impl Pen {
    fn move_to(&mut self, p: [f32; 2]) {
        self.close();
        (self.start, self.at) = (p, p);
    }

    fn close(&mut self) {
        if self.at != self.start {
            self.line_to(self.start);
        }
    }

    fn line_to(&mut self, p: [f32; 2]) {
        let from = self.at;
        if self.low.is_none() {
            self.high = from;
        }
        let low = self.low.get_or_insert(from);
        for axis in 0..2 {
            low[axis] = low[axis].min(from[axis]).min(p[axis]);
            self.high[axis] = self.high[axis].max(from[axis]).max(p[axis]);
        }
        if from[1] != p[1] {
            self.lines.push([from[0], from[1], p[0], p[1]]);
        }
        self.at = p;
    }

    /// Segments by Wang's formula: the second differences bound the distance between curve and chord.
    fn quad_to(&mut self, p1: [f32; 2], p: [f32; 2]) {
        let p0 = self.at;
        let bend = hypot([p0[0] - 2.0 * p1[0] + p[0], p0[1] - 2.0 * p1[1] + p[1]]);
        let count = segments(bend / 4.0);
        let second = [p0[0] - 2.0 * p1[0] + p[0], p0[1] - 2.0 * p1[1] + p[1]];
        let first = [2.0 * (p1[0] - p0[0]), 2.0 * (p1[1] - p0[1])];
        for step in 1..count {
            let t = step as f32 / count as f32;
            let at = |axis: usize| (second[axis] * t + first[axis]) * t + p0[axis];
            self.line_to([at(0), at(1)]);
        }
        self.line_to(p);
    }

    fn cubic_to(&mut self, p1: [f32; 2], p2: [f32; 2], p: [f32; 2]) {
        let p0 = self.at;
        let bend_of = |a: [f32; 2], b: [f32; 2], c: [f32; 2]| {
            hypot([a[0] - 2.0 * b[0] + c[0], a[1] - 2.0 * b[1] + c[1]])
        };
        let bend = bend_of(p0, p1, p2).max(bend_of(p1, p2, p));
        let count = segments(bend * 0.75);
        let third = [0, 1].map(|i: usize| p[i] - 3.0 * (p2[i] - p1[i]) - p0[i]);
        let second = [0, 1].map(|i: usize| 3.0 * (p0[i] - 2.0 * p1[i] + p2[i]));
        let first = [0, 1].map(|i: usize| 3.0 * (p1[i] - p0[i]));
        for step in 1..count {
            let t = step as f32 / count as f32;
            let at = |axis: usize| ((third[axis] * t + second[axis]) * t + first[axis]) * t + p0[axis];
            self.line_to([at(0), at(1)]);
        }
        self.line_to(p);
    }

    fn finish(mut self) -> Outline {
        self.close();
        let bounds = self.low.map(|low| [low[0], low[1], self.high[0], self.high[1]]);
        match bounds {
            Some(bounds) if bounds.iter().all(|edge| edge.is_finite()) && self.lines.iter().all(finite) => {
                Outline { lines: self.lines, bounds: Some(bounds) }
            }
            _ => Outline::default(),
        }
    }
}

fn finite(line: &[f32; 4]) -> bool {
    line.iter().all(|value| value.is_finite())
}

fn hypot(v: [f32; 2]) -> f32 {
    (v[0] * v[0] + v[1] * v[1]).sqrt()
}

/// How many segments a curve needs whose distance from its chord is `deviation` over the square of that
/// number.
fn segments(deviation: f32) -> u32 {
    (deviation / TOLERANCE).sqrt().ceil().clamp(1.0, MAX_SEGMENTS) as u32
}
