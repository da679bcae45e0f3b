use std::{sync::Arc, time::Duration};

use base::Limits;
use proptest::{collection::vec, prelude::*};
use serde_json::json;

use super::{
    Diary,
    legal::{arrows, chart, shapes},
};
use crate::{Chart, Event, Machine, RestoreError, SavedMachine};

const EVENTS: [&str; 4] = ["x", "y", "x.z", "late"];

fn play(machine: &mut Machine, event: usize, time: u64, diary: &mut Diary) -> String {
    let outcome = match EVENTS.get(event) {
        Some(event) => machine.send(*event, diary),
        None => machine.advance(Duration::from_millis(time), diary),
    };
    format!("{outcome:?} {:?} {:?}", machine.save(), machine.next_due())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_restored_machine_goes_on_as_the_saved_one(
        shapes in shapes(), arrows in arrows(), events in vec(0..5usize, 1..20), at in 0..20usize,
    ) {
        let mut diary = Diary::default();
        let Ok(mut machine) = Machine::start(Arc::new(chart(&shapes, &arrows)), &mut diary) else { return Ok(()) };
        let at = at % events.len();
        for (number, event) in events[..at].iter().enumerate() {
            play(&mut machine, *event, 3 * number as u64, &mut diary);
        }
        let text = serde_json::to_string(&machine.save()).unwrap();
        let saved: SavedMachine = serde_json::from_str(&text).unwrap();
        let mut restored = Machine::restore(machine.chart().clone(), &saved).unwrap();
        let (mut ours, mut theirs) = (Diary::default(), Diary::default());
        for (number, event) in events.iter().enumerate().skip(at) {
            let time = 3 * number as u64;
            let expected = play(&mut machine, *event, time, &mut ours);
            prop_assert_eq!(play(&mut restored, *event, time, &mut theirs), expected);
            prop_assert_eq!(&theirs.0, &ours.0);
        }
    }
}

fn drawing() -> Arc<Chart> {
    let chart = json!({ "version": 1, "data": { "color": "red", "points": [] }, "states": [
        { "id": "drawing", "states": [
            { "id": "one", "transitions": [
                { "event": "down", "target": "two", "actions": [
                    { "append": { "points": "$event.point" } }, { "assign": { "last": "$points.0.1" } } ] },
                { "event": "leave", "target": "away" }] },
            { "id": "two", "transitions": [
                { "event": "up", "target": "one", "actions": [
                    { "emit": { "command": "line", "args": { "to": ["$points", "$$5"], "color": "$color" }, "result": "made" } },
                    { "send": { "event": "late", "data": "$made.to", "delay": "1s", "id": "later" } }] },
                { "event": "wrong", "actions": [{ "emit": { "command": "line", "args": { "to": "$nowhere.x" } } }] }] },
            { "id": "last", "type": "deepHistory" }] },
        { "id": "away", "transitions": [{ "event": "back", "target": "last" }] }] });
    Arc::new(Chart::from_json(&chart.to_string(), &Limits::default()).unwrap())
}

#[test]
fn data_is_assigned_filled_in_and_saved() {
    let mut diary = Diary::default();
    let mut machine = Machine::start(drawing(), &mut diary).unwrap();
    let down = || Event { name: "down".into(), data: json!({ "point": [1, 2] }) };
    machine.send(down(), &mut diary).unwrap();
    assert_eq!(machine.data()["last"], 2);
    machine.send("wrong", &mut diary).unwrap();
    assert_eq!(diary.0, [""; 0], "what is not there fails the action before the host is asked");
    machine.send("up", &mut diary).unwrap();
    assert_eq!(diary.0, [r#"line {"to":[[[1,2]],"$5"],"color":"red"} on up null"#]);
    let saved = serde_json::to_value(machine.save()).unwrap();
    assert_eq!(
        saved["delayed"],
        json!([{ "due": 1000, "event": "late", "data": [[[1, 2]], "$5"], "id": "later" }])
    );
    assert_eq!(saved["active"], json!(["drawing", "one"]));
}

#[test]
fn what_does_not_fit_the_chart_is_refused() {
    let mut machine = Machine::start(drawing(), &mut Diary::default()).unwrap();
    machine.send("leave", &mut Diary::default()).unwrap();
    let good = serde_json::to_value(machine.save()).unwrap();
    for (pointer, value, expected) in [
        ("/version", json!(2), RestoreError::Version(2)),
        ("/active", json!(["gone"]), RestoreError::UnknownState("gone".into())),
        ("/active", json!(["drawing"]), RestoreError::Illegal("drawing".into(), 0, 1)),
        ("/active", json!(["drawing", "one", "two"]), RestoreError::Illegal("drawing".into(), 2, 1)),
        ("/histories/last", json!(["away"]), RestoreError::History("last".into())),
        ("/histories/last", json!(["one", "two"]), RestoreError::History("last".into())),
        ("/histories", json!({ "one": ["two"] }), RestoreError::History("one".into())),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        let saved = serde_json::from_value(bad).unwrap();
        assert_eq!(Machine::restore(drawing(), &saved).unwrap_err(), expected);
    }
}
