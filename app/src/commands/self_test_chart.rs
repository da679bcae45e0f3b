//! The cases of state machines: a chart in SCXML and, in a JSON file beside it, events with the states expected after each.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc, time::Duration};

use base::Limits;
use serde::Deserialize;
use serde_json::json;
use statechart::{Chart, ChartError, Event, Fault, Machine, NoHost};

use super::self_test::unreadable;
use crate::report::{Failure, print};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Script {
    initial_configuration: BTreeSet<String>,
    events: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    event: Named,
    next_configuration: BTreeSet<String>,
    /// Milliseconds since the step before.
    #[serde(default)]
    after: u64,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Runs the case of one chart.
pub fn run(path: &Path) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
    let chart = match Chart::from_scxml(&text, &Limits::default()) {
        Err(error) if needs_data(&error) => {
            return print(json!({ "case": name, "skipped": error.to_string() }));
        }
        chart => chart.map_err(|error| error.to_string()),
    };
    let script = path.with_extension("json");
    let text = fs::read_to_string(&script).map_err(|error| unreadable(&script, error))?;
    let script = serde_json::from_str(&text).map_err(|error| unreadable(&script, error))?;
    let outcome = chart.and_then(|chart| play(chart, &script));
    let message = outcome.as_ref().err().cloned().unwrap_or_default();
    print(json!({ "case": name, "passed": outcome.is_ok(), "message": message }))
}

/// Whether a chart is refused for its data model, which is out of scope.
fn needs_data(error: &ChartError) -> bool {
    let outside = ["<script>", "<data>", "<datamodel>", "<assign>", "<foreach>"];
    match &error.fault {
        Fault::Unsupported { what, .. } => {
            outside.contains(&what.as_str()) || what.starts_with("the condition")
        }
        _ => false,
    }
}

fn play(chart: Chart, script: &Script) -> Result<(), String> {
    let host = &mut NoHost;
    let mut machine = Machine::start(Arc::new(chart), host).map_err(|error| error.to_string())?;
    compare(&machine, &script.initial_configuration, "at the start")?;
    let mut now = 0;
    for (number, step) in script.events.iter().enumerate() {
        now += step.after;
        let sent = machine
            .advance(Duration::from_millis(now), host)
            .and_then(|()| machine.send(Event::new(step.event.name.as_str()), host));
        sent.map_err(|error| error.to_string())?;
        let when = format!("after event {} ({})", number + 1, step.event.name);
        compare(&machine, &step.next_configuration, &when)?;
    }
    Ok(())
}

fn compare(machine: &Machine, expected: &BTreeSet<String>, when: &str) -> Result<(), String> {
    let found: BTreeSet<_> = machine.leaves().map(str::to_owned).collect();
    match found == *expected {
        true => Ok(()),
        false => Err(format!("{when}: {found:?} instead of {expected:?}")),
    }
}
