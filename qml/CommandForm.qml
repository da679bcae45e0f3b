import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import org.metabuilder.window

/// Asks for the arguments of a command. Tab moves on, Enter calls it, Escape goes back.
Item {
    id: form

    required property Workbench bench
    property string command
    property var fields: []
    property string trouble

    signal closed

    function open(id: string, name: string, asked: var) {
        command = id;
        heading.text = name;
        trouble = "";
        fields = asked;
        visible = true;
        if (repeater.count > 0)
            repeater.itemAt(0).take();
    }

    function close() {
        if (!visible)
            return;
        visible = false;
        fields = [];
        closed();
    }

    function call() {
        const putIn = {};
        for (let i = 0; i < repeater.count; ++i)
            putIn[fields[i].name] = repeater.itemAt(i).value;
        trouble = bench.submit(command, JSON.stringify(putIn));
        if (trouble === "")
            return close();
        for (let i = 0; i < repeater.count; ++i)
            if (repeater.itemAt(i).wrong)
                repeater.itemAt(i).take();
    }

    visible: false
    // Nothing goes on to what lies below.
    Keys.onPressed: event => event.accepted = true
    Keys.onEscapePressed: close()
    Keys.onReturnPressed: call()
    Keys.onEnterPressed: call()

    Rectangle {
        anchors.fill: parent
        color: Theme.shade
    }

    MouseArea {
        anchors.fill: parent
        onPressed: form.close()
        onWheel: wheel => wheel.accepted = true
    }

    Rectangle {
        anchors.horizontalCenter: parent.horizontalCenter
        y: 56
        width: Math.min(parent.width - 48, 560)
        height: Math.min(parent.height - 112, 48 + rows.implicitHeight + 76)
        radius: Theme.radius
        color: Theme.raised
        border.color: Theme.line

        MouseArea {
            anchors.fill: parent
        }

        Text {
            id: heading

            x: 20
            y: 16
            color: Theme.text
            font.family: Theme.family
            font.pixelSize: 15
            font.weight: Font.Bold
        }

        Flickable {
            anchors.fill: parent
            anchors.topMargin: 48
            anchors.bottomMargin: 60
            contentHeight: rows.implicitHeight
            clip: true
            boundsBehavior: Flickable.StopAtBounds
            ScrollBar.vertical: ScrollBar {}

            ColumnLayout {
                id: rows

                x: 20
                width: parent.width - 40
                spacing: 12

                Repeater {
                    id: repeater

                    model: form.fields

                    delegate: ColumnLayout {
                        id: field

                        required property var modelData
                        /// What was put in.
                        property string value: modelData.preset
                        readonly property bool wrong: form.trouble.startsWith(modelData.name + ": ")

                        onValueChanged: form.trouble = ""

                        function take() {
                            editor.item.forceActiveFocus();
                        }

                        spacing: 4
                        Layout.fillWidth: true

                        Text {
                            Layout.fillWidth: true
                            color: Theme.text
                            font.family: Theme.family
                            font.pixelSize: Theme.body
                            textFormat: Text.PlainText
                            text: field.modelData.label + (field.modelData.required ? " *" : "")
                        }

                        Loader {
                            id: editor

                            Layout.fillWidth: true
                            sourceComponent: field.modelData.input === "choice" ? choice : field.modelData.input === "flag" ? flag : line
                        }

                        Text {
                            Layout.fillWidth: true
                            color: field.wrong ? Theme.danger : Theme.muted
                            wrapMode: Text.Wrap
                            font.family: Theme.family
                            font.pixelSize: Theme.small
                            text: field.wrong ? form.trouble.slice(field.modelData.name.length + 2) : field.modelData.description
                        }

                        Component {
                            id: line

                            TextField {
                                implicitHeight: 34
                                text: field.modelData.preset
                                color: Theme.text
                                placeholderText: field.modelData.default
                                placeholderTextColor: Theme.muted
                                selectionColor: Theme.selected
                                selectByMouse: true
                                font.family: Theme.family
                                font.pixelSize: Theme.body
                                Accessible.name: field.modelData.label
                                onTextChanged: field.value = text
                                Keys.onReturnPressed: form.call()
                                Keys.onEnterPressed: form.call()

                                background: Rectangle {
                                    radius: 4
                                    color: Theme.background
                                    border.color: field.wrong ? Theme.danger : parent.activeFocus ? Theme.accent : Theme.line
                                }
                            }
                        }

                        Component {
                            id: flag

                            CheckBox {
                                checked: field.modelData.default === "true"
                                Accessible.name: field.modelData.label
                                onToggled: field.value = String(checked)
                                Keys.onReturnPressed: form.call()
                            }
                        }

                        Component {
                            id: choice

                            Flow {
                                id: choices

                                property int at: field.modelData.choices.indexOf(field.modelData.default)

                                function choose(index: int) {
                                    at = Math.max(0, Math.min(field.modelData.choices.length - 1, index));
                                    field.value = field.modelData.choices[at];
                                }

                                spacing: 6
                                activeFocusOnTab: true
                                Accessible.role: Accessible.RadioButton
                                Accessible.name: field.modelData.label
                                Keys.onLeftPressed: choose(at - 1)
                                Keys.onRightPressed: choose(at + 1)
                                Keys.onUpPressed: choose(at - 1)
                                Keys.onDownPressed: choose(at + 1)

                                Repeater {
                                    model: field.modelData.choices

                                    delegate: Rectangle {
                                        id: option

                                        required property string modelData
                                        required property int index
                                        readonly property bool chosen: index === choices.at

                                        width: label.implicitWidth + 20
                                        height: 28
                                        radius: 4
                                        color: chosen ? Theme.selected : Theme.background
                                        border.color: chosen ? Theme.accent : choices.activeFocus ? Theme.muted : Theme.line

                                        Text {
                                            id: label

                                            anchors.centerIn: parent
                                            color: Theme.text
                                            font.family: Theme.family
                                            font.pixelSize: Theme.body
                                            text: option.modelData
                                        }

                                        MouseArea {
                                            anchors.fill: parent
                                            onClicked: {
                                                choices.forceActiveFocus();
                                                choices.choose(option.index);
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }

        RowLayout {
            anchors.right: parent.right
            anchors.bottom: parent.bottom
            anchors.margins: 14
            spacing: 10

            component Choice: Rectangle {
                id: button

                property string text
                property bool main: false
                signal clicked

                implicitWidth: caption.implicitWidth + 28
                implicitHeight: 32
                radius: 4
                color: main ? Theme.accent : "transparent"
                border.color: activeFocus ? Theme.text : main ? Theme.accent : Theme.line
                activeFocusOnTab: true
                Accessible.role: Accessible.Button
                Accessible.name: text
                Accessible.onPressAction: clicked()
                Keys.onReturnPressed: clicked()
                Keys.onSpacePressed: clicked()

                Text {
                    id: caption

                    anchors.centerIn: parent
                    color: button.main ? Theme.accentText : Theme.text
                    font.family: Theme.family
                    font.pixelSize: Theme.body
                    font.weight: button.main ? Font.Bold : Font.Normal
                    text: button.text
                }

                MouseArea {
                    anchors.fill: parent
                    onClicked: button.clicked()
                }
            }

            Choice {
                text: qsTr("Cancel")
                onClicked: form.close()
            }

            Choice {
                text: heading.text
                main: true
                onClicked: form.call()
            }
        }
    }
}
