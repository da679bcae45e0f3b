import QtQuick
import org.metabuilder.window

/// What is there where no canvas is: how to begin, or the text of a text document.
Item {
    id: welcome

    required property Workbench bench
    /// Whether the workspace has no documents.
    required property bool empty

    component Hint: Row {
        id: hint

        property string keys
        property string text

        spacing: 14

        Text {
            width: 150
            horizontalAlignment: Text.AlignRight
            color: Theme.text
            font.family: Theme.family
            font.pixelSize: Theme.body
            text: hint.keys
        }

        Text {
            color: Theme.muted
            font.family: Theme.family
            font.pixelSize: Theme.body
            text: hint.text
        }
    }

    Column {
        anchors.centerIn: parent
        spacing: 10
        visible: welcome.empty

        Text {
            anchors.horizontalCenter: parent.horizontalCenter
            bottomPadding: 14
            color: Theme.text
            font.family: Theme.family
            font.pixelSize: Theme.large
            font.weight: Font.Bold
            text: qsTr("Nothing here yet")
        }

        Hint {
            keys: qsTr("Drop a file here")
            text: qsTr("to open a picture, a drawing or a text")
        }

        Hint {
            keys: "Ctrl+O"
            text: qsTr("to open one by its path")
        }

        Hint {
            keys: "Ctrl+N"
            text: qsTr("to start a new document")
        }

        Hint {
            keys: "Ctrl+Shift+P"
            text: qsTr("to find every command by its name")
        }
    }

    Flickable {
        anchors.fill: parent
        visible: !welcome.empty
        contentWidth: lines.width + 48
        contentHeight: lines.height + 48
        clip: true
        boundsBehavior: Flickable.StopAtBounds

        TextEdit {
            id: lines

            x: 24
            y: 24
            readOnly: true
            selectByMouse: true
            activeFocusOnPress: false
            color: Theme.text
            selectionColor: Theme.selected
            textFormat: TextEdit.PlainText
            font.family: Theme.mono
            font.pixelSize: Theme.body
            text: welcome.visible ? welcome.bench.preview : ""
            Accessible.name: welcome.bench.document
        }
    }
}
