//! The file `checkpoints`: which events and writes were acknowledged, kept outside the database.
//!
//! It holds records of 64 bytes, little-endian, each on its own within a disk sector, and zeros after the last one. The zeros are there so that a record overwrites bytes instead of
//! making the file longer, which costs a file system a second write; closing the store cuts them off.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | kind: 3 workspace (always first), 5 event, 6 other writes |
//! | 8..16 | the replica that wrote the event |
//! | 16..24 | the event's sequence number, or how many groups of other writes there were |
//! | 24..56 | the event's hash, or the id of the workspace |
//! | 56..64 | the first eight bytes of BLAKE3 over the rest |
//!
//! The last record may be unfinished after a crash: then its checksum, which comes last, is zero. Every kind has two bits, so that one flipped bit among the zeros is not taken for
//! the beginning of a record.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufRead, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};

use base::{EventHash, ReplicaId};

use crate::StoreError;

const RECORD: usize = 64;
const PREALLOCATED: u64 = 1024 * RECORD as u64;
const PLACE: &str = "the file checkpoints";

/// Of every replica, the events whose number is a multiple of this stay named.
pub(crate) const INTERVAL: u64 = 1000;

/// Says that a replica wrote this event under this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Checkpoint {
    /// The replica.
    pub replica: ReplicaId,
    /// The number among its events.
    pub sequence: u64,
    /// The event.
    pub hash: EventHash,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    Workspace([u8; 16]),
    Event(Checkpoint),
    Writes(u64),
}

impl Record {
    fn encode(&self) -> [u8; RECORD] {
        let mut hash = [0; 32];
        let (kind, replica, number) = match self {
            Record::Workspace(id) => {
                hash[..16].copy_from_slice(id);
                (3, 0, 1)
            }
            Record::Event(checkpoint) => {
                hash = checkpoint.hash.0;
                (5, checkpoint.replica.0, checkpoint.sequence)
            }
            Record::Writes(groups) => (6, 0, *groups),
        };
        let mut bytes = [0; RECORD];
        for (slot, value) in [kind, replica, number].iter().enumerate() {
            bytes[8 * slot..8 * slot + 8].copy_from_slice(&u64::to_le_bytes(*value));
        }
        bytes[24..56].copy_from_slice(&hash);
        let checksum = checksum(&bytes);
        bytes[56..].copy_from_slice(&checksum);
        bytes
    }

    fn decode(bytes: &[u8; RECORD]) -> Option<Self> {
        let number = |slot: usize| {
            let mut value = [0; 8];
            value.copy_from_slice(&bytes[8 * slot..8 * slot + 8]);
            u64::from_le_bytes(value)
        };
        let mut hash = [0; 32];
        hash.copy_from_slice(&bytes[24..56]);
        let record = match number(0) {
            3 => Record::Workspace(std::array::from_fn(|i| hash[i])),
            5 => Record::Event(Checkpoint {
                replica: ReplicaId(number(1)),
                sequence: number(2),
                hash: EventHash(hash),
            }),
            6 => Record::Writes(number(2)),
            _ => return None,
        };
        (record.encode() == *bytes).then_some(record)
    }
}

fn checksum(record: &[u8; RECORD]) -> [u8; 8] {
    let hash = blake3::hash(&record[..56]);
    std::array::from_fn(|i| hash.as_bytes()[i])
}

/// What the file says.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) workspace: [u8; 16],
    /// In the order of the file.
    pub(crate) checkpoints: Vec<Checkpoint>,
    /// How many groups of other writes were acknowledged.
    pub(crate) writes: u64,
    /// Where the next record goes, in bytes; none when the file ends in an unfinished one.
    end: Option<u64>,
}

impl Contents {
    /// The newest checkpoint of every replica.
    pub(crate) fn newest(&self) -> BTreeMap<ReplicaId, Checkpoint> {
        newest(&self.checkpoints)
    }
}

/// Reads the file; `None` when there is none.
///
/// # Errors
/// A record that is damaged in any bit, unless it is the last one and unfinished.
pub(crate) fn read(path: &Path) -> Result<Option<Contents>, StoreError> {
    let mut attempts = 0;
    loop {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io(path)(error)),
        };
        attempts += 1;
        match parse(&bytes) {
            Ok(contents) => return Ok(Some(contents)),
            // A writer may be in the middle of a record.
            Err(_) if attempts < 3 => std::thread::sleep(Duration::from_millis(5)),
            Err(what) => return Err(StoreError::damaged(PLACE, what)),
        }
    }
}

