//! What lies at a place of a canvas, as a person sees it.
//!
//! Owns an index of what is drawn with the box around each part, made anew when a canvas has changed; the geometry of the few
//! parts whose boxes hold a place is asked then. Clips and masks are asked of the renderer itself.

mod hit;
mod index;

pub(crate) use hit::Place;
pub(crate) use index::{Index, IndexCache, Part};
