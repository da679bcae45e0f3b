//! A canvas of planes, as encoders take them.

use base::Color as Rgb;
use codecs::{Color, Picture, PictureFormat};
use kernel::CommandError;
use raster::blend::BlendMode;

use super::{canvas::Canvas, image::Drawn, place::Placed, wipe::Edge};
use crate::planar::{self, Part, Planar, PlanarRef};

/// Planes that are drawn on. Only the normal blend mode is drawn right.
#[derive(Clone)]
pub struct VideoCanvas {
    planar: Planar,
    format: PictureFormat,
    color: Color,
}

impl VideoCanvas {
    /// One whose samples are all 0.
    pub fn new(width: u32, height: u32, format: PictureFormat, color: Color) -> Self {
        VideoCanvas { planar: Planar::new(width, height, format, color), format, color }
    }

    /// What was drawn.
    pub fn view(&self) -> PlanarRef<'_> {
        self.planar.view()
    }
}

impl Canvas for VideoCanvas {
    fn fill(&mut self, color: Rgb) {
        planar::fill(&mut self.planar.view_mut(), color);
    }

    fn draw_video(&mut self, picture: &Picture, placed: &Placed, opacity: f32) -> bool {
        let from = PlanarRef::of(picture);
        let to = self.planar.view();
        let same = (from.width, from.height, from.format) == (to.width, to.height, to.format)
            && (from.color.matrix, from.color.full_range) == (to.color.matrix, to.color.full_range);
        if !same || from.format.alpha || !placed.is_plain(from.width, from.height) {
            return false;
        }
        planar::mix(&mut self.planar.view_mut(), from, opacity);
        true
    }

    fn draw(&mut self, drawn: &Drawn, opacity: f32, _: BlendMode) -> Result<(), CommandError> {
        let size = (self.view().width, self.view().height);
        let planar = &mut self.planar;
        drawn.overlay(size, self.format, self.color, &mut |overlay| {
            overlay.draw(&mut planar.view_mut(), opacity)
        });
        Ok(())
    }

    fn mix(&mut self, other: &Self, part: f32) {
        planar::mix(&mut self.planar.view_mut(), other.planar.view(), part);
    }

    fn wipe(&mut self, other: &Self, edge: &Edge) {
        let width = self.view().width;
        let parts = |(shift_x, shift_y): (u32, u32), row: usize| {
            let (step_x, step_y) = (f64::from(1 << shift_x), f64::from(1 << shift_y));
            let y = (row as f64 + 0.5) * step_y;
            let columns = width.div_ceil(1 << shift_x);
            Part::Each((0..columns).map(|x| edge.part((f64::from(x) + 0.5) * step_x, y)).collect())
        };
        planar::select(&mut self.planar.view_mut(), other.planar.view(), &parts);
    }
}
