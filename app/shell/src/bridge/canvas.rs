//! The canvas of the document in front: what is drawn, where it lies, and moving about in it.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use base::DocumentId;
use cxx_qt::{CxxQtType, Initialize, Threading};
use cxx_qt_lib::{QImage, QImageFormat, QRectF, QString};
use kernel::{Button, Input, PointerInput, PointerPhase, View};

use crate::{
    camera::{Camera, Rectangle},
    core::Message,
    draw::{Drawer, Frame, Wish},
    hub::{Hub, Interest},
    keymap,
};

#[cxx_qt::bridge]
mod qobject {
    unsafe extern "C++" {
        include!("picture_item.h");
        type PictureItem;
        include!("cxx-qt-lib/qimage.h");
        type QImage = cxx_qt_lib::QImage;
        include!("cxx-qt-lib/qrectf.h");
        type QRectF = cxx_qt_lib::QRectF;
        include!("cxx-qt-lib/qstring.h");
        type QString = cxx_qt_lib::QString;
    }

    unsafe extern "RustQt" {
        #[qobject]
        #[qml_element]
        #[base = PictureItem]
        #[qproperty(f64, zoom, READ, NOTIFY)]
        #[qproperty(QRectF, page, READ, NOTIFY)]
        #[qproperty(bool, shown, READ, NOTIFY)]
        #[qproperty(QString, trouble, READ, NOTIFY)]
        #[qproperty(i32, frames, READ, NOTIFY)]
        type CanvasView = super::CanvasViewRust;

        #[inherit]
        #[cxx_name = "setPicture"]
        fn set_picture(self: Pin<&mut Self>, picture: &QImage);
        #[inherit]
        #[cxx_name = "setPlace"]
        fn set_place(self: Pin<&mut Self>, place: &QRectF);
        #[inherit]
        #[cxx_name = "pixelRatio"]
        fn pixel_ratio(self: &Self) -> f64;
        #[inherit]
        fn width(self: &Self) -> f64;
        #[inherit]
        fn height(self: &Self) -> f64;

        #[cxx_override]
        fn resized(self: Pin<&mut Self>);

        /// Shows the canvas so many times larger; what is at a place of the panel stays there.
        #[qinvokable]
        #[cxx_name = "zoomAt"]
        fn zoom_at(self: Pin<&mut Self>, factor: f64, x: f64, y: f64);

        /// Moves the canvas, in units of the panel.
        #[qinvokable]
        fn pan(self: Pin<&mut Self>, dx: f64, dy: f64);

        /// Shows the whole canvas, and goes on to.
        #[qinvokable]
        fn fit(self: Pin<&mut Self>);

        /// Shows a pixel of the canvas as a pixel of the screen.
        #[qinvokable]
        fn actual(self: Pin<&mut Self>);

        /// Moves the canvas so that a point of it, in its units, is at a place of the panel.
        #[qinvokable]
        fn put(self: Pin<&mut Self>, x: f64, y: f64, across: f64, down: f64);

        /// Tells the tool in hand that the pointer is not heard of any more.
        #[qinvokable]
        fn lose(self: Pin<&mut Self>);

        /// Hands what the pointer did at a place of the panel to the tool in hand: `phase` is 0 for a press, 1 for a move,
        /// 2 for a release; button and modifiers are Qt's numbers.
        #[qinvokable]
        fn pointer(self: Pin<&mut Self>, phase: i32, x: f64, y: f64, button: i32, modifiers: i32);
    }

    impl cxx_qt::Initialize for CanvasView {}
    impl cxx_qt::Threading for CanvasView {}
}

/// The Rust side of the canvas.
#[derive(Default)]
pub struct CanvasViewRust {
    zoom: f64,
    page: QRectF,
    shown: bool,
    trouble: QString,
    frames: i32,
    camera: Camera,
    drawer: Option<Drawer>,
    /// The document, its version and the part that was wished for last.
    wished: Option<(DocumentId, u64, View)>,
    /// The part that the picture at hand shows.
    drawn: Option<View>,
    document: Option<DocumentId>,
    clicks: Clicks,
}

/// Presses in quick succession at one place.
#[derive(Default)]
struct Clicks {
    last: Option<(Instant, (f64, f64))>,
    count: u32,
}

/// How soon the next press of a double click follows.
const QUICK: Duration = Duration::from_millis(400);

/// How far from where something is still counts as on it, and how far the pointer may shake in a click, in units of the
/// panel.
const NEAR: f64 = 4.0;

impl Clicks {
    fn press(&mut self, place: (f64, f64)) -> u32 {
        let now = Instant::now();
        let follows = self
            .last
            .is_some_and(|(then, at)| now - then <= QUICK && (place.0 - at.0).hypot(place.1 - at.1) <= NEAR);
        self.count = if follows { self.count + 1 } else { 1 };
        self.last = Some((now, place));
        self.count
    }
}

impl Initialize for qobject::CanvasView {
    fn initialize(mut self: Pin<&mut Self>) {
        let Some(hub) = Hub::get() else { return };
        if let Some(resources) = hub.resources() {
            let thread = self.qt_thread();
            let done = move |frame| {
                // A canvas that is gone shows nothing more.
                let _ = thread.queue(move |canvas| canvas.take(frame));
            };
            self.as_mut().rust_mut().drawer = Drawer::new(resources.clone(), done).ok();
        }
        let (thread, waiting) = (self.qt_thread(), Arc::new(AtomicBool::new(false)));
        hub.listen(
            Interest::State,
            Box::new(move || {
                if !waiting.swap(true, Ordering::AcqRel) {
                    let waiting = waiting.clone();
                    let _ = thread.queue(move |canvas| {
                        waiting.store(false, Ordering::Release);
                        canvas.refresh();
                    });
                }
            }),
        );
        self.refresh();
    }
}

