//! What a command touched, so that its result can be kept and known to be still right.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::{BlobHash, DocumentId};
use bytes::Bytes;

use crate::{
    ports::{FileError, Files, Folder, Purpose, Stamp},
    repeat::Deed,
};

/// What a command touched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The files that it read, by the paths that it asked for, with the hash of what it was given; none where nothing
    /// could be read.
    pub reads: BTreeMap<String, Option<BlobHash>>,
    /// The files that it wrote, in order.
    pub writes: Vec<Written>,
    /// What it did to documents.
    pub deeds: Vec<Deed>,
    /// The documents that it read because others refer to them.
    pub linked: BTreeSet<DocumentId>,
    /// Whether it saw the fonts of the machine.
    pub fonts: bool,
    /// Whether a GPU drew what it made, so that pixels follow from the adapter, too.
    pub gpu: bool,
    /// Whether its result follows from more than its arguments, these files and the documents: from the session, from
    /// history, from what is in a folder.
    pub volatile: bool,
}

/// A file that was written as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The path that the command named.
    pub path: String,
    /// Its content.
    pub bytes: Bytes,
    /// The hash of its content.
    pub hash: BlobHash,
}

/// A trace as it grows, on whatever thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracer(Arc<Mutex<Trace>>);

impl Tracer {
    /// The trace so far.
    pub fn lock(&self) -> MutexGuard<'_, Trace> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Files whose use is noted.
pub(crate) struct TracedFiles {
    pub inner: Arc<dyn Files>,
    pub tracer: Tracer,
}

impl Files for TracedFiles {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let read = self.inner.read(path);
        let hash = read.as_ref().ok().map(|bytes| BlobHash::of(bytes));
        self.tracer.lock().reads.insert(path.to_owned(), hash);
        read
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<String, FileError> {
        let place = self.inner.write(path, bytes)?;
        let written = Written {
            path: path.to_owned(),
            bytes: Bytes::copy_from_slice(bytes),
            hash: BlobHash::of(bytes),
        };
        self.tracer.lock().writes.push(written);
        Ok(place)
    }

    fn stamp(&self, path: &str) -> Option<Stamp> {
        self.inner.stamp(path)
    }

    fn beside(&self, path: &str, relative: &str) -> Result<String, FileError> {
        self.inner.beside(path, relative)
    }

    fn folder(&self, path: &str, purpose: Purpose) -> Result<Option<Box<dyn Folder>>, FileError> {
        let folder = self.inner.folder(path, purpose)?;
        self.tracer.lock().volatile |= folder.is_some();
        Ok(folder)
    }

    fn make_folder(&self, path: &str) -> Result<Box<dyn Folder>, FileError> {
        self.tracer.lock().volatile = true;
        self.inner.make_folder(path)
    }
}
