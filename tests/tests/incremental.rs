//! A build runs what has changed and nothing else, gives the bytes of a cold run, and survives being killed.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    process::Stdio,
    thread,
    time::Duration,
};

use serde_json::{Value as Json, json};
use support::{build::Build, result, session::Dice};

fn ids(result: &Json, list: &str) -> BTreeSet<String> {
    result[list].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_runs_is_what_follows_from_the_change() {
    let build = Build::new();
    assert_eq!(build.len(), 60);
    assert_eq!(ids(&build.run(&[]), "ran").len(), 60);
    for input in ["in/photo2.jpg", "in/mark1.svg", "in/photo0.jpg"] {
        build.change_a_byte(input);
        let dependants = build.dependants(input);
        assert!((7..60).contains(&dependants.len()), "{input}: {}", dependants.len());
        let preview = build.run(&["--dry-run"]);
        let steps = preview["steps"].as_array().unwrap();
        let runs = |step: &&Json| step["way"] == "ran";
        let announced = steps.iter().filter(runs).map(|step| step["id"].as_str().unwrap().to_owned());
        assert_eq!(announced.collect::<BTreeSet<_>>(), dependants, "{input}: --dry-run");
        let run = build.run(&[]);
        assert_eq!(ids(&run, "ran"), dependants, "{input}");
        let named = |reason: &Json| reason == &format!("{input} changed");
        assert!(run["reasons"].as_object().unwrap().values().any(named), "{input}: {}", run["reasons"]);
        let cold = build.cold_copy();
        assert_eq!(ids(&cold.run(&["--jobs", "1"]), "ran").len(), 60);
        assert_eq!(build.outputs(), cold.outputs(), "{input}");
        let again = build.run(&[]);
        assert_eq!((ids(&again, "ran").len(), ids(&again, "cacheHits").len()), (0, 60), "{input}");
    }
    assert_eq!(ids(&build.run(&["--force"]), "ran").len(), 60);
}

#[test]
fn outputs_that_are_gone_or_changed_are_put_back() {
    let build = Build::new();
    build.run(&[]);
    let outputs = build.outputs();
    fs::remove_file(build.path("out/3-small.png")).unwrap();
    fs::write(build.path("out/4-large.jpg"), "something else").unwrap();
    assert_eq!(ids(&build.run(&[]), "ran").len(), 0);
    assert_eq!(build.outputs(), outputs);
    fs::remove_dir_all(build.path("out")).unwrap();
    assert_eq!(ids(&build.run(&[]), "ran").len(), 0);
    assert_eq!(build.outputs(), outputs);
}

#[test]
fn a_build_that_is_killed_goes_on_where_it_was() {
    let wanted = {
        let cold = Build::new();
        cold.run(&[]);
        cold.outputs()
    };
    let mut dice = Dice::new(5);
    for round in 0..30 {
        let build = Build::new();
        let mut child = build.command(&[]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let until = dice.below(59) as u64 + 1;
        let mut acknowledged = BTreeSet::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        for line in lines.by_ref() {
            let line: Json = serde_json::from_str(&line.unwrap()).unwrap();
            acknowledged.insert(line["task"].as_str().unwrap().to_owned());
            if line["done"].as_u64().unwrap() >= until {
                break;
            }
        }
        thread::sleep(Duration::from_micros(dice.below(15_000) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let output = build.command(&[]).output().unwrap();
        let run = result(&output);
        let again: Vec<String> = ids(&run, "ran").intersection(&acknowledged).cloned().collect();
        assert!(again.is_empty(), "round {round}: {again:?} ran twice");
        assert_eq!(build.outputs(), wanted, "round {round}");
        assert_eq!(build.strangers(), Vec::<String>::new(), "round {round}");
    }
}

#[test]
fn what_a_gpu_drew_follows_from_the_gpu() {
    let folder = tempfile::tempdir().unwrap();
    let script = json!({ "version": 1, "steps": [
        { "id": "world", "command": "document.create", "args": { "kind": "scene.world" } },
        { "id": "camera", "command": "scene.camera.add", "args": { "document": "${world.document}", "position": [0, 1, 5] } },
        { "id": "seen", "command": "document.export", "args": { "document": "${world.document}", "path": "seen.png", "width": 32, "height": 18 } },
        { "id": "canvas", "needs": [], "command": "document.create", "args": { "kind": "graphics.canvas", "properties": { "width": 8, "height": 8 } } },
        { "id": "drawn", "command": "document.export", "args": { "document": "${canvas.document}", "path": "drawn.png" } } ] });
    let run = |drivers: Option<&str>, arguments: &[&str]| {
        let mut command = support::batch(folder.path(), "script.json", &script);
        command.args(arguments);
        if let Some(drivers) = drivers {
            command.env("VK_DRIVER_FILES", drivers);
        }
        result(&command.output().unwrap())
    };
    assert_eq!(ids(&run(None, &[]), "ran").len(), 5);
    assert_eq!(ids(&run(None, &[]), "ran").len(), 0);
    let steps = run(Some("/no/driver"), &["--dry-run"])["steps"].take();
    let again = steps.as_array().unwrap().iter().filter(|step| step["way"] == "ran");
    let again: Vec<_> = again.map(|step| (step["id"].as_str(), step["reason"].as_str())).collect();
    assert_eq!(again, [(Some("seen"), Some("the GPU or its driver changed"))]);
}
