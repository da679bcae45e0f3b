//! Where a canvas lies in its panel: scale and offset, in pixels of the screen.

use kernel::View;

/// The smallest and the largest scale, in pixels for one unit.
const SCALES: (f64, f64) = (0.01, 64.0);
/// How much of the panel's shorter side stays free around a canvas that fits.
const MARGIN: f64 = 0.04;

/// A rectangle in the panel's own units: left, top, width, height.
pub type Rectangle = (f64, f64, f64, f64);

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Width and height of the panel in pixels.
    panel: (f64, f64),
    /// Pixels for one unit of the panel.
    ratio: f64,
    /// Width and height of the canvas in its units.
    extent: (f64, f64),
    /// Pixels for one unit of the canvas.
    scale: f64,
    /// Where the canvas begins, in pixels from the panel's upper left corner.
    offset: (f64, f64),
    /// Whether the whole canvas stays in sight when the panel changes.
    fits: bool,
}

impl Default for Camera {
    fn default() -> Self {
        Camera {
            panel: (0.0, 0.0),
            ratio: 1.0,
            extent: (0.0, 0.0),
            scale: 1.0,
            offset: (0.0, 0.0),
            fits: true,
        }
    }
}

impl Camera {
    /// The panel has another size, in its own units, or another pixel ratio. What is in its middle stays there.
    pub fn resize(&mut self, (width, height): (f64, f64), ratio: f64) {
        let panel = (width * ratio, height * ratio);
        let moved = ((panel.0 - self.panel.0) / 2.0, (panel.1 - self.panel.1) / 2.0);
        (self.panel, self.ratio) = (panel, ratio);
        if self.fits {
            self.fit();
        } else {
            self.move_to((self.offset.0 + moved.0, self.offset.1 + moved.1));
        }
    }

    /// The canvas has another size.
    pub fn set_extent(&mut self, extent: (f64, f64)) {
        if self.extent != extent {
            self.extent = extent;
            if self.fits {
                self.fit();
            }
        }
    }

    /// Shows the whole canvas, and goes on to.
    pub fn fit(&mut self) {
        self.fits = true;
        let free = MARGIN * self.panel.0.min(self.panel.1);
        let across = (self.panel.0 - 2.0 * free) / self.extent.0;
        let down = (self.panel.1 - 2.0 * free) / self.extent.1;
        let scale = across.min(down);
        if scale.is_finite() && scale > 0.0 {
            self.scale = scale.clamp(SCALES.0, SCALES.1);
            self.center();
        }
    }

    /// Shows the canvas at a scale, with what is in the panel's middle staying there.
    pub fn set_scale(&mut self, scale: f64) {
        let middle = (self.panel.0 / 2.0 / self.ratio, self.panel.1 / 2.0 / self.ratio);
        self.zoom(scale / self.scale, middle);
    }

    /// Shows the canvas so many times larger; what is at a place of the panel stays there.
    pub fn zoom(&mut self, factor: f64, (x, y): (f64, f64)) {
        let scale = (self.scale * factor).clamp(SCALES.0, SCALES.1);
        let factor = scale / self.scale;
        let (x, y) = (x * self.ratio, y * self.ratio);
        self.scale = scale;
        self.fits = false;
        self.move_to((x - (x - self.offset.0) * factor, y - (y - self.offset.1) * factor));
    }

    /// Moves the canvas, in units of the panel.
    pub fn pan(&mut self, (dx, dy): (f64, f64)) {
        self.fits = false;
        self.move_to((self.offset.0 + dx * self.ratio, self.offset.1 + dy * self.ratio));
    }

    /// Moves the canvas so that a point of it, in its units, is at a place of the panel.
    pub fn put(&mut self, (x, y): (f64, f64), (across, down): (f64, f64)) {
        self.fits = false;
        self.move_to((across * self.ratio - x * self.scale, down * self.ratio - y * self.scale));
    }

