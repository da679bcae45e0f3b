//! The published schema of scripts says what the program says: what runs fits it, what is refused does not.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests start programs, read files, and fail by panics.

mod support;

use std::{fs, path::Path, process::Command};

use serde_json::Value as Json;
use support::{program, result};

fn json(path: &Path) -> Json {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn scripts_that_run_fit_the_schema_and_wrong_ones_do_not() {
    let output = Command::new(program()).args(["schema", "script"]).output().unwrap();
    let schema = jsonschema::validator_for(&result(&output)).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut good = vec![json(&root.join("../assets/samples/poster/poster.json"))];
    let mut bad = Vec::new();
    for (case, name, fits) in [
        ("same-bytes", "script.json", true),
        ("side-by-side", "script.json", true),
        ("loops", "script.json", true),
        ("finally", "script.json", true),
        ("timeout", "script.json", true),
        ("wrong-argument", "script.json", false),
        ("wrong-argument", "type.json", false),
        ("unknown-command", "script.json", false),
    ] {
        let case = json(&root.join("cases/batch").join(case).join("case.json"));
        let file = &case["files"][name];
        let script = match &file["text"] {
            Json::String(text) => serde_json::from_str(text).unwrap(),
            _ => file["json"].clone(),
        };
        if fits { good.push(script) } else { bad.push(script) }
    }
    for script in good {
        let errors: Vec<String> =
            schema.iter_errors(&script).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(errors, [""; 0]);
    }
    for script in bad {
        assert!(!schema.is_valid(&script), "{script}");
    }
}
