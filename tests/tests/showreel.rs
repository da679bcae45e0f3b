//! The showreel of the samples: all of its outputs from one script, again from what is known, and after a change.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use serde_json::{Value as Json, json};
use support::{program, result, run};

/// A second in flicks.
const SECOND: f64 = 705_600_000.0;

/// The sample, made small.
struct Reel {
    folder: tempfile::TempDir,
}

impl Reel {
    fn new() -> Self {
        let reel = Reel { folder: tempfile::tempdir().unwrap() };
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/samples/showreel");
        for folder in ["", "in", "art"] {
            fs::create_dir_all(reel.folder.path().join(folder)).unwrap();
            for file in fs::read_dir(sample.join(folder)).unwrap().map(Result::unwrap) {
                if file.file_type().unwrap().is_file() {
                    fs::copy(file.path(), reel.folder.path().join(folder).join(file.file_name())).unwrap();
                }
            }
        }
        reel
    }

    fn run(&self, more: &[&str]) -> Json {
        let mut command = Command::new(program());
        command.current_dir(self.folder.path()).env("XDG_CACHE_HOME", self.folder.path().join("cache"));
        command.args(["--batch", "showreel.json", "--json"]);
        for variable in ["frames=6", "width=192", "height=108", "posterWidth=160"].iter().chain(more) {
            command.args(["--set", variable]);
        }
        result(&command.output().unwrap())
    }

    fn outputs(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for folder in ["out", "out/turntable"] {
            for file in fs::read_dir(self.folder.path().join(folder)).unwrap().map(Result::unwrap) {
                if file.file_type().unwrap().is_file() {
                    let name = format!("{folder}/{}", file.file_name().display());
                    files.insert(name, fs::read(file.path()).unwrap());
                }
            }
        }
        files
    }

    /// What the program finds in a media file: the properties of its first clip.
    fn probe(&self, path: &str) -> Json {
        let script = json!({ "version": 1, "steps": [
            { "id": "file", "command": "document.import", "args": { "path": path } },
            { "id": "clips", "command": "node.find", "args": { "document": "${file.document}", "kind": "media.clip" } } ] });
        run(self.folder.path(), "probe.json", &script)["results"]["clips"]["nodes"][0]["properties"].take()
    }
}

fn count(result: &Json, list: &str) -> usize {
    result[list].as_array().unwrap().len()
}

#[test]
fn the_showreel_is_made_once_and_again_where_it_changed() {
    let reel = Reel::new();
    let first = reel.run(&[]);
    assert_eq!((&first["warnings"], count(&first, "cacheHits")), (&json!([]), 0));
    let made = reel.outputs();
    let names: Vec<&str> = made.keys().map(String::as_str).collect();
    let expected = [
        "out/hero.png",
        "out/listing.html",
        "out/mix.wav",
        "out/poster.png",
        "out/showreel.mp4",
        "out/turntable/0000.png",
        "out/turntable/0001.png",
        "out/turntable/0002.png",
        "out/turntable/0003.png",
        "out/turntable/0004.png",
        "out/turntable/0005.png",
    ];
    assert_eq!(names, expected);
    // The clip lasts 3 s; the other parts two and a half times the 6 frames of the turntable.
    let film = reel.probe("out/showreel.mp4");
    let (pictures, sound) = (&film["info"]["video"][0], &film["info"]["sound"][0]);
    assert_eq!(
        (&pictures["width"], &pictures["height"], &pictures["frames"]),
        (&json!(192), &json!(108), &json!(87))
    );
    assert_eq!((&sound["rate"], &sound["channels"]), (&json!(48_000), &json!(2)));
    let mix = reel.probe("out/mix.wav");
    assert_eq!(mix["duration"].as_f64().unwrap() / SECOND, 3.625);

    let again = reel.run(&[]);
    assert_eq!((count(&again, "ran"), count(&again, "cacheHits")), (0, count(&first, "ran")));
    fs::remove_dir_all(reel.folder.path().join("cache")).unwrap();
    fs::remove_dir_all(reel.folder.path().join("out")).unwrap();
    reel.run(&[]);
    let cold = reel.outputs();
    let differing: Vec<&String> =
        made.iter().filter(|(name, bytes)| cold.get(*name) != Some(bytes)).map(|(name, _)| name).collect();
    assert_eq!(differing, Vec::<&String>::new());

    let logo = reel.folder.path().join("in/logo.svg");
    let changed = fs::read_to_string(&logo).unwrap().replace("#ffcf70", "#70cfff");
    fs::write(&logo, changed).unwrap();
    let run = reel.run(&[]);
    let ran: Vec<&str> = run["ran"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    for step in ["label-logos[0]", "hero", "turntable-frames[5]", "poster-picture", "film"] {
        assert!(ran.contains(&step), "{step} did not run");
    }
    for step in
        ["scene", "live-label", "turntable", "poster-photo", "title-line", "clip-film", "reel", "listing"]
    {
        assert!(!ran.contains(&step), "{step} ran");
    }
    let new = reel.outputs();
    let same: Vec<&str> = new
        .iter()
        .filter(|(name, bytes)| made.get(*name) == Some(bytes))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(same, ["out/listing.html", "out/mix.wav"]);
}
