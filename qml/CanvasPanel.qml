import QtQuick
import org.metabuilder.window

/// The canvas of the document in front. The pointer goes to the tool in hand, the wheel zooms.
Item {
    id: panel

    required property Workbench bench
    readonly property bool shown: view.shown
    readonly property real zoom: view.zoom

    signal entered

    function zoomBy(factor: real) {
        view.zoomAt(factor, view.width / 2, view.height / 2);
    }

    function fit() {
        view.fit();
    }

    function actual() {
        view.actual();
    }

    function zoomAt(factor: real, x: real, y: real) {
        view.zoomAt(factor, x, y);
    }

    function put(x: real, y: real, across: real, down: real) {
        view.put(x, y, across, down);
    }

    Window.onActiveChanged: {
        if (!Window.active)
            view.lose();
    }

    // What lies under a canvas: its shadow, and squares where it is transparent.
    Item {
        anchors.fill: parent
        visible: view.shown
        clip: true

        Rectangle {
            x: view.page.x - 1
            y: view.page.y - 1
            width: view.page.width + 2
            height: view.page.height + 2
            color: "#0d0e11"
        }

        Image {
            x: view.page.x
            y: view.page.y
            width: view.page.width
            height: view.page.height
            fillMode: Image.Tile
            horizontalAlignment: Image.AlignLeft
            verticalAlignment: Image.AlignTop
            smooth: false
            source: "qrc:/assets/images/transparent.png"
        }
    }

    CanvasView {
        id: view

        anchors.fill: parent
        visible: shown

        Accessible.role: Accessible.Graphic
        Accessible.name: qsTr("Canvas of %1").arg(panel.bench.document)
    }

    CanvasOverlay {
        anchors.fill: parent
        visible: view.shown
        page: view.page
        color: Theme.outline
    }

    MouseArea {
        anchors.fill: parent
        enabled: view.shown
        hoverEnabled: true
        acceptedButtons: Qt.LeftButton | Qt.MiddleButton
        cursorShape: {
            switch (panel.bench.cursor) {
            case "cross":
                return Qt.CrossCursor;
            case "hand":
                return pressed ? Qt.ClosedHandCursor : Qt.OpenHandCursor;
            case "text":
                return Qt.IBeamCursor;
            default:
                return Qt.ArrowCursor;
            }
        }
        onPressed: mouse => {
            panel.entered();
            panel.bench.focus("canvas");
            view.pointer(0, mouse.x, mouse.y, mouse.button, mouse.modifiers);
        }
        onPositionChanged: mouse => view.pointer(1, mouse.x, mouse.y, 0, mouse.modifiers)
        onReleased: mouse => view.pointer(2, mouse.x, mouse.y, mouse.button, mouse.modifiers)
        onCanceled: view.lose()
        onWheel: wheel => {
            if (wheel.modifiers & Qt.ShiftModifier)
                view.pan(wheel.angleDelta.y / 2, 0);
            else if (wheel.angleDelta.y !== 0)
                view.zoomAt(Math.pow(2, wheel.angleDelta.y / 480), wheel.x, wheel.y);
        }
    }

    Text {
        anchors.centerIn: parent
        width: Math.min(parent.width - 64, implicitWidth)
        visible: view.shown && view.trouble !== ""
        color: Theme.danger
        font.family: Theme.family
        font.pixelSize: Theme.body
        wrapMode: Text.Wrap
        text: view.trouble
    }
}
