//! What frames are drawn on.

use base::Color;
use codecs::Picture;
use kernel::CommandError;
use raster::blend::BlendMode;

use super::{image::Drawn, place::Placed, wipe::Edge};

/// Something that pictures are drawn on, one over the other.
pub trait Canvas: Clone {
    /// Gives all of it a colour.
    fn fill(&mut self, color: Color);

    /// Draws a video's frame there if it can be done without a way through RGB; says whether it was.
    fn draw_video(&mut self, picture: &Picture, placed: &Placed, opacity: f32) -> bool;

    /// Draws pixels at their place.
    ///
    /// # Errors
    /// There is no memory for it.
    fn draw(&mut self, drawn: &Drawn, opacity: f32, blend: BlendMode) -> Result<(), CommandError>;

    /// Mixes another canvas in: `part` of it, from 0 to 1.
    fn mix(&mut self, other: &Self, part: f32);

    /// Takes another canvas where an edge that moves over it has been.
    fn wipe(&mut self, other: &Self, edge: &Edge);
}
