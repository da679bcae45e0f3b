//! Documents: node trees and texts, the deltas that change them, and the merge data behind them.
//!
//! Owns the content of documents and the one funnel through which it changes ([`Document::apply`]). Never does IO,
//! knows no clock, no workspace and no capability. Raw property names and everything of the CRDT stay in here: readers
//! use accessors generated from the kinds' declarations.

mod blobs;
mod content;
mod crdt;
mod delta;
mod diff;
mod document;
pub mod event;
pub mod keyframe;
mod node;
mod payload;
mod read;
mod rebase;
pub mod saved;
pub mod text;
mod tree;
mod value;

pub use content::Content;
pub use delta::{Delta, DeltaError};
pub use document::{Applied, Document};
pub use node::{Node, Properties, Property};
pub use payload::{Change, Payload, Role};
pub use read::NodeRef;
pub use rebase::rebase;
pub use tree::Tree;
pub use value::{Key, Value};
