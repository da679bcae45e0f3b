import QtQuick
import QtQuick.Layouts
import org.metabuilder.window

/// The bottom line: what undo would take back, what runs, else how the tool in hand is used, whether all is on disk, and the
/// zoom.
Rectangle {
    id: bar

    required property Workbench bench
    /// Pixels of the screen for one of the canvas; 0 where there is no canvas.
    required property real zoom

    component Label: Text {
        color: Theme.muted
        font.family: Theme.family
        font.pixelSize: Theme.small
        verticalAlignment: Text.AlignVCenter
    }

    component Link: Label {
        id: link

        property string command
        signal clicked

        color: pointer.containsMouse ? Theme.text : Theme.muted
        Accessible.role: Accessible.Button
        Accessible.name: text
        Accessible.onPressAction: clicked()

        MouseArea {
            id: pointer

            anchors.fill: parent
            anchors.margins: -6
            hoverEnabled: true
            cursorShape: Qt.PointingHandCursor
            onClicked: link.clicked()
        }
    }

    implicitHeight: 28
    color: Theme.panel

    Rectangle {
        width: parent.width
        height: 1
        color: Theme.line
    }

    RowLayout {
        anchors.fill: parent
        anchors.leftMargin: 16
        anchors.rightMargin: 16
        spacing: 20

        Link {
            text: qsTr("Commands  Ctrl+Shift+P")
            onClicked: bar.bench.run("window.palette.show", "{}")
        }

        Link {
            visible: bar.bench.undoTitle !== ""
            text: qsTr("Undo %1").arg(bar.bench.undoTitle)
            onClicked: bar.bench.run("history.undo", "{}")
        }

        Link {
            visible: bar.bench.redoTitle !== ""
            text: qsTr("Redo %1").arg(bar.bench.redoTitle)
            onClicked: bar.bench.run("history.redo", "{}")
        }

        Label {
            Layout.fillWidth: true
            elide: Text.ElideRight
            readonly property bool working: !slow.running && bar.bench.running !== ""

            color: working ? Theme.accent : Theme.muted
            text: working ? qsTr("%1 …").arg(bar.bench.running) : bar.zoom > 0 ? bar.bench.hint : ""

            // What is done at once is not worth a word.
            Timer {
                id: slow

                interval: 100
            }

            Connections {
                target: bar.bench
                function onRunningChanged() {
                    if (bar.bench.running !== "")
                        slow.restart();
                }
            }
        }

        Label {
            visible: bar.bench.readOnly !== ""
            color: Theme.danger
            text: qsTr("Read-only: %1").arg(bar.bench.readOnly)
        }

        Label {
            visible: bar.bench.readOnly === ""
            text: bar.bench.saved ? qsTr("All changes saved") : qsTr("Saving …")
        }

        Link {
            visible: bar.zoom > 0
            text: qsTr("%1 %").arg((bar.zoom * 100).toLocaleString(Qt.locale(), "f", bar.zoom < 0.1 ? 1 : 0))
            onClicked: bar.bench.run("window.zoom.fit", "{}")
        }
    }
}
