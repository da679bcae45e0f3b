//! Running a graph of jobs.

use std::{
    any::Any,
    cmp::Reverse,
    collections::BinaryHeap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::Graph;

/// What jobs do.
pub trait Work: Sync {
    /// What a job gives.
    type Output: Send;
    /// Why it failed.
    type Error: Send;

    /// Runs a job: everything that it needs is done. On any lane.
    ///
    /// # Errors
    /// Whatever the job fails with.
    fn run(&self, job: usize) -> Result<Self::Output, Self::Error>;

    /// How long to wait before a job that has failed `failures` times is tried again; none to give it up.
    fn retry(&self, job: usize, failures: u32, error: &Self::Error) -> Option<Duration>;

    /// Whether no further job is to be started.
    fn stopped(&self) -> bool;

    /// The time since some fixed point.
    fn now(&self) -> Duration;
}

/// What became of a job.
#[derive(Debug, PartialEq, Eq)]
pub enum Ending<O, E> {
    /// It gave this.
    Done(O),
    /// It failed.
    Failed(Failure<E>),
    /// It was not started: something that it needs failed, or the run was stopped.
    Skipped,
}

/// Why a job failed.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure<E> {
    /// It said so.
    Error(E),
    /// It panicked; the message.
    Panic(String),
}

/// How often a lane that waits looks whether the run was stopped.
const LOOK: Duration = Duration::from_millis(50);

struct State<O, E> {
    /// Ready jobs, the earliest written first.
    ready: BinaryHeap<Reverse<usize>>,
    /// Jobs that are to be tried again, and when.
    waiting: BinaryHeap<Reverse<(Duration, usize)>>,
    missing: Vec<usize>,
    failures: Vec<u32>,
    endings: Vec<Ending<O, E>>,
    running: usize,
    /// No further job is to be started: one has failed, or the run was stopped.
    closing: bool,
}

/// Runs a graph on so many lanes, at least one, and says what became of each job. After the first failure no further
/// job is started; what is running then comes to its end.
pub fn run<W: Work>(graph: &Graph, lanes: usize, work: &W) -> Vec<Ending<W::Output, W::Error>> {
    run_rest(graph, lanes, work, (0..graph.len()).map(|_| None).collect())
}

/// As [`run`], for a graph of which some jobs have given something already: those do not run.
pub fn run_rest<W: Work>(
    graph: &Graph,
    lanes: usize,
    work: &W,
    given: Vec<Option<W::Output>>,
) -> Vec<Ending<W::Output, W::Error>> {
    let missing: Vec<usize> = (0..graph.len())
        .map(|job| graph.needs(job).iter().filter(|need| given[**need].is_none()).count())
        .collect();
    let rest = given.iter().filter(|given| given.is_none()).count();
    let engine = Engine {
        graph,
        work,
        state: Mutex::new(State {
            ready: (0..graph.len())
                .filter(|job| missing[*job] == 0 && given[*job].is_none())
                .map(Reverse)
                .collect(),
            waiting: BinaryHeap::new(),
            missing,
            failures: vec![0; graph.len()],
            endings: given.into_iter().map(|given| given.map_or(Ending::Skipped, Ending::Done)).collect(),
            running: 0,
            closing: false,
        }),
        changed: Condvar::new(),
    };
    std::thread::scope(|scope| {
        // A lane that cannot be started leaves the work to the others.
        for lane in 1..lanes.clamp(1, rest.max(1)) {
            let builder = std::thread::Builder::new().name(format!("lane {lane}"));
            let _ = builder.spawn_scoped(scope, || engine.lane());
        }
        engine.lane();
    });
    engine.state.into_inner().unwrap_or_else(PoisonError::into_inner).endings
}

struct Engine<'r, W: Work> {
    graph: &'r Graph,
    work: &'r W,
    state: Mutex<State<W::Output, W::Error>>,
    changed: Condvar,
}

