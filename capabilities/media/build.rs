//! Generates typed accessors of this capability's node kinds from its manifest.
// A build script has no ports: it reads and writes its files by itself.
#![allow(clippy::disallowed_methods)]

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=capability.json");
    let manifest = schema::Manifest::parse("capability.json", &fs::read_to_string("capability.json")?)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("kinds.rs"), schema::accessors(&manifest.kinds))?;
    Ok(())
}
