//! The window as a whole: commands, keys, the palette's forms, and what the status bar says.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use cxx_qt::{CxxQtType, Initialize, Threading};
use cxx_qt_lib::QString;
use kernel::Input;
use serde_json::{Map, Value as Json, json};

use crate::{
    core::Message,
    hub::{Chosen, Hub, Interest},
};

#[cxx_qt::bridge]
mod qobject {
    unsafe extern "C++" {
        include!("cxx-qt-lib/qstring.h");
        type QString = cxx_qt_lib::QString;
    }

    unsafe extern "RustQt" {
        #[qobject]
        #[qml_element]
        #[qproperty(QString, workspace, READ, NOTIFY)]
        #[qproperty(QString, document, READ, NOTIFY)]
        #[qproperty(QString, kind, READ, NOTIFY)]
        #[qproperty(QString, preview, READ, NOTIFY)]
        #[qproperty(QString, undo_title, cxx_name = "undoTitle", READ, NOTIFY)]
        #[qproperty(QString, redo_title, cxx_name = "redoTitle", READ, NOTIFY)]
        #[qproperty(QString, running, READ, NOTIFY)]
        #[qproperty(QString, read_only, cxx_name = "readOnly", READ, NOTIFY)]
        #[qproperty(bool, saved, READ, NOTIFY)]
        #[qproperty(QString, tool, READ, NOTIFY)]
        #[qproperty(QString, hint, READ, NOTIFY)]
        #[qproperty(QString, cursor, READ, NOTIFY)]
        type Workbench = super::WorkbenchRust;

        /// The palette is to be shown.
        #[qsignal]
        #[cxx_name = "paletteWanted"]
        fn palette_wanted(self: Pin<&mut Self>);

        /// A command needs arguments; `fields` is a JSON array of what to ask for.
        #[qsignal]
        #[cxx_name = "formWanted"]
        fn form_wanted(self: Pin<&mut Self>, command: &QString, title: &QString, fields: &QString);

        /// The canvas is to be shown so many times larger.
        #[qsignal]
        #[cxx_name = "zoomWanted"]
        fn zoom_wanted(self: Pin<&mut Self>, factor: f64);

        /// The canvas is to be shown so many times larger; what is at a place of the panel stays there.
        #[qsignal]
        #[cxx_name = "zoomAtWanted"]
        fn zoom_at_wanted(self: Pin<&mut Self>, factor: f64, x: f64, y: f64);

        /// A point of the canvas, in its units, is to be at a place of the panel.
        #[qsignal]
        #[cxx_name = "panWanted"]
        fn pan_wanted(self: Pin<&mut Self>, x: f64, y: f64, across: f64, down: f64);

        /// The whole canvas is to be shown.
        #[qsignal]
        #[cxx_name = "fitWanted"]
        fn fit_wanted(self: Pin<&mut Self>);

        /// A pixel is to be shown as a pixel.
        #[qsignal]
        #[cxx_name = "actualWanted"]
        fn actual_wanted(self: Pin<&mut Self>);

        /// The window is to be closed.
        #[qsignal]
        #[cxx_name = "closeWanted"]
        fn close_wanted(self: Pin<&mut Self>);

        /// Something that the user should know.
        #[qsignal]
        fn notified(self: Pin<&mut Self>, text: &QString, error: bool);

        /// Runs a command with arguments as JSON, which may be empty.
        #[qinvokable]
        fn run(self: Pin<&mut Self>, command: &QString, arguments: &QString);

        /// Takes in a key; whether something is bound to it.
        #[qinvokable]
        fn press(self: Pin<&mut Self>, key: i32, modifiers: i32) -> bool;

        /// Takes in a key that no command is bound to, or one that modifies others, as it is pressed or released.
        #[qinvokable]
        fn key(self: Pin<&mut Self>, key: i32, modifiers: i32, down: bool);

        /// Tells the machines of something that happened in the window: `palette.opened`.
        #[qinvokable]
        fn tell(self: Pin<&mut Self>, event: &QString);

        /// Chooses a command in the palette; whether the palette can go.
        #[qinvokable]
        fn choose(self: Pin<&mut Self>, command: &QString) -> bool;

        /// Calls a command with what was put into its form, a JSON object of texts; else what is wrong, as
        /// `argument: trouble`.
        #[qinvokable]
        fn submit(self: Pin<&mut Self>, command: &QString, put_in: &QString) -> QString;

        /// Sets what the palette looks for.
        #[qinvokable]
        fn filter(self: Pin<&mut Self>, text: &QString);

        /// Brings a document to the front.
        #[qinvokable]
        fn show(self: Pin<&mut Self>, document: &QString);

        /// Says which panel the keys go to.
        #[qinvokable]
        fn focus(self: Pin<&mut Self>, panel: &QString);

        /// Opens a file.
        #[qinvokable]
        fn open(self: Pin<&mut Self>, path: &QString);
    }

