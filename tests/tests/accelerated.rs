//! What a GPU computes for canvases is what the processor would have: the same bytes, and none of its failures is theirs.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{fs, path::Path, process::Command};

/// Shapes under a wide blur, a drop shadow that is wider down than across, and a blur of one axis.
const DRAWING: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="1500" height="1100">
  <filter id="soft" x="0" y="0" width="1" height="1"><feGaussianBlur stdDeviation="21"/></filter>
  <filter id="shadow" x="0" y="0" width="1" height="1"><feDropShadow dx="30" dy="20" stdDeviation="4 90"/></filter>
  <filter id="moved" x="0" y="0" width="1" height="1"><feGaussianBlur stdDeviation="0 300.5"/></filter>
  <g filter="url(#soft)"><path fill="#3060c0" d="M0 0H1500V1100H0Z"/><circle cx="500" cy="400" r="320" fill="#f0c020"/></g>
  <g filter="url(#shadow)" opacity="0.8"><path fill="none" d="M0 0H1500V1100H0Z"/><path d="M100 100H1400L700 1000Z" fill="#c02040"/></g>
  <path filter="url(#moved)" d="M0 0H1500V1100H1400V50H0Z" fill="#108040"/>
</svg>"##;

/// A file drawn to this width on this adapter, whether the program kept pipelines of a GPU, and what it said.
fn drawn(file: &Path, width: u32, adapter: &str) -> (Vec<u8>, bool, String) {
    let picture = file.with_extension("drawn.png");
    let cache = file.with_extension(format!("cache {adapter}"));
    let output = Command::new(support::program())
        .arg("render")
        .arg(file)
        .arg("-o")
        .arg(&picture)
        .args(["--adapter", adapter, "--size", &format!("{width}x")])
        .env("XDG_CACHE_HOME", &cache)
        .output()
        .unwrap();
    assert!(output.status.success(), "{adapter}: {output:?}");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (fs::read(picture).unwrap(), cache.join("metabuilder/gpu").is_dir(), told)
}

/// Draws a file on all adapters that matter, and holds them together.
fn check(file: &Path, width: u32) {
    let (wanted, used, _) = drawn(file, width, "cpu");
    assert!(!used);
    let (found, used, told) = drawn(file, width, "llvmpipe");
    assert!(used && !told.contains("took over"), "{told}");
    assert!(found == wanted, "a GPU gave other bytes");
    let (found, used, told) = drawn(file, width, "no such adapter");
    assert!(!used && told.contains("the processor took over from the GPU: no GPU is named"), "{told}");
    assert!(found == wanted);
}

#[test]
fn a_gpu_gives_the_bytes_of_the_processor_and_may_be_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (drawing, photo) = (folder.path().join("drawing.svg"), folder.path().join("photo.png"));
    fs::write(&drawing, DRAWING).unwrap();
    check(&drawing, 1500);
    // Large enough that shrinking it is worth the way to a GPU.
    fs::write(&photo, drawn(&drawing, 2600, "cpu").0).unwrap();
    check(&photo, 801);
}
