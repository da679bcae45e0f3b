//! Editing of tracks: pure operations on tracks as values, and what has to be done to a tree so that it says the same.

mod error;
mod lane;
mod operations;
mod piece;
mod sequence;

pub use error::EditError;
pub use lane::{Attached, Lane, NewTrack, Transition};
pub use piece::{Form, Origin, Piece};
pub(crate) use sequence::registers;
pub use sequence::{Sequence, link_name};
