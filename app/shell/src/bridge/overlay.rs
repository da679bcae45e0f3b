//! Lines over a canvas, and the icons of tools.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use cxx_qt::{CxxQtType, Initialize, Threading};
use cxx_qt_lib::{QColor, QList, QRectF, QString};

use crate::{
    hub::{Hub, Interest},
    overlay::{self, Lens},
};

#[cxx_qt::bridge]
mod qobject {
    unsafe extern "C++" {
        include!("strokes_item.h");
        type StrokesItem;
        include!("cxx-qt-lib/qcolor.h");
        type QColor = cxx_qt_lib::QColor;
        include!("cxx-qt-lib/core/qlist/qlist_f64.h");
        type QList_f64 = cxx_qt_lib::QList<f64>;
        include!("cxx-qt-lib/qrectf.h");
        type QRectF = cxx_qt_lib::QRectF;
        include!("cxx-qt-lib/qstring.h");
        type QString = cxx_qt_lib::QString;
    }

    unsafe extern "RustQt" {
        #[qobject]
        #[qml_element]
        #[base = StrokesItem]
        #[qproperty(QRectF, page, READ, WRITE = set_page, NOTIFY)]
        #[qproperty(QColor, color, READ, WRITE = set_line_color, NOTIFY)]
        type CanvasOverlay = super::CanvasOverlayRust;

        fn set_page(self: Pin<&mut CanvasOverlay>, page: QRectF);
        fn set_line_color(self: Pin<&mut CanvasOverlay>, color: QColor);

        #[inherit]
        #[cxx_name = "setStrokes"]
        fn set_strokes(self: Pin<&mut CanvasOverlay>, strokes: &QList_f64);
        #[inherit]
        #[cxx_name = "setColor"]
        fn set_color(self: Pin<&mut CanvasOverlay>, color: &QColor);
        #[inherit]
        #[cxx_name = "pixelRatio"]
        fn pixel_ratio(self: &CanvasOverlay) -> f64;
        #[cxx_override]
        fn resized(self: Pin<&mut CanvasOverlay>);
    }

    impl cxx_qt::Initialize for CanvasOverlay {}
    impl cxx_qt::Threading for CanvasOverlay {}

    unsafe extern "RustQt" {
        #[qobject]
        #[qml_element]
        #[base = StrokesItem]
        #[qproperty(QString, path, READ, WRITE = set_path, NOTIFY)]
        #[qproperty(QColor, color, READ, WRITE = set_line_color, NOTIFY)]
        type PathIcon = super::PathIconRust;

        fn set_path(self: Pin<&mut PathIcon>, path: QString);
        fn set_line_color(self: Pin<&mut PathIcon>, color: QColor);

        #[inherit]
        #[cxx_name = "setStrokes"]
        fn set_strokes(self: Pin<&mut PathIcon>, strokes: &QList_f64);
        #[inherit]
        #[cxx_name = "setColor"]
        fn set_color(self: Pin<&mut PathIcon>, color: &QColor);
        #[inherit]
        fn width(self: &PathIcon) -> f64;
        #[cxx_override]
        fn resized(self: Pin<&mut PathIcon>);
    }

    impl cxx_qt::Initialize for PathIcon {}
}

fn list(strokes: &[overlay::Stroke]) -> QList<f64> {
    let mut list = QList::default();
    overlay::numbers(strokes).into_iter().for_each(|number| list.append(number));
    list
}

/// The Rust side of the overlay: where the canvas lies, in units of the panel.
#[derive(Default)]
pub struct CanvasOverlayRust {
    page: QRectF,
    color: QColor,
}

impl Initialize for qobject::CanvasOverlay {
    fn initialize(self: Pin<&mut Self>) {
        let Some(hub) = Hub::get() else { return };
        let (thread, waiting) = (self.qt_thread(), Arc::new(AtomicBool::new(false)));
        let listener = move || {
            if !waiting.swap(true, Ordering::AcqRel) {
                let waiting = waiting.clone();
                // A canvas that is gone shows nothing more.
                let _ = thread.queue(move |overlay| {
                    waiting.store(false, Ordering::Release);
                    overlay.refresh();
                });
            }
        };
        hub.listen(Interest::Overlay, Box::new(listener));
    }
}

impl qobject::CanvasOverlay {
    fn set_page(mut self: Pin<&mut Self>, page: QRectF) {
        if self.page != page {
            self.as_mut().rust_mut().page = page;
            self.as_mut().page_changed();
            self.refresh();
        }
    }

    fn set_line_color(mut self: Pin<&mut Self>, color: QColor) {
        self.as_mut().set_color(&color);
        self.as_mut().rust_mut().color = color;
        self.color_changed();
    }

    fn refresh(self: Pin<&mut Self>) {
        let Some(hub) = Hub::get() else { return };
        let width = hub.state().active.as_ref().map_or(0.0, |active| active.extent.0);
        let page = &self.page;
        let scale = page.width() / width;
        let strokes = match scale.is_finite() && scale > 0.0 {
            false => Vec::new(),
            true => {
                let lens = Lens { origin: [page.x(), page.y()], scale, ratio: self.pixel_ratio() };
                hub.overlay().strokes(lens)
            }
        };
        self.set_strokes(&list(&strokes));
    }

    fn resized(self: Pin<&mut Self>) {
        self.refresh();
    }
}

/// The Rust side of an icon: SVG path data on a square of 24 units.
#[derive(Default)]
pub struct PathIconRust {
    path: QString,
    color: QColor,
}

// Only with a constructor of its own does the item get its parent as an item.
impl Initialize for qobject::PathIcon {
    fn initialize(self: Pin<&mut Self>) {}
}

impl qobject::PathIcon {
    fn set_path(mut self: Pin<&mut Self>, path: QString) {
        if self.path != path {
            self.as_mut().rust_mut().path = path;
            self.as_mut().path_changed();
            self.resized();
        }
    }

    fn set_line_color(mut self: Pin<&mut Self>, color: QColor) {
        self.as_mut().set_color(&color);
        self.as_mut().rust_mut().color = color;
        self.color_changed();
    }

    fn resized(self: Pin<&mut Self>) {
        let strokes = overlay::icon(&self.path.to_string(), self.width());
        self.set_strokes(&list(&strokes));
    }
}
