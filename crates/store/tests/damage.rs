//! Damage: a flipped bit anywhere either shows or changes nothing that can be read, and rows that were tampered with are named.
#![allow(clippy::expect_used, clippy::disallowed_methods)] // Tests damage files and kill processes.

mod common;

use std::{fs, path::Path};

use base::BlobHash;
use common::{contents, document, edit, event, open, options};
use document::Role;
use serde_json::json;
use store::{DocumentEntry, NewRun, RunEnd, SavedState, Store, StoreError, read_checkpoints};

const EVENTS: u64 = 60;

/// A workspace with a little of everything; returns the names of its blobs.
fn fill(store: &mut Store) -> Vec<BlobHash> {
    let blobs: Vec<BlobHash> =
        (0..4).map(|i| store.put_blob(vec![i as u8 + 1; 3000 * i]).expect("a blob")).collect();
    let mut target = None;
    for i in 0..EVENTS {
        let role = match (i % 4, target) {
            (1, Some(target)) => Role::Undo(target),
            (2, Some(target)) => Role::Redo(target),
            (3, target) => Role::Checkout(target.filter(|_| i % 8 == 3)),
            _ => Role::Edit,
        };
        let entry = DocumentEntry { role, ..edit(u128::from(i % 3)) };
        let named = &blobs[..usize::from(i % 10 == 9)];
        let text = format!("{i} {}", "text ".repeat(i as usize));
        let appended = store.append(event(&text, &[entry], named)).expect("an event");
        target = Some(appended.hash);
        if i == 40 {
            for number in 0..3 {
                let state = SavedState {
                    document: document(number),
                    ord: appended.ord,
                    event: appended.hash,
                    state: vec![number as u8; 2000],
                    crdt: vec![number as u8; 500],
                    blobs: vec![blobs[1]],
                };
                store.put_state(state).expect("a state");
            }
        }
    }
    store.prune(5, None).expect("a prune");
    let run = NewRun { started: 1, command: "net.fetch".into(), arguments: json!({ "url": "x" }) };
    let id = store.begin_run(run).expect("a run");
    let end = RunEnd { ended: 2, outcome: "done".into(), error: None, outputs: json!(["out.png"]) };
    store.end_run(id, end).expect("an end");
    blobs
}

/// Everything that can be read, as text.
fn everything(store: &Store, blobs: &[BlobHash]) -> Result<String, StoreError> {
    let mut lines = vec![format!("{:?} {} {:?}", store.workspace(), store.replica(), store.heads()?)];
    for event in store.events(.., None) {
        let event = event?;
        lines.push(format!("{event:?} {:?}", store.payload_of(&event)?));
        assert_eq!(store.event(event.hash)?, Some(event));
    }
    for id in store.documents()? {
        lines.push(format!("{id} {:?} {:?}", store.history(id)?, store.states(id)?));
        for state in store.states(id)? {
            lines.push(format!("{:?}", store.state_at_or_before(id, state.ord)?));
        }
    }
    for blob in blobs {
        lines.push(format!("{blob} {:?}", store.read_blob(*blob)?));
    }
    lines.push(format!("{:?}", store.runs(100)?));
    Ok(lines.join("\n"))
}

/// Opens the files, verifies, and reads everything; `None` when damage shows on the way.
fn survey(dir: &Path, blobs: &[BlobHash]) -> Option<String> {
    let store = Store::open_read_only(dir).ok()?;
    if !store.verify(None, &contents).ok()?.is_intact() {
        return None;
    }
    Some(everything(&store, blobs).expect("a verified store can be read"))
}

/// Flips bits of one file, one at a time, and looks at what comes of each.
fn flip(
    files: &[(&str, Vec<u8>)],
    damaged: usize,
    bits: impl Iterator<Item = usize>,
    blobs: &[BlobHash],
) -> (usize, usize) {
    let intact = {
        let dir = tempfile::tempdir().expect("a folder");
        write(dir.path(), files);
        survey(dir.path(), blobs).expect("the files as they were written")
    };
    let (mut found, mut harmless) = (0, 0);
    for bit in bits {
        let dir = tempfile::tempdir().expect("a folder");
        let mut files = files.to_vec();
        files[damaged].1[bit / 8] ^= 1 << (bit % 8);
        write(dir.path(), &files);
        match survey(dir.path(), blobs) {
            None => found += 1,
            Some(read) => {
                assert!(read == intact, "bit {bit} of {} went unseen", files[damaged].0);
                harmless += 1;
            }
        }
    }
    (found, harmless)
}

fn write(dir: &Path, files: &[(&str, Vec<u8>)]) {
    for (name, bytes) in files {
        fs::write(dir.join(name), bytes).expect("a copy");
    }
}

fn read<'n>(dir: &Path, names: &[&'n str]) -> Vec<(&'n str, Vec<u8>)> {
    names.iter().map(|name| (*name, fs::read(dir.join(name)).expect("a file"))).collect()
}

#[test]
fn one_flipped_bit_in_a_closed_workspace_shows_or_changes_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = open(dir.path());
    let blobs = fill(&mut store);
    store.close().expect("a clean end");
    let files = read(dir.path(), &["workspace.db", "checkpoints"]);
    let bits = |file: usize| files[file].1.len() * 8;
    let (found, _) = flip(&files, 0, (0..bits(0)).step_by(4003), &blobs);
    assert!(found > 100);
    let (_, harmless) = flip(&files, 1, (0..bits(1)).step_by(13), &blobs);
    assert_eq!(harmless, 0);
}

