//! What the window's objects share: the newest state, the palette, the key bindings, and the way to the kernel.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc::Sender};

use serde_json::{Map, Value as Json};

use crate::{
    core::{Message, Report},
    draw::Resources,
    form::{self, Field, Input},
    keymap::{self, Keymap, Pressed, Stroke},
    overlay::Overlay,
    palette::{self, Palette},
    rows::{Cell, Row},
    state::{CommandEntry, Notification, State, ToolEntry},
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
    asked: Vec<(&'static str, Json)>,
    overlay: Overlay,
    notifications: Vec<Notification>,
    listeners: Vec<(Interest, Box<dyn Fn() + Send>)>,
}

/// What a listener wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// The state, and the palette's filter.
    State,
    /// What is asked of the window, and what the user should know.
    Asked,
    /// What is shown over the canvas; the state, too.
    Overlay,
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

    /// Calls `listener` whenever there is news of what it wants to hear of, on any thread.
    pub fn listen(&self, interest: Interest, listener: Box<dyn Fn() + Send>) {
        self.shared().listeners.push((interest, listener));
    }

    /// Takes in what the kernel's thread says.
    pub fn take(&self, report: Report) {
        let mut shared = self.shared();
        let news = match report {
            Report::State(_) => [Interest::State, Interest::Overlay],
            Report::Overlay(_) => [Interest::Overlay; 2],
            Report::Asked(..) | Report::Notification(_) => [Interest::Asked; 2],
        };
        match report {
            Report::State(state) => {
                if !Arc::ptr_eq(&shared.state.commands, &state.commands) {
                    shared.keymap = Keymap::new(&state.commands);
                }
                shared.state = state;
            }
            Report::Overlay(overlay) => shared.overlay = overlay,
            Report::Asked(command, arguments) => shared.asked.push((command, arguments)),
            Report::Notification(notification) => shared.notifications.push(notification),
        }
        shared.tell(&news);
    }

    /// What is shown over the canvas.
    pub fn overlay(&self) -> Overlay {
        self.shared().overlay.clone()
    }

    /// The window's commands that were called since the last call: their ids and arguments.
    pub fn asked(&self) -> Vec<(&'static str, Json)> {
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
            Pressed::Calls(command, arguments) if !arguments.is_empty() => {
                self.run(&command, arguments);
                (true, None)
            }
            Pressed::Calls(command, _) => {
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
        if let Some(fields) = palette::form(entry, by_key) {
            return Chosen::Asks { title: entry.title.clone(), fields: with_choices(fields, &state) };
        }
        if !by_key {
            self.shared().palette.called(command);
        }
        self.run(command, Map::new());
        Chosen::Runs
    }

    /// The form of a command with some of its arguments put in.
    pub fn form(&self, command: &str, arguments: &Map<String, Json>) -> Option<Chosen> {
        let state = self.state();
        let entry = entry(&state, command)?;
        let mut fields = with_choices(palette::form(entry, false)?, &state);
        form::preset(&mut fields, arguments);
        Some(Chosen::Asks { title: entry.title.clone(), fields })
    }

    /// Hands a key that no command is bound to, or a modifier key, to the machines.
    pub fn key(&self, key: i32, modifiers: i32, down: bool) {
        let document = self.state().active.as_ref().map(|active| active.id);
        let name = || Stroke::from_qt(key, modifiers)?.plain();
        if let Some(modifiers) = keymap::modified(key, modifiers, down) {
            self.send(Message::Input(kernel::Input::Modifiers(modifiers)));
        } else if let Some(key) = name() {
            self.send(Message::Input(kernel::Input::Key { key, down, document }));
        }
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
        shared.tell(&[Interest::State]);
    }

    /// The roles and rows of a list: `documents` or `commands`.
    pub fn rows(&self, list: &str) -> (&'static [&'static str], Vec<Row>) {
        let shared = &mut *self.shared();
        match list {
            "documents" => (&["id", "name", "kind", "active"], documents(&shared.state)),
            "commands" => (&palette::ROLES, shared.palette.rows(&shared.state)),
            "tools" => (&["id", "title", "keys", "hint", "icon", "active"], tools(&shared.state)),
            _ => (&[], Vec::new()),
        }
    }
}

impl Shared {
    fn tell(&self, news: &[Interest]) {
        let told = self.listeners.iter().filter(|(interest, _)| news.contains(interest));
        told.for_each(|(_, listener)| listener());
    }
}

/// The fields with the choices that no schema can list.
fn with_choices(mut fields: Vec<Field>, state: &State) -> Vec<Field> {
    for field in &mut fields {
        let choices = match field.source.as_deref() {
            Some("documentKinds") => state.document_kinds.to_vec(),
            Some("tools") => state.tools.iter().map(|tool| tool.declaration.id.clone()).collect(),
            _ => continue,
        };
        (field.input, field.choices) = (Input::Choice, choices);
    }
    fields
}

fn tools(state: &State) -> Vec<Row> {
    let active = state.tool().map(|tool| tool.declaration.id.as_str());
    let row = |ToolEntry { declaration: tool, .. }: &ToolEntry| Row {
        key: tool.id.clone(),
        cells: vec![
            tool.id.as_str().into(),
            tool.title.as_str().into(),
            tool.keys.as_str().into(),
            tool.hint.as_str().into(),
            tool.icon.as_str().into(),
            Cell::Flag(Some(&*tool.id) == active),
        ],
    };
    state.tools_at_hand().map(row).collect()
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
