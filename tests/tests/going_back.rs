//! A script that goes back, or takes in a document that it took in before, comes to the same in a workspace as anywhere.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{fs, path::Path};

use serde_json::{Value as Json, json};
use support::{run, verify};

fn step(id: &str, command: &str, args: Json) -> Json {
    json!({ "id": id, "command": command, "args": args })
}

fn create(id: &str, text: &str) -> Json {
    step(id, "code.create", json!({ "text": format!("{text}\n") }))
}

fn append(of: &str, text: &str) -> Json {
    let id = format!("append to {of}: {text}");
    step(
        &id,
        "code.append",
        json!({ "document": format!("${{{of}.document}}"), "text": format!("{text}\n") }),
    )
}

fn save(of: &str) -> Json {
    let args = json!({ "document": format!("${{{of}.document}}"), "path": format!("{of}.txt") });
    step(&format!("save {of}"), "code.save", args)
}

fn back(id: &str, command: &str, of: Option<&str>) -> Json {
    let args = of.map_or(json!({}), |of| json!({ "document": format!("${{{of}.document}}") }));
    step(id, command, args)
}

/// Scripts by what they do, from the word that changes between runs.
type Script = fn(&str) -> Vec<Json>;

const SCRIPTS: [(&str, Script); 5] = [
    ("goes back to where the document was made", |word| {
        vec![create("a", word), append("a", "more"), back("start", "history.checkout", Some("a")), save("a")]
    }),
    ("takes back more than it did", |word| {
        let undo = |id| back(id, "history.undo", Some("a"));
        vec![
            create("a", word),
            append("a", word),
            undo("1"),
            undo("2"),
            back("3", "history.redo", Some("a")),
            save("a"),
        ]
    }),
    ("takes back what it did last, in any document", |word| {
        let mut steps = vec![create("a", word), create("b", "b"), append("a", word), append("b", "more")];
        steps.extend((0..word.len() - 3).map(|at| back(&format!("undo {at}"), "history.undo", None)));
        steps.extend((word == "seven").then(|| back("redo", "history.redo", None)));
        steps.extend([save("a"), save("b")]);
        steps
    }),
    ("takes back that it made a document", |word| {
        let list = step("list", "document.list", json!({}));
        vec![create("a", word), create("b", word), back("undo", "history.undo", None), save("a"), list]
    }),
    ("takes in a document", |word| {
        let import = step("a", "document.import", json!({ "path": "theirs.mbd" }));
        vec![import, append("a", word), save("a")]
    }),
];

fn outputs(folder: &Path) -> Vec<Option<String>> {
    ["a.txt", "b.txt"].iter().map(|name| fs::read_to_string(folder.join(name)).ok()).collect()
}

#[test]
fn going_back_gives_the_same_in_a_workspace_as_in_none() {
    let elsewhere = tempfile::tempdir().unwrap();
    let export =
        step("export", "document.export", json!({ "document": "${a.document}", "path": "theirs.mbd" }));
    run(elsewhere.path(), "make.json", &json!({ "version": 1, "steps": [create("a", "theirs"), export] }));
    for (name, script) in SCRIPTS {
        let warm = tempfile::tempdir().unwrap();
        run(warm.path(), "other.json", &json!({ "version": 1, "steps": [create("other", "other's")] }));
        for word in ["one", "three", "three", "one", "seven", "three"] {
            let script = json!({ "version": 1, "steps": script(word) });
            let cold = tempfile::tempdir().unwrap();
            let gave = [warm.path(), cold.path()].map(|folder| {
                fs::copy(elsewhere.path().join("theirs.mbd"), folder.join("theirs.mbd")).unwrap();
                run(folder, "build.json", &script);
                outputs(folder)
            });
            assert_eq!(gave[0], gave[1], "a script that {name}, with '{word}'");
        }
        verify(warm.path());
    }
}
