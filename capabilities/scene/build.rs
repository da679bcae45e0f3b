//! Generates typed accessors of this capability's node kinds from its manifest, and puts its shaders together.
// A build script has no ports: it reads and writes its files by itself.
#![allow(clippy::disallowed_methods)]

use std::{env, error::Error, fs, path::Path};

/// The shaders, and the files that they are made of.
const SHADERS: [(&str, &[&str]); 5] = [
    ("surface", &["frame.wgsl", "vertex.wgsl", "environment.wgsl", "light.wgsl", "fragment.wgsl"]),
    (
        "lobed_surface",
        &["frame.wgsl", "vertex.wgsl", "environment.wgsl", "light.wgsl", "fragment.wgsl", "lobes.wgsl"],
    ),
    ("backdrop", &["frame.wgsl", "environment.wgsl", "light.wgsl", "backdrop.wgsl"]),
    ("smaller", &["smaller.wgsl"]),
    ("average", &["average.wgsl"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=capability.json");
    let manifest = schema::Manifest::parse("capability.json", &fs::read_to_string("capability.json")?)?;
    let out = env::var("OUT_DIR")?;
    let out = Path::new(&out);
    fs::write(out.join("kinds.rs"), schema::accessors(&manifest.kinds))?;
    Ok(shaders::build(Path::new("../../shaders/scene"), out, &SHADERS)?)
}
