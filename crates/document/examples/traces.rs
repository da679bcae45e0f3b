//! Real editing sessions: the rope with inverses against the bare rope, undoing everything, and the merge data.
//!
//! `cargo run --release -p document --example traces -- FOLDER [ROUNDS]` prints a JSON line per trace of the folder
//! (gzip JSON: `startContent`, `endContent`, `txns[].patches [position, deleted, inserted]`, in characters).
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // It measures, reads files, and ends by a panic when it cannot.

use std::{fs::File, io::Read, path::PathBuf, time::Instant};

use base::ReplicaId;
use document::{Delta, Document, text::ChangeSet};
use ropey::Rope;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trace {
    start_content: String,
    end_content: String,
    txns: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    patches: Vec<(usize, usize, String)>,
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn measure(name: &str, trace: &Trace, rounds: usize) {
    let patches: Vec<_> = trace.txns.iter().flat_map(|transaction| &transaction.patches).collect();
    let (mut bare, mut ours, mut undo) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut rope = Rope::from_str(&trace.start_content);
        let start = Instant::now();
        for (position, delete, insert) in &patches {
            if *delete > 0 {
                rope.remove(*position..position + delete);
            }
            if !insert.is_empty() {
                rope.insert(*position, insert);
            }
        }
        bare.push(start.elapsed().as_secs_f64());
        assert!(rope == trace.end_content.as_str());

        let mut rope = Rope::from_str(&trace.start_content);
        let mut inverses = Vec::with_capacity(patches.len());
        let start = Instant::now();
        for (position, delete, insert) in &patches {
            let change =
                ChangeSet::replace(rope.len_chars(), *position..position + delete, insert.as_str()).unwrap();
            inverses.push(change.apply_invertibly(&mut rope).unwrap());
        }
        ours.push(start.elapsed().as_secs_f64());
        assert!(rope == trace.end_content.as_str());
        let start = Instant::now();
        inverses.iter().rev().for_each(|inverse| inverse.apply(&mut rope).unwrap());
        undo.push(start.elapsed().as_secs_f64());
        assert!(rope == trace.start_content.as_str());
    }
    let (bare, ours, undo) = (median(bare), median(ours), median(undo));

    // The whole funnel, merge data and updates for replicas included.
    let mut document = Document::new_text(ReplicaId(7), &trace.start_content).unwrap();
    let mut length = trace.start_content.chars().count();
    let start = Instant::now();
    for (position, delete, insert) in &patches {
        let change = ChangeSet::replace(length, *position..position + delete, insert.as_str()).unwrap();
        length = change.len_after();
        document.apply(&[Delta::Text { change }]).unwrap();
    }
    let funnel = start.elapsed().as_secs_f64() / patches.len() as f64 * 1e6;
    println!(
        "{{\"what\":\"trace {name}\",\"value\":\"{:.1} ms, bare {:.1} ms, undo all {:.1} ms; with merge data {funnel:.1} µs an edit\",\"ratio\":{:.2},\"reach\":\"≤ 2\"}}",
        ours * 1e3,
        bare * 1e3,
        undo * 1e3,
        ours / bare
    );
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap();
    let rounds: usize = arguments.next().map_or(5, |text| text.parse().unwrap());
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let mut text = String::new();
        flate2::read::GzDecoder::new(File::open(&path).unwrap()).read_to_string(&mut text).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().replace(".json.gz", "");
        measure(&name, &serde_json::from_str(&text).unwrap(), rounds);
    }
}
