//! What is written on arrows and in states.

use crate::{
    chart::{Action, State, Transition},
    guard::Guard,
};

use super::measure::{shortened, wrapped};

/// The most characters in a line of a label.
const LABEL: usize = 26;
/// The most characters in a line within a state.
const DETAIL: usize = 38;

/// The label of a transition: its events, and its condition in brackets.
pub(super) fn label(transition: &Transition) -> Vec<String> {
    wrapped(&shortened(&caption(transition), 4 * LABEL), LABEL)
}

fn caption(transition: &Transition) -> String {
    let event = |event: &String| if event.is_empty() { "*".to_owned() } else { event.clone() };
    let mut words = transition.events.iter().map(event).collect::<Vec<_>>().join(", ");
    if !matches!(transition.guard, None | Some(Guard::Constant(true))) {
        let space = if words.is_empty() { "" } else { " " };
        words = format!("{words}{space}[{}]", transition.when);
    }
    words
}

/// The lines in a state: what is done on entry and on exit, and what it answers to without being left.
pub(super) fn details<'a>(state: &State, transitions: impl Iterator<Item = &'a Transition>) -> Vec<String> {
    let mut lines = Vec::new();
    for (when, actions) in [("entry", &state.on_entry), ("exit", &state.on_exit)] {
        if let Some(done) = deeds(actions) {
            lines.push(shortened(&format!("{when} / {done}"), DETAIL));
        }
    }
    for transition in transitions.filter(|transition| transition.targets.is_empty()) {
        let done = deeds(&transition.actions).map(|done| format!(" / {done}")).unwrap_or_default();
        lines.push(shortened(&format!("{}{done}", caption(transition)), DETAIL));
    }
    lines
}

/// Actions in a few words; messages to the log are left out.
fn deeds(actions: &[Action]) -> Option<String> {
    let deed = |action: &Action| match action {
        Action::Raise(event) => Some(format!("raise {event}")),
        Action::Send { event, delay: 0, .. } => Some(format!("send {event}")),
        Action::Send { event, delay, .. } if delay % 1_000 == 0 => {
            Some(format!("{event} after {} s", delay / 1_000))
        }
        Action::Send { event, delay, .. } => Some(format!("{event} after {delay} ms")),
        Action::Cancel(id) => Some(format!("cancel {id}")),
        Action::Emit { command, .. } => Some(command.clone()),
        Action::If(_) => Some("if …".to_owned()),
        Action::Log(_) | Action::Assign(_) | Action::Append(_) => None,
    };
    let words: Vec<String> = actions.iter().filter_map(deed).collect();
    (!words.is_empty()).then(|| words.join("; "))
}
