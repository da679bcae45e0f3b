//! What servers sent, kept on disk.
//!
//! An entry is one file, put in place as a whole: the content, its label as JSON, then the BLAKE3 hash of both, their lengths
//! and a mark. The hash is checked at every opening; an entry that is damaged in any way is removed and counts as missing. The
//! file's modification time is when the server last confirmed it, its access time when it was last used.

use std::{
    fs::{self, DirBuilder, File, FileTimes},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, FileExt},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::{AtomicWrite, Fault, LocalProvider, Provider, VfsError, VfsPath};

const MARK: &[u8; 8] = b"MBCACHE1";
/// Hash, length of the content, length of the label, mark.
const TRAILER: usize = 32 + 8 + 4 + 8;
/// Longest label, in bytes.
const LABEL: u64 = 64 << 10;

/// A folder of what servers sent. Several mounts and processes may share one.
pub struct Cache {
    folder: PathBuf,
    writer: LocalProvider,
    limit: u64,
}

/// What is known of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Label {
    /// Where it is from.
    pub(super) url: String,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    /// For how many seconds after a confirmation it needs no other.
    pub(super) max_age: u64,
}

/// An entry whose hash was right when it was opened.
pub(super) struct Cached {
    pub(super) label: Label,
    pub(super) content: Content,
    /// When the server last confirmed it.
    confirmed: SystemTime,
}

impl Cache {
    /// The folder `folder`, made where it is missing, for entries of at most `limit` bytes together: beyond that, those that
    /// were not used for the longest time go.
    pub fn new(folder: impl Into<PathBuf>, limit: u64) -> Result<Self, VfsError> {
        let folder = folder.into();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| VfsError::Host { path: folder.clone(), fault: error.into() })?;
        Ok(Cache { writer: LocalProvider::new(&folder)?, folder, limit })
    }

    /// The entry of this key, unless it is missing or damaged.
    pub(super) fn get(&self, key: &str) -> Option<Cached> {
        let path = self.folder.join(key);
        let file = File::open(&path).ok()?;
        let opened = open(file);
        match opened {
            Some(cached) => {
                // A file system that keeps no such time only makes another entry go first.
                let _ = cached.content.file.set_times(FileTimes::new().set_accessed(SystemTime::now()));
                Some(cached)
            }
            None => {
                self.remove(key);
                None
            }
        }
    }

    /// Notes that the server confirmed the entry just now.
    pub(super) fn confirm(&self, cached: &Cached) {
        let now = SystemTime::now();
        // Without it the server is merely asked again the next time.
        let _ = cached.content.file.set_times(FileTimes::new().set_accessed(now).set_modified(now));
    }

    /// Begins an entry; without [`Filling::finish`] there will be none.
    pub(super) fn fill(&self, key: &str) -> Result<Filling<'_>, Fault> {
        let path = VfsPath::parse(key).map_err(|_| Fault::NotFound)?;
        let file = self.writer.write_atomic(&path)?;
        Ok(Filling { cache: self, key: key.to_owned(), file, hash: blake3::Hasher::new(), len: 0 })
    }

    /// Removes an entry; whoever has it open can go on reading.
    pub(super) fn remove(&self, key: &str) {
        // Another process may have been faster.
        let _ = fs::remove_file(self.folder.join(key));
    }

    /// Removes the entries that were not used for the longest time until the rest is within the limit.
    fn make_room(&self) {
        let Ok(files) = fs::read_dir(&self.folder) else { return };
        let entry = |file: fs::DirEntry| {
            let metadata = file.metadata().ok()?;
            let name = file.file_name().into_string().ok()?;
            let ours = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            ours.then(|| (metadata.accessed().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), name))
        };
        let mut entries: Vec<_> = files.flatten().filter_map(entry).collect();
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, len, _)| len).sum();
        for (_, len, name) in entries {
            if total <= self.limit {
                break;
            }
            self.remove(&name);
            total -= len;
        }
    }
}

/// The entry in a file, if it is whole.
fn open(file: File) -> Option<Cached> {
    let metadata = file.metadata().ok()?;
    let before_trailer = metadata.len().checked_sub(TRAILER as u64)?;
    let mut trailer = [0; TRAILER];
    file.read_exact_at(&mut trailer, before_trailer).ok()?;
    let (hash, rest) = trailer.split_at(32);
    let len = u64::from_le_bytes(rest[..8].try_into().ok()?);
    let label_len = u64::from(u32::from_le_bytes(rest[8..12].try_into().ok()?));
    if &rest[12..] != MARK || label_len > LABEL || len.checked_add(label_len)? != before_trailer {
        return None;
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader((&file).take(before_trailer)).ok()?;
    if hasher.finalize().as_bytes() != hash {
        return None;
    }
    let mut label = vec![0; label_len as usize];
    file.read_exact_at(&mut label, len).ok()?;
    let label = serde_json::from_slice(&label).ok()?;
    let confirmed = metadata.modified().ok()?;
    Some(Cached { label, content: Content { file, len, at: 0 }, confirmed })
}

impl Cached {
    /// Whether the server need not be asked whether it is still right.
    pub(super) fn is_fresh(&self) -> bool {
        let age = SystemTime::now().duration_since(self.confirmed).ok();
        age.is_some_and(|age| age < Duration::from_secs(self.label.max_age))
    }
}

/// An entry being written.
pub(super) struct Filling<'c> {
    cache: &'c Cache,
    key: String,
    file: Box<dyn AtomicWrite>,
    hash: blake3::Hasher,
    len: u64,
}

impl Write for Filling<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.len += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Filling<'_> {
    /// Puts the entry in place and opens it.
    pub(super) fn finish(mut self, label: &Label) -> Result<Cached, Fault> {
        let text = serde_json::to_vec(label).map_err(io::Error::from)?;
        let label_len = u32::try_from(text.len()).map_err(|_| Fault::Full)?;
        self.hash.update(&text);
        let hash = *self.hash.finalize().as_bytes();
        for part in [&text[..], &hash, &self.len.to_le_bytes(), &label_len.to_le_bytes(), MARK] {
            self.file.write_all(part)?;
        }
        self.file.commit()?;
        let cached = self.cache.get(&self.key).ok_or(Fault::Unstable)?;
        self.cache.make_room();
        Ok(cached)
    }
}

/// The content of an entry, read where it lies.
pub(super) struct Content {
    file: File,
    len: u64,
    at: u64,
}

impl Content {
    /// Its length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.len.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buffer.len().min(rest);
        let count = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Content {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.at = super::ranges::seek(position, self.at, self.len)?;
        Ok(self.at)
    }
}
