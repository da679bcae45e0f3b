//! Canvases: pictures as documents.
//!
//! Owns the way from a [`Picture`](crate::picture::Picture) to the nodes of a document ([`insert`]) and back
//! ([`picture`]). Knows neither files nor pixels.

mod read;
mod write;

pub use read::{node, picture, resource_id, resources};
pub use write::{Inserter, insert};
