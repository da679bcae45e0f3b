//! Puts the shaders of this crate together.
// A build script has no ports: it reads and writes its files by itself.
#![allow(clippy::disallowed_methods)]

use std::{env, error::Error, path::Path};

/// The shaders, and the files that they are made of.
const SHADERS: [(&str, &[&str]); 8] = [
    ("means", &["means.wgsl"]),
    ("resize_bytes", &["resize_bytes.wgsl", "resize.wgsl"]),
    ("resize_floats", &["resize_floats.wgsl", "resize.wgsl"]),
    ("blend_bytes", &["layer.wgsl", "blend_bytes.wgsl"]),
    ("blend_bytes_bytes", &["layer.wgsl", "load_bytes.wgsl", "store_bytes.wgsl", "blend_floats.wgsl"]),
    ("blend_floats_bytes", &["layer.wgsl", "load_floats.wgsl", "store_bytes.wgsl", "blend_floats.wgsl"]),
    ("blend_bytes_floats", &["layer.wgsl", "load_bytes.wgsl", "store_floats.wgsl", "blend_floats.wgsl"]),
    ("blend_floats_floats", &["layer.wgsl", "load_floats.wgsl", "store_floats.wgsl", "blend_floats.wgsl"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    Ok(shaders::build(Path::new("../../shaders/raster"), Path::new(&env::var("OUT_DIR")?), &SHADERS)?)
}
