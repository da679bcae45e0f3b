//! Whether a part is at a place.

use kernel::{CommandError, Reading};
use kurbo::{Affine, BezPath, PathEl, Point, Rect, Shape, StrokeOpts};

use super::index::{Index, Part};
use crate::{
    draw::Drawing,
    picture::{Fill, FillRule, Group, LineCap, LineJoin, Node, NodeKind, Paint, Path, Picture, Stroke},
    render::View,
};
use raster::{Depth, Pixels};

/// How closely the outlines of strokes are followed, as a part of the tolerance or of the width.
const CLOSENESS: f64 = 0.05;

/// A place on a canvas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Where, in px.
    pub point: Point,
    /// How far away still counts as there, in px, from 0.
    pub tolerance: f64,
}

impl Place {
    /// Whether a part can be at the place, by its box.
    pub fn is_near(self, part: &Part) -> bool {
        part.bounds.inflate(self.tolerance, self.tolerance).contains(self.point) || touches(part.bounds, self)
    }

    /// Whether a part of a kind is at the place, what cuts it off left aside.
    pub fn is_on(self, kind: &NodeKind, part: &Part) -> bool {
        let determinant = part.here.determinant();
        if determinant == 0.0 || !determinant.is_finite() {
            return false;
        }
        let point = part.here.inverse() * self.point;
        let tolerance = self.tolerance / determinant.abs().sqrt();
        match kind {
            NodeKind::Path(path) => is_on_path(path, point, tolerance),
            NodeKind::Image(image) => {
                Rect::new(0.0, 0.0, image.width, image.height).inflate(tolerance, tolerance).contains(point)
            }
            // Between the strokes of its letters, too: nobody aims at those.
            NodeKind::Text(_) => true,
            NodeKind::Group(_) => false,
        }
    }

    /// Whether what cuts a part off lets anything of it through at the place: drawn as a pixel there.
    ///
    /// # Errors
    /// As for drawing.
    pub fn is_let_through(
        self,
        part: &Part,
        index: &Index,
        drawing: &Drawing,
        reading: &Reading<'_>,
    ) -> Result<bool, CommandError> {
        if part.cuts.is_empty() {
            return Ok(true);
        }
        let side = self.tolerance.max(0.01);
        let around = Rect::from_center_size(self.point, (side, side));
        let view = View {
            width: 1,
            height: 1,
            transform: Affine::scale(1.0 / side) * Affine::translate(-around.origin().to_vec2()),
            background: None,
        };
        let mut probe = Path::new(around.inflate(side, side).to_path(0.1));
        probe.fill = Some(Fill::new(Paint::Color(base::Color::BLACK)));
        let mut node = Node::from(probe);
        let mut inner = Affine::IDENTITY;
        for cut in part.cuts.iter().rev() {
            node.transform = cut.here.inverse() * inner;
            inner = cut.here;
            node = Node::from(Group { children: vec![node] });
            node.effects = cut.effects.clone();
        }
        node.transform = inner;
        let picture = Picture {
            width: 1.0,
            height: 1.0,
            root: Group { children: vec![node] },
            resources: index.resources.clone(),
        };
        let surface = drawing.draw(&picture, &view, reading, "the canvas")?.surface;
        Ok(match surface.into_depth(Depth::U8).into_pixels() {
            Pixels::U8(pixels) => pixels.iter().any(|pixel| pixel[3] > 0),
            _ => true,
        })
    }
}

/// Lines along an axis have boxes without area.
fn touches(bounds: Rect, place: Place) -> bool {
    let near = |low: f64, high: f64, at: f64| low - place.tolerance <= at && at <= high + place.tolerance;
    near(bounds.x0, bounds.x1, place.point.x) && near(bounds.y0, bounds.y1, place.point.y)
}

fn is_on_path(path: &Path, point: Point, tolerance: f64) -> bool {
    let fill = path.fill.as_ref().filter(|fill| fill.opacity > 0.0);
    let stroke = path.stroke.as_ref().filter(|stroke| stroke.opacity > 0.0);
    let inside = fill.is_some_and(|fill| {
        let winding = closed(&path.data).winding(point);
        match fill.rule {
            FillRule::NonZero => winding != 0,
            FillRule::EvenOdd => winding % 2 != 0,
        }
    });
    inside
        || (fill.is_some() && tolerance > 0.0 && is_on_line(&path.data, 2.0 * tolerance, point))
        || stroke.is_some_and(|stroke| is_on_stroke(&path.data, stroke, tolerance, point))
}

/// The path as it is filled: every part of it closed.
fn closed(path: &BezPath) -> BezPath {
    let mut closed = BezPath::new();
    for (at, element) in path.elements().iter().enumerate() {
        let before = at.checked_sub(1).map(|at| path.elements()[at]);
        if matches!(element, PathEl::MoveTo(_)) && !matches!(before, None | Some(PathEl::ClosePath)) {
            closed.close_path();
        }
        closed.push(*element);
    }
    if !matches!(path.elements().last(), None | Some(PathEl::ClosePath)) {
        closed.close_path();
    }
    closed
}

fn is_on_line(path: &BezPath, width: f64, point: Point) -> bool {
    let style = kurbo::Stroke::new(width);
    kurbo::stroke(path.elements().iter().copied(), &style, &StrokeOpts::default(), CLOSENESS * width)
        .winding(point)
        != 0
}

fn is_on_stroke(path: &BezPath, stroke: &Stroke, tolerance: f64, point: Point) -> bool {
    let width = stroke.width + 2.0 * tolerance;
    let cap = match stroke.cap {
        LineCap::Butt if tolerance == 0.0 => kurbo::Cap::Butt,
        LineCap::Square => kurbo::Cap::Square,
        LineCap::Butt | LineCap::Round => kurbo::Cap::Round,
    };
    let join = match stroke.join {
        LineJoin::Miter | LineJoin::MiterClip => kurbo::Join::Miter,
        LineJoin::Round => kurbo::Join::Round,
        LineJoin::Bevel => kurbo::Join::Bevel,
    };
    // The gaps of dashes count as on the line: they are as hard to aim at as the dashes.
    let style = kurbo::Stroke::new(width).with_caps(cap).with_join(join).with_miter_limit(stroke.miter_limit);
    kurbo::stroke(path.elements().iter().copied(), &style, &StrokeOpts::default(), CLOSENESS * width)
        .winding(point)
        != 0
}