impl<W: Work> Engine<'_, W> {
    fn state(&self) -> MutexGuard<'_, State<W::Output, W::Error>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lane(&self) {
        while let Some(job) = self.next() {
            let outcome = catch_unwind(AssertUnwindSafe(|| self.work.run(job)));
            let outcome = match outcome {
                Ok(outcome) => outcome.map_err(Failure::Error),
                Err(panic) => Err(Failure::Panic(message(&*panic))),
            };
            self.end(job, outcome);
        }
    }

    /// The next job to run; none when there will be no other.
    fn next(&self) -> Option<usize> {
        let mut state = self.state();
        loop {
            state.closing = state.closing || self.work.stopped();
            if state.closing {
                self.changed.notify_all();
                return None;
            }
            let now = self.work.now();
            while state.waiting.peek().is_some_and(|Reverse((due, _))| *due <= now) {
                let due = state.waiting.pop().map(|Reverse((_, job))| Reverse(job));
                state.ready.extend(due);
            }
            if let Some(Reverse(job)) = state.ready.pop() {
                state.running += 1;
                return Some(job);
            }
            if state.running == 0 && state.waiting.is_empty() {
                self.changed.notify_all();
                return None;
            }
            let due =
                state.waiting.peek().map_or(LOOK, |Reverse((due, _))| due.saturating_sub(now).min(LOOK));
            state = self.changed.wait_timeout(state, due).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn end(&self, job: usize, outcome: Result<W::Output, Failure<W::Error>>) {
        let again = match &outcome {
            Err(Failure::Error(error)) => {
                let failures = self.state().failures[job] + 1;
                self.work.retry(job, failures, error)
            }
            _ => None,
        };
        let mut state = self.state();
        state.running -= 1;
        match (outcome, again) {
            (Ok(output), _) => {
                state.endings[job] = Ending::Done(output);
                for dependant in self.graph.dependants(job) {
                    state.missing[*dependant] -= 1;
                    if state.missing[*dependant] == 0 && matches!(state.endings[*dependant], Ending::Skipped)
                    {
                        state.ready.push(Reverse(*dependant));
                    }
                }
            }
            (Err(_), Some(wait)) => {
                state.failures[job] += 1;
                state.waiting.push(Reverse((self.work.now() + wait, job)));
            }
            (Err(failure), None) => {
                state.endings[job] = Ending::Failed(failure);
                state.closing = true;
            }
        }
        drop(state);
        self.changed.notify_all();
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // A test has no clock port.
mod tests {
    use super::*;
    use std::{
        collections::BTreeSet,
        sync::atomic::{AtomicU32, AtomicUsize, Ordering},
    };

    /// Jobs that check that what they need is done, and fail or panic when they are told to.
    struct Checked<'g> {
        graph: &'g Graph,
        done: Mutex<BTreeSet<usize>>,
        fails: Vec<u32>,
        panics: Option<usize>,
        running: AtomicUsize,
        most: AtomicUsize,
        tries: AtomicU32,
        slow: Duration,
        start: std::time::Instant,
    }

    impl<'g> Checked<'g> {
        fn new(graph: &'g Graph) -> Self {
            Checked {
                graph,
                done: Mutex::default(),
                fails: vec![0; graph.len()],
                panics: None,
                running: AtomicUsize::new(0),
                most: AtomicUsize::new(0),
                tries: AtomicU32::new(0),
                slow: Duration::ZERO,
                start: std::time::Instant::now(),
            }
        }
    }

    impl Work for Checked<'_> {
        type Output = usize;
        type Error = u32;

        fn run(&self, job: usize) -> Result<usize, u32> {
            let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            std::thread::sleep(self.slow);
            self.running.fetch_sub(1, Ordering::SeqCst);
            assert!(self.panics != Some(job), "job {job} panics");
            let tried = self.tries.fetch_add(1, Ordering::SeqCst);
            let mut done = self.done.lock().unwrap();
            assert!(self.graph.needs(job).iter().all(|need| done.contains(need)));
            if tried < self.fails[job] {
                return Err(tried);
            }
            assert!(done.insert(job), "job {job} ran twice");
            Ok(job)
        }

        fn retry(&self, _job: usize, failures: u32, _error: &u32) -> Option<Duration> {
            (failures < 3).then_some(Duration::from_millis(1))
        }

        fn stopped(&self) -> bool {
            false
        }

        fn now(&self) -> Duration {
            self.start.elapsed()
        }
    }

    fn layers(width: usize, depth: usize) -> Graph {
        let needs = (0..width * depth).map(|job| match job / width {
            0 => Vec::new(),
            layer => ((layer - 1) * width..layer * width).collect(),
        });
        Graph::new(needs.collect()).unwrap()
    }

    #[test]
    fn every_job_runs_once_after_what_it_needs_whatever_the_lanes() {
        let graph = layers(7, 9);
        for lanes in [1, 2, 5] {
            let mut work = Checked::new(&graph);
            work.slow = Duration::from_millis(1);
            let endings = run(&graph, lanes, &work);
            assert_eq!(endings, (0..graph.len()).map(Ending::Done).collect::<Vec<_>>());
            assert_eq!(work.most.into_inner(), lanes);
        }
    }

    #[test]
    fn a_failure_is_tried_again_and_then_ends_the_run() {
        let graph = Graph::new(vec![vec![], vec![0], vec![1]]).unwrap();
        let mut work = Checked::new(&graph);
        work.fails[1] = 3;
        assert_eq!(run(&graph, 2, &work)[2], Ending::Done(2));
        let mut work = Checked::new(&graph);
        work.fails[1] = 99;
        assert_eq!(
            run(&graph, 2, &work),
            [Ending::Done(0), Ending::Failed(Failure::Error(3)), Ending::Skipped]
        );
    }

    #[test]
    fn a_panic_fails_the_job_alone() {
        let graph = Graph::new(vec![vec![], vec![0], vec![]]).unwrap();
        let mut work = Checked::new(&graph);
        work.panics = Some(0);
        let endings = run(&graph, 1, &work);
        assert_eq!(endings[0], Ending::Failed(Failure::Panic("job 0 panics".to_owned())));
        assert_eq!(endings[1], Ending::Skipped);
    }
}
