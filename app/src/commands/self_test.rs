//! `self-test`: outside test data against parts that no command shows by itself. Prints a JSON line per case.

use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use document::{Content, Delta, text::ChangeSet};
use flate2::read::GzDecoder;
use kernel::when::When;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::{
    cli::{SelfTest, SelfTestSuite},
    report::{BAD_INPUT, Failure, print},
};

/// Runs the cases of a file.
pub fn run(test: &SelfTest) -> Result<(), Failure> {
    match test.suite {
        SelfTestSuite::WhenClauses => when_clauses(&test.file),
        SelfTestSuite::EditingTraces => editing_trace(&test.file),
        SelfTestSuite::Scxml => super::self_test_chart::run(&test.file),
        SelfTestSuite::Gltf => super::self_test_scene::gltf(&test.file),
        SelfTestSuite::Mesh => super::self_test_scene::mesh(&test.file),
        SelfTestSuite::Otio => super::self_test_media::otio(&test.file),
        SelfTestSuite::Measure => super::measure::run(&test.file),
        SelfTestSuite::MeasureImport => super::measure::import(&test.file),
    }
}

pub(super) fn unreadable(path: &Path, error: impl ToString) -> Failure {
    Failure::new(BAD_INPUT, format!("{}: {}", path.display(), error.to_string()))
}

#[derive(Deserialize)]
struct WhenCase {
    expr: String,
    context: Map<String, Json>,
    expect: bool,
}

fn when_clauses(path: &Path) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Cases {
        cases: Vec<WhenCase>,
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
    let Cases { cases } = serde_json::from_str(&text).map_err(|error| unreadable(path, error))?;
    for (number, case) in cases.iter().enumerate() {
        let outcome = When::parse(&case.expr).map(|when| when.eval(&|key: &str| case.context.get(key)));
        let (passed, message) = match outcome {
            Ok(value) => (value == case.expect, format!("gave {value}")),
            Err(error) => (false, error.to_string()),
        };
        print(json!({ "case": format!("{number}: {}", case.expr), "passed": passed, "message": message }))?;
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trace {
    start_content: Option<String>,
    end_content: String,
    txns: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    parents: Option<Vec<usize>>,
    patches: Vec<(usize, usize, String)>,
}

/// Replays a session patch by patch, compares, takes everything back, and compares again.
fn editing_trace(path: &Path) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    GzDecoder::new(file).read_to_end(&mut bytes).map_err(|error| unreadable(path, error))?;
    let trace: Trace = serde_json::from_slice(&bytes).map_err(|error| unreadable(path, error))?;
    if trace.txns.iter().any(|transaction| transaction.parents.is_some()) {
        return print(json!({ "case": name, "skipped": "its sessions are concurrent" }));
    }
    let (passed, message) = match replay(&trace) {
        Ok(()) => (true, String::new()),
        Err(message) => (false, message),
    };
    print(json!({ "case": name, "passed": passed, "message": message }))
}

fn replay(trace: &Trace) -> Result<(), String> {
    let start = trace.start_content.as_deref().unwrap_or_default();
    let mut content = Content::Text(start.into());
    let mut inverses = Vec::new();
    let text = |content: &Content| content.text().map(|rope| rope.to_string()).unwrap_or_default();
    for (position, delete, insert) in trace.txns.iter().flat_map(|transaction| &transaction.patches) {
        let length = content.text().map_or(0, |rope| rope.len_chars());
        let change = ChangeSet::replace(length, *position..*position + *delete, insert.as_str());
        let delta = Delta::Text { change: change.map_err(|error| error.to_string())? };
        inverses.push(content.apply(std::slice::from_ref(&delta)).map_err(|error| error.to_string())?);
    }
    if text(&content) != trace.end_content {
        return Err("the end differs".into());
    }
    for inverse in inverses.iter().rev() {
        content.apply(inverse).map_err(|error| error.to_string())?;
    }
    if text(&content) == start {
        Ok(())
    } else {
        Err("the start differs after everything was taken back".into())
    }
}
