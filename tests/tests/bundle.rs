//! Documents as folders: what git sees of a change, how copies come together, and what an interrupted export leaves.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{collections::BTreeMap, fs, path::Path, process::Output};

use serde_json::{Value as Json, json};
use support::{batch, result, run};
use tempfile::TempDir;

const PARTS: [&str; 3] = ["document.json", "merge.crdt", "manifest.json"];

fn step(id: &str, command: &str, args: Json) -> Json {
    json!({ "id": id, "command": command, "args": args })
}

fn script(steps: Vec<Json>) -> Json {
    json!({ "version": 1, "steps": steps })
}

/// A workspace with a document of two rectangles, written to the folder `start.mbd`; gives the document and a rectangle.
fn start() -> (TempDir, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let document = json!("${canvas.document}");
    let rectangle = |id: &str, x: i32, fill: &str| {
        let args = json!({ "document": document, "shape": "rectangle", "x": x, "y": 0, "width": 10, "height": 10, "fill": fill });
        step(id, "graphics.shape.add", args)
    };
    let steps = vec![
        step(
            "canvas",
            "document.create",
            json!({ "kind": "graphics.canvas", "properties": { "width": 40, "height": 20 } }),
        ),
        rectangle("one", 0, "#ff0000"),
        rectangle("two", 20, "#0000ff"),
        step("out", "document.export", json!({ "document": document, "path": "start.mbd/" })),
    ];
    let made = run(folder.path(), "make.json", &script(steps));
    let id = |step: &str, of: &str| made["results"][step][of].as_str().unwrap().to_owned();
    (folder, id("canvas", "document"), id("one", "node"))
}

fn set(document: &str, node: &str, property: &str, value: Json) -> Json {
    step(
        "set",
        "node.set",
        json!({ "document": document, "node": node, "property": property, "value": value }),
    )
}

fn export(document: &str, path: &str) -> Json {
    step("out", "document.export", json!({ "document": document, "path": path }))
}

fn inspect(document: &str) -> Json {
    step("state", "document.inspect", json!({ "document": document }))
}

