//! Events per second against bare prepared inserts of the same rows with the same syncs, in one run.
//!
//! `cargo run --release -p store --example append -- FOLDER [ROUNDS]` prints a JSON line per size of group. Both sides
//! write three rows an event in one transaction a group, then a checkpoint that is synced to disk; ours encodes and
//! hashes, too.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // It measures, writes files, and ends by a panic when it cannot.

use std::{
    fs::{OpenOptions, create_dir_all, remove_dir_all},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
    time::Instant,
};

use base::{ActorId, DocumentId, TenantId};
use document::Role;
use rusqlite::{Connection, params};
use store::{DocumentEntry, NewEvent, Options, Store};

const TABLES: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE events(ord INTEGER PRIMARY KEY, hash BLOB NOT NULL, header BLOB NOT NULL);
    CREATE TABLE payloads(ord INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
    CREATE TABLE event_documents(document BLOB NOT NULL, ord INTEGER NOT NULL, role INTEGER NOT NULL, target BLOB,
        PRIMARY KEY(document, ord)) WITHOUT ROWID;";

fn payload(number: usize) -> Vec<u8> {
    let mut bytes = vec![(number % 251) as u8; 120];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// Events per second of bare inserts.
fn bare(folder: &Path, events: usize, group: usize) -> f64 {
    let _ = remove_dir_all(folder);
    create_dir_all(folder).unwrap();
    let connection = Connection::open(folder.join("bare.db")).unwrap();
    connection.execute_batch(TABLES).unwrap();
    let rows: Vec<([u8; 32], Vec<u8>, Vec<u8>)> =
        (0..events).map(|n| (*blake3::hash(&n.to_le_bytes()).as_bytes(), vec![7; 140], payload(n))).collect();
    let path = folder.join("checkpoints");
    let checkpoints = OpenOptions::new().create(true).truncate(true).write(true).open(path).unwrap();
    let mut event = connection.prepare("INSERT INTO events VALUES(?1, ?2, ?3)").unwrap();
    let mut content = connection.prepare("INSERT INTO payloads VALUES(?1, ?2)").unwrap();
    let mut document = connection.prepare("INSERT INTO event_documents VALUES(?1, ?2, ?3, ?4)").unwrap();
    let start = Instant::now();
    let mut ord = 0i64;
    for (number, group) in rows.chunks(group).enumerate() {
        connection.execute_batch("BEGIN").unwrap();
        for (hash, header, bytes) in group {
            ord += 1;
            event.execute(params![ord, &hash[..], header]).unwrap();
            content.execute(params![ord, bytes]).unwrap();
            document.execute(params![&[(ord % 3) as u8; 16][..], ord, 0, None::<i64>]).unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
        checkpoints.write_all_at(&[1; 64], (number * 64) as u64).unwrap();
        checkpoints.sync_data().unwrap();
    }
    events as f64 / start.elapsed().as_secs_f64()
}

/// Events per second of the store, each group waited for.
fn ours(folder: &Path, events: usize, group: usize) -> f64 {
    let _ = remove_dir_all(folder);
    let mut store = Store::open(folder, Options::default()).unwrap();
    let (tenant, actor, command) = (TenantId::default(), ActorId::default(), Arc::<str>::from("node.set"));
    let payloads: Vec<Vec<u8>> = (0..events).map(payload).collect();
    let start = Instant::now();
    let mut ord = 0;
    for (number, payload) in payloads.into_iter().enumerate() {
        let document = DocumentEntry { document: DocumentId::new((number % 3) as u128), role: Role::Edit };
        let event = NewEvent {
            tenant: tenant.clone(),
            actor: actor.clone(),
            command: command.clone(),
            time: 1_700_000_000_000 + number as i64,
            payload,
            documents: vec![document],
            blobs: Vec::new(),
        };
        ord = store.append(event).unwrap().ord;
        if (number + 1).is_multiple_of(group) {
            store.wait_durable(ord).unwrap();
        }
    }
    store.wait_durable(ord).unwrap();
    events as f64 / start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap();
    let rounds: usize = arguments.next().map_or(5, |text| text.parse().unwrap());
    let folder = Path::new(&folder);
    for (group, events, reach) in [(1, 1_000, 0.6), (100, 50_000, 0.6), (10_000, 200_000, 0.4)] {
        let (mut plain, mut full) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            plain.push(bare(&folder.join("bare"), events, group));
            full.push(ours(&folder.join("store"), events, group));
        }
        let (plain, full) = (median(plain), median(full));
        println!(
            "{{\"what\":\"store, groups of {group}\",\"value\":\"{full:.0} events/s, bare {plain:.0}\",\"ratio\":{:.2},\"reach\":\"≥ {reach}\"}}",
            full / plain
        );
    }
}
