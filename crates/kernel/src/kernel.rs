//! The kernel: commands come in, events go to the log, and everything else reads.

use std::sync::{Arc, mpsc::Receiver};

use base::{Diagnostic, DocumentId, EventHash, IdSource, Limits, NodeId, ReplicaId};
use document::{Change, Content, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{
    CommandError, Context, Registry, Session,
    call::{Away, Begun, Call, Deadline, Errand, Returned},
    history::History,
    log::SharedLog,
    pattern::Pattern,
    ports::{Clock, EventLog, Files, FontSource, Run},
    recent::RecentPayloads,
    registry::Handler,
    repeat::Deed,
    scope::QueryScope,
    settings::Settings,
    stream::{Notice, Stream},
    trace::{Trace, TracedFiles, Tracer},
    when::When,
    workspace::{DocumentRecord, WORKSPACE, Workspace},
};

/// How many bytes of payloads are kept for undoing: thousands of edits.
const RECENT_BYTES: usize = 8 << 20;

/// What the kernel asks of the world.
pub struct Ports {
    /// Files.
    pub files: Arc<dyn Files>,
    /// Fonts.
    pub fonts: Arc<dyn FontSource>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Bounds on inputs.
    pub limits: Limits,
    /// Settings.
    pub settings: Arc<Settings>,
}

/// A command to be run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The id of the command or query.
    pub command: String,
    /// Its arguments: an object.
    pub arguments: Json,
    /// Who asks, from where.
    #[serde(default)]
    pub context: Context,
    /// How long it may take, in seconds. Tasks ask between their parts, and before they write anything.
    #[serde(default)]
    pub timeout_s: Option<f64>,
    /// Whether the response is to tell what the command touched.
    #[serde(default)]
    pub traced: bool,
}

/// What a command gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Its result.
    pub result: Json,
    /// The events that it gave rise to. They are pending: durable after [`Kernel::sync`].
    pub events: Vec<EventHash>,
    /// The documents that these events made or changed, or whose records they changed, each once.
    #[serde(default)]
    pub changed: Vec<DocumentId>,
    /// What else the user should know.
    pub diagnostics: Vec<Diagnostic>,
    /// What the command touched, if that was asked.
    #[serde(skip)]
    pub trace: Option<Box<Trace>>,
}

/// The one owner of a workspace's state.
pub struct Kernel {
    pub(crate) ports: Ports,
    pub(crate) registry: Registry,
    pub(crate) log: SharedLog,
    pub(crate) workspace: Workspace,
    pub(crate) recent: RecentPayloads,
    pub(crate) session: Session,
    pub(crate) stream: Stream,
    pub(crate) read_only: Option<String>,
    pub(crate) events: Vec<EventHash>,
    pub(crate) changed: Vec<DocumentId>,
    pub(crate) volatile: bool,
    pub(crate) deeds: Option<Vec<Deed>>,
    pub(crate) last_ord: u64,
}

impl Kernel {
    /// A kernel over a log. A log opened for reading makes a kernel that only reads: give the reason.
    pub fn new(registry: Registry, log: Box<dyn EventLog>, ports: Ports, read_only: Option<String>) -> Self {
        Kernel {
            ports,
            registry,
            log: SharedLog::new(log),
            workspace: Workspace::default(),
            recent: RecentPayloads::new(RECENT_BYTES),
            session: Session::default(),
            stream: Stream::default(),
            read_only,
            events: Vec::new(),
            changed: Vec::new(),
            volatile: false,
            deeds: None,
            last_ord: 0,
        }
    }

    /// What is registered.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Selection, clipboard and context keys.
    pub fn session(&mut self) -> &mut Session {
        self.volatile = true;
        &mut self.session
    }

    /// Notices of what happens from now on, by topic pattern.
    pub fn subscribe(&mut self, pattern: Pattern) -> Receiver<Notice> {
        self.stream.subscribe(pattern)
    }

    /// Why nothing may change, if so.
    pub fn read_only(&self) -> Option<&str> {
        self.read_only.as_deref()
    }

    /// Runs a command. What it changed is pending when it returns, and durable after [`Kernel::sync`].
    ///
    /// # Errors
    /// [`CommandError`]; nothing has changed then, unless the command is a task that had submitted edits already.
    pub fn execute(&mut self, request: Request) -> Result<Response, CommandError> {
        match self.begin(request)? {
            Begun::Done(response) => Ok(response),
            Begun::Away(errand) => self.finish(errand.run()),
        }
    }

