//! The writer thread: group commit, checkpoints, and what happens when a commit fails.
//!
//! Rows go into the open transaction as they come, so that inserting overlaps with the encoding and hashing of the next events. The transaction ends when somebody waits for it, when
//! it has been open for the lingering time, or when it is large. Waiting a little makes one sync serve many events.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI32, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, wal::CheckpointMode};

use crate::{
    Failure, StoreError,
    checkpoint::CheckpointLog,
    jobs::{Counters, Group, Inserts, Job},
    store::{Listener, Notice},
};

/// Bytes that may wait; whoever adds more waits for the writer.
const QUEUE_BYTES: usize = 64 << 20;
/// Bytes after which a transaction ends.
const GROUP_BYTES: usize = 64 << 20;
/// Jobs that wake a lingering writer.
const WAKE_AT: usize = 256;
/// Pages of write-ahead log (4 KiB each) that are copied into the database when nothing else is to be done, or in any case.
const IDLE_PAGES: i32 = 2_000;
const MOST_PAGES: i32 = 16_000;

/// The owner's end of the writer thread.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    queue: Mutex<Queue>,
    /// Wakes the writer.
    work: Condvar,
    /// Wakes those who wait for a commit or for room.
    done: Condvar,
}

struct Queue {
    jobs: Vec<Job>,
    bytes: usize,
    /// Jobs handed in, and jobs that are durable.
    submitted: u64,
    durable: u64,
    /// Up to which job somebody waits.
    wanted: u64,
    /// The newest event handed in, and the newest durable one.
    last_ord: u64,
    durable_ord: u64,
    state: State,
    /// Whether the open transaction stays open.
    held: bool,
    closing: bool,
    failure: Option<Arc<Failure>>,
}

/// What the writer sleeps for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Busy,
    Idle,
    Lingering,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// Starts the thread. `last` is the newest event in the database.
    pub(crate) fn start(
        connection: Connection,
        checkpoints: CheckpointLog,
        counters: Counters,
        last: u64,
        linger: Duration,
        listener: Option<Listener>,
    ) -> Result<Self, StoreError> {
        let queue = Queue {
            jobs: Vec::new(),
            bytes: 0,
            submitted: 0,
            durable: 0,
            wanted: 0,
            last_ord: last,
            durable_ord: last,
            state: State::Busy,
            held: false,
            closing: false,
            failure: None,
        };
        let shared =
            Arc::new(Shared { queue: Mutex::new(queue), work: Condvar::new(), done: Condvar::new() });
        let worker = Worker { shared: Arc::clone(&shared), linger, listener };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || worker.run(connection, checkpoints, counters))
            .map_err(StoreError::Thread)?;
        Ok(Writer { shared, thread: Some(thread) })
    }

    /// Hands in a job; waits only while too much is queued.
    pub(crate) fn submit(&self, job: Job) -> Result<(), StoreError> {
        let bytes = job.bytes();
        let mut queue = self.shared.lock();
        while queue.bytes > QUEUE_BYTES && queue.failure.is_none() {
            queue = self.shared.done.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(failure) = &queue.failure {
            return Err(StoreError::Poisoned(Arc::clone(failure)));
        }
        if let Job::Event(event) = &job {
            queue.last_ord = event.ord;
        }
        queue.jobs.push(job);
        queue.bytes += bytes;
        queue.submitted += 1;
        let wake = match queue.state {
            State::Busy => false,
            State::Idle => true,
            State::Lingering => queue.jobs.len() >= WAKE_AT || queue.bytes > QUEUE_BYTES / 2,
        };
        if wake {
            queue.state = State::Busy;
            drop(queue);
            self.shared.work.notify_one();
        }
        Ok(())
    }

    /// Keeps the open transaction open until nothing is held any more, or somebody waits for it.
    pub(crate) fn hold(&self, held: bool) {
        let mut queue = self.shared.lock();
        queue.held = held;
        if !held && queue.state == State::Lingering {
            queue.state = State::Busy;
            drop(queue);
            self.shared.work.notify_one();
        }
    }

    /// Waits until everything handed in so far is durable.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.wait(|queue, target| queue.durable >= target && queue.failure.is_none())
    }

    /// Waits until the event with this place is durable.
    pub(crate) fn wait_durable(&self, ord: u64) -> Result<(), StoreError> {
        self.wait(|queue, target| queue.durable_ord >= ord || queue.durable >= target)
    }

    fn wait(&self, is_done: impl Fn(&Queue, u64) -> bool) -> Result<(), StoreError> {
        let mut queue = self.shared.lock();
        let target = queue.submitted;
        while !is_done(&queue, target) {
            if let Some(failure) = &queue.failure {
                return Err(StoreError::Poisoned(Arc::clone(failure)));
            }
            queue.wanted = queue.wanted.max(target);
            if queue.state != State::Busy {
                queue.state = State::Busy;
                self.shared.work.notify_one();
            }
            queue = self.shared.done.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// The newest durable event.
    pub(crate) fn durable_ord(&self) -> u64 {
        self.shared.lock().durable_ord
    }

    /// Why the writer has stopped.
    pub(crate) fn failure(&self) -> Option<Arc<Failure>> {
        self.shared.lock().failure.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.work.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has already become the store's failure.
            let _ = thread.join();
        }
    }
}

