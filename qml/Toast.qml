import QtQuick

/// Says something for a while; errors stay until they are clicked away.
Rectangle {
    id: toast

    property bool error: false

    function show(text: string, failed: bool) {
        message.text = text;
        error = failed;
        visible = true;
        if (failed)
            away.stop();
        else
            away.restart();
    }

    width: Math.min(message.implicitWidth + 48, (parent ? parent.width : 0) - 96)
    height: message.height + 24
    visible: false
    radius: Theme.radius
    color: Theme.raised
    border.color: error ? Theme.danger : Theme.line
    Accessible.role: Accessible.AlertMessage
    Accessible.name: message.text

    Timer {
        id: away

        interval: 5000
        onTriggered: toast.visible = false
    }

    Rectangle {
        x: 12
        anchors.verticalCenter: parent.verticalCenter
        width: 8
        height: 8
        radius: 4
        color: toast.error ? Theme.danger : Theme.accent
    }

    Text {
        id: message

        x: 32
        anchors.verticalCenter: parent.verticalCenter
        width: parent.width - 48
        color: Theme.text
        wrapMode: Text.Wrap
        textFormat: Text.PlainText
        font.family: Theme.family
        font.pixelSize: Theme.body
    }

    MouseArea {
        anchors.fill: parent
        onClicked: toast.visible = false
    }
}
