//! `cargo xtask samples`: makes the sample inputs that are made and not written by hand.

mod bottle;
mod glb;
mod music;

use crate::project::Project;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use std::process::Command;
use testkit::{Scans, photo};

/// The landscapes: the folder of the sample, width, height, which one, and the quality of its JPEG file.
const PHOTOS: [(&str, u32, u32, u32, u8); 2] =
    [("poster", 1920, 1280, 2, 88), ("showreel", 1600, 1200, 5, 80)];

/// Makes them anew; the same bytes each time, but for what FFmpeg packs (`clip.mp4`, `rhythm.flac`), which stays the
/// same for one version of it.
pub fn samples(project: &Project) -> Result<bool> {
    for (sample, width, height, seed, quality) in PHOTOS {
        let bytes = photo::landscape(width, height, seed).encode_jpeg(quality, Scans::Interleaved)?;
        write(project, &project.root.join(format!("assets/samples/{sample}/in/photo.jpg")), &bytes)?;
    }
    let showreel = project.root.join("assets/samples/showreel");
    write(project, &showreel.join("in/bottle.glb"), &bottle::bottle()?)?;
    write(project, &showreel.join("in/music.wav"), &music::chords(48_000).wav(0.8))?;
    write(project, &showreel.join("in/bottle.rs"), include_bytes!("bottle.rs"))?;
    let work = project.root.join("target/samples");
    write(project, &work.join("rhythm.wav"), &music::rhythm(44_100).wav(0.9))?;
    write(project, &work.join("sunrise.wav"), &music::sunrise(44_100).wav(0.7))?;
    let [rhythm, sunrise, flac, clip] = [
        work.join("rhythm.wav"),
        work.join("sunrise.wav"),
        showreel.join("in/rhythm.flac"),
        showreel.join("in/clip.mp4"),
    ]
    .map(|path| path.display().to_string());
    let script = showreel.join("clip.json").display().to_string();
    let options = "--set";
    program(project, &["render", &rhythm, "-o", &flac])?;
    let (sound, output) = (format!("sound={sunrise}"), format!("output={clip}"));
    program(project, &["--batch", &script, "--force", options, &sound, options, &output])?;
    for path in [flac, clip] {
        tell(project, Path::new(&path))?;
    }
    Ok(true)
}

fn program(project: &Project, arguments: &[&str]) -> Result<()> {
    let status = Command::new(project.built_binary()?).args(arguments).status().context("metabuilder")?;
    if !status.success() {
        bail!("metabuilder {}: {status}", arguments.join(" "));
    }
    Ok(())
}

fn write(project: &Project, path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    fs::write(path, bytes).with_context(|| path.display().to_string())?;
    tell(project, path)
}

fn tell(project: &Project, path: &Path) -> Result<()> {
    let bytes = fs::metadata(path).with_context(|| path.display().to_string())?.len();
    println!("{}: {} KB", project.shown(path), bytes.div_ceil(1000));
    Ok(())
}
