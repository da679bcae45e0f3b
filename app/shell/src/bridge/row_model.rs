//! A list for QML: the rows of one of the hub's lists, changed row by row.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use cxx_qt::{CxxQtType, Threading};
use cxx_qt_lib::{QByteArray, QHash, QHashPair_i32_QByteArray, QModelIndex, QString, QVariant};

use crate::{
    hub::{Hub, Interest},
    rows::{self, Cell, Row, Step},
};

#[cxx_qt::bridge]
mod qobject {
    unsafe extern "C++" {
        include!(<QtCore/QAbstractListModel>);
        type QAbstractListModel;
        include!("cxx-qt-lib/qbytearray.h");
        include!("cxx-qt-lib/core/qhash/qhash_i32_QByteArray.h");
        type QHash_i32_QByteArray = cxx_qt_lib::QHash<cxx_qt_lib::QHashPair_i32_QByteArray>;
        include!("cxx-qt-lib/qmodelindex.h");
        type QModelIndex = cxx_qt_lib::QModelIndex;
        include!("cxx-qt-lib/qstring.h");
        type QString = cxx_qt_lib::QString;
        include!("cxx-qt-lib/qvariant.h");
        type QVariant = cxx_qt_lib::QVariant;
        include!("cxx-qt-lib/core/qlist/qlist_i32.h");
        type QList_i32 = cxx_qt_lib::QList<i32>;
    }

    unsafe extern "RustQt" {
        #[qobject]
        #[qml_element]
        #[base = QAbstractListModel]
        #[qproperty(QString, list, READ, WRITE = set_list, NOTIFY)]
        #[qproperty(i32, count, READ, NOTIFY)]
        type RowModel = super::RowModelRust;

        fn set_list(self: Pin<&mut Self>, list: QString);

        #[cxx_override]
        #[cxx_name = "rowCount"]
        fn row_count(self: &Self, parent: &QModelIndex) -> i32;

        #[cxx_override]
        fn data(self: &Self, index: &QModelIndex, role: i32) -> QVariant;

        #[cxx_override]
        #[cxx_name = "roleNames"]
        fn role_names(self: &Self) -> QHash_i32_QByteArray;

        /// The value of a row by the name of its role.
        #[qinvokable]
        fn value(self: &Self, row: i32, role: &QString) -> QVariant;
    }

    unsafe extern "RustQt" {
        #[inherit]
        #[cxx_name = "beginInsertRows"]
        unsafe fn begin_insert_rows(self: Pin<&mut RowModel>, parent: &QModelIndex, first: i32, last: i32);
        #[inherit]
        #[cxx_name = "endInsertRows"]
        unsafe fn end_insert_rows(self: Pin<&mut RowModel>);
        #[inherit]
        #[cxx_name = "beginRemoveRows"]
        unsafe fn begin_remove_rows(self: Pin<&mut RowModel>, parent: &QModelIndex, first: i32, last: i32);
        #[inherit]
        #[cxx_name = "endRemoveRows"]
        unsafe fn end_remove_rows(self: Pin<&mut RowModel>);
        #[inherit]
        fn index(self: &RowModel, row: i32, column: i32, parent: &QModelIndex) -> QModelIndex;

        #[inherit]
        #[qsignal]
        #[cxx_name = "dataChanged"]
        fn data_changed(self: Pin<&mut RowModel>, first: &QModelIndex, last: &QModelIndex, roles: &QList_i32);
    }

    impl cxx_qt::Threading for RowModel {}
}

/// The first role that is free for use, `Qt::UserRole`.
const FIRST_ROLE: i32 = 0x0100;

/// The Rust side of the model.
#[derive(Default)]
pub struct RowModelRust {
    list: QString,
    count: i32,
    roles: &'static [&'static str],
    rows: Vec<Row>,
}

impl qobject::RowModel {
    /// Shows a list of the hub, once and for all.
    fn set_list(mut self: Pin<&mut Self>, list: QString) {
        let Some(hub) = Hub::get().filter(|_| self.list != list) else { return };
        self.as_mut().rust_mut().list = list.clone();
        self.as_mut().rust_mut().roles = hub.rows(&list.to_string()).0;
        self.as_mut().list_changed();
        let (thread, waiting) = (self.qt_thread(), Arc::new(AtomicBool::new(false)));
        hub.listen(
            Interest::State,
            Box::new(move || {
                if !waiting.swap(true, Ordering::AcqRel) {
                    let waiting = waiting.clone();
                    // A list that is gone needs nothing more.
                    let _ = thread.queue(move |model| {
                        waiting.store(false, Ordering::Release);
                        model.refresh();
                    });
                }
            }),
        );
        self.refresh();
    }

    fn refresh(mut self: Pin<&mut Self>) {
        let Some(hub) = Hub::get() else { return };
        let new = hub.rows(&self.list.to_string()).1;
        let root = QModelIndex::default();
        for step in rows::steps(&self.rows, &new) {
            match &step {
                Step::Remove { first, count } => {
                    let (first, last) = (*first as i32, (first + count - 1) as i32);
                    // SAFETY: the rows are there, and are removed before the matching end.
                    unsafe { self.as_mut().begin_remove_rows(&root, first, last) };
                    rows::take(&mut self.as_mut().rust_mut().rows, step);
                    // SAFETY: the matching begin is above.
                    unsafe { self.as_mut().end_remove_rows() };
                }
                Step::Insert { first, rows } => {
                    let (first, last) = (*first as i32, (first + rows.len() - 1) as i32);
                    // SAFETY: the place is there, and the rows are inserted before the matching end.
                    unsafe { self.as_mut().begin_insert_rows(&root, first, last) };
                    rows::take(&mut self.as_mut().rust_mut().rows, step);
                    // SAFETY: the matching begin is above.
                    unsafe { self.as_mut().end_insert_rows() };
                }
                Step::Change { at, .. } => {
                    let index = self.index(*at as i32, 0, &root);
                    rows::take(&mut self.as_mut().rust_mut().rows, step);
                    self.as_mut().data_changed(&index, &index, &cxx_qt_lib::QList::default());
                }
            }
        }
        let count = self.rows.len() as i32;
        if self.count != count {
            self.as_mut().rust_mut().count = count;
            self.as_mut().count_changed();
        }
    }

    fn row_count(&self, parent: &QModelIndex) -> i32 {
        if parent.is_valid() { 0 } else { self.rows.len() as i32 }
    }

    fn data(&self, index: &QModelIndex, role: i32) -> QVariant {
        self.cell(index.row(), role - FIRST_ROLE)
    }

    fn value(&self, row: i32, role: &QString) -> QVariant {
        let role = role.to_string();
        let at = self.roles.iter().position(|name| *name == role);
        self.cell(row, at.map_or(-1, |at| at as i32))
    }

    fn cell(&self, row: i32, role: i32) -> QVariant {
        let row = usize::try_from(row).ok().and_then(|row| self.rows.get(row));
        let cell = usize::try_from(role).ok().and_then(|role| row?.cells.get(role));
        match cell {
            Some(Cell::Text(text)) => QVariant::from(&QString::from(text)),
            Some(Cell::Flag(flag)) => QVariant::from(flag),
            None => QVariant::default(),
        }
    }

    fn role_names(&self) -> QHash<QHashPair_i32_QByteArray> {
        let mut names = QHash::<QHashPair_i32_QByteArray>::default();
        for (at, role) in self.roles.iter().enumerate() {
            names.insert(FIRST_ROLE + at as i32, QByteArray::from(*role));
        }
        names
    }
}
