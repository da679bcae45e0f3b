//! What people do, as messages.

use base::DocumentId;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Something that people did, or that happened to the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Input {
    /// The pointer moved over a document, or a button of it was pressed or released.
    Pointer(PointerInput),
    /// What the pointer and keys do is not heard of any more: another window came to the front, or a grab was broken.
    PointerLost,
    /// A key was pressed or released that no command is bound to.
    Key {
        /// Its name in lower case: `escape`, `space`, `enter`.
        key: String,
        /// Whether it was pressed.
        down: bool,
        /// The document in front.
        document: Option<DocumentId>,
    },
    /// Modifier keys were pressed or released.
    Modifiers(Modifiers),
    /// Anything else, by the name of its event: `palette.opened`.
    Event {
        /// The name.
        event: String,
        /// What it carries.
        data: Json,
    },
}

/// The modifier keys that are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Modifiers {
    /// Shift.
    pub shift: bool,
    /// Ctrl.
    pub ctrl: bool,
    /// Alt.
    pub alt: bool,
    /// Meta, also called Super or Command.
    pub meta: bool,
}

/// What happened to the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PointerPhase {
    /// A button was pressed.
    Down,
    /// It moved, with a button held or not.
    Move,
    /// A button was released.
    Up,
}

/// A button of the pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Button {
    /// None: the pointer moved.
    #[default]
    None,
    /// The left one.
    Left,
    /// The middle one.
    Middle,
    /// The right one.
    Right,
}

/// The pointer over a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointerInput {
    /// What happened.
    pub phase: PointerPhase,
    /// The document.
    pub document: DocumentId,
    /// Where, in the document's units.
    pub point: [f64; 2],
    /// Where, in units of the view from its upper left corner.
    pub view: [f64; 2],
    /// How far from something still counts as on it, in the document's units, from 0.
    pub tolerance: f64,
    /// The button that was pressed or released.
    #[serde(default)]
    pub button: Button,
    /// How many times it was pressed in quick succession at one place.
    #[serde(default)]
    pub clicks: u32,
    /// The modifier keys that are held.
    #[serde(default)]
    pub modifiers: Modifiers,
}
