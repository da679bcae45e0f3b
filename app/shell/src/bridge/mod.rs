//! The objects that QML sees, one file each. They translate; what they show is decided elsewhere.

mod canvas;
mod overlay;
mod row_model;
mod workbench;
