import QtQuick
import org.metabuilder.window

/// Every command by name. Typing narrows the list, Up and Down choose, Enter calls, Escape goes back.
Item {
    id: palette

    required property Workbench bench

    signal closed

    function open() {
        input.text = "";
        bench.filter("");
        list.currentIndex = 0;
        list.positionViewAtBeginning();
        visible = true;
        input.forceActiveFocus();
    }

    function close() {
        if (!visible)
            return;
        visible = false;
        closed();
    }

    function call() {
        if (list.currentIndex >= 0 && bench.choose(commands.value(list.currentIndex, "id")))
            close();
    }

    visible: false
    // Nothing goes on to what lies below.
    Keys.onPressed: event => event.accepted = true

    RowModel {
        id: commands

        list: "commands"
    }

    Rectangle {
        anchors.fill: parent
        color: Theme.shade
    }

    MouseArea {
        anchors.fill: parent
        onPressed: palette.close()
        onWheel: wheel => wheel.accepted = true
    }

    Rectangle {
        anchors.horizontalCenter: parent.horizontalCenter
        y: 56
        width: Math.min(parent.width - 48, 680)
        height: Math.min(parent.height - 112, field.height + list.contentHeight + (list.count > 0 ? 9 : 1))
        radius: Theme.radius
        color: Theme.raised
        border.color: Theme.line

        // The frame takes the clicks between its rows.
        MouseArea {
            anchors.fill: parent
        }

        Item {
            id: field

            width: parent.width
            height: 46

            TextInput {
                id: input

                anchors.fill: parent
                anchors.leftMargin: 16
                anchors.rightMargin: 16
                verticalAlignment: TextInput.AlignVCenter
                color: Theme.text
                selectionColor: Theme.selected
                selectByMouse: true
                clip: true
                font.family: Theme.family
                font.pixelSize: 15
                Accessible.role: Accessible.EditableText
                Accessible.name: qsTr("Search commands")
                onTextEdited: {
                    palette.bench.filter(text);
                    list.currentIndex = 0;
                    list.positionViewAtBeginning();
                }
                Keys.onUpPressed: list.decrementCurrentIndex()
                Keys.onDownPressed: list.incrementCurrentIndex()
                Keys.onReturnPressed: palette.call()
                Keys.onEnterPressed: palette.call()
                Keys.onEscapePressed: palette.close()
                Keys.onPressed: event => {
                    const page = Math.max(1, Math.floor(list.height / 44) - 1);
                    if (event.key === Qt.Key_PageDown)
                        list.currentIndex = Math.min(list.count - 1, list.currentIndex + page);
                    else if (event.key === Qt.Key_PageUp)
                        list.currentIndex = Math.max(0, list.currentIndex - page);
                    else
                        return;
                    event.accepted = true;
                }

                Text {
                    anchors.fill: parent
                    verticalAlignment: Text.AlignVCenter
                    visible: input.text === ""
                    color: Theme.muted
                    font: input.font
                    text: list.count === 0 ? "" : qsTr("Type the name of a command")
                }
            }

            Rectangle {
                anchors.bottom: parent.bottom
                width: parent.width
                height: 1
                color: Theme.line
            }
        }

        Text {
            anchors.verticalCenter: field.verticalCenter
            anchors.right: parent.right
            anchors.rightMargin: 16
            visible: list.count === 0
            color: Theme.muted
            font.family: Theme.family
            font.pixelSize: Theme.body
            text: qsTr("No command has this name")
        }

        ListView {
            id: list

            anchors.fill: parent
            anchors.topMargin: field.height + 4
            anchors.bottomMargin: 4
            clip: true
            model: commands
            boundsBehavior: Flickable.StopAtBounds
            highlightMoveDuration: 0
            Accessible.role: Accessible.List
            Accessible.name: qsTr("Commands")

            delegate: Rectangle {
                id: row

                required property int index
                required property string title
                required property string description
                required property string capability
                required property string keys
                required property string reason
                required property bool recent
                readonly property bool current: ListView.isCurrentItem

                x: 4
                width: list.width - 8
                height: 44
                radius: 4
                color: current ? Theme.selected : pointer.containsMouse ? Theme.hovered : "transparent"
                Accessible.role: Accessible.ListItem
                Accessible.name: title
                Accessible.description: reason === "" ? description : reason
                Accessible.onPressAction: {
                    list.currentIndex = index;
                    palette.call();
                }

                Text {
                    id: name

                    x: 12
                    y: 5
                    color: row.reason === "" ? Theme.text : Theme.muted
                    font.family: Theme.family
                    font.pixelSize: 14
                    text: row.title
                }

                Text {
                    anchors.left: name.right
                    anchors.leftMargin: 10
                    anchors.baseline: name.baseline
                    color: Theme.muted
                    font.family: Theme.family
                    font.pixelSize: Theme.small
                    text: row.recent ? qsTr("%1 · recent").arg(row.capability) : row.capability
                }

                Text {
                    x: 12
                    y: 24
                    width: parent.width - 24
                    color: Theme.muted
                    elide: Text.ElideRight
                    font.family: Theme.family
                    font.pixelSize: Theme.small
                    text: row.reason === "" ? row.description : row.reason
                }

                Rectangle {
                    anchors.right: parent.right
                    anchors.rightMargin: 10
                    y: 5
                    visible: row.keys !== ""
                    width: shortcut.implicitWidth + 12
                    height: 18
                    radius: 3
                    color: Theme.background
                    border.color: Theme.line

                    Text {
                        id: shortcut

                        anchors.centerIn: parent
                        color: Theme.muted
                        font.family: Theme.family
                        font.pixelSize: 11
                        text: row.keys
                    }
                }

                MouseArea {
                    id: pointer

                    anchors.fill: parent
                    hoverEnabled: true
                    onClicked: {
                        list.currentIndex = row.index;
                        palette.call();
                    }
                }
            }
        }
    }
}
