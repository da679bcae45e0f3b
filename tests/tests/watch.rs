//! A build that is watched is run again by changes of what it follows from, and by nothing else.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use rustix::process::Signal;
use serde_json::Value as Json;
use support::build::Build;

/// Long enough for a busy machine.
const SOON: Duration = Duration::from_secs(60);
/// Longer than it takes to see a change.
const QUIET: Duration = Duration::from_millis(700);

struct Watch {
    child: Child,
    results: Receiver<Json>,
}

impl Watch {
    fn start(build: &Build, more: &[&str]) -> Self {
        let mut command = build.command(&[&["--watch"], more].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (sender, results) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in stdout.lines() {
                let _ = sender.send(serde_json::from_str(&line.unwrap()).unwrap());
            }
        });
        Watch { child, results }
    }

    fn next(&self) -> BTreeSet<String> {
        let result = self.results.recv_timeout(SOON).unwrap();
        result["ran"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn changes_are_built_as_they_come() {
    let build = Build::new();
    let mut watch = Watch::start(&build, &[]);
    assert_eq!(watch.next().len(), 60);
    assert!(watch.results.recv_timeout(QUIET).is_err(), "it ran again although nothing had changed");
    for input in ["in/photo1.jpg", "in/mark0.svg"] {
        build.change_a_byte(input);
        assert_eq!(watch.next(), build.dependants(input), "{input}");
    }
    // A script that is broken is told, and mended by the next change.
    let script = fs::read_to_string(build.path("build.json")).unwrap();
    fs::write(build.path("build.json"), "{").unwrap();
    assert!(watch.results.recv_timeout(QUIET).is_err());
    fs::write(build.path("build.json"), script.replace("Poster 5", "Poster V")).unwrap();
    let ran = watch.next();
    assert!(ran.contains("5-title") && ran.contains("sheet-out") && !ran.contains("4-title"), "{ran:?}");
    let cold = build.cold_copy();
    fs::copy(build.path("build.json"), cold.path("build.json")).unwrap();
    cold.run(&[]);
    assert_eq!(build.outputs(), cold.outputs());
    support::send(&watch.child, Signal::INT);
    assert_eq!(watch.child.wait().unwrap().code(), Some(130));
}

#[test]
fn documents_of_a_workspace_follow_the_changes() {
    let build = Build::new();
    let folder = build.folder();
    let mut watch = Watch::start(&build, &["--workspace", folder.to_str().unwrap()]);
    assert_eq!(watch.next().len(), 60);
    for input in ["in/photo1.jpg", "in/mark0.svg"] {
        assert!(watch.results.recv_timeout(QUIET).is_err(), "it ran again although nothing had changed");
        build.change_a_byte(input);
        assert_eq!(watch.next(), build.dependants(input), "{input}");
    }
    let cold = build.cold_copy();
    cold.run(&[]);
    assert_eq!(build.outputs(), cold.outputs());
    support::send(&watch.child, Signal::TERM);
    assert_eq!(watch.child.wait().unwrap().code(), Some(143));
    support::verify(&folder);
}