impl qobject::CanvasView {
    /// Follows the document in front: wishes for what is in sight where that, or the document, has changed.
    fn refresh(mut self: Pin<&mut Self>) {
        let Some(hub) = Hub::get() else { return };
        let state = hub.state();
        let drawable = state.active.as_ref().and_then(|active| Some((active, active.evaluator.clone()?)));
        if self.shown != drawable.is_some() {
            self.as_mut().rust_mut().shown = drawable.is_some();
            self.as_mut().shown_changed();
        }
        let Some((active, evaluator)) = drawable else {
            let mut rust = self.as_mut().rust_mut();
            (rust.wished, rust.document, rust.drawn) = (None, None, None);
            return self.set_picture(&QImage::default());
        };
        if self.document != Some(active.id) {
            self.as_mut().rust_mut().document = Some(active.id);
            self.as_mut().rust_mut().drawn = None;
            self.as_mut().set_picture(&QImage::default());
            self.as_mut().rust_mut().camera.fit();
        }
        self.as_mut().rust_mut().camera.set_extent(active.extent);
        self.as_mut().lay_out();
        let wished = self.camera.view().map(|view| (active.id, active.version, view));
        if let (Some((_, _, view)), true) = (wished, wished != self.wished)
            && let Some(drawer) = &self.drawer
        {
            drawer.draw(Wish {
                content: active.content.clone(),
                links: active.links.clone(),
                evaluator,
                view,
            });
        }
        self.as_mut().rust_mut().wished = wished;
    }

    /// Takes in what was drawn, unless another document has come to the front since.
    fn take(mut self: Pin<&mut Self>, frame: Frame) {
        if self.wished.is_none() {
            return;
        }
        let trouble = match frame.pixels {
            Ok(pixels) => {
                let (width, height) = (pixels.width as i32, pixels.height as i32);
                let format = QImageFormat::Format_RGBA8888_Premultiplied;
                let bytes = pixels.rgba.into_flattened();
                if bytes.len() as u64 != u64::from(pixels.width) * u64::from(pixels.height) * 4 {
                    return;
                }
                // SAFETY: the bytes are four for each pixel, rows following each other.
                let image = unsafe { QImage::from_raw_bytes(bytes, width, height, format) };
                self.as_mut().set_picture(&image);
                self.as_mut().rust_mut().drawn = Some(frame.view);
                self.as_mut().rust_mut().frames += 1;
                self.as_mut().frames_changed();
                self.as_mut().lay_out();
                QString::default()
            }
            Err(error) => QString::from(&error),
        };
        if self.trouble != trouble {
            self.as_mut().rust_mut().trouble = trouble;
            self.trouble_changed();
        }
    }

    /// Puts the picture at hand where it belongs.
    fn lay_out(mut self: Pin<&mut Self>) {
        let place = |(x, y, width, height): Rectangle| QRectF::new(x, y, width, height);
        if let Some(drawn) = self.drawn {
            let at = place(self.camera.place(&drawn));
            self.as_mut().set_place(&at);
        }
        let page = place(self.camera.page());
        if self.page != page {
            self.as_mut().rust_mut().page = page;
            self.as_mut().page_changed();
        }
        let zoom = self.camera.scale();
        if self.zoom != zoom {
            self.as_mut().rust_mut().zoom = zoom;
            self.zoom_changed();
        }
    }

    fn resized(mut self: Pin<&mut Self>) {
        let (size, ratio) = ((self.width(), self.height()), self.pixel_ratio());
        self.as_mut().rust_mut().camera.resize(size, ratio);
        self.refresh();
    }

    fn zoom_at(mut self: Pin<&mut Self>, factor: f64, x: f64, y: f64) {
        self.as_mut().rust_mut().camera.zoom(factor, (x, y));
        self.refresh();
    }

    fn pan(mut self: Pin<&mut Self>, dx: f64, dy: f64) {
        self.as_mut().rust_mut().camera.pan((dx, dy));
        self.refresh();
    }

    fn fit(mut self: Pin<&mut Self>) {
        self.as_mut().rust_mut().camera.fit();
        self.refresh();
    }

    fn actual(mut self: Pin<&mut Self>) {
        self.as_mut().rust_mut().camera.set_scale(1.0);
        self.refresh();
    }

    fn put(mut self: Pin<&mut Self>, x: f64, y: f64, across: f64, down: f64) {
        self.as_mut().rust_mut().camera.put((x, y), (across, down));
        self.refresh();
    }

    fn lose(self: Pin<&mut Self>) {
        if let Some(hub) = Hub::get() {
            hub.send(Message::Input(Input::PointerLost));
        }
    }

    fn pointer(mut self: Pin<&mut Self>, phase: i32, x: f64, y: f64, button: i32, modifiers: i32) {
        let (Some(hub), Some(document)) = (Hub::get(), self.document) else { return };
        let clicks = match phase {
            0 => self.as_mut().rust_mut().clicks.press((x, y)),
            _ => self.clicks.count,
        };
        let point = self.camera.point_at((x, y));
        let input = PointerInput {
            phase: match phase {
                0 => PointerPhase::Down,
                1 => PointerPhase::Move,
                _ => PointerPhase::Up,
            },
            document,
            point: point.into(),
            view: [x, y],
            tolerance: self.camera.length(NEAR),
            button: match button {
                1 => Button::Left,
                2 => Button::Right,
                4 => Button::Middle,
                _ => Button::None,
            },
            clicks,
            modifiers: keymap::held(modifiers),
        };
        hub.send(Message::Input(Input::Pointer(input)));
    }
}
