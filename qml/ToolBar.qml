import QtQuick
import QtQuick.Controls.Basic
import org.metabuilder.window

/// The tools for the canvas in front. Up and Down move between them, Enter and Space take one up.
Rectangle {
    id: bar

    required property Workbench bench

    signal chosen

    implicitWidth: 44
    color: Theme.panel
    Accessible.role: Accessible.ToolBar
    Accessible.name: qsTr("Tools")

    function take(tool: string) {
        bench.run("tool.select", JSON.stringify({ "tool": tool }));
        chosen();
    }

    RowModel {
        id: tools

        list: "tools"
    }

    ListView {
        id: list

        anchors.fill: parent
        anchors.topMargin: 6
        model: tools
        spacing: 2
        interactive: contentHeight > height
        boundsBehavior: Flickable.StopAtBounds
        activeFocusOnTab: true
        keyNavigationEnabled: true
        highlightMoveDuration: 0
        Keys.onReturnPressed: bar.take(tools.value(currentIndex, "id"))
        Keys.onEnterPressed: bar.take(tools.value(currentIndex, "id"))
        Keys.onSpacePressed: bar.take(tools.value(currentIndex, "id"))
        Keys.onEscapePressed: bar.chosen()

        delegate: Rectangle {
            id: button

            required property int index
            required property string id
            required property string title
            required property string keys
            required property string hint
            required property string icon
            required property bool active
            readonly property bool current: ListView.isCurrentItem && list.activeFocus

            x: 4
            width: 36
            height: 36
            radius: Theme.radius
            color: active ? Theme.selected : pointer.containsMouse ? Theme.hovered : "transparent"
            border.width: current ? 1 : 0
            border.color: Theme.accent
            Accessible.role: Accessible.RadioButton
            Accessible.name: title
            Accessible.description: hint
            Accessible.checkable: true
            Accessible.checked: active
            Accessible.onPressAction: bar.take(id)

            PathIcon {
                anchors.centerIn: parent
                width: 22
                height: 22
                path: button.icon
                color: button.active ? Theme.accent : Theme.text
            }

            MouseArea {
                id: pointer

                anchors.fill: parent
                hoverEnabled: true
                onClicked: bar.take(button.id)
            }

            ToolTip {
                id: tip

                x: button.width + 8
                y: (button.height - height) / 2
                visible: pointer.containsMouse
                delay: 500
                padding: 8
                contentItem: Row {
                    spacing: 10

                    Text {
                        color: Theme.text
                        font.family: Theme.family
                        font.pixelSize: Theme.body
                        text: button.title
                    }

                    Text {
                        color: Theme.muted
                        font.family: Theme.family
                        font.pixelSize: Theme.body
                        text: button.keys
                    }
                }
                background: Rectangle {
                    radius: Theme.radius
                    color: Theme.raised
                    border.color: Theme.line
                }
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
