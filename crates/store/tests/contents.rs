//! Blobs, saved states, runs, pruning and collecting.
#![allow(clippy::expect_used)] // Helpers of tests are tests, too.

mod common;

use base::{BlobHash, EventHash};
use common::{assert_intact, document, edit, event, open, options, verify};
use serde_json::json;
use store::{NewRun, Payload, RunEnd, SavedState, Store, StoreError};

fn state(ord: u64, event: EventHash, bytes: &[u8]) -> SavedState {
    let (state, crdt) = (bytes.to_vec(), [bytes, b"crdt"].concat());
    SavedState { document: document(1), ord, event, state, crdt, blobs: Vec::new() }
}

#[test]
fn blobs_of_every_size_read_back_and_are_stored_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let chunk = 4 << 20;
    let large: Vec<u8> = (0..2 * chunk + 5).map(|i| ((i * 31) >> 8) as u8).collect();
    let mut store = open(dir.path());
    let mut hashes = Vec::new();
    for length in [0, 1, chunk - 1, chunk, chunk + 1, large.len()] {
        let bytes = &large[..length];
        let hash = store.put_blob(bytes.to_vec()).expect("a blob");
        assert_eq!(hash, BlobHash::of(bytes));
        assert_eq!(store.put_blob(bytes.to_vec()).expect("a blob"), hash);
        assert_eq!(store.read_blob(hash).expect("the blob"), bytes);
        hashes.push(hash);
    }
    assert_eq!(verify(&store).blobs, 6);

    let unknown = event("x", &[], &[BlobHash([1; 32])]);
    assert!(matches!(store.append(unknown), Err(StoreError::UnknownBlob(_))));

    store.append(event("named", &[edit(1)], &hashes[..1])).expect("an event");
    let saved = store.append(event("saved", &[edit(1)], &[])).expect("an event");
    let with_blob = SavedState { blobs: vec![hashes[1]], ..state(saved.ord, saved.hash, b"s") };
    store.put_state(with_blob.clone()).expect("a state");
    let held = hashes[2];
    let collected = store.collect_blobs(&|hash| hash == held).expect("a collection");
    assert_eq!((collected.blobs, collected.bytes), (3, (chunk + chunk + 1 + large.len()) as u64));
    let left: Vec<_> = hashes.iter().map(|hash| store.has_blob(*hash).expect("a read")).collect();
    assert_eq!(left, [true, true, true, false, false, false]);
    assert_eq!(store.latest_state(document(1)).expect("a state"), Some(with_blob));
    assert_intact(&store);
}

#[test]
fn the_newest_state_before_an_event_is_found() {
    let mut store = Store::in_memory(options(7)).expect("a store");
    let events: Vec<_> =
        (0..5).map(|i| store.append(event(&i.to_string(), &[edit(1)], &[])).expect("an event")).collect();
    for at in [1, 3] {
        store.put_state(state(events[at].ord, events[at].hash, &[at as u8])).expect("a state");
    }
    store.put_state(state(4, events[3].hash, b"newer")).expect("the same place again");
    for (ord, expected) in [(1, None), (2, Some(2)), (3, Some(2)), (4, Some(4)), (99, Some(4))] {
        let found = store.state_at_or_before(document(1), ord).expect("a read");
        assert_eq!(found.map(|state| state.ord), expected, "at {ord}");
    }
    let latest = store.latest_state(document(1)).expect("a read").expect("a state");
    assert_eq!((latest.state.as_slice(), latest.crdt.as_slice()), (&b"newer"[..], &b"newercrdt"[..]));
    assert_eq!(store.latest_state(document(2)).expect("a read"), None);
    let misplaced = state(2, events[3].hash, b"");
    assert!(matches!(store.put_state(misplaced), Err(StoreError::UnknownEvent(_))));
    store.remove_states_before(document(1), 4).expect("a removal");
    assert_eq!(store.states(document(1)).expect("states").iter().map(|s| s.ord).collect::<Vec<_>>(), [4]);
    assert_intact(&store);
}

#[test]
fn pruned_payloads_are_gone_and_the_chain_still_verifies() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = open(dir.path());
    let blob = store.put_blob(&b"old picture"[..]).expect("a blob");
    let first = store.append(event("old", &[edit(1)], &[blob])).expect("an event");
    let both = store.append(event("both", &[edit(1), edit(2)], &[])).expect("an event");
    let last = store.append(event("new", &[edit(1)], &[])).expect("an event");

    assert!(matches!(store.prune(3, None), Err(StoreError::NothingSaved { .. })));
    store.put_state(state(both.ord, both.hash, b"both")).expect("a state");
    match store.prune(3, None) {
        Err(StoreError::NothingSaved { document: id, ord: 2 }) => assert_eq!(id, document(2)),
        other => panic!("{other:?}"),
    }
    let pruned = store.prune(3, Some(&[document(1)])).expect("a prune");
    assert_eq!(pruned.events, 1, "the event of two documents stays");
    assert_eq!(pruned.bytes, event("old", &[edit(1)], &[blob]).payload.len() as u64);
    assert_eq!(store.prune(3, Some(&[document(1)])).expect("a prune").events, 0);

    drop(store);
    let mut store = open(dir.path());
    assert_eq!(store.payload(first.hash).expect("a record"), Payload::Pruned(vec![edit(1)]));
    assert!(matches!(store.payload(last.hash).expect("a payload"), Payload::Bytes(_)));
    assert_eq!(store.history(document(1)).expect("a history").len(), 3);
    assert_eq!(store.collect_blobs(&|_| false).expect("a collection").blobs, 1);
    let report = verify(&store);
    assert!(report.is_intact(), "{:#?}", report.findings);
    assert_eq!((report.events, report.payloads, report.pruned), (3, 2, 1));
}

#[test]
fn runs_are_recorded_from_beginning_to_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store = open(dir.path());
    let new = |command: &str| NewRun { started: 5, command: command.into(), arguments: json!({ "n": [1] }) };
    let (cut_short, failed) =
        (store.begin_run(new("net.fetch")).expect("a run"), store.begin_run(new("git.push")).expect("a run"));
    let end =
        RunEnd { ended: 9, outcome: "failed".into(), error: Some("refused".into()), outputs: json!([]) };
    store.end_run(failed, end.clone()).expect("an end");
    drop(store);
    let mut store = open(dir.path());
    let third = store.begin_run(new("git.pull")).expect("a run");
    let runs = store.runs(2).expect("runs");
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [third, failed]);
    assert_eq!((&runs[1].end, &runs[1].arguments), (&Some(end.clone()), &json!({ "n": [1] })));
    assert_eq!(store.run(cut_short).expect("a read").expect("the run").end, None);
    assert!(matches!(store.end_run(store::RunId(4), end), Err(StoreError::UnknownRun(4))));
    assert_eq!(verify(&store).runs, 3);
    assert_intact(&store);
}
