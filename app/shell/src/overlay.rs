//! What is shown over a canvas: outlines of what is selected, and what a tool is about to do; as lines on the screen.

use std::sync::Arc;

use kernel::{Preview, PreviewShape, Quad};
use kurbo::{BezPath, Ellipse, PathEl, Point, Rect, Shape};

/// How closely lines follow curves, in units of the panel.
const ACCURACY: f64 = 0.1;

/// What is shown over the canvas in front, in its units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overlay {
    /// The boxes around what is selected.
    pub outlines: Arc<Vec<Quad>>,
    /// What a tool is about to do.
    pub preview: Option<Preview>,
}

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A thin line.
    Outline = 0,
    /// A thin line with its inside filled faintly.
    Filled = 1,
    /// A dashed line with its inside filled faintly.
    Band = 2,
    /// The line of an icon.
    Icon = 3,
}

/// A line through points.
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke {
    /// How it looks.
    pub style: Style,
    /// Whether it leads back to its first point.
    pub closed: bool,
    /// Its points, in units of the panel.
    pub points: Vec<[f64; 2]>,
}

/// From a document to the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lens {
    /// Where the document begins, in units of the panel.
    pub origin: [f64; 2],
    /// Units of the panel for one of the document.
    pub scale: f64,
    /// Pixels of the screen for one unit of the panel.
    pub ratio: f64,
}

impl Lens {
    fn to_panel(self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.origin[0] + x * self.scale, self.origin[1] + y * self.scale]
    }

    /// In the middle of the pixel that a place lies in: there thin lines are crisp.
    fn to_pixel(self, place: [f64; 2]) -> [f64; 2] {
        self.to_panel(place).map(|at| ((at * self.ratio).round() + 0.5) / self.ratio)
    }
}

impl Overlay {
    /// The lines that show it.
    pub fn strokes(&self, lens: Lens) -> Vec<Stroke> {
        let by = match &self.preview {
            Some(Preview { shape: PreviewShape::Move, width, height, .. }) => [*width, *height],
            _ => [0.0, 0.0],
        };
        let outline = |quad: &Quad| {
            let corner = |[x, y]: [f64; 2]| lens.to_pixel([x + by[0], y + by[1]]);
            Stroke { style: Style::Outline, closed: true, points: quad.map(corner).to_vec() }
        };
        let preview = self.preview.as_ref().and_then(|preview| shown(preview, lens));
        self.outlines.iter().map(outline).chain(preview).collect()
    }
}

fn shown(preview: &Preview, lens: Lens) -> Option<Stroke> {
    let (x, y) = (preview.x, preview.y);
    let opposite = [x + preview.width, y + preview.height];
    let corners = [[x, y], [opposite[0], y], opposite, [x, opposite[1]]];
    let (style, closed, points) = match preview.shape {
        PreviewShape::Move => return None,
        PreviewShape::Area => (Style::Band, true, corners.map(|corner| lens.to_pixel(corner)).to_vec()),
        PreviewShape::Rectangle => {
            (Style::Filled, true, corners.map(|corner| lens.to_pixel(corner)).to_vec())
        }
        PreviewShape::Ellipse => {
            let [x0, y0] = lens.to_panel([x, y]);
            let [x1, y1] = lens.to_panel(opposite);
            let outline = Ellipse::from_rect(Rect::new(x0, y0, x1, y1)).to_path(ACCURACY);
            (Style::Filled, true, lines(&outline).pop()?.0)
        }
        PreviewShape::Line => (Style::Outline, false, vec![lens.to_panel([x, y]), lens.to_panel(opposite)]),
        PreviewShape::Path => {
            (Style::Outline, false, preview.points.iter().map(|point| lens.to_panel(*point)).collect())
        }
    };
    Some(Stroke { style, closed, points })
}

/// The lines of an icon: SVG path data on a square of 24 units, shown at a size in units of the panel.
pub fn icon(data: &str, size: f64) -> Vec<Stroke> {
    let path = BezPath::from_svg(data).unwrap_or_default();
    let path = kurbo::Affine::scale(size / 24.0) * path;
    let stroke = |(points, closed)| Stroke { style: Style::Icon, closed, points };
    lines(&path).into_iter().map(stroke).collect()
}

/// The parts of a path as points, and whether each is closed.
fn lines(path: &BezPath) -> Vec<(Vec<[f64; 2]>, bool)> {
    let mut lines: Vec<(Vec<[f64; 2]>, bool)> = Vec::new();
    let at = |point: Point| [point.x, point.y];
    kurbo::flatten(path, ACCURACY, |element| match (element, lines.last_mut()) {
        (PathEl::MoveTo(point), _) => lines.push((vec![at(point)], false)),
        (PathEl::LineTo(point), Some((points, _))) => points.push(at(point)),
        (PathEl::ClosePath, Some((_, closed))) => *closed = true,
        _ => {}
    });
    lines
}

/// Lines as the numbers that the item that draws them takes.
pub fn numbers(strokes: &[Stroke]) -> Vec<f64> {
    let mut numbers = Vec::new();
    for Stroke { style, closed, points } in strokes {
        numbers.extend([f64::from(*style as u8), f64::from(u8::from(*closed)), points.len() as f64]);
        numbers.extend(points.iter().flatten());
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::DocumentId;

    #[test]
    fn outlines_keep_to_pixels_and_follow_a_move() {
        let lens = Lens { origin: [10.0, 20.0], scale: 1.5, ratio: 2.0 };
        let preview = Preview {
            document: DocumentId::new(1),
            shape: PreviewShape::Move,
            x: 0.0,
            y: 0.0,
            width: 2.0,
            height: 4.0,
            points: Vec::new(),
        };
        let quad = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
        let overlay = Overlay { outlines: vec![quad].into(), preview: Some(preview.clone()) };
        let strokes = overlay.strokes(lens);
        assert_eq!(strokes.len(), 1, "what is moved is shown by its outline alone");
        assert_eq!(strokes[0].points[0], [13.25, 26.25]);
        let ellipse = Preview { shape: PreviewShape::Ellipse, ..preview };
        let strokes = Overlay { preview: Some(ellipse), ..overlay }.strokes(lens);
        assert_eq!(strokes[0].points[0], [10.25, 20.25]);
        let lowest = strokes[1].points.iter().map(|[_, y]| *y).fold(0.0, f64::max);
        assert!((lowest - 26.0).abs() < 0.2 && strokes[1].closed, "{lowest}");
        assert_eq!(
            numbers(&icon("M0 0 H24 Z M0 12 L12 24", 12.0)),
            [3.0, 1.0, 2.0, 0.0, 0.0, 12.0, 0.0, 3.0, 0.0, 2.0, 0.0, 6.0, 6.0, 12.0]
        );
    }
}