    /// Begins a command: most are done then; the long work of some is handed out, so that the kernel can go on.
    ///
    /// # Errors
    /// As for [`Kernel::execute`].
    pub fn begin(&mut self, request: Request) -> Result<Begun, CommandError> {
        let Request { command, arguments, context, timeout_s, traced } = request;
        let found = self.registry.command(&command)?.clone();
        if let Some(problem) = found.problems(&arguments, false).into_iter().next() {
            return Err(problem.into());
        }
        if !context.permissions.allow(&command) {
            return Err(CommandError::Denied(format!("'{}' may not call '{command}'", context.actor)));
        }
        self.check_when(&found.declaration.when)?;
        self.registry.activate(&found.capability)?;
        (self.events, self.changed, self.volatile) = (Vec::new(), Vec::new(), false);
        self.deeds = traced.then(Vec::new);
        let ids = self.id_source(&context)?;
        let started = self.ports.clock.now();
        let tracer = traced.then(Tracer::default);
        let files = match &tracer {
            Some(tracer) => Arc::new(TracedFiles { inner: self.ports.files.clone(), tracer: tracer.clone() }),
            None => self.ports.files.clone(),
        };
        let mut call = Call {
            command: command.into(),
            arguments: arguments.to_string().into(),
            context,
            ids,
            diagnostics: Vec::new(),
            events: Vec::new(),
            changed: Vec::new(),
            volatile: false,
            deeds: None,
            tracer,
            files,
            started,
            deadline: timeout_s.map(|seconds| Deadline { start: started, seconds }),
        };
        let result = match &found.handler {
            Handler::Query(query) => {
                query(&mut QueryScope { kernel: self, context: &call.context }, arguments)?
            }
            Handler::Edit(edit) => {
                let Call { command, arguments: text, context, ids, .. } = &mut call;
                self.run_edit(context, ids, command.clone(), text.clone(), |scope| edit(scope, arguments))?
            }
            Handler::Task(task) => {
                self.check_writable(&call.context)?;
                let outcome = task(&mut call.scope(self), arguments);
                self.record_run(&call, outcome.as_ref())?;
                outcome?
            }
            Handler::Work(begin) => {
                self.check_writable(&call.context)?;
                match begin(&mut call.scope(self), arguments) {
                    Ok(work) => {
                        (call.events, call.changed) =
                            (std::mem::take(&mut self.events), std::mem::take(&mut self.changed));
                        (call.volatile, call.deeds) = (self.volatile, self.deeds.take());
                        return Ok(Begun::Away(Box::new(Errand { away: self.away(call), work })));
                    }
                    Err(error) => {
                        self.record_run(&call, Err(&error))?;
                        return Err(error);
                    }
                }
            }
        };
        self.respond(call, result).map(Begun::Done)
    }

    /// Ends a command whose work was handed out. What others have changed since counts.
    ///
    /// # Errors
    /// As for [`Kernel::execute`].
    pub fn finish(&mut self, returned: Returned) -> Result<Response, CommandError> {
        let Returned { mut call, outcome } = returned;
        self.events = std::mem::take(&mut call.events);
        self.changed = std::mem::take(&mut call.changed);
        (self.volatile, self.deeds) = (call.volatile, call.deeds.take());
        let outcome = outcome.and_then(|finish| finish(&mut call.scope(self)));
        self.record_run(&call, outcome.as_ref())?;
        self.respond(call, outcome?)
    }

    fn respond(&mut self, call: Call, result: Json) -> Result<Response, CommandError> {
        self.workspace.save(&mut **self.log.lock(), false)?;
        let (events, changed) = (std::mem::take(&mut self.events), std::mem::take(&mut self.changed));
        let deeds = self.deeds.take().unwrap_or_default();
        let trace = call.tracer.map(|tracer| {
            let trace = std::mem::take(&mut *tracer.lock());
            Box::new(Trace { volatile: trace.volatile || self.volatile, deeds, ..trace })
        });
        Ok(Response { result, events, changed, diagnostics: call.diagnostics, trace })
    }

    fn away(&self, call: Call) -> Away {
        Away {
            call,
            log: self.log.clone(),
            fonts: self.ports.fonts.clone(),
            clock: self.ports.clock.clone(),
            limits: self.ports.limits.clone(),
            settings: self.ports.settings.clone(),
            given_up: Arc::default(),
        }
    }

    fn check_when(&self, clause: &str) -> Result<(), CommandError> {
        if clause.is_empty() {
            return Ok(());
        }
        let when = When::parse(clause).map_err(|error| CommandError::Failed(error.to_string()))?;
        if when.eval(&|key: &str| self.session.key(key)) {
            return Ok(());
        }
        Err(CommandError::NotApplicable(format!("this can be called only when {clause}")))
    }

    pub(crate) fn check_writable(&self, context: &Context) -> Result<(), CommandError> {
        match &self.read_only {
            Some(reason) => Err(CommandError::Denied(format!("the workspace is read-only: {reason}"))),
            None if context.permissions.read_only => {
                Err(CommandError::Denied(format!("'{}' may only read", context.actor)))
            }
            None => Ok(()),
        }
    }

