//! Key bindings: from strokes to commands, by what the manifests say.

use std::{collections::BTreeMap, str::FromStr};

use kernel::{Modifiers, when::When};
use serde_json::{Map, Value as Json};

use crate::state::{CommandEntry, KeyEntry};

/// A key with the modifiers that are held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stroke {
    ctrl: bool,
    shift: bool,
    alt: bool,
    meta: bool,
    /// The name of the key in upper case: `Z`, `F1`, `DELETE`, `=`.
    key: String,
}

const SHIFT: i32 = 0x0200_0000;
const CTRL: i32 = 0x0400_0000;
const ALT: i32 = 0x0800_0000;
const META: i32 = 0x1000_0000;

/// Names of `Qt::Key` values that are no characters.
const NAMED: [(i32, &str); 17] = [
    (0x20, "SPACE"),
    (0x0100_0000, "ESCAPE"),
    (0x0100_0001, "TAB"),
    // Qt calls Shift+Tab a key of its own.
    (0x0100_0002, "TAB"),
    (0x0100_0003, "BACKSPACE"),
    (0x0100_0004, "ENTER"),
    (0x0100_0005, "ENTER"),
    (0x0100_0006, "INSERT"),
    (0x0100_0007, "DELETE"),
    (0x0100_0010, "HOME"),
    (0x0100_0011, "END"),
    (0x0100_0012, "LEFT"),
    (0x0100_0013, "UP"),
    (0x0100_0014, "RIGHT"),
    (0x0100_0015, "DOWN"),
    (0x0100_0016, "PAGEUP"),
    (0x0100_0017, "PAGEDOWN"),
];
const F1: i32 = 0x0100_0030;

impl Stroke {
    /// A stroke from the numbers of a `QKeyEvent`; none for a modifier by itself and for keys without a name.
    pub fn from_qt(key: i32, modifiers: i32) -> Option<Self> {
        let named = NAMED.iter().find(|(code, _)| *code == key).map(|(_, name)| (*name).to_owned());
        let name = named.or_else(|| match key {
            F1..0x0100_0048 => Some(format!("F{}", key - F1 + 1)),
            0x21..0x7f => char::from_u32(key as u32).map(|key| key.to_string()),
            _ => None,
        })?;
        // The character tells whether Shift was held, except for letters and keys without characters.
        let symbol = name.len() == 1 && !name.starts_with(|key: char| key.is_ascii_alphanumeric());
        Some(Stroke {
            ctrl: modifiers & CTRL != 0,
            shift: modifiers & SHIFT != 0 && !symbol,
            alt: modifiers & ALT != 0,
            meta: modifiers & META != 0,
            key: name,
        })
    }
}

/// `Qt::Key` values of the keys that only modify others, with the flag of each.
const MODIFIERS: [(i32, i32); 4] =
    [(0x0100_0020, SHIFT), (0x0100_0021, CTRL), (0x0100_0022, META), (0x0100_0023, ALT)];

/// The modifier keys that are held after a key was pressed or released, where that is one of them.
pub fn modified(key: i32, modifiers: i32, down: bool) -> Option<Modifiers> {
    let (_, flag) = MODIFIERS.iter().find(|(code, _)| *code == key)?;
    Some(held(if down { modifiers | flag } else { modifiers & !flag }))
}

/// The modifier keys of Qt's flags.
pub fn held(modifiers: i32) -> Modifiers {
    Modifiers {
        shift: modifiers & SHIFT != 0,
        ctrl: modifiers & CTRL != 0,
        alt: modifiers & ALT != 0,
        meta: modifiers & META != 0,
    }
}

impl Stroke {
    /// The name of the key for machines, in lower case; none while Ctrl, Alt or Meta is held.
    pub fn plain(&self) -> Option<String> {
        (!self.ctrl && !self.alt && !self.meta).then(|| self.key.to_ascii_lowercase())
    }
}

impl FromStr for Stroke {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut stroke = Stroke { ctrl: false, shift: false, alt: false, meta: false, key: String::new() };
        let mut rest = text;
        while let Some((modifier, after)) = rest.split_once('+').filter(|(_, after)| !after.is_empty()) {
            match modifier.to_ascii_lowercase().as_str() {
                "ctrl" => stroke.ctrl = true,
                "shift" => stroke.shift = true,
                "alt" => stroke.alt = true,
                "meta" => stroke.meta = true,
                _ => return Err(()),
            }
            rest = after;
        }
        if rest.is_empty() {
            return Err(());
        }
        stroke.key = rest.to_ascii_uppercase();
        Ok(stroke)
    }
}

