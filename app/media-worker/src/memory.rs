//! Memory that the program shares with its worker.

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    os::fd::OwnedFd,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use codecs::CodecError;
use memmap2::{Mmap, MmapMut};

use crate::av::broke;

/// A file that is read.
pub fn input(file: &OwnedFd) -> Result<Arc<Mmap>, CodecError> {
    // SAFETY: the program has sealed the memory file: nobody writes or cuts it while it is mapped.
    let map = unsafe { Mmap::map(file) };
    Ok(Arc::new(map.map_err(|error| broke(format!("the file cannot be mapped: {error}")))?))
}

/// Memory that is written.
pub fn writable(file: &OwnedFd) -> Result<MmapMut, CodecError> {
    // SAFETY: the program has sealed the length; it reads only what it was told is written.
    let map = unsafe { MmapMut::map_mut(file) };
    map.map_err(|error| broke(format!("shared memory cannot be mapped: {error}")))
}

/// Reads a file in memory, until it takes too long.
pub struct Source {
    file: Arc<Mmap>,
    at: u64,
    deadline: Deadline,
}

/// When reading has to end; none for never.
pub type Deadline = Arc<Mutex<Option<Instant>>>;

impl Source {
    /// From the beginning.
    pub fn new(file: Arc<Mmap>, deadline: Deadline) -> Self {
        Source { file, at: 0, deadline }
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        if deadline.is_some_and(|deadline| Instant::now() > deadline) {
            return Err(io::ErrorKind::Other.into());
        }
        let rest = usize::try_from(self.at).ok().and_then(|at| self.file.get(at..)).unwrap_or_default();
        let count = rest.len().min(into.len());
        let (Some(from), Some(to)) = (rest.get(..count), into.get_mut(..count)) else { return Ok(0) };
        to.copy_from_slice(from);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = position(to, self.at, self.file.len() as u64)?;
        Ok(self.at)
    }
}

/// Where a seek goes.
fn position(to: SeekFrom, at: u64, end: u64) -> io::Result<u64> {
    let position = match to {
        SeekFrom::Start(at) => Some(at),
        SeekFrom::Current(by) => at.checked_add_signed(by),
        SeekFrom::End(by) => end.checked_add_signed(by),
    };
    position.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// A file that is being written, in memory that does not grow.
pub struct Output {
    memory: MmapMut,
    /// How far it was written.
    end: usize,
    /// Whether something did not fit.
    full: bool,
}

/// The file, for all that write it or read it again.
#[derive(Clone)]
pub struct SharedOutput(Arc<Mutex<Output>>);

impl SharedOutput {
    /// An empty file.
    pub fn new(memory: MmapMut) -> Self {
        SharedOutput(Arc::new(Mutex::new(Output { memory, end: 0, full: false })))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Output) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> u64 {
        self.with(|output| output.end as u64)
    }

    /// How many it may have, when that was too few.
    pub fn overflow(&self) -> Option<u64> {
        self.with(|output| output.full.then_some(output.memory.len() as u64))
    }
}

/// A place in the file.
pub struct Cursor {
    output: SharedOutput,
    at: u64,
}

impl Cursor {
    /// Its beginning.
    pub fn new(output: SharedOutput) -> Self {
        Cursor { output, at: 0 }
    }
}

impl Write for Cursor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.with(|output| {
            let begin = usize::try_from(self.at).ok();
            let range = begin.and_then(|begin| Some(begin..begin.checked_add(bytes.len())?));
            let Some(to) = range.clone().and_then(|range| output.memory.get_mut(range)) else {
                output.full = true;
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            };
            to.copy_from_slice(bytes);
            output.end = output.end.max(range.map_or(0, |range| range.end));
            Ok(bytes.len())
        })?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Cursor {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.output.with(|output| {
            let written = output.memory.get(..output.end).unwrap_or_default();
            let rest = usize::try_from(self.at).ok().and_then(|at| written.get(at..)).unwrap_or_default();
            let count = rest.len().min(into.len());
            if let (Some(from), Some(to)) = (rest.get(..count), into.get_mut(..count)) {
                to.copy_from_slice(from);
            }
            count
        });
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = position(to, self.at, self.output.bytes())?;
        Ok(self.at)
    }
}
