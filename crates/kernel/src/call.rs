//! One call of a command, from its begin to its end, and the part of it that runs away from the kernel.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{RecvTimeoutError, sync_channel},
    },
    time::Duration,
};

use base::{Diagnostic, DocumentId, EventHash, IdSource, Limits};
use serde_json::Value as Json;

use crate::{
    Assets, CommandError, Context, Response, TaskScope,
    log::SharedLog,
    ports::{Clock, Files, FontSource},
    repeat::Deed,
    settings::Settings,
    trace::Tracer,
};

/// What a command does away from the kernel: it reads files, decodes, draws.
pub type Work = Box<dyn FnOnce(&mut Away) -> Result<Finish, CommandError> + Send>;

/// What it does with what came of that, in the kernel again.
pub type Finish = Box<dyn FnOnce(&mut TaskScope<'_>) -> Result<Json, CommandError> + Send>;

/// How long a command may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    /// When it began, in milliseconds since the Unix epoch.
    pub start: i64,
    /// How long it may take.
    pub seconds: f64,
}

impl Deadline {
    /// Fails once the time is up.
    pub fn check(deadline: Option<Deadline>, clock: &dyn Clock) -> Result<(), CommandError> {
        match deadline {
            Some(Deadline { start, seconds }) if (clock.now() - start) as f64 > seconds * 1e3 => {
                Err(CommandError::TimedOut(seconds))
            }
            _ => Ok(()),
        }
    }
}

/// A call as it is going on.
#[derive(Clone)]
pub(crate) struct Call {
    pub command: Arc<str>,
    pub arguments: Arc<str>,
    pub context: Context,
    pub ids: IdSource,
    pub diagnostics: Vec<Diagnostic>,
    /// What came of its beginning.
    pub events: Vec<EventHash>,
    pub changed: Vec<DocumentId>,
    pub volatile: bool,
    pub deeds: Option<Vec<Deed>>,
    /// What it touches is noted here, if anybody wants to know.
    pub tracer: Option<Tracer>,
    pub files: Arc<dyn Files>,
    pub started: i64,
    pub deadline: Option<Deadline>,
}

/// What runs away from the kernel sees: the assets, ids, and a way to warn. It may be on any thread.
pub struct Away {
    pub(crate) call: Call,
    pub(crate) log: SharedLog,
    pub(crate) fonts: Arc<dyn FontSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) settings: Arc<Settings>,
    /// Whether it has been given up. Held while something is written.
    pub(crate) given_up: Arc<Mutex<bool>>,
}

impl Away {
    /// Blobs, files, fonts, limits and settings.
    pub fn assets(&self) -> Assets<'_> {
        Assets {
            log: &self.log,
            files: &self.call.files,
            fonts: &self.fonts,
            limits: &self.limits,
            settings: &self.settings,
            tracer: self.call.tracer.as_ref(),
            links: &crate::links::NONE,
            carry_on: None,
        }
    }

    /// The assets together with fresh ids.
    pub fn assets_and_ids(&mut self) -> (Assets<'_>, &mut IdSource) {
        let assets = Assets {
            log: &self.log,
            files: &self.call.files,
            fonts: &self.fonts,
            limits: &self.limits,
            settings: &self.settings,
            tracer: self.call.tracer.as_ref(),
            links: &crate::links::NONE,
            carry_on: None,
        };
        (assets, &mut self.call.ids)
    }

    /// Replaces a file as a whole, and says where it is. Work that has been given up writes nothing.
    ///
    /// # Errors
    /// The file cannot be written, the time of the command is up, or the work was given up.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<String, CommandError> {
        self.check_deadline()?;
        let given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        if *given_up {
            return Err(CommandError::Cancelled);
        }
        Ok(self.call.files.write(path, bytes)?)
    }

    /// Fails when the work was given up or its time is over.
    pub(crate) fn carry_on(&self) -> Result<(), CommandError> {
        match *self.given_up.lock().unwrap_or_else(PoisonError::into_inner) {
            true => Err(CommandError::Cancelled),
            false => self.check_deadline(),
        }
    }

    /// Something to tell the user beside the result.
    pub fn warn(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.call.diagnostics.extend(diagnostics);
    }

    /// Fails once the time of the command is up. Long work asks between its parts.
    ///
    /// # Errors
    /// [`CommandError::TimedOut`].
    pub fn check_deadline(&self) -> Result<(), CommandError> {
        Deadline::check(self.call.deadline, &*self.clock)
    }
}

/// A command that has begun.
pub enum Begun {
    /// It is done.
    Done(Response),
    /// A part of it is to be run, on any thread; then [`crate::Kernel::finish`] ends it.
    Away(Box<Errand>),
}

/// Work that is to be run away from the kernel.
pub struct Errand {
    pub(crate) away: Away,
    pub(crate) work: Work,
}

/// What came of the work of a command.
pub struct Returned {
    pub(crate) call: Call,
    pub(crate) outcome: Result<Finish, CommandError>,
}

/// How often a run that is watched looks whether it was given up.
const LOOK: Duration = Duration::from_millis(20);

impl Errand {
    /// Runs the work.
    pub fn run(self) -> Returned {
        let Errand { mut away, work } = self;
        let outcome = work(&mut away);
        let outcome = outcome.and_then(|finish| away.check_deadline().map(|()| finish));
        Returned { call: away.call, outcome }
    }

    /// Runs the work on a thread of its own, and gives it up when its time is over or `stopped` says so. What has been
    /// given up comes to its end unheard, and changes nothing: neither through the kernel nor in files.
    pub fn run_watched(self, stopped: &dyn Fn() -> bool) -> Returned {
        let (call, deadline, clock) =
            (self.away.call.clone(), self.away.call.deadline, self.away.clock.clone());
        let given_up = self.away.given_up.clone();
        let (sender, returned) = sync_channel(1);
        let work = move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| self.run()));
            // Nobody listens any more to what was given up.
            let _ = sender.send(outcome.ok());
        };
        let failed = |call, error| {
            *given_up.lock().unwrap_or_else(PoisonError::into_inner) = true;
            Returned { call, outcome: Err(error) }
        };
        if let Err(error) = std::thread::Builder::new().name("work".to_owned()).spawn(work) {
            return failed(call, CommandError::Failed(format!("no thread could be started: {error}")));
        }
        loop {
            match returned.recv_timeout(LOOK) {
                Ok(Some(returned)) => return returned,
                Err(RecvTimeoutError::Timeout) if stopped() => return failed(call, CommandError::Cancelled),
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = Deadline::check(deadline, &*clock) {
                        return failed(call, error);
                    }
                }
                Ok(None) | Err(RecvTimeoutError::Disconnected) => {
                    return failed(call, CommandError::Failed("the work broke off".to_owned()));
                }
            }
        }
    }
}
