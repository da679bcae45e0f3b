//! `kill -9` at any point: whatever was reported durable is there when the workspace is opened again.
#![allow(clippy::expect_used, clippy::disallowed_methods)] // Tests damage files and kill processes.

mod common;

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use common::{assert_intact, edit, event, open};
use store::{NewRun, Payload, Store};

const FOLDER: &str = "STORE_CRASH_FOLDER";
const ROUNDS: u64 = 12;

/// What the child writes for its `number`-th event.
fn text(number: u64) -> String {
    format!("event {number} {}", "x".repeat(number as usize % 700))
}

/// The child: not a test of its own. It appends, and prints the place of every event that it was told is durable.
#[test]
fn writer_process() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let mut store = open(Path::new(&folder));
    let mut out = std::io::stdout().lock();
    let mut number = store.event_count().expect("a count");
    loop {
        for _ in 0..1 + number % 40 {
            number += 1;
            let blob = store.put_blob(text(number)).expect("a blob");
            store.append(event(&text(number), &[edit(u128::from(number % 5))], &[blob])).expect("an event");
        }
        if number.is_multiple_of(7) {
            let run = NewRun { started: 0, command: "r".into(), arguments: ().into() };
            store.begin_run(run).expect("a run");
        }
        store.wait_durable(number).expect("a commit");
        writeln!(out, "\ndurable {number}").and_then(|()| out.flush()).expect("a pipe");
    }
}

#[test]
fn killed_writers_lose_nothing_that_they_acknowledged() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "writer_process", "--nocapture", "--test-threads=1"])
            .env(FOLDER, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut seen = 0;
        for line in lines.map_while(Result::ok) {
            let Some(ord) = line.strip_prefix("durable ") else { continue };
            acknowledged = ord.parse().expect("a number");
            seen += 1;
            if seen == 3 {
                // Any point of the commits that follow, including none at all.
                std::thread::sleep(Duration::from_micros(round * 700 % 4000));
                child.kill().expect("a kill");
            }
        }
        child.wait().expect("the end");

        let store = Store::open_read_only(dir.path()).expect("a reader after the crash");
        assert!(store.event_count().expect("a count") >= acknowledged);
        drop(store);
        let store = open(dir.path());
        assert_intact(&store);
        for event in store.events(..=acknowledged, None) {
            let event = event.expect("an event");
            let Payload::Bytes(payload) = store.payload_of(&event).expect("a payload") else {
                panic!("pruned")
            };
            assert!(String::from_utf8_lossy(&payload).contains(&text(event.ord)));
        }
    }
    assert!(acknowledged > ROUNDS);
}
