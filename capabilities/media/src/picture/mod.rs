//! What timelines show: layers of clips, drawn on a canvas of pixels or of planes.

mod canvas;
mod compose;
mod image;
mod place;
mod rgba;
mod video;
mod wipe;

pub use canvas::Canvas;
pub use compose::{Scene, compose, mixes_alone};
pub use image::Drawn;
pub use place::Frame;
pub use rgba::Rgba;
pub use video::VideoCanvas;
