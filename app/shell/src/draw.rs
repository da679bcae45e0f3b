//! The thread that draws: the newest wish only, away from the window's thread and the kernel's.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, PoisonError, mpsc::Sender},
    thread,
};

use base::Limits;
use document::Content;
use kernel::{Evaluator, Links, Pixels, Reading, View, ports::FontSource};

use crate::core::{Message, RemoteBlobs};

/// What is to be drawn.
#[derive(Clone)]
pub struct Wish {
    /// A read snapshot.
    pub content: Content,
    /// The documents that it refers to.
    pub links: Links,
    /// What draws it.
    pub evaluator: Arc<dyn Evaluator>,
    /// The part of it.
    pub view: View,
}

/// What was drawn.
pub struct Frame {
    /// The part of the document that it shows.
    pub view: View,
    /// The picture, or why there is none.
    pub pixels: Result<Pixels, String>,
}

/// What drawing reads beside the document.
#[derive(Clone)]
pub struct Resources {
    /// The kernel's thread, for blobs.
    pub core: Sender<Message>,
    /// The fonts.
    pub fonts: Arc<dyn FontSource>,
    /// Bounds on what is drawn.
    pub limits: Limits,
}

#[derive(Default)]
struct Slot {
    wish: Option<Wish>,
    closed: bool,
}

/// Hands wishes to a drawing thread of its own. Dropping it ends the thread after the frame at hand.
pub struct Drawer(Arc<(Mutex<Slot>, Condvar)>);

impl Drawer {
    /// Starts the thread; `done` is called on it with each frame.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn new(resources: Resources, done: impl Fn(Frame) + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new((Mutex::new(Slot::default()), Condvar::new()));
        let slot = shared.clone();
        thread::Builder::new().name("draw".to_owned()).spawn(move || {
            while let Some(wish) = next(&slot) {
                done(draw(&wish, &resources));
            }
        })?;
        Ok(Drawer(shared))
    }

    /// Draws this next, instead of what has been wished and not begun.
    pub fn draw(&self, wish: Wish) {
        let (slot, ready) = &*self.0;
        slot.lock().unwrap_or_else(PoisonError::into_inner).wish = Some(wish);
        ready.notify_one();
    }
}

impl Drop for Drawer {
    fn drop(&mut self) {
        let (slot, ready) = &*self.0;
        slot.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        ready.notify_one();
    }
}

fn next((slot, ready): &(Mutex<Slot>, Condvar)) -> Option<Wish> {
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        if slot.closed {
            return None;
        }
        if let Some(wish) = slot.wish.take() {
            return Some(wish);
        }
        slot = ready.wait(slot).unwrap_or_else(PoisonError::into_inner);
    }
}

fn draw(wish: &Wish, resources: &Resources) -> Frame {
    let blobs = RemoteBlobs(resources.core.clone());
    let reading =
        Reading { blobs: &blobs, fonts: &resources.fonts, limits: &resources.limits, links: &wish.links };
    let drawn = catch_unwind(AssertUnwindSafe(|| wish.evaluator.draw(&wish.content, &wish.view, &reading)));
    let pixels = match drawn {
        Ok(drawn) => drawn.map_err(|error| error.to_string()),
        Err(_) => Err("drawing broke off".to_owned()),
    };
    Frame { view: wish.view, pixels }
}