    impl cxx_qt::Initialize for Workbench {}
    impl cxx_qt::Threading for Workbench {}
}

/// How much larger one step of zooming shows the canvas.
const ZOOM_STEP: f64 = std::f64::consts::SQRT_2;

/// The Rust side of the workbench.
#[derive(Default)]
pub struct WorkbenchRust {
    workspace: QString,
    document: QString,
    kind: QString,
    preview: QString,
    undo_title: QString,
    redo_title: QString,
    running: QString,
    read_only: QString,
    saved: bool,
    tool: QString,
    hint: QString,
    cursor: QString,
}

impl Initialize for qobject::Workbench {
    fn initialize(mut self: Pin<&mut Self>) {
        let Some(hub) = Hub::get() else { return };
        self.as_mut().rust_mut().workspace = QString::from(hub.workspace());
        let (thread, waiting) = (self.qt_thread(), Arc::new(AtomicBool::new(false)));
        let listener = move || {
            if !waiting.swap(true, Ordering::AcqRel) {
                let waiting = waiting.clone();
                // A window that is gone needs nothing more.
                let _ = thread.queue(move |workbench| {
                    waiting.store(false, Ordering::Release);
                    workbench.refresh();
                });
            }
        };
        let listener = Arc::new(Mutex::new(listener));
        for interest in [Interest::State, Interest::Asked] {
            let listener = listener.clone();
            hub.listen(interest, Box::new(move || listener.lock().unwrap_or_else(PoisonError::into_inner)()));
        }
        self.refresh();
    }
}

/// Sets a property and tells of it where it is another value.
macro_rules! update {
    ($object:ident, $field:ident, $changed:ident, $value:expr) => {{
        let value = $value;
        if $object.$field != value {
            $object.as_mut().rust_mut().$field = value;
            $object.as_mut().$changed();
        }
    }};
}

impl qobject::Workbench {
    fn refresh(mut self: Pin<&mut Self>) {
        let Some(hub) = Hub::get() else { return };
        let state = hub.state();
        let text = |text: &Option<String>| QString::from(text.as_deref().unwrap_or_default());
        let front =
            state.documents.iter().find(|entry| Some(entry.id) == state.active.as_ref().map(|a| a.id));
        update!(self, document, document_changed, text(&front.map(|entry| entry.name.clone())));
        update!(self, kind, kind_changed, text(&front.map(|entry| entry.kind.clone())));
        let preview = state.active.as_ref().and_then(|active| active.preview.clone());
        update!(self, preview, preview_changed, text(&preview));
        update!(self, undo_title, undo_title_changed, text(&state.undo));
        update!(self, redo_title, redo_title_changed, text(&state.redo));
        update!(self, running, running_changed, text(&state.running));
        update!(self, read_only, read_only_changed, text(&state.read_only));
        update!(self, saved, saved_changed, state.saved);
        let tool = state.tool().map(|tool| &tool.declaration);
        let cursor = tool.and_then(|tool| json!(tool.cursor).as_str().map(str::to_owned));
        update!(self, tool, tool_changed, text(&tool.map(|tool| tool.id.clone())));
        update!(self, hint, hint_changed, text(&tool.map(|tool| tool.hint.clone())));
        update!(self, cursor, cursor_changed, text(&cursor));
        for notification in hub.notifications() {
            self.as_mut().notified(&QString::from(&notification.text), notification.error);
        }
        for (command, arguments) in hub.asked() {
            let number = |path: &str| arguments.pointer(path).and_then(Json::as_f64).unwrap_or_default();
            match command {
                "window.palette.show" => self.as_mut().palette_wanted(),
                "window.zoom.in" => self.as_mut().zoom_wanted(ZOOM_STEP),
                "window.zoom.out" => self.as_mut().zoom_wanted(1.0 / ZOOM_STEP),
                "window.zoom.fit" => self.as_mut().fit_wanted(),
                "window.zoom.actual" => self.as_mut().actual_wanted(),
                "window.zoom.at" => {
                    self.as_mut().zoom_at_wanted(number("/factor"), number("/at/0"), number("/at/1"));
                }
                "window.pan.to" => {
                    let (x, y) = (number("/point/0"), number("/point/1"));
                    self.as_mut().pan_wanted(x, y, number("/at/0"), number("/at/1"));
                }
                "window.form.show" => {
                    let command = arguments["command"].as_str().unwrap_or_default();
                    let given = arguments["arguments"].as_object().cloned().unwrap_or_default();
                    if let Some(form) = hub.form(command, &given) {
                        self.as_mut().follow(command, form);
                    }
                }
                "window.close" => self.as_mut().close_wanted(),
                _ => {}
            }
        }
    }