    /// Names the copy of the workspace that this is.
    pub fn replica(&self) -> ReplicaId {
        self.log.lock().replica()
    }

    /// What distinguishes this workspace, as it is now, from all others.
    fn moment(&self) -> Result<Vec<u8>, CommandError> {
        let log = self.log.lock();
        let heads = log.heads()?;
        Ok(log.replica().0.to_be_bytes().into_iter().chain(heads.iter().flat_map(|head| head.0)).collect())
    }

    /// Ids derive from the context's seed alone, so that a run repeats exactly; without one, from the point in history.
    fn id_source(&mut self, context: &Context) -> Result<IdSource, CommandError> {
        match context.seed.as_slice() {
            [] => {
                Ok(IdSource::new(&[self.moment()?, self.ports.clock.now().to_be_bytes().to_vec()].concat()))
            }
            seed => Ok(IdSource::new(seed)),
        }
    }

    /// A task that changed no document is recorded outside the chain; so is a failure.
    fn record_run(&mut self, call: &Call, outcome: Result<&Json, &CommandError>) -> Result<(), CommandError> {
        if outcome.is_ok() && !self.events.is_empty() {
            return Ok(());
        }
        self.log.lock().record_run(Run {
            command: call.command.to_string(),
            arguments: call.arguments.to_string(),
            actor: call.context.actor.clone(),
            started: call.started,
            ended: self.ports.clock.now(),
            outcome: outcome.map(Json::to_string).map_err(CommandError::to_string),
        })?;
        Ok(())
    }

    /// Saves the states of all documents, so that they open without replay, and lets go of the capabilities.
    pub fn close(&mut self) -> Result<(), CommandError> {
        if self.read_only.is_none() {
            self.workspace.save(&mut **self.log.lock(), true)?;
            self.sync()?;
        }
        self.registry.deactivate_all();
        Ok(())
    }

    /// The content of a document: a read snapshot.
    pub fn content(&mut self, document: DocumentId) -> Result<Content, CommandError> {
        if document != WORKSPACE {
            self.record(document)?;
        }
        Ok(self.workspace.open(&**self.log.lock(), document)?.document.content().clone())
    }

    /// The CRDT snapshot of a document.
    pub(crate) fn snapshot(&mut self, document: DocumentId) -> Result<Vec<u8>, CommandError> {
        Ok(self.workspace.open(&**self.log.lock(), document)?.document.snapshot()?)
    }

    /// Whether a CRDT snapshot holds just what a document holds.
    pub(crate) fn is_equal_to(
        &mut self,
        document: DocumentId,
        snapshot: &[u8],
    ) -> Result<bool, CommandError> {
        Ok(self.workspace.open(&**self.log.lock(), document)?.document.is_equal_to(snapshot))
    }

    /// The history of a document.
    pub fn history(&mut self, document: DocumentId) -> Result<&History, CommandError> {
        if document != WORKSPACE {
            self.record(document)?;
        }
        self.volatile = true;
        Ok(&self.workspace.open(&**self.log.lock(), document)?.history)
    }

    /// Selects exactly these nodes of a document.
    pub fn select(&mut self, document: DocumentId, nodes: Vec<NodeId>) {
        self.session().select(document, nodes);
        self.stream.publish(Notice::Selected { document });
    }

    /// Forgets the content of all events so far, once every document is saved, and leaves an event that says so.
    pub(crate) fn prune(&mut self, context: &Context, arguments: Arc<str>) -> Result<u64, CommandError> {
        self.check_writable(context)?;
        self.documents()?;
        self.workspace.save(&mut **self.log.lock(), true)?;
        self.sync()?;
        let up_to = self.last_ord.max(self.workspace.last_ord());
        let change = Change {
            document: WORKSPACE,
            role: Role::Edit,
            deltas: Vec::new(),
            inverses: Vec::new(),
            update: Vec::new(),
        };
        self.append(context, "history.prune".into(), arguments, vec![change])?;
        self.sync()?;
        self.recent.clear();
        Ok(self.log.lock().prune(up_to)?)
    }

    /// The record of a document.
    pub fn record(&mut self, document: DocumentId) -> Result<DocumentRecord, CommandError> {
        self.workspace.record(&**self.log.lock(), document)
    }

    /// The records of all documents, in the order of their creation.
    pub fn documents(&mut self) -> Result<Vec<DocumentRecord>, CommandError> {
        self.volatile = true;
        let content = self.content(WORKSPACE)?;
        let Some(tree) = content.tree() else { return Ok(Vec::new()) };
        tree.root().children().map(|node| self.record(DocumentId::new(node.id().value()))).collect()
    }
}
