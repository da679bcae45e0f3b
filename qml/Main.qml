import QtQuick
import QtQuick.Layouts
import org.metabuilder.window

/// The window: documents at the left, then the tools, the document in front in the middle, the status below, the palette above
/// all.
Window {
    id: window

    width: 1280
    height: 800
    minimumWidth: 640
    minimumHeight: 400
    visible: true
    color: Theme.background
    title: (workbench.document === "" ? "" : workbench.document + " – ") + workbench.workspace + " – MetaBuilder"

    Workbench {
        id: workbench

        onPaletteWanted: palette.open()
        onFormWanted: (command, title, fields) => {
            palette.close();
            form.open(command, title, JSON.parse(fields));
        }
        onZoomWanted: factor => canvas.zoomBy(factor)
        onZoomAtWanted: (factor, x, y) => canvas.zoomAt(factor, x, y)
        onPanWanted: (x, y, across, down) => canvas.put(x, y, across, down)
        onFitWanted: canvas.fit()
        onActualWanted: canvas.actual()
        onCloseWanted: window.close()
        onNotified: (text, error) => toast.show(text, error)
    }

    Item {
        id: content

        anchors.fill: parent
        focus: true
        Keys.onShortcutOverride: event => event.accepted = true
        Keys.onPressed: event => {
            event.accepted = workbench.press(event.key, event.modifiers);
            if (!event.accepted && !event.isAutoRepeat)
                workbench.key(event.key, event.modifiers, true);
        }
        Keys.onReleased: event => {
            if (!event.isAutoRepeat)
                workbench.key(event.key, event.modifiers, false);
        }

        ColumnLayout {
            anchors.fill: parent
            spacing: 0

            RowLayout {
                spacing: 0
                Layout.fillWidth: true
                Layout.fillHeight: true

                DocumentList {
                    id: documents

                    bench: workbench
                    Layout.preferredWidth: 232
                    Layout.fillHeight: true
                }

                ToolBar {
                    bench: workbench
                    visible: canvas.shown
                    Layout.preferredWidth: implicitWidth
                    Layout.fillHeight: true
                    onChosen: content.forceActiveFocus()
                }

                Item {
                    Layout.fillWidth: true
                    Layout.fillHeight: true

                    CanvasPanel {
                        id: canvas

                        anchors.fill: parent
                        bench: workbench
                        onEntered: content.forceActiveFocus()
                    }

                    Welcome {
                        anchors.fill: parent
                        visible: !canvas.shown
                        empty: documents.count === 0
                        bench: workbench
                    }
                }
            }

            StatusBar {
                bench: workbench
                zoom: canvas.shown ? canvas.zoom : 0
                Layout.fillWidth: true
            }
        }

        DropArea {
            anchors.fill: parent
            onDropped: drop => {
                for (const url of drop.urls)
                    workbench.open(decodeURIComponent(String(url).replace(/^file:\/\//, "")));
            }
        }

        Toast {
            id: toast

            anchors.horizontalCenter: parent.horizontalCenter
            anchors.bottom: parent.bottom
            anchors.bottomMargin: 48
        }

        CommandPalette {
            id: palette

            anchors.fill: parent
            bench: workbench
            onClosed: content.forceActiveFocus()
            onVisibleChanged: workbench.tell(visible ? "palette.opened" : "palette.closed")
        }

        CommandForm {
            id: form

            anchors.fill: parent
            bench: workbench
            onClosed: content.forceActiveFocus()
            onVisibleChanged: workbench.tell(visible ? "form.opened" : "form.closed")
        }
    }
}
