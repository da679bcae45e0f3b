//! Accessors of this capability's node kinds, generated from its manifest.
#![allow(clippy::derivable_impls, clippy::match_single_binding)]

include!(concat!(env!("OUT_DIR"), "/kinds.rs"));