#[test]
fn one_flipped_bit_after_a_crash_shows_or_changes_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = open(dir.path());
    let blobs = fill(&mut store);
    store.sync().expect("a commit");
    // A copy of the files of an open store is what a crash leaves behind.
    let files = read(dir.path(), &["workspace.db", "workspace.db-wal", "checkpoints"]);
    let bits = files[1].1.len() * 8;
    let (found, _) = flip(&files, 1, (0..bits).step_by(6007), &blobs);
    assert!(found > 0);

    // A log that is cut short loses what was acknowledged, which shows when it is opened.
    for kept in [0, 32, 5000, files[1].1.len() / 2, files[1].1.len() - 1] {
        let cut = tempfile::tempdir().expect("a folder");
        let mut files = files.clone();
        files[1].1.truncate(kept);
        write(cut.path(), &files);
        match Store::open(cut.path(), options(7)).map(|_| ()) {
            Err(StoreError::Lost { .. } | StoreError::LostWrites { .. }) => {}
            other => panic!("cut to {kept} bytes: {other:?}"),
        }
    }
}

#[test]
fn tampered_rows_are_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = open(dir.path());
    fill(&mut store);
    let mut lines = Vec::new();
    store.export_checkpoints(&mut lines).expect("checkpoints");
    let external = read_checkpoints(lines.as_slice()).expect("checkpoints");
    store.close().expect("a clean end");
    let files = read(dir.path(), &["workspace.db", "checkpoints"]);

    let flipped =
        |column: &str| format!("CAST(substr({column}, 1, 20) || X'00' || substr({column}, 22) AS BLOB)");
    let cases = [
        (format!("UPDATE events SET header = {} WHERE ord = 7", flipped("header")), "event 7 ("),
        (format!("UPDATE events SET hash = {} WHERE ord = 8", flipped("hash")), "event 8 ("),
        ("DELETE FROM events WHERE ord = 9".into(), "event 9: it is missing"),
        ("UPDATE events SET ord = 100 WHERE ord = 60".into(), "event 60: it is missing"),
        (format!("UPDATE payloads SET bytes = {} WHERE ord = 10", flipped("bytes")), "event 10 ("),
        ("DELETE FROM payloads WHERE ord = 11".into(), "event 11 ("),
        ("UPDATE event_documents SET role = 2 WHERE ord = 13".into(), "event 13 ("),
        (
            "UPDATE event_documents SET document = X'00000000000000000000000000000063' WHERE ord = 14".into(),
            "event 14 (",
        ),
        (
            "INSERT INTO event_documents VALUES (X'00000000000000000000000000000063', 15, 0, NULL)".into(),
            "storage",
        ),
        ("DELETE FROM event_blobs WHERE ord = 20".into(), "event 20 ("),
        ("UPDATE pruned SET documents = X'80' WHERE ord = 2".into(), "event 2 ("),
        ("UPDATE states SET crdt = X'00' WHERE id = 1".into(), "saved state of document"),
        ("UPDATE blob_chunks SET bytes = X'00' WHERE id >> 20 = 2".into(), "blob "),
        ("UPDATE runs SET outcome = 'failed'".into(), "run 1"),
        ("DELETE FROM meta WHERE key = 'replica'".into(), "storage"),
    ];
    for (sql, expected) in cases {
        let dir = tempfile::tempdir().expect("a folder");
        write(dir.path(), &files);
        let database = rusqlite::Connection::open(dir.path().join("workspace.db")).expect("the database");
        database.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).expect(&sql);
        drop(database);
        let store = Store::open_unchecked(dir.path()).expect("a reader that looks at nothing yet");
        let report = store.verify(Some(&external), &contents).expect("a report");
        let first = report.findings.first().map(ToString::to_string).unwrap_or_default();
        assert!(first.starts_with(expected), "{sql}: {:#?}", report.findings);
    }
}

#[test]
fn a_database_of_another_program_or_version_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    open(dir.path()).append(event("a", &[], &[])).expect("an event");
    let change = |sql: &str| {
        let database = rusqlite::Connection::open(dir.path().join("workspace.db")).expect("the database");
        database.execute_batch(sql).expect(sql);
    };
    change("PRAGMA user_version = 9");
    assert!(matches!(Store::open(dir.path(), options(7)), Err(StoreError::NewerSchema { found: 9, .. })));
    change("PRAGMA user_version = 1; PRAGMA application_id = 5");
    assert!(matches!(Store::open(dir.path(), options(7)), Err(StoreError::NotAWorkspace { found: 5, .. })));

    fs::remove_file(dir.path().join("workspace.db")).expect("the database");
    match Store::open(dir.path(), options(7)).map(|_| ()) {
        Err(StoreError::Lost { first: 1, sequence: 1, .. }) => {}
        other => panic!("{other:?}"),
    }
    fs::remove_file(dir.path().join("checkpoints")).expect("the checkpoints");
    assert_eq!(open(dir.path()).event_count().expect("a count"), 0);
}
