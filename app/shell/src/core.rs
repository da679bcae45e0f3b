//! The thread that owns the kernel: commands come in, states and notifications go out.

use std::{
    collections::{BTreeSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
};

use base::{BlobHash, DocumentId};
use kernel::{
    Blobs, Bytes, CommandError, Context, DocumentRecord, Input, Kernel, Notice, Request, pattern::Pattern,
};
use serde_json::{Value as Json, json};

use crate::{
    overlay::Overlay,
    state::{Active, CommandEntry, DocumentEntry, KeyEntry, Notification, State},
    tools,
};

const UNDO: &str = "history.undo";
const REDO: &str = "history.redo";

/// How many characters of a text are shown.
const PREVIEW: usize = 200_000;

/// What the kernel's thread is asked.
pub enum Message {
    /// Run a command; the document in front is filled in where it takes one.
    Run {
        /// Its id.
        command: String,
        /// Its arguments: an object.
        arguments: Json,
    },
    /// Bring a document to the front.
    Show(DocumentId),
    /// Set a context key.
    Key(&'static str, Json),
    /// Hand something that people did to the machines.
    Input(Input),
    /// Give a blob.
    Blob(BlobHash, SyncSender<Result<Bytes, CommandError>>),
    /// Save all and end.
    Close,
}

/// What the kernel's thread says.
pub enum Report {
    /// What is to be shown from now on.
    State(Arc<State>),
    /// Something that the user should know.
    Notification(Notification),
    /// What is to be shown over the canvas from now on.
    Overlay(Overlay),
    /// A command of the window was called: its id and arguments.
    Asked(&'static str, Json),
}

/// Asks the kernel's thread for blobs.
pub struct RemoteBlobs(pub Sender<Message>);

impl Blobs for RemoteBlobs {
    fn blob(&self, hash: BlobHash) -> Result<Bytes, CommandError> {
        let closed = || CommandError::Failed("the workspace is being closed".to_owned());
        let (reply, answer) = sync_channel(1);
        self.0.send(Message::Blob(hash, reply)).map_err(|_| closed())?;
        answer.recv().map_err(|_| closed())?
    }
}

/// The kernel with what the window adds to it.
pub struct Core {
    pub(crate) kernel: Kernel,
    pub(crate) context: Context,
    pub(crate) state: State,
    /// The document in front.
    front: Option<DocumentId>,
    asked: Receiver<Notice>,
    pub(crate) shown: tools::Shown,
    pub(crate) report: Box<dyn Fn(Report) + Send>,
}

impl Core {
    /// Reads what is there.
    pub fn new(mut kernel: Kernel, context: Context, report: Box<dyn Fn(Report) + Send>) -> Self {
        let names = |id: &str| {
            let manifest = kernel.registry().manifests().find(|manifest| manifest.id == id);
            manifest.map_or_else(|| id.to_owned(), |manifest| manifest.name.clone())
        };
        let commands = kernel.registry().commands().map(|command| CommandEntry {
            id: command.declaration.id.clone(),
            title: command.declaration.title.clone(),
            description: command.declaration.description.clone(),
            capability: names(&command.capability),
            keys: keys(&command.declaration.keys),
            when: command.declaration.when.clone(),
            schema: Arc::new(command.schema.clone()),
        });
        let mut commands: Vec<CommandEntry> = commands.collect();
        let tools = tools::tools(kernel.registry());
        tools::bind(&mut commands, &tools);
        let (commands, tools) = (Arc::new(commands), Arc::new(tools));
        let document_kinds = kernel.registry().document_kinds().map(|kind| kind.id.clone()).collect();
        let document_kinds = Arc::new(document_kinds);
        let read_only = kernel.read_only().map(str::to_owned);
        let state = State { commands, tools, document_kinds, saved: true, read_only, ..State::default() };
        let asked = kernel.subscribe(Pattern::below("window"));
        Core { kernel, context, state, front: None, asked, shown: tools::Shown::default(), report }
    }

    /// Serves until it is told to close, or until nobody can ask any more.
    pub fn serve(mut self, messages: &Receiver<Message>) {
        self.tell("window.opened");
        self.publish();
        let mut waiting = VecDeque::new();
        loop {
            let Ok(first) = tools::next(messages, &self.kernel) else { break };
            let mut shown = first.is_none() && self.advance();
            waiting.extend(first);
            waiting.extend(messages.try_iter());
            while let Some(message) = waiting.pop_front() {
                if tools::is_outrun(&message, waiting.front()) {
                    continue;
                }
                match message {
                    Message::Input(input) => {
                        shown |= self.input(input);
                        self.publish_overlay();
                        waiting.extend(messages.try_iter());
                        continue;
                    }
                    Message::Close => return self.close(),
                    Message::Blob(hash, reply) => {
                        // Whoever asked may have stopped waiting.
                        let _ = reply.send(self.kernel.assets().blob(hash));
                        continue;
                    }
                    Message::Run { command, arguments } => self.run(&command, arguments),
                    Message::Show(document) => self.front = Some(document),
                    Message::Key(key, value) => self.kernel.session().set_key(key, value),
                }
                shown = true;
                waiting.extend(messages.try_iter());
            }
            if shown {
                self.publish();
                self.sync();
            }
            self.publish_keys();
            self.publish_overlay();
        }
        self.close();
    }

    fn run(&mut self, id: &str, mut arguments: Json) {
        let found = self.state.commands.iter().find(|command| command.id == id);
        let title = self.title(id);
        let takes_document = found.is_some_and(|command| command.takes("document"));
        if let (true, Some(front), Some(arguments)) = (takes_document, self.front, arguments.as_object_mut())
        {
            arguments.entry("document").or_insert_with(|| json!(front));
        }
        if let (UNDO | REDO, Some(front)) = (id, self.front) {
            // Asked anew: commands before this one may not have been told of yet.
            let (undo, redo) = self.steps(front);
            if if id == UNDO { undo } else { redo }.is_none() {
                return self.notify(false, format!("{title}: there is nothing more in this document."));
            }
        }
        self.tell("work.begun");
        self.state.running = Some(title.clone());
        self.state.keys = self.kernel.session().keys().clone();
        (self.report)(Report::State(Arc::new(self.state.clone())));
        let request = Request {
            command: id.to_owned(),
            arguments,
            context: self.context.clone(),
            timeout_s: None,
            traced: false,
        };
        let done = catch_unwind(AssertUnwindSafe(|| self.kernel.execute(request)));
        self.state.running = None;
        self.tell("work.ended");
        self.state.saved &= matches!(&done, Ok(Ok(response)) if response.events.is_empty());
        match done {
            Ok(Ok(response)) => {
                for diagnostic in &response.diagnostics {
                    self.notify(false, format!("{title}: {diagnostic}"));
                }
                let document = response.result["document"].as_str().and_then(|id| id.parse().ok());
                if let Some(document) = document.filter(|_| !response.events.is_empty()) {
                    self.front = Some(document);
                }
            }
            Ok(Err(error)) => self.notify(true, format!("{title}: {error}")),
            Err(_) => {
                self.notify(true, format!("{title}: the command broke off; what came before it is kept"))
            }
        }
        self.follow_all();
    }

    /// What people call a command.
    pub(crate) fn title(&self, id: &str) -> String {
        let found = self.state.commands.iter().find(|command| command.id == id);
        found.map_or_else(|| id.to_owned(), |command| command.title.clone())
    }

    /// Does what has been asked of the window.
    pub(crate) fn follow_all(&mut self) {
        let asked: Vec<Notice> = self.asked.try_iter().collect();
        asked.into_iter().for_each(|notice| self.follow(notice));
    }

    pub(crate) fn notify(&self, error: bool, text: String) {
        (self.report)(Report::Notification(Notification { error, text }));
    }

    /// Does what is asked of the window, as far as it is for the kernel's thread.
    fn follow(&mut self, notice: Notice) {
        let Notice::Asked { command, document, arguments } = notice else { return };
        match command {
            "window.document.show" => self.front = document,
            "window.document.next" => self.step(1),
            "window.document.previous" => self.step(-1),
            command => (self.report)(Report::Asked(command, arguments)),
        }
    }

    fn step(&mut self, places: isize) {
        let documents = &self.state.documents;
        let Some(at) = documents.iter().position(|entry| Some(entry.id) == self.front) else { return };
        let next = (at as isize + places).rem_euclid(documents.len() as isize) as usize;
        self.front = Some(documents[next].id);
    }

    /// Tells what there is to show now. Where the document in front is gone, the newest one takes its place.
    fn publish(&mut self) {
        let records = self.kernel.documents().unwrap_or_default();
        let front = records.iter().find(|record| Some(record.id) == self.front).or(records.last());
        self.front = front.map(|record| record.id);
        let changed = self.front != self.state.active.as_ref().map(|active| active.id);
        self.kernel.session().set_key("documentKind", front.map_or(Json::Null, |record| json!(record.kind)));
        self.state.active = front.and_then(|record| match self.active(record) {
            Ok(active) => Some(active),
            Err(error) => {
                self.notify(true, format!("{}: {error}", record.name));
                None
            }
        });
        if changed {
            // What a tool has begun is about the document that was in front.
            self.tell("gesture.cancel");
        }
        (self.state.undo, self.state.redo) = self.front.map_or((None, None), |front| self.steps(front));
        let entry =
            |record: DocumentRecord| DocumentEntry { id: record.id, name: record.name, kind: record.kind };
        self.state.documents = records.into_iter().map(entry).collect();
        self.state.read_only = self.kernel.read_only().map(str::to_owned);
        self.state.keys = self.kernel.session().keys().clone();
        (self.report)(Report::State(Arc::new(self.state.clone())));
    }

    fn active(&mut self, record: &DocumentRecord) -> Result<Active, CommandError> {
        let content = self.kernel.content(record.id)?;
        let evaluator = self.kernel.registry().evaluator(&record.kind).cloned();
        let extent = evaluator.as_ref().map(|drawn| drawn.extent(&content, 0.0)).transpose()?;
        let links = self.kernel.links(&BTreeSet::from([record.id]))?;
        let mut version = self.kernel.history(record.id)?.last_ord();
        for linked in links.documents() {
            version = version.max(self.kernel.history(linked)?.last_ord());
        }
        let preview = content.text().map(|text| text.slice(..text.len_chars().min(PREVIEW)).to_string());
        let extent = extent.unwrap_or_default();
        Ok(Active { id: record.id, version, preview, content, links, evaluator, extent })
    }

    /// The titles of the commands that undo and redo would act on.
    fn steps(&mut self, document: DocumentId) -> (Option<String>, Option<String>) {
        let actor = self.context.actor.clone();
        let Ok(history) = self.kernel.history(document) else { return (None, None) };
        let undo =
            history.undo(&actor).and_then(|step| history.edit(step.event)).map(|row| row.command.clone());
        let redone = history.redo(&actor);
        let redo = redone.and_then(|step| history.edit(step.event)).map(|row| row.command.clone());
        (undo.map(|id| self.title(&id)), redo.map(|id| self.title(&id)))
    }

    /// Makes durable what has been done, and says so.
    fn sync(&mut self) {
        if self.state.saved || self.state.read_only.is_some() {
            return;
        }
        match self.kernel.sync() {
            Ok(()) => self.state.saved = true,
            Err(error) => {
                self.notify(true, format!("the change could not be saved: {error}"));
                self.publish();
            }
        }
        (self.report)(Report::State(Arc::new(self.state.clone())));
    }

    fn close(mut self) {
        if let Err(error) = self.kernel.close() {
            self.notify(true, error.to_string());
        }
    }
}

fn keys(bindings: &[schema::KeyBinding]) -> Vec<KeyEntry> {
    let entry = |binding: &schema::KeyBinding| KeyEntry {
        keys: binding.keys.clone(),
        when: binding.when.clone(),
        ..KeyEntry::default()
    };
    bindings.iter().map(entry).collect()
}

/// A way to ask, and where what is asked arrives.
pub fn messages() -> (Sender<Message>, Receiver<Message>) {
    channel()
}
