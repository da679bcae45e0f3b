import QtQuick
import org.metabuilder.window

/// All documents of the workspace; a click brings one to the front.
Rectangle {
    id: panel

    required property Workbench bench
    readonly property int count: documents.count

    color: Theme.panel

    RowModel {
        id: documents

        list: "documents"
    }

    Text {
        id: heading

        x: 16
        y: 14
        width: parent.width - 32
        color: Theme.muted
        elide: Text.ElideRight
        font.family: Theme.family
        font.pixelSize: Theme.small
        font.weight: Font.Bold
        text: panel.bench.workspace
    }

    ListView {
        id: list

        anchors.fill: parent
        anchors.topMargin: 42
        model: documents
        clip: true
        boundsBehavior: Flickable.StopAtBounds
        Accessible.role: Accessible.List
        Accessible.name: qsTr("Documents")

        delegate: Rectangle {
            id: row

            required property string id
            required property string name
            required property string kind
            required property bool active

            width: list.width
            height: Theme.row
            color: active ? Theme.selected : pointer.containsMouse ? Theme.hovered : "transparent"
            Accessible.role: Accessible.ListItem
            Accessible.name: name
            Accessible.selected: active
            Accessible.onPressAction: panel.bench.show(id)

            Rectangle {
                width: 3
                height: parent.height
                color: Theme.accent
                visible: row.active
            }

            Rectangle {
                id: mark

                x: 16
                anchors.verticalCenter: parent.verticalCenter
                width: 10
                height: 10
                radius: row.kind.startsWith("code.") ? 2 : 5
                color: "transparent"
                border.width: 2
                border.color: row.kind.startsWith("code.") ? Theme.good : Theme.accent
            }

            Text {
                anchors.verticalCenter: parent.verticalCenter
                anchors.left: mark.right
                anchors.leftMargin: 10
                anchors.right: parent.right
                anchors.rightMargin: 12
                color: row.active ? Theme.text : Theme.muted
                elide: Text.ElideMiddle
                font.family: Theme.family
                font.pixelSize: Theme.body
                text: row.name
            }

            MouseArea {
                id: pointer

                anchors.fill: parent
                hoverEnabled: true
                onClicked: panel.bench.show(row.id)
            }
        }
    }

    Rectangle {
        anchors.right: parent.right
        width: 1
        height: parent.height
        color: Theme.line
    }
}