/// Every file of a folder by its name.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        match entry.path().is_dir() {
            true => {
                let below = files(&entry.path()).into_iter();
                found.extend(below.map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
            }
            false => {
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

fn put(folder: &Path, files: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in files {
        fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    }
}

/// Reads a folder into a workspace of its own and looks at the document.
fn read(folder: &Path) -> Output {
    let workspace = tempfile::tempdir().unwrap();
    let steps = vec![
        step("in", "document.import", json!({ "path": folder })),
        step("state", "document.inspect", json!({ "document": "${in.document}" })),
    ];
    batch(workspace.path(), "read.json", &script(steps)).output().unwrap()
}

fn state(result: &Json) -> String {
    result["results"]["state"]["hash"].as_str().unwrap().to_owned()
}

#[test]
fn a_changed_property_changes_its_lines_only() {
    let (folder, document, node) = start();
    let text = || fs::read_to_string(folder.path().join("start.mbd/document.json")).unwrap();
    for (property, value, gone, new) in [
        ("fill", json!("#00ff00"), 1, 1),
        ("opacity", json!(0.5), 0, 1),
        ("name", json!("Sky"), 0, 1),
        ("opacity", json!(0.25), 1, 1),
    ] {
        let before = text();
        let steps = vec![set(&document, &node, property, value), export(&document, "start.mbd")];
        // Another script each time: one of the same name goes on from where it began, and would set its own value only.
        run(folder.path(), &format!("set-{property}-{gone}.json"), &script(steps));
        let after = text();
        let only = |these: &str, those: &str| {
            let those: Vec<&str> = those.lines().collect();
            let lines = these.lines().filter(|line| !those.contains(line));
            lines.map(|line| line.trim_start().to_owned()).collect::<Vec<_>>()
        };
        let (old, fresh) = (only(&before, &after), only(&after, &before));
        assert_eq!((old.len(), fresh.len()), (gone, new), "{property}: {old:?} {fresh:?}");
        assert!(fresh[0].starts_with(&format!(", \"{property}\": ")), "{fresh:?}");
    }
    let untouched = files(&folder.path().join("start.mbd"));
    let again = run(folder.path(), "again.json", &script(vec![export(&document, "start.mbd/")]));
    assert_eq!(again["results"]["out"]["written"], 0);
    assert_eq!(files(&folder.path().join("start.mbd")), untouched);
}

#[test]
fn diverged_copies_come_to_one_state() {
    let (folder, document, node) = start();
    let start = folder.path().join("start.mbd");
    let copies: Vec<TempDir> = (0..2).map(|_| tempfile::tempdir().unwrap()).collect();
    let edits = [("fill", json!("#00ff00")), ("opacity", json!(0.5))];
    for (copy, (property, value)) in copies.iter().zip(edits) {
        put(&copy.path().join("copy.mbd"), &files(&start));
        let steps = vec![
            step("in", "document.import", json!({ "path": "copy.mbd" })),
            export(&document, "copy.mbd"),
            inspect(&document),
        ];
        let read = run(copy.path(), "in.json", &script(steps));
        assert_eq!(read["results"]["out"]["written"], 0, "what was read is what is there");
        let steps = vec![set(&document, &node, property, value), export(&document, "copy.mbd")];
        run(copy.path(), "edit.json", &script(steps));
    }
    let merge = |into: usize| {
        let steps = vec![
            step(
                "merge",
                "document.merge",
                json!({ "document": document, "path": copies[1 - into].path().join("copy.mbd") }),
            ),
            inspect(&document),
            export(&document, "merged.mbd/"),
        ];
        run(copies[into].path(), "merge.json", &script(steps))
    };
    let (one, two) = (merge(0), merge(1));
    assert_eq!(state(&one), state(&two));
    let merged = |copy: usize| files(&copies[copy].path().join("merged.mbd"));
    assert_eq!(merged(0)["document.json"], merged(1)["document.json"]);
    let text = String::from_utf8(merged(0)["document.json"].clone()).unwrap();
    assert!(text.contains("\"fill\": \"#00ff00\"") && text.contains("\"opacity\": 0.5"), "{text}");

    // Merge data of the same operations are kept as they are, although this copy would write them in another order.
    put(&copies[1].path().join("copy.mbd"), &merged(0));
    let kept = run(copies[1].path(), "keep.json", &script(vec![export(&document, "copy.mbd")]));
    assert_eq!(kept["results"]["out"]["written"], 0);
    assert_eq!(files(&copies[1].path().join("copy.mbd")), merged(0));
}

#[test]
fn an_interrupted_export_reads_as_the_old_or_the_new_state_or_is_refused() {
    let (folder, document, node) = start();
    let target = folder.path().join("start.mbd");
    let old = files(&target);
    let steps = vec![set(&document, &node, "fill", json!("#00ff00")), export(&document, "start.mbd")];
    run(folder.path(), "set.json", &script(steps));
    let new = files(&target);
    let whole: Vec<String> = [&old, &new]
        .map(|files| {
            put(&target, files);
            state(&result(&read(&target)))
        })
        .into();
    assert_ne!(whole[0], whole[1]);
    for replaced in 1..7_usize {
        put(&target, &old);
        for (at, part) in PARTS.iter().enumerate().filter(|(at, _)| replaced >> at & 1 == 1) {
            assert_ne!(old[*part], new[*part], "{at}");
            fs::write(target.join(part), &new[*part]).unwrap();
        }
        let output = read(&target);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{replaced}: {error}");
        assert!(error.contains("start.mbd/") && error.contains("an export was interrupted"), "{error}");
    }
    run(folder.path(), "repair.json", &script(vec![export(&document, "start.mbd")]));
    assert_eq!(files(&target), new, "the next export makes it whole");
}

#[test]
fn damage_is_refused_by_name() {
    let (folder, document, _) = start();
    let text = "a text\nof two lines\n";
    fs::write(folder.path().join("in.txt"), text).unwrap();
    let steps = vec![
        step("in", "document.import", json!({ "path": "in.txt" })),
        step("out", "document.export", json!({ "document": "${in.document}", "path": "text.mbd/" })),
    ];
    run(folder.path(), "text.json", &script(steps));
    let target = folder.path().join("text.mbd");
    let whole = files(&target);
    let blob = whole.keys().find(|name| name.starts_with("blobs/")).unwrap().clone();
    result(&read(&target));
    for name in PARTS.iter().map(|part| (*part).to_owned()).chain([blob.clone()]) {
        let mut flipped = whole[&name].clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        for damaged in [Some(&flipped[..]), Some(&flipped[..middle]), None] {
            match damaged {
                Some(bytes) => fs::write(target.join(&name), bytes).unwrap(),
                None => fs::remove_file(target.join(&name)).unwrap(),
            }
            let output = read(&target);
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(3), "{name}: {error}");
            // A flipped digit of the manifest shows in the file that it is about.
            let place = if name == "manifest.json" && damaged.is_some() { "text.mbd/" } else { &name };
            assert!(error.contains(place), "{name}: {error}");
        }
        put(&target, &whole);
    }

    // Another document over it: its blob goes, what is no part of a document stays.
    fs::write(target.join("blobs/notes.txt"), "mine").unwrap();
    let other = run(folder.path(), "over.json", &script(vec![export(&document, "text.mbd")]));
    assert_eq!(other["results"]["out"]["removed"], 1);
    assert!(!target.join(&blob).exists() && target.join("blobs/notes.txt").exists());
    result(&read(&target));
}

#[test]
fn deep_nesting_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let document = json!("${canvas.document}");
    let mut steps = vec![step("canvas", "document.create", json!({ "kind": "graphics.canvas" }))];
    let mut parent = json!("${canvas.root}");
    for at in 0..200 {
        let args = json!({ "document": document, "kind": "graphics.group", "parent": parent });
        steps.push(step(&format!("n{at}"), "node.insert", args));
        parent = json!(format!("${{n{at}.node}}"));
    }
    for (id, path) in [("file", "deep.mbd"), ("folder", "folder.mbd/")] {
        steps.push(step(id, "document.export", json!({ "document": document, "path": path })));
    }
    steps.push(step("state", "document.inspect", json!({ "document": document })));
    let made = run(folder.path(), "deep.json", &script(steps));
    for name in ["deep.mbd", "folder.mbd"] {
        assert_eq!(state(&result(&read(&folder.path().join(name)))), state(&made), "{name}");
    }
}
