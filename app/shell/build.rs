//! Compiles the C++ side of the window and bundles the QML, its fonts and its images.

use cxx_qt_build::{CxxQtBuilder, QResource, QResources, QmlFile, QmlModule};

const VIEWS: [&str; 9] = [
    "qml/CanvasPanel.qml",
    "qml/CommandForm.qml",
    "qml/DocumentList.qml",
    "qml/Main.qml",
    "qml/CommandPalette.qml",
    "qml/StatusBar.qml",
    "qml/Toast.qml",
    "qml/ToolBar.qml",
    "qml/Welcome.qml",
];

const ASSETS: [&str; 3] =
    ["assets/fonts/Inter-Regular.otf", "assets/fonts/Inter-Bold.otf", "assets/images/transparent.png"];

fn main() {
    let module = QmlModule::new("org.metabuilder.window")
        .qml_file(QmlFile::from("qml/Theme.qml").singleton(true))
        .qml_files(VIEWS);
    CxxQtBuilder::new_qml_module(module)
        .qt_module("Quick")
        .cpp_files([
            "cpp/picture_item.h",
            "cpp/picture_item.cpp",
            "cpp/strokes_item.h",
            "cpp/strokes_item.cpp",
        ])
        .include_dir("cpp")
        .qrc_resources(QResources::new().resource(QResource::new().prefix("/").files(ASSETS)))
        .files([
            "src/bridge/canvas.rs",
            "src/bridge/overlay.rs",
            "src/bridge/row_model.rs",
            "src/bridge/workbench.rs",
        ])
        .build();
}
