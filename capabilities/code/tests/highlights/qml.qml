import QtQuick 2.15
Rectangle {
    id: root
    property int count: 0
    signal pressed(string name)
    // A handler.
    onClicked: { root.count += 1; console.log("x") }
    Text { text: qsTr("a") ; anchors.fill: parent }
    function add(by) { return count + by }
}
