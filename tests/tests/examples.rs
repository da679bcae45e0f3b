//! Every example of every command's declaration runs.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::process::Command;

use serde_json::{Value as Json, json};
use support::{program, result, run};

#[test]
fn every_example_runs() {
    let output = Command::new(program()).args(["commands", "--json"]).output().unwrap();
    let commands = result(&output);
    let mut count = 0;
    for command in commands.as_array().unwrap() {
        let id = command["id"].as_str().unwrap();
        for example in command["examples"].as_array().into_iter().flatten() {
            let steps = example["steps"].as_array().unwrap();
            let last = steps.last().unwrap()["command"].as_str();
            assert_eq!(last, Some(id), "the last step of an example is its command");
            let folder = tempfile::tempdir().unwrap();
            let result: Json = run(folder.path(), "example.json", &json!({ "version": 1, "steps": steps }));
            assert_eq!(result["ran"].as_array().unwrap().len(), steps.len(), "{id}");
            count += 1;
        }
    }
    assert!(count >= 10, "only {count} examples were found");
}
