//! The window: everything Qt.
//!
//! Owns what is only looks: the view of a canvas, the palette's filter, key strokes that have begun. The workspace
//! belongs to the kernel, on a thread of its own; commands go there, states come back, and the window's thread waits for
//! neither. A second thread draws.
#![allow(clippy::disallowed_methods)] // The window starts threads and reads the environment.

mod bridge;
mod camera;
mod core;
mod draw;
mod form;
mod hub;
mod keymap;
mod overlay;
mod palette;
mod rows;
mod state;
mod tools;

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::sync_channel,
    },
    thread,
};

use cxx_qt_lib::{QGuiApplication, QQmlApplicationEngine, QString, QUrl};
use kernel::{Context, Kernel};
use serde_json::Map;

use crate::{
    core::{Core, Message},
    draw::Resources,
    hub::Hub,
};

/// What a window is opened with.
pub struct Launch<E> {
    /// Makes the kernel, and says who acts in the window. Called on the kernel's thread.
    pub kernel: Box<dyn FnOnce() -> Result<(Kernel, Context), E> + Send>,
    /// What the workspace is called in the title.
    pub workspace: String,
    /// The paths of files to open.
    pub files: Vec<String>,
}

/// Opens the window and returns when it is closed, with everything saved.
///
/// # Errors
/// The kernel cannot be made; no window was shown then.
pub fn run<E: Send + 'static>(launch: Launch<E>) -> Result<i32, E> {
    let Launch { kernel, workspace, files } = launch;
    // Qt sleeps so long between frames otherwise. SAFETY: the threads that read the environment come later.
    unsafe { std::env::set_var("QT_QPA_UPDATE_IDLE_TIME", "0") };
    let (sender, messages) = core::messages();
    let hub = Hub::install(sender.clone(), workspace);
    let (ready, made) = sync_channel(1);
    let serve = move || {
        match kernel() {
            Ok((kernel, context)) => {
                let assets = kernel.assets();
                let (fonts, limits) = (assets.fonts().clone(), assets.limits().clone());
                hub.provide(Resources { core: sender, fonts, limits });
                let core = Core::new(kernel, context, Box::new(|report| hub.take(report)));
                // The one that waits is there until it has an answer.
                let _ = ready.send(Ok(()));
                core.serve(&messages);
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    };
    let core = thread::spawn(serve);
    let mut application = QGuiApplication::new();
    if let Ok(Err(error)) = made.recv() {
        return Err(error);
    }
    if let Some(mut application) = application.as_mut() {
        application.as_mut().set_application_name(&QString::from("metabuilder"));
        application.as_mut().set_application_display_name(&QString::from("MetaBuilder"));
    }
    let mut engine = QQmlApplicationEngine::new();
    let failed = Arc::new(AtomicBool::new(false));
    if let Some(mut engine) = engine.as_mut() {
        let failed = failed.clone();
        let note = move |_: Pin<&mut QQmlApplicationEngine>, _: &QUrl| failed.store(true, Ordering::Relaxed);
        engine.as_mut().on_object_creation_failed(note).release();
        // Later versions of Qt look there by themselves.
        engine.as_mut().add_import_path(&QString::from("qrc:/qt/qml"));
        engine.load(&QUrl::from("qrc:/qt/qml/org/metabuilder/window/qml/Main.qml"));
    }
    let shown = !failed.load(Ordering::Relaxed);
    for file in files.into_iter().filter(|_| shown) {
        hub.run("document.import", Map::from_iter([("path".to_owned(), file.into())]));
    }
    let code = application.as_mut().filter(|_| shown).map_or(1, |application| application.exec());
    drop(engine);
    hub.send(Message::Close);
    // A panic there has been reported; what was acknowledged is on disk.
    let _ = core.join();
    Ok(code)
}
