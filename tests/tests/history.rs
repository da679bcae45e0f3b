//! Nothing is lost, and nothing is undone wrongly: long random sessions, killed, reopened, undone and redone.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{
    cell::Cell,
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value as Json, json};
use support::{
    batch, hash, program, result, run,
    session::{Dice, Session},
    verify,
};

fn kinds() -> BTreeMap<String, Json> {
    let output = Command::new(program()).args(["kinds", "--json"]).output().unwrap();
    let kinds = result(&output);
    kinds
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| (kind["id"].as_str().unwrap().to_owned(), kind.clone()))
        .collect()
}

/// Runs a script until a step is acknowledged and then kills the process; gives the acknowledged events.
fn run_and_kill(folder: &Path, script: &Json, until: usize) -> Vec<String> {
    let mut child =
        batch(folder, "killed.json", script).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut events = Vec::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let Ok(line) = serde_json::from_str::<Json>(&line.unwrap()) else { continue };
        events.extend(
            line["events"].as_array().unwrap().iter().map(|event| event.as_str().unwrap().to_owned()),
        );
        if line["done"].as_u64() >= Some(until as u64) {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    events
}

fn logged_events(folder: &Path) -> Vec<Json> {
    let output = Command::new(program()).args(["log", "--json", "--workspace"]).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_long_session_killed_is_undone_to_the_start_and_redone_to_the_end() {
    const COMMANDS: usize = 1000;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let kinds = kinds();
    let mut session = Session::new(11, &kinds);
    (0..COMMANDS).for_each(|_| session.command());
    session.inspect("end");
    let steps = session.steps();
    let total = steps.len();
    let start = run(
        folder,
        "hashes.json",
        &json!({ "version": 1, "steps": [{ "id": "before", "command": "workspace.inspect" }] }),
    );
    let acknowledged = run_and_kill(folder, &json!({ "version": 1, "steps": steps }), total);
    verify(folder);
    let events = logged_events(folder);
    let edits = events.len();
    assert_eq!(acknowledged.len(), edits);

    let step = |direction: &str, at: usize| json!({ "id": format!("{direction}{at}"), "command": format!("history.{direction}"), "args": {} });
    let look = |id: &str| json!({ "id": id, "command": "workspace.inspect" });
    let mut way = vec![look("end")];
    for at in 0..edits {
        way.push(step("undo", at));
        let left = edits - at - 1;
        if left.is_multiple_of(100) {
            way.push(look(&format!("back{left}")));
        }
    }
    way.push(look("start"));
    for at in 0..edits {
        way.push(step("redo", at));
        if (at + 1).is_multiple_of(100) {
            way.push(look(&format!("forth{}", at + 1)));
        }
    }
    way.push(look("again"));
    let seen = run(folder, "way.json", &json!({ "version": 1, "steps": way }));
    assert_eq!(hash(&seen, "start"), hash(&start, "before"), "undone to the start");
    assert_eq!(hash(&seen, "again"), hash(&seen, "end"), "redone to the end");
    for done in (100..edits).step_by(100) {
        let (back, forth) = (format!("back{done}"), format!("forth{done}"));
        assert_eq!(hash(&seen, &back), hash(&seen, &forth), "after {done} commands");
        assert_ne!(hash(&seen, &back), hash(&start, "before"), "after {done} commands there is something");
    }
    verify(folder);
}

#[test]
fn forks_stay_reachable() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let kinds = kinds();
    let mut session = Session::new(5, &kinds);
    (0..60).for_each(|_| session.command());
    session.inspect("trunk");
    let trunk = run(folder, "trunk.json", &json!({ "version": 1, "steps": session.steps() }));
    let canvas = trunk["results"]["canvas"]["document"].as_str().unwrap().to_owned();
    let set = |value: usize| json!({ "id": "set", "command": "node.set", "args": { "document": canvas, "property": "width", "value": 2000 + value } });
    let look = json!({ "id": "look", "command": "document.inspect", "args": { "document": canvas } });
    let mut tips = Vec::new();
    for fork in 0..3 {
        let mut steps: Vec<Json> = (0..10).map(|at| json!({ "id": format!("undo{at}"), "command": "history.undo", "args": { "document": canvas } })).collect();
        steps.extend([set(fork), look.clone()]);
        let seen = run(folder, "fork.json", &json!({ "version": 1, "steps": steps }));
        let tip = seen["events"].as_array().unwrap().last().unwrap().clone();
        tips.push((tip, seen["results"]["look"]["hash"].clone()));
    }
    for (tip, expected) in tips.iter().chain(tips.iter().rev()) {
        let checkout = json!({ "id": "go", "command": "history.checkout", "args": { "document": canvas, "revision": tip } });
        let seen = run(folder, "go.json", &json!({ "version": 1, "steps": [checkout, look] }));
        assert_eq!(seen["results"]["look"]["hash"], *expected, "fork {tip}");
        // From there, undo goes back along the fork, and redo to its tip again.
        let undo = json!({ "id": "undo", "command": "history.undo", "args": { "document": canvas } });
        let redo = json!({ "id": "redo", "command": "history.redo", "args": { "document": canvas } });
        let seen = run(folder, "back.json", &json!({ "version": 1, "steps": [undo, redo, look] }));
        assert_eq!(seen["results"]["look"]["hash"], *expected, "undone and redone at {tip}");
    }
    verify(folder);
}

#[test]
fn every_acknowledged_event_survives_a_kill_at_any_point() {
    let kinds = kinds();
    let mut dice = Dice::new(3);
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<String> = Vec::new();
    for round in 0..50 {
        let mut session = Session::new(100 + round, &kinds);
        (0..120).for_each(|_| session.command());
        let script = json!({ "version": 1, "steps": session.steps() });
        acknowledged.extend(run_and_kill(folder.path(), &script, 1 + dice.below(110)));
        let events = logged_events(folder.path());
        let names: std::collections::BTreeSet<&str> =
            events.iter().filter_map(|event| event["event"].as_str()).collect();
        let lost: Vec<&String> =
            acknowledged.iter().filter(|event| !names.contains(event.as_str())).collect();
        assert!(lost.is_empty(), "round {round}: {} acknowledged events are gone", lost.len());
    }
    verify(folder.path());
}

#[test]
fn an_edit_of_a_large_document_writes_little() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let paths: String = (0..100_000).map(|n| format!("<path d='M{n} 0h1v1z'/>")).collect();
    let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' width='20000' height='10'>{paths}</svg>");
    std::fs::write(folder.join("large.svg"), svg).unwrap();
    let import = json!({ "id": "large", "command": "document.import", "args": { "path": "large.svg" } });
    let large = run(folder, "import.json", &json!({ "version": 1, "steps": [import] }));
    let document = large["results"]["large"]["document"].clone();
    let size =
        "SELECT (SELECT sum(length(header)) FROM events) + (SELECT sum(length(bytes)) FROM payloads) AS size";
    let written = || {
        let output = Command::new(program())
            .args(["query", size, "--json", "--workspace"])
            .arg(folder)
            .output()
            .unwrap();
        result(&output)["rows"][0]["size"].as_u64().unwrap()
    };
    let before = written();
    let set = json!({ "id": "set", "command": "node.set", "args": { "document": document, "property": "width", "value": 10 } });
    run(folder, "set.json", &json!({ "version": 1, "steps": [set] }));
    let grown = written() - before;
    assert!(grown < 2048, "one property took {grown} bytes of history");
}

