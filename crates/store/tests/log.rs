//! Appending, reading back, durability and what happens when a commit fails.
#![allow(clippy::expect_used)] // Helpers of tests are tests, too.

mod common;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use base::{EventHash, ReplicaId};
use common::{assert_intact, contents, document, edit, event, open, options};
use document::Role;
use store::{DocumentEntry, Notice, Options, Payload, Store, StoreError, read_checkpoints};

const _: () = {
    const fn can_move_between_threads<T: Send>() {}
    can_move_between_threads::<Store>();
};

#[test]
fn events_read_back_pending_durable_and_after_opening_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut stores = [open(dir.path()), Store::in_memory(options(7)).expect("a store in memory")];
    let mut known = Vec::new();
    for store in &mut stores {
        let first = store.append(event("a", &[edit(1), edit(2)], &[])).expect("an event");
        let undo = DocumentEntry { document: document(1), role: Role::Undo(first.hash) };
        let second = store.append(event("b", &[undo], &[])).expect("an event");
        assert_eq!((first.ord, first.sequence, second.ord, second.sequence), (1, 1, 2, 2));
        assert_eq!(store.heads().expect("heads"), [second.hash]);
        assert_eq!(store.event_count().expect("a count"), 2);

        let read = store.event(second.hash).expect("a read").expect("the event");
        assert_eq!((read.ord, read.header.parents.as_slice()), (2, &[first.hash][..]));
        assert_eq!(
            store.payload(first.hash).expect("a payload"),
            Payload::Bytes(event("a", &[edit(1), edit(2)], &[]).payload)
        );
        assert!(matches!(store.payload(EventHash([9; 32])), Err(StoreError::UnknownEvent(_))));

        let history = store.history(document(1)).expect("a history");
        let steps: Vec<_> = history.iter().map(|row| (row.ord, row.role)).collect();
        assert_eq!(steps, [(1, Role::Edit), (2, Role::Undo(first.hash))]);
        assert_eq!(history[1].command.as_ref(), "test.edit");
        assert_eq!(store.documents().expect("documents"), [document(1), document(2)]);
        store.sync().expect("a sync");
        assert_eq!(store.durable_ord(), 2);
        assert_intact(store);
        let doubled = event("c", &[edit(1), edit(1)], &[]);
        assert!(matches!(store.append(doubled), Err(StoreError::DuplicateDocument(_))));
        known.push([first.hash, second.hash]);
    }
    assert_eq!(known[0], known[1], "the same events have the same names in memory");

    drop(stores);
    let mut store = open(dir.path());
    assert_eq!(store.replica(), ReplicaId(7));
    assert_eq!(store.heads().expect("heads"), [known[0][1]]);
    assert_eq!(store.append(event("c", &[], &[])).expect("an event").sequence, 3);
}

#[test]
fn ranges_and_lookups_hold_across_the_batches_of_the_index() {
    let mut store = Store::in_memory(options(7)).expect("a store in memory");
    let appended: Vec<_> = (0..40_000)
        .map(|i| store.append(event(&i.to_string(), &[edit(i % 3)], &[])).expect("an event"))
        .collect();
    for at in [0, 1, 999, 32_767, 32_768, 39_999] {
        let found = store.event(appended[at].hash).expect("a read").expect("the event");
        assert_eq!(found.ord, appended[at].ord);
    }
    assert!(!store.contains(EventHash([0; 32])).expect("a read"));
    let ords = |range, document| -> Vec<u64> {
        store.events(range, document).map(|event| event.expect("an event").ord).collect()
    };
    assert_eq!(ords(10..16, None), (10..16).collect::<Vec<_>>());
    assert_eq!(ords(10..16, Some(document(0))), [10, 13]);
    assert_eq!(store.events(.., None).count(), 40_000);
    assert_eq!(store.events(39_990.., Some(document(1))).count(), 3);
    assert_intact(&store);
}

