//! Accessors of this capability's node kinds, generated from its manifest.
// The same code serves kinds of any shape: enums with and without defaults, with many values and with one.
#![allow(clippy::derivable_impls, clippy::match_single_binding)]

include!(concat!(env!("OUT_DIR"), "/kinds.rs"));