fn parse(bytes: &[u8]) -> Result<Contents, String> {
    let mut contents = Contents { workspace: [0; 16], checkpoints: Vec::new(), writes: 0, end: Some(0) };
    for (index, chunk) in bytes.chunks(RECORD).enumerate() {
        let rest_is_zero = |from: usize| bytes[from..].iter().all(|byte| *byte == 0);
        let (start, end) = (index * RECORD, index * RECORD + chunk.len());
        let record = <&[u8; RECORD]>::try_from(chunk).ok().and_then(Record::decode);
        match record {
            Some(Record::Workspace(id)) if index == 0 => contents.workspace = id,
            Some(Record::Event(checkpoint)) if index > 0 => contents.checkpoints.push(checkpoint),
            Some(Record::Writes(groups)) if index > 0 => contents.writes = contents.writes.max(groups),
            None if index > 0 && rest_is_zero(start) => return Ok(contents),
            None if index > 0 && is_unfinished(chunk) && rest_is_zero(end) => {
                return Ok(Contents { end: None, ..contents });
            }
            _ => return Err(format!("record {index} (at byte {start}) does not match its checksum")),
        }
        contents.end = Some(end as u64);
    }
    match contents.end {
        Some(0) => Err("it is empty".to_owned()),
        _ => Ok(contents),
    }
}

/// Whether a crash can have left the record like this: its end is missing, and more than one bit of it is there.
fn is_unfinished(chunk: &[u8]) -> bool {
    let ones: u32 = chunk.iter().map(|byte| byte.count_ones()).sum();
    chunk.len() < RECORD || (ones > 1 && chunk[56..].iter().all(|byte| *byte == 0))
}

fn newest(checkpoints: &[Checkpoint]) -> BTreeMap<ReplicaId, Checkpoint> {
    let mut newest = BTreeMap::new();
    for checkpoint in checkpoints {
        let entry = newest.entry(checkpoint.replica).or_insert(*checkpoint);
        *entry = (*entry).max(*checkpoint);
    }
    newest
}

/// One checkpoint per [`INTERVAL`] events and the newest, per replica, in order.
pub(crate) fn thinned(checkpoints: &[Checkpoint]) -> Vec<Checkpoint> {
    let newest = newest(checkpoints);
    let mut kept: Vec<Checkpoint> = checkpoints
        .iter()
        .filter(|c| c.sequence.is_multiple_of(INTERVAL) || newest.get(&c.replica) == Some(c))
        .copied()
        .collect();
    kept.sort();
    kept.dedup();
    kept
}

/// Appends records to the file and syncs them.
#[derive(Debug)]
pub(crate) struct CheckpointLog {
    path: PathBuf,
    file: File,
    end: u64,
    allocated: u64,
}

impl CheckpointLog {
    /// Opens the file for appending; `contents` is what it holds. It is first replaced by a thinned one if that is shorter, or if it ends in an unfinished record.
    pub(crate) fn open(path: &Path, contents: Contents) -> Result<Self, StoreError> {
        let kept = thinned(&contents.checkpoints);
        let end = match contents.end {
            Some(end) if kept.len() == contents.checkpoints.len() => end,
            _ => replace(path, contents.workspace, &kept, contents.writes)?,
        };
        Self::at(path, end)
    }

    /// Writes a new file with these records and opens it for appending.
    pub(crate) fn create(
        path: &Path,
        workspace: [u8; 16],
        checkpoints: &[Checkpoint],
        writes: u64,
    ) -> Result<Self, StoreError> {
        let end = replace(path, workspace, checkpoints, writes)?;
        Self::at(path, end)
    }

    fn at(path: &Path, end: u64) -> Result<Self, StoreError> {
        let file = OpenOptions::new().write(true).open(path).map_err(StoreError::io(path))?;
        Ok(CheckpointLog { path: path.to_owned(), file, end, allocated: end })
    }

    /// Appends the records; they are on the disk when this returns.
    pub(crate) fn append(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let bytes: Vec<u8> = records.iter().flat_map(Record::encode).collect();
        let end = self.end + bytes.len() as u64;
        if end > self.allocated {
            let allocated = end.next_multiple_of(PREALLOCATED);
            let zeros = vec![0; (allocated - self.end) as usize];
            self.file.write_all_at(&zeros, self.end).map_err(StoreError::io(&self.path))?;
            self.allocated = allocated;
        }
        self.file
            .write_all_at(&bytes, self.end)
            .and_then(|()| self.file.sync_data())
            .map_err(StoreError::io(&self.path))?;
        self.end = end;
        Ok(())
    }

    /// Cuts off the zeros after the last record.
    pub(crate) fn close(self) -> Result<(), StoreError> {
        self.file.set_len(self.end).map_err(StoreError::io(&self.path))
    }
}