struct Binding {
    strokes: Vec<Stroke>,
    when: Option<When>,
    command: String,
    arguments: Map<String, Json>,
}

/// What a stroke led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// Nothing is bound to it.
    Nothing,
    /// It begins the keys of some command.
    Begins,
    /// It calls this command with these arguments.
    Calls(String, Map<String, Json>),
}

/// All bindings, and the strokes so far of keys that are pressed one after the other.
#[derive(Default)]
pub struct Keymap {
    bindings: Vec<Binding>,
    begun: Vec<Stroke>,
}

impl Keymap {
    /// The bindings of commands; of two with the same keys the later one counts.
    pub fn new(commands: &[CommandEntry]) -> Self {
        let bindings = commands.iter().flat_map(|command| {
            command.keys.iter().filter_map(|KeyEntry { keys, when, arguments }| {
                let strokes: Result<Vec<Stroke>, ()> = keys.split(' ').map(str::parse).collect();
                let when = if when.is_empty() { None } else { Some(When::parse(when).ok()?) };
                Some(Binding {
                    strokes: strokes.ok()?,
                    when,
                    command: command.id.clone(),
                    arguments: arguments.clone(),
                })
            })
        });
        Keymap { bindings: bindings.collect(), begun: Vec::new() }
    }

    /// Takes in a stroke.
    pub fn press(&mut self, stroke: Stroke, keys: &BTreeMap<String, Json>) -> Pressed {
        self.begun.push(stroke);
        let bound = |binding: &&Binding| {
            binding.strokes.starts_with(&self.begun)
                && binding.when.as_ref().is_none_or(|when| when.eval(&|key: &str| keys.get(key)))
        };
        let mut fitting = self.bindings.iter().rev().filter(bound).peekable();
        let pressed = match fitting.find(|binding| binding.strokes.len() == self.begun.len()) {
            Some(binding) => Pressed::Calls(binding.command.clone(), binding.arguments.clone()),
            None if self.bindings.iter().any(|binding| bound(&binding)) => return Pressed::Begins,
            None => Pressed::Nothing,
        };
        self.begun.clear();
        pressed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn command(id: &str, keys: &[(&str, &str)]) -> CommandEntry {
        CommandEntry {
            id: id.to_owned(),
            title: String::new(),
            description: String::new(),
            capability: String::new(),
            keys: keys
                .iter()
                .map(|(keys, when)| KeyEntry {
                    keys: (*keys).to_owned(),
                    when: (*when).to_owned(),
                    ..KeyEntry::default()
                })
                .collect(),
            when: String::new(),
            schema: Json::Null.into(),
        }
    }

    #[test]
    fn strokes_call_what_is_bound_to_them() {
        let mut keymap = Keymap::new(&[
            command("undo", &[("Ctrl+Z", "")]),
            command("redo", &[("Ctrl+Shift+Z", "")]),
            command("zoom", &[("Ctrl++", ""), ("Ctrl+=", "")]),
            command("delete", &[("Delete", "panelFocus == 'canvas'")]),
            command("theme", &[("Ctrl+K Ctrl+T", "")]),
        ]);
        let keys: BTreeMap<String, Json> = [("panelFocus".to_owned(), json!("canvas"))].into();
        let cases = [
            (0x5a, CTRL, &keys, "undo"),
            (0x5a, CTRL | SHIFT, &keys, "redo"),
            (0x2b, CTRL | SHIFT, &keys, "zoom"),
            (0x3d, CTRL, &keys, "zoom"),
            (0x0100_0007, 0, &keys, "delete"),
            (0x0100_0007, 0, &BTreeMap::new(), ""),
            (0x5a, 0, &keys, ""),
            (0x4b, CTRL, &keys, "…"),
            (0x54, CTRL, &keys, "theme"),
            (0x54, CTRL, &keys, ""),
        ];
        for (key, modifiers, keys, expected) in cases {
            let pressed = keymap.press(Stroke::from_qt(key, modifiers).unwrap(), keys);
            let expected = match expected {
                "" => Pressed::Nothing,
                "…" => Pressed::Begins,
                command => Pressed::Calls(command.to_owned(), Map::new()),
            };
            assert_eq!(pressed, expected, "{key:#x} with {modifiers:#x}");
        }
    }
}