#[test]
fn a_second_writer_is_told_who_holds_the_workspace_and_a_reader_is_let_in() {
    let dir = tempfile::tempdir().expect("a folder");
    assert!(matches!(Store::open_read_only(dir.path()), Err(StoreError::Missing(_))));
    let mut writer =
        Store::open(dir.path(), Options { program: Some("painter".into()), ..options(7) }).expect("a writer");
    match Store::open(dir.path(), options(7)).map(|_| ()) {
        Err(StoreError::Locked { pid, program, .. }) => {
            assert_eq!((pid, program.as_str()), (std::process::id(), "painter"));
        }
        other => panic!("{other:?}"),
    }
    let mut reader = Store::open_read_only(dir.path()).expect("a reader");
    let appended = writer.append(event("a", &[edit(1)], &[])).expect("an event");
    writer.wait_durable(appended.ord).expect("a commit");
    assert_eq!(reader.heads().expect("heads"), [appended.hash]);
    assert!(reader.contains(appended.hash).expect("a read"));
    assert_eq!(reader.history(document(1)).expect("a history").len(), 1);
    assert!(matches!(reader.append(event("b", &[], &[])), Err(StoreError::ReadOnly)));
    assert!(reader.is_read_only() && !writer.is_read_only());
    assert_intact(&reader);
    drop(writer);
    open(dir.path()).append(event("b", &[], &[])).expect("a writer after the first has gone");
    assert_eq!(reader.event_count().expect("a count"), 2);
}

#[test]
fn a_failed_commit_names_what_it_lost_and_stops_the_store() {
    let dir = tempfile::tempdir().expect("a folder");
    let notices = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&notices);
    let listener = Box::new(move |notice: Notice| heard.lock().expect("the notices").push(notice));
    let mut store =
        Store::open(dir.path(), Options { listener: Some(listener), ..options(7) }).expect("a store");
    let kept = store.append(event("kept", &[edit(1)], &[])).expect("an event");
    store.sync().expect("a commit");

    // A database that refuses the third event stands for a disk that is full.
    rusqlite::Connection::open(dir.path().join("workspace.db"))
        .and_then(|other| {
            other.execute_batch(
                "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.ord = 3
                 BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
            )
        })
        .expect("a trigger");
    let lost: Vec<_> = ["b", "c", "d"].map(|text| store.append(event(text, &[edit(1)], &[]))).into();
    match store.sync() {
        Err(StoreError::Poisoned(failure)) => {
            assert_eq!(failure.lost, 2..=4);
            assert!(failure.cause.contains("the disk is full"), "{}", failure.cause);
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(store.append(event("e", &[], &[])), Err(StoreError::Poisoned(_))));
    assert!(matches!(store.put_blob(&b"blob"[..]), Err(StoreError::Poisoned(_))));
    assert!(store.wait_durable(kept.ord).is_ok() && store.wait_durable(2).is_err());
    let notices = notices.lock().expect("the notices");
    assert!(matches!(notices[..], [Notice::Durable { ord: 1 }, Notice::Failed(_)]), "{notices:?}");

    // Readers see the log as it was before.
    assert_eq!(store.heads().expect("heads"), [kept.hash]);
    assert_eq!(store.history(document(1)).expect("a history").len(), 1);
    for appended in lost.into_iter().flatten() {
        assert!(!store.contains(appended.hash).expect("a read"));
    }
}

#[test]
fn events_of_other_replicas_are_taken_in_after_their_parents_only() {
    let mut here = Store::in_memory(options(1)).expect("a store");
    let mut there = Store::in_memory(options(2)).expect("a store");
    let shared = |store: &Store, hash| {
        let event = store.event(hash).expect("a read").expect("the event");
        let Payload::Bytes(payload) = store.payload(hash).expect("a payload") else { panic!("pruned") };
        let known = contents(&payload).expect("contents");
        (event.header.encode(), payload, known.documents, known.blobs)
    };
    let send = |from: &Store, to: &mut Store, hash| {
        let (header, payload, documents, blobs) = shared(from, hash);
        to.integrate(&header, payload, documents, blobs)
    };
    let a = here.append(event("a", &[edit(1)], &[])).expect("an event");
    let b = here.append(event("b", &[edit(1)], &[])).expect("an event");
    let x = there.append(event("x", &[edit(1)], &[])).expect("an event");

    assert!(matches!(send(&here, &mut there, b.hash), Err(StoreError::MissingParents { .. })));
    let taken = send(&here, &mut there, a.hash).expect("a new event").expect("not there yet");
    assert_eq!((taken.hash, taken.ord, taken.sequence), (a.hash, 2, 1));
    assert_eq!(send(&here, &mut there, a.hash).expect("a known event"), None);
    send(&here, &mut there, b.hash).expect("a new event");
    let mut heads = [b.hash, x.hash];
    heads.sort();
    assert_eq!(there.heads().expect("heads"), heads);
    let merged = there.append(event("m", &[edit(1)], &[])).expect("an event");
    assert_eq!(there.heads().expect("heads"), [merged.hash]);
    for hash in [x.hash, merged.hash] {
        send(&there, &mut here, hash).expect("a new event");
    }
    assert_eq!(here.heads().expect("heads"), [merged.hash]);

    let (header, _, documents, blobs) = shared(&here, a.hash);
    let other = there.integrate(&header, b"other".to_vec(), documents, blobs);
    assert!(matches!(other, Err(StoreError::PayloadMismatch(_))));
    let mut twin = Store::in_memory(options(1)).expect("a store");
    let fork = twin.append(event("fork", &[], &[])).expect("an event");
    assert!(matches!(send(&twin, &mut there, fork.hash), Err(StoreError::Forked { sequence: 1, .. })));
    for store in [&here, &there] {
        assert_intact(store);
    }
}