/// Replaces the file as a whole and returns its length in bytes.
fn replace(
    path: &Path,
    workspace: [u8; 16],
    checkpoints: &[Checkpoint],
    writes: u64,
) -> Result<u64, StoreError> {
    let mut bytes = Record::Workspace(workspace).encode().to_vec();
    if writes > 0 {
        bytes.extend_from_slice(&Record::Writes(writes).encode());
    }
    bytes.extend(checkpoints.iter().flat_map(|checkpoint| Record::Event(*checkpoint).encode()));
    let new = path.with_extension("new");
    File::create(&new)
        .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()))
        .map_err(StoreError::io(&new))?;
    std::fs::rename(&new, path).map_err(StoreError::io(path))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::io(folder))?;
    Ok(bytes.len() as u64)
}

/// A checkpoint as a line of JSON. The replica is text, since a JSON number would lose bits in many programs.
#[derive(serde::Serialize, serde::Deserialize)]
struct Line {
    replica: String,
    sequence: u64,
    hash: EventHash,
}

/// Writes one JSON object per line: `{"replica":"00…","sequence":1000,"hash":"…"}`.
pub(crate) fn write_lines(checkpoints: &[Checkpoint], writer: &mut dyn Write) -> std::io::Result<()> {
    for Checkpoint { replica, sequence, hash } in checkpoints {
        let line = Line { replica: replica.to_string(), sequence: *sequence, hash: *hash };
        serde_json::to_writer(&mut *writer, &line)?;
        writer.write_all(b"\n")?;
    }
    writer.flush()
}

/// Reads what [`crate::Store::export_checkpoints`] wrote; empty lines are skipped.
///
/// # Errors
/// The first line that is no checkpoint, and a reader that fails.
pub fn read_checkpoints(reader: impl BufRead) -> Result<Vec<Checkpoint>, StoreError> {
    let mut checkpoints = Vec::new();
    for (index, line) in reader.lines().enumerate() {
        let error = |what: String| StoreError::CheckpointLine { line: index + 1, what };
        let line = line.map_err(|e| error(e.to_string()))?;
        if line.trim().is_empty() {
            continue;
        }
        let Line { replica, sequence, hash } =
            serde_json::from_str(&line).map_err(|e| error(e.to_string()))?;
        let replica = u64::from_str_radix(&replica, 16)
            .map_err(|_| error(format!("'{replica}' is not a replica of 16 hexadecimal digits")))?;
        checkpoints.push(Checkpoint { replica: ReplicaId(replica), sequence, hash });
    }
    Ok(checkpoints)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (Vec<u8>, Vec<Checkpoint>) {
        let checkpoints: Vec<Checkpoint> = [(1, 1000), (1, 1001), (2, 7), (1, 1002)]
            .map(|(replica, sequence)| Checkpoint {
                replica: ReplicaId(replica),
                sequence,
                hash: EventHash::of(&[replica as u8, sequence as u8]),
            })
            .to_vec();
        let mut bytes = Record::Workspace([9; 16]).encode().to_vec();
        bytes.extend(checkpoints.iter().flat_map(|c| Record::Event(*c).encode()));
        bytes.extend(Record::Writes(5).encode());
        (bytes, checkpoints)
    }

    #[test]
    fn every_flipped_bit_is_found_in_records_and_in_the_zeros_after_them() {
        let (bytes, checkpoints) = file();
        let padded = [bytes.as_slice(), &[0; 2 * RECORD]].concat();
        let whole = parse(&padded).expect("an undamaged file");
        assert_eq!((&whole.checkpoints, whole.writes, whole.workspace), (&checkpoints, 5, [9; 16]));
        assert_eq!(whole.end, Some(bytes.len() as u64));
        for bit in 0..padded.len() * 8 {
            let mut damaged = padded.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(parse(&damaged).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn an_unfinished_last_record_is_left_out() {
        let (bytes, checkpoints) = file();
        for cut in RECORD + 1..bytes.len() {
            let torn = parse(&bytes[..cut]).expect("a torn file");
            assert_eq!(torn.checkpoints, checkpoints[..(cut / RECORD - 1).min(4)]);
            let mut zeroed = bytes.clone();
            zeroed[cut..].fill(0);
            let in_last_checksum = cut % RECORD > 56;
            assert_eq!(parse(&zeroed).is_err(), in_last_checksum, "cut at {cut}");
        }
    }

    #[test]
    fn thinning_keeps_the_thousands_and_the_newest_of_every_replica() {
        let (_, checkpoints) = file();
        let kept: Vec<_> = thinned(&checkpoints).iter().map(|c| (c.replica.0, c.sequence)).collect();
        assert_eq!(kept, [(1, 1000), (1, 1002), (2, 7)]);
        let mut lines = Vec::new();
        write_lines(&checkpoints, &mut lines).expect("a vector takes every byte");
        assert_eq!(read_checkpoints(lines.as_slice()).expect("what was written"), checkpoints);
        let error = read_checkpoints(&b"\n{\"replica\":\"x\"}"[..]).expect_err("not a checkpoint");
        assert!(matches!(error, StoreError::CheckpointLine { line: 2, .. }), "{error}");
    }
}
