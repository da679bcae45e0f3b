//! A run that is asked to stop ends soon, says so by its exit code, and leaves nothing half done.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::json;

/// A picture that takes long to draw.
fn script() -> serde_json::Value {
    let document = "${made.document}";
    json!({ "version": 1, "steps": [
        { "id": "made", "command": "document.create", "args": { "kind": "graphics.canvas", "properties": { "width": 9000, "height": 9000 } } },
        { "id": "box", "command": "graphics.shape.add", "args": { "document": document, "shape": "ellipse", "width": 9000, "height": 9000, "fill": "#ff8800" } },
        { "id": "blur", "command": "graphics.filter.apply", "args": { "document": document, "node": "${box.node}", "filter": "gaussian-blur", "sigma": 300 } },
        { "id": "out", "command": "document.export", "args": { "document": document, "path": "out.png" } } ],
      "finally": [{ "id": "end", "command": "document.export", "args": { "document": document, "path": "end.svg" } }] })
}

#[test]
fn a_signal_stops_a_run_with_the_exit_code_that_says_so() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script.json");
        fs::write(&path, script().to_string()).unwrap();
        let mut child = Command::new(support::program())
            .arg("--batch")
            .arg(&path)
            .args(["--progress", "json"])
            .env("XDG_CACHE_HOME", folder.path().join("cache"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("\"blur\"") {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended before it was asked to");
        }
        let asked = Instant::now();
        support::send(&child, signal);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{code}");
        assert!(asked.elapsed() < Duration::from_secs(30), "{code}: it took {:?} to stop", asked.elapsed());
        let mut told = String::new();
        stderr.read_to_string(&mut told).unwrap();
        assert!(told.contains("script.json:1: step '") && told.contains("cancelled"), "{code}: {told}");
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["cache", "end.svg", "script.json"], "{code}");
    }
}
