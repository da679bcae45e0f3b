pragma Singleton

import QtQuick

/// The looks: colours, sizes and type, each named by its use.
QtObject {
    readonly property color background: "#16181c"
    readonly property color panel: "#1e2126"
    readonly property color raised: "#272b32"
    readonly property color hovered: "#2d323a"
    readonly property color selected: "#22405f"
    readonly property color line: "#343a44"
    readonly property color text: "#e8eaed"
    readonly property color muted: "#a3abb7"
    readonly property color accent: "#5aa9ff"
    readonly property color outline: "#1683ff"
    readonly property color accentText: "#08131f"
    readonly property color danger: "#ff7a70"
    readonly property color good: "#6fcf8b"
    readonly property color shade: "#80000000"

    readonly property int gap: 8
    readonly property int radius: 6
    readonly property int row: 30
    readonly property int small: 12
    readonly property int body: 13
    readonly property int large: 22

    readonly property string family: inter.status === FontLoader.Ready ? inter.font.family : "sans-serif"
    readonly property string mono: "monospace"

    property FontLoader inter: FontLoader {
        source: "qrc:/assets/fonts/Inter-Regular.otf"
    }
    property FontLoader interBold: FontLoader {
        source: "qrc:/assets/fonts/Inter-Bold.otf"
    }
}
