//! Declarations: what a capability's manifest says about itself, its node kinds and their properties.
//!
//! Owns the parsing and checking of manifests, the checking of property values, and what is derived from declarations
//! alone: Rust accessors (at build time) and SQL views. Holds no content and runs nothing.

mod accessors;
mod kind;
mod manifest;
mod property;
mod views;

pub use accessors::accessors;
pub use kind::{Kind, Kinds};
pub use manifest::{
    ChartDeclaration, CommandDeclaration, Cursor, EvaluatorDeclaration, Example, Format, KeyBinding,
    Manifest, ManifestError, Setting, ToolDeclaration,
};
pub use property::{Merge, PropertyDeclaration, PropertyType, ValueError};
pub use views::views;