struct Worker {
    shared: Arc<Shared>,
    linger: Duration,
    listener: Option<Listener>,
}

/// What the writer does after looking at the queue.
enum Next {
    Apply(Vec<Job>),
    Commit,
}

impl Worker {
    fn run(self, mut connection: Connection, mut checkpoints: CheckpointLog, mut counters: Counters) {
        let _watch = Watch(&self);
        let log_pages = Arc::new(AtomicI32::new(0));
        let pages = Arc::clone(&log_pages);
        let hook = move |_: &mut rusqlite::hooks::Wal, count| {
            pages.store(count, Ordering::Relaxed);
            Ok(())
        };
        let result = connection
            .wal_hook(Some(hook))
            .map_err(StoreError::from)
            .and_then(|()| self.write_groups(&connection, &mut checkpoints, &mut counters, &log_pages));
        match result {
            Ok(()) => {
                if let Err(error) = checkpoints.close() {
                    tracing::warn!(%error, "the file of checkpoints keeps its padding");
                }
            }
            Err(error) => self.fail(&error.to_string()),
        }
    }

    fn write_groups(
        &self,
        connection: &Connection,
        checkpoints: &mut CheckpointLog,
        counters: &mut Counters,
        log_pages: &AtomicI32,
    ) -> Result<(), StoreError> {
        let mut inserts = Inserts::prepare(connection)?;
        loop {
            let Some(jobs) = self.first_jobs(connection, log_pages)? else { return Ok(()) };
            let taken = self.write_group(connection, &mut inserts, checkpoints, counters, jobs);
            let (taken, last) = match taken {
                Ok(done) => done,
                Err(error) => {
                    // The transaction is gone either way; its loss is what the error reports.
                    let _ = connection.execute_batch("ROLLBACK");
                    return Err(error);
                }
            };
            self.acknowledge(taken, last);
            if log_pages.load(Ordering::Relaxed) > MOST_PAGES {
                copy_log(connection, log_pages)?;
            }
        }
    }

