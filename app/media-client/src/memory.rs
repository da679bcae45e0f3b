//! Memory that is shared with workers.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use codecs::CodecError;
use memmap2::{Mmap, MmapMut};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

fn no_memory(error: impl Into<io::Error>) -> CodecError {
    CodecError::BrokeOff(format!("there is no memory to share with the media worker: {}", error.into()))
}

fn memory_file() -> Result<File, CodecError> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    memfd_create(c"media", flags).map(File::from).map_err(no_memory)
}

/// A file for workers to read. Nobody can write it any more.
#[derive(Debug)]
pub struct Input {
    file: OwnedFd,
    /// Held, so that nothing else comes to lie where these bytes do.
    bytes: Bytes,
}

impl Input {
    /// A copy of these bytes.
    pub fn new(bytes: &Bytes) -> Result<Self, CodecError> {
        let mut file = memory_file()?;
        file.write_all(bytes).map_err(no_memory)?;
        let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        fcntl_add_seals(&file, seals).map_err(no_memory)?;
        Ok(Input { file: file.into(), bytes: bytes.clone() })
    }

    /// Whether it is a copy of these very bytes.
    pub fn is(&self, bytes: &Bytes) -> bool {
        (self.bytes.as_ptr(), self.bytes.len()) == (bytes.as_ptr(), bytes.len())
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// For a worker.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Memory for a picture or samples, which a worker has, too.
#[derive(Debug)]
pub struct Slot {
    /// Its number at the worker.
    pub number: u32,
    memory: MmapMut,
}

impl Slot {
    /// So many bytes, and the file for the worker.
    pub fn new(number: u32, bytes: usize) -> Result<(Self, OwnedFd), CodecError> {
        let file = memory_file()?;
        file.set_len(bytes as u64).map_err(no_memory)?;
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        fcntl_add_seals(&file, seals).map_err(no_memory)?;
        // SAFETY: the length is sealed. The worker writes only while it was asked to, when nothing here reads.
        let memory = unsafe { MmapMut::map_mut(&file) }.map_err(no_memory)?;
        Ok((Slot { number, memory }, file.into()))
    }

    /// What is in it.
    pub fn bytes(&self) -> &[u8] {
        &self.memory
    }

    /// What is in it.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory
    }
}

/// Slots that are back.
pub type Home = Arc<Mutex<Vec<Slot>>>;

/// A slot that goes home when it is not needed any more.
pub struct Lent {
    slot: Option<Slot>,
    home: Home,
    /// How many of its bytes are meant.
    bytes: usize,
}

impl Lent {
    /// Lends a slot.
    pub fn new(slot: Slot, home: &Home, bytes: usize) -> Self {
        Lent { slot: Some(slot), home: Arc::clone(home), bytes }
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.slot.as_ref().and_then(|slot| slot.bytes().get(..self.bytes)).unwrap_or_default()
    }
}

impl AsMut<[u8]> for Lent {
    fn as_mut(&mut self) -> &mut [u8] {
        self.slot.as_mut().and_then(|slot| slot.bytes_mut().get_mut(..self.bytes)).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.home.lock().unwrap_or_else(PoisonError::into_inner).extend(self.slot.take());
    }
}

/// Memory that a worker writes a file into.
#[derive(Debug)]
pub struct Output(File);

impl Output {
    /// For so many bytes at most; it takes no more memory than is written.
    pub fn new(most: u64) -> Result<Self, CodecError> {
        let file = memory_file()?;
        file.set_len(most.max(1)).map_err(no_memory)?;
        // The length may only become smaller, and only here: the worker has none of it open when that happens.
        fcntl_add_seals(&file, SealFlags::GROW).map_err(no_memory)?;
        Ok(Output(file))
    }

    /// For the worker.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// The first bytes of it.
    pub fn finish(self, bytes: u64) -> Result<Bytes, CodecError> {
        if bytes == 0 {
            return Ok(Bytes::new());
        }
        self.0.set_len(bytes).map_err(no_memory)?;
        fcntl_add_seals(&self.0, SealFlags::SHRINK | SealFlags::SEAL).map_err(no_memory)?;
        // SAFETY: the length is sealed, and the worker that wrote it has given it up.
        let map = unsafe { Mmap::map(&self.0) }.map_err(no_memory)?;
        Ok(Bytes::from_owner(map))
    }
}
