//! What the window's objects share: the newest state, the palette, the key bindings, and the way to the kernel.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc::Sender};

use serde_json::{Map, Value as Json};

use crate::{
    core::{Message, Report},
    draw::Resources,
    form::{self, Field, Input},
    keymap::{Keymap, Pressed, Stroke},
    palette::{self, Palette},
    rows::{Cell, Row},
    state::{CommandEntry, Notification, State},
};

/// The one hub of the process. Qt makes its objects without arguments, so that they have to find it here.
static HUB: OnceLock<Hub> = OnceLock::new();

/// See the module.
pub struct Hub {
    core: Sender<Message>,
    workspace: String,
    resources: OnceLock<Resources>,
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Arc<State>,
    palette: Palette,
    keymap: Keymap,
    asked: Vec<&'static str>,
    notifications: Vec<Notification>,
    listeners: Vec<Box<dyn Fn() + Send>>,
}

/// What came of choosing a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Chosen {
    /// It is being run.
    Runs,
    /// It needs arguments first.
    Asks {
        /// What it is called.
        title: String,
        /// The arguments.
        fields: Vec<Field>,
    },
    /// It cannot be called; why.
    Unavailable(String),
}

impl Hub {
    /// Makes the hub. A second call gives the hub of the first one.
    pub fn install(core: Sender<Message>, workspace: String) -> &'static Hub {
        HUB.get_or_init(|| Hub { core, workspace, resources: OnceLock::new(), shared: Mutex::default() })
    }

    /// What the workspace is called.
    pub fn workspace(&self) -> &str {
        &self.workspace
    }

    /// The hub, once it is there.
    pub fn get() -> Option<&'static Hub> {
        HUB.get()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what drawing reads.
    pub fn provide(&self, resources: Resources) {
        self.resources.get_or_init(|| resources);
    }

    /// What drawing reads, once the kernel is there.
    pub fn resources(&self) -> Option<&Resources> {
        self.resources.get()
    }

    /// Calls `listener` whenever something has changed, on any thread.
    pub fn listen(&self, listener: Box<dyn Fn() + Send>) {
        self.shared().listeners.push(listener);
    }

    /// Takes in what the kernel's thread says.
    pub fn take(&self, report: Report) {
        let mut shared = self.shared();
        match report {
            Report::State(state) => {
                if !Arc::ptr_eq(&shared.state.commands, &state.commands) {
                    shared.keymap = Keymap::new(&state.commands);
                }
                shared.state = state;
            }
            Report::Asked(command) => shared.asked.push(command),
            Report::Notification(notification) => shared.notifications.push(notification),
        }
        shared.listeners.iter().for_each(|listener| listener());
    }

    /// The ids of the window's commands that were called since the last call.
    pub fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.shared().asked)
    }

    /// What the user should know since the last call.
    pub fn notifications(&self) -> Vec<Notification> {
        std::mem::take(&mut self.shared().notifications)
    }

    /// The newest state.
    pub fn state(&self) -> Arc<State> {
        self.shared().state.clone()
    }

    /// Asks the kernel's thread. Once it has ended there is nothing left to be asked.
    pub fn send(&self, message: Message) {
        let _ = self.core.send(message);
    }

    /// Runs a command.
    pub fn run(&self, command: &str, arguments: Map<String, Json>) {
        self.send(Message::Run { command: command.to_owned(), arguments: Json::Object(arguments) });
    }

    /// Takes in a key; whether something is bound to it, and the form where its command needs arguments.
    pub fn press(&self, key: i32, modifiers: i32) -> (bool, Option<(String, Chosen)>) {
        let Some(stroke) = Stroke::from_qt(key, modifiers) else { return (false, None) };
        let pressed = {
            let shared = &mut *self.shared();
            shared.keymap.press(stroke, &shared.state.keys)
        };
        match pressed {
            Pressed::Nothing => (false, None),
            Pressed::Begins => (true, None),
            Pressed::Calls(command) => {
                let chosen = self.choose(&command, true);
                (true, Some((command, chosen)).filter(|(_, chosen)| *chosen != Chosen::Runs))
            }
        }
    }

    /// Calls a command, or says what it needs.
    pub fn choose(&self, command: &str, by_key: bool) -> Chosen {
        let state = self.state();
        let Some(entry) = entry(&state, command) else {
            return Chosen::Unavailable(format!("there is no command '{command}'"));
        };
        if let Some(reason) = palette::unavailable(entry, &state) {
            return Chosen::Unavailable(reason);
        }
        if let Some(mut fields) = palette::form(entry, by_key) {
            for field in fields.iter_mut().filter(|field| field.source.as_deref() == Some("documentKinds")) {
                (field.input, field.choices) = (Input::Choice, state.document_kinds.to_vec());
            }
            return Chosen::Asks { title: entry.title.clone(), fields };
        }
        if !by_key {
            self.shared().palette.called(command);
        }
        self.run(command, Map::new());
        Chosen::Runs
    }

    /// Calls a command with what was put into its form.
    ///
    /// # Errors
    /// The name of an argument, and what is wrong with what was put in for it.
    pub fn submit(&self, command: &str, put_in: &Map<String, Json>) -> Result<(), (String, String)> {
        let state = self.state();
        let Some(entry) = entry(&state, command) else { return Ok(()) };
        let arguments = form::read(&form::fields(&entry.schema), put_in, &["document"])?;
        self.shared().palette.called(command);
        self.run(command, arguments);
        Ok(())
    }

    /// Sets what the palette looks for.
    pub fn filter(&self, text: String) {
        let mut shared = self.shared();
        shared.palette.filter = text;
        shared.listeners.iter().for_each(|listener| listener());
    }

    /// The roles and rows of a list: `documents` or `commands`.
    pub fn rows(&self, list: &str) -> (&'static [&'static str], Vec<Row>) {
        let shared = &mut *self.shared();
        match list {
            "documents" => (&["id", "name", "kind", "active"], documents(&shared.state)),
            "commands" => (&palette::ROLES, shared.palette.rows(&shared.state)),
            _ => (&[], Vec::new()),
        }
    }
}

fn entry<'s>(state: &'s State, id: &str) -> Option<&'s CommandEntry> {
    state.commands.iter().find(|command| command.id == id)
}

fn documents(state: &State) -> Vec<Row> {
    let active = state.active.as_ref().map(|active| active.id);
    let row = |entry: &crate::state::DocumentEntry| Row {
        key: entry.id.to_string(),
        cells: vec![
            entry.id.to_string().into(),
            entry.name.as_str().into(),
            entry.kind.as_str().into(),
            Cell::Flag(Some(entry.id) == active),
        ],
    };
    state.documents.iter().map(row).collect()
}
