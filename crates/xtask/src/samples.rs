//! `cargo xtask samples`: draws the sample inputs that are made and not written by hand.

use crate::project::Project;
use anyhow::{Context, Result};
use std::fs;
use testkit::{Scans, photo};

/// The landscape of the poster sample: width, height, which one, and the quality of its JPEG file.
const PHOTO: (u32, u32, u32, u8) = (1920, 1280, 2, 88);

/// Draws them anew; the same bytes each time.
pub fn samples(project: &Project) -> Result<bool> {
    let path = project.root.join("assets/samples/poster/in/photo.jpg");
    let (width, height, seed, quality) = PHOTO;
    let bytes = photo::landscape(width, height, seed).encode_jpeg(quality, Scans::Interleaved)?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(&path, &bytes).with_context(|| path.display().to_string())?;
    println!("{}: {width}x{height}, {} KB", project.shown(&path), bytes.len() / 1000);
    Ok(true)
}