    fn run(self: Pin<&mut Self>, command: &QString, arguments: &QString) {
        let arguments = serde_json::from_str(&arguments.to_string()).unwrap_or_default();
        if let Some(hub) = Hub::get() {
            hub.run(&command.to_string(), arguments);
        }
    }

    fn press(self: Pin<&mut Self>, key: i32, modifiers: i32) -> bool {
        let Some(hub) = Hub::get() else { return false };
        let (bound, needs) = hub.press(key, modifiers);
        if let Some((command, chosen)) = needs {
            self.follow(&command, chosen);
        }
        bound
    }

    fn key(self: Pin<&mut Self>, key: i32, modifiers: i32, down: bool) {
        if let Some(hub) = Hub::get() {
            hub.key(key, modifiers, down);
        }
    }

    fn tell(self: Pin<&mut Self>, event: &QString) {
        if let Some(hub) = Hub::get() {
            hub.send(Message::Input(Input::Event { event: event.to_string(), data: Json::Null }));
        }
    }

    fn choose(self: Pin<&mut Self>, command: &QString) -> bool {
        let Some(hub) = Hub::get() else { return false };
        let chosen = hub.choose(&command.to_string(), false);
        let runs = chosen == Chosen::Runs;
        self.follow(&command.to_string(), chosen);
        runs
    }

    fn follow(mut self: Pin<&mut Self>, command: &str, chosen: Chosen) {
        match chosen {
            Chosen::Runs => {}
            Chosen::Asks { title, fields } => {
                let fields = QString::from(&json!(fields).to_string());
                self.as_mut().form_wanted(&QString::from(command), &QString::from(&title), &fields);
            }
            Chosen::Unavailable(reason) => self.as_mut().notified(&QString::from(&reason), false),
        }
    }

    fn submit(self: Pin<&mut Self>, command: &QString, put_in: &QString) -> QString {
        let put_in: Map<String, Json> = serde_json::from_str(&put_in.to_string()).unwrap_or_default();
        match Hub::get().map(|hub| hub.submit(&command.to_string(), &put_in)) {
            Some(Err((argument, trouble))) => QString::from(&format!("{argument}: {trouble}")),
            _ => QString::default(),
        }
    }

    fn filter(self: Pin<&mut Self>, text: &QString) {
        if let Some(hub) = Hub::get() {
            hub.filter(text.to_string());
        }
    }

    fn show(self: Pin<&mut Self>, document: &QString) {
        if let (Some(hub), Ok(document)) = (Hub::get(), document.to_string().parse()) {
            hub.send(Message::Show(document));
        }
    }

    fn focus(self: Pin<&mut Self>, panel: &QString) {
        if let Some(hub) = Hub::get() {
            hub.send(Message::Key("panelFocus", panel.to_string().into()));
        }
    }

    fn open(self: Pin<&mut Self>, path: &QString) {
        if let Some(hub) = Hub::get() {
            hub.run("document.import", Map::from_iter([("path".to_owned(), path.to_string().into())]));
        }
    }
}