#[test]
fn undo_takes_back_only_what_its_actor_did() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let acts = Cell::new(0);
    let act = |actor: &str, steps: Json| {
        // A script of its own, which goes on from what there is.
        acts.set(acts.get() + 1);
        let mut command =
            batch(folder, &format!("act-{}.json", acts.get()), &json!({ "version": 1, "steps": steps }));
        result(&command.arg("--setting").arg(format!("actor={actor}")).output().unwrap())["results"].clone()
    };
    let set = |id: &str, document: &Json, property: &str, value: u32| json!({ "id": id, "command": "node.set", "args": { "document": document, "property": property, "value": value } });
    let made = act(
        "ada",
        json!([
            { "id": "canvas", "command": "document.create", "args": { "kind": "graphics.canvas" } },
            { "id": "text", "command": "code.create", "args": { "text": "hello world" } }
        ]),
    );
    let (canvas, text) = (made["canvas"]["document"].clone(), made["text"]["document"].clone());
    let edit = |edits: Json| json!({ "id": "edit", "command": "code.edit", "args": { "document": text, "edits": edits } });
    act(
        "ada",
        json!([
            set("w", &canvas, "width", 111),
            set("h", &canvas, "height", 222),
            edit(json!([{ "start": 0, "end": 5, "text": "HELLO" }]))
        ]),
    );
    act(
        "bo",
        json!([
            set("h", &canvas, "height", 333),
            edit(json!([{ "start": 0, "text": ">> " }, { "start": 11, "text": "!" }]))
        ]),
    );
    let undo = |id: &str, document: &Json| json!({ "id": id, "command": "history.undo", "args": { "document": document } });
    let seen = act(
        "ada",
        json!([
            undo("u1", &canvas),
            undo("u2", &canvas),
            { "id": "canvas", "command": "document.inspect", "args": { "document": canvas } },
            undo("u3", &text),
            { "id": "text", "command": "code.read", "args": { "document": text } }
        ]),
    );
    assert_eq!(seen["canvas"]["properties"], json!({ "height": 333.0 }), "what bo has set since stays");
    assert_eq!(seen["text"]["text"], ">> hello world!");
}