    /// Sleeps until there is something to write; `None` when the store closes. Idle time goes into copying the write-ahead log.
    fn first_jobs(
        &self,
        connection: &Connection,
        log_pages: &AtomicI32,
    ) -> Result<Option<Vec<Job>>, StoreError> {
        let mut queue = self.shared.lock();
        loop {
            if !queue.jobs.is_empty() {
                return Ok(Some(self.take(&mut queue, Vec::new())));
            }
            if queue.closing {
                return Ok(None);
            }
            queue.state = State::Idle;
            if log_pages.load(Ordering::Relaxed) > IDLE_PAGES {
                drop(queue);
                copy_log(connection, log_pages)?;
                queue = self.shared.lock();
                if !queue.jobs.is_empty() || queue.closing {
                    continue;
                }
            }
            queue = self.shared.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Writes and commits one group that begins with `jobs`; returns how many jobs it held and its newest event.
    fn write_group(
        &self,
        connection: &Connection,
        inserts: &mut Inserts<'_>,
        checkpoints: &mut CheckpointLog,
        counters: &mut Counters,
        mut jobs: Vec<Job>,
    ) -> Result<(u64, u64), StoreError> {
        let deadline = Instant::now() + self.linger;
        let mut group = Group::default();
        let mut taken = 0;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        loop {
            taken += jobs.len() as u64;
            for job in jobs.drain(..) {
                group.apply(connection, inserts, job)?;
            }
            match self.next(taken, group.bytes(), deadline, jobs) {
                Next::Apply(more) => jobs = more,
                Next::Commit => break,
            }
        }
        let last = group.last();
        let records = group.finish(connection, counters)?;
        connection.prepare_cached("COMMIT")?.execute([])?;
        if !records.is_empty() {
            checkpoints.append(&records)?;
        }
        Ok((taken, last))
    }

    /// Decides whether the open transaction takes in more. `spare` is an empty vector to use for the queue.
    fn next(&self, taken: u64, bytes: usize, deadline: Instant, spare: Vec<Job>) -> Next {
        let mut queue = self.shared.lock();
        loop {
            if bytes > GROUP_BYTES && !queue.held {
                return Next::Commit;
            }
            if !queue.jobs.is_empty() {
                return Next::Apply(self.take(&mut queue, spare));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if queue.closing || queue.wanted > queue.durable || (left.is_zero() && !queue.held) {
                debug_assert_eq!(queue.submitted, queue.durable + taken);
                return Next::Commit;
            }
            queue.state = State::Lingering;
            let work = &self.shared.work;
            queue = match queue.held {
                true => work.wait(queue).unwrap_or_else(PoisonError::into_inner),
                false => work.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0,
            };
            queue.state = State::Busy;
        }
    }

    /// Empties the queue and makes room for those who wait to add to it.
    fn take(&self, queue: &mut Queue, spare: Vec<Job>) -> Vec<Job> {
        queue.state = State::Busy;
        if queue.bytes > QUEUE_BYTES {
            self.shared.done.notify_all();
        }
        queue.bytes = 0;
        std::mem::replace(&mut queue.jobs, spare)
    }

    fn acknowledge(&self, taken: u64, last: u64) {
        if let (Some(listener), true) = (&self.listener, last > 0) {
            listener(Notice::Durable { ord: last });
        }
        let mut queue = self.shared.lock();
        queue.durable += taken;
        queue.durable_ord = queue.durable_ord.max(last);
        drop(queue);
        self.shared.done.notify_all();
    }

    /// Refuses everything from now on.
    fn fail(&self, cause: &str) {
        let mut queue = self.shared.lock();
        queue.jobs.clear();
        let failure =
            Arc::new(Failure { cause: cause.to_owned(), lost: queue.durable_ord + 1..=queue.last_ord });
        queue.failure = Some(Arc::clone(&failure));
        drop(queue);
        tracing::error!(cause, lost = ?failure.lost, "the workspace is read-only from here");
        if let Some(listener) = &self.listener {
            // It may be a panic of the listener that is being reported.
            let _ = catch_unwind(AssertUnwindSafe(|| listener(Notice::Failed(failure))));
        }
        self.shared.done.notify_all();
    }
}

/// Copies the write-ahead log into the database.
fn copy_log(connection: &Connection, log_pages: &AtomicI32) -> Result<(), StoreError> {
    log_pages.store(0, Ordering::Relaxed);
    match connection.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE) {
        // A reader is in the way; the next commit asks again.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
        result => Ok(result.map(|_| ())?),
    }
}

/// Turns a panic of the thread into a failure, so that nobody waits for ever.
struct Watch<'w>(&'w Worker);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("the writer thread panicked");
        }
    }
}
