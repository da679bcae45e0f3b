use std::{sync::Arc, time::Duration};

use base::Limits;
use serde_json::json;

use super::Diary;
use crate::{Chart, Event, Machine, RunError};

/// Plays events on a chart, `@250` for a time in milliseconds. After the start and each of them, the active leaves and what
/// the host was asked are a line: `leaf leaf: message, message`.
fn check(name: &str, chart: serde_json::Value, events: &[&str], expected: &[&str]) {
    let chart =
        Chart::from_json(&chart.to_string(), &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut diary = Diary::default();
    let mut machine = Machine::start(Arc::new(chart), &mut diary).unwrap();
    let line = |machine: &Machine, diary: &mut Diary| {
        let leaves = machine.leaves().collect::<Vec<_>>().join(" ");
        let messages = std::mem::take(&mut diary.0).join(", ");
        format!("{leaves}: {messages}").trim_end_matches(": ").to_owned()
    };
    let mut lines = vec![line(&machine, &mut diary)];
    for event in events {
        match event.strip_prefix('@') {
            Some(time) => machine.advance(Duration::from_millis(time.parse().unwrap()), &mut diary).unwrap(),
            None => machine.send(*event, &mut diary).unwrap(),
        }
        lines.push(line(&machine, &mut diary));
    }
    assert_eq!(lines, expected, "{name}");
}

#[test]
fn actions_run_in_the_order_of_the_algorithm() {
    check(
        "exit inside out, actions, entry outside in with initial and history actions between",
        json!({ "version": 1, "states": [
            { "id": "a", "onEntry": [{ "log": "+a" }], "onExit": [{ "log": "-a" }],
              "transitions": [{ "event": "go", "target": "h", "actions": [{ "log": "go" }] }],
              "states": [{ "id": "a1", "onExit": [{ "log": "-a1" }] }] },
            { "id": "b", "initial": "b2", "initialActions": [{ "log": "initial" }], "onEntry": [{ "log": "+b" }],
              "transitions": [{ "event": "back", "target": "a" }, { "event": "again", "target": "b" }],
              "states": [
                { "id": "h", "type": "deepHistory", "transitions": [{ "target": "b1", "actions": [{ "log": "default" }] }] },
                { "id": "b1", "onEntry": [{ "log": "+b1" }] }, { "id": "b2", "onEntry": [{ "log": "+b2" }] }] }] }),
        &["go", "again", "back", "go"],
        &[
            "a1: +a",
            "b1: -a1, -a, go, +b, default, +b1",
            "b2: +b, initial, +b2",
            "a1: +a",
            "b2: -a1, -a, go, +b, +b2",
        ],
    );
    check(
        "an internal transition stays in its state, an external one leaves it",
        json!({ "version": 1, "states": [{ "id": "a", "onExit": [{ "log": "-a" }], "onEntry": [{ "log": "+a" }],
            "transitions": [{ "event": "in", "target": "a2", "internal": true }, { "event": "out", "target": "a2" },
                            { "event": "stay", "actions": [{ "log": "stay" }] }],
            "states": [{ "id": "a1" }, { "id": "a2" }] }] }),
        &["in", "out", "stay"],
        &["a1: +a", "a2", "a2: -a, +a", "a2: stay"],
    );
    check(
        "raised events come before sent ones, and both before the next from outside",
        json!({ "version": 1, "states": [{ "id": "a",
            "transitions": [
                { "event": "go", "actions": [{ "send": { "event": "sent" } }, { "raise": "raised" }, { "log": "go" }] },
                { "event": "raised sent", "actions": [{ "emit": { "command": "tell", "args": { "x": 1 } } }] }] }] }),
        &["go"],
        &["a", r#"a: go, tell {"x":1} on raised null, tell {"x":1} on sent null"#],
    );
}

#[test]
fn parallel_regions_finish_and_preempt() {
    let region = |name: &str| {
        json!({ "id": name, "states": [
            { "id": format!("{name}1"), "transitions": [{ "event": format!("end.{name}"), "target": format!("{name}3") },
                                                         { "event": "both", "target": format!("{name}2") }] },
            { "id": format!("{name}2"), "transitions": [{ "event": "leave", "target": "out" }] },
            { "id": format!("{name}3"), "type": "final", "doneData": 7 }] })
    };
    let chart = json!({ "version": 1, "initial": "b2", "states": [
        { "id": "p", "type": "parallel", "states": [region("a"), region("b")],
          "transitions": [{ "event": "done.state.a", "actions": [{ "emit": { "command": "done" } }] },
                          { "event": "done.state.p", "target": "out" }, { "event": "leave", "target": "p" }] },
        { "id": "out", "transitions": [{ "event": "end", "target": "over" }] },
        { "id": "over", "type": "final" }] });
    check(
        "an initial state deep in one region brings the other; deeper transitions win; finals add up",
        chart,
        &["both", "leave", "none", "end"],
        &["a1 b2", "a2 b2", "out", "out", "over"],
    );
    let chart = json!({ "version": 1, "states": [
        { "id": "p", "type": "parallel", "states": [region("a"), region("b")],
          "transitions": [{ "event": "done.state.a", "actions": [{ "emit": { "command": "done" } }] },
                          { "event": "done.state.p", "target": "out" }] },
        { "id": "out" }] });
    check(
        "a region tells that it is done, the parallel state when all are",
        chart,
        &["end.a", "end.b"],
        &["a1 b1", "a3 b1: done {} on done.state.a 7", "out"],
    );
}

#[test]
fn delayed_events_follow_the_clock_that_is_handed_in() {
    check(
        "each at its time, those of one time in order, cancelled ones never",
        json!({ "version": 1, "states": [{ "id": "a",
            "onEntry": [{ "send": { "event": "late", "delay": "0.2s" } }, { "send": { "event": "one", "delay": "100ms" } },
                        { "send": { "event": "two", "delay": "100ms", "id": "second" } },
                        { "send": { "event": "three", "delay": "100ms" } }],
            "transitions": [
                { "event": "one", "actions": [{ "cancel": "second" }, { "log": "one" }] },
                { "event": "two three", "actions": [{ "log": "two or three" }] },
                { "event": "late", "actions": [{ "log": "late" }, { "send": { "event": "one", "delay": "100ms" } }] }] }] }),
        &["@99", "@100", "@50", "@199", "@300"],
        &["a", "a", "a: one, two or three", "a", "a", "a: late, one"],
    );
}

#[test]
fn conditions_and_failures() {
    check(
        "the first transition that applies is taken, inner ones first; prefixes match whole parts",
        json!({ "version": 1, "states": [{ "id": "a",
            "transitions": [{ "event": "*", "actions": [{ "log": "any" }] }],
            "states": [{ "id": "b", "transitions": [
                { "event": "x", "when": "no || false", "actions": [{ "log": "never" }] },
                { "event": "x.y.*", "when": "In(a) && yes", "actions": [{ "log": "x.y" }] },
                { "event": "x z", "when": "!In(b)", "actions": [{ "log": "never" }] },
                { "event": "z.", "actions": [{ "if": [{ "when": "no", "actions": [{ "log": "if" }] },
                                                      { "when": "In(b)", "actions": [{ "log": "else if" }] },
                                                      { "actions": [{ "log": "else" }] }] }] }] }] }] }),
        &["x", "x.y", "x.y.z", "x.yy", "z.1"],
        &["b", "b: any", "b: x.y", "b: x.y", "b: any", "b: else if"],
    );
    check(
        "what the host cannot do or decide is an error event, told once",
        json!({ "version": 1, "states": [{ "id": "a",
            "transitions": [
                { "when": "unknown", "target": "b" },
                { "event": "go", "actions": [{ "emit": { "command": "fail" } }, { "log": "skipped" }] },
                { "event": "error", "actions": [{ "emit": { "command": "sorry" } }] },
                { "event": "*", "when": "unknown" }] }, { "id": "b" }] }),
        &["go"],
        &[
            r#"a: sorry {} on error.execution "unknown test unknown""#,
            r#"a: fail {} on go null, sorry {} on error.execution "failed", sorry {} on error.execution "unknown test unknown""#,
        ],
    );
}

#[test]
fn a_machine_that_never_waits_is_stopped() {
    let to = |target: &str| json!([{ "target": target }]);
    let chart = json!({ "version": 1, "states": [
        { "id": "a", "transitions": [{ "event": "go", "target": "b" }] },
        { "id": "b", "transitions": to("c") }, { "id": "c", "transitions": to("b") }] });
    let chart = Chart::from_json(&chart.to_string(), &Limits::default()).unwrap();
    let mut machine = Machine::start(Arc::new(chart), &mut Diary::default()).unwrap();
    let error = machine.send("go", &mut Diary::default()).unwrap_err();
    assert!(matches!(error, RunError::Endless { .. }), "{error}");
    let actions = vec![json!({ "raise": "more" }); 100];
    let chart = json!({ "version": 1, "states": [{ "id": "a", "transitions": [{ "event": "more", "actions": actions }] }] });
    let chart = Chart::from_json(&chart.to_string(), &Limits::default()).unwrap();
    let mut machine = Machine::start(Arc::new(chart), &mut Diary::default()).unwrap();
    let error = machine.send(Event::new("more"), &mut Diary::default()).unwrap_err();
    assert_eq!(error, RunError::Flood { event: "more".into() });
}
