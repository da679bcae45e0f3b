//! Workers that wait for work, and the files that they share.

use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    time::Duration,
};

use base::Limits;
use bytes::Bytes;
use codecs::{
    CodecError, Support,
    wire::{Reply, Request},
};

use crate::{
    memory::Input,
    worker::{Alive, Worker},
};

/// The most workers that are alive.
const MOST: usize = 64;
/// The most that wait for work: starting one takes about 40 ms.
const MOST_IDLE: usize = 4;
/// How long a worker may take to give up what it did.
const CLOSING: Duration = Duration::from_secs(2);
/// How long a worker may take to say what it can do.
const SUPPORT: Duration = Duration::from_secs(10);
/// The last file is kept for the next reader when it has at most so many bytes.
const KEPT: usize = 256 << 20;

/// Workers and their files.
pub struct Pool {
    program: PathBuf,
    idle: Mutex<Vec<Worker>>,
    alive: Alive,
    inputs: Mutex<Inputs>,
    support: OnceLock<Support>,
}

/// The files that workers have.
#[derive(Default)]
struct Inputs {
    known: Vec<Weak<Input>>,
    last: Option<Arc<Input>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// None yet, of this program.
    pub fn new(program: PathBuf) -> Self {
        Pool {
            program,
            idle: Mutex::default(),
            alive: Alive::default(),
            inputs: Mutex::default(),
            support: OnceLock::new(),
        }
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The ids of the processes that are alive.
    pub fn processes(&self) -> Vec<u32> {
        locked(&self.alive).clone()
    }

    /// A file for workers: what has been given to one before is not copied again.
    pub fn input(&self, bytes: &Bytes, limits: &Limits) -> Result<Arc<Input>, CodecError> {
        Limits::check("the size of the file in bytes", bytes.len() as u64, limits.file_bytes, "fileBytes")?;
        if bytes.is_empty() {
            let (place, problem) = ("byte 0".to_owned(), "the file is empty".to_owned());
            return Err(CodecError::Damaged { place, problem });
        }
        let mut inputs = locked(&self.inputs);
        inputs.known.retain(|known| known.strong_count() > 0);
        let known = inputs.known.iter().filter_map(Weak::upgrade).find(|known| known.is(bytes));
        let input = match known {
            Some(known) => known,
            None => Arc::new(Input::new(bytes)?),
        };
        if !inputs.known.iter().any(|known| known.as_ptr() == Arc::as_ptr(&input)) {
            inputs.known.push(Arc::downgrade(&input));
        }
        inputs.last = Some(Arc::clone(&input)).filter(|input| input.len() <= KEPT);
        Ok(input)
    }

    /// A worker that does nothing yet.
    pub fn worker(self: &Arc<Self>) -> Result<Lease, CodecError> {
        loop {
            let Some(mut worker) = locked(&self.idle).pop() else { break };
            if worker.is_alive() && worker.is_closed(CLOSING) {
                return Ok(Lease { worker: Some(worker), pool: Arc::clone(self) });
            }
        }
        if !self.program.is_file() {
            let (program, name) = (self.program.display(), crate::PROGRAM);
            return Err(CodecError::Unavailable(format!(
                "there is no media worker at {program}: build it with `cargo build --release --package {name}`, which \
                 takes FFmpeg's development files (on Debian libavcodec-dev, libavformat-dev, libavutil-dev, \
                 libswscale-dev and libclang-dev)"
            )));
        }
        let alive = locked(&self.alive).len();
        if alive >= MOST {
            return Err(CodecError::BrokeOff(format!("{alive} films are open already")));
        }
        let worker = Worker::start(&self.program, &self.alive)?;
        Ok(Lease { worker: Some(worker), pool: Arc::clone(self) })
    }

    /// What workers can read and write.
    pub fn support(self: &Arc<Self>) -> Result<Support, CodecError> {
        if let Some(known) = self.support.get() {
            return Ok(known.clone());
        }
        let mut worker = self.worker()?;
        match worker.ask(&Request::Support, None, SUPPORT) {
            Ok(Reply::Support(support)) => Ok(self.support.get_or_init(|| support).clone()),
            Ok(other) => Err(worker.unexpected(&other)),
            Err(ended) => Err(worker.lost(ended)),
        }
    }
}

/// A worker that is used; afterwards it waits for other work.
pub struct Lease {
    /// Only taken when this is dropped.
    worker: Option<Worker>,
    pool: Arc<Pool>,
}

impl Deref for Lease {
    type Target = Worker;

    fn deref(&self) -> &Worker {
        match &self.worker {
            Some(worker) => worker,
            None => unreachable!("a worker is leased until the lease is dropped"),
        }
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Worker {
        match &mut self.worker {
            Some(worker) => worker,
            None => unreachable!("a worker is leased until the lease is dropped"),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut worker) = self.worker.take() else { return };
        if worker.broken {
            return;
        }
        worker.close();
        let mut idle = locked(&self.pool.idle);
        if worker.closing && idle.len() < MOST_IDLE {
            idle.push(worker);
        }
    }
}