#[test]
fn checkpoints_kept_elsewhere_find_a_log_that_was_rewritten() {
    let grow = |store: &mut Store, text: &str| {
        for i in 0..2100 {
            store.append(event(&format!("{text}{i}"), &[], &[])).expect("an event");
        }
    };
    let mut lines = Vec::new();
    let mut store = Store::in_memory(options(1)).expect("a store");
    grow(&mut store, "x");
    store.export_checkpoints(&mut lines).expect("checkpoints");
    let checkpoints = read_checkpoints(lines.as_slice()).expect("what was exported");
    assert_eq!(checkpoints.iter().map(|c| c.sequence).collect::<Vec<_>>(), [1000, 2000, 2100]);
    assert!(store.verify(Some(&checkpoints), &contents).expect("a report").is_intact());

    let mut rewritten = Store::in_memory(options(1)).expect("a store");
    grow(&mut rewritten, "y");
    assert_intact(&rewritten);
    let report = rewritten.verify(Some(&checkpoints), &contents).expect("a report");
    let first = report.first_bad_event().expect("a finding").to_string();
    assert!(first.starts_with("event 1000 (") && first.contains("a checkpoint names event"), "{first}");
}

#[test]
fn many_appends_share_a_sync_and_nobody_waits_for_the_linger_time() {
    let dir = tempfile::tempdir().expect("a folder");
    let day = Duration::from_secs(24 * 3600);
    let groups = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&groups);
    let listener = Box::new(move |notice: Notice| {
        if let Notice::Durable { ord } = notice {
            heard.lock().expect("the groups").push(ord);
        }
    });
    let mut store = Store::open(dir.path(), Options { linger: day, listener: Some(listener), ..options(7) })
        .expect("a store");
    for i in 0..1000 {
        store.append(event(&i.to_string(), &[edit(1)], &[])).expect("an event");
    }
    store.sync().expect("a commit");
    store.append(event("last", &[], &[])).expect("an event");
    store.wait_durable(1001).expect("a commit");
    assert_eq!(*groups.lock().expect("the groups"), [1000, 1001]);
}

#[test]
fn what_is_held_is_durable_together_or_not_at_all() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut store =
        Store::open(dir.path(), Options { linger: Duration::ZERO, ..options(7) }).expect("a store");
    let durable_after = |store: &mut Store, held: bool, text: &str| {
        store.hold(held);
        let ord = store.append(event(text, &[], &[])).expect("an event").ord;
        let patience = if held { 100 } else { 10_000 };
        let is_durable = |_: &u32| {
            std::thread::sleep(Duration::from_millis(1));
            store.durable_ord() >= ord
        };
        (0..patience).find(is_durable);
        store.durable_ord()
    };
    assert_eq!(durable_after(&mut store, false, "before"), 1);
    assert_eq!(durable_after(&mut store, true, "held"), 1);
    assert_eq!(durable_after(&mut store, true, "also held"), 1);
    assert_eq!(durable_after(&mut store, false, "no more"), 4);
    store.hold(true);
    store.append(event("waited for", &[], &[])).expect("an event");
    store.sync().expect("a commit");
    assert_eq!(store.durable_ord(), 5);
}
