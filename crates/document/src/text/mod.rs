//! Text as data: change sets between two texts, and what can be done with them.
//!
//! Owns the arithmetic of edits: applying, inverting, composing, transforming and mapping positions, the difference of
//! two texts, and the encoded forms. All positions and lengths are counts of Unicode scalar values (`char`s), never
//! bytes, UTF-16 units or grapheme clusters. Holds no text of its own, knows no document, does no IO.

mod builder;
mod change_set;
mod codec;
mod diff;
mod positions;
mod transform;

#[cfg(test)]
mod tests;

pub use builder::ChangeSetBuilder;
pub use change_set::{ChangeSet, ChangeSetError, Op, TextEdit};
pub use diff::diff;
pub use positions::Assoc;
pub use transform::Side;