    /// The point of the canvas, in its units, that is at a place of the panel.
    pub fn point_at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        ((x * self.ratio - self.offset.0) / self.scale, (y * self.ratio - self.offset.1) / self.scale)
    }

    /// A length of the panel in units of the canvas.
    pub fn length(&self, length: f64) -> f64 {
        length * self.ratio / self.scale
    }

    /// Pixels of the screen for one unit of the canvas.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    fn size(&self) -> (f64, f64) {
        (self.extent.0 * self.scale, self.extent.1 * self.scale)
    }

    fn center(&mut self) {
        let size = self.size();
        self.move_to(((self.panel.0 - size.0) / 2.0, (self.panel.1 - size.1) / 2.0));
    }

    /// Moves to whole pixels, so that the canvas is as crisp as its export. A part of it stays in sight.
    fn move_to(&mut self, (x, y): (f64, f64)) {
        let (width, height) = self.size();
        let kept = 32.0 * self.ratio;
        let within = |at: f64, size: f64, panel: f64| {
            let (least, most) = (kept.min(size) - size, panel - kept.min(size));
            if least <= most { at.clamp(least, most).round() } else { at.round() }
        };
        self.offset = (within(x, width, self.panel.0), within(y, height, self.panel.1));
    }

    /// The part of the canvas that is in sight; none where there is nothing of it.
    pub fn view(&self) -> Option<View> {
        let size = self.size();
        let side = |offset: f64, size: f64, panel: f64| {
            let (first, last) =
                (offset.max(0.0), (offset + size).round().max(offset + 1.0).min(panel.floor()));
            (first, last - first)
        };
        let (left, width) = side(self.offset.0, size.0, self.panel.0);
        let (top, height) = side(self.offset.1, size.1, self.panel.1);
        let seen = width >= 1.0 && height >= 1.0 && size.0 > 0.0 && size.1 > 0.0;
        seen.then(|| View {
            width: width as u32,
            height: height as u32,
            origin: ((left - self.offset.0) / self.scale, (top - self.offset.1) / self.scale),
            scale: self.scale,
            time: 0.0,
        })
    }

    /// Where a view that was drawn earlier belongs now.
    pub fn place(&self, view: &View) -> Rectangle {
        let larger = self.scale / view.scale;
        self.to_panel(
            (self.offset.0 + view.origin.0 * self.scale, self.offset.1 + view.origin.1 * self.scale),
            (f64::from(view.width) * larger, f64::from(view.height) * larger),
        )
    }

    /// Where the whole canvas is.
    pub fn page(&self) -> Rectangle {
        self.to_panel(self.offset, self.size())
    }

    fn to_panel(&self, at: (f64, f64), size: (f64, f64)) -> Rectangle {
        (at.0 / self.ratio, at.1 / self.ratio, size.0 / self.ratio, size.1 / self.ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Camera {
        let mut camera = Camera::default();
        camera.set_extent((400.0, 200.0));
        camera.resize((500.0, 500.0), 2.0);
        camera
    }

    fn rounded((x, y, width, height): Rectangle) -> Rectangle {
        let round = |length: f64| (length * 1e6).round() / 1e6;
        (round(x), round(y), round(width), round(height))
    }

    #[test]
    fn a_canvas_that_fits_is_in_the_middle_and_stays_so() {
        let mut camera = camera();
        assert_eq!(camera.scale(), 920.0 / 400.0);
        assert_eq!(rounded(camera.page()), (20.0, 135.0, 460.0, 230.0));
        camera.resize((250.0, 500.0), 2.0);
        assert_eq!(rounded(camera.page()), (10.0, 192.5, 230.0, 115.0));
    }

    #[test]
    fn what_is_under_the_pointer_stays_there_when_zooming() {
        let mut camera = camera();
        let under = |camera: &Camera, (x, y): (f64, f64)| {
            let page = camera.page();
            ((x - page.0) * 2.0 / camera.scale(), (y - page.1) * 2.0 / camera.scale())
        };
        let before = under(&camera, (100.0, 200.0));
        camera.zoom(4.0, (100.0, 200.0));
        let after = under(&camera, (100.0, 200.0));
        assert!((before.0 - after.0).abs() < 0.1 && (before.1 - after.1).abs() < 0.1, "{before:?} {after:?}");
    }

    #[test]
    fn only_what_is_in_sight_is_drawn_and_it_fits_to_the_pixel() {
        let mut camera = camera();
        camera.set_scale(10.0);
        let view = camera.view().unwrap();
        assert_eq!((view.width, view.height), (1000, 1000));
        assert_eq!(rounded(camera.place(&view)), (0.0, 0.0, 500.0, 500.0));
        camera.pan((0.0, 1e6));
        let view = camera.view().unwrap();
        assert_eq!(view.height, 64);
        assert_eq!(view.origin.1, 0.0);
        camera.put((100.0, 50.0), (30.0, 40.0));
        assert_eq!(camera.point_at((30.0, 40.0)), (100.0, 50.0));
        assert_eq!(camera.length(5.0), 1.0);
    }
}
